"""The app and its screens as they are made from Textual's."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from time import monotonic
from typing import Any

from rich.console import Console
from textual._compositor import ChopsUpdate, CompositorUpdate
from textual.app import App
from textual.dom import DOMNode
from textual.driver import Driver
from textual.events import Event, Key, Mount, MouseDown
from textual.geometry import Region
from textual.message import Message
from textual.notifications import Notification, Notify
from textual.screen import Screen, ScreenResultType
from textual.widget import Widget
from textual.widgets import Input

from tuiapp.safe import shown
from tuiapp.textual_internals.terminal import Answer, terminal_of

# Maximum seconds for composing a screen.
_MADE_SECONDS = 2.0
# A key waits at most so many seconds for the one before, which goes so many times through the queues.
_ACTED_SECONDS, _ROUNDS = 0.5, 2
# A terminal answers what it is asked within so many seconds, or not at all.
_ANSWER_SECONDS = 2.0


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

    def get_driver_class(self) -> type[Driver]:
        """Textual's, which on a terminal of Unix stops between two events."""
        found = super().get_driver_class()
        if found.__name__ != "LinuxDriver":
            return found
        # Not to be had on Windows.
        from tuiapp.textual_internals.driver import StoppingDriver

        return StoppingDriver

    def unexpected(self, error: Exception) -> None:
        """Called with an unexpected error, of background work (a WorkerFailed) or of the app itself."""
        raise NotImplementedError

    def _handle_exception(self, error: Exception) -> None:
        self.unexpected(error)

    def __init__(self) -> None:
        super().__init__()
        # Keys read while the one before was not acted on yet, and when that was sent, 0 with none under way.
        self.keys_ahead: deque[Key] = deque()
        self._sent = 0.0

    async def on_event(self, event: Event) -> None:
        """A key waits until the one before was acted on, which may open a line to type in: read at once, each would go
        to what had the focus before them all, and "/x" would hide a row instead of filtering by x."""
        if not isinstance(event, Key) or event.is_forwarded:
            await self._act_on(event)
            return
        self.keys_ahead.append(event)
        if not self._sent:
            await self._next_key()
        elif len(self.keys_ahead) == 1:
            self.set_timer(_ACTED_SECONDS, self._no_longer_wait)

    async def _next_key(self) -> None:
        """Send the key that waits longest, if any does; what is typed into a line moves no focus."""
        self._sent = 0.0
        while self.keys_ahead and not self._sent:
            key = self.keys_ahead.popleft()
            self._sent = 0.0 if key.is_printable and isinstance(self.focused, Input) else monotonic()
            await self._act_on(key)
        if self._sent:
            await self._follow_key(_ROUNDS)

    async def _follow_key(self, rounds: int) -> None:
        """Go the way of a key behind it, through the queues from the focus up to here, so many times: once for what it
        does, and again for the focus, which is moved by messages too."""
        if self._exit:
            # What is typed at an app that ends goes nowhere.
            self.keys_ahead.clear()
        if self._exit or not rounds:
            await self._next_key()
        else:
            self._climb(self.focused or self.screen, rounds - 1)

    def _climb(self, at: DOMNode | None, rounds: int) -> None:
        while at is not None and at is not self:
            if at.call_later(self._climb, at.parent, rounds):
                return
            at = at.parent
        self.call_later(self._follow_key, rounds)

    async def _no_longer_wait(self) -> None:
        """What was sent to a widget that is gone by now is never acted on."""
        if self.keys_ahead and monotonic() - self._sent >= _ACTED_SECONDS:
            await self._next_key()
        if self.keys_ahead:
            self.set_timer(_ACTED_SECONDS, self._no_longer_wait)

    async def _act_on(self, event: Event) -> None:
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
