"""Queries of a history: which plays count, how they decay, and what counts as known.

Does not need NumPy: queries are made before anything heavy is loaded.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from engine import defaults
from engine.canonical_keys import Level
from engine.taste.window import EVERYTHING, Window

if TYPE_CHECKING:
    from engine.taste.gate import DatedTaste


@dataclass(frozen=True, slots=True)
class Known:
    """What counts as known: played at least `plays` times, if `days` is set within that many days before the last
    play."""

    plays: int = 1
    days: float | None = None

    def keys(self, wider: DatedTaste) -> frozenset[str]:
        """Keys of a taste's known items; a liked item always is, and decay does not make an item unknown."""
        recent = None
        if self.days is not None and wider.days is not None:
            recent = wider.days.plays_within(self.days)
        return frozenset(
            item.key
            for item in wider.taste.items
            if item.liked
            or (max(item.plays, item.kept) if recent is None else recent.get(item.key, 0)) >= self.plays
        )


PLAYED = Known()


@dataclass(frozen=True, slots=True)
class TasteQuery:
    """One question about taste, made by `taste_query`.

    The plays in `window` count, and decay by its half-life; `known` says what is not new.
    `without` names artists, and tracks (`engine.canonical_keys.track_name`), to pretend were never played.
    """

    window: Window = EVERYTHING
    known: Known = PLAYED
    level: Level = "artists"
    without: tuple[str, ...] = ()

    @property
    def half_life(self) -> float | None:
        """Days in which a play counts half as much; null where plays do not decay."""
        return self.window.half_life

    @property
    def wider(self) -> Window:
        """The window whose plays make an item known: up to the same end, at all times of the week, without decay."""
        return Window(until=self.window.until)

    @property
    def undecayed(self) -> TasteQuery:
        """The same without a half-life: its result can be reused for every half-life."""
        return replace(self, window=replace(self.window, half_life=None))

    @property
    def taste(self) -> TasteQuery:
        """The query without what counts as known: equal for two queries with the same taste."""
        return replace(self, known=PLAYED)


def taste_query(
    window: Window = EVERYTHING,
    *,
    half_life: float | None = None,
    measured: float | None = None,
    known_plays: int = defaults.KNOWN_PLAYS,
    known_days: float | None = defaults.KNOWN_DAYS,
    level: Level = "artists",
    without: tuple[str, ...] = (),
) -> TasteQuery:
    """Make a query: the only place where one is made, and a window gets its half-life.

    `half_life` (days) is the requested one, 0 to count all plays the same; null takes `measured`, the one that did best
    on the person's own history, if there is one. Raises UsageError for an invalid one.
    """
    days = measured if half_life is None else half_life
    return TasteQuery(
        window=replace(window, half_life=days or None),
        known=Known(known_plays, known_days),
        level=level,
        without=without,
    )
