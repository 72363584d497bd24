"""Whatever the palette offers can be done: no command ends in an error nobody expected.

Each view does what it alone offers, and its share of what all of them do.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from textual.app import SystemCommand
from textual.pilot import Pilot

from engine.paths import Folders
from tests.support.driving import settled
from tuiapp.app.app import DiscoverApp
from tuiapp.app.palette import ArtistCommands
from tuiapp.job import Job
from tuiapp.settings.actions import SCREENS

# Leaving the app is what a command that ends it does.
QUITS = "Quit"


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> list[str]:
    """What would have been done outside the app: a child process begun, a page opened."""
    done: list[str] = []

    async def run_job(job: Job, *_: Any) -> dict[str, Any]:
        done.append(job.arguments[0])
        return {"type": "cancelled"}

    def open_in_browser(url: str) -> bool:
        done.append(url)
        return True

    monkeypatch.setattr("tuiapp.app.jobs.run_job", run_job)
    monkeypatch.setattr("tuiapp.app.player.open_in_browser", open_in_browser)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(DiscoverApp, "deliver_screenshot", lambda *_: done.append("screenshot"))
    return done


def offered(app: DiscoverApp) -> list[SystemCommand]:
    return [one for one in app.get_system_commands(app.screen) if not one.title.startswith(QUITS)]


async def back_to(pilot: Pilot[Any], view: str) -> None:
    """To the view alone, as a person comes back to it."""
    app = pilot.app
    assert isinstance(app, DiscoverApp)
    if len(app.screen_stack) == 1 and app.current_mode == view:
        return
    while len(app.screen_stack) > 1:
        app.pop_screen()
    app.action_view(view)
    await settled(pilot)


def failed(app: DiscoverApp) -> str:
    """What nobody expected, or nothing."""
    return repr(app._exception or app.failures.report or "")


def titles(commands: Iterable[SystemCommand]) -> list[str]:
    return [command.title for command in commands]


async def test_every_command_of_the_palette_can_be_done(folders: Folders, outside: list[str]) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        by_view = {}
        for view in dict(SCREENS):
            await back_to(pilot, view)
            by_view[view] = titles(offered(app))
        everywhere = sorted(set.intersection(*map(set, by_view.values())))
        assert len(everywhere) > 15
        for place, (view, commands) in enumerate(by_view.items()):
            await back_to(pilot, view)
            # Its own, and of those of every view as many as there are views for.
            mine = [title for title in commands if title not in everywhere] + everywhere[
                place :: len(by_view)
            ]
            for title in mine:
                # Queried again: the command before may have replaced the view.
                command = next((one for one in offered(app) if one.title == title), None)
                if command is None:
                    continue
                app.call_later(command.callback)
                # Textual takes the picture a moment later.
                await settled(pilot, lambda title=title: title != "Screenshot" or "screenshot" in outside)
                assert failed(app) == repr(""), (view, title)
                await back_to(pilot, view)
                assert failed(app) == repr(""), (view, title)
                if app.private_since is not None:
                    app.action_private()
                    await settled(pilot)
        assert "screenshot" in outside
        leaving = next(one for one in app.get_system_commands(app.screen) if one.title.startswith(QUITS))
        app.call_later(leaving.callback)
        await settled(pilot, lambda: app.return_code is not None)
        assert app.return_code == 0


async def test_every_command_of_an_artist_can_be_done(folders: Folders) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        for place, view in enumerate(dict(SCREENS)):
            await back_to(pilot, view)
            app.action_command_palette()
            await settled(pilot)
            hits = [hit async for hit in ArtistCommands(app.screen).search("Artist B27")]
            app.pop_screen()
            # What can be done with the first artist found, half of it in a view; with the others it is the same.
            assert len(hits) >= 4
            for hit in hits[place % 2 : 4 : 2]:
                app.call_later(hit.command)
                await settled(pilot)
                assert failed(app) == repr(""), hit.text
                await back_to(pilot, view)
        verdicts = {mark.artist: mark.verdict for mark in app.engine().verdicts.all()}
        assert verdicts["Artist B27"] == "block"
