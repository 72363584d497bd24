"""Leaving: the thread that reads the terminal is ended without holding the loop, and with the terminal the app."""

from __future__ import annotations

import asyncio
import os
import select
import threading
from types import SimpleNamespace
from typing import Any

import pytest
from textual.app import App

from engine.paths import Folders
from tuiapp.app.app import DiscoverApp
from tuiapp.app.quit import _read_no_more, leave_with_the_terminal, terminal_is_gone


def app_with(driver: Any) -> Any:
    return SimpleNamespace(_driver=driver)


async def test_the_reader_of_the_terminal_is_waited_for_while_the_loop_goes_on() -> None:
    ends, looks = threading.Event(), threading.Event()

    def read() -> None:
        ends.wait(20)
        looks.wait(20)

    reader = threading.Thread(target=read)
    reader.start()
    leaving = asyncio.create_task(
        _read_no_more(app_with(SimpleNamespace(_key_thread=reader, exit_event=ends)))
    )
    for _ in range(10):
        await asyncio.sleep(0)
    assert not leaving.done()
    assert ends.is_set()
    looks.set()
    await leaving
    assert not reader.is_alive()
    assert not ends.is_set(), "to the driver it is open still: it gives the mouse back"


async def test_a_driver_without_a_reader_is_left_alone() -> None:
    await _read_no_more(app_with(None))
    await _read_no_more(app_with(SimpleNamespace(_key_thread=None, exit_event=threading.Event())))


async def test_textuals_driver_keeps_its_reader_where_it_is_looked_for() -> None:
    driver = pytest.importorskip("textual.drivers.linux_driver").LinuxDriver(App())
    assert {"_key_thread", "exit_event"} <= vars(driver).keys()


@pytest.mark.skipif(not hasattr(select, "poll"), reason="no poll here")
def test_a_terminal_is_gone_when_its_other_end_is_closed() -> None:
    outer, inner = os.openpty()
    try:
        assert not terminal_is_gone(inner)
        os.close(outer)
        assert terminal_is_gone(inner)
    finally:
        os.close(inner)


async def test_an_app_whose_terminal_is_gone_quits(empty: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a signal nothing else would end it, and Textual's reader takes a whole processor."""
    monkeypatch.setattr("tuiapp.app.quit.LOOK_SECONDS", 0.01)
    answers = iter([False, True])
    monkeypatch.setattr("tuiapp.app.quit.terminal_is_gone", lambda _fileno: next(answers))
    left = asyncio.Event()

    async def leave() -> None:
        left.set()

    app = DiscoverApp(empty)
    async with app.run_test():
        monkeypatch.setattr(app, "action_quit", leave)
        monkeypatch.setattr(app._driver, "fileno", 0, raising=False)
        leave_with_the_terminal(app)
        await asyncio.wait_for(left.wait(), 20)
