"""Saved playlists come back whole, and in a private session vanish with it."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import UnknownNameError, UsageError
from engine.paths import Folders
from engine.playlists.contexts import Settings
from engine.playlists.playlist import PlaylistTrack
from engine.playlists.saved import (
    playlist_tracks,
    remove_playlist,
    rename_playlist,
    save_playlist,
    saved_playlists,
)
from engine.privacy import Door
from engine.store.database import open_library

TRACKS = [
    PlaylistTrack(
        "Café Tundra",
        "Harbour Lights",
        "Slow Ferry",
        85.0,
        "pack",
        228.2,
        True,
        170.0,
        2.0,
        (("spotify", "1a2B3c4D5e6F7g8H9i0J1k"), ("file", "/music/é.flac")),
    ),
    PlaylistTrack("Ida & the Oaks", "Tin [Roof]\n'", None, None, None, 210.0, False, seconds_estimated=True),
]


@pytest.fixture
def library(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = open_library(Door(Folders(tmp_path)))
    yield connection
    connection.close()


def test_a_playlist_comes_back_as_it_was(library: sqlite3.Connection) -> None:
    saved = save_playlist(
        library,
        " Evening  run ",
        TRACKS,
        context="running",
        settings=Settings(bpm=165, minutes=30),
        at=1_700_000_000,
    )
    assert saved_playlists(library) == [saved]
    assert (saved.name, saved.context, saved.at, saved.tracks) == ("Evening run", "running", 1_700_000_000, 2)
    assert saved.seconds == pytest.approx(438.2)
    assert Settings(**saved.settings) == Settings(bpm=165, minutes=30)
    assert playlist_tracks(library, "Evening run") == TRACKS


def test_newest_first_and_empty_ones_too(library: sqlite3.Connection) -> None:
    save_playlist(library, "Old", TRACKS, at=1)
    save_playlist(library, "New", [], at=2)
    assert [(one.name, one.tracks, one.seconds) for one in saved_playlists(library)] == [
        ("New", 0, 0.0),
        ("Old", 2, pytest.approx(438.2)),
    ]
    assert playlist_tracks(library, "New") == []


def test_a_taken_name_is_refused_or_replaced(library: sqlite3.Connection) -> None:
    save_playlist(library, "Run", TRACKS, at=1)
    with pytest.raises(UsageError, match=r"A playlist “Run” already exists\. Choose another name\.$"):
        save_playlist(library, "RUN", TRACKS[:1], at=2)
    assert len(playlist_tracks(library, "Run")) == 2
    save_playlist(library, "Run", TRACKS[:1], at=2, replace=True)
    assert playlist_tracks(library, "Run") == TRACKS[:1]
    assert library.execute("SELECT count(*) FROM playlist_tracks").fetchone() == (1,)
    with pytest.raises(UsageError):
        save_playlist(library, " \n", TRACKS)


def test_saving_is_all_or_nothing(library: sqlite3.Connection) -> None:
    save_playlist(library, "Run", TRACKS, at=1)
    broken = PlaylistTrack("A", None)  # type: ignore[arg-type]  # what is refused
    with pytest.raises(sqlite3.IntegrityError):
        save_playlist(library, "Run", [TRACKS[0], broken], at=2, replace=True)
    assert playlist_tracks(library, "Run") == TRACKS


def test_rename_and_remove(library: sqlite3.Connection) -> None:
    save_playlist(library, "Run", TRACKS, at=1)
    save_playlist(library, "Other", [], at=2)
    rename_playlist(library, "Run", "Morning run")
    with pytest.raises(UsageError, match="Other"):
        rename_playlist(library, "Morning run", "Other")
    remove_playlist(library, "Morning run")
    assert [one.name for one in saved_playlists(library)] == ["Other"]
    assert library.execute("SELECT count(*) FROM playlist_tracks").fetchone() == (0,)


def test_unknown_names_get_the_nearest(library: sqlite3.Connection) -> None:
    with pytest.raises(UnknownNameError, match="There are none yet"):
        playlist_tracks(library, "Run")
    save_playlist(library, "Morning run", [], at=1)
    for act in (playlist_tracks, remove_playlist):
        with pytest.raises(UnknownNameError, match="Morning run"):
            act(library, "Mornin run")


def test_in_a_private_session_they_vanish_with_it(tmp_path: Path) -> None:
    folders = Folders(tmp_path / "data")
    connection = open_library(Door(folders))
    save_playlist(connection, "Kept", TRACKS, at=1)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    before = folders.database.read_bytes()
    private = open_library(Door(folders, private=True))
    save_playlist(private, "Secret", TRACKS, at=2)
    remove_playlist(private, "Kept")
    assert [one.name for one in saved_playlists(private)] == ["Secret"]
    assert playlist_tracks(private, "Secret") == TRACKS
    private.close()
    assert folders.database.read_bytes() == before
    connection = open_library(Door(folders))
    assert [one.name for one in saved_playlists(connection)] == ["Kept"]
    connection.close()


def test_a_private_first_start_has_playlists_in_memory(tmp_path: Path) -> None:
    private = open_library(Door(Folders(tmp_path / "none"), private=True))
    save_playlist(private, "Secret", TRACKS, at=2)
    remove_playlist(private, "Secret")
    assert private.execute("SELECT count(*) FROM playlist_tracks").fetchone() == (0,)
    private.close()
    assert not (tmp_path / "none").exists()


def test_listing_and_exporting_saved_playlists_loads_no_numpy() -> None:
    code = "import sys, engine.playlists.saved, engine.playlists.export; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
