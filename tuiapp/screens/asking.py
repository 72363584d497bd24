"""Screens that query the engine off the event loop; views reload when the library changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from textual.events import ScreenResume
from textual.screen import ScreenResultType
from textual.worker import Worker, WorkerState, get_current_worker

from engine.errors import CancelledError, DiscoverError
from tuiapp.shell import InShell
from tuiapp.textual_internals.widgets import forget_watchers
from tuiapp.widgets.closing import ClosedOnce

if TYPE_CHECKING:
    from engine.session import Session

T = TypeVar("T")


class Asking(InShell, ClosedOnce[ScreenResultType]):
    """A screen's queries. `NAME` is the prefix of its workers' groups."""

    NAME: ClassVar[str] = ""

    # Whether it asks again by itself once another library is open.
    RELOADS: ClassVar[bool] = False

    # Error handlers by group.
    _when_failed: Mapping[str, Callable[[DiscoverError], None]] = MappingProxyType({})
    # Whether a query crashed: it is repeated when the view is shown again, not in a loop.
    _failed_once = False

    def ask(
        self,
        question: Callable[[Session], T],
        then: Callable[[T], None],
        *,
        group: str,
        failed: Callable[[DiscoverError], None] | None = None,
    ) -> None:
        """Query the engine in a thread; the newest query of its group wins.

        The screen gets the answer by `then`, or the error by `failed`, by default shown in the list's place. A query
        that is superseded, or under way as the app quits, is given up. A closed screen gets no answer.
        """
        fail = failed or self.show_error
        self._when_failed = {**self._when_failed, group: fail}

        def run() -> None:
            worker = get_current_worker()

            def useless() -> bool:
                return worker.is_cancelled or self.shell.leaving

            def take(answer: Callable[[T], None] | Callable[[DiscoverError], None], what: Any) -> None:
                # Here, on the event loop, nothing is superseded meanwhile: its thread may come after the newer one's.
                if not useless():
                    answer(what)

            try:
                session = self.shell.engine()
                with session.exclusive(useless):
                    result = question(session)
                if group == "list":
                    self.shell.garbage.set_apart()
            except DiscoverError as error:
                if not (self.RELOADS and isinstance(error, CancelledError)):
                    self.call_later(take, fail, error)
            else:
                self.call_later(take, then, result)

        whole = f"{self.NAME}.{group}"
        worker = self.run_worker(run, thread=True, exclusive=True, group=whole, exit_on_error=True)
        self.shell.under_way.follow(worker)

    def ask_each(self, question: Callable[[Session], T], then: Callable[[T], None], *, group: str) -> None:
        """Query the engine for what a key does to it: none is superseded or given up, each is answered in the order
        asked, before later changes. Errors are shown in the list's place. A closed screen gets no answer."""
        self._when_failed = {**self._when_failed, group: self.show_error}

        def take(answer: Callable[[T], None] | Callable[[DiscoverError], None], what: Any) -> None:
            if self.is_attached:
                answer(what)

        def run() -> None:
            # The answers not by messages, which may come after the last change that quitting waits for.
            try:
                session = self.shell.engine()
                with session.exclusive():
                    result = question(session)
            except DiscoverError as error:
                self.app.call_from_thread(take, self.show_error, error)
            else:
                self.app.call_from_thread(take, then, result)

        self.shell.under_way.follow(self.shell.changes.in_turn(run, f"{self.NAME}.{group}", self))

    def write(self, group: str, change: Callable[[Session], None]) -> None:
        """Have the engine write what nobody waits for."""
        self.ask_each(change, lambda _: None, group=group)

    def show_error(self, error: DiscoverError) -> None:
        """Show the error, in the list's place."""
        raise NotImplementedError

    def on_unmount(self) -> None:
        self.shell.garbage.screen_closed()
        self.app.call_later(self.shell.under_way.look)
        # It would keep the screen alive as long as the app.
        self.shell.library_signal.unsubscribe(self)
        self.app.call_later(forget_watchers, self.app)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """A query crashed: show the error in the list's place, until one succeeds."""
        self.shell.under_way.look()
        if event.state is WorkerState.ERROR and event.worker.group.startswith(f"{self.NAME}."):
            self._failed_once = True
            group = event.worker.group.removeprefix(f"{self.NAME}.")
            self._when_failed.get(group, self.show_error)(DiscoverError(self.shell.failures.report))


class LibraryScreen(Asking[None]):
    """A screen that shows data of the library, and reloads when it changes."""

    RELOADS = True

    # Whether the library changed while another view was shown.
    _stale = False

    def load(self) -> None:
        """Load everything the view shows. Called when it is first shown and when the library changes."""

    def outdated(self) -> None:
        """Data changed: reload now if visible, else when next shown. A view that is being composed loads anyway."""
        if not self.is_mounted:
            return
        # No view is current while the app switches.
        if self.is_current or self in self.app.screen_stack[:1]:
            self.load()
        else:
            self._stale = True

    def of_another_library(self) -> None:
        """Another library opens: what was asked of the one before is not asked of it."""

    def left(self) -> None:
        """Another view is shown now."""
        if self._failed_once:
            self._failed_once, self._stale = False, True

    def on_screen_suspend(self) -> None:
        if self.app.current_mode != self.NAME:  # or a dialog is over it
            self.left()

    def on_screen_resume(self, event: ScreenResume) -> None:
        # Styles are recomputed here only if they changed while it was hidden: Textual would do so for every widget of a
        # view each time it is shown, which takes longer than everything else.
        event.refresh_styles = False
        if self._stale:
            self._stale = False
            self.load()
