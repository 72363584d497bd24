"""Quitting: pending changes are finished first, without blocking the event loop."""

from __future__ import annotations

import asyncio
import contextlib
import select
import signal
import threading
import time
from typing import TYPE_CHECKING, Any

from textual.worker import NoActiveWorker, Worker, get_current_worker

from engine.errors import DiscoverError
from tuiapp.textual_internals.terminal import end_at_once, terminal_of, terminal_reader, wait_for_no_writer
from tuiapp.textual_internals.widgets import forget_input

if TYPE_CHECKING:
    from textual.screen import Screen

    from tuiapp.app.app import DiscoverApp
    from tuiapp.job import Job


# Seconds a failed app waits for its threads, whose work is safe to interrupt.
GRACE = 5.0
# Seconds between checks for a lost terminal.
LOOK_SECONDS = 2.0


async def leave(app: DiscoverApp, code: int = 0) -> None:
    """Wait for pending work (a like must not be lost to a quick q), save the state, and exit with a code."""
    kept = app.state_now()
    if app.job is not None:
        # At once: a change may wait for it, and a repair is itself one.
        app.job.cancel()
    reading = asyncio.create_task(_read_no_more(app))
    app.playback.end()
    await app.opening.leave()
    await app.listening.end()
    app.changes.log_late(ends=True)
    while running := [w for w in app.workers if w.is_running and w.group != "job" and w is not _here()]:
        await asyncio.gather(*(worker.wait() for worker in running), return_exceptions=True)
    # Pending work may have opened it.
    if (session := app.session_in_use) is not None:
        with contextlib.suppress(DiscoverError):
            session.library.write_state(kept)
        session.close()
    await reading
    wait_for_no_writer(app)
    app.exit(code)


def terminal_is_gone(fileno: int) -> bool:
    """Whether the terminal is gone; false if unknown."""
    if not hasattr(select, "poll"):
        return False
    poller = select.poll()
    poller.register(fileno, 0)  # POLLHUP is always reported
    return any(event & select.POLLHUP for _, event in poller.poll(0))


def ask_whether_to_stop(app: DiscoverApp, job: str) -> Screen[Any]:
    """Ask whether to quit while a job runs, which quitting would stop; returns the question."""
    from tuiapp.screens.pick import Choice, Pick

    question = Pick(
        f"{job} is running",
        [Choice("stop", "Stop it and quit"), Choice("stay", "Stay")],
        more="What is done so far is kept; the rest is lost.",
        now="stay",
    )

    def answered(choice: str | None) -> None:
        if choice == "stop":
            app.call_later(app.leave)

    app.push_screen(question, answered)

    def ended(now: Job | None) -> None:
        # Its question would no longer be true.
        if (now is None or now.title != job) and question.is_current:
            question.dismiss(None)

    question.watch(app, "job", ended, init=False)
    return question


def leave_on_signals(app: DiscoverApp) -> None:
    """Exit on signals with a restored terminal and the exit code the shell expects, without asking."""
    loop = asyncio.get_running_loop()

    def asked(number: int) -> None:
        if app.failures.over:
            # Its messages are read no more.
            end_in_time(app, 0.0)
        else:
            _leave_before_other_input(app, 128 + number)

    for name in ("SIGTERM", "SIGHUP", "SIGQUIT", "SIGINT"):
        number = getattr(signal, name, None)
        if number is not None:
            # Not on Windows, nor on another thread than the first.
            with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
                loop.add_signal_handler(number, asked, number)


def end_in_time(app: DiscoverApp, seconds: float) -> None:
    """Exit a failed app within a few seconds, even if a thread or its event loop hangs."""

    def end() -> None:
        time.sleep(seconds)
        end_at_once(app, app.failures.report)

    threading.Thread(target=end, daemon=True).start()


def leave_with_the_terminal(app: DiscoverApp) -> None:
    """Quit if the terminal is gone without a signal: the driver's reader would loop forever."""
    fileno = terminal_of(app)
    if fileno is None:
        return

    def look() -> None:
        if terminal_is_gone(fileno):
            _leave_before_other_input(app)
            # Ends this very call, where anything is waited for in it.
            timer.stop()

    timer = app.set_interval(LOOK_SECONDS, look)


def _leave_before_other_input(app: DiscoverApp, *code: int) -> None:
    """Leave without acting on keys still waiting: those of a long paste would go on for minutes, at no terminal."""
    forget_input(app)
    app.call_later(app.leave, *code)


def _here() -> Worker[Any] | None:
    """The worker this runs in: the palette runs actions in one."""
    try:
        return get_current_worker()
    except NoActiveWorker:
        return None


async def _read_no_more(app: DiscoverApp) -> None:
    """End the thread that reads the terminal, if the driver has one.

    It checks only each tenth of a second whether to end; the driver would wait for that on the event loop.
    """
    if (found := terminal_reader(app)) is not None:
        reader, ends = found
        ends.set()
        await asyncio.to_thread(reader.join)
        # Not yet closed for the driver, which still has the mouse to give back.
        ends.clear()
