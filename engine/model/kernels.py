"""The compiled parts of a sweep: rows solved by conjugate gradients, the Gram matrix, a turn of all rows.

Numba is imported by this module alone; nothing but a fit imports it. The kernels release the interpreter's lock
and share work through an atomic counter, so plain Python threads run them: no OpenMP or BLAS threads that spin
against ours, and a compile of seconds where Numba's `parallel=True` took half a minute. Whole rows are solved by
one thread and sums are kept by chunk, so the result does not depend on the number of threads.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engine.model.simd import (
    LANES,
    add_outer_products,
    combined,
    dot,
    next_in_line,
    right_side_and_residual,
    system_times,
    turned,
)

Floats = NDArray[np.float64]
# Rows are dealt out in parts of about this much work (non-zeros, a row itself counted as eight).
_WORK = 20_000
# Parts of the Gram matrix and of a turn: fixed, so that sums do not depend on the threads.
_PARTS = 64
# Rows summed in the factors' own precision before they are added in double.
_SHORT_SUM = 256


def padded(factors: int) -> int:
    """The rank the kernels work at: the next multiple of eight, so that few ranks are ever compiled."""
    return -(-factors // LANES) * LANES


class Kernels:
    """The kernels of one rank, run by `threads` threads. Use as a context: it owns the threads."""

    def __init__(self, rank: int, threads: int) -> None:
        self.rank, self.threads = rank, threads
        self._solve, self._gram, self._turn, self._factorize, self._observed = _compiled(rank)
        self._pool = ThreadPoolExecutor(threads) if threads > 1 else None

    def __enter__(self) -> Kernels:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown()

    def solve(
        self,
        rows: Rows,
        x: NDArray[Any],
        y: NDArray[Any],
        turning: tuple[Floats, Floats],
        alpha: float,
        steps: int,
    ) -> float:
        """Improve each row of `x` (n, rank) by `steps` CG steps; `y` (m, rank) is turned by inv(L)' already.

        `turning` is L and inv(L)', see `triangular`.

        In the turned coordinates the system of a row is I + sum alpha v y y': well conditioned, and free of the
        (rank, rank) product in every step. Returns sum over rows of x . (right side + residual), which is what
        the rows take off the loss (see `engine.model.sweep`). A row without non-zeros becomes 0.
        """
        lower, upper_inverse = turning
        into = np.ascontiguousarray(lower, dtype=x.dtype)
        back = np.ascontiguousarray(upper_inverse.T, dtype=x.dtype)
        sums = np.zeros(len(rows.bounds) - 1)
        self._run(
            self._solve, rows.indptr, rows.indices, rows.values, x, y, into, back,
            x.dtype.type(alpha), steps, rows.bounds, sums,
        )  # fmt: skip
        return float(sums.sum())

    def gram(self, y: NDArray[Any]) -> Floats:
        """y'y, (rank, rank) float64."""
        sums = np.zeros((_PARTS, self.rank, self.rank))
        self._run(self._gram, y, sums)
        return np.asarray(sums.sum(axis=0))

    def observed(self, rows: Rows, x: NDArray[Any], y: NDArray[Any], alpha: float) -> float:
        """What the non-zeros add to the loss beyond every cell at c = 1, r = 0: sum of c (1 - x.y)^2 - (x.y)^2."""
        sums = np.zeros(len(rows.bounds) - 1)
        self._run(self._observed, rows.indptr, rows.indices, rows.values, x, y, alpha, rows.bounds, sums)
        return float(sums.sum())

    def triangular(self, system: Floats) -> tuple[Floats, Floats]:
        """L and inv(L)' with L L' = `system` (rank, rank), symmetric and positive definite.

        Not LAPACK: OpenBLAS would wake threads for it that then spin against ours for longer than it takes.
        """
        lower, upper_inverse = np.zeros_like(system), np.zeros_like(system)
        self._factorize(system, lower, upper_inverse)
        return lower, upper_inverse

    def turn(self, y: NDArray[Any], matrix: Floats) -> None:
        """y @ matrix, in place."""
        self._run(self._turn, y, np.ascontiguousarray(matrix, dtype=y.dtype))

    def _run(self, kernel: Callable[..., None], *arguments: Any) -> None:
        """Every thread takes parts until none is left."""
        cursor = np.zeros(1, dtype=np.int64)
        if self._pool is None:
            kernel(*arguments, cursor)
            return
        for running in [self._pool.submit(kernel, *arguments, cursor) for _ in range(self.threads)]:
            running.result()


