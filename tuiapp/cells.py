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
    """As many of the names as fit uncut into `cells` beside how many more there are: a share that stands before them is
    of all.

    Where no name fits beside the number it is left out, and the first is cut only if no other is short enough.

    >>> names = ["Junarifield Orchestra", "Moire", "Lark"]
    >>> [names_within(names, 157, cells) for cells in (42, 32, 26, 14, 8, 3)]
    ['Junarifield Orchestra, Moire, Lark +157', 'Junarifield Orchestra +159', 'Junarifield Orchestra +159', \
'Moire +159', 'Moire', 'Junarifield Orchestra']
    >>> names_within(names, 0, 34), names_within(names, 0, 27)
    ('Junarifield Orchestra, Moire, Lark', 'Junarifield Orchestra +2')
    """
    names = list(map(shown, names))
    runs = [names[:most] for most in range(len(names), 0, -1)]
    # Where the first is too long, another.
    runs += [[name] for name in names[1:]]
    for run in runs:
        if cell_len(whole := _with_more(run, more + len(names) - len(run))) <= cells:
            return whole
    return next((name for name in names if cell_len(name) <= cells), names[0])


def _with_more(names: Sequence[str], more: int) -> str:
    listed = ", ".join(names)
    return f"{listed} +{more:,}" if more else listed
