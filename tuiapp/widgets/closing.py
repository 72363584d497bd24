"""Screens that are closed once."""

from __future__ import annotations

from textual.await_complete import AwaitComplete
from textual.screen import Screen, ScreenResultType


class ClosedOnce(Screen[ScreenResultType]):
    """A screen that two keys, or a key and a click, in one read of the terminal close once."""

    def dismiss(self, result: ScreenResultType | None = None) -> AwaitComplete:
        """Close it; where it is closed, do nothing."""
        return super().dismiss(result) if self in self.app.screen_stack else AwaitComplete()
