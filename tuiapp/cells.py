"""Text cut to the cells of a terminal.

Everything from outside (names, paths, messages) goes through `tuiapp.safe.shown` before it is drawn, and is
never parsed as markup.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from rich.cells import cell_len, set_cell_size

from tuiapp.safe import shown

ELLIPSIS = "…"


@lru_cache(maxsize=20_000)
def fitted(text: str, width: int, *, right: bool = False) -> str:
    """Exactly `width` cells: cut with an ellipsis, or padded on the right (on the left when `right`)."""
    length = cell_len(text)
    if length > width:
        return set_cell_size(text, max(0, width - 1)) + ELLIPSIS if width > 0 else ""
    space = " " * (width - length)
    return space + text if right else text + space


def names_within(names: Sequence[str], more: int, cells: int) -> str:
    """As many of the names as fit uncut into `cells`, and how many more there are if that fits too.

    The first is cut only if no other is short enough.

    >>> names = ["Junarifield Orchestra", "Moire", "Lark"]
    >>> [names_within(names, 157, cells) for cells in (42, 32, 26, 14, 8, 3)]
    ['Junarifield Orchestra, Moire, Lark +157', 'Junarifield Orchestra, Moire', 'Junarifield Orchestra +159', \
'Moire +159', 'Moire', 'Junarifield Orchestra']
    """
    names = list(map(shown, names))
    for most in range(len(names), 0, -1):
        listed = ", ".join(names[:most])
        if cell_len(listed) <= cells:
            return _with_more(listed, more + len(names) - most, cells)
    short = next((name for name in names if cell_len(name) <= cells), None)
    return names[0] if short is None else _with_more(short, more + len(names) - 1, cells)


def _with_more(names: str, more: int, cells: int) -> str:
    whole = f"{names} +{more:,}"
    return whole if more and cell_len(whole) <= cells else names
