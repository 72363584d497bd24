"""The demo off a terminal: the whole path on the sample, through the same code as real data."""

from __future__ import annotations

import gc
import json
import re
import sys

import pytest

from engine.paths import Folders
from engine.recommend import backtest
from engine.training import weigh
from sample_data import demo
from tests.support.commands import in_one_session
from tuiapp.app.app import DiscoverApp
from tuiapp.cli.group import cli
from tuiapp.cli.main import run

# The sample is trained on once, not once a worker.
pytestmark = pytest.mark.xdist_group("demo")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """The sample imported and trained on once, with the search cut short: it has tests of its own."""
    data = tmp_path_factory.mktemp("demo")
    patch = pytest.MonkeyPatch()
    patch.setattr(demo, "TUNE_SECONDS", 0.0)
    patch.setattr(weigh, "ENOUGH", 200)
    patch.setattr(weigh, "RIDGES", (100.0,))
    patch.setattr(weigh, "RESAMPLES", 1)
    patch.setattr(backtest, "HALF_LIVES", (90.0,))
    patch.setattr(backtest, "MAX_CUTS", 4)
    patch.setattr("engine.index.build._RELATED_QUERIES", 40)
    patch.setattr("engine.training.train.QUERIES", 40)
    patch.setenv("DISCOVER_DATA_DIR", str(data))
    assert run(["demo", "--quiet"]) == 0
    yield data
    patch.undo()


