"""Data folders, made once and copied for each test."""

from __future__ import annotations

import gc
import itertools
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from textual._compositor import Compositor
from textual._context import active_app
from textual.app import App
from textual.css.stylesheet import Stylesheet
from textual.pilot import Pilot

from engine.paths import Folders
from tests.support.disorder import disorder
from tests.support.driving import drained
from tests.support.places import fill

PAINT = Compositor.render_update
_ENDED = itertools.count(1)


@pytest.fixture(autouse=True)
def _ended_apps_are_let_go() -> Iterator[None]:
    """An app sets what is there apart from collections: in one process, the apps before it too."""
    yield
    if next(_ENDED) % 300 == 0:
        gc.unfreeze()
        gc.collect()


@pytest.fixture(autouse=True)
def _one_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists change a little every day, hours are local: screens are compared with those of one day and zone."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    monkeypatch.setattr("engine.session.discover.Discover.today", staticmethod(lambda: 20_000))


@pytest.fixture(autouse=True)
def _in_another_order(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a seed in DISCOVER_DISORDER, what runs at once is held up here and there."""
    disorder(monkeypatch, request.node.nodeid)


@pytest.fixture(autouse=True)
def _no_waiting_by_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key pressed and a pause end when every message is dealt with, not when the processor has been idle.

    Textual's pilot also has every widget answer a message of its own before each of these waits: half of all messages.
    """
    begun: set[Pilot[Any]] = set()

    async def wait(*_seconds: float) -> None:
        await drained(active_app.get())

    async def wait_where_nothing_else_does(pilot: Pilot[Any]) -> bool:
        if pilot not in begun:
            begun.add(pilot)
            await drained(pilot.app)
        return True

    monkeypatch.setattr("textual.pilot.wait_for_idle", wait)
    monkeypatch.setattr("textual.app.wait_for_idle", wait)
    monkeypatch.setattr(Pilot, "_wait_for_screen", wait_where_nothing_else_does)


@pytest.fixture(scope="session", autouse=True)
def _sheets_read_once() -> Iterator[None]:
    """An app reads a sheet once for its colours, and every app of a process the same: a fifth of a start."""
    parse, rules = Stylesheet._parse_rules, {}

    def once(sheets: Any, *of: Any, **more: Any) -> Any:
        key = (*of, *more.items(), *sheets._variables.items())
        if key not in rules:
            rules[key] = parse(sheets, *of, **more)
        return rules[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stylesheet, "_parse_rules", once)
        yield


@pytest.fixture(scope="session", autouse=True)
def _painted_where_looked_at() -> Iterator[None]:
    """Nobody sees what a test's app paints between two looks: a third of its time. What asks for a screen gets it.

    What is on the screen as an app ends is painted, once: a row that cannot be drawn still fails the test it is in.
    """
    end = App._shutdown

    def where_looked_at(screen: Compositor, full: bool = False, **more: Any) -> Any:
        if full:
            return PAINT(screen, full, **more)
        screen._dirty_regions.clear()
        return None

    async def painted_once(app: App[Any]) -> None:
        # As if the person quit: what changed meanwhile is no view's matter.
        app.leaving = True
        if app._screen_stack and app.size:
            try:
                app.screen._compositor.render_update(full=True, screen_stack=app._background_screens)
            except Exception as error:  # noqa: BLE001 - as the app would take it
                app._handle_exception(error)
        await end(app)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Compositor, "render_update", where_looked_at)
        patch.setattr(App, "_shutdown", painted_once)
        yield


@pytest.fixture
def painting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every change is painted, as on a terminal: for tests of what is painted when."""
    monkeypatch.setattr(Compositor, "render_update", PAINT)


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    """A data folder with everything in it. Only for reading: tests get copies."""
    return fill(tmp_path_factory.mktemp("filled") / "data")


@pytest.fixture
def folders(filled: Folders, tmp_path: Path) -> Folders:
    """A filled data folder of one's own."""
    shutil.copytree(filled.root, tmp_path / "data")
    return Folders(tmp_path / "data")


@pytest.fixture
def empty(tmp_path: Path) -> Folders:
    """Where nothing was ever written."""
    return Folders(tmp_path / "data")


@pytest.fixture
def demo_prepared(filled: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo is prepared at once, with what `filled` holds."""

    async def prepared(_job: object, data_dir: Path, _changed: object) -> dict[str, object]:
        shutil.copytree(filled.root, data_dir)
        return {"type": "done", "result": {}}

    monkeypatch.setattr("tuiapp.app.jobs.run_job", prepared)
