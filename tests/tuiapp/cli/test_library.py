"""`library`: which files were left out is said by name, and lists of one's own music name what one lacks."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.paths import Folders
from tests.support.audio import song, wav
from tests.support.commands import document, run
from tests.support.models import ARTISTS
from tests.support.services import played_some


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folders:
    found = played_some(tmp_path / "data")
    monkeypatch.setenv("DISCOVER_DATA_DIR", str(found.root))
    return found


@pytest.mark.usefixtures("folders")
def test_what_is_left_out_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    music = tmp_path / "Music"
    song(music, "Ida", "Waves")
    for number in range(7):
        wav(music / f"untold {number}.wav")
    (music / "away\x1b.mp3").symlink_to(music / "nothing.mp3")
    nameless = [str(music / f"untold {number}.wav") for number in range(7)]
    assert run(["library", "add", str(music)]) == 0
    said = capsys.readouterr().out
    assert (
        f": 7 left out: no artist or title in tags or file name: {'; '.join(nameless[:5])} and 2 more."
        in said
    )
    assert "away\ufffd.mp3" in said
    (folder,) = document(capsys, "library", "scan")["folders"]
    gone = str(music / "away\x1b.mp3")
    assert folder["left_out"] == {"no artist or title in tags or file name": 7, "file that cannot be read": 1}
    assert folder["left_out_files"] == {
        "no artist or title in tags or file name": nameless,
        "file that cannot be read": [gone],
    }
    # What could not be looked at has no place in the library: it is looked for again.
    listed = document(capsys, "library", "list")["folders"][0]
    assert (listed["left_out"], listed["left_out_files"]) == (folder["left_out"], folder["left_out_files"])
    assert run(["library", "list"]) == 0
    assert "1 left out: file that cannot be read: " in capsys.readouterr().out
    # With the drive it is on away, what is known is said.
    music.rename(tmp_path / "elsewhere")
    assert run(["library", "list"]) == 0
    assert "1 left out: file that cannot be read, which a scan names." in capsys.readouterr().out


@pytest.mark.usefixtures("folders")
def test_a_list_of_ones_own_music_names_what_one_lacks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    song(tmp_path / "Music", ARTISTS[0], "A Song")
    assert run(["library", "add", str(tmp_path / "Music")]) == 0
    capsys.readouterr()
    found = document(capsys, "recommend", "--from-library", "--new", "0.5")
    assert [one["artist"] for one in found["items"]] == [ARTISTS[0]]
    assert len(found["missing"]) > 5
    assert run(["recommend", "--from-library", "--new", "0.5"]) == 0
    said = capsys.readouterr().err
    assert f"artists it would else list: {found['missing'][0]['artist']}; " in said
    assert document(capsys, "recommend")["missing"] == []
