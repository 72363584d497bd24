"""On a disk that is full or beside another writer: what could not be undone, or logged, now is not lost."""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot

from engine.errors import BusyError, DiscoverError
from engine.live.clock import PlayedSong, Song
from engine.paths import Folders
from engine.session import Session
from engine.session.comparisons import Comparisons
from engine.session.packs import Packs
from engine.session.playlists import Playlists
from engine.session.taste import Tastes
from engine.session.verdicts import Verdicts
from engine.taste.rules import Rule
from tests.support.driving import settled, toasts
from tuiapp.app.app import DiscoverApp
from tuiapp.app.watching import Watching
from tuiapp.screens import compare
from tuiapp.settings import config_file

FULL = "The disk is full. Make room, then try again."


@contextmanager
def kept_by_another(app: DiscoverApp) -> Iterator[None]:
    """Another program is writing in the library, and does not end."""
    app.engine().library.connection.execute("PRAGMA busy_timeout = 0")
    other = sqlite3.connect(app.folders.database)
    other.execute("BEGIN IMMEDIATE")
    yield
    other.close()


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


@pytest.mark.parametrize("change", ["list", "like", "clearing", "rule", "pack"])
async def test_what_could_not_be_undone_is_undone_by_the_next_u(
    folders: Folders, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Session(folders) as session:
        session.verdicts.judge("hide", "Artist H33")
        before = _all_there_is(session)
    app = DiscoverApp(folders)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        match change:
            case "list":
                await pilot.press("4")
                await settled(pilot)
                await pilot.press("D")
            case "like":
                await pilot.press("l")
            case "clearing":
                await pilot.press("6")
                await settled(pilot)
                app.screen._clear_verdicts(app.engine().verdicts.all())
            case "rule":
                await pilot.press("6")
                await settled(pilot)
                app.screen._exclude(Rule(artist="Artist H33"))
            case _:
                await pilot.press("7")
                await settled(pilot)
                await pilot.press("D")
        await settled(pilot)
        changed = app.undoable
        assert changed
        assert _all_there_is(app.engine()) != before
        said = len(toasts(app))
        if change == "pack":

            def refuses(_self: Packs, _name: str) -> None:
                raise DiscoverError(FULL)

            with monkeypatch.context() as patch:
                patch.setattr(Packs, "restore", refuses)
                await pilot.press("u")
                await settled(pilot)
        else:
            with kept_by_another(app):
                await pilot.press("u")
                await settled(pilot)
        assert app.undoable == changed
        assert not [toast for toast in toasts(app)[said:] if toast.startswith("Undone")]
        await pilot.press("u")
        await settled(pilot)
        assert f"Undone: {changed}." in toasts(app)
        assert app.undoable == ""
        assert _all_there_is(app.engine()) == before


def _all_there_is(session: Session) -> object:
    lists = session.playlists.all()
    tracks = [[(track.artist, track.track) for track in session.playlists.show(one.name)] for one in lists]
    rules = [kept.rule for kept in session.taste.rules()]
    return lists, tracks, session.verdicts.all(), rules, sorted(pack.name for pack in session.packs.all())


async def test_of_several_lists_those_removed_before_one_failed_come_back(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Session(folders) as session:
        for name in ("One", "Two", "Three"):
            session.playlists.create(name)
        before = len(session.playlists.all())
    take, left = Playlists.take, [True, False]

    def fails_the_second_time(self: Playlists, name: str) -> object:
        if left and not left.pop(0):
            raise BusyError(FULL)
        return take(self, name)

    monkeypatch.setattr(Playlists, "take", fails_the_second_time)
    app = DiscoverApp(folders)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("4")
        await settled(pilot)
        await pilot.press("ctrl+a", "D")
        await settled(pilot)
        assert len(app.engine().playlists.all()) == before - 1
        assert not [toast for toast in toasts(app) if toast.startswith("Removed")]
        await pilot.press("u")
        await settled(pilot)
        assert len(app.engine().playlists.all()) == before


@pytest.mark.parametrize("change", ["clearing", "including", "pack", "comparing"])
async def test_nothing_is_said_to_be_done_that_was_not(
    folders: Folders, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Session(folders) as session:
        session.verdicts.judge("hide", "Artist H33")
        session.taste.exclude(Rule(artist="Artist B27"))

    def refuses(*_arguments: object, **_named: object) -> None:
        raise DiscoverError(FULL)

    for kind, name in (
        (Verdicts, "replace"),
        (Tastes, "include"),
        (Packs, "stash"),
        (Comparisons, "begin"),
    ):
        monkeypatch.setattr(kind, name, refuses)
    app = DiscoverApp(folders)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("7" if change == "pack" else "6")
        await settled(pilot)
        match change:
            case "clearing":
                app.screen._clear_verdicts(app.engine().verdicts.all())
            case "including":
                app.screen._include(list(app.engine().taste.rules()))
            case "pack":
                await pilot.press("D")
            case _:
                compare._begin(app, "popularity")
        await settled(pilot)
        assert toasts(app) == [FULL]
        assert app.undoable == ""


async def test_a_setting_that_could_not_be_written_is_as_it_was(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = DiscoverApp(folders)
    write = config_file.write

    def full(*_arguments: object) -> None:
        raise DiscoverError(FULL)

    async with app.run_test(size=(110, 30)) as pilot:
        await settled(pilot)
        await pilot.press("S")
        await settled(pilot)
        monkeypatch.setattr(config_file, "write", full)
        app.preferences.change("theme", "nord")
        await settled(pilot)
        assert app.preferences.where("theme") == "default"
        assert app.theme == app.preferences.config["theme"] != "nord"
        assert app.undoable == ""
        monkeypatch.setattr(config_file, "write", write)
        app.preferences.change("theme", "nord")
        await settled(pilot)
        monkeypatch.setattr(config_file, "write", full)
        await pilot.press("u")
        await settled(pilot)
        assert app.theme == "nord"
        assert app.undoable == "the setting theme"
        monkeypatch.setattr(config_file, "write", write)
        await pilot.press("u")
        await settled(pilot)
        assert app.preferences.where("theme") == "default"
        assert app.theme != "nord"


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


async def test_a_change_is_made_in_the_library_it_was_asked_in(folders: Folders, tmp_path: Path) -> None:
    """The demo may be left before its turn comes; what then could not be undone is no undo of the other library."""
    other = Folders(tmp_path / "other")
    shutil.copytree(folders.root, other.root)
    app = DiscoverApp(folders)
    async with app.run_test(size=(110, 30)) as pilot:
        await settled(pilot)
        before = app.engine().verdicts.all()
        await pilot.press("l")
        await settled(pilot)
        for key, changed in ("u", False), ("l", True):
            async with app.changes.turn:
                await pilot.press(key)
                app.open_folders(other)
            await settled(pilot)
            assert app.engine().verdicts.all() == before
            app.open_folders(folders)
            await settled(pilot)
            assert (app.engine().verdicts.all() != before) is changed
        app.changes.remember("it", lambda: app.changes.make(_refuse))
        app.action_undo()
        app.open_folders(other)
        await settled(pilot)
        assert FULL in toasts(app)
        assert app.undoable == ""


def _refuse(_session: Session) -> None:
    raise DiscoverError(FULL)


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
