"""Numbers, lengths of time and dates as text. Standard library only: the command line uses it too."""

from __future__ import annotations

import datetime
import unicodedata
from typing import TYPE_CHECKING

from engine.wording import IMPORT, one_or_many, percent, quantity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.recommend.lists import RelatedList
    from engine.session import Status


def searchable(text: str) -> str:
    """Text as filters compare it: in one case and, so that `bjork` finds Björk, without accents."""
    if text.isascii():
        return text.casefold()
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in parts if not unicodedata.combining(sign))


def has_one(words: Iterable[str], text: str) -> bool:
    """Whether one of the `words`, which are `searchable`, is in a text."""
    return any(word in searchable(text) for word in words)


def try_else(status: Status) -> str:
    """What to do where a search finds nothing, as a sentence with a command."""
    if not status.artists and status.model is None:
        return f"There is no music here yet. {status.backup or IMPORT}"
    return "Try fewer letters, or one word."


def bar(share: float, width: int) -> str:
    """A line of `width` cells drawn to `share` (0 to 1) of them, in halves of a cell."""
    halves = round(max(0.0, min(1.0, share)) * width * 2)
    full, half = divmod(halves, 2)
    return ("━" * full + "╸" * half).ljust(width)


def sparkline(values: list[float]) -> str:
    """One cell a value, low to high."""
    if not values:
        return ""
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    return "".join("▁▂▃▄▅▆▇█"[min(7, int((value - low) / span * 7.999))] for value in values)


def counted(done: int, total: int, unit: str | None) -> str:
    """How much of a stage is done, in its unit; empty without one. MB are given in bytes.

    >>> counted(1_250_000, 9_000_000, "MB"), counted(3, 20, "sweeps"), counted(9, 0, "rows"), counted(3, 9, None)
    ('1.2 of 9.0 MB', '3 of 20 sweeps', '9 rows', '')
    """
    if unit is None or not (done or total):
        return ""
    numbers = [done, total] if total else [done]
    shown = [f"{number / 1e6:,.1f}" if unit == "MB" else f"{number:,}" for number in numbers]
    return f"{' of '.join(shown)} {unit if unit == 'MB' else one_or_many(numbers[-1], unit)}".rstrip()


def duration(seconds: float | None) -> str:
    """Minutes and seconds, with hours from sixty minutes on."""
    if seconds is None:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def tempo(bpm: float | None, factor: float | None = None) -> str:
    """Beats a minute, with the factor they count by where that is half or double; empty where unknown.

    >>> tempo(85.2, 2.0), tempo(170.0, 1.0), tempo(190.0, 0.5), tempo(None)
    ('85 ×2', '170', '190 ½', '')
    """
    times = {0.5: " ½", 2.0: " ×2"}.get(factor or 1.0, "")
    return f"{bpm:.0f}{times}" if bpm else ""


def age(date: str, today: int) -> str:
    """How long ago an ISO date is, in words; `today` in days since 1970. Empty where it is not a date."""
    try:
        days = today - (datetime.date.fromisoformat(date[:10]) - datetime.date(1970, 1, 1)).days
    except ValueError:
        return ""
    if days <= 0:
        return "today"
    for length, unit in ((365, "year"), (30, "month"), (7, "week"), (1, "day")):
        if days >= length:
            count = days // length
            return quantity(count, f"{unit}s")
    return ""


def day(seconds: int | None) -> str:
    """A date in local time."""
    return "" if seconds is None else local(seconds).strftime("%-d %b %Y")


def local(seconds: int) -> datetime.datetime:
    """Seconds since 1970 UTC in local time; for years outside the system's range in UTC."""
    try:
        return datetime.datetime.fromtimestamp(seconds)
    except (OSError, OverflowError, ValueError):
        return datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=seconds)


def ordinal(rank: int) -> str:
    """1 as 1st, 2 as 2nd, 11 as 11th."""
    ending = "th" if 10 <= rank % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(rank % 10, "th")
    return f"{rank}{ending}"


def counted_among(found: RelatedList) -> str:
    """The sample in which listeners in common are counted; empty for all."""
    return "" if found.sampled is None else f"in common among {found.sampled:,} listeners"


def dial_cost(cost: float) -> str:
    """The cost of the popularity dial in words: the share of the community's held-out plays lost, below 0 if it gains.

    >>> dial_cost(0.083), dial_cost(-0.02), dial_cost(0.004)
    ('about 8 % fewer hidden favourites', 'about 2 % more hidden favourites', 'as many hidden favourites')
    """
    how = "as many" if abs(cost) < 0.005 else f"about {percent(abs(cost))} {'fewer' if cost > 0 else 'more'}"
    return f"{how} hidden favourites"


def came_from(name: str, added: str) -> str:
    """A model's origin: the file or address it was `added` from (an ISO date), or trained here."""
    return f"added {added} from {name}" if name else "trained here"
