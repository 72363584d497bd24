"""The compiled parts of the neighbours: each item's nearest ones with their products, those of other listeners added,
and the weights among them, by the products kept or by those of the item's own listeners.

Like `engine.model.kernels`, which compiles them: addresses in, nothing allocated, nothing raised.
"""

from __future__ import annotations

from typing import Any

from numba import njit, types

from engine.model.neighbour_simd import add_scaled_from, best_of, fetch
from engine.model.signatures import BLOCK, MIN_TOGETHER, NEAREST, PIVOT_FLOOR, WAITING
from engine.model.simd import dot, next_in_line, numbers_at, rows_at

# What one more listener adds to a sum, above twice any sum of products: a double represents both accurately enough.
# Adding and subtracting `ROUNDED` leaves a double's nearest multiple of it.
COUNTED = float(1 << 24)
ROUNDED = 1.5 * 2.0**52 * COUNTED
# How many items ahead the kept products are prefetched.
_AHEAD = 3
# An item whose listeners' rows contain fewer than this share (1 in so many) of the items is compared with those only,
# from a list of them; otherwise scanning all items in blocks is cheaper.
_FEW = 16


@njit(error_model="numpy", _nrt=False)
def _to_front(scores, ids, count, wanted):
    """Reorder so that the `wanted` highest scores of `count` come first (Hoare's selection)."""
    low, high = 0, count - 1
    while low < high:
        pivot = scores[(low + high) >> 1]
        a, b = low, high
        while a <= b:
            while scores[a] > pivot:
                a += 1
            while scores[b] < pivot:
                b -= 1
            if a <= b:
                scores[a], scores[b] = scores[b], scores[a]
                ids[a], ids[b] = ids[b], ids[a]
                a += 1
                b -= 1
        if wanted - 1 <= b:
            high = b
        elif wanted - 1 >= a:
            low = a
        else:
            break


@njit(error_model="numpy", _nrt=False)
def _least(scores, count):
    """The lowest of the first scores."""
    found = scores[0]
    for k in range(1, count):
        found = min(found, scores[k])
    return found


@njit(error_model="numpy", _nrt=False)
def _row(starts, row):
    """A row's begin and end; unsigned, so that Numba adds no check for negative indices."""
    return types.uint64(starts[row]), types.uint64(starts[row + 1])


@njit(error_model="numpy", _nrt=False)
def _product(total):
    """The sum of products, without the count of listeners."""
    return types.float32(total - ((total + ROUNDED) - ROUNDED))


@njit(error_model="numpy", _nrt=False)
def _nearness(total, scale, own):
    """The penalised cosine of a sum, plus 1 if enough listeners are in common."""
    nearness = _product(total) * scale * own
    if total >= MIN_TOGETHER * COUNTED:
        nearness += 1
    return nearness


@njit(error_model="numpy", _nrt=False)
def _offered(nearness, item, score, near, count, bar, kept):
    """Offer an item to the candidates; returns (their number, the score the next must reach)."""
    if nearness >= bar and nearness > 0:
        score[count], near[count] = nearness, item
        count += 1
        if count == WAITING:
            _to_front(score, near, count, kept)
            count, bar = kept, _least(score, kept)
    return count, bar


@njit(error_model="numpy", _nrt=False)
def _add_met(i, starts, listeners, values, row_starts, row_items, row_values, sums, met, together):
    """Add the products of an item with those its listeners play to `sums`, and list these; returns how many were `met`,
    and how many have enough listeners in common."""
    seen, enough = types.uint64(0), types.uint64(0)
    for p in range(starts[i], starts[i + 1]):
        own = types.float64(values[p])
        q, last = _row(row_starts, listeners[p])
        while q < last:
            j = row_items[q]
            before = sums[j]
            met[seen], together[enough] = j, j
            seen += types.uint64(before == 0)
            enough += types.uint64(before >= (MIN_TOGETHER - 1) * COUNTED) & types.uint64(
                before < MIN_TOGETHER * COUNTED
            )
            sums[j] = before + (own * row_values[q] + COUNTED)
            q += types.uint64(1)
    return seen, enough


