"""Text cut to the cells of a terminal.

Everything from outside (names, paths, messages) goes through `tuiapp.safe.shown` before it is drawn, and is
never parsed as markup.
"""

from __future__ import annotations

from functools import lru_cache

from rich.cells import cell_len, set_cell_size

ELLIPSIS = "…"


@lru_cache(maxsize=20_000)
def fitted(text: str, width: int, *, right: bool = False) -> str:
    """Exactly `width` cells: cut with an ellipsis, or padded on the right (on the left when `right`)."""
    length = cell_len(text)
    if length > width:
        return set_cell_size(text, max(0, width - 1)) + ELLIPSIS if width > 0 else ""
    space = " " * (width - length)
    return space + text if right else text + space
