"""The objective of sequencing, for many orders at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.playlists.bridge import Way
from engine.playlists.contexts import Context, Settings
from engine.playlists.fit import Fit, Targets, fit, targets_of
from engine.playlists.pool import ASSUMED_SECONDS, Pool, short_list
from engine.playlists.profile import Floats, profile_of
from engine.playlists.tempo import HalfTime

Orders = NDArray[np.int64]
T = TypeVar("T", bound=np.generic)

LENGTH_WEIGHT = 0.5  # a minute too long or short
NEW_WEIGHT = 3.0  # all of the list on the wrong side of new and known
FORBIDDEN = 10.0  # an artist too near itself, or a track that may not be taken, in the scale of a whole list
_TIMES = 16  # times a profile is sampled at for the short list
_OCTAVE_APART = 2.0  # what an octave between neighbours is worth beside all of the energy's range


@dataclass(frozen=True)
class Objective:
    """The worth of playlists drawn from one pool; greater is better.

    The mean over the list's time of the current track's score, less penalties for a wrong length, a wrong share of new
    music, an artist within `artist_gap` places of itself, tracks that may not be taken, artists that come again, and
    neighbours that differ. A list that is too short loses what its missing time could have earned. `length` is in
    seconds, `new` a share. `worth` is (rows of targets, tracks), `jump` what it costs that one track (line) comes
    before another (column), infinite where it may not, `ends` that one is the first, and the last, `earned` (steps of
    targets + 1, tracks): what each track would have earned in a list's share of time, playing from its beginning.
    `before` are the numbers of the artists played last before the list. `second` is where a track counts by the second
    reading of its tempo.
    """

    pool: Pool
    targets: Targets
    worth: Floats
    earned: Floats
    allowed: NDArray[np.bool_]
    factor: Floats
    second: NDArray[np.bool_]
    jump: Floats
    ends: tuple[Floats, Floats]
    length: float
    new: float
    artist_gap: int
    variety: float
    new_weight: float
    before: Orders

    def values(self, orders: Orders) -> Floats:
        """The worth of each row of `orders`: shape (lists, places), numbers of tracks in the pool."""
        lists, places = orders.shape
        if places == 0:
            return np.full(lists, -LENGTH_WEIGHT * self.length / 60.0)
        seconds = self.pool.seconds[orders]
        end = np.cumsum(seconds, axis=1)
        last = end[:, -1]
        steps = self.targets.steps_at(end) * len(self.pool)
        total = self.earned.take(steps + orders).sum(axis=1)
        total -= self.earned.take(steps[:, :-1] + orders[:, 1:]).sum(axis=1)
        total *= self.length / np.maximum(self.length, last)
        middle = self.targets.rows_at(end - seconds / 2) * len(self.pool)
        wrong = (~self.allowed.take(middle + orders)).sum(axis=1) + self.too_near(orders)
        new = np.abs(self.pool.new[orders].sum(axis=1) - round(self.new * places)) / places
        apart = self.jump.take(orders[:, :-1] * len(self.pool) + orders[:, 1:]).sum(axis=1) / places
        apart += (self.ends[0][orders[:, 0]] + self.ends[1][orders[:, -1]]) / places
        artists = np.sort(self.pool.artist[orders], axis=1)
        again = (artists[:, 1:] == artists[:, :-1]).sum(axis=1) / places
        result: Floats = (
            total
            - LENGTH_WEIGHT / 60.0 * np.abs(last - self.length)
            - self.new_weight * new
            - FORBIDDEN * wrong
            - apart
            - self.variety * again
        )
        return result

    def value(self, order: list[int]) -> float:
        """The worth of one list."""
        return float(self.values(np.array([order], dtype=np.int64).reshape(1, -1))[0])

    def at(self, table: NDArray[T], tracks: Orders, middle: Floats) -> NDArray[T]:
        """What a table of (rows, tracks) says of tracks whose middle is so many seconds after the start."""
        return np.asarray(table.take(self.targets.rows_at(middle) * len(self.pool) + tracks))

    def too_near(self, orders: Orders) -> NDArray[np.int64]:
        """How many pairs of tracks of one artist lie within `artist_gap` places, for each row; of those before none."""
        artist, begin = self.artists(orders), len(self.before)
        places = artist.shape[1]
        found = np.zeros(len(orders), dtype=np.int64)
        for step in range(1, min(self.artist_gap, places - 1) + 1):
            first = max(step, begin)
            found += (artist[:, first:] == artist[:, first - step : places - step]).sum(axis=1)
        return found

    def artists(self, orders: Orders) -> Orders:
        """The artists of each row, after those played before the list."""
        before = np.broadcast_to(self.before, (len(orders), len(self.before)))
        return np.concatenate([before, self.pool.artist[orders]], axis=1)


@dataclass(frozen=True)
class Question:
    """A pool with its targets: `pool` are the tracks of a usable length, `sampled` their fit to some of the targets.
    `before` are the artists (keys) of the tracks before the list, `way` is its bridge, if any."""

    pool: Pool
    context: Context
    settings: Settings
    targets: Targets
    sampled: Fit
    half_time: HalfTime = "fits"
    before: tuple[str, ...] = ()
    way: Way | None = None

    def without(self, first: int, end: int) -> Question:
        """The same without the part of the profile from step `first` to before `end`."""
        targets = self.targets.without(first, end)
        return replace(self, targets=targets, sampled=_sampled(self, targets))

    def counting(self, half_time: HalfTime) -> Question:
        """The same where half and double time count otherwise."""
        other = replace(self, half_time=half_time)
        return replace(other, sampled=_sampled(other, self.targets))

    @property
    def fitting(self) -> NDArray[np.bool_]:
        """Which tracks fit at some time."""
        return np.asarray(self.sampled.allowed.any(axis=0))


def question_of(
    pool: Pool,
    context: Context,
    settings: Settings,
    *,
    before: Sequence[str] = (),
    way: Way | None = None,
) -> Question:
    """What a context asks of a pool."""
    targets = targets_of(profile_of(context, settings), settings.minutes * 60.0, along=way is not None)
    rows = targets.values[targets.sample(_TIMES)]
    sampled = fit(pool, rows, context, settings, way=way)
    return Question(pool, context, settings, targets, sampled, before=tuple(before), way=way)


def _sampled(question: Question, targets: Targets) -> Fit:
    rows = targets.values[targets.sample(_TIMES)]
    of = question.pool, rows, question.context, question.settings
    return fit(*of, half_time=question.half_time, way=question.way)


def objective_of(question: Question, artist_gap: int, new: float | None = None) -> Objective:
    """What the search maximises, over the short list of the question's pool; `new` is another share of new music."""
    context, settings, sampled, way = question.context, question.settings, question.sampled, question.way
    length = question.targets.length
    few = question.pool.of(
        short_list(
            question.pool, sampled.worth, sampled.allowed, length / ASSUMED_SECONDS, settings.new, artist_gap
        )
    )
    found = fit(few, question.targets.values, context, settings, half_time=question.half_time, way=way)
    over_time = found.worth[question.targets.row] / len(question.targets.row)
    weight, none = context.weights.transitions, np.zeros(len(few))
    first, last = (none, none) if way is None else way.ends(few)
    number = {track.artist_key: artist for track, artist in zip(few.candidates, few.artist, strict=True)}
    other = few.artists
    return Objective(
        pool=few,
        targets=question.targets,
        worth=np.ascontiguousarray(found.worth),
        earned=np.concatenate([np.zeros((1, len(few))), np.cumsum(over_time, axis=0)]),
        allowed=np.ascontiguousarray(found.allowed),
        factor=np.ascontiguousarray(found.factor),
        second=np.ascontiguousarray(found.second),
        jump=weight * (_jumps(few, context) if way is None else way.steps(few)),
        ends=(weight * first, weight * last),
        length=length,
        new=settings.new if new is None else new,
        artist_gap=artist_gap,
        variety=context.weights.variety,
        new_weight=NEW_WEIGHT * context.weights.new,
        before=np.array([number.get(artist, other) for artist in question.before], dtype=np.int64),
    )


def _jumps(pool: Pool, context: Context) -> Floats:
    """How much each track differs from each other in tempo (whole octaves apart are alike) and in energy: (n, n).

    What is not known differs not.
    """
    found = np.zeros((len(pool), len(pool)))
    if context.tempo:
        steps = pool.log_bpm[:, None] - pool.log_bpm[None, :]
        found += _OCTAVE_APART * np.nan_to_num(np.abs(steps - np.rint(steps)))
    if context.energy or context.calm:
        found += np.nan_to_num(np.abs(pool.energy[:, None] - pool.energy[None, :]))
    return found
