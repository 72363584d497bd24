"""A screen that asks the engine, off the event loop; a view of it asks anew when the library changed."""

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
    """What of a screen has to do with questions. `NAME` is the first part of its workers' groups."""

    NAME: ClassVar[str] = ""

    # What is done when a question of a group fails.
    _when_failed: Mapping[str, Callable[[DiscoverError], None]] = MappingProxyType({})
    # Whether a question died: it is asked again when the person comes back, not over and over.
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
        """Put a question to the engine in a thread; the newest one of its group wins. The screen then takes the answer
        by `then`, or what went wrong by `failed`, which without one is shown in the list's place.

        One that was overtaken while it waited for its turn is not asked at all, unless it `writes` something. A screen
        that was closed meanwhile takes no answer.
        """
        fail = failed or self.show_error
        self._when_failed = {**self._when_failed, group: fail}

        def run() -> None:
            worker = get_current_worker()
            try:
                session = self.shell.engine()
                with session.exclusive():
                    if worker.is_cancelled and not writes:
                        return
                    result = question(session)
                if group == "list":
                    self.shell.garbage.set_apart()
            except DiscoverError as error:
                self.call_later(fail, error)
            else:
                self.call_later(then, result)

        self.run_worker(run, thread=True, exclusive=True, group=f"{self.NAME}.{group}", exit_on_error=True)

    def show_error(self, error: DiscoverError) -> None:
        """Show what failed, in the list's place."""
        raise NotImplementedError

    def on_unmount(self) -> None:
        self.shell.garbage.screen_closed()
        # It would keep the screen as long as the app lasts.
        self.shell.library_signal.unsubscribe(self)
        self.app.call_later(forget_watchers, self.app)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """A question died of what nobody expected: the list steps aside for what failed, until one comes back."""
        if event.state is WorkerState.ERROR and event.worker.group.startswith(f"{self.NAME}."):
            self._failed_once = True
            group = event.worker.group.removeprefix(f"{self.NAME}.")
            self._when_failed.get(group, self.show_error)(DiscoverError(self.shell.failures.report))


class LibraryScreen(Asking[None]):
    """A screen that shows what the library holds, and asks anew when that changed."""

    # Whether the library changed while another view was in sight.
    _stale = False

    def load(self) -> None:
        """Ask for everything the view shows. Called when it is first shown and when the library changed."""

    def outdated(self) -> None:
        """What is shown may no longer be true: ask now if in sight, else when next shown. A view that is being made
        asks for all it shows as soon as it is."""
        if not self.is_mounted:
            return
        # There is none in sight while the app goes from one view to the next.
        if self.is_current or self in self.app.screen_stack[:1]:
            self.load()
        else:
            self._stale = True

    def left(self) -> None:
        """The person went to another view."""
        if self._failed_once:
            self._failed_once, self._stale = False, True

    def on_screen_suspend(self) -> None:
        if self.app.current_mode != self.NAME:  # or a dialog is over it
            self.left()

    def on_screen_resume(self, event: ScreenResume) -> None:
        # Styles that changed while it was out of sight were worked out as it came back: Textual would do so for every
        # part of a view each time it is shown, which takes longer than all else in that.
        event.refresh_styles = False
        if self._stale:
            self._stale = False
            self.load()
