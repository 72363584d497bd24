"""A recommendation's reasons by group, in words: on the screen, on the command line, in exported playlists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.wording import percent, percents
from tuiapp.safe import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.recommend.lists import TasteShare, TasteShares

ITSELF, LIKE_THEM = "your own plays of it", " like them"


def names_of(taste: TasteShare, most: int = 3) -> str:
    """A group by `most` of its artists, or tracks, and how many more there are.

    >>> from engine.recommend.lists import TasteShare
    >>> names_of(TasteShare(("Burel", "Moire", "Lark"), 157, 0.48), 2)
    'Burel, Moire and 158 more like them'
    """
    if not taste.names:
        return ITSELF
    more = taste.more + len(taste.names[most:])
    names = ", ".join(taste.names[:most])
    return f"{names} and {more:,} more{LIKE_THEM}" if more else names


def percents_of(tastes: TasteShares) -> list[str]:
    """The share of each group that is named, then that of the rest: together 100 %."""
    return percents([*(one.share for one in tastes.named), tastes.rest])


def names_within(names: Sequence[str], more: int, cells: int) -> str:
    """As many of the names as stand whole in `cells`, and how many more there are beside them where that fits too.

    The first is cut only where no other is short enough to stand whole.

    >>> names = ["Junarifield Orchestra", "Moire", "Lark"]
    >>> [names_within(names, 157, cells) for cells in (42, 32, 26, 14, 8, 3)]
    ['Junarifield Orchestra, Moire, Lark +157', 'Junarifield Orchestra, Moire', 'Junarifield Orchestra +159', \
'Moire +159', 'Moire', 'Junarifield Orchestra']
    """
    from rich.cells import cell_len  # the command line's help needs none of it

    names = list(map(shown, names))
    for most in range(len(names), 0, -1):
        told = ", ".join(names[:most])
        if cell_len(told) <= cells:
            return _with_more(told, more + len(names) - most, cells)
    short = next((name for name in names if cell_len(name) <= cells), None)
    return names[0] if short is None else _with_more(short, more + len(names) - 1, cells)


def _with_more(names: str, more: int, cells: int) -> str:
    from rich.cells import cell_len

    whole = f"{names} +{more:,}"
    return whole if more and cell_len(whole) <= cells else names


def in_a_line(tastes: TasteShares) -> str:
    """All that is told by group, largest first, with the rest and what speaks against it."""
    *shares, rest = percents_of(tastes)
    parts = [f"{share} {names_of(taste)}" for share, taste in zip(shares, tastes.named, strict=True)]
    parts += [f"{rest} the rest"] * (rest != percent(0))
    parts += [f"against it {percent(taste.share)} {names_of(taste)}" for taste in tastes.against]
    return " · ".join(parts)
