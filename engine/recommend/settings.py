"""Discover's settings: the dials, the time window, what to pretend was never played."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from engine import defaults
from engine.canonical_keys import Level
from engine.errors import UsageError
from engine.taste.query import TasteQuery, taste_query
from engine.taste.window import EVERYTHING, Window


@dataclass(frozen=True, slots=True)
class DiscoverSettings:
    """The dials.

    `familiarity` 0 (only artists you know) to 1 (only new ones) is the share of new artists in the list. `popularity`
    -1 (obscure) to 1 (popular) biases the order, 0 keeps the model's own. `variety` goes from 0 (the best alone) to 1
    (as unlike each other as the candidates allow). An artist is known who was played at least `known_plays` times, with
    `known_days` within so many days before the last play. `half_life` (days) lets older plays decay, 0 for no decay,
    null for the one that did best on the person's own history. `without` names artists, and tracks (`track_name`), to
    pretend you never played. `n` is the length of the list. `day` (days since 1970, local time) gives that day's
    shuffle and leaves out what rests then; null for neither. `mode` is the number, from 1, of the taste to recommend
    for; null for all. `level` is what is recommended: artists, or tracks, of which there are at most `per_artist` of
    each artist, 0 for any number. With `from_library` only what the person has is listed (`engine.taste.own_music`).
    """

    n: int = defaults.LENGTH
    familiarity: float = defaults.FAMILIARITY
    popularity: float = defaults.POPULARITY
    variety: float = defaults.VARIETY
    known_plays: int = defaults.KNOWN_PLAYS
    known_days: float | None = defaults.KNOWN_DAYS
    half_life: float | None = defaults.HALF_LIFE
    window: Window = EVERYTHING
    without: tuple[str, ...] = ()
    day: int | None = None
    mode: int | None = None
    level: Level = "artists"
    per_artist: int = defaults.PER_ARTIST
    from_library: bool = False

    def __post_init__(self) -> None:
        """Raise UsageError for a dial outside its range."""
        if not 0.0 <= self.familiarity <= 1.0:
            # Named as in both front ends.
            raise UsageError(f"new {self.familiarity:g} is out of range: enter a number from 0 to 1.")
        if not -1.0 <= self.popularity <= 1.0:
            raise UsageError(f"popularity {self.popularity:g} is out of range: enter a number from -1 to 1.")
        if not 0.0 <= self.variety <= 1.0:
            raise UsageError(f"variety {self.variety:g} is out of range: enter a number from 0 to 1.")
        if self.known_plays < 1 or not (self.known_days is None or self.known_days > 0):
            raise UsageError("An artist counts as known after at least 1 play, within more than 0 days.")
        if self.half_life is not None and not (math.isfinite(self.half_life) and self.half_life >= 0):
            raise UsageError(
                f"half-life {self.half_life:g} is out of range: enter days, or 0 to count all plays the same."
            )
        if self.mode is not None and self.mode < 1:
            raise UsageError(f"Tastes are numbered from 1, not {self.mode}.")
        if self.per_artist < 0:
            raise UsageError(f"per_artist is {self.per_artist}; enter 0 (no limit) or more.")
        if self.n < 1:
            raise UsageError(f"n is {self.n}; enter 1 or more.")

    def query(self, measured: float | None = None) -> TasteQuery:
        """The taste these ask for; `measured` is the half-life (days) that did best on the person's own history."""
        return taste_query(
            self.window,
            half_life=self.half_life,
            measured=measured,
            known_plays=self.known_plays,
            known_days=self.known_days,
            level=self.level,
            without=self.without,
        )

    def as_of(self, end: int) -> DiscoverSettings:
        """The same as of an earlier time: from plays before `end` (seconds UTC), with that day's shuffle."""
        until = end if self.window.until is None else min(end, self.window.until)
        day = (end - 1) // 86_400 if self.day is None else self.day
        return replace(self, window=replace(self.window, until=until), day=day)


DEFAULTS = DiscoverSettings()
