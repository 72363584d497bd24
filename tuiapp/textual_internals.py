"""Every touch of what is private to Textual, each with its reason: what to look at first when its version changes.

Textual is pinned exactly in pyproject.toml for this. No other module uses a name of its that begins with an underscore.
"""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import os
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Literal, NoReturn

from textual._context import active_app
from textual.app import App
from textual.events import Event, Key
from textual.notifications import Notify
from textual.screen import Screen

# A screen is made within so many seconds.
_MADE_SECONDS = 2.0


class Guarded(App[int]):
    """An app that hears of what nobody expected: Textual's own way prints a traceback, with names of music in it."""

    def unexpected(self, error: Exception) -> None:
        """An error nobody expected came up, in background work (a WorkerFailed) or in the app itself."""
        raise NotImplementedError

    def _handle_exception(self, error: Exception) -> None:
        self.unexpected(error)

    async def on_event(self, event: Event) -> None:
        """A key that comes in one read with the one that opened a screen waits until there is something in it: its
        actions look for their parts. Not for long: a screen that an app about to end opens is never made."""
        if isinstance(event, Key) and not self.screen.is_mounted:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.screen._mounted_event.wait(), _MADE_SECONDS)
        await super().on_event(event)

    def _on_notify(self, event: Notify) -> None:
        """The newest message takes the place of the one before: a pile of them covers the list. Only what went wrong
        stays beside what merely is so. Textual then adds it."""
        for earlier in list(self._notifications):
            if earlier.severity == "information" or event.notification.severity != "information":
                self._unnotify(earlier, refresh=False)


def report_to_test(app: App[Any], error: Exception) -> None:
    """Let whoever drives the app in a test know of an error; on a terminal do nothing. What `_handle_exception` does
    of it, which is not called."""
    if app._exception is None and app.is_headless:
        app._exception = error


def end_with_failure(app: App[Any]) -> None:
    """The app is about to end by an error: its exit code is 1, and a test that drives it waits no longer."""
    event: Any = app._exception_event
    event.set()
    app._return_code = 1


def end_at_once(app: App[Any], said: str) -> NoReturn:
    """End the process of an app that failed and hangs, with exit code 1; where it has not come to it, the terminal is
    given back first and what is to be `said` printed. Not to be called on the event loop."""
    # Its writer ends last.
    writer = getattr(app._driver, "_writer_thread", None)
    if app._driver is not None and writer is not None and writer.is_alive():
        wait_for_no_writer(app)
        app._driver.stop_application_mode()
        app._driver.close()
        if sys.__stderr__ is not None:
            print(said, file=sys.__stderr__, flush=True)
    os._exit(1)


def all_screens(app: App[Any]) -> Iterator[Screen[Any]]:
    """The screens of all modes, in sight or not: there is a way to those of the mode that is shown alone."""
    for stack in app._screen_stacks.values():
        yield from stack


def toasts_in_sight(app: App[Any]) -> int:
    """How many notifications are shown: the app has a way to clear them, and none to ask whether there are any."""
    return len(app._notifications)


def begin_styled(screen: Screen[Any], sheet: Path) -> None:
    """A new screen has its sheet, which is about nothing else, and no style that is out of date. Textual, not knowing,
    would read all sheets anew, twice, and once more for a sheet that is the screen's own."""
    # The app that runs, whichever it is: a screen's own `app` may be asked for only in the app it was made for.
    app = active_app.get()
    app.stylesheet.read(sheet)
    screen._css_update_count = app._css_update_count
    # Its classes for the terminal's size are those of its first resize, which would style all of it a second time.
    for cells, breakpoints in zip(
        app.size, (screen.HORIZONTAL_BREAKPOINTS, screen.VERTICAL_BREAKPOINTS), strict=True
    ):
        screen.add_class(*screen._get_breakpoint_classes(cells, breakpoints or []), update=False)


def terminal_of(app: App[Any]) -> int | None:
    """The file number of the terminal the app reads, null where its driver has none: it is nowhere else to be had."""
    fileno = getattr(app._driver, "fileno", None)
    return fileno if isinstance(fileno, int) else None


def write_to_terminal(app: App[Any], text: str) -> None:
    """Have the driver write what the terminal understands and Textual has no words for, between what it paints."""
    if app._driver is not None:
        app._driver.write(text)


def terminal_reader(app: App[Any]) -> tuple[threading.Thread, threading.Event] | None:
    """The thread that reads the terminal and what asks it to end, null where the driver has none.

    Who leaves waits for it elsewhere than on the event loop, where the driver would.
    """
    reader, ends = getattr(app._driver, "_key_thread", None), getattr(app._driver, "exit_event", None)
    return (reader, ends) if reader is not None and ends is not None else None


def wait_for_no_writer(app: App[Any]) -> None:
    """Let the driver's last writes never wait: its writer died with a terminal that is gone, and empties its queue no
    more."""
    if (writer := getattr(app._driver, "_writer_thread", None)) is not None:
        writer._queue.maxsize = 0


def forget_watchers(app: App[Any]) -> None:
    """Let go of what watches an attribute of the app and is closed: Textual does that when the attribute changes, which
    may be never, and until then keeps the whole screen."""
    for watchers in getattr(app, "__watchers", {}).values():
        watchers[:] = [one for one in watchers if one[0].is_attached]


def let_no_page_be_turned_without_room() -> None:
    """Have a list of options (the palette's, a file dialog's) that a small terminal has no room for take its page keys:
    it knows no lines then, and looked for one."""
    from textual.widgets import OptionList

    move = OptionList._move_page

    def moved(options: OptionList, direction: Literal[-1, 1]) -> None:
        with contextlib.suppress(KeyError):
            move(options, direction)

    OptionList._move_page = moved  # type: ignore[method-assign,assignment]


def mark_what_is_not_utf8() -> None:
    """Have the driver read a byte that is not UTF-8 as the mark for it: its decoder, which is its own, would raise, and
    the thread that reads the terminal would end with it."""
    from textual.drivers import linux_driver

    def decoder(encoding: str) -> Callable[[], codecs.IncrementalDecoder]:
        return partial(codecs.getincrementaldecoder(encoding), errors="replace")

    # Not annotated: any call that makes a decoder does.
    linux_driver.getincrementaldecoder = decoder  # type: ignore[attr-defined,assignment]
