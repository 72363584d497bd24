"""Every use of Textual's private names, each with its reason: to be checked first when its version changes.

Textual is pinned exactly in pyproject.toml for this. No other module uses a name of its that begins with an underscore.
"""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import inspect
import os
import re
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache, partial, wraps
from pathlib import Path
from typing import Any, Literal, NoReturn, cast

from rich.console import Console
from textual._compositor import ChopsUpdate, CompositorUpdate
from textual._context import active_app
from textual._styles_cache import StylesCache
from textual._xterm_parser import XTermParser
from textual.app import App
from textual.color import Color
from textual.events import Event, InputEvent, Key, Mount, MouseDown, Paste
from textual.geometry import Region
from textual.message import Message
from textual.messages import Prompt
from textual.notifications import Notification, Notify
from textual.screen import Screen, ScreenResultType
from textual.style import Style
from textual.widget import Widget

from tuiapp.safe import shown

# Maximum seconds for composing a screen.
_MADE_SECONDS = 2.0
# A terminal answers what it is asked within so many seconds, or not at all.
_ANSWER_SECONDS = 2.0
# What terminals answer: what they are, an attribute of their graphics, the size of a cell in pixels, what came of a
# picture by kitty's protocol. No key is like it.
_ANSWER = re.compile(r"\x1b\[(?:\?[\d;]*[cS]|6;\d+;\d+t)|\x1b_Gi=\d+;[^\x1b]*\x1b\\")
# The end of what was read, where one may have begun. Shorter it would be a key's: escape, or with alt.
_BEGUN = re.compile(
    r"\x1b(?:\[(?:\?[\d;]{0,99}|6(?:;\d{0,9}){0,2})|_G(?:i(?:=(?:\d{1,9}(?:;[^\x1b]{0,99}\x1b?)?)?)?)?)\Z"
)


class Answer(Message):
    """An answer of the terminal, one escape sequence."""

    def __init__(self, text: str) -> None:
        self.text = text
        super().__init__()


class AnsweringParser(XTermParser):
    """Textual's parser of what the terminal sends, which knows no answers: it would take them for keys."""

    _held = ""

    def feed(self, data: str) -> Iterable[Message]:
        # No data: the end.
        text, self._held, at = self._held + data, "", 0
        if data and (begun := _BEGUN.search(text)):
            text, self._held = text[: begun.start()], begun[0]
        for answer in _ANSWER.finditer(text):
            if before := text[at : answer.start()]:
                yield from super().feed(before)
            yield Answer(answer[0])
            at = answer.end()
        if (rest := text[at:]) or not data:
            yield from super().feed(rest)

    def _parse_extended_key(  # type: ignore[override]  # a cache in the library, a method here
        self, sequence: str
    ) -> list[Key] | None:
        """Also for an invalid code point: Textual raises, which ends the thread that reads the terminal."""
        try:
            return super()._parse_extended_key(sequence)
        except (ValueError, OverflowError):
            return None


class MountedWhole(Screen[ScreenResultType]):
    """A screen that is not mounted if it was closed while it was composed: it has no widgets then, and its handler
    would look for them."""

    async def _dispatch_message(self, message: Message) -> None:
        # As Textual decides whether what it composes is mounted.
        if isinstance(message, Mount) and (self._closing or self._pruning or not self.is_attached):
            return
        await super()._dispatch_message(message)


class OverCells(Widget):
    """A widget over whose cells the terminal draws something: a cell that is painted wipes out what was drawn there."""

    drawn = ""


class _FollowedUpdate(CompositorUpdate):
    """What is painted, and after it what is drawn over cells."""

    def __init__(self, update: CompositorUpdate, drawn: str) -> None:
        self._update, self._drawn = update, drawn

    def render_segments(self, console: Console) -> str:
        return self._update.render_segments(console) + self._drawn


class Remark(Notification):
    """A notification about what is in sight, which goes with it: why a key does nothing here."""