def said(capsys, *arguments: str) -> dict:
    capsys.readouterr()
    assert run([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_it_lists_new_artists_with_reasons_and_a_second_start_prepares_nothing(place, capsys) -> None:
    capsys.readouterr()
    assert run(["demo"]) == 0
    out, err = capsys.readouterr()
    assert len(err.splitlines()) == 1, "nothing is prepared again"
    assert "of your plays" in err
    lines = out.splitlines()
    assert len(lines) == 21
    assert all("more like them" in line for line in lines[1:])
    items = said(capsys, "demo")["items"]
    assert all(not item["known"] and item["plays"] == 0 for item in items)
    assert all(abs(sum(reason["share"] for reason in item["why"]) - 1.0) <= 1e-6 for item in items)


def test_on_a_terminal_the_app_knows_the_demo_and_the_way_back(place, monkeypatch) -> None:
    opened: list[DiscoverApp] = []
    monkeypatch.setattr(DiscoverApp, "run", lambda app: opened.append(app))
    for stream in (sys.stdin, sys.stdout):
        monkeypatch.setattr(stream, "isatty", lambda: True)
    switching = sys.getswitchinterval()
    try:
        assert run(["demo"]) == 0
    finally:
        gc.enable()
        sys.setswitchinterval(switching)
    (app,) = opened
    assert app.folders.root == place / "demo"
    assert app.jobs.own == Folders(place)


def test_importing_the_sample_again_changes_nothing_and_accounts_for_every_record(place, capsys) -> None:
    import sample_data

    before = said(capsys, "doctor", "--data-dir", str(place / "demo"))["library"]
    files = [str(path) for path in sample_data.listener_exports()]
    report = said(capsys, "import", *files, "--data-dir", str(place / "demo"))
    totals = report["totals"]
    assert totals["kept"] == 0
    assert totals["read"] == totals["duplicates"] + sum(totals["dropped"].values())
    assert said(capsys, "doctor", "--data-dir", str(place / "demo"))["library"] == before


def test_a_fresh_import_keeps_private_plays_out_and_finds_plays_reported_twice(tmp_path, capsys) -> None:
    import sample_data

    files = [str(path) for path in sample_data.listener_exports()]
    totals = said(capsys, "import", *files, "--dry-run", "--data-dir", str(tmp_path / "none"))["totals"]
    assert totals["read"] == totals["kept"] + totals["duplicates"] + sum(totals["dropped"].values())
    assert 24_000 < totals["kept"] < 27_000
    assert 120 < totals["dropped"]["private session"] < 170
    assert totals["duplicates"] > 5_000
    assert not (tmp_path / "none").exists()


def test_a_running_playlist_keeps_the_tempo(place, capsys) -> None:
    made = said(capsys, "playlist", "running", "--bpm", "170", "--data-dir", str(place / "demo"))
    assert len(made["tracks"]) > 8
    for track in made["tracks"]:
        assert min(abs(track["bpm"] * m / 170 - 1) for m in (0.5, 1, 2)) <= 0.061
    assert made["coverage"] > 0.9


# Commands that tell nothing of music to a person who blocked it: settings, files, and what was said of it.
SILENT = {"audit", "backup", "block", "community", "config", "demo", "doctor", "features", "feedback", "forget", "hide",
          "import", "library", "like", "listen", "model", "open", "played", "stars", "train", "unblock"}  # fmt: skip


def test_a_blocked_artist_is_named_by_no_command_and_an_excluded_one_by_the_history_alone(
    place, capsys, tmp_path
) -> None:
    """Every command that tells of music, also of tracks, of other times and as files."""
    data = ("--data-dir", str(place / "demo"))

    def names(*asked: str) -> list[str]:
        return [item["artist"] for item in said(capsys, "recommend", *asked, *data)["items"]]

    played, excluded, other = names("--new", "0", "-n", "3")
    new, of_a_track = names("-n", "1")[0], names("--level", "tracks", "-n", "1")[0]
    near = said(capsys, "related", new, "-n", "1", *data)["items"][0]["artist"]
    said(capsys, "playlist", "running", "--save", "Before", *data)
    blocked = {played, new, near, of_a_track}
    commands = {
        ("recommend", "-n", "300", "--new", dial, "--level", level, "--per-artist", "0")
        for dial in ("0", "0.5", "1")
        for level in ("artists", "tracks")
    } | {
        ("recommend", "-n", "100", "--context", "evening"),
        ("recommend", "-n", "100", "--as-of", "2025-06"),
        ("related", other, "-n", "100"),
        ("artist", other),
        ("browse",),
        ("browse", "all artists", "-n", "5000"),
        ("search", other),
        ("search", played),
        ("search", excluded),
        ("playlist", "running"),
        ("mix", other, "--minutes", "600"),
        ("playlists", "show", "Before"),
        ("playlists", "continue", "Before", "-n", "20"),
        ("stats",),
        ("stats", "--year", "2025"),
        ("taste", "map"),
        ("taste", "drift"),
        ("taste", "--level", "tracks"),
        ("evaluate",),
        ("evaluate", "--level", "tracks"),
        ("compare",),
        ("contexts",),
    }
    lists = ("--list discover", f"--list related:{other}", "--list discover --level tracks", "Before")
    told_of = {command[0] for command in commands} | {"export", "push"}  # the latter in cli/test_push.py
    assert told_of | SILENT == set(cli.commands), "a new command is walked too, or said to be silent"
    history = {"stats", "search"}
    try:
        for name in blocked:
            said(capsys, "block", name, *data)
        rule = said(capsys, "taste", "exclude", "--artist", excluded, *data)["exclusion"]["id"]
        with in_one_session(place / "demo"):
            for arguments in sorted(commands):
                output = said(capsys, *arguments, *data)
                assert run([*arguments, *data]) == 0
                in_words = capsys.readouterr().out
                if output.pop("rules", None):  # named to be taken back
                    in_words = in_words.partition("excluded")[0]
                for name in (*blocked, excluded):
                    if name != excluded or arguments[0] not in history:
                        assert json.dumps(name) not in json.dumps(output), (arguments, name)
                        assert not re.search(rf"(^|  |, |: ){re.escape(name)}($|  |,| [0-9])", in_words), (
                            arguments,
                            name,
                        )
            for number, asked in enumerate(lists):
                file = tmp_path / f"{number}.csv"
                words = asked.split(" ", 1) if asked.startswith("--list related") else asked.split()
                said(capsys, "export", *words, "--out", str(file), "-n", "200", *data)
                for name in blocked | ({excluded} if asked.startswith("--list") else set()):
                    assert name not in file.read_text(), (asked, name)
    finally:
        for name in blocked:
            run(["unblock", name, *data])
        run(["taste", "include", str(rule), *data])
        run(["playlists", "remove", "Before", *data])


def test_evaluate_measures_the_listeners_own_past_and_says_who_wins(place, capsys) -> None:
    data = ["--data-dir", str(place / "demo")]
    with in_one_session(place / "demo"):
        found = said(capsys, "evaluate", *data)
        assert run(["evaluate", *data]) == 0
        said_plainly = capsys.readouterr().out
    assert {"Discover", "popularity", "item neighbours", "item cosine (log plays)"} < {
        method["name"] for method in found["methods"]
    }
    measures = ("recall@20", "ndcg@20", "ndcg@50")
    assert all(0 <= method[name] <= 1 for method in found["methods"] for name in measures)
    new = sum(cut["new"] for cut in found["split"])
    assert all(method["hits@20"] <= method["hits@50"] <= new for method in found["methods"])
    assert all(cut["known"] and cut["new"] for cut in found["split"])
    # What training measured and kept is what evaluating measures again, and what Discover uses.
    kept = json.loads((place / "demo" / "hindsight.json").read_bytes())
    assert kept["half_life"] == found["half_life"]
    asked = said(capsys, "recommend", "--half-life", str(found["half_life"] or 0), *data)
    assert said(capsys, "recommend", *data) == asked
    assert said(capsys, "recommend", "--half-life", "30", *data) != asked
    used = next(method for method in found["methods"] if method["name"] == found["used"])
    assert f"{used['hits@20']} among its first 20 and {used['hits@50']} among its first 50" in said_plainly


def test_evaluate_measures_tracks_and_leaves_what_artists_taught(place, capsys) -> None:
    data = ["--data-dir", str(place / "demo")]
    file = place / "demo" / "hindsight.json"
    before = file.read_bytes()
    with in_one_session(place / "demo"):
        found = said(capsys, "evaluate", "--level", "tracks", *data)
        assert run(["evaluate", "--level", "tracks", *data]) == 0
        said_plainly = capsys.readouterr().out
    assert file.read_bytes() == before
    artists = said(capsys, "evaluate", *data)
    assert sum(cut["new"] for cut in found["split"]) > sum(cut["new"] for cut in artists["split"])
    assert found["half_life"] == artists["half_life"] == json.loads(before)["half_life"]
    assert file.read_bytes() == before
    assert "tracks you first played" in " ".join(said_plainly.split())


def test_evaluate_in_a_private_session_keeps_nothing(place, capsys) -> None:
    file = place / "demo" / "hindsight.json"
    before = file.read_bytes(), file.stat().st_mtime_ns
    assert run(["--private", "evaluate", "--data-dir", str(place / "demo")]) == 0
    assert (file.read_bytes(), file.stat().st_mtime_ns) == before