@njit(error_model="numpy", _nrt=False)
def _add_all(i, starts, listeners, values, row_starts, row_items, row_values, sums):
    """Add the products of an item with those its listeners play to `sums`."""
    for p in range(starts[i], starts[i + 1]):
        own = types.float64(values[p])
        q, last = _row(row_starts, listeners[p])
        while q < last:
            sums[row_items[q]] += own * row_values[q] + COUNTED
            q += types.uint64(1)


@njit(error_model="numpy", _nrt=False)
def _nearest_among(among, last, sums, inverse, i, score, near, kept):
    """Offer the first `last` of `among`; returns how many candidates there are."""
    bar, count, at = types.float32(0), 0, types.uint64(0)
    while at < last:
        j = among[at]
        nearness = _nearness(sums[j], inverse[j], inverse[i])
        count, bar = _offered(nearness, j, score, near, count, bar, kept)
        at += types.uint64(1)
    return count


@njit(error_model="numpy", _nrt=False)
def _nearest_of_all(sums, inverse, i, best, block, blocks, score, near, kept):
    """Offer the items of the blocks with the highest maxima; returns how many candidates there are."""
    bar, count = types.float32(0), 0
    for k in range(blocks):
        best[k], block[k] = (
            best_of(sums, inverse, k * BLOCK, MIN_TOGETHER * COUNTED, ROUNDED, inverse[i]),
            k,
        )
    # At least that many blocks have a maximum above this: nothing below it is needed.
    if blocks > kept:
        _to_front(best, block, blocks, kept)
        bar = _least(best, kept)
    for k in range(min(kept, blocks)):
        for j in range(block[k] * BLOCK, (block[k] + 1) * BLOCK):
            nearness = _nearness(sums[j], inverse[j], inverse[i])
            count, bar = _offered(nearness, j, score, near, count, bar, kept)
    return count


def nearest_body(_rank: int) -> Any:
    """The nearest items of each item: those with the largest penalised cosine, first those with enough listeners in
    common."""

    def nearest(
        starts_at, listeners_at, values_at, row_starts_at, row_items_at, row_values_at, nonzeros, rows, items,
        inverse_at, kept, chosen_at, chosen, bounds_at, parts, ids_at, products_at, counts_at, cursor_at, sums_at,
        near_at, scores_at,
    ):  # fmt: skip
        starts, row_starts = numbers_at(starts_at, items + 1), numbers_at(row_starts_at, rows + 1)
        listeners, values = numbers_at(listeners_at, nonzeros), numbers_at(values_at, nonzeros)
        row_items, row_values = numbers_at(row_items_at, nonzeros), numbers_at(row_values_at, nonzeros)
        blocks = (items + BLOCK - 1) // BLOCK
        inverse, bounds = numbers_at(inverse_at, blocks * BLOCK), numbers_at(bounds_at, parts + 1)
        ids, products = rows_at(ids_at, items, kept), rows_at(products_at, items, kept)
        wanted, counts, cursor = (
            numbers_at(chosen_at, chosen),
            numbers_at(counts_at, items),
            numbers_at(cursor_at, 1),
        )
        # Per thread. A sum has the number of listeners in its high bits, as multiples of `COUNTED`.
        sums = numbers_at(sums_at, blocks * BLOCK)
        near, score = (
            numbers_at(near_at, WAITING + 2 * (blocks * BLOCK + 1)),
            numbers_at(scores_at, WAITING + blocks),
        )
        # Behind those that wait are the blocks by number, or the items met in turn, and those met often enough.
        best, block, met = score[WAITING:], near[WAITING:], near[WAITING:]
        together = near[WAITING + blocks * BLOCK + 1 :]
        while True:
            part = next_in_line(cursor)
            if part >= parts:
                break
            for place in range(bounds[part], bounds[part + 1]):
                i = wanted[place]
                work, seen, enough = types.uint64(0), types.uint64(0), types.uint64(0)
                for p in range(starts[i], starts[i + 1]):
                    q, last = _row(row_starts, listeners[p])
                    work += last - q
                few = work * types.uint64(_FEW) < types.uint64(items)
                if few:
                    seen, enough = _add_met(
                        i, starts, listeners, values, row_starts, row_items, row_values, sums, met, together
                    )
                else:
                    _add_all(i, starts, listeners, values, row_starts, row_items, row_values, sums)
                sums[i] = 0
                if few:
                    # Those with enough listeners in common come before all others, and they may be enough.
                    among, last = met, seen
                    if enough > types.uint64(kept):
                        among, last = together, enough
                    count = _nearest_among(among, last, sums, inverse, i, score, near, kept)
                else:
                    count = _nearest_of_all(sums, inverse, i, best, block, blocks, score, near, kept)
                for first in (kept, NEAREST):
                    if count > first:
                        _to_front(score, near, count, first)
                    count = min(count, kept)
                counts[i] = count
                for k in range(count):
                    j = near[k]
                    ids[i, k], products[i, k] = j, _product(sums[j])
                if few:
                    at = types.uint64(0)
                    while at < seen:
                        sums[met[at]] = 0
                        at += types.uint64(1)
                else:
                    for j in range(blocks * BLOCK):
                        sums[j] = 0

    return nearest


