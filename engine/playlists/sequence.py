"""Chooses and orders the tracks of a playlist: a beam search through time, then exchanges until none helps.

The target tempo depends on when a track plays, so lists are built from their start: the beam keeps the most
promising beginnings, judged by what they have earned and what the rest of the time can earn at best. Every
exchange afterwards (another track in a place, two places swapped, a track more or less) is judged by the
whole objective.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.errors import CancelledError
from engine.playlists.objective import LENGTH_WEIGHT, NEW_WEIGHT, TEMPO_WEIGHT, Objective, Orders
from engine.playlists.profile import Floats

WIDTH = 20
ROUNDS = 8
SLACK = 30.0  # seconds a list may be over its length while it is being built
_ENDS_IMPROVED = 2
_MIN_GAIN = 1e-9
_TRIED = 12  # tracks tried exactly in each place


@dataclass(frozen=True)
class Sequence:
    """An order of tracks (numbers in the pool) and what it is worth."""

    order: tuple[int, ...]
    objective: float


@dataclass
class _Beam:
    """Beginnings of equal number of places: shapes (beams, places), (beams,), (beams, tracks), (beams,)."""

    orders: Orders
    earned: Floats
    used: NDArray[np.bool_]
    elapsed: Floats
    new: NDArray[np.int64]


def greedy(objective: Objective) -> Sequence:
    """The best next track, again and again: the plain way, to measure the search against."""
    return _best(objective, _search(objective, width=1, cancelled=None))


def sequence(objective: Objective, cancelled: Callable[[], bool] | None = None) -> Sequence:
    """The best list found; the same for the same objective, and never worth less than the greedy one.

    Empty when the pool is. Raises CancelledError when `cancelled` says so between steps.
    """
    ends = _search(objective, width=WIDTH, cancelled=cancelled)
    plain = greedy(objective)
    best = sorted(
        {tuple(end): objective.value(end) for end in ends}.items(), key=lambda end: (-end[1], end[0])
    )
    found = [_improved(objective, list(order), cancelled) for order, _ in best[:_ENDS_IMPROVED]]
    return max([plain, *found], key=lambda one: one.objective)


def _best(objective: Objective, ends: list[list[int]]) -> Sequence:
    order = max(ends, key=objective.value)
    return Sequence(tuple(order), objective.value(order))


def _search(objective: Objective, width: int, cancelled: Callable[[], bool] | None) -> list[list[int]]:
    """Whole lists, one at least: what the beam held when the length was reached or nothing more fitted."""
    tracks = len(objective.pool)
    beam = _Beam(
        orders=np.zeros((1, 0), dtype=np.int64),
        earned=np.zeros(1),
        used=np.zeros((1, tracks), dtype=np.bool_),
        elapsed=np.zeros(1),
        new=np.zeros(1, dtype=np.int64),
    )
    rate = _best_rate(objective)
    ends: list[list[int]] = []
    while len(beam.orders):
        if cancelled is not None and cancelled():
            raise CancelledError("Stopped. No list was made.")
        earned, open_places = _expanded(objective, beam)
        done = ~open_places.any(axis=1)
        ends += beam.orders[done].tolist()
        # Beginnings that reach the length are lists already, even if a short track would still fit.
        near = np.abs(beam.elapsed - objective.length) <= SLACK
        ends += beam.orders[near & ~done].tolist()
        rest = np.maximum(objective.length - beam.elapsed[:, None] - objective.pool.seconds[None, :], 0.0)
        promise = np.where(open_places, earned + rate * rest / objective.length, -np.inf)
        beam = _next_beam(objective, beam, earned, promise, width)
    return ends or [[]]


def _best_rate(objective: Objective) -> float:
    """What a list can hope to earn in its remaining time: the mean merit of its share of best tracks."""
    merit = np.sort(objective.pool.merit)[::-1]
    places = max(1, round(objective.length / 210.0))
    return float(merit[: 2 * places].mean()) + TEMPO_WEIGHT if len(merit) else 0.0


def _expanded(objective: Objective, beam: _Beam) -> tuple[Floats, NDArray[np.bool_]]:
    """What each beginning would have earned with each track added, and which tracks may be added."""
    pool = objective.pool
    beams, places = beam.orders.shape
    tracks = np.arange(len(pool))
    orders = np.broadcast_to(tracks, (beams, len(pool)))
    credit = objective.credit(orders, beam.elapsed[:, None] + pool.seconds[None, :] / 2)
    gain = pool.seconds * (pool.merit + TEMPO_WEIGHT * credit) / objective.length
    # New music is spread over the list: being off by up to one track is free, more costs at once.
    before = np.abs(beam.new - objective.new * places)
    after = np.abs(beam.new[:, None] + pool.new - objective.new * (places + 1))
    expected = max(objective.length / 210.0, 1.0)
    gain = gain - NEW_WEIGHT * (np.maximum(after, 1.0) - np.maximum(before, 1.0)[:, None]) / expected
    allowed = ~beam.used & (credit >= 0)
    allowed &= beam.elapsed[:, None] + pool.seconds[None, :] <= objective.length + SLACK
    if objective.artist_gap and places:
        recent = pool.artist[beam.orders[:, -objective.artist_gap :]]
        allowed &= ~(recent[:, :, None] == pool.artist[None, None, :]).any(axis=1)
    return beam.earned[:, None] + gain, allowed


def _next_beam(objective: Objective, beam: _Beam, earned: Floats, promise: Floats, width: int) -> _Beam:
    """The `width` most promising beginnings, no two of the same tracks."""
    flat = promise.ravel()
    best = np.argsort(-flat, kind="stable")[: width * 4]
    best = best[np.isfinite(flat[best])]
    parents, tracks = np.divmod(best, promise.shape[1])
    kept: list[int] = []
    seen: set[frozenset[int]] = set()
    for place, (parent, track) in enumerate(zip(parents.tolist(), tracks.tolist(), strict=True)):
        members = frozenset((*beam.orders[parent].tolist(), track))
        if members not in seen:
            seen.add(members)
            kept.append(place)
        if len(kept) == width:
            break
    parents, tracks = parents[kept], tracks[kept]
    used = beam.used[parents]
    used[np.arange(len(tracks)), tracks] = True
    return _Beam(
        orders=np.concatenate([beam.orders[parents], tracks[:, None]], axis=1),
        earned=earned[parents, tracks],
        used=used,
        elapsed=beam.elapsed[parents] + objective.pool.seconds[tracks],
        new=beam.new[parents] + objective.pool.new[tracks],
    )


def _improved(objective: Objective, order: list[int], cancelled: Callable[[], bool] | None) -> Sequence:
    """`order` after exchanges, each of which made it better, until none does."""
    value = objective.value(order)
    for _ in range(ROUNDS):
        before = value
        for move in (_exchange_each, _swap, _one_more, _one_less):
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


def _unused(objective: Objective, order: list[int]) -> NDArray[np.int64]:
    free = np.ones(len(objective.pool), dtype=np.bool_)
    free[order] = False
    return np.flatnonzero(free)


def _exchange_each(objective: Objective, order: list[int], value: float) -> tuple[list[int], float]:
    """In every place in turn, the best track not in the list."""
    for place in range(len(order)):
        others = _promising(objective, order, place)
        orders = np.tile(np.array(order, dtype=np.int64), (len(others), 1))
        orders[:, place] = others
        order, value = _better(objective, orders, order, value)
    return order, value


def _promising(objective: Objective, order: list[int], place: int) -> NDArray[np.int64]:
    """The unused tracks most likely to do better in `place`: all but their effect on later tracks' times."""
    pool = objective.pool
    others = _unused(objective, order)
    gap = objective.artist_gap
    beside = order[max(place - gap, 0) : place] + order[place + 1 : place + 1 + gap]
    others = others[~np.isin(pool.artist[others], pool.artist[beside])]
    seconds = pool.seconds[others]
    credit = objective.credit(others, pool.seconds[order[:place]].sum() + seconds / 2)
    rest = order[:place] + order[place + 1 :]
    new = np.abs(pool.new[rest].sum() + pool.new[others] - round(objective.new * len(order))) / len(order)
    off = np.abs(pool.seconds[rest].sum() + seconds - objective.length) / 60.0
    worth = seconds * (pool.merit[others] + TEMPO_WEIGHT * credit) / objective.length
    guess = np.where(credit >= 0, worth - LENGTH_WEIGHT * off - NEW_WEIGHT * new, -np.inf)
    return others[np.argsort(-guess, kind="stable")[:_TRIED]]


def _swap(objective: Objective, order: list[int], value: float) -> tuple[list[int], float]:
    """The best two places to swap; no swap matters while the tempo asked for stays the same."""
    if objective.profile.flat:
        return order, value
    first, second = np.triu_indices(len(order), 1)
    orders = np.tile(np.array(order, dtype=np.int64), (len(first), 1))
    rows = np.arange(len(first))
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
