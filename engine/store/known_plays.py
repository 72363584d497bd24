"""Which plays the library already has: from this source's clock, from others', undated.

A clock is a source and its precision in seconds. Two rows of one clock are one play only when they are equal; rows
of two clocks when they mean the same moment (`engine.store.same_play`).
"""

from __future__ import annotations

import sqlite3
from bisect import bisect_left
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from typing import Any

from engine.store.play import BASIS_FLAGS, COUNT_FLAG, END, END_FLAG, MINUTE, PRIVATE_FLAG, UNKNOWN_FLAG, Play
from engine.store.same_play import Match, Others, Stored, window
from engine.store.schema import REBUILT
from engine.store.stamped_ends import MIXED, StampedEnds
from engine.store.track_lookup import Group, LibraryTrack

# Bits of a start in seconds.
START_BITS = 34
_MS_BITS = 24
_MAX_MS = (1 << _MS_BITS) - 1
# Two exports of one service have the same skip with the same length, their clocks up to a minute apart.
_SKIP_WINDOW = 70
# Maximum seconds between the ends of a play delivered twice, and the rounding of a start.
_TWINS, ROUNDING = 60, 3
# Seconds by which a player's second report of a play may compute another start.
_AGAIN = 10
# Tracks per statement.
_AT_A_TIME = 500
# Seconds from which a row is a listen by itself.
_SKIP_MS = 30_000

Clock = tuple[str, int]


@dataclass(slots=True)
class _Repeats:
    """Plays of one song on one day: known from earlier files, and seen in that of an import."""

    known: int = 0
    seen: int = 0
    import_id: int = 0


def _nothing() -> None:
    """There is nothing left to write."""


