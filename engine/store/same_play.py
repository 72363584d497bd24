"""Matches plays of different sources: the same moment by another clock.

Two sources agree within ten seconds, or a minute more if one of them writes minutes only. If it is not known whether a
source stamped the start or the end, the two may also differ by the track's length, or by the time after which a play is
reported. A start computed from the end is late by the listener's pauses: if these are known, the true start is tried
too. Each play matches at most one play of the other side: a track played twice in a row stays two plays. If one of them
writes hours or days only, any play within that hour or day may match, a day in any time zone.

Facts: FORMATS.md, The same play twice.
"""

from __future__ import annotations

import time
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field

from engine.store.play import DAY, MINUTE, UNKNOWN, Play

# Maximum difference of two services' clocks, in seconds.
_TOLERANCE = 10
# A day begins so many seconds before UTC's in the easternmost zone and ends so many after it in the westernmost.
_EAST, _WEST = 14 * 3600, 12 * 3600
# Milliseconds after which a play of a long track is reported.
_REPORTED = 240_000
# The longest track whose end is considered.
_MAX_TRACK = 1800
# Maximum pairs of one song's plays in the search for the best assignment, and afterwards per play: a song on repeat for
# days, dated by the day, stays below.
_PAIRS, _NEAREST = 300_000, 100


@dataclass(slots=True, eq=False)
class Stored:
    """A listen of another source in the library; `unsure` if its stamp may not be the start."""

    id: int
    track: int
    start: int
    ms_played: int | None
    paused: int | None
    precision: int
    unsure: bool
    duration_ms: int | None
    match: Match | None = None


@dataclass(slots=True, eq=False)
class Match:
    """A play of the current file and the stored listen it matches."""

    play: Play
    candidates: list[Stored] = field(default_factory=list)
    stored: Stored | None = None


