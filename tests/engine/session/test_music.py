"""Music folders over a library alone: added, scanned, removed and brought back, and every cache hears of it."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from engine.errors import (
    NothingYetError,
    PrivateSessionError,
    UnknownNameError,
    UnreadableFileError,
    UsageError,
)
from engine.session.library import Change, Library
from engine.session.music import Music
from tests.support.audio import beets, song
from tests.support.folders import fingerprint
from tests.support.listens import judge


@pytest.fixture
def music(library: Library) -> Music:
    return Music(library)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One file the history knows, one it does not."""
    song(tmp_path / "Music", "The Lanterns", "Slow Ferry", TBPM="120")
    song(tmp_path / "Music" / "b", "Nobody", "Knows")
    return tmp_path / "Music"


def test_counts_are_of_files_and_of_the_tracks_they_match(music: Music, folder: Path) -> None:
    empty = music.counts()
    assert (empty.files, empty.with_tempo, empty.matched) == (0, 0, 0)
    music.add(folder)
    found = music.counts()
    assert (found.files, found.with_tempo, found.matched, found.tracks) == (2, 1, 1, empty.tracks)


def test_every_cache_hears_of_what_came_and_went(music: Music, library: Library, folder: Path) -> None:
    changes: list[Change] = []
    library.subscribe(changes.append)

    def heard() -> bool:
        found = changes == [Change.PLAYS]
        changes.clear()
        return found

    music.add(folder)
    assert heard()
    music.scan(folder)
    assert heard()
    before, counts = music.folders(), music.counts()
    taken = music.take(folder)
    assert heard()
    assert music.folders() == ()
    music.put(taken)
    assert heard()
    assert music.folders() == before
    assert music.counts() == counts
    assert music.remove(folder) == before[0]
    assert heard()
    assert music.counts().files == 0
    assert sorted(path.name for path in folder.rglob("*.wav")) == [
        "Nobody - Knows.wav",
        "The Lanterns - Slow Ferry.wav",
    ]


def test_a_folder_is_added_once_and_by_the_way_it_is_written(
    music: Music, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder.parent)
    assert list(music.add(Path("Music"))) == [str(folder)]
    assert list(music.add(folder / "b" / "..")) == [str(folder)]
    with pytest.raises(UsageError, match="is within"):
        music.add(folder / "b")
    assert len(music.folders()) == 1
    assert music.named(Path("Music")).path == str(folder)
    with pytest.raises(UnknownNameError, match=f"Added: {folder}"):
        music.named(folder.parent / "Musik")
    # One above takes it in.
    music.add(folder.parent)
    assert [one.path for one in music.folders()] == [str(folder.parent)]
    assert music.counts().files == 2


def test_a_database_among_the_files_is_read_too(music: Music, folder: Path, tmp_path: Path) -> None:
    beets(
        folder, (os.fsencode(folder / "The Lanterns - Slow Ferry.wav"), "Slow Ferry", "The Lanterns", 1.0, 90)
    )
    assert set(music.add(folder)) == {str(folder), str(folder / "library.db")}
    with pytest.raises(UsageError, match="--music is for a database"):
        music.add(folder / "b", music=folder)
    # One that cannot be read is not among the folders afterwards.
    before, broken = music.folders(), tmp_path / "broken.blb"
    with closing(sqlite3.connect(broken)) as connection:
        connection.execute("CREATE TABLE items (id, path, title, artist)")
    with pytest.raises(UnreadableFileError, match=r"broken\.blb"):
        music.add(broken)
    assert music.folders() == before


def test_a_folder_that_is_away_keeps_its_files_and_the_others_are_scanned(
    music: Music, folder: Path, tmp_path: Path
) -> None:
    song(tmp_path / "Drive", "Ida", "Moss")
    music.add(tmp_path / "Drive")
    music.add(folder)
    (tmp_path / "Drive").rename(tmp_path / "Unplugged")
    song(folder, "Burel", "Waves")
    with pytest.raises(UnreadableFileError, match="The other folders were scanned"):
        music.scan()
    assert {Path(one.path).name: one.files for one in music.folders()} == {"Drive": 1, "Music": 3}
    with pytest.raises(UnreadableFileError):
        music.add(tmp_path / "Drive")
    assert len(music.folders()) == 2
    with pytest.raises(UnreadableFileError):
        music.add(tmp_path / "Nowhere")
    assert len(music.folders()) == 2, "what was never scanned is not there"


def test_files_to_play_are_found_by_track_or_artist_and_never_of_the_blocked(
    music: Music, library: Library, folder: Path
) -> None:
    music.add(folder)
    wanted = [("the lanterns", "slow ferry"), ("The Lanterns", None), ("Ida", None)]
    found = music.to_hear(wanted)
    assert [[Path(file.path).name for file in files or ()] for files in found] == [
        ["The Lanterns - Slow Ferry.wav"],
        ["The Lanterns - Slow Ferry.wav"],
        [],
    ]
    judge(library.connection, "block", "The Lanterns")
    assert music.to_hear(wanted) == [None, None, []]


def test_without_music_it_says_how_to_add_some_and_a_private_session_changes_nothing(
    music: Music, library: Library, folder: Path
) -> None:
    for ask in (music.scan, music.measure):
        with pytest.raises(NothingYetError, match="Add a folder of it"):
            ask()
    with pytest.raises(UnknownNameError, match="None was added"):
        music.remove(folder)
    music.add(folder)
    library.set_private(True)
    before = fingerprint(library.folders.root)
    for refused in (
        lambda: music.add(folder),
        lambda: music.scan(folder),
        music.measure,
        lambda: music.remove(folder),
        lambda: music.take(folder),
    ):
        with pytest.raises(PrivateSessionError):
            refused()
    assert fingerprint(library.folders.root) == before
    assert music.counts().files == 2
