"""Reasons of solo mode in words, and reasons of any row in one line: for the screen, the command line, and exports."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from engine.wording import percent, percents, quantity
from tuiapp.tastes import in_a_line as by_taste_in_a_line
from tuiapp.tastes import names_of
from tuiapp.text import day, has_one, local

if TYPE_CHECKING:
    from engine.recommend.lists import Explanation, OwnPlays, Recommendation, TasteShares

AGAINST = "against it"
_EPOCH = datetime.date(1970, 1, 1).toordinal()


class OwnReason(NamedTuple):
    """A reason: its `share` of the positive evidence, below 0 if negative.

    `member` is its ensemble member, `words` the text, `short` a short form, may be empty.
    """

    member: str
    share: float
    words: str
    short: str


def own_reasons(item: Recommendation | Explanation) -> list[OwnReason]:
    """All reasons of an item of solo mode, largest first, negative last; empty for other models. An item that nothing
    tells from the others, as one that is listed alone, has what is known of it, at shares of 0."""
    if item.own is None:
        return []
    if not item.members:
        return [OwnReason(name, 0.0, *words(item.own, 0.0)) for name, words in _WORDS.items()]
    found = [
        OwnReason(name, share, *_WORDS[name](item.own, share))
        for name, share in item.members.items()
        if name in _WORDS
    ]
    found += _by_what_one_plays(item.tastes)
    if (personal := item.members.get("neighbours", 0.0)) < 0.0:
        found.append(OwnReason("neighbours", personal, "what you last played", ""))
    return sorted(found, key=lambda one: -one.share)


def with_percents(reasons: Sequence[OwnReason]) -> list[tuple[str, OwnReason]]:
    """Each with its share in whole per cent, which add up; negative ones have none, since relative to little evidence
    that could be any number, nor have those of 0."""
    speaking = percents([one.share for one in reasons if one.share > 0])
    labels = [*speaking, *(AGAINST + ":" if one.share else "" for one in reasons[len(speaking) :])]
    return list(zip(labels, reasons, strict=True))


def in_a_line(item: Recommendation | Explanation) -> str:
    """All of them, in a line."""
    return " · ".join(f"{share} {one.words}".lstrip() for share, one in with_percents(own_reasons(item)))


def because(item: Recommendation) -> str:
    """The reasons of a row of Discover, of any model, with its rediscovery status."""
    reasons = by_taste_in_a_line(item.tastes) if item.own is None else in_a_line(item)
    return "; ".join(filter(None, (item.standing, reasons)))


def in_short(item: Recommendation, cells: int, words: Sequence[str] = ()) -> str:
    """The positive reasons in short, with the rediscovery status: as many as fit `cells`, first those with one of the
    `words`."""
    from rich.cells import cell_len

    labels = with_percents(own_reasons(item))
    said = [f"{share} {one.short}".lstrip() for share, one in labels if one.share >= 0 and one.short]
    parts = [*said[:1], *([item.standing] if item.standing else []), *said[1:]]
    parts.sort(key=lambda part: not has_one(words, part))
    while len(parts) > 1 and cell_len(", ".join(parts)) > cells:
        parts.pop()
    return ", ".join(parts)


def days_ago(own: OwnPlays) -> int | None:
    """Days from the last play to the list's day; null if there is none, or it is later."""
    if own.last_played is None or own.day is None:
        return None
    days = own.day - (local(own.last_played).date().toordinal() - _EPOCH)
    return days if days >= 0 else None


def _by_what_one_plays(tastes: TasteShares) -> list[OwnReason]:
    """By group, or where each is one artist, or track, all in one."""
    if tastes.of_single_items and tastes.named:
        names = [name for taste in tastes.named for name in taste.names]
        share = sum(taste.share for taste in tastes.named) + tastes.rest
        others = " and others" if tastes.rest > 0.0 else ""
        found = [_goes_with(share, ", ".join(names) + others, ", ".join(names[:2]))]
    else:
        found = [_goes_with(taste.share, names_of(taste), names_of(taste, 2)) for taste in tastes.named]
        if tastes.rest > 0.0:
            found.append(
                OwnReason("neighbours", tastes.rest, "goes with the rest of what you last played", "")
            )
    return found + [OwnReason("neighbours", -taste.share, names_of(taste), "") for taste in tastes.against]


def _goes_with(share: float, whom: str, short: str) -> OwnReason:
    return OwnReason("neighbours", share, f"goes with {whom}", f"goes with {short}")


def _by_sessions(own: OwnPlays, share: float) -> tuple[str, str]:
    among = "what has rested" if own.rested else "these"
    than, part = ("more", own.more_than) if share > 0 else ("fewer", own.fewer_than)
    words = f"played in {quantity(own.sessions, 'sessions')}"
    if part > 0:
        words += f", {than} than {percent(part, down=True)} of {among}"
    # The count has a column of its own.
    return words, "often" if share > 0 else "seldom" if share < 0 else ""


def _by_recency(own: OwnPlays, _share: float) -> tuple[str, str]:
    days = days_ago(own)
    ago = "" if days is None else "today" if not days else f"{quantity(days, 'days')} ago"
    words = f"last played {day(own.last_played)}" if own.last_played is not None else "no dated play"
    return f"{words}, {ago}" if ago else words, ago or words


_WORDS = {"sessions": _by_sessions, "recency": _by_recency}
