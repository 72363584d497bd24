"""Matches plays of one source that stamps starts and ends: a start, and one computed from an end, may be of one play.

ListenBrainz keeps what players report beside what was imported there from Spotify's files, whose stamps are ends. Where
the listener paused, the computed start is late: by less than it takes until a player reports a play, half a minute at
least, since otherwise the start is that of an earlier play. Each start matches at most one end.

Facts: FORMATS.md, ListenBrainz.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

# Sources whose rows are of both kinds.
MIXED = frozenset({"listenbrainz"})
# Maximum difference of two clocks, and the shortest time after which a play is reported, in seconds.
_TOLERANCE, _REPORTED = 10, 30


@dataclass(slots=True)
class StampedEnds:
    """One song's plays whose ends were stamped, by their computed starts.

    `reach`: seconds before and behind that the true start may be. `both`: seconds at which another play began, too,
    whose start was stamped.
    """

    reach: dict[int, tuple[int, int]] = field(default_factory=dict)
    both: set[int] = field(default_factory=set)
    _start_of: dict[int, int] = field(default_factory=dict)
    _end_of: dict[int, int] = field(default_factory=dict)

    def add(self, computed: int, played: int | None, length: int | None) -> None:
        """A play whose end was stamped; milliseconds played, and of the track."""
        half = (length or played or 0) // 2000
        tolerance = min(_TOLERANCE, half)
        self.reach[computed] = max(tolerance, min(half, _REPORTED) - _TOLERANCE), tolerance

    def start_of(self, computed: int, is_start: Callable[[int], bool]) -> int | None:
        """The start that was stamped of a play added, null where none is free: `is_start` says where one is."""
        return self._start_of[computed] if self._assign_end(computed, is_start, set()) else None

    def has_start(self, start: int) -> bool:
        """Whether the play that began then is one added, for which no other start was found."""
        return bool(self.reach) and self._assign_start(start, set())

    def _assign_end(self, computed: int, is_start: Callable[[int], bool], asked: set[int]) -> bool:
        """Match an end to a start, reassigning other ends if possible (Kuhn's algorithm)."""
        before, behind = self.reach[computed]
        seconds = sorted(range(computed - before, computed + behind + 1), key=lambda at: abs(at - computed))
        for start in filter(is_start, seconds):
            if start in asked:
                continue
            asked.add(start)
            other = self._end_of.get(start)
            if other is None or self._assign_end(other, is_start, asked):
                self._start_of[computed], self._end_of[start] = start, computed
                return True
        return False

    def _assign_start(self, start: int, asked: set[int]) -> bool:
        """The same from the other side."""
        seconds = range(start - _TOLERANCE, start + _REPORTED + 1)
        for computed in sorted(seconds, key=lambda at: abs(at - start)):
            before, behind = self.reach.get(computed, (-1, -1))
            if not -behind <= computed - start <= before or computed in asked:
                continue
            asked.add(computed)
            other = self._start_of.get(computed)
            if other is None or self._assign_start(other, asked):
                self._start_of[computed], self._end_of[start] = start, computed
                return True
        return False
