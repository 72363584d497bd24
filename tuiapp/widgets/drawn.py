"""A panel drawn to its size, and redrawn when that changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from textual.content import Content
from textual.widgets import Static

T = TypeVar("T")


class Drawn(Static, Generic[T]):
    """Shows its data, as drawn by `draw` (data, width, height)."""

    def __init__(self, draw: Callable[[T, int, int], Content], *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._draw_data = draw
        self._data: T | None = None

    def show(self, data: T | None) -> None:
        """Draw this, or with None nothing."""
        self._data = data
        self._redraw()

    def on_resize(self) -> None:
        self._redraw()

    def _redraw(self) -> None:
        width, height = self.content_size
        # Data may arrive before the first layout: then the following resize draws it.
        drawn = self._draw_data(self._data, width, height) if self._data is not None and height else ""
        # Its size is fixed, so new content needs no layout.
        self.update(drawn, layout=False)
