"""`mix`: its keys, its files, and what it says to what it cannot do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.playlists.playlist import PlaylistTrack
from tests.support.audio import song
from tests.support.commands import document, run
from tests.support.models import ARTISTS
from tests.support.tempos import write_tempos
from tuiapp.cli.playlists import print_tracks
from tuiapp.text import duration


@pytest.fixture
def tempos(place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    rows = [f"{artist},Hit {number},120,200" for number, artist in enumerate(ARTISTS)]
    assert run(["features", "add", str(write_tempos(tmp_path, rows))]) == 0
    capsys.readouterr()
    return place


def test_a_mix_shows_its_tracks_saves_and_writes_them(
    tempos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mix.csv"
    seed = f"{ARTISTS[0]} - a song"
    made = document(capsys, "mix", seed, "--minutes", "30", "--save", "Evening", "--out", str(file))
    assert {"context", "tracks", "coverage"} <= made.keys()
    assert (made["tracks"][0]["artist"], made["tracks"][0]["track"]) == (ARTISTS[0], "A Song")
    assert sum(track.get("seconds", 0) for track in made["tracks"]) == pytest.approx(1800, abs=120)
    assert 0 < made["coverage"] <= 1
    done = {"file": str(file), "format": "csv", "tracks": len(made["tracks"]), "left_out": 0}
    assert made.pop("export") == done | {"missing": [], "not_there": []}
    kept = document(capsys, "playlists", "show", "Evening")["playlists"][0]["tracks"]
    assert kept == made["tracks"]
    assert len(file.read_text().splitlines()) == len(kept) + 1
    assert document(capsys, "mix", seed, "--minutes", "30") == made, "the same for the same seed"
    assert document(capsys, "mix", seed, "--minutes", "30", "--seed", "1") != made
    unquoted = document(capsys, "mix", *ARTISTS[0].split())
    assert unquoted == document(capsys, "mix", ARTISTS[0]), "where no word is a name, all of them are one"
    own = document(capsys, "mix", seed, "--from-library")["tracks"]
    assert {track["artist"] for track in own} <= {ARTISTS[number] for number in (0, 3, 6, 9, 1)}


def test_a_file_is_written_though_nobody_reads_the_list(
    tempos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(*_: object) -> None:
        raise BrokenPipeError

    for command in ("mix", "playlists"):
        monkeypatch.setattr(f"tuiapp.cli.{command}.print_table", closed)
    for number, words in enumerate((["mix", ARTISTS[0]], ["playlist", "walk", "--bpm", "120"])):
        file = tmp_path / f"{number}.csv"
        run([*words, "--minutes", "20", "--out", str(file)])
        assert file.exists(), words


def test_what_has_no_file_is_in_the_document_of_what_was_exported(
    tempos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["library", "add", str(song(tmp_path / "Music", ARTISTS[0], "A Song").parent)]) == 0
    capsys.readouterr()
    for command in (["mix", f"{ARTISTS[0]} - a song"], ["playlist", "walk", "--bpm", "120"]):
        words = [*command, "--minutes", "30"]
        assert document(capsys, *words)["missing"] == []
        for kind in ("xspf", "csv"):
            made = document(capsys, *words, "--out", str(tmp_path / f"mix.{kind}"))
            names = [(one["artist"], one["track"]) for one in made["tracks"]]
            lacking = [(one["artist"], one["track"]) for one in made["missing"]]
            assert lacking == [pair for pair in names if pair != (ARTISTS[0], "A Song")]
            assert made["export"]["missing"] == made["missing"]


def test_a_list_is_shown_though_its_file_cannot_be_written(
    tempos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["--json", "mix", ARTISTS[0], "--minutes", "20", "--out", str(tmp_path / "no" / "a.csv")]) == 1
    shown = capsys.readouterr()
    assert json.loads(shown.out)["tracks"]
    assert shown.err.startswith("error: ")


def test_a_length_is_written_as_in_the_app(capsys: pytest.CaptureFixture[str]) -> None:
    print_tracks((PlaylistTrack(artist="A", track="B", known=True, seconds=3599.6),))
    assert duration(3599.6) in capsys.readouterr().out


def test_kinds_of_mixes_say_what_they_are(tempos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = document(capsys, "mix", ARTISTS[0], "--minutes", "20")
    more = document(capsys, "mix", ARTISTS[0], "--length", "20", "--more")
    pairs = [{(track["artist"], track["track"]) for track in one["tracks"]} for one in (first, more)]
    assert all(pairs)
    assert not pairs[0] & pairs[1]
    bridge = document(capsys, "mix", ARTISTS[0], "--to", ARTISTS[1], "--minutes", "20")
    assert (bridge["context"], bridge["title"]) == ("bridge", f"From {ARTISTS[0]} to {ARTISTS[1]}")
    assert "similarity" not in bridge["tracks"][0]
    assert all(-1 <= track["similarity"] <= 1 for track in bridge["tracks"][1:])
    daily = document(capsys, "mix", "--daily")
    assert (daily["context"], daily["taste"], len(daily["tastes"])) == ("daily", 1, 1)
    assert sum(taste["share"] for taste in daily["tastes"]) == pytest.approx(1)
    assert run(["mix", ARTISTS[0], "--to", ARTISTS[1], "--minutes", "20"]) == 0
    assert "similarity" in capsys.readouterr().out.splitlines()[0]


def test_what_makes_no_mix_says_why(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, code, said in (
        (["Nobody at all"], 1, "No artist"),
        ([ARTISTS[0], "--minutes", "0"], 2, "from 1 to 600"),
        ([ARTISTS[0], "--drift", "2"], 2, "from 0 to 1"),
        ([ARTISTS[0], "--seed", "-1"], 2, "seed"),
        ([], 2, "SEED"),
        ([ARTISTS[0], "--daily"], 2, "choose one of"),
        (["--forgotten", "--on-this-day"], 2, "choose one of"),
        ([ARTISTS[0], ARTISTS[1], "--to", ARTISTS[3]], 2, "one SEED"),
        ([ARTISTS[0], "--taste", "1"], 2, "--daily"),
        (["--daily", "--more"], 2, "SEEDs"),
        (["--forgotten", "--drift", "0.5"], 2, "--drift"),
        ([ARTISTS[0], "--not-played-in", "-1"], 2, "from 0"),
        (["--daily", "--taste", "2"], 1, "you have only 1"),
        (["--forgotten"], 3, "Nothing is forgotten"),
        (["--on-this-day"], 3, "past years"),
    ):
        assert run(["mix", *arguments]) == code, arguments
        assert said in capsys.readouterr().err
