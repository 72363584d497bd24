"""`mix`: its keys, its files, and what it says to what it cannot do."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.commands import document, run
from tests.tuiapp.cli.conftest import ARTISTS


@pytest.fixture
def tempos(place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    table = tmp_path / "tempos.csv"
    rows = [f"{artist},Hit {number},120,200" for number, artist in enumerate(ARTISTS)]
    table.write_text("\n".join(["artist,track,bpm,duration", *rows]))
    assert run(["features", "add", str(table)]) == 0
    capsys.readouterr()
    return place


def test_a_mix_tells_its_tracks_saves_and_writes_them(
    tempos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mix.csv"
    seed = f"{ARTISTS[0]} - a song"
    made = document(capsys, "mix", seed, "--minutes", "30", "--save", "Evening", "--out", str(file))
    assert {"context", "tracks", "coverage"} <= made.keys()
    assert (made["tracks"][0]["artist"], made["tracks"][0]["track"]) == (ARTISTS[0], "A Song")
    assert sum(track.get("seconds", 0) for track in made["tracks"]) == pytest.approx(1800, abs=120)
    assert 0 < made["coverage"] <= 1
    kept = document(capsys, "playlists", "show", "Evening")["playlists"][0]["tracks"]
    assert kept == made["tracks"]
    assert len(file.read_text().splitlines()) == len(kept) + 1
    assert document(capsys, "mix", seed, "--minutes", "30") == made, "the same for the same seed"
    assert document(capsys, "mix", seed, "--minutes", "30", "--seed", "1") != made
    own = document(capsys, "mix", seed, "--from-library")["tracks"]
    assert {track["artist"] for track in own} <= {ARTISTS[number] for number in (0, 3, 6, 9, 1)}


def test_what_makes_no_mix_says_why(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, code, said in (
        (["Nobody at all"], 1, "No artist"),
        ([ARTISTS[0], "--minutes", "0"], 2, "from 1 to 600"),
        ([ARTISTS[0], "--drift", "2"], 2, "from 0 to 1"),
        ([ARTISTS[0], "--seed", "-1"], 2, "seed"),
        ([], 2, "SEED"),
    ):
        assert run(["mix", *arguments]) == code, arguments
        assert said in capsys.readouterr().err
