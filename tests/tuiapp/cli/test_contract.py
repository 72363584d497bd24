"""The command line as a contract: keys, exit codes, what goes to which stream."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from engine.paths import Folders
from engine.privacy import Door
from engine.store.database import open_library
from tests.support.commands import document
from tests.support.folders import fingerprint
from tests.support.listens import play
from tests.support.models import ARTISTS, write_model
from tests.support.tempos import write_tempos
from tuiapp.cli.main import run

DAY = 86_400


def test_recommend_has_the_contracts_keys_and_shares_that_sum_to_one(place, capsys) -> None:
    items = document(capsys, "recommend", "-n", "7")["items"]
    assert [item["rank"] for item in items] == list(range(1, 8))
    for item in items:
        assert set(item) >= {"rank", "artist", "score", "listeners", "plays", "known", "why"}
        assert abs(sum(reason["share"] for reason in item["why"]) - 1.0) <= 1e-6
        assert item["why"][-1]["artist"] == "others"
        assert abs(sum(taste["share"] for taste in item["tastes"]) - 1.0) <= 1e-6
        assert item["tastes"][-1]["name"] == "others"


def test_without_a_command_and_a_terminal_the_list_is_printed(place, capsys) -> None:
    assert run([]) == 0
    out = capsys.readouterr().out
    assert "because of" in out.splitlines()[0]
    assert len(out.splitlines()) == 21


def test_options_may_be_before_or_after_the_command(place, capsys) -> None:
    assert run(["--json", "--data-dir", str(place), "recommend"]) == 0
    before = capsys.readouterr().out
    assert run(["recommend", "--data-dir", str(place), "--json"]) == 0
    assert capsys.readouterr().out == before


def test_a_data_folder_on_the_line_is_taken_before_the_environments_wherever_it_is(
    place, tmp_path, capsys
) -> None:
    other = tmp_path / "other"
    for line in (
        ["--data-dir", str(other), "config"],
        ["config", "--data-dir", str(other)],
        ["--data-dir", str(other), "config", "path"],
        ["--data-dir", str(place), "config", "path", "--data-dir", str(other)],
    ):
        assert run(line) == 0
        printed = capsys.readouterr().out
        assert str(other) in printed, line
        assert str(place) not in printed, line


def test_forgetting_all_of_a_folder_on_the_line_leaves_the_environments_alone(
    place, tmp_path, capsys
) -> None:
    other = write_model(tmp_path / "other")
    before = fingerprint(place)
    assert run(["--data-dir", str(other.root), "forget", "--all", "--yes"]) == 0
    assert fingerprint(place) == before


def test_new_is_the_share_of_new_artists_also_by_its_old_name(place, capsys) -> None:
    for option in ("--new", "--familiarity"):
        assert not any(item["known"] for item in document(capsys, "recommend", option, "1")["items"])
        assert all(item["known"] for item in document(capsys, "recommend", option, "0")["items"])
    assert run(["recommend", "--help"]) == 0
    said = capsys.readouterr().out
    assert "--new" in said
    assert "familiar" not in said


def test_related_and_search_have_the_contracts_keys(place, capsys) -> None:
    found = document(capsys, "related", ARTISTS[30].lower(), "-n", "5")
    assert found["artist"] == ARTISTS[30]
    assert set(found["items"][0]) == {"rank", "artist", "similarity", "listeners", "in_common", "plays"}
    assert found["items"][0]["in_common"] is None, "a model that keeps no listens knows of nobody"
    hits = document(capsys, "search", ARTISTS[30][:-1], "-n", "40")["items"]
    assert ARTISTS[30] in {hit["artist"] for hit in hits}
    assert set(hits[0]) >= {"kind", "artist", "plays", "listeners"}


def test_an_artists_card_is_data_too(place, capsys) -> None:
    new, own = document(capsys, "artist", ARTISTS[30].lower()), document(capsys, "artist", ARTISTS[0])
    assert (new["artist"], new["played"]["plays"], new["of_taste"]) == (ARTISTS[30], 0, 0)
    assert new["why"][0].keys() == {"artist", "track", "share"}
    assert own["played"]["plays"] > 0
    assert 0 < own["of_taste"] < 1
    assert run(["artist", ARTISTS[0]]) == 0
    assert f"counts most towards {own['speaks_for'][0]['artist']}" in capsys.readouterr().out


def test_a_block_holds_in_every_list_until_it_is_taken_back(place, capsys) -> None:
    top = document(capsys, "recommend")["items"][0]["artist"]
    assert document(capsys, "block", top)["feedback"][0] | {"at": 0} == {
        "artist": top,
        "verdict": "block",
        "at": 0,
    }
    assert top not in {item["artist"] for item in document(capsys, "recommend", "-n", "60")["items"]}
    assert top not in {
        item["artist"] for item in document(capsys, "related", ARTISTS[0], "-n", "59")["items"]
    }
    assert document(capsys, "unblock", top) == {"feedback": []}
    assert document(capsys, "recommend")["items"][0]["artist"] == top


def test_what_if_never_played_changes_the_reasons(place, capsys) -> None:
    items = document(capsys, "recommend", "--without", ARTISTS[0])["items"]
    assert ARTISTS[0] not in {reason["artist"] for item in items for reason in item["why"]}


def test_as_of_a_date_knows_nothing_later(place, capsys) -> None:
    items = document(capsys, "recommend", "--as-of", "1970-01-05", "--new", "0")["items"]
    assert {item["artist"] for item in items} == {ARTISTS[0], ARTISTS[1], ARTISTS[3]}


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["recommend"], 3, "Import your history"),
        (["related", "Nobody"], 1, "No artist “Nobody” here"),
        (["search"], 2, "Missing argument"),
        (["recommend", "-n", "0"], 2, "-n"),
        (["recommend", "--since", "June"], 2, "Write 2019"),
        (["train"], 3, "discover community add"),
        (["community", "remove", "x"], 1, "No pack is called x"),
        (["community", "add", "nowhere"], 1, "does not exist"),
        (["import", "nowhere.zip"], 1, "nowhere.zip"),
        (["export", "--out", "x.csv"], 2, "--list"),
        (["playlist", "skiing"], 2, "running"),
        (["wrong"], 2, "wrong"),
        (["--private", "community", "add", "nowhere"], 1, "private session"),
    ],
)
def test_failures_are_one_line_with_a_fixed_code(empty, capsys, arguments, code, words) -> None:
    assert run(arguments) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert words in err
    assert not re.search("Traceback|Unexpected", err)
    if code not in (2,):
        assert re.fullmatch(r"error: .+\n", err)


def test_private_commands_change_nothing_on_disk(place, capsys) -> None:
    before = fingerprint(place)
    for arguments in (
        ["recommend"],
        ["related", ARTISTS[0]],
        ["search", "Artist"],
        ["like", ARTISTS[5]],
        ["block", ARTISTS[7]],
        ["feedback"],
        ["playlists"],
        ["doctor"],
        ["community", "list"],
        ["taste"],
        ["taste", "exclude", "--artist", ARTISTS[0]],
        ["recommend", "--half-life", "30", "--known-days", "9"],
    ):
        assert run(["--private", *arguments]) == 0, arguments
        assert fingerprint(place) == before, arguments
    assert run(["--private", "train"]) == 1
    assert "private session" in capsys.readouterr().err
    assert fingerprint(place) == before


def test_reading_commands_make_no_folder_where_there_is_none(empty, capsys) -> None:
    assert run(["--private", "doctor"]) == 0
    assert run(["community", "list"]) == 0
    assert not empty.exists()


def test_control_characters_in_a_name_never_reach_the_terminal(place, capsys) -> None:
    connection = open_library(Door(write_model(place)))
    play(connection, "Evil\x1b]0;owned\x07 \x9b31mName", "A\x1bSong", 5)
    connection.close()
    assert run(["search", "evil"]) == 0
    out = capsys.readouterr().out
    assert "Evil" in out
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", out)


def test_export_writes_the_file_it_names(place, capsys, tmp_path) -> None:
    target = tmp_path / "list.csv"
    first = document(capsys, "recommend", "-n", "1")["items"][0]["artist"]
    tracks = tmp_path / "tempo.csv"
    tracks.write_text(f"artist,track,bpm\n{first},Signal,120\n")
    document(capsys, "community", "add", str(tracks))
    report = document(capsys, "export", "--list", "discover", "--out", str(target), "-n", "5")
    assert report["file"] == str(target)
    assert report["format"] == "csv"
    assert f"Signal,{first}," in target.read_text()
    assert "\n," not in target.read_text(), "no artist is listed without a title"


def test_doctor_says_what_to_do_next(empty, capsys) -> None:
    report = document(capsys, "doctor")
    assert any("discover import" in line for line in report["next"])
    assert any("discover train" in line for line in report["next"])
    assert report["library"]["integrity"] == "ok"
    assert run(["doctor"]) == 0
    assert capsys.readouterr().out.startswith("next:\n  - ")


def test_doctor_finds_a_damaged_model(place, capsys) -> None:
    file = place / "models" / "made-by-hand" / "item_factors.npy"
    file.write_bytes(file.read_bytes()[:-8] + b"\x00" * 8)
    assert any("item_factors.npy" in line for line in document(capsys, "doctor")["next"])


@pytest.mark.parametrize("level", ["artists", "tracks"])
def test_doctor_says_how_a_model_is_mended_that_is_damaged_or_missing(place, capsys, level) -> None:
    write_model(place, level="tracks")
    again = "discover train" if level == "artists" else "discover train --level tracks"
    folder = place / "models" / ("made-by-hand" if level == "artists" else "made-by-hand-tracks")
    (folder / "gram.npy").write_bytes(b"")
    built = "gram.npy is damaged. Have it built again from the model: discover doctor --repair."
    assert built in document(capsys, "doctor")["next"]
    (folder / "listeners.npy").write_bytes(b"")
    assert f"listeners.npy is damaged. Train again: {again}." in document(capsys, "doctor")["next"]
    (folder / "manifest.json").write_bytes(b"{")
    report = document(capsys, "doctor")
    assert report["library"]["integrity"] == "ok"
    assert any(folder.name in line and again in line for line in report["next"])


def test_doctor_says_how_to_come_by_a_model_of_the_tracks_that_were_added(place, capsys, tmp_path) -> None:
    train = "Train a model of tracks: discover train --level tracks."
    assert train not in document(capsys, "doctor")["next"]
    (tmp_path / "lists.csv").write_text("playlist,artist,track\none,Burel,Tin Roof\ntwo,Burel,Tin Roof\n")
    assert run(["community", "add", str(tmp_path / "lists.csv")]) == 0
    capsys.readouterr()
    assert train in document(capsys, "doctor")["next"]


def test_training_on_ones_own_sessions_says_how_well_it_guesses(empty, capsys) -> None:
    connection = open_library(Door(Folders(empty)))
    for number in range(120):
        for artist in (ARTISTS[(number + i * i) % 14] for i in range(4)):
            play(connection, artist, f"Song {number % 3}", number * 40_000 + 300)
    connection.close()
    for level in ("artists", "tracks"):
        assert run(["train", "--level", level, "--no-tune", "--factors", "4"]) == 0
        output = capsys.readouterr().out
        assert f" {level}, in " in output
        assert re.search(
            r"Of that: reading [\d.]+ s, measuring .* training [\d.]+ s, neighbours [\d.]+ s, index [\d.]+ s\.",
            output,
        )
        # Nobody here ever leaves an artist for thirty days.
        ranked = "neighbours +0.20, sessions +0.40, recency +0.40"
        assert f"Ranked by: {ranked}; no session yet went back to what had rested." in output
    trained = document(capsys, "train", "--no-tune", "--factors", "4")
    assert sum(trained["parts"].values()) == pytest.approx(trained["seconds"], rel=0.05, abs=0.05)
    report = document(capsys, "doctor")["model"]
    assert (report["artists"], report["tracks"]) == (14, 42)


def test_a_reader_that_has_enough_is_not_a_failure(place) -> None:
    """As `discover … | head -1` does, with more to say than a pipe holds."""
    program = "import sys; from tuiapp.cli.main import run; sys.exit(run(sys.argv[1:]))"
    child = subprocess.Popen(
        [sys.executable, "-c", program, "recommend", "-n", "60", "--new", "0.5", "--json", "--quiet"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    assert child.stdout is not None
    assert child.stderr is not None
    child.stdout.close()
    assert child.stderr.read() == b""
    child.stderr.close()
    assert child.wait() == 0


def test_what_is_forgotten_explains_nothing_and_scores_are_as_if_never_played(
    place, capsys, tmp_path, monkeypatch
) -> None:
    """Every score and share, to the bit, beside a library in which the artist never was."""
    assert any(
        why["artist"] == ARTISTS[0] for item in document(capsys, "recommend")["items"] for why in item["why"]
    )
    assert run(["forget", "--artist", ARTISTS[0]]) == 2
    assert "add --yes" in capsys.readouterr().err
    done = document(capsys, "forget", "--artist", ARTISTS[0], "--yes")
    assert done["deleted"]["listens"] == 2
    assert done["proof"] == {
        "holds": True,
        "searched": done["proof"]["searched"],
        "found_in": [],
        "taste_is_as_if_never": True,
        "places": [],
        "bytes_gone": True,
        "public": ["models/made-by-hand"],
    }
    after = document(capsys, "recommend", "-n", "60")
    shares = [why for item in after["items"] for why in item["why"] if why["artist"] == ARTISTS[0]]
    assert shares == []
    never = write_model(tmp_path / "never")
    connection = open_library(Door(never))
    for number in (3, 6, 9, 1):
        play(connection, ARTISTS[number], "A Song", number * DAY, number * DAY + 600)
    connection.close()
    monkeypatch.setenv("DISCOVER_DATA_DIR", str(never.root))
    assert document(capsys, "recommend", "-n", "60")["items"] == after["items"]


def test_playlists_are_put_together_by_commands(place, tmp_path, capsys) -> None:
    def titles(found: dict) -> list[str]:
        (one,) = found["playlists"]
        assert one["name"] == "Mix"
        return [track["artist"] for track in one["tracks"]]

    rows = [f"{artist},Hit {number},120,200" for number, artist in enumerate(ARTISTS)]
    assert run(["features", "add", str(write_tempos(tmp_path, rows))]) == 0
    capsys.readouterr()
    assert document(capsys, "playlists", "create", "Mix")["playlists"] == [{"name": "Mix", "tracks": []}]
    a, b = ARTISTS[0], ARTISTS[30]
    added = document(capsys, "playlists", "add", "Mix", a.upper(), "--track", "a song")
    assert added["added"] == [{"artist": a, "track": "A Song", "known": True}]
    assert titles(document(capsys, "playlists", "add", "Mix", b)) == [a, b]
    already = document(capsys, "playlists", "add", "Mix", b)
    assert (already["added"], already["already"][0]["track"]) == ([], "Hit 30")
    assert titles(document(capsys, "playlists", "add", "Mix", b, "--again")) == [a, b, b]
    assert titles(document(capsys, "playlists", "move", "Mix", "1", "3")) == [b, b, a]
    assert titles(document(capsys, "playlists", "drop", "Mix", "1", "2")) == [a]
    more = document(capsys, "playlists", "continue", "Mix", "-n", "4", "--seed", "3")
    assert len(more["added"]) == 4
    assert titles(document(capsys, "playlists", "show", "Mix")) == titles(more)
    assert document(capsys, "playlists", "rename", "Mix", "Other")["playlists"][0]["name"] == "Other"
    for arguments, code, said in (
        (["add", "Othr", a], 1, "Did you mean Other?"),
        (["add", "Other", a, "--track", "A Sing"], 1, "A Song"),
        (["move", "Other", "1", "9"], 2, "it has 5"),
        (["create", "Other"], 2, "already"),
        (["continue", "Other", "-n", "0"], 2, ""),
    ):
        assert run(["playlists", *arguments]) == code, arguments
        assert said in capsys.readouterr().err


def test_one_file_of_playlists_and_tempo_is_taken_whole_in_any_order_of_commands(
    place, tmp_path, capsys
) -> None:
    file = tmp_path / "songs.csv"
    file.write_text(f"playlist_id,track_artist,track_name,tempo\none,{ARTISTS[0]},A Song,120\n")
    for command in (["features", "add"], ["community", "add"], ["features", "add"]):
        done = document(capsys, *command, str(file))
        assert (done["rows"], done["tracks_with_tempo"], done["matched"]) == (1, 1, 1)
        assert done["coverage"] == pytest.approx(0.2)
        assert [pack["kind"] for pack in done["packs"]] == ["community", "features"]
    assert run(["community", "add", str(file)]) == 0
    said = capsys.readouterr().out
    assert "songs-features: features of 1 track." in said
    assert "1 of your 5 tracks now have a tempo." in said
    listed = document(capsys, "features", "list")
    assert [pack["name"] for pack in listed["packs"]] == ["songs-features"]
    assert (listed["rows"], listed["tracks_with_tempo"]) == (1, 1)
    assert run(["features", "remove", "songs"]) == 1
    assert "Did you mean songs-features?" in capsys.readouterr().err
    assert document(capsys, "features", "remove", "songs-features") == {"packs": []}
    assert [pack["name"] for pack in document(capsys, "community", "list")["packs"]] == ["songs"]


def test_the_map_and_the_drift_of_ones_taste_are_data_too(place, capsys) -> None:
    found = document(capsys, "taste", "map")
    assert {artist["artist"] for artist in found["artists"]} == {ARTISTS[n] for n in (0, 1, 3, 6, 9)}
    assert set(found) == {"artists", "tastes", "shown"}
    years = document(capsys, "taste", "drift")["years"]
    assert sum(year["plays"] for year in years) == 10
    assert all(abs(sum(year["shares"]) + year["others"] - 1) < 1e-9 for year in years)
    assert run(["taste", "drift"]) == 0
    assert "most played" in capsys.readouterr().out.splitlines()[0]


@pytest.mark.parametrize("line", [
    "playlists create", "artist", "like", "related", "search", "unblock", "community remove", "import", "mix",
])  # fmt: skip
@pytest.mark.parametrize("blank", ["", "  "])
def test_a_blank_name_is_wrong_usage(place, capsys, line, blank) -> None:
    assert run([*line.split(), blank]) == 2
    assert "blank" in capsys.readouterr().err
