"""Routines: times of the week with their own listening habits, found in a person's sessions.

Sessions are placed by weekday and hour and compared by what is played in them. Adjacent hours are merged as long as
their sessions differ no more than by chance (Ward 1963, on the sessions' directions in few dimensions); so are the
working week and the weekend within such a span. A remaining span is a routine if it predicts the person's sessions at
least as well as their whole history does: spans are found in the earlier part of the history and tested on the later.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.taste.window import TimeOfWeek

Floats = NDArray[np.float64]
Ids = NDArray[np.int64]

# Days of the week from Sunday, as `TimeOfWeek` has them, and what their sessions are called.
WEEKDAYS, WEEKEND, EVERY_DAY = (1, 2, 3, 4, 5), (0, 6), ()
_HOURS = 24
# Minimum sessions, and weeks, of a habit.
MIN_SESSIONS, MIN_WEEKS = 20, 6
# Two spans are distinct if they differ by this many times what chance explains.
APART = 2.0
# The last share of the sessions is for testing; a figure needs this many of them in a span.
ASKED_SHARE, MIN_ASKED = 1 / 3, 10
GUESSES = 10
# Spans of the working week and the weekend are merged if they share this much of their hours and are not distinct.
SAME_HOURS = 0.5
_DIMENSIONS = 20
# Plays at any time break ties among items never played at these times.
_AT_ANY_TIME = 0.01
MAX_ROUTINES = 8


@dataclass(frozen=True, slots=True)
class Guessed:
    """Mean share of a session's artists among the first `GUESSES`, over `asked` sessions of a span: ranked by earlier
    sessions at such times, and by all earlier sessions."""

    asked: int
    then: float
    always: float


@dataclass(frozen=True, slots=True)
class Routine:
    """A time of the week with its `sessions`, the `items` that stand out then, descending, and how well it predicts."""

    times: TimeOfWeek
    sessions: Ids
    items: Ids
    guessed: Guessed


@dataclass(frozen=True)
class Sessions:
    """Sessions in time: rows of (`session`, `item`), and by session its `weekday` (0 Sunday), `hour` and `week`."""

    session: Ids
    item: Ids
    weekday: Ids
    hour: Ids
    week: Ids

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.hour)

    @property
    def items(self) -> int:
        """How many items are played in them."""
        return int(self.item.max()) + 1 if len(self.item) else 0

    def in_span(self, days: Sequence[int], hours: Sequence[int]) -> Ids:
        """The sessions that begin on these days (none for all) at these hours."""
        found = np.isin(self.hour, hours)
        if days:
            found &= np.isin(self.weekday, days)
        return np.flatnonzero(found)


def routines(sessions: Sessions) -> tuple[Routine, ...]:
    """The routines, by sessions descending; empty if the history shows none."""
    if sessions.count < 3 * MIN_SESSIONS:
        return ()
    directions = _directions(sessions)
    earlier = int(sessions.count * (1 - ASKED_SHARE))
    found = []
    for days, hours in _spans(sessions, directions, earlier):
        every = sessions.in_span(days, hours)
        if len(every) == sessions.count:
            continue  # all of the history is not a time of its own
        if len(every) < MIN_SESSIONS or len(np.unique(sessions.week[every])) < MIN_WEEKS:
            continue
        guessed = _guessed(sessions, every, earlier)
        if guessed is not None and guessed.then >= guessed.always:
            times = _time_of_week(days, hours)
            found.append(Routine(times, every, _standing_out(sessions, every), guessed))
    found.sort(key=lambda one: (-len(one.sessions), one.times.name))
    return tuple(_named_apart(found[:MAX_ROUTINES]))


def _directions(sessions: Sessions) -> Floats:
    """(sessions, few): unit vectors of what is played in each; items of few sessions count more (idf)."""
    from scipy.sparse import csr_matrix
    from scipy.sparse.linalg import svds

    played = np.bincount(sessions.item, minlength=sessions.items)
    weights = np.log1p(sessions.count / np.maximum(played, 1))[sessions.item]
    matrix = csr_matrix((weights, (sessions.session, sessions.item)), shape=(sessions.count, sessions.items))
    few = min(_DIMENSIONS, min(matrix.shape) - 1)
    if few < 1:
        return np.ones((sessions.count, 1))
    start = np.ones(min(matrix.shape))
    left, sizes, _ = svds(matrix, k=few, v0=start)
    found = left * sizes
    lengths = np.linalg.norm(found, axis=1, keepdims=True)
    return np.asarray(found / np.where(lengths > 1e-12, lengths, 1.0))


@dataclass
class _Group:
    """Sessions taken together: their hours, how many, and the sum of their directions."""

    hours: list[int]
    count: int
    total: Floats

    def apart_from(self, other: _Group, spread: float) -> float:
        """The distance of the means in units of what chance gives for as many sessions: 1 is chance."""
        if not (self.count and other.count):
            return 0.0
        between = self.total / self.count - other.total / other.count
        return float(self.count * other.count / (self.count + other.count) * (between @ between) / spread)

    def with_other(self, other: _Group) -> _Group:
        """Both as one; the other's hours come after."""
        return _Group(self.hours + other.hours, self.count + other.count, self.total + other.total)


