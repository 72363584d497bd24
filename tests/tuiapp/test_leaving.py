"""Leaving: the thread that reads the terminal is ended without holding the event loop."""

from __future__ import annotations

import asyncio
import threading
from types import SimpleNamespace
from typing import Any

import pytest
from textual.app import App

from tuiapp.leaving import _read_no_more


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