class Rows:
    """One side's non-zeros by row, with the parts in which threads take them."""

    def __init__(self, indptr: NDArray[Any], indices: NDArray[Any], values: NDArray[Any]) -> None:
        self.indptr, self.indices, self.values = indptr, indices, values
        count = len(indptr) - 1
        work = indptr.astype(np.int64) + LANES * np.arange(count + 1)
        cuts = np.linspace(0, work[-1], max(1, int(work[-1] // _WORK)) + 1)[1:-1]
        self.bounds = np.unique(np.concatenate(([0], np.searchsorted(work, cuts), [count]))).astype(np.int64)


@cache
def _compiled(rank: int) -> tuple[Callable[..., None], ...]:
    @njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
    def solve(  # type: ignore[no-untyped-def]
        indptr, indices, values, x, y, into, back, alpha, steps, bounds, sums, cursor
    ):
        work = np.empty((5, rank), dtype=x.dtype)
        own, right, residual, direction, product = work[0], work[1], work[2], work[3], work[4]
        while True:
            part = next_in_line(cursor)
            if part >= len(sums):
                break
            total = 0.0
            for u in range(bounds[part], bounds[part + 1]):
                row, first = x[u], np.int64(indptr[u])
                count = np.int64(indptr[u + 1]) - first
                if count == 0:
                    for k in range(rank):
                        row[k] = 0
                    continue
                turned(row, into, own, rank)
                right_side_and_residual(y, indices, values, first, count, alpha, own, right, residual, rank)
                for k in range(rank):
                    direction[k] = residual[k]
                norm = dot(residual, residual, rank)
                for _ in range(steps):
                    if norm < 1e-20:
                        break
                    system_times(y, indices, values, first, count, alpha, direction, product, rank)
                    length = norm / dot(direction, product, rank)
                    combined(own, own, length, direction, rank)
                    combined(residual, residual, -length, product, rank)
                    after = dot(residual, residual, rank)
                    combined(direction, residual, after / norm, direction, rank)
                    norm = after
                total += np.float64(dot(own, right, rank)) + np.float64(dot(own, residual, rank))
                turned(own, back, row, rank)
            sums[part] = total

    @njit(nogil=True, cache=True)  # type: ignore[untyped-decorator, unused-ignore]
    def gram(y, sums, cursor):  # type: ignore[no-untyped-def]
        block = np.zeros((rank, rank), dtype=y.dtype)
        rest = np.zeros((4, rank), dtype=y.dtype)
        while True:
            part = next_in_line(cursor)
            if part >= len(sums):
                break
            own = sums[part]
            i, last = part * len(y) // len(sums), (part + 1) * len(y) // len(sums)
            while i < last:
                stop = min(i + _SHORT_SUM, last)
                while i + 4 <= stop:
                    add_outer_products(y, i, block, rank)
                    i += 4
                if i < stop:
                    for j in range(4):
                        for k in range(rank):
                            rest[j, k] = y[i + j, k] if i + j < stop else 0
                    add_outer_products(rest, 0, block, rank)
                    i = stop
                for a in range(rank):
                    for k in range(rank):
                        own[a, k] += block[a, k]
                        block[a, k] = 0

    @njit(nogil=True, cache=True)  # type: ignore[untyped-decorator, unused-ignore]
    def turn(y, matrix, cursor):  # type: ignore[no-untyped-def]
        while True:
            part = next_in_line(cursor)
            if part >= _PARTS:
                break
            for i in range(part * len(y) // _PARTS, (part + 1) * len(y) // _PARTS):
                turned(y[i], matrix, y[i], rank)

    @njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
    def factorize(system, lower, upper_inverse):  # type: ignore[no-untyped-def]
        for i in range(rank):
            for j in range(i + 1):
                rest = system[i, j]
                for k in range(j):
                    rest -= lower[i, k] * lower[j, k]
                lower[i, j] = np.sqrt(rest) if i == j else rest / lower[j, j]
        for j in range(rank):
            upper_inverse[j, j] = 1.0 / lower[j, j]
            for i in range(j + 1, rank):
                rest = 0.0
                for k in range(j, i):
                    rest -= lower[i, k] * upper_inverse[j, k]
                upper_inverse[j, i] = rest / lower[i, i]

    @njit(nogil=True, cache=True)  # type: ignore[untyped-decorator, unused-ignore]
    def observed(indptr, indices, values, x, y, alpha, bounds, sums, cursor):  # type: ignore[no-untyped-def]
        while True:
            part = next_in_line(cursor)
            if part >= len(sums):
                break
            total = 0.0
            for u in range(bounds[part], bounds[part + 1]):
                for j in range(indptr[u], indptr[u + 1]):
                    score = np.float64(dot(x[u], y[indices[j]], rank))
                    total += (1.0 + alpha * values[j]) * (1.0 - score) ** 2 - score**2
            sums[part] = total

    return solve, gram, turn, factorize, observed
