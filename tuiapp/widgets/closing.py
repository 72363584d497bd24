"""Screens that close only once."""

from __future__ import annotations

from textual import on
from textual.await_complete import AwaitComplete
from textual.events import ScreenResume
from textual.screen import ScreenResultType

from tuiapp.textual_internals.guarded import MountedWhole


class ClosedOnce(MountedWhole[ScreenResultType]):
    """A screen that ignores a second dismissal, as by two keys in one read of the terminal. One that another screen
    lies over closes when that one has: Textual would close the upper one in its stead."""

    _result: tuple[ScreenResultType | None] | None = None

    def dismiss(self, result: ScreenResultType | None = None) -> AwaitComplete:
        """Close it, unless it is closed."""
        stack = self.app.screen_stack
        if stack and stack[-1] is self:
            return super().dismiss(result)
        if self in stack and self._result is None:
            self._result = (result,)
        return AwaitComplete()

    @on(ScreenResume)
    def _close_at_last(self) -> None:
        """Nothing lies over it any more."""
        if self._result is not None:
            self.dismiss(*self._result)
