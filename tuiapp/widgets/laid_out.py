"""A screen is laid out for a size once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.geometry import Size

if TYPE_CHECKING:
    from textual.screen import Screen

    _Base = Screen
else:
    _Base = object


class LaidOutOnce(_Base):
    """Beside `Screen`: Textual lays a new screen out twice, and with each dialog all screens below it as well.

    It does so as they hear of their size, which is the one they were laid out for. What changes on a screen asks for
    a layout itself.
    """

    def _screen_resized(self, size: Size) -> None:
        if getattr(self, "_size", None) != size:
            super()._screen_resized(size)