class KnownPlays:
    """Queries the library of `connection`; `flush` writes pending rows. With `live`, plays are reported as they happen:
    a source cannot play a song twice at once."""

    def __init__(
        self, connection: sqlite3.Connection, flush: Callable[[], None], *, live: bool = False
    ) -> None:
        self._db = connection
        self._flush = flush
        self._live = live
        self._clock: Clock = ("", 0)
        # Whether there are listens that could be duplicates.
        (newest,) = connection.execute("SELECT max(id) FROM listens").fetchone()
        self._any = newest is not None
        # Plays of the current clock: group and start in one number -> milliseconds; if several began in one second, the
        # others are stored as (number, milliseconds).
        self.own: dict[int | tuple[int, int], int | None] = {}
        # Plays of a day or hour of the current clock, by group and start in one number.
        self._repeats: dict[int, _Repeats] = {}
        self._import_id = 0
        # Known skips: group, start and milliseconds in one number; for the current clock group and start.
        self._skips: set[int] = set()
        self._own_skips: set[int] = set()
        self._undated: dict[int, list[int]] = {}
        self._matches: list[Match] = []
        # Of a source that stamps starts and ends: songs, starts of their plays, and the milliseconds these lasted.
        self._mixed = False
        self._lengths: list[tuple[Group, int, int | None]] = []

    def begin_file(self, import_id: int) -> None:
        """Begin a file: none of its undated plays was seen yet."""
        self._import_id = import_id
        self._undated = {}
        self._matches = []
        self._lengths = []

    def let_go(self) -> None:
        """Break the reference cycle with the writer, whose memory would otherwise be kept until the next garbage
        collection."""
        self._flush = _nothing

    def is_clock(self, source: str, precision: int) -> bool:
        """Whether this is the current clock."""
        return (source, precision) == self._clock

    def end_clock(self) -> None:
        """Forget the current clock, since rows were deleted: the library is queried again."""
        self._any, self._clock = True, ("", 0)

    def begin_clock(self, source: str, precision: int) -> bool:
        """Switch to another clock: what is known so far becomes the other side. True if there is none."""
        self._any = self._any or bool(self._clock[0])
        self._clock = (source, precision)
        self._mixed = source in MIXED and precision < MINUTE
        self.own.clear()
        self._repeats.clear()
        self._skips.clear()
        self._own_skips.clear()
        return not self._any

    # -- dated plays ----------------------------------------------------------------------------------

    def is_new(self, place: LibraryTrack, play: Play, start: int) -> bool:
        """Whether a dated play is new, for this clock and all others."""
        group = place.group
        if not group.loaded:
            self._load(group)
        own, played = self.own, play.ms_played
        moment = group.id << START_BITS | start
        if self._mixed and (play.basis == END or group.ends is not None):
            new = self._is_new_of_mixed(place, play, start, moment)
            if new is not None:
                return new
        # A coarser clock gives no moment: only how many plays it had can be compared.
        if play.precision > MINUTE:
            return self._is_more(moment) and not self._is_other(place, play)
        if self._live and _is_at_once(moment, play, own):
            return False
        if moment not in own:
            own[moment] = played
            if (play.paused or group.paused or play.precision == MINUTE) and self.is_twin(group, play, start):
                return False
            return not self._is_other(place, play)
        # Plays of a source that began in the same second but differ in length are distinct.
        there = own[moment]
        if there == played or there is None or played is None or (moment, played) in own:
            return False
        own[moment, played] = None
        return not self._is_other(place, play)

    def _is_new_of_mixed(self, place: LibraryTrack, play: Play, start: int, moment: int) -> bool | None:
        """Whether a play is new of a source that stamps starts and ends; null where only its own kind can say so."""
        group, own, played = place.group, self.own, play.ms_played
        ends = group.ends = group.ends or StampedEnds()
        is_end = play.basis == END
        if moment in own:
            if start in ends.reach if is_end else start not in ends.reach or start in ends.both:
                return None
            ends.both.add(start)
        else:
            own[moment] = played
        if not is_end:
            return not ends.has_start(start) and not self._is_other(place, play)
        ends.add(start, played, play.duration_ms or place.duration)
        begun = ends.start_of(start, self._starts_of(group, ends))
        if begun is None:
            return not self._is_other(place, play)
        self._lengths.append((group, begun, played))
        return False

    def _starts_of(self, group: Group, ends: StampedEnds) -> Callable[[int], bool]:
        """Whether a play of the song, whose start was stamped, began at a second."""
        first, own = group.id << START_BITS, self.own
        return lambda at: first | at in own and (at not in ends.reach or at in ends.both)

    def is_twin(self, group: Group, play: Play, start: int) -> bool:
        """Whether the source already has this play: the same start and length, the end up to a minute off.

        Spotify delivers some plays twice. A start computed from the end may be three seconds off. If only minutes are
        known, two plays of the same length in milliseconds cannot both begin in adjacent minutes. Records when this one
        began.
        """
        played = play.ms_played
        if played is None:
            return False
        if play.precision == MINUTE:
            moment = group.id << START_BITS | start
            return played >= 2 * MINUTE * 1000 and any(
                self._has(moment + off, played) for off in (-MINUTE, MINUTE)
            )
        # A song on repeat whose start is never updated ends a whole length later.
        reach = min(_TWINS, played // 2000) if played >= _SKIP_MS else _TWINS
        paused = group.paused or {}
        if not play.paused:
            for at in range(start - ROUNDING, start + ROUNDING + 1):
                if at in paused and paused[at][0] == played and 0 < paused[at][1] - start <= reach:
                    return True
            return False
        begun = start - play.paused
        length, other = paused.get(begun, (played, start))
        if length == played and other != start and abs(start - other) <= reach:
            return True
        for at in range(max(begun - ROUNDING, start - reach), begun + ROUNDING + 1):
            if at < start and self._has(group.id << START_BITS | at, played):
                return True
        group.add_paused(begun, played, start)
        return False

    def _has(self, moment: int, played: int) -> bool:
        """Whether a play or a skip of this length is known."""
        return (
            self.own.get(moment) == played
            or (moment, played) in self.own
            or moment << _MS_BITS | min(played, _MAX_MS) in self._skips
        )

    def _is_more(self, moment: int) -> bool:
        """Whether a file has more plays of one day, or hour, than were known of it."""
        known_plays = self._repeats.setdefault(moment, _Repeats())
        if known_plays.import_id != self._import_id:
            known_plays.known, known_plays.seen, known_plays.import_id = (
                max(known_plays.known, known_plays.seen),
                0,
                self._import_id,
            )
        known_plays.seen += 1
        return known_plays.seen > known_plays.known

    def _is_other(self, place: LibraryTrack, play: Play) -> bool:
        """Whether another source has this play."""
        others = place.group.others
        match = None if others is None else others.match(play, place.track)
        if match is None:
            return False
        self._matches.append(match)
        return True

    def merge_matches(self, import_id: int) -> bool:
        """Of one play in two sources keep the record with the length played. True if that changed anything."""
        changed = self._add_lengths()
        for match in self._matches:
            stored, play = match.stored, match.play
            if stored is None or play.started_at is None:
                continue
            # Which of a day's plays this is, is unknown: a known moment is not replaced for a length.
            fuller = (
                stored.ms_played is None
                and play.ms_played is not None
                and play.precision <= max(MINUTE, stored.precision)
            )
            finer = play.precision < stored.precision and (
                play.ms_played is not None or stored.ms_played is None
            )
            if fuller or finer:
                changed = True
                flags = BASIS_FLAGS[play.basis] | bool(play.private)
                self._db.execute(
                    "UPDATE listens SET import_id = ?, started_at = ?, precision = ?, ms_played = ?, source = ?, "
                    "paused = ?, flags = flags & ? | ? WHERE id = ?",
                    (
                        import_id,
                        play.started_at,
                        play.precision,
                        play.ms_played,
                        self._clock[0],
                        play.paused,
                        PRIVATE_FLAG,
                        flags,
                        stored.id,
                    ),
                )
        return changed

    def _add_lengths(self) -> bool:
        """Give plays whose starts were stamped the lengths that came with their ends. True if that changed anything."""
        changed = 0
        if self._lengths:
            self._db.execute(REBUILT["listens_by_track"])  # a first import dropped it
        for group, start, played in self._lengths:
            changed += self._db.execute(
                "UPDATE listens SET ms_played = ? WHERE started_at = ? AND source = ? AND ms_played IS NULL "  # noqa: S608 - marks
                f"AND flags & {END_FLAG | COUNT_FLAG} = 0 AND track_id IN ({','.join('?' * len(group.tracks))})",
                (played, start, self._clock[0], *group.tracks),
            ).rowcount
        self._lengths = []
        return changed > 0

    # -- undated plays --------------------------------------------------------------------------------

    def is_new_undated(self, place: LibraryTrack) -> bool:
        """Whether an undated play is new: a file adds only as many of a track as it has more than the library."""
        seen = self._undated.get(place.track)
        if seen is None:
            self._flush()
            stored = self._db.execute(
                "SELECT count(*) FROM listens WHERE track_id = ? AND source = ? AND flags & ? = 0 "
                "AND started_at IS NULL",
                (place.track, self._clock[0], COUNT_FLAG),
            ).fetchone()[0]
            seen = self._undated[place.track] = [int(stored), 0]
        seen[1] += 1
        return seen[1] > seen[0]

    # -- skips ----------------------------------------------------------------------------------------

    def is_new_skip(self, group: Group, play: Play) -> bool:
        """Whether a row too short to be a listen is a new skip."""
        if not group.loaded:
            self._load(group)
        start, played = play.started_at, play.ms_played
        moment = (group.id << START_BITS | (start or 0)) << _MS_BITS | min(played or 0, _MAX_MS)
        twin = start is not None and (play.paused or group.paused) and self.is_twin(group, play, start)
        if twin or moment in self._skips:
            return False
        self._skips.add(moment)
        if start is None:
            return True
        if self._live:
            if _is_at_once(group.id << START_BITS | start, play, self._own_skips):
                return False
            self._own_skips.add(group.id << START_BITS | start)
        if play.precision > MINUTE:
            first, behind = window(start, play.precision)
            return bisect_left(group.skip_starts, first) == bisect_left(group.skip_starts, behind)
        skips = group.skips_elsewhere
        if played is None or not skips:
            return True
        at = bisect_left(skips, (played, start - _SKIP_WINDOW))
        return at == len(skips) or skips[at] > (played, start + _SKIP_WINDOW)

    # -- from the library -----------------------------------------------------------------------------

    def _load(self, group: Group) -> None:
        group.loaded = True
        others: list[Stored] = []
        begun, ended = set[int](), list[int]()
        for (
            import_id,
            plays,
            source,
            flags,
            number,
            track,
            start,
            played,
            paused,
            precision,
            duration,
        ) in self._of_tracks(
            group,
            "SELECT l.import_id, l.plays, l.source, l.flags, "  # noqa: S608 - a number
            "l.id, l.track_id, l.started_at, l.ms_played, l.paused, l.precision, t.duration_ms "
            "FROM listens AS l JOIN tracks AS t ON t.id = l.track_id "
            f"WHERE l.started_at IS NOT NULL AND l.flags & {COUNT_FLAG} = 0 AND l.track_id",
        ):
            moment = group.id << START_BITS | start
            if (source, precision) != self._clock:
                # Rows of one file are distinct plays, whatever their clocks.
                if import_id != self._import_id:
                    unsure = bool(flags & UNKNOWN_FLAG)
                    others.append(Stored(number, track, start, played, paused, precision, unsure, duration))
            elif precision > MINUTE:
                # This file's own rows of another clock do not show that it was imported before.
                if import_id != self._import_id:
                    self._repeats.setdefault(moment, _Repeats()).known += plays
            else:
                if paused and played is not None:
                    group.add_paused(start - paused, played, start)
                if self._mixed and flags & END_FLAG:
                    group.ends = group.ends or StampedEnds()
                    group.ends.add(start, played, duration)
                    ended.append(start)
                else:
                    begun.add(start)
                if moment in self.own:
                    self.own[moment, played] = None
                else:
                    self.own[moment] = played
        if group.ends is not None:
            group.ends.both |= begun & group.ends.reach.keys()
            for start in ended:  # were stored as two plays
                group.ends.start_of(start, begun.__contains__)
        group.others = Others(others) if others else None
        skips: list[tuple[int, int]] = []
        for start, played, source in self._of_tracks(
            group, "SELECT started_at, ms_played, source FROM skips WHERE track_id"
        ):
            self._skips.add((group.id << START_BITS | (start or 0)) << _MS_BITS | min(played or 0, _MAX_MS))
            if source == self._clock[0]:
                self._own_skips.add(group.id << START_BITS | (start or 0))
            elif start is not None and played is not None:
                skips.append((played, start))
        group.skips_elsewhere = sorted(skips)
        group.skip_starts = sorted(start for _, start in skips)

    def _of_tracks(self, group: Group, select: str) -> Iterator[tuple[Any, ...]]:
        """The rows of a statement that ends in the column of tracks, in batches."""
        for first in range(0, len(group.tracks), _AT_A_TIME):
            some = group.tracks[first : first + _AT_A_TIME]
            yield from self._db.execute(f"{select} IN ({','.join('?' * len(some))})", some)


def _is_at_once(moment: int, play: Play, there: Container[int | tuple[int, int]]) -> bool:
    """Whether one of these moments is too near for both to be plays: nearer than the length."""
    lasted = play.ms_played or play.duration_ms or _AGAIN * 1000
    reach = min(_AGAIN, max(1, lasted // 1000))
    return any(at in there for at in range(moment - reach + 1, moment + reach))
