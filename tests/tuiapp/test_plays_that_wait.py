"""A play that cannot be logged where and when it is heard waits until it can, and is logged in no other library."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from engine.errors import DiscoverError
from engine.live.clock import PlayedSong, Song
from engine.paths import Folders
from engine.session import Session
from engine.session.history import History
from tests.support.driving import kept_by_another, settled, toasts
from tuiapp.app.app import DiscoverApp
from tuiapp.app.watching import Watching

FULL = "The disk is full. Make room, then try again."


def heard(title: str) -> PlayedSong:
    return PlayedSong(Song("Ida", title, length=200), time.time() - 999, 150)


@asynccontextmanager
async def a_play_that_waits(folders: Folders) -> AsyncIterator[tuple[DiscoverApp, Pilot[int], int]]:
    """An app with a play that could not be logged beside another writer, who has ended since; and how many listens
    there were."""
    app = DiscoverApp(folders)
    async with app.run_test(size=(110, 30)) as pilot:
        await settled(pilot)
        before = app.engine().status().listens
        with kept_by_another(app):
            app.playback._log("mpv", heard("One"))
            await settled(pilot)
        yield app, pilot, before


@pytest.mark.parametrize("ends", [False, True])
async def test_a_play_that_cannot_be_logged_waits_until_it_can(folders: Folders, ends: bool) -> None:
    app = DiscoverApp(folders)

    async with app.run_test(size=(110, 30)) as pilot:
        await settled(pilot)
        before = app.engine().status().listens
        with kept_by_another(app):
            for title in ("One", "Two"):
                app.playback._log("mpv", heard(title))
            await settled(pilot)
            app.changes.log_late()
            await settled(pilot)
            assert app.engine().status().listens == before
        assert "The library is busy" in " ".join(toasts(app))
        if ends:
            await app.action_quit()
        else:
            app.changes.log_late()
            await settled(pilot, lambda: app.engine().status().listens == before + 2)
            assert app.undoable == "the play of Ida - Two"
            app.changes.log_late()
            await settled(pilot)
    with Session(folders) as session:
        assert session.status().listens == before + 2


async def test_a_play_that_waits_is_not_lost_to_a_private_session(folders: Folders) -> None:
    async with a_play_that_waits(folders) as (app, pilot, before):
        for _ in range(2):
            app.private.toggle()
            await settled(pilot)
            app.changes.log_late()
            await settled(pilot)
        assert app.private_since is None
        assert app.engine().status().listens == before + 1


async def test_a_play_that_waits_is_logged_in_no_other_library(folders: Folders, tmp_path: Path) -> None:
    """The demo may be opened meanwhile."""
    async with a_play_that_waits(folders) as (app, pilot, before):
        for opened, listens in ((Folders(tmp_path / "other"), 0), (folders, before + 1)):
            app.open_folders(opened)
            app.changes.log_late()
            await settled(pilot)
            assert app.engine().status().listens == listens


async def test_a_play_that_waits_is_not_logged_once_something_is_forgotten(folders: Folders) -> None:
    async with a_play_that_waits(folders) as (app, pilot, _):
        with Session(folders) as other:
            other.forget_all()
        for _ in range(2):
            app.changes.log_late()
            await settled(pilot)
            assert app.engine().status().listens == 0
        assert " ".join(toasts(app)).count("Something was forgotten") == 1
        app.watching.look()
        await settled(pilot)
        app.playback._log("mpv", heard("Two"))
        await settled(pilot)
        assert app.engine().status().listens == 1


async def test_a_play_that_is_logged_just_as_something_is_forgotten_is_dropped(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Watching, "look", lambda _: None)
    app = DiscoverApp(folders)
    async with app.run_test(size=(110, 30)) as pilot:
        await settled(pilot)
        with Session(folders) as other:
            other.forget_all()
        app.playback._log("mpv", heard("One"))
        await settled(pilot)
        app.changes.log_late()
        await settled(pilot)
        assert app.engine().status().listens == 0


@pytest.mark.parametrize("ends", [False, True])
async def test_a_song_is_logged_in_the_library_it_began_in(
    folders: Folders, tmp_path: Path, ends: bool
) -> None:
    """It plays on while the demo is opened, and where the app ends in that."""
    demo = Folders(tmp_path / "demo")
    with Session(folders) as session:
        before = session.status().listens
    app = DiscoverApp(folders)
    async with app.run_test(size=(110, 30)) as pilot:
        await settled(pilot)
        app.open_folders(demo)
        app.playback._log("mpv", heard("One"))
        await settled(pilot)
        app.changes.log_late()
        await settled(pilot)
        assert app.engine().status().listens == 0
        if ends:
            await app.action_quit()
        else:
            app.open_folders(folders)
            app.changes.log_late()
            await settled(pilot)
            assert app.undoable == "the play of Ida - One"
    for library, listens in ((folders, before + 1), (demo, 0)):
        with Session(library) as session:
            assert session.status().listens == listens


async def test_a_song_that_ends_with_the_app_in_the_demo_is_logged(folders: Folders, tmp_path: Path) -> None:
    """Also where it comes to wait only after a change that was asked for before."""
    with Session(folders) as session:
        before = session.status().listens
    app = DiscoverApp(folders)
    async with app.run_test(size=(110, 30)) as pilot:
        await settled(pilot)
        app.open_folders(Folders(tmp_path / "demo"))
        await settled(pilot)
        async with app.changes.turn:
            app.playback._log("mpv", heard("One"))
            leaving = asyncio.create_task(app.action_quit())
            await pilot.pause()
        await leaving
    with Session(folders) as session:
        assert session.status().listens == before + 1


async def test_as_the_app_ends_a_play_that_waits_waits_for_other_writers(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is no next time."""
    log, patience = History.log_played_song, list[int]()

    def logged(history: History, *what: Any) -> int | None:
        patience.extend(history.library.connection.execute("PRAGMA busy_timeout").fetchone())
        return log(history, *what)

    async with a_play_that_waits(folders) as (app, _, before):
        app.engine().library.connection.execute("PRAGMA busy_timeout = 60000")
        monkeypatch.setattr(History, "log_played_song", logged)
        await app.action_quit()
    assert patience == [60_000]
    with Session(folders) as session:
        assert session.status().listens == before + 1


async def test_views_do_not_wait_for_a_play_that_waits(folders: Folders) -> None:
    async with a_play_that_waits(folders) as (app, _, before):
        app.engine().library.connection.execute("PRAGMA busy_timeout = 60000")
        with sqlite3.connect(folders.database) as other:
            other.execute("BEGIN IMMEDIATE")
            app.changes._log_late(ends=False)
        assert app.engine().status().listens == before
        assert app.engine().library.connection.execute("PRAGMA busy_timeout").fetchone() == (60000,)
        other.close()


async def test_a_library_that_cannot_be_opened_for_a_play_ends_no_app(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Closed by a repair it is opened again by whoever needs it first."""
    async with a_play_that_waits(folders) as (app, pilot, before):
        with monkeypatch.context() as patch:

            def full(_folders: Folders) -> Session:
                raise DiscoverError(FULL)

            patch.setattr(app.private, "open", full)
            app.open_folders(folders)
            app.changes.log_late()
            await settled(pilot)
        app.changes.log_late()
        await settled(pilot)
        assert app.engine().status().listens == before + 1
