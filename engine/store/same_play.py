"""Finds out which play of another source a play is: the same moment by another clock.

Two sources agree within ten seconds, or within a minute more where one of them writes minutes only. Where it is not
known whether a source stamped the start or the end, the two may also lie one track length apart, or as long as it takes
until a play is one. A start that was worked out from the end comes too late by the listener's pauses: where these are
known, the true start is asked for too. Each play stands for at most one play of the other side: of a track played twice
in a row, two stay two. Where one of them writes hours or days only, any play within that hour or day may be it, a day
being one of any zone.

Facts: FORMATS.md, The same play twice.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field

from engine.store.play import DAY, UNKNOWN, Play

# Clocks of two services differ by no more than this many seconds.
_TOLERANCE = 10
_MINUTE = 60
# A day begins so many seconds before UTC's in the easternmost zone and ends so many after it in the westernmost.
_EAST, _WEST = 14 * 3600, 12 * 3600
# Milliseconds after which a play of a long track is reported.
_REPORTED = 240_000
# The longest track whose end is looked for.
_MAX_TRACK = 1800
# How many pairs of one song's plays are compared at most in the search for the best assignment, and afterwards for
# each play: a song on repeat for days, known by the day, takes fewer.
_PAIRS, _NEAREST = 300_000, 100


@dataclass(slots=True, eq=False)
class Stored:
    """A listen of another source that is in the library; `unsure` of whether its stamp is the start."""

    id: int
    start: int
    ms_played: int | None
    paused: int | None
    precision: int
    unsure: bool
    duration_ms: int | None
    match: Match | None = None


@dataclass(slots=True, eq=False)
class Match:
    """A play of the file being read and the stored listen it was found to be."""

    play: Play
    candidates: list[Stored] = field(default_factory=list)
    stored: Stored | None = None


class Others:
    """The listens of one song that other sources reported, by time."""

    def __init__(self, stored: list[Stored]) -> None:
        self._stored = sorted(stored, key=lambda one: one.start)
        self._starts = [one.start for one in self._stored]
        self._unsure = any(one.unsure for one in stored)
        self._paused = max(one.paused or 0 for one in stored)
        self._coarsest = max(one.precision for one in stored)
        self._pairs = 0
        # What no play stands for yet and where it is, once there were too many pairs.
        self._free: tuple[list[Stored], list[int]] | None = None

    def match(self, play: Play) -> Match | None:
        """The stored listen this play is, None when it is not one of them.

        Among several the nearest free one is taken; one that is taken is freed when its play can be another. Of a song
        with so many plays that their pairs would take the square of them, it is no longer freed.
        """
        start = play.started_at or 0
        unsure = self._unsure or play.basis == UNKNOWN
        reach = _MAX_TRACK if unsure else _MINUTE + _TOLERANCE
        if (coarsest := max(self._coarsest, play.precision)) > _MINUTE:
            reach = coarsest + _EAST
        earliest, latest = start - reach - (play.paused or 0), start + reach + self._paused
        middle = start + (play.precision // 2 if play.precision > _MINUTE else 0)
        if self._pairs > _PAIRS:
            return self._match_nearest(play, middle, earliest, latest)
        first, last = bisect_left(self._starts, earliest), bisect_right(self._starts, latest)
        if first == last:
            return None
        near = [one for one in self._stored[first:last] if _is_same(play, start, one)]
        self._pairs += last - first
        if not near:
            return None
        near.sort(key=lambda one: abs(one.start - middle))
        match, asked = Match(play, near), set[int]()
        found = _assign(match, asked)
        self._pairs += len(asked) * len(near)
        return match if found else None

    def _match_nearest(self, play: Play, middle: int, earliest: int, latest: int) -> Match | None:
        """The nearest free listen that the play is, of those next to it."""
        if self._free is None:
            free = [one for one in self._stored if one.match is None]
            self._free = free, [one.start for one in free]
        free, starts = self._free
        before, after = bisect_left(starts, middle) - 1, bisect_left(starts, middle)
        for _ in range(_NEAREST):
            earlier = before >= 0 and starts[before] >= earliest
            later = after < len(starts) and starts[after] <= latest
            if not earlier and not later:
                return None
            if earlier and not (later and starts[after] - middle < middle - starts[before]):
                place, before = before, before - 1
            else:
                place, after = after, after + 1
            if _is_same(play, play.started_at or 0, free[place]):
                match = Match(play, [free[place]], free[place])
                free.pop(place).match = match
                del starts[place]
                return match
        return None


def _assign(match: Match, asked: set[int]) -> bool:
    """Give the play a stored listen, moving other plays of this file along where they can (Kuhn's algorithm)."""
    for stored in match.candidates:
        if stored.match is None:
            match.stored, stored.match = stored, match
            return True
    for stored in match.candidates:
        if stored.id in asked or len(asked) > 200:
            continue
        asked.add(stored.id)
        if stored.match is not None and _assign(stored.match, asked):
            match.stored, stored.match = stored, match
            return True
    return False


def window(start: int, precision: int) -> tuple[int, int]:
    """The first second that may be in the hour or day that begins at `start`, and the first behind it."""
    before, after = (_EAST, _WEST) if precision >= DAY else (_TOLERANCE, _TOLERANCE)
    return start - before, start + precision + after


def _is_same(play: Play, start: int, stored: Stored) -> bool:
    apart = abs(start - stored.start)
    coarse = max(play.precision, stored.precision)
    if coarse > _MINUTE:
        if play.precision == stored.precision:
            return apart == 0
        wide, moment = (start, stored.start) if play.precision == coarse else (stored.start, start)
        first, behind = window(wide, coarse)
        return first <= moment < behind
    tolerance = _TOLERANCE + (_MINUTE if coarse == _MINUTE else 0)
    if apart <= tolerance:
        return True
    for began, other in (
        (start - (play.paused or 0), stored.start),
        (start, stored.start - (stored.paused or 0)),
    ):
        if abs(began - other) <= tolerance:
            return True
    if not stored.unsure and play.basis != UNKNOWN:
        return False
    lengths = (play.ms_played, play.duration_ms, stored.ms_played, stored.duration_ms)
    # Who stamps the moment of reporting does so when half a track or four minutes were heard.
    reported = (min(length // 2, _REPORTED) for length in (play.duration_ms, stored.duration_ms) if length)
    return any(length and abs(apart - length / 1000) <= tolerance for length in (*lengths, *reported))
