"""Pictures of the app at the sizes it promises to be usable at.

After a wanted change: `pytest -n 0 tests/tuiapp/test_snapshots.py --snapshot-update`, and look at the pictures.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from engine.errors import DamagedDataError
from engine.paths import Folders
from engine.session import Session
from tests.support.driving import ASKED, app_in, settled
from tests.support.listens import play
from tests.support.models import names, write_model
from tests.support.places import MONDAY
from tests.support.tagged import give_tags
from tuiapp.app.app import DiscoverApp
from tuiapp.screens.view import View
from tuiapp.settings.actions import VIEWS

SMALL = (80, 24)
SIZES = [(60, 20), SMALL, (120, 40), (200, 60)]
NAMES = [name for name, _ in VIEWS]
Show = Callable[[Pilot[Any]], Awaitable[None]]


@pytest.fixture(autouse=True)
def _still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing in a picture moves: the private session's clock is stopped, and no cursor blinks."""
    monkeypatch.setattr("tuiapp.widgets.chrome.time", SimpleNamespace(monotonic=lambda: 754.0))
    monkeypatch.setattr("textual.widgets.Input._toggle_cursor", lambda _self: None)


@pytest.mark.parametrize("size", SIZES, ids=[f"{width}x{height}" for width, height in SIZES])
@pytest.mark.parametrize("view", NAMES)
def test_view(filled: Folders, snap_compare: Any, view: str, size: tuple[int, int]) -> None:
    assert snap_compare(app_in(view, filled), terminal_size=size, run_before=settled)


@pytest.mark.parametrize("size", [SMALL, (120, 40)], ids=["80x24", "120x40"])
def test_genres(folders: Folders, snap_compare: Any, size: tuple[int, int]) -> None:
    give_tags(folders)

    async def show(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        for key in ("j", "right", "tab"):
            await pilot.press(key)
            await settled(pilot)

    assert snap_compare(app_in("browse", folders), terminal_size=size, run_before=show)


async def as_tracks(pilot: Pilot[Any]) -> None:
    await settled(pilot)
    await pilot.press("T")
    await settled(pilot)


@pytest.mark.parametrize("size", SIZES, ids=[f"{width}x{height}" for width, height in SIZES])
def test_tracks(folders: Folders, snap_compare: Any, size: tuple[int, int]) -> None:
    write_model(folders.root, level="tracks", items=90, ensemble={"factors": 0.8, "artist": 0.2})
    session = Session(folders)
    for number, title in ((0, 1), (3, 2), (6, 1), (12, 3)):
        play(session.library.connection, names(30)[number], f"Song {title}", MONDAY)
    session.close()
    assert snap_compare(DiscoverApp(folders), terminal_size=size, run_before=as_tracks)


def test_no_tracks(filled: Folders, snap_compare: Any) -> None:
    assert snap_compare(DiscoverApp(filled), terminal_size=SMALL, run_before=as_tracks)


@pytest.mark.parametrize("view", NAMES)
def test_nothing_yet(empty: Folders, snap_compare: Any, view: str) -> None:
    assert snap_compare(app_in(view, empty), terminal_size=SMALL, run_before=settled)


@pytest.mark.parametrize("view", ["discover", "history", "model"])
def test_loading(filled: Folders, snap_compare: Any, monkeypatch: pytest.MonkeyPatch, view: str) -> None:
    # As long as nothing has answered.
    monkeypatch.setattr(View, "ask", lambda *_question, **_options: None)
    assert snap_compare(app_in(view, filled), terminal_size=SMALL, run_before=settled)


@pytest.mark.parametrize("view", NAMES)
def test_error(folders: Folders, snap_compare: Any, monkeypatch: pytest.MonkeyPatch, view: str) -> None:
    def damaged(*_arguments: Any, **_options: Any) -> None:
        raise DamagedDataError("The model cannot be read. Train again to build it anew: discover train.")

    for question in ASKED.values():
        monkeypatch.setattr(question, damaged)
    assert snap_compare(app_in(view, folders), terminal_size=SMALL, run_before=settled)


@pytest.mark.parametrize("theme", ["textual-light", "nord", "no colour"])
@pytest.mark.parametrize("view", NAMES)
def test_theme(
    filled: Folders, snap_compare: Any, monkeypatch: pytest.MonkeyPatch, view: str, theme: str
) -> None:
    if theme == "no colour":
        monkeypatch.setenv("NO_COLOR", "1")
    app = app_in(view, filled)

    async def show(pilot: Pilot[Any]) -> None:
        if theme != "no colour":
            app.theme = theme
        await settled(pilot)

    assert snap_compare(app, terminal_size=SMALL, run_before=show)


@pytest.mark.parametrize(
    "key", ["s", "i", "question_mark", "S", "enter"], ids=["search", "import", "help", "settings", "artist"]
)
def test_dialog(filled: Folders, snap_compare: Any, key: str) -> None:
    async def show(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await pilot.press(key)
        await settled(pilot)

    assert snap_compare(DiscoverApp(filled), terminal_size=SMALL, run_before=show)


def test_private_session(folders: Folders, snap_compare: Any) -> None:
    app = DiscoverApp(folders, private=True)
    app.private_since = 0.0
    assert snap_compare(app, terminal_size=SMALL, run_before=settled)


@pytest.mark.parametrize("view", NAMES)
def test_filter_without_match(filled: Folders, snap_compare: Any, view: str) -> None:
    async def show(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await pilot.press("slash")
        pilot.app.screen.query_one(".filter Input", Input).value = "nobody"
        await settled(pilot)

    assert snap_compare(app_in(view, filled), terminal_size=SMALL, run_before=show)


def test_no_picture_is_left_of_a_test_that_is_gone(request: pytest.FixtureRequest) -> None:
    """syrupy tells only when all tests run in one process."""
    if request.config.option.keyword or any("::" in argument for argument in request.config.args):
        pytest.skip("only some of the tests run")
    here = {item.name for item in request.session.items if item.path == request.path}
    pictures = {file.stem for file in (Path(__file__).parent / "__snapshots__" / "test_snapshots").iterdir()}
    assert pictures <= here
