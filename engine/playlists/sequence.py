"""Chooses and orders the tracks of a playlist: a beam search through time, then exchanges until none helps.

What is asked for depends on when a track plays, so lists are built from their start: the beam keeps the most
promising beginnings, judged by what they have earned and what the rest of the time can earn at best. Every
exchange afterwards (another track in a place, two places swapped, a track more or less) is judged by the
whole objective.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.errors import CancelledError
from engine.playlists.objective import LENGTH_WEIGHT, Objective, Orders
from engine.playlists.pool import ASSUMED_SECONDS
from engine.playlists.profile import Floats
from engine.progress import Cancelled

WIDTH = 20
ROUNDS = 8
SLACK = 30.0  # seconds a list may be over its length while it is being built
_PLACES_IMPROVED = (
    60  # of so many places in all the best lists are improved: several short ones, one long one
)
_MIN_GAIN = 1e-9
_TRIED = 48  # exchanges tried exactly at once
_HOPE = 0.02  # an exchange that seems to lose no more than this may gain by when later tracks play
_SWAPPED = 8  # how far apart two places may lie that are swapped

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Sequence:
    """An order of tracks (numbers in the pool) and what it is worth."""

    order: tuple[int, ...]
    objective: float


@dataclass
class _Beam:
    """Beginnings of equal number of places: shapes (beams, places), (beams,), (beams, tracks), (beams,) …

    `members` is the same number for the same tracks in whatever order.
    """

    orders: Orders
    earned: Floats
    used: NDArray[np.bool_]
    elapsed: Floats
    new: Ints
    members: Ints


def greedy(objective: Objective) -> Sequence:
    """The best next track, again and again: the plain way, to measure the search against."""
    return _best(objective, _Search(objective).ends(1, None))


def sequence(objective: Objective, cancelled: Cancelled | None = None) -> Sequence:
    """The best list found; the same for the same objective, and never worth less than the greedy one.

    Empty when the pool is. Raises CancelledError when `cancelled` says so between steps.
    """
    search = _Search(objective)
    ends = search.ends(WIDTH, cancelled)
    plain = _best(objective, search.ends(1, cancelled))
    best = sorted(
        {tuple(end): objective.value(end) for end in ends}.items(), key=lambda end: (-end[1], end[0])
    )
    some = max(1, _PLACES_IMPROVED // max(1, len(best[0][0])))
    found = [_improved(objective, list(order), cancelled) for order, _ in best[:some]]
    return max([plain, *found], key=lambda one: one.objective)


def _best(objective: Objective, ends: list[list[int]]) -> Sequence:
    order = max(ends, key=objective.value)
    return Sequence(tuple(order), objective.value(order))


class _Search:
    """A beam search, with what is the same in every step of it."""

    def __init__(self, objective: Objective) -> None:
        self._objective = objective
        pool = objective.pool
        self._tracks = np.arange(len(pool))
        self._middle = pool.seconds / 2
        # Sums of such numbers tell sets of tracks apart.
        self._sign = np.random.default_rng(0).integers(2**62, size=len(pool))
        self._rest = _best_rest(objective)
        self._again = objective.variety * ASSUMED_SECONDS / max(objective.length, ASSUMED_SECONDS)

    def ends(self, width: int, cancelled: Cancelled | None) -> list[list[int]]:
        """Whole lists, one at least: what the beam held when the length was reached or nothing more fitted."""
        objective, tracks = self._objective, len(self._objective.pool)
        beam = _Beam(
            orders=np.zeros((1, 0), dtype=np.int64),
            earned=np.zeros(1),
            used=np.zeros((1, tracks), dtype=np.bool_),
            elapsed=np.zeros(1),
            new=np.zeros(1, dtype=np.int64),
            members=np.zeros(1, dtype=np.int64),
        )
        ends: list[list[int]] = []
        while len(beam.orders) and tracks:
            if cancelled is not None and cancelled():
                raise CancelledError("Stopped. No list was made.")
            earned, open_places = self._expanded(beam)
            done = ~open_places.any(axis=1)
            ends += beam.orders[done].tolist()
            # A beginning of the right length is a list already, even if a short track would still fit.
            near = np.abs(beam.elapsed - objective.length) <= SLACK
            ends += beam.orders[near & ~done].tolist()
            step = np.minimum(beam.elapsed[:, None] + objective.pool.seconds, objective.length)
            promise = earned + self._rest.take(
                (step * ((len(self._rest) - 1) / objective.length)).astype(np.int64)
            )
            promise[~open_places] = -np.inf
            beam = self._next(beam, earned, promise, width)
        return ends or [[]]

    def _expanded(self, beam: _Beam) -> tuple[Floats, NDArray[np.bool_]]:
        """What each beginning would have earned with each track added, and which tracks may be added."""
        objective, pool = self._objective, self._objective.pool
        rows = objective.targets.rows_at(beam.elapsed[:, None] + self._middle)
        index = rows * len(pool) + self._tracks
        first = objective.targets.steps_at(beam.elapsed)
        last = objective.targets.steps_at(beam.elapsed[:, None] + pool.seconds)
        gain = objective.earned.take(last * len(pool) + self._tracks) - objective.earned[first]
        gain += beam.earned[:, None]
        # New music is spread over the list: being off by up to one track is free, more costs at once.
        places = beam.orders.shape[1]
        before = np.maximum(np.abs(beam.new - objective.new * places), 1.0)
        after = np.abs(beam.new[:, None] + np.arange(2) - objective.new * (places + 1))
        expected = max(objective.length / ASSUMED_SECONDS, 1.0)
        cost = objective.new_weight * (np.maximum(after, 1.0) - before[:, None]) / expected
        gain -= np.where(pool.new, cost[:, 1:], cost[:, :1])
        allowed = ~beam.used & objective.allowed.take(index)
        allowed &= beam.elapsed[:, None] + pool.seconds <= objective.length + SLACK
        there = np.zeros((len(beam.orders), pool.artists + 1), dtype=np.bool_)
        lines = np.arange(len(there))[:, None]
        if places:
            jump = objective.jump[beam.orders[:, -1]] / expected
            allowed &= np.isfinite(jump)
            gain -= jump
            there[lines, pool.artist[beam.orders]] = True
            gain -= self._again * there[:, pool.artist]
        else:
            gain -= objective.ends[0] / expected
        if objective.artist_gap:
            there[:] = False
            there[lines, objective.artists(beam.orders)[:, -objective.artist_gap :]] = True
            allowed &= ~there[:, pool.artist]
        return gain, allowed

    def _next(self, beam: _Beam, earned: Floats, promise: Floats, width: int) -> _Beam:
        """The `width` most promising beginnings, no two of the same tracks."""
        flat = promise.ravel()
        best = (
            np.argpartition(-flat, 4 * width)[: 4 * width] if len(flat) > 4 * width else np.arange(len(flat))
        )
        best = best[np.isfinite(flat[best])]
        best = best[np.lexsort((best, -flat[best]))]
        parents, tracks = np.divmod(best, promise.shape[1])
        members = beam.members[parents] + self._sign[tracks]
        kept = np.sort(np.unique(members, return_index=True)[1])[:width]
        parents, tracks = parents[kept], tracks[kept]
        used = beam.used[parents]
        used[np.arange(len(tracks)), tracks] = True
        return _Beam(
            orders=np.concatenate([beam.orders[parents], tracks[:, None]], axis=1),
            earned=earned[parents, tracks],
            used=used,
            elapsed=beam.elapsed[parents] + self._objective.pool.seconds[tracks],
            new=beam.new[parents] + self._objective.pool.new[tracks],
            members=members[kept],
        )


def _best_rest(objective: Objective) -> Floats:
    """What a list can hope to earn from each step of its time on: the mean worth of the best tracks then."""
    if not len(objective.pool):
        return np.zeros(1)
    few = min(len(objective.pool), 2 * max(1, round(objective.length / ASSUMED_SECONDS)))
    worth = np.where(objective.allowed, objective.worth, 0.0)
    top = -np.partition(-worth, few - 1, axis=1)[:, :few].mean(axis=1)
    rate = top[objective.targets.row] / len(objective.targets.row)
    return np.append(np.cumsum(rate[::-1])[::-1], 0.0)


def _improved(objective: Objective, order: list[int], cancelled: Cancelled | None) -> Sequence:
    """`order` after exchanges, each of which made it better, until none does."""
    value = objective.value(order)
    for _ in range(ROUNDS):
        before = value
        for move in (_exchange, _swap, _one_more, _one_less):
            if cancelled is not None and cancelled():
                raise CancelledError("Stopped. No list was made.")
            order, value = move(objective, order, value)
        if value <= before + _MIN_GAIN:
            break
    return Sequence(tuple(order), value)


def _better(objective: Objective, orders: Orders, order: list[int], value: float) -> tuple[list[int], float]:
    """The best row of `orders` if it is worth more than `order`."""
    if not orders.size:
        return order, value
    values = objective.values(orders)
    best = int(values.argmax())
    if values[best] > value + _MIN_GAIN:
        return [int(track) for track in orders[best]], float(values[best])
    return order, value


def _unused(objective: Objective, order: list[int]) -> Ints:
    free = np.ones(len(objective.pool), dtype=np.bool_)
    free[order] = False
    return np.flatnonzero(free)


def _exchange(objective: Objective, order: list[int], value: float) -> tuple[list[int], float]:
    """Of the most promising exchanges of a track for one not in the list, each that makes it better in turn."""
    if not order:
        return order, value
    guess = _guesses(objective, order)
    flat = guess.ravel()
    tried = np.argpartition(-flat, _TRIED)[:_TRIED] if len(flat) > _TRIED else np.arange(len(flat))
    tried = tried[flat[tried] > -_HOPE]
    places, tracks = np.divmod(tried, guess.shape[1])
    orders = np.tile(np.array(order, dtype=np.int64), (len(tried), 1))
    orders[np.arange(len(tried)), places] = tracks
    values = objective.values(orders)
    for index in np.argsort(-values, kind="stable")[: int((values > value + _MIN_GAIN).sum())].tolist():
        place, track = int(places[index]), int(tracks[index])
        if track in order:
            continue  # an exchange before took it
        other = [*order[:place], track, *order[place + 1 :]]
        worth = objective.value(other)
        if worth > value + _MIN_GAIN:
            order, value = other, worth
    return order, value


def _guesses(objective: Objective, order: list[int]) -> Floats:
    """What each exchange brings, (places, tracks), but for its effect on when later tracks play."""
    pool, now = objective.pool, np.array(order, dtype=np.int64)
    places, tracks = len(now), len(pool)
    seconds = pool.seconds[now]
    total = float(seconds.sum())
    start = np.cumsum(seconds) - seconds
    index = objective.targets.rows_at(start[:, None] + pool.seconds / 2) * tracks + np.arange(tracks)
    last = objective.targets.steps_at(start[:, None] + pool.seconds) * tracks + np.arange(tracks)
    guess = objective.earned.take(last) - objective.earned[objective.targets.steps_at(start)]
    off = np.abs(total - objective.length - seconds[:, None] + pool.seconds)
    guess -= (LENGTH_WEIGHT / 60.0) * off
    new = pool.new[now].sum() - pool.new[now].astype(np.int64) - round(objective.new * places)
    cost = (objective.new_weight / places) * np.abs(new[:, None] + np.arange(2))
    guess -= np.where(pool.new, cost[:, 1:], cost[:, :1])
    guess[0] -= objective.ends[0] / places
    guess[-1] -= objective.ends[1] / places
    guess[1:] -= objective.jump[now[:-1]] / places
    guess[:-1] -= objective.jump[:, now[1:]].T / places
    artist = pool.artist
    many = np.bincount(artist[now], minlength=pool.artists)
    others = many[artist] - (artist[now][:, None] == artist)
    guess -= (objective.variety / places) * (others > 0)
    guess -= guess[np.arange(places), now][:, None]
    around, begin = objective.artists(now[None])[0], len(objective.before)
    near = np.zeros((len(around), len(many) + 1), dtype=np.bool_)
    for step in range(1, min(objective.artist_gap, len(around) - 1) + 1):
        near[np.arange(step, len(around)), around[:-step]] = True
        near[np.arange(len(around) - step), around[step:]] = True
    near = near[begin:]
    closed = ~objective.allowed.take(index) | near[:, artist]
    closed[:, now] = True
    guess[closed] = -np.inf
    return guess


def _swap(objective: Objective, order: list[int], value: float) -> tuple[list[int], float]:
    """The best two places to swap, of those that lie near each other."""
    first, second = np.triu_indices(len(order), 1)
    near = second - first <= _SWAPPED
    first, second = first[near], second[near]
    rows = np.arange(len(first))
    orders = np.tile(np.array(order, dtype=np.int64), (len(first), 1))
    orders[rows, first], orders[rows, second] = orders[rows, second].copy(), orders[rows, first].copy()
    return _better(objective, orders, order, value)


def _one_more(objective: Objective, order: list[int], value: float) -> tuple[list[int], float]:
    """The best track to add in any place, where there is time for one."""
    seconds = objective.pool.seconds
    others = _unused(objective, order)
    others = others[seconds[order].sum() + seconds[others] <= objective.length + 2 * SLACK]
    for place in range(len(order) + 1 if len(others) else 0):
        orders = np.tile(np.array([*order[:place], 0, *order[place:]], dtype=np.int64), (len(others), 1))
        orders[:, place] = others
        longer, better = _better(objective, orders, order, value)
        if better > value:
            return longer, better
    return order, value


def _one_less(objective: Objective, order: list[int], value: float) -> tuple[list[int], float]:
    """The best track to leave out, where the list is too long."""
    if len(order) < 2 or objective.pool.seconds[order].sum() <= objective.length:
        return order, value
    orders = np.array([order[:place] + order[place + 1 :] for place in range(len(order))], dtype=np.int64)
    return _better(objective, orders, order, value)
