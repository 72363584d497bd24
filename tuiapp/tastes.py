"""A recommendation's reasons by group, in words: on the screen, on the command line, in exported playlists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.wording import percent, percents

if TYPE_CHECKING:
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


def against_it(tastes: TasteShares) -> list[tuple[str, TasteShare]]:
    """The groups that are named against it, each with the words before its names."""
    return [(f"against it {percent(taste.share)} ", taste) for taste in tastes.against]


def in_a_line(tastes: TasteShares) -> str:
    """All that is listed by group, largest first, with the rest and what speaks against it."""
    *shares, rest = percents_of(tastes)
    parts = [f"{share} {names_of(taste)}" for share, taste in zip(shares, tastes.named, strict=True)]
    parts += [f"{rest} the rest"] * (rest != percent(0))
    parts += [f"{words}{names_of(taste)}" for words, taste in against_it(tastes)]
    return " · ".join(parts)