class Guarded(App[int]):
    """An app that handles unexpected errors itself: Textual would print a traceback with names of music."""

    # What is drawn over cells.
    over_cells: OverCells | None = None
    # How often the terminal was asked what it is and has answered, and what it said since the last question.
    _asked = _answered = 0
    _said: tuple[str, ...] = ()
    _news: asyncio.Event | None = None

    def unexpected(self, error: Exception) -> None:
        """Called with an unexpected error, of background work (a WorkerFailed) or of the app itself."""
        raise NotImplementedError

    def _handle_exception(self, error: Exception) -> None:
        self.unexpected(error)

    async def on_event(self, event: Event) -> None:
        """A key read together with the one that opened a screen waits until the screen is composed, since its actions
        query widgets. With a timeout: a screen opened by an exiting app is never composed, where keys do nothing."""
        if isinstance(event, Key) and not self.screen.is_mounted:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.screen._mounted_event.wait(), _MADE_SECONDS)
        if isinstance(event, Key) and (self._exit or not self.screen.is_mounted):
            return
        try:
            await super().on_event(event)
        except AttributeError as error:
            if not (isinstance(event, MouseDown) and _is_of_what_was_removed(error)):
                raise

    async def ask_terminal(self, question: str = "") -> tuple[str, ...]:
        """The terminal's answers to a question, last what it is (DA1), which every terminal answers; nothing where it
        does not, or there is none."""
        if self._driver is None or terminal_of(self) is None:
            return ()
        self._asked += 1
        mine, self._said, self._news = self._asked, (), asyncio.Event()
        self._driver.write(f"{question}\x1b[c")
        self._driver.flush()
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                while self._answered < mine:
                    await self._news.wait()
                    self._news.clear()
        except TimeoutError:
            # It may have gone to another program: the next is not to wait for it too.
            self._answered = self._asked
            return ()
        return self._said if mine == self._asked else ()

    def on_answer(self, message: Answer) -> None:
        """Note what the terminal answers."""
        self._said += (message.text,)
        self._answered = min(self._answered + message.text.endswith("c"), self._asked)
        if self._news is not None:
            self._news.set()

    def _display(self, screen: Screen[Any], renderable: Any) -> None:
        over = self.over_cells
        if (
            over is not None
            and over.drawn
            and screen is self.screen
            and _is_painted(screen, over, renderable)
        ):
            x, y = over.content_region.offset
            renderable = _FollowedUpdate(renderable, f"\x1b[{y + 1};{x + 1}H{over.drawn}")
        super()._display(screen, renderable)

    def _on_notify(self, event: Notify) -> None:
        """The newest notification replaces the previous one, since a pile of them covers the list. Errors stay beside
        information. Textual then adds it."""
        for earlier in list(self._notifications):
            if earlier.severity == "information" or event.notification.severity != "information":
                self._unnotify(earlier, refresh=False)

    def remark(self, message: str) -> None:
        """Show a notification until another view or dialog is shown: Textual's last for their time."""
        lines = "\n".join(map(shown, message.split("\n")))
        self.post_message(Notify(Remark(lines, timeout=self.NOTIFICATION_TIMEOUT)))

    def forget_remarks(self, _shown_now: Screen[Any]) -> None:
        """Another view or dialog is shown."""
        for remark in [one for one in self._notifications if isinstance(one, Remark)]:
            self._unnotify(remark)


def _is_of_what_was_removed(error: AttributeError) -> bool:
    """Whether Textual 8.2 failed to begin to select text in what was painted last and removed since, which has no
    parent any more."""
    at = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    in_textual = at is not None and at.tb_frame.f_code is Screen._forward_event.__code__
    return in_textual and error.obj is None and error.name == "region"


def _is_painted(screen: Screen[Any], widget: Widget, update: object) -> bool:
    """Whether an update paints a cell of a widget that is wholly in sight. Widgets above it come before it, from
    front to back; on the last line of a terminal a picture would scroll it."""
    place, within = Region(), widget.region
    for other, (region, clip) in screen._compositor.visible_widgets.items():
        seen = region.intersection(clip)
        if other is widget:
            place = region if seen == region else place
            break
        if seen.overlaps(within):
            return False
    if not place or place.bottom >= screen.size.height:
        return False
    if not isinstance(update, ChopsUpdate):
        # All of it, or nothing.
        return isinstance(update, CompositorUpdate)
    return any(
        place.y <= y < place.bottom and begin < place.right and end > place.x
        for y, begin, end in update.spans
    )


def report_to_test(app: App[Any], error: Exception) -> None:
    """Report an error to a test that drives the app, as `_handle_exception` would; on a terminal do nothing."""
    if app._exception is None and app.is_headless:
        app._exception = error


def end_with_failure(app: App[Any]) -> None:
    """The app is about to exit by an error: set exit code 1, and release a test that waits."""
    event: Any = app._exception_event
    event.set()
    app._return_code = 1


def end_at_once(app: App[Any], said: str) -> NoReturn:
    """End the process of a failed, hanging app with exit code 1, restoring the terminal and printing `said` first if
    that has not happened. Not to be called on the event loop."""
    # Its writer thread ends last.
    writer = getattr(app._driver, "_writer_thread", None)
    if app._driver is not None and writer is not None and writer.is_alive():
        wait_for_no_writer(app)
        app._driver.stop_application_mode()
        app._driver.close()
        if sys.__stderr__ is not None:
            print(said, file=sys.__stderr__, flush=True)
    os._exit(1)


def all_screens(app: App[Any]) -> Iterator[Screen[Any]]:
    """The screens of all modes, visible or not: the public API has only those of the current mode."""
    for stack in app._screen_stacks.values():
        yield from stack


def toasts_in_sight(app: App[Any]) -> int:
    """How many notifications are shown: the public API can only clear them."""
    return len(app._notifications)


