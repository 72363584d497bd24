"""`community add` and `list`: the formats, bad lines reported, and how little listing loads; training without a
compiler."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from engine.community.adding import readers
from engine.community.features import KIND as FEATURES
from engine.community.genres import KIND as GENRES
from engine.model import compiled
from tests.support.communities import write_community
from tests.support.models import ARTISTS
from tuiapp.cli.main import run
from tuiapp.cli.packs import FORMATS


def test_every_reader_can_be_asked_for_by_name() -> None:
    assert set(FORMATS) == {*readers(), FEATURES, GENRES}


def test_bad_lines_are_shown_with_file_and_line(place: Path, tmp_path: Path, capsys) -> None:
    file = tmp_path / "plays.csv"
    file.write_text(
        "user,artist,plays\n" + f"a,{ARTISTS[0]},3\n" * 20 + "a,Nobody,often\n" + ",Nobody,2\n" * 9
    )
    assert run(["community", "add", str(file)]) == 0
    output = capsys.readouterr().out.splitlines()
    assert output[2] == "plays: 10 lines could not be used: 1 no plays, 9 no listener."
    assert output[3:5] == [
        "  plays.csv, line 22: no plays (a,Nobody,often).",
        "  plays.csv, line 23: no listener (,Nobody,2).",
    ]
    assert len(output) == 8
    assert output[1].startswith(
        "plays has 1 listener, fewer than 25: too few to show which artists are similar."
    )
    assert run(["--json", "community", "add", str(file)]) == 0
    (bad,) = json.loads(capsys.readouterr().out)["bad_lines"]
    assert (bad["pack"], bad["count"], len(bad["first"])) == ("plays", 10, 5)
    assert bad["first"][0] | {"shown": ""} == {
        "file": "plays.csv",
        "line": 22,
        "unit": "line",
        "reason": "no plays",
        "text": "a,Nobody,often",
        "shown": "",
    }


def test_a_file_of_mostly_bad_lines_is_refused(place: Path, tmp_path: Path, capsys) -> None:
    file = tmp_path / "plays.csv"
    file.write_text("user,artist,plays\n" + "a,Ida,3\n" + "a,Ida,often\n" * 9)
    assert run(["community", "add", str(file)]) == 1
    assert "plays.csv: 9 of 11 lines cannot be used (9 no plays)" in capsys.readouterr().err
    assert not (place / "packs").exists()


def test_listing_says_all_of_a_pack_and_opens_no_archive_and_no_index(
    place: Path, tmp_path: Path, capsys
) -> None:
    others = [f"Other {number}" for number in range(40)]
    crowd = write_community(tmp_path / "crowd", artists=[ARTISTS[0], *others])
    assert run(["community", "add", str(crowd)]) == 0
    capsys.readouterr()
    code = (
        "import sys; from tuiapp.cli.main import run; run(['community', 'list']); "
        "print(*{'tarfile', 'gzip', 'scipy', 'annoy', 'urllib3'} & set(sys.modules))"
    )
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    heading, row, loaded = output.splitlines()
    columns = "name of listeners items source collected size your plays"
    assert " ".join(heading.split()) == columns
    assert row.split()[:3] == ["crowd", "artists", "90"]
    assert row.endswith("20 %")
    assert loaded == ""


def test_a_list_of_packs_fits_a_terminal(place: Path, tmp_path: Path, capsys, monkeypatch) -> None:
    crowd = write_community(tmp_path / "crowd", artists=ARTISTS[:40])
    assert run(["community", "add", str(crowd), "--name", "listenbrainz-tracks"]) == 0
    file = place / "packs" / "listenbrainz-tracks" / "manifest.json"
    real = {"listeners": 84_850, "items": 127_668, "source": "ListenBrainz", "collected": "2026-11-01"}
    file.write_text(json.dumps(json.loads(file.read_bytes()) | real | {"licence": "CC0 1.0"}))
    capsys.readouterr()
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert run(["community", "list"]) == 0
    heading, row, more = capsys.readouterr().out.splitlines()
    assert max(len(heading), len(row)) <= 80
    assert "2026-11-01" in row
    assert more == "listenbrainz-tracks: CC0 1.0."


def test_removing_what_a_model_was_trained_on_is_explained_and_it_goes_on(
    place: Path, tmp_path: Path, capsys
) -> None:
    crowd = write_community(tmp_path / "made-up", artists=ARTISTS[:40])
    assert run(["community", "add", str(crowd), "--name", "made-up"]) == 0
    manifest = next((place / "models").glob("*/manifest.json"))
    manifest.write_text(json.dumps(json.loads(manifest.read_bytes()) | {"packs": ["made-up"]}))
    capsys.readouterr()
    assert run(["community", "remove", "made-up"]) == 0
    said = capsys.readouterr().err
    assert "The model of artists was trained on made-up, since removed: it recommends as before." in said
    assert "Add that again before you train: discover community add PATH." in said
    assert run(["--json", "recommend"]) == 0
    assert json.loads(capsys.readouterr().out)["items"]


def test_who_does_not_answer_is_said_while_it_is_tried_and_what_to_do_then(
    place: Path, capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.community.fetch._PAUSES", (0,))
    for line, instead in (
        (["model", "add", "http://127.0.0.1:9/m.zip", "--yes"], "discover model add FILE"),
        (["community", "fetch", "--url", "http://127.0.0.1:9/pub/", "--yes"], "discover community add PATH"),
    ):
        assert run(line) == 1
        asking, again, error = capsys.readouterr().err.splitlines()
        assert asking == "Asking 127.0.0.1 …"
        assert again == "127.0.0.1: it takes no connection. Trying again in 0 seconds …"
        assert "can't be reached: it takes no connection. Check the address and your connection" in error
        assert error.endswith(f"add it: {instead}.")


def test_what_no_reader_knows_is_said_in_a_line_and_help_lists_what_they_do(
    place: Path, tmp_path: Path, capsys
) -> None:
    file = tmp_path / "odd.csv"
    columns = ["colour", "shape", *(f"size {letter}" for letter in "abcdefghij")]
    file.write_text("\n".join([",".join(columns), ",".join("x" * len(columns))]))
    assert run(["community", "add", str(file)]) == 1
    said = capsys.readouterr().err
    assert said == (
        f"error: {file} is not community data in a known format. Known formats: discover community add --help. It "
        "looks like a table of colour, shape, size a, size b, size c, size d, size e, size f and 4 more.\n"
    )
    assert run(["community", "add", "--help"]) == 0
    output = " ".join(capsys.readouterr().out.replace("-\n", "-").split())
    assert all(name.split("-")[0] in output for name in FORMATS)


def test_data_that_takes_the_place_of_other_of_its_name_says_so(place, tmp_path, capsys) -> None:
    first, second = tmp_path / "one" / "plays.csv", tmp_path / "two" / "plays.csv"
    for file, count in ((first, 30), (second, 40)):
        file.parent.mkdir()
        rows = [f"u{n},Artist {n % 5},3" for n in range(count)]
        file.write_text("\n".join(["user,artist,plays", *rows]))
        assert run(["community", "add", str(file)]) == 0
    assert "takes the place of what was called plays: 30 listeners" in capsys.readouterr().out
    for file in (first, second):
        file.write_text("artist,track,bpm\nArtist 1,Song,120\nArtist 2,Song,121\n")
        assert run(["features", "add", str(file), "--name", "tempos"]) == 0
    output = capsys.readouterr().out
    assert "takes the place of what was called tempos: features of 2 tracks, from plays.csv." in output
    assert run(["community", "list"]) == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("tempos"))
    assert line.split()[:3] == ["tempos", "features", "2"], "no listeners are counted"


def test_training_without_a_c_compiler_says_what_to_install(
    empty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    assert run(["community", "add", str(write_community(tmp_path / "crowd", artists=ARTISTS))]) == 0
    capsys.readouterr()
    compiled.kernels.cache_clear()
    monkeypatch.setattr(compiled, "_folder", tmp_path / "none yet")
    monkeypatch.setenv("CC", "")
    monkeypatch.setenv("PATH", "")
    assert run(["train", "--no-tune", "--factors", "8"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert re.search(
        r"error: Training needs a C compiler.* `apt install gcc libc6-dev`.*, then try again\.\n", err
    )
    assert "Traceback" not in err
