"""What is asked of a history: which plays count, how they decay, and what counts as known.

Needs no NumPy: what is asked of Discover is named before anything is loaded.
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
    """Known is what was played at least `plays` times, with `days` within so many days before the last play."""

    plays: int = 1
    days: float | None = None

    def keys(self, wider: DatedTaste) -> frozenset[str]:
        """Keys of what is known of a taste; a liked item always is, and decay makes none unknown."""
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
        """The same without a half-life: what it finds serves for every half-life."""
        return replace(self, window=replace(self.window, half_life=None))

    @property
    def taste(self) -> TasteQuery:
        """The same whatever counts as known: equal for two queries that ask for the same taste."""
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
    """The query for what a person asks: the one place where one is made, and a window gets its half-life.

    `half_life` (days) is the one asked for, 0 to count all plays alike; null takes `measured`, the one that guessed the
    person's own past best, where there is one. Raises UsageError for an invalid one.
    """
    days = measured if half_life is None else half_life
    return TasteQuery(
        window=replace(window, half_life=days or None),
        known=Known(known_plays, known_days),
        level=level,
        without=without,
    )
