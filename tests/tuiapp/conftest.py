"""Data folders, made once and copied for each test."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from textual._context import active_app
from textual.css.stylesheet import Stylesheet

from engine.paths import Folders
from tests.support.driving import drained
from tests.support.places import fill


@pytest.fixture(autouse=True)
def _one_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists change a little every day, hours are local: screens are compared with those of one day and zone."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    monkeypatch.setattr("engine.session.discover.Discover.today", staticmethod(lambda: 20_000))


@pytest.fixture(autouse=True)
def _no_waiting_by_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key pressed and a pause end when every message is dealt with, not when the processor has been idle."""

    async def wait(*_seconds: Any) -> None:
        await drained(active_app.get())

    monkeypatch.setattr("textual.pilot.wait_for_idle", wait)
    monkeypatch.setattr("textual.app.wait_for_idle", wait)


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
