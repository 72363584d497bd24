"""Leaving: the thread that reads the terminal is ended without holding the loop, and with the terminal the app."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import termios
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from textual.app import App
from textual.events import Key, Paste

from engine.paths import Folders
from engine.session import Session
from tests.support.driving import screen_text, settled, toasts
from tests.support.terminals import at_a_terminal, drawn_to_the_end, drawn_until
from tuiapp.app.app import DiscoverApp
from tuiapp.app.quit import (
    _leave_before_other_input,
    _read_no_more,
    leave_with_the_terminal,
    terminal_is_gone,
)
from tuiapp.job import Job
from tuiapp.textual_internals.terminal import wait_for_no_writer


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
def test_a_writer_that_died_with_the_terminal_holds_nobody(tmp_path: Path) -> None:
    writer_of = pytest.importorskip("textual.drivers._writer_thread").WriterThread
    with (tmp_path / "terminal").open("w") as file:
        writer = writer_of(file)
        writer.start()
        writer.stop()  # dead, as of a write that failed
        for _ in range(writer._queue.maxsize):
            writer.write("frame")
        wait_for_no_writer(app_with(SimpleNamespace(_writer_thread=writer)))
        writer.stop()
        assert writer._queue.qsize()


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
        monkeypatch.setattr(app, "leave", leave)
        monkeypatch.setattr(app._driver, "fileno", 0, raising=False)
        leave_with_the_terminal(app)
        await asyncio.wait_for(left.wait(), 20)


async def test_quitting_in_the_middle_of_a_job_asks(empty: Folders) -> None:
    app = DiscoverApp(empty)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        app.job = Job("Training", ["train"])
        await pilot.press("q")
        await pilot.pause()
        assert "Training is running" in screen_text(app)
        await pilot.press("enter")
        await pilot.pause()
        assert app.is_running, "the answer that changes nothing is the first"
        await pilot.press("q", "1")
        await pilot.pause()
    assert app.return_value == 0


async def test_the_key_that_quits_ends_no_job_however_often_it_is_pressed(empty: Folders) -> None:
    app = DiscoverApp(empty)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        app.job = Job("Training", ["train"])
        for _ in range(2):
            await pilot.press("q")
            await pilot.pause()
            assert "Training is running" in screen_text(app)
            await pilot.press("q")
            await pilot.pause()
            assert "Training is running" not in screen_text(app), "as it closes any question"
        # Twice before the question is there.
        await app.action_quit()
        await app.action_quit()
        await pilot.pause()
        assert "Training is running" in screen_text(app)
        await pilot.press("escape")
        await pilot.pause()
        assert "Training is running" not in screen_text(app)
        # A view shown meanwhile closes it without an answer.
        await app.action_quit()
        app.views.go("history")
        await settled(pilot)
        await pilot.press("q")
        await pilot.pause()
        assert "Training is running" in screen_text(app)
        assert not app.leaving
        app.job = None


async def test_the_question_goes_with_the_job_it_is_about(empty: Folders) -> None:
    app = DiscoverApp(empty)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        app.job = job = Job("Training", ["train"])
        await pilot.press("q")
        await pilot.pause()
        app.job = job  # goes on
        await pilot.pause()
        assert "Training is running" in screen_text(app)
        app.job = None
        await settled(pilot)
        assert "Training is running" not in screen_text(app)
        assert not app.leaving, "nobody answered"


async def test_quitting_asks_nothing_of_a_job_that_was_asked_to_stop(empty: Folders) -> None:
    app = DiscoverApp(empty)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        app.job = Job("Training", ["train"])
        await pilot.press("ctrl+x", "q")
        await pilot.pause()
    assert app.return_value == 0


async def test_quitting_waits_for_changes_and_for_no_answer_that_nobody_will_see(empty: Folders) -> None:
    """With a million plays each view's takes seconds, and they wait for one another."""
    app, asked = DiscoverApp(empty), list[str]()
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        view: Any = app.screen
        with app.engine().exclusive():
            view.ask(lambda _: asked.append("a list"), print, group="one")
            view.ask_each(lambda _: asked.append("a like"), print, group="other")
            leaving = asyncio.create_task(app.leave())
            await asyncio.sleep(0)
        await leaving
    assert asked == ["a like"]