def begin_styled(screen: Screen[Any], sheet: Path) -> None:
    """Apply only the stylesheet of a new screen, without invalidating others. Textual would parse all stylesheets
    again, twice, and once more for a screen's own."""
    # The running app: a screen's `app` is available only in the app it was created for.
    app = active_app.get()
    app.stylesheet.read(sheet)
    screen._css_update_count = app._css_update_count
    # Set the size classes of its first resize, which would style everything a second time.
    for cells, breakpoints in zip(
        app.size, (screen.HORIZONTAL_BREAKPOINTS, screen.VERTICAL_BREAKPOINTS), strict=True
    ):
        screen.add_class(*screen._get_breakpoint_classes(cells, breakpoints or []), update=False)


def terminal_of(app: App[Any]) -> int | None:
    """The file descriptor of the app's terminal, null if its driver has none: not available publicly."""
    fileno = getattr(app._driver, "fileno", None)
    return fileno if isinstance(fileno, int) else None


def pixels_of_cell(app: App[Any]) -> tuple[int, int]:
    """(height, width) of a cell in pixels as the system knows it, 0 where the terminal did not tell it."""
    import fcntl
    import struct
    import termios

    terminal = terminal_of(app)
    with contextlib.suppress(OSError):
        if terminal is not None:
            size = fcntl.ioctl(terminal, termios.TIOCGWINSZ, bytes(8))
            lines, columns, width, height = struct.unpack("4H", size)
            return height // max(lines, 1), width // max(columns, 1)
    return 0, 0


def write_to_terminal(app: App[Any], text: str) -> None:
    """Write an escape sequence that Textual does not support, between its own output."""
    if app._driver is not None:
        app._driver.write(text)


def forget_input(app: App[Any]) -> None:
    """Drop keys and pastes that were not acted on yet: thousands of them may wait before what is posted now."""
    for pump in (app, *all_screens(app), app.focused):
        if pump is not None:
            waiting: deque[Message] = pump._message_queue.values
            others = [one for one in waiting if not isinstance(one, InputEvent | Paste)]
            if len(others) < len(waiting):
                waiting.clear()
                # Whoever was woken to take one finds one.
                waiting.extend(others or [Prompt()])


def terminal_reader(app: App[Any]) -> tuple[threading.Thread, threading.Event] | None:
    """The thread that reads the terminal and its exit event, null if the driver has none.

    Quitting waits for it off the event loop, where the driver would block.
    """
    reader, ends = getattr(app._driver, "_key_thread", None), getattr(app._driver, "exit_event", None)
    return (reader, ends) if reader is not None and ends is not None else None


def wait_for_no_writer(app: App[Any]) -> None:
    """Make the driver's last writes non-blocking: its writer thread died with the terminal, and its queue is never
    emptied."""
    if (writer := getattr(app._driver, "_writer_thread", None)) is not None:
        writer._queue.maxsize = 0


def forget_watchers(app: App[Any]) -> None:
    """Remove closed watchers of the app's attributes: Textual does that only when the attribute changes, and until then
    keeps the whole screen alive."""
    for watchers in getattr(app, "__watchers", {}).values():
        watchers[:] = [one for one in watchers if one[0].is_attached]


def let_no_page_be_turned_without_room() -> None:
    """Ignore page keys in a list of options (the palette's, a file dialog's) without visible lines in a small terminal,
    where Textual raises KeyError."""
    from textual.widgets import OptionList

    move = OptionList._move_page

    def moved(options: OptionList, direction: Literal[-1, 1]) -> None:
        with contextlib.suppress(KeyError):
            move(options, direction)

    # Set on the class, whose method is public under no other name.
    OptionList._move_page = moved  # type: ignore[method-assign,assignment]


def let_painted_lines_go() -> None:
    """Free what was painted with its widget: Textual remembers the two colours of up to 1,024 widgets by the whole of
    what it painted of each, 20 MB, beyond their ends."""
    of_colours = inspect.unwrap(StylesCache.get_inner_outer)
    # Its first argument is called a class, is an instance, and used for nothing.
    colours = lru_cache(1024)(partial(of_colours, None))

    @wraps(of_colours)
    def inner_outer(_self: StylesCache, base: Color, background: Color) -> tuple[Style, Style]:
        return cast(tuple[Style, Style], colours(base, background))

    # Its own, remembered by other arguments.
    StylesCache.get_inner_outer = inner_outer  # type: ignore[method-assign,assignment]


def hear_answers() -> None:
    """Have the driver read what the terminal answers as that: its parser is its own too."""
    from textual.drivers import linux_driver

    linux_driver.XTermParser = AnsweringParser  # type: ignore[attr-defined]  # imported there, not exported


def mark_what_is_not_utf8() -> None:
    """Make the driver replace bytes that are not UTF-8: its own decoder would raise, and end the thread that reads the
    terminal."""
    from textual.drivers import linux_driver

    def decoder(encoding: str) -> Callable[[], codecs.IncrementalDecoder]:
        return partial(codecs.getincrementaldecoder(encoding), errors="replace")

    # Not annotated there: any function that makes a decoder works.
    linux_driver.getincrementaldecoder = decoder  # type: ignore[attr-defined,assignment]
