"""Screens that close only once."""

from __future__ import annotations

from textual.await_complete import AwaitComplete
from textual.screen import Screen, ScreenResultType


class ClosedOnce(Screen[ScreenResultType]):
    """A screen that ignores a second dismissal, as by two keys in one read of the terminal."""

    def dismiss(self, result: ScreenResultType | None = None) -> AwaitComplete:
        """Close it, unless it is closed."""
        return super().dismiss(result) if self in self.app.screen_stack else AwaitComplete()