async def test_a_query_under_way_is_given_up_as_the_app_quits_or_asks_again(empty: Folders) -> None:
    app, answered, failed = DiscoverApp(empty), list[str](), list[Exception]()
    begun = threading.Event()

    def long(session: Session) -> str:
        begun.set()
        counted = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 20000000) SELECT max(i) FROM n"
        return str(session.library.connection.execute(counted).fetchone())

    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        view: Any = app.screen
        view.ask(long, answered.append, group="one", failed=failed.append)
        await asyncio.to_thread(begun.wait, 20)
        view.ask(lambda _: "the newer", answered.append, group="one", failed=failed.append)
        await settled(pilot)
        assert answered == ["the newer"]
        begun.clear()
        view.ask(long, answered.append, group="one", failed=failed.append)
        await asyncio.to_thread(begun.wait, 20)
        await app.leave()
    assert answered == ["the newer"]
    assert not failed, "nobody is there to see it"


async def test_leaving_waits_for_no_keys_of_a_paste(empty: Folders) -> None:
    app = DiscoverApp(empty)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        for number in range(3000):
            app.post_message(Key("ab"[number % 2], None))
            app.screen.post_message(Paste("x"))
        begun = time.monotonic()
        _leave_before_other_input(app, 129)
        assert not [one for one in app._message_queue.values if isinstance(one, Key | Paste)]
        while app.return_value is None and time.monotonic() < begun + 20:
            await asyncio.sleep(0.01)
    assert app.return_value == 129


async def test_ctrl_c_says_which_key_quits_without_markup(empty: Folders) -> None:
    empty.root.mkdir()
    empty.config.write_text('[keys]\nquit = "f10"\n')
    app = DiscoverApp(empty)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("ctrl+c")
        assert toasts(app) == ["Press f10 to quit."]


@pytest.mark.usefixtures("painting")
async def test_back_from_the_shell_the_whole_screen_is_painted(
    empty: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = DiscoverApp(empty)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        painted: list[Any] = []
        monkeypatch.setattr(app, "_display", lambda _screen, update: painted.append(update))
        app.app_resume_signal.publish(app)
        await settled(pilot)
        assert app.screen.region in [getattr(update, "region", None) for update in painted]


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="no terminals here")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGQUIT", "SIGINT"])
def test_a_signal_leaves_the_terminal_clean_and_says_so_in_the_exit_code(tmp_path: Path, name: str) -> None:
    number = getattr(signal, name)
    outer, inner = os.openpty()
    before = termios.tcgetattr(inner)
    started = at_a_terminal(inner, "-m", "tuiapp", "--data-dir", str(tmp_path / "data"))
    try:
        drawn = drawn_until(outer, b"Welcome to")
        started.send_signal(number)
        drawn += drawn_to_the_end(outer, started)
    finally:
        started.kill()
        after = termios.tcgetattr(inner)
        os.close(inner)
        os.close(outer)
    assert started.returncode == 128 + number
    assert after == before, "keys are echoed and taken line by line again"
    for given, taken in ((b"\x1b[?1049h", b"\x1b[?1049l"), (b"\x1b[?1003h", b"\x1b[?1003l")):
        assert drawn.rindex(taken) > drawn.rindex(given), "the screen before, and the mouse, are given back"


# A key that fails while a thread is at work for longer than anybody waits.
_FAILS = """
import sys, threading, time
from pathlib import Path
from engine.paths import Folders
from engine.session import Session
from tuiapp.app import app, quit
def fails(self):
    begun = threading.Event()
    def work():
        begun.set()
        time.sleep(60)
    self._loop.run_in_executor(None, work)
    begun.wait()
    raise KeyError("Quiet Vesper")
app.DiscoverApp.action_help = fails
quit.GRACE = float(sys.argv[2])
sys.exit(app.run_app(Folders(Path(sys.argv[1]))))
"""


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="no terminals here")
@pytest.mark.parametrize("asked", [False, True], ids=["by itself", "asked to"])
def test_an_app_that_failed_ends_whatever_its_threads_are_at(tmp_path: Path, asked: bool) -> None:
    outer, inner = os.openpty()
    before = termios.tcgetattr(inner)
    started = at_a_terminal(inner, "-c", _FAILS, str(tmp_path / "data"), "60" if asked else "1")
    try:
        drawn = drawn_until(outer, b"Welcome to")
        os.write(outer, b"?")
        drawn += drawn_until(outer, b"Nothing was")
        if asked:
            started.send_signal(signal.SIGTERM)
        drawn += drawn_to_the_end(outer, started)
        assert started.returncode == 1
        assert termios.tcgetattr(inner) == before
    finally:
        started.kill()
        os.close(inner)
        os.close(outer)
    assert drawn.rindex(b"\x1b[?1049l") > drawn.rindex(b"\x1b[?1049h")
    assert b"Vesper" not in drawn
