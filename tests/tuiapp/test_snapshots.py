"""Pictures of the app at the sizes it promises to be usable at (TUI.md, point 4).

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

from engine.paths import Folders
from tests.tuiapp.driving import settled
from tuiapp.actions import VIEWS
from tuiapp.app import DiscoverApp

SMALL, MIDDLE = (80, 24), (120, 40)
Show = Callable[[Pilot[Any]], Awaitable[None]]


@pytest.fixture(autouse=True)
def _still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing in a picture moves: the private session's clock stands, and no cursor blinks."""
    monkeypatch.setattr("tuiapp.widgets.chrome.time", SimpleNamespace(monotonic=lambda: 754.0))
    monkeypatch.setattr("textual.widgets.Input._toggle_cursor", lambda _self: None)


def at(view: str) -> Show:
    async def show(pilot: Pilot[Any]) -> None:
        app = pilot.app
        assert isinstance(app, DiscoverApp)
        await settled(pilot)
        app.action_view(view)
        await settled(pilot)

    return show


@pytest.mark.parametrize(("width", "height"), [SMALL, MIDDLE], ids=["80x24", "120x40"])
@pytest.mark.parametrize("view", [name for name, _ in VIEWS])
def test_view(filled: Folders, snap_compare: Any, view: str, width: int, height: int) -> None:
    assert snap_compare(DiscoverApp(filled), terminal_size=(width, height), run_before=at(view))


@pytest.mark.parametrize(("width", "height"), [(60, 20), (200, 60)], ids=["60x20", "200x60"])
def test_discover_narrow_and_wide(filled: Folders, snap_compare: Any, width: int, height: int) -> None:
    assert snap_compare(DiscoverApp(filled), terminal_size=(width, height), run_before=settled)


def test_first_run(empty: Folders, snap_compare: Any) -> None:
    assert snap_compare(DiscoverApp(empty), terminal_size=SMALL, run_before=settled)


def test_private_session(folders: Folders, snap_compare: Any) -> None:
    app = DiscoverApp(folders, private=True)
    app.private_since = 0.0
    assert snap_compare(app, terminal_size=SMALL, run_before=settled)


def test_filter_without_match(filled: Folders, snap_compare: Any) -> None:
    async def show(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await pilot.press("slash")
        pilot.app.screen.query_one(".filter Input", Input).value = "nobody"
        await settled(pilot)

    assert snap_compare(DiscoverApp(filled), terminal_size=SMALL, run_before=show)


def test_help(filled: Folders, snap_compare: Any) -> None:
    async def show(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await pilot.press("question_mark")
        await settled(pilot)

    assert snap_compare(DiscoverApp(filled), terminal_size=MIDDLE, run_before=show)


def test_no_picture_is_left_of_a_test_that_is_gone(request: pytest.FixtureRequest) -> None:
    """syrupy tells only when all tests run in one process."""
    if request.config.option.keyword or any("::" in argument for argument in request.config.args):
        pytest.skip("only some of the tests run")
    here = {item.name for item in request.session.items if item.path == request.path}
    pictures = {file.stem for file in (Path(__file__).parent / "__snapshots__" / "test_snapshots").iterdir()}
    assert pictures <= here
