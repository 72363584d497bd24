"""Screens that query the engine off the event loop; views reload when the library changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual.events import ScreenResume
from textual.screen import ScreenResultType
from textual.worker import Worker, WorkerState, get_current_worker

from engine.errors import DiscoverError
from tuiapp.shell import InShell
from tuiapp.textual_internals import forget_watchers
from tuiapp.widgets.closing import ClosedOnce

if TYPE_CHECKING:
    from engine.session import Session

T = TypeVar("T")


class Asking(InShell, ClosedOnce[ScreenResultType]):
    """A screen's queries. `NAME` is the prefix of its workers' groups."""

    NAME: ClassVar[str] = ""

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
        writes: bool = False,
    ) -> None:
        """Query the engine in a thread; the newest query of its group wins.

        The screen gets the answer by `then`, or the error by `failed`, by default shown in the list's place. A query
        that is superseded, or under way as the app quits, is given up, unless it `writes`. A closed screen gets no
        answer.
        """
        fail = failed or self.show_error
        self._when_failed = {**self._when_failed, group: fail}

        def run() -> None:
            worker = get_current_worker()

            def useless() -> bool:
                return not writes and (worker.is_cancelled or self.shell.leaving)

            try:
                session = self.shell.engine()
                with session.exclusive(None if writes else useless):
                    if useless():
                        return
                    result = question(session)
                if group == "list":
                    self.shell.garbage.set_apart()
            except DiscoverError as error:
                if not useless():
                    self.call_later(fail, error)
            else:
                self.call_later(then, result)

        whole = f"{self.NAME}.{group}"
        worker = self.run_worker(run, thread=True, exclusive=True, group=whole, exit_on_error=True)
        self.shell.under_way.follow(worker)

    def write(self, group: str, change: Callable[[Session], None]) -> None:
        """Have the engine write what nobody waits for."""
        self.ask(change, lambda _: None, group=group, writes=True)

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