def _spans(
    sessions: Sessions, directions: Floats, earlier: int
) -> Iterator[tuple[tuple[int, ...], list[int]]]:
    """Days and hours apart from each other, of the `earlier` sessions."""
    first = directions[:earlier]
    spread = float(np.square(first - first.mean(axis=0)).sum(axis=1).mean())
    if spread <= 1e-12:
        return

    def group(days: tuple[int, ...], hours: Sequence[int]) -> _Group:
        there = sessions.in_span(days, hours)
        there = there[there < earlier]
        return _Group(list(hours), len(there), directions[there].sum(axis=0))

    def of_days(days: tuple[int, ...]) -> list[_Group]:
        """The spans of these days, without hours at their ends in which nothing was played."""
        by_hour = [group(days, (hour,)) for hour in range(_HOURS)]
        counts = [one.count for one in by_hour]
        found = []
        for one in _merged(by_hour, spread):
            some = [place for place, hour in enumerate(one.hours) if counts[hour]]
            if some:
                # What is left out has no sessions: the rest is the same.
                found.append(_Group(one.hours[some[0] : some[-1] + 1], one.count, one.total))
        return found

    working, free = of_days(WEEKDAYS), of_days(WEEKEND)
    for one in list(working):
        alike = [
            other
            for other in free
            if _overlap(one.hours, other.hours) >= SAME_HOURS and one.apart_from(other, spread) <= APART
        ]
        if alike:
            other = max(alike, key=lambda other: _overlap(one.hours, other.hours))
            working.remove(one)
            free.remove(other)
            yield EVERY_DAY, max(one.hours, other.hours, key=len)
    for days, groups in ((WEEKDAYS, working), (WEEKEND, free)):
        yield from ((days, one.hours) for one in groups)


def _overlap(hours: Sequence[int], others: Sequence[int]) -> float:
    """The share of hours in both of those in either."""
    return len(set(hours) & set(others)) / len(set(hours) | set(others))


def _merged(groups: list[_Group], spread: float) -> list[_Group]:
    """The hours of a day, those next to each other merged, nearest first, while no farther apart than chance."""
    while len(groups) > 1:
        apart = [
            one.apart_from(groups[(place + 1) % len(groups)], spread) for place, one in enumerate(groups)
        ]
        # Spans of few sessions are never distinct: they join the nearer side.
        nearest = int(np.argmin(apart))
        if apart[nearest] > APART:
            break
        other = (nearest + 1) % len(groups)
        groups[nearest] = groups[nearest].with_other(groups[other])
        del groups[other]
    return groups


def _guessed(sessions: Sessions, there: Ids, earlier: int) -> Guessed | None:
    """How well the later sessions of a span are predicted; null if there are too few."""
    asked = there[there >= earlier]
    if len(asked) < MIN_ASKED:
        return None
    starts = np.searchsorted(sessions.session, np.arange(sessions.count + 1))
    always = np.bincount(sessions.item[: starts[earlier]], minlength=sessions.items).astype(np.float64)
    then = np.zeros(sessions.items)
    for session in there[there < earlier].tolist():
        then[sessions.item[starts[session] : starts[session + 1]]] += 1
    hits = np.zeros(2)
    in_span = np.zeros(sessions.count, dtype=bool)
    in_span[there] = True
    for session in range(earlier, sessions.count):
        items = sessions.item[starts[session] : starts[session + 1]]
        if in_span[session]:
            for place, scores in enumerate((then + _AT_ANY_TIME * always, always)):
                best = np.argsort(-scores, kind="stable")[:GUESSES]
                hits[place] += np.isin(best, items).sum() / min(GUESSES, len(items))
            then[items] += 1
        always[items] += 1
    return Guessed(len(asked), *(hits / len(asked)).tolist())


def _standing_out(sessions: Sessions, there: Ids) -> Ids:
    """The items of a span, by how much more of it they have than of the whole; those of two sessions at least."""
    inside = np.isin(sessions.session, there)
    played = np.bincount(sessions.item[inside], minlength=sessions.items)
    every = np.bincount(sessions.item, minlength=sessions.items)
    share = len(there) / sessions.count
    surplus = played - share * every
    return np.array(
        [item for item in np.argsort(-surplus, kind="stable").tolist() if played[item] > 1], dtype=np.int64
    )


def _time_of_week(days: tuple[int, ...], hours: Sequence[int]) -> TimeOfWeek:
    """The days and hours as a time of the week, called by when it is."""
    first, last = hours[0], (hours[-1] + 1) % _HOURS
    spans = () if len(hours) == _HOURS else ((f"{first:02d}:00", f"{last or 24:02d}:00"),)
    kind = {WEEKDAYS: "weekday ", WEEKEND: "weekend "}.get(days, "")
    words = (
        f"{kind}{_part_of_day(hours)}" if spans else {"weekday ": "weekdays", "weekend ": "weekends"}[kind]
    )
    return TimeOfWeek(words.replace(" ", "-"), words, days, spans)


def _part_of_day(hours: Sequence[int]) -> str:
    """What the middle of a span is called."""
    middle = (hours[0] + len(hours) / 2) % _HOURS
    for end, name in ((5, "nights"), (11, "mornings"), (14, "middays"), (18, "afternoons"), (23, "evenings")):
        if middle < end:
            return name
    return "nights"


def _named_apart(found: Sequence[Routine]) -> Iterator[Routine]:
    """Routines of the same name, with their hours added."""
    names = [one.times.name for one in found]
    for one in found:
        times = one.times
        if names.count(times.name) > 1:
            ((first, last),) = times.spans
            words = f"{times.words} {first[:2]}-{last[:2]}"
            times = TimeOfWeek(words.replace(" ", "-"), words, times.days, times.spans)
        yield Routine(times, one.sessions, one.items, one.guessed)
