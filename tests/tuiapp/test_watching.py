"""What another window, a command in a shell or a job does to the library is shown without being asked for."""

from __future__ import annotations

import json
import shutil
import threading
from typing import Any

import pytest

from engine.paths import Folders
from engine.session import Session
from tests.support.driving import app_in, screen_text, settled, the_list, toasts
from tuiapp.app.app import DiscoverApp
from tuiapp.app.preferences import _stamp
from tuiapp.app.watching import Watching
from tuiapp.job import Job
from tuiapp.settings import config
from tuiapp.settings.config import read


@pytest.mark.parametrize("private", [False, True])
async def test_what_another_process_writes_is_seen(folders: Folders, private: bool) -> None:
    app = DiscoverApp(folders, private=private)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        app.action_view("playlists")
        await settled(pilot)
        with Session(folders) as other:
            other.playlists.create("Made elsewhere")
        Watching(app).look()
        await settled(pilot)
        assert ("Made elsewhere" in screen_text(app)) is not private, "a private session has its own lists"


@pytest.mark.parametrize("job", [None, Job("Import", ["import", "x"])])
async def test_what_plays_in_a_private_session_of_another_window_is_not_logged_after_it(
    folders: Folders, job: Job | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        app.job = job
        hushed: list[bool] = []
        app.opening.hush = lambda: hushed.append(True)  # type: ignore[method-assign]  # put in place of the method
        Watching(app).look()
        await settled(pilot)
        assert hushed == []
        with Session(folders, private=True):
            Watching(app).look()
            await settled(pilot)
        assert hushed == [True]
        monkeypatch.setattr("engine.privacy.presence.UNSEEN_SECONDS", -1.0)
        Watching(app).look()
        assert hushed == [True, True], "it was stopped, and one may have been on meanwhile"
        app.job = None


async def test_what_is_forgotten_elsewhere_is_not_brought_back_from_memory(folders: Folders) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        hushed: list[bool] = []
        app.opening.hush = lambda: hushed.append(True)  # type: ignore[method-assign]  # put in place of the method
        app.watching.look()
        await settled(pilot)
        await pilot.press("l")
        await settled(pilot)
        assert app.undoable.startswith("liked")
        with Session(folders) as other:
            other.forget_all()
        assert hushed == []
        app.watching.look()
        await settled(pilot)
        assert app.undoable == ""
        assert hushed == [True], "nor is the current song logged, most of which was heard before"


async def test_nothing_is_queried_again_while_nobody_wrote(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        reports: list[str | None] = []
        await pilot.press("l")
        await settled(pilot)
        monkeypatch.setattr(app, "library_changed", lambda only=None: reports.append(only))
        Watching(app).look()
        await settled(pilot)
        assert reports == [], "what the app itself wrote is no news"


async def test_artists_are_shown_as_soon_as_they_are_trained(folders: Folders) -> None:
    """The model of artists comes into use while the job goes on with tracks."""
    pointer = folders.models / "current"
    named = pointer.read_text()
    pointer.unlink()
    app = DiscoverApp(folders)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert "Your history is imported" in screen_text(app)
        app.job = Job("Training", ["train"], stage="fitting tracks")
        pointer.write_text(named)
        Watching(app).look()
        await settled(pilot)
        assert the_list(app).counts[0]
        assert "Your history is imported" not in screen_text(app)
        app.job = None


async def test_an_import_is_shown_once_it_is_done(folders: Folders) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        app.job = Job("Import", ["import", "x"])
        with Session(folders) as other:
            other.playlists.create("Made elsewhere")
        Watching(app).look()
        await settled(pilot)
        session = app.session_in_use
        assert session is not None
        assert session.library.changed_elsewhere(), "not looked at yet"
        app.job = None


async def test_a_pack_that_is_gone_is_seen(folders: Folders) -> None:
    app = app_in("model", folders)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        (pack,) = [path for path in folders.packs.iterdir() if path.is_dir()]
        name = json.loads((pack / "manifest.json").read_bytes())["name"]
        assert any(row.name == name for row in the_list(app).rows)
        shutil.rmtree(pack)
        Watching(app).look()
        await settled(pilot)
        assert not any(row.name == name for row in the_list(app).rows)


async def test_settings_written_elsewhere_hold_at_the_next_look(folders: Folders) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await settled(pilot)
        folders.config.write_text(
            'theme = "nord"\n[keys]\n"discover.like" = "L"\n[discover]\nknown_plays = 99\n'
        )
        Watching(app).look()
        await settled(pilot)
        assert (app.theme, app.keymap.label("discover.like")) == ("nord", "L")
        assert "L like" in screen_text(app)
        assert not any(row.known for row in the_list(app).rows), "queried again"
        folders.config.write_text('theme = "no such"\n')
        Watching(app).look()
        await settled(pilot)
        assert (app.theme, app.keymap.label("discover.like")) == ("textual-dark", "l")
        assert "no such" in toasts(app)[-1]


async def test_a_setting_of_this_window_is_not_taken_back_by_the_file_of_before(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders.config.write_text('theme = "nord"\n')
    app = DiscoverApp(folders)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        keep, kept = app.preferences._keep, threading.Event()

        def late(*what: Any) -> None:
            kept.wait(10)
            keep(*what)

        monkeypatch.setattr(app.preferences, "_keep", late)
        app.preferences.change("open.service", "Discogs")
        folders.config.write_text('theme = "dracula"\n')
        app.preferences._take(_stamp(folders.config), read(folders.config))
        assert app.preferences.config["open.service"] == "Discogs"
        kept.set()
        await settled(pilot)
        Watching(app).look()
        await settled(pilot)
        assert (app.theme, app.preferences.config["open.service"]) == ("dracula", "Discogs")


async def test_what_was_set_for_a_private_session_stays_in_it(folders: Folders) -> None:
    app = DiscoverApp(folders, private=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        app.preferences.change("theme", "gruvbox")
        folders.config.write_text('theme = "nord"\n[open]\nservice = "Discogs"\n')
        Watching(app).look()
        await settled(pilot)
        assert (app.theme, app.preferences.config["open.service"]) == ("gruvbox", "Discogs")
        app.action_private()
        await settled(pilot)
        assert app.theme == "nord"


async def test_the_settings_file_is_not_read_while_nobody_writes_it(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        monkeypatch.setattr(config, "read", lambda _path: pytest.fail("read"))
        Watching(app).look()
        await settled(pilot)
