"""What is under way when a private session begins: done before it, refused, or part of it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from engine.paths import Folders
from tests.support.driving import settled, the_list, toasts, verdicts
from tests.support.folders import fingerprint
from tuiapp.app.app import DiscoverApp
from tuiapp.music import Music
from tuiapp.settings import config_file


@contextmanager
def busy(app: DiscoverApp) -> Iterator[None]:
    """A question that takes as long as the block."""
    asked, answered = threading.Event(), threading.Event()

    def ask() -> None:
        with app.engine().exclusive():
            asked.set()
            answered.wait(20)

    thread = threading.Thread(target=ask)
    thread.start()
    asked.wait(20)
    try:
        yield
    finally:
        answered.set()
        thread.join()


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The jobs that were begun."""
    begun: list[str] = []

    async def run_job(job: Any, *_: Any) -> dict[str, Any]:
        begun.append(job.title)
        return {"type": "cancelled"}

    monkeypatch.setattr("tuiapp.app.jobs.run_job", run_job)
    return begun


async def test_no_job_begins_while_a_private_session_does(folders: Folders, started: list[str]) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(110, 30)) as pilot:
        await settled(pilot)
        with busy(app):
            await pilot.press("P")
            assert app.private_since is None
            app.jobs.start("Training", "train")
            app.jobs.start("Import", "import", "x")
        await settled(pilot, lambda: app.private_since is not None)
        assert app.engine().private
        assert started == []
        assert any("Import can't run while a private session begins" in toast for toast in toasts(app))


async def test_one_job_in_one_go_and_no_private_session_beside_it(
    folders: Folders, started: list[str]
) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(110, 30)) as pilot:
        await settled(pilot)
        app.jobs.start("Training", "train")
        app.jobs.start("Import", "import", "x")
        app.action_private()
        await settled(pilot)
        assert started == ["Training"]
        assert app.private_since is None
        assert not app.engine().private


async def test_what_was_asked_for_before_is_kept_and_what_comes_after_is_not(folders: Folders) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(110, 30)) as pilot:
        await settled(pilot)
        names = [row.artist for row in the_list(app)._rows[:4]]
        with busy(app):
            for name in names[:2]:
                app.changes.judge("like", [Music(name)])
            app.action_private()
            for name in names[2:]:
                app.changes.judge("like", [Music(name)])
            await asyncio.sleep(0.01)
        await settled(pilot, lambda: app.private_since is not None)
        found = verdicts(folders)
        assert [found.get(name) for name in names] == ["like", "like", None, None]


async def test_it_waits_for_a_setting_that_is_being_written(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes, may_write, private = threading.Event(), threading.Event(), []
    write = config_file.write
    app = DiscoverApp(folders)

    def slowly(*given: Any) -> None:
        writes.set()
        may_write.wait(20)
        private.append(app.engine().private)
        write(*given)

    monkeypatch.setattr(config_file, "write", slowly)
    async with app.run_test(size=(110, 30)) as pilot:
        await settled(pilot)
        app.preferences.change("theme", "textual-light")
        await asyncio.to_thread(writes.wait, 20)
        await pilot.press("P")
        await asyncio.sleep(0.2)
        may_write.set()
        await settled(pilot, lambda: app.private_since is not None)
        assert private == [False]
        assert "textual-light" in folders.config.read_text()


async def test_it_waits_for_plays_that_are_being_kept(folders: Folders) -> None:
    kept = asyncio.Event()
    app = DiscoverApp(folders)
    async with app.run_test(size=(110, 30)) as pilot:
        await settled(pilot)
        app.listening._listener = SimpleNamespace(inbox=SimpleNamespace(end=kept.wait))
        await pilot.press("P")
        await asyncio.sleep(0.1)
        assert not app.engine().private
        kept.set()
        await settled(pilot, lambda: app.private_since is not None)
        app.listening._listener = None


async def test_a_repair_chosen_in_it_repairs_nothing(folders: Folders) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(110, 30)) as pilot:
        await settled(pilot)
        await pilot.press("P")
        app.repairing._answered("repair")
        await settled(pilot, lambda: app.private_since is not None)
        before = fingerprint(folders.root)
        app.repairing._answered("repair")
        await settled(pilot)
        assert fingerprint(folders.root) == before
        assert app.engine().private
        assert any("A private session changes nothing." in toast for toast in toasts(app))


async def test_a_private_session_that_ended_is_over_in_the_next_library_too(folders: Folders) -> None:
    app = DiscoverApp(folders, private=True)
    async with app.run_test(size=(110, 30)) as pilot:
        await settled(pilot)
        await pilot.press("P")
        await settled(pilot, lambda: app.private_since is None)
        app.open_folders(folders)
        await settled(pilot)
        assert not app.engine().private