def added_body(_rank: int) -> Any:
    """Add `times` the products of some rows, by `values` of columns and of rows, to the products kept of each item."""

    def added(
        starts_at, listeners_at, values_at, row_starts_at, row_items_at, row_values_at, nonzeros, rows, items, kept,
        times, bounds_at, parts, ids_at, products_at, counts_at, cursor_at, sums_at,
    ):  # fmt: skip
        starts, row_starts = numbers_at(starts_at, items + 1), numbers_at(row_starts_at, rows + 1)
        listeners, values = numbers_at(listeners_at, nonzeros), numbers_at(values_at, nonzeros)
        row_items, row_values = numbers_at(row_items_at, nonzeros), numbers_at(row_values_at, nonzeros)
        bounds, ids = numbers_at(bounds_at, parts + 1), rows_at(ids_at, items, kept)
        products, counts = rows_at(products_at, items, kept), numbers_at(counts_at, items)
        cursor, sums = numbers_at(cursor_at, 1), numbers_at(sums_at, items)
        while True:
            part = next_in_line(cursor)
            if part >= parts:
                break
            for i in range(bounds[part], bounds[part + 1]):
                for p in range(starts[i], starts[i + 1]):
                    for q in range(row_starts[listeners[p]], row_starts[listeners[p] + 1]):
                        sums[row_items[q]] += values[p] * row_values[q]
                for k in range(counts[i]):
                    products[i, k] = times * products[i, k] + sums[ids[i, k]]
                for p in range(starts[i], starts[i + 1]):
                    for q in range(row_starts[listeners[p]], row_starts[listeners[p] + 1]):
                        sums[row_items[q]] = 0

    return added


def _solver(rank: int) -> Any:
    """Solve one item's system in place by elimination; the weights of its nearest go into `own`."""

    @njit(error_model="numpy", _nrt=False)
    def solve(system, right, pivots, near, diagonal, own, size):
        for a in range(1, size + 1):
            pivots[a] = system[a, a]
            if pivots[a] < types.float32(PIVOT_FLOOR) * diagonal[near[a - 1]]:
                # Nearly a linear combination of the others, or products that were not kept would mislead: its weight is
                # 0.
                right[a], pivots[a] = 0, 1
                for k in range(rank):
                    system[a, k] = 0
            for b in range(a + 1, size + 1):
                if system[a, b] != 0:
                    times = system[a, b] / pivots[a]
                    add_scaled_from(system[b], -times, system[a], b, rank)
                    right[b] -= times * right[a]
        for k in range(rank):
            own[k] = 0
        for back in range(size):
            a = size - back
            own[a] = (right[a] - dot(system[a], own, rank)) / pivots[a]

    return solve


