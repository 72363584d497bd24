"""Leaving: what the last keys asked for is done first, and the event loop waits for nobody."""

from __future__ import annotations

import asyncio
import contextlib
import select
import signal
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from textual.worker import NoActiveWorker, Worker, get_current_worker

from engine.errors import DiscoverError
from tuiapp.textual_internals import end_at_once, terminal_of, terminal_reader, wait_for_no_writer

if TYPE_CHECKING:
    from tuiapp.app.app import DiscoverApp


# Seconds that an app which failed waits for its threads: what they do is whole whenever they end.
GRACE = 5.0
# How often it is looked whether the terminal is still there.
LOOK_SECONDS = 2.0


async def leave(app: DiscoverApp, code: int = 0) -> None:
    """Wait for work that is under way (a like must not be lost to a quick q), keep the state, and end the app with an
    exit code."""
    kept = app.state_now()
    reading = asyncio.create_task(_read_no_more(app))
    app.hearing.end()
    await app.opening.leave()
    await app.listening.end()
    while running := [w for w in app.workers if w.is_running and w.group != "job" and w is not _here()]:
        await asyncio.gather(*(worker.wait() for worker in running), return_exceptions=True)
    # What was waited for may have opened it.
    if (session := app.session_in_use) is not None:
        with contextlib.suppress(DiscoverError):
            session.library.write_state(kept)
        session.close()
    if app.job is not None:
        app.job.cancel()
    await reading
    wait_for_no_writer(app)
    app.exit(code)


def terminal_is_gone(fileno: int) -> bool:
    """Whether nobody is at the other end any more; false where that is not known."""
    if not hasattr(select, "poll"):
        return False
    poller = select.poll()
    poller.register(fileno, 0)  # that the other end hung up is always reported
    return any(event & select.POLLHUP for _, event in poller.poll(0))


def ask_whether_to_stop(app: DiscoverApp, job: str, then: Callable[[bool], None]) -> None:
    """Ask whether to quit while a job runs, which quitting would stop."""
    from tuiapp.screens.pick import Choice, Pick

    question = Pick(
        f"{job} is running",
        [Choice("stop", "Stop it and quit"), Choice("stay", "Stay")],
        more="What is done so far is kept; the rest is lost.",
        now="stay",
    )
    app.push_screen(question, lambda choice: then(choice == "stop"))


def leave_on_signals(app: DiscoverApp) -> None:
    """Whoever is asked to end leaves a clean terminal, with the exit code the shell expects; no question is asked."""
    loop = asyncio.get_running_loop()

    def asked(number: int) -> None:
        if app.failures.over:
            # Its messages are read no more.
            end_in_time(app, 0.0)
        else:
            app.call_later(app.leave, 128 + number)

    for name in ("SIGTERM", "SIGHUP", "SIGQUIT", "SIGINT"):
        number = getattr(signal, name, None)
        if number is not None:
            # Not on Windows, nor on another thread than the first.
            with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
                loop.add_signal_handler(number, asked, number)


def end_in_time(app: DiscoverApp, seconds: float) -> None:
    """An app that failed ends within so many seconds, even where a thread of it does not or its event loop waits for
    something."""

    def end() -> None:
        time.sleep(seconds)
        end_at_once(app, app.failures.report)

    threading.Thread(target=end, daemon=True).start()


def leave_with_the_terminal(app: DiscoverApp) -> None:
    """Quit as `q` does when the terminal is gone without a signal: the driver's reader would spin for ever."""
    fileno = terminal_of(app)
    if fileno is None:
        return

    def look() -> None:
        if terminal_is_gone(fileno):
            app.call_later(app.leave)
            # Ends this very call, where anything is waited for in it.
            timer.stop()

    timer = app.set_interval(LOOK_SECONDS, look)


def _here() -> Worker[Any] | None:
    """The worker this runs in: the palette runs actions in one."""
    try:
        return get_current_worker()
    except NoActiveWorker:
        return None


async def _read_no_more(app: DiscoverApp) -> None:
    """End the thread that reads the terminal, where the driver has one.

    It looks only each tenth of a second whether it is to end; the driver would wait for that on the event loop.
    """
    if (found := terminal_reader(app)) is not None:
        reader, ends = found
        ends.set()
        await asyncio.to_thread(reader.join)
        # Not yet closed for the driver, which still has the mouse to give back.
        ends.clear()