class Others:
    """The listens of one song that other sources reported, by time."""

    def __init__(self, stored: list[Stored]) -> None:
        self._stored = sorted(stored, key=_middle_of)
        self._middles = [_middle_of(one) for one in self._stored]
        self._unsure = any(one.unsure for one in stored)
        self._paused = max(one.paused or 0 for one in stored)
        self._coarsest = max(one.precision for one in stored)
        self._pairs = 0
        # Unmatched listens and their positions, once there were too many pairs.
        self._free: tuple[list[Stored], list[int]] | None = None

    def match(self, play: Play, track: int) -> Match | None:
        """The stored listen this play of a track is, None when it is not one of them.

        Among several the nearest free one is taken; another recording of the song counts as half a clock's width
        further. A taken one is freed if its play can be matched to another. For a song with so many plays that the
        number of pairs would be their square, none is freed, and recordings are not distinguished.
        """
        start = play.started_at or 0
        unsure = self._unsure or play.basis == UNKNOWN
        reach = _MAX_TRACK if unsure else MINUTE + _TOLERANCE
        coarsest = max(self._coarsest, play.precision)
        if coarsest > MINUTE:
            reach = coarsest + _EAST
        earliest, latest = start - reach - (play.paused or 0), start + reach + self._paused + coarsest // 2
        middle = _middle(start, play.precision)
        if self._pairs > _PAIRS:
            return self._match_nearest(play, middle, earliest, latest)
        first, last = bisect_left(self._middles, earliest), bisect_right(self._middles, latest)
        if first == last:
            return None
        near = self._near(play, start, track, first, last, coarsest // 2)
        self._pairs += last - first
        if not near:
            return None
        match, asked = Match(play, near), set[int]()
        found = _assign(match, asked)
        self._pairs += len(asked) * len(near)
        if not found and play.precision >= DAY:
            _exchange(play, near)
        return match if found else None

    def _near(self, play: Play, start: int, track: int, first: int, last: int, further: int) -> list[Stored]:
        """The listens in these places that the play may be, the likeliest first."""
        if last - first == 1:
            return [one for one in self._stored[first:last] if _off(play, start, one) is not None]
        near = [
            (off + (one.track != track) * further, place)
            for place, one in enumerate(self._stored[first:last], first)
            if (off := _off(play, start, one)) is not None
        ]
        return [self._stored[place] for _, place in sorted(near)]

    def _match_nearest(self, play: Play, middle: int, earliest: int, latest: int) -> Match | None:
        """The nearest free listen that matches the play, of those next to it."""
        if self._free is None:
            free = [one for one in self._stored if one.match is None]
            self._free = free, [_middle_of(one) for one in free]
        free, middles = self._free
        before, after = bisect_left(middles, middle) - 1, bisect_left(middles, middle)
        for _ in range(_NEAREST):
            earlier = before >= 0 and middles[before] >= earliest
            later = after < len(middles) and middles[after] <= latest
            if not earlier and not later:
                return None
            if earlier and not (later and middles[after] - middle < middle - middles[before]):
                place, before = before, before - 1
            else:
                place, after = after, after + 1
            if _off(play, play.started_at or 0, free[place]) is not None:
                match = Match(play, [free[place]], free[place])
                free.pop(place).match = match
                del middles[place]
                return match
        return None


def _assign(match: Match, asked: set[int]) -> bool:
    """Match the play to a stored listen, reassigning other plays of this file if possible (Kuhn's algorithm)."""
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


def _exchange(play: Play, near: list[Stored]) -> None:
    """Where a play of another day was taken for one of this play's day, which alone is left, exchange the two: that one
    is new, and its day is the one that has no moment."""
    for stored in near:
        other = stored.match.play if stored.match else play
        if _is_of_day(stored.start, play) and not _is_of_day(stored.start, other) and other.precision >= DAY:
            play.started_at, other.started_at = other.started_at, play.started_at
            play.ms_played, other.ms_played = other.ms_played, play.ms_played
            return


def _is_of_day(moment: int, play: Play) -> bool:
    """Whether the moment is on the play's day in this machine's time zone."""
    return (moment + time.localtime(moment).tm_gmtoff) // DAY * DAY == play.started_at


def _middle(start: int, precision: int) -> int:
    """The likeliest second of a stamp whose clock left the rest of the minute, hour or day away."""
    return start + precision // 2


def _middle_of(stored: Stored) -> int:
    return _middle(stored.start, stored.precision)


def window(start: int, precision: int) -> tuple[int, int]:
    """The first second that may be in the hour or day that begins at `start`, and the first behind it."""
    before, after = (_EAST, _WEST) if precision >= DAY else (_TOLERANCE, _TOLERANCE)
    return start - before, start + precision + after


def _off(play: Play, start: int, stored: Stored) -> float | None:
    """How many seconds the two are away from what one play gives by both clocks, None where that is too many."""
    coarse = max(play.precision, stored.precision)
    middles = play.precision // 2 - stored.precision // 2
    if coarse > MINUTE:
        if play.precision == stored.precision:
            return 0 if start == stored.start else None
        wide, moment = (start, stored.start) if play.precision == coarse else (stored.start, start)
        first, behind = window(wide, coarse)
        if not first <= moment < behind:
            return None
        # Moments of the same day here go before those that would be of it elsewhere.
        elsewhere = coarse >= DAY and (moment + time.localtime(moment).tm_gmtoff) // DAY * DAY != wide
        return abs(start - stored.start + middles) + elsewhere * DAY
    tolerance = _TOLERANCE + (MINUTE if coarse == MINUTE else 0)
    unsure = stored.unsure or play.basis == UNKNOWN
    if not (unsure or play.paused or stored.paused):
        apart = start - stored.start
        return abs(apart + middles) if abs(apart) <= tolerance else None
    # How much later the play's stamp is than the stored one's where one of them is not of the start.
    later: list[float] = [0]
    if unsure:
        tracks = [length for length in (play.duration_ms, stored.duration_ms) if length]
        lengths = [length / 1000 for length in (play.ms_played, stored.ms_played, *tracks) if length]
        # Sources that stamp the moment of reporting do so after half a track or four minutes.
        lengths += [min(length // 2, _REPORTED) / 1000 for length in tracks]
        later += lengths if play.basis == UNKNOWN else ()
        later += [-length for length in lengths] if stored.unsure else ()
    # By the starts as they are, and without the pauses of either.
    pauses = {0, -(play.paused or 0), stored.paused or 0}
    return min(
        (
            abs(apart + middles - off)
            for apart in [start - stored.start + pause for pause in pauses]
            for off in later
            if abs(apart - off) <= tolerance
        ),
        default=None,
    )