def weights_body(rank: int) -> Any:
    """The weights of each item's nearest: (Z_S'Z_S + D_S)^-1 Z_S' z_i by elimination."""
    solve = _solver(rank)

    def weights(
        ids_at, products_at, counts_at, items, kept, diagonal_at, chosen_at, chosen, bounds_at, parts, weights_at,
        cursor_at, room_at, places_at,
    ):  # fmt: skip
        ids, products = rows_at(ids_at, items, kept), rows_at(products_at, items, kept)
        counts, diagonal = numbers_at(counts_at, items), numbers_at(diagonal_at, items)
        bounds, found = numbers_at(bounds_at, parts + 1), rows_at(weights_at, chosen, rank)
        wanted, cursor, places = (
            numbers_at(chosen_at, chosen),
            numbers_at(cursor_at, 1),
            numbers_at(places_at, items),
        )
        system, right = (
            rows_at(room_at, rank + 2, rank),
            numbers_at(room_at, (rank + 2) * rank)[rank * rank :],
        )
        while True:
            part = next_in_line(cursor)
            if part >= parts:
                break
            for place in range(bounds[part], bounds[part + 1]):
                i = wanted[place]
                size = min(counts[i], NEAREST)
                # Rows and columns of the system begin at 1: column 0 takes what is not among the nearest.
                for a in range(1, size + 1):
                    places[ids[i, a - 1]] = a
                    right[a] = products[i, a - 1]
                    for k in range(rank):
                        system[a, k] = 0
                for a in range(1, size + 1):
                    near, ahead = ids[i, a - 1], ids[i, min(a + _AHEAD, size) - 1]
                    fetch(ids[ahead], counts[ahead])
                    fetch(products[ahead], counts[ahead])
                    row, others, theirs = system[a], ids[near], products[near]
                    q, last = types.uint64(0), types.uint64(counts[near])
                    while q < last:
                        row[places[others[q]]] = theirs[q]
                        q += types.uint64(1)
                    row[a] = diagonal[near]
                for a in range(1, size + 1):
                    places[ids[i, a - 1]] = 0
                    for b in range(a + 1, size + 1):
                        # Known if either of the two kept it.
                        if system[a, b] == 0:
                            system[a, b] = system[b, a]
                solve(system, right, right[rank:], ids[i], diagonal, found[place], size)

    return weights


def joining_body(rank: int) -> Any:
    """The weights of each item's nearest, with Z_S'Z_S (off the diagonal) from the item's own listeners."""
    solve = _solver(rank)

    def joining(
        starts_at, listeners_at, row_starts_at, row_items_at, row_values_at, nonzeros, rows, ids_at, products_at,
        counts_at, items, kept, diagonal_at, chosen_at, chosen, bounds_at, parts, weights_at, cursor_at, room_at,
        places_at,
    ):  # fmt: skip
        starts, row_starts = numbers_at(starts_at, items + 1), numbers_at(row_starts_at, rows + 1)
        listeners, row_items = numbers_at(listeners_at, nonzeros), numbers_at(row_items_at, nonzeros)
        row_values, bounds = numbers_at(row_values_at, nonzeros), numbers_at(bounds_at, parts + 1)
        ids, products = rows_at(ids_at, items, kept), rows_at(products_at, items, kept)
        counts, diagonal = numbers_at(counts_at, items), numbers_at(diagonal_at, items)
        found, wanted = rows_at(weights_at, chosen, rank), numbers_at(chosen_at, chosen)
        cursor, places = numbers_at(cursor_at, 1), numbers_at(places_at, items)
        system = rows_at(room_at, rank + 2, rank)
        right = numbers_at(room_at, (rank + 2) * rank)[rank * rank :]
        pivots = right[rank:]
        while True:
            part = next_in_line(cursor)
            if part >= parts:
                break
            for place in range(bounds[part], bounds[part + 1]):
                i = wanted[place]
                size = min(counts[i], kept)
                for a in range(1, size + 1):
                    places[ids[i, a - 1]] = a
                    right[a] = products[i, a - 1]
                    for k in range(rank):
                        system[a, k] = 0
                for p in range(starts[i], starts[i + 1]):
                    # A listener's values are stored where the pivots will be; what is not among the nearest goes to
                    # column 0.
                    for k in range(size + 1):
                        pivots[k] = 0
                    q, last = _row(row_starts, listeners[p])
                    while q < last:
                        pivots[places[row_items[q]]] = row_values[q]
                        q += types.uint64(1)
                    for a in range(1, size + 1):
                        own = pivots[a]
                        if own != 0:
                            for b in range(a + 1, size + 1):
                                system[a, b] += own * pivots[b]
                for a in range(1, size + 1):
                    places[ids[i, a - 1]] = 0
                    system[a, a] = diagonal[ids[i, a - 1]]
                solve(system, right, pivots, ids[i], diagonal, found[place], size)

    return joining
