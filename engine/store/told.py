"""What the library was told already: by this source's clock, by those of others, without a date.

A clock is a source and its precision in seconds. Two rows of one clock are one play only when they are equal; rows
of two clocks when they mean the same moment (`engine.store.same_play`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from engine.store.places import Group, Place
from engine.store.play import BASIS_FLAGS, COUNT_FLAG, DAY, PRIVATE_FLAG, UNKNOWN_FLAG, Play
from engine.store.same_play import Match, Others, Stored

# A start in seconds takes fewer bits than this.
START_BITS = 34
_MS_BITS = 24
_MOST_MS = (1 << _MS_BITS) - 1
# Two exports of one service tell the same skip with the same length, their clocks up to a minute apart.
_SKIP_WINDOW = 70

Clock = tuple[str, int]


class Told:
    """Asks the library of `connection`; `flush` writes what is still to be written."""

    def __init__(self, connection: sqlite3.Connection, flush: Callable[[], None]) -> None:
        self._db = connection
        self._flush = flush
        self._clock: Clock = ("", 0)
        self._clocks: set[Clock] = set(
            connection.execute("SELECT DISTINCT source, coalesce(precision, 0) FROM listens")
        )
        # Plays told by the clock under way: group and start in one number -> milliseconds; of several that began
        # in one second the others are there as (number, milliseconds).
        self.own: dict[int | tuple[int, int], int | None] = {}
        # Skips that are there: group, start and milliseconds in one number.
        self._skips: set[int] = set()
        self._undated: dict[tuple[int, bool], list[int]] = {}
        # Of a clock that tells days: plays of a group on a day that are there, and those of the file under way.
        self._on_day: dict[int, int] = {}
        self._of_file: dict[int, int] = {}
        self._matches: list[Match] = []

    def begin_file(self) -> None:
        """A file begins: of its undated plays, and those of a day, none was seen."""
        self._undated = {}
        self._of_file = {}
        self._matches = []

    def is_clock(self, source: str, precision: int) -> bool:
        """Whether the clock under way is this one."""
        return (source, precision) == self._clock

    def begin_clock(self, source: str, precision: int) -> bool:
        """Rows of another clock follow: what was told so far becomes the other side. True when there is none."""
        if self._clock[0]:
            self._clocks.add(self._clock)
        self._clock = (source, precision)
        self.own.clear()
        self._skips.clear()
        self._on_day.clear()
        return not self._clocks

    # -- dated plays ----------------------------------------------------------------------------------

    def is_new(self, group: Group, play: Play, start: int) -> bool:
        """Whether a dated play is one that is not there, from this clock or another."""
        if not group.loaded:
            self._load(group)
        own, played = self.own, play.ms_played
        moment = group.id << START_BITS | start
        if play.precision >= DAY:
            return self._is_new_on_day(moment, play)
        if moment not in own:
            own[moment] = played
            return group.others is None or not self._is_other(group.others, play)
        # A play that began in the same second as another of its source is its own if it lasted otherwise.
        there = own[moment]
        if there == played or there is None or played is None or (moment, played) in own:
            return False
        own[moment, played] = None
        return True

    def _is_new_on_day(self, moment: int, play: Play) -> bool:
        """Of a day a file adds only as many plays of a song as it has more than the library: `play.plays` becomes
        how many of them are new. Plays of a day are never those of a clock: nothing tells which."""
        there = self._on_day.get(moment, 0)
        seen = self._of_file[moment] = self._of_file.get(moment, 0) + play.plays
        if seen <= there:
            return False
        play.plays = min(play.plays, seen - there)
        self._on_day[moment] = seen
        return True

    def _is_other(self, others: Others, play: Play) -> bool:
        """Whether another source told of this play."""
        match = others.match(play)
        if match is None:
            return False
        self._matches.append(match)
        return True

    def merge_matches(self, import_id: int) -> bool:
        """Of one play told twice keep the fuller record: the one that knows how long it was played.

        True when that changed anything.
        """
        changed = False
        for match in self._matches:
            stored, play = match.stored, match.play
            if stored is None or play.started_at is None:
                continue
            fuller = stored.ms_played is None and play.ms_played is not None
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
                        import_id, play.started_at, play.precision, play.ms_played, self._clock[0],
                        play.paused, PRIVATE_FLAG, flags, stored.id,
                    ),
                )  # fmt: skip
        return changed

    # -- undated plays and counts ---------------------------------------------------------------------

    def is_new_undated(self, place: Place, play: Play) -> bool:
        """Of undated plays of a track a file adds only as many as it has more than the library. A count is
        there once."""
        key = (place.track, play.counted)
        seen = self._undated.get(key)
        if seen is None:
            self._flush()
            stored = self._db.execute(
                "SELECT count(*) FROM listens WHERE track_id = ? AND source = ? AND flags & ? = ? "
                "AND (started_at IS NULL OR ?)",
                (place.track, self._clock[0], COUNT_FLAG, COUNT_FLAG * play.counted, play.counted),
            ).fetchone()[0]
            seen = self._undated[key] = [int(stored), 0]
        seen[1] += 1
        return seen[1] > seen[0]

    def raise_count(self, place: Place, play: Play, import_id: int) -> bool:
        """Raise the count this source gave earlier, where the new one is higher; whether it was."""
        self._flush()
        raised = self._db.execute(
            "UPDATE listens SET plays = ?, started_at = coalesce(?, started_at), precision = coalesce(?, precision), "
            "import_id = ? WHERE track_id = ? AND source = ? AND flags & ? != 0 AND plays < ?",
            (
                play.plays, play.started_at, play.precision if play.started_at else None, import_id,
                place.track, self._clock[0], COUNT_FLAG, play.plays,
            ),
        ).rowcount  # fmt: skip
        return bool(raised)

    # -- skips ----------------------------------------------------------------------------------------

    def is_new_skip(self, group: Group, play: Play) -> bool:
        """Whether a row too short to be a listen is one that is not there."""
        if not group.loaded:
            self._load(group)
        start, played = play.started_at, play.ms_played
        moment = (group.id << START_BITS | (start or 0)) << _MS_BITS | min(played or 0, _MOST_MS)
        if moment in self._skips:
            return False
        self._skips.add(moment)
        return not (
            group.skips_elsewhere
            and start is not None
            and any(
                ms == played and abs(other - start) <= _SKIP_WINDOW for other, ms in group.skips_elsewhere
            )
        )

    # -- from the library -----------------------------------------------------------------------------

    def _load(self, group: Group) -> None:
        group.loaded = True
        marks = ",".join("?" * len(group.tracks))
        others: list[Stored] = []
        for number, start, played, paused, precision, source, flags, duration, plays in self._db.execute(
            "SELECT l.id, l.started_at, l.ms_played, l.paused, l.precision, l.source, l.flags, t.duration_ms, l.plays "  # noqa: S608
            "FROM listens AS l JOIN tracks AS t ON t.id = l.track_id "
            f"WHERE l.track_id IN ({marks}) AND l.started_at IS NOT NULL AND l.flags & {COUNT_FLAG} = 0",
            group.tracks,
        ):
            if (source, precision) != self._clock:
                unsure = bool(flags & UNKNOWN_FLAG)
                others.append(Stored(number, start, played, paused, precision, unsure, duration))
            elif precision >= DAY:
                moment = group.id << START_BITS | start
                self._on_day[moment] = self._on_day.get(moment, 0) + plays
            elif (moment := group.id << START_BITS | start) in self.own:
                self.own[moment, played] = None
            else:
                self.own[moment] = played
        for start, played, source in self._db.execute(
            f"SELECT started_at, ms_played, source FROM skips WHERE track_id IN ({marks})",  # noqa: S608
            group.tracks,
        ):
            self._skips.add((group.id << START_BITS | (start or 0)) << _MS_BITS | min(played or 0, _MOST_MS))
            if source != self._clock[0] and start is not None and played is not None:
                group.skips_elsewhere += ((start, played),)
        group.others = Others(others) if others else None
