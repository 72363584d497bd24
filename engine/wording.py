"""Counts, shares and credits in words, the same everywhere. Standard library only."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Sequence

# What begins a library: the app shows its keys instead.
IMPORT = "Import your history: discover import PATH. Or look around with demo data first: discover demo."
TOO_FEW_ALONE = (
    "Your plays are too few to learn from alone. Add community data: discover community fetch. Or import more: "
    "discover import PATH."
)
# Not the calendar module's, which depend on the system's language.
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_DAY = re.compile(r"(\d{4})-(0[1-9]|1[0-2])(-\d\d)?")
# Tolerance, since shares are sums of floats.
_NOISE = 1e-6


def quantity(count: int, plural: str, singular: str | None = None) -> str:
    """A count and its noun; the singular defaults to the plural without its s.

    >>> quantity(1, "artists"), quantity(1234, "artists"), quantity(1, "new entries", "new entry")
    ('1 artist', '1,234 artists', '1 new entry')
    """
    return f"{count:,} {one_or_many(count, plural, singular)}"


def one_or_many(count: int, plural: str, singular: str | None = None) -> str:
    """The noun for this count, where the number is shown elsewhere."""
    if count != 1:
        return plural
    return plural.removesuffix("s") if singular is None else singular


def month_of(day: str) -> str:
    """The month of an ISO date; anything else, such as a year, is returned unchanged.

    >>> month_of("2026-10-01"), month_of("2011")
    ('October 2026', '2011')
    """
    found = _DAY.fullmatch(day)
    return f"{_MONTHS[int(found[2]) - 1]} {found[1]}" if found else day


def day_in_words(day: datetime.date) -> str:
    """A date as people write it.

    >>> day_in_words(datetime.date(2026, 11, 28))
    '28 November 2026'
    """
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def credited(artist: str, track: str | None) -> str:
    """A track and its artist, or the artist alone.

    >>> credited("Burel", "Moire"), credited("Burel", None)
    ('Moire by Burel', 'Burel')
    """
    return f"{track} by {artist}" if track else artist


def learned_from(*, solo: bool) -> str:
    """Where the model in use has what it knows from.

    >>> learned_from(solo=False), learned_from(solo=True)
    ('the community data', 'the sessions the model was trained on')
    """
    return "the sessions the model was trained on" if solo else "the community data"


def few(names: Sequence[str], most: int = 5) -> str:
    """The first of some names, and how many more there are.

    >>> few(["Moss", "Fern", "Reed"], 2), few(["Moss"])
    ('Moss; Fern and 1 more', 'Moss')
    """
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return "; ".join(names[:most]) + more


def percent(share: float, *, down: bool = False) -> str:
    """A share in whole per cent; almost all is not rounded to 100 %, nor almost nothing to 0 %.

    `down` rounds down, for comparisons with a threshold.

    >>> percent(0.276), percent(0.276, down=True), percent(0.999), percent(1.0), percent(0.001), percent(0.0)
    ('28 %', '27 %', '>99 %', '100 %', '<1 %', '0 %')
    """
    whole = math.floor(share * 100 + _NOISE) if down else round(share * 100)
    return _shown(whole, share)


def percents(shares: Sequence[float], of_last: Sequence[float] = ()) -> list[str]:
    """Parts in whole per cent that add up like the parts: the largest remainders are rounded up.

    A part that rounds to 0 but is not is `<1 %`. Instead of the last part, the parts it consists of may be listed:
    the others are then what they are beside the whole of it.

    >>> percents([1 / 3, 1 / 3, 1 / 3]), percents([0.994, 0.004, 0.002])
    (['34 %', '33 %', '33 %'], ['>99 %', '<1 %', '<1 %'])
    >>> percents([0.958, 0.042]), percents([0.958, 0.042], of_last=[0.026, 0.016])
    (['96 %', '4 %'], ['96 %', '3 %', '1 %'])
    """
    wholes = _wholes(shares, round(sum(shares) * 100))
    if of_last:
        wholes[-1:] = _wholes(of_last, wholes[-1])
        shares = [*shares[:-1], *of_last]
    return [_shown(whole, share) for whole, share in zip(wholes, shares, strict=True)]


def _wholes(shares: Sequence[float], total: int) -> list[int]:
    exact = [share * 100 for share in shares]
    wholes = [math.floor(one + _NOISE) for one in exact]
    for place in sorted(range(len(exact)), key=lambda i: wholes[i] - exact[i])[: total - sum(wholes)]:
        wholes[place] += 1
    return wholes


def _shown(whole: int, share: float) -> str:
    if whole == 0 and share > _NOISE:
        return "<1 %"
    return ">99 %" if whole == 100 and share < 1 - _NOISE else f"{whole} %"
