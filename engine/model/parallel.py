"""Runs compiled passes over many rows on threads; those of a sweep: solve, Gram, transform, observed loss.

The kernels (`als.c`, `neighbours.c`) hold no interpreter lock and share work through an atomic counter, so plain Python
threads run them: no OpenMP or BLAS threads that compete with ours. Each row is solved by one thread and
sums are kept per part, so the result does not depend on the number of threads.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from engine.model.compiled import kernels

Floats = NDArray[np.float64]
# Ranks are multiples of this, as many numbers as the widest vector instructions take.
_LANES = 8
# Work per part (non-zeros, plus eight per row).
_WORK = 20_000
# Parts of the Gram matrix and of a transform: fixed, so that sums do not depend on the threads.
_PARTS = 64


def padded(factors: int) -> int:
    """The rank the kernels work at: the next multiple of eight, so that few ranks are compiled."""
    return -(-factors // _LANES) * _LANES


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Threads:
    """The kernels of a source, rank and dtype, run by `threads` threads. Use as a context: it owns the threads.

    `constants` are those that the source takes. Raises as `compiled.kernels`.
    """

    def __init__(
        self, source: str, rank: int, dtype: np.dtype[Any], threads: int, **constants: float
    ) -> None:
        self.rank, self.threads, self.dtype = rank, threads, dtype
        self.kernels = kernels(source, rank, dtype.name, **constants)
        self._pool = ThreadPoolExecutor(threads) if threads > 1 else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown()

    def run(self, name: str, rooms: Sequence[Mapping[str, NDArray[Any]]] = (), **values: Any) -> None:
        """Run a kernel with these `values` of its struct's fields. Every thread takes parts until none is left; each
        has its own work arrays, one of the `rooms`, by field."""
        kernel, values["cursor"] = self.kernels[name], np.zeros(1, dtype=np.int64)
        each = [{**values, **room} for room in rooms or [{}] * self.threads]
        if self._pool is None:
            kernel(**each[0])
            return
        for running in [self._pool.submit(kernel, **one) for one in each]:
            running.result()


class Kernels(Threads):
    """The kernels of a sweep at one rank and dtype."""

    def __init__(self, rank: int, dtype: np.dtype[Any], threads: int) -> None:
        super().__init__("als", rank, dtype, threads)

    def solve(
        self,
        rows: Rows,
        x: NDArray[Any],
        y: NDArray[Any],
        turning: tuple[Floats, Floats],
        extra: NDArray[Any],
        alpha: float,
        steps: int,
    ) -> float:
        """Improve each row of `x` (n, rank) by `steps` CG steps; `y` (m, rank) is transformed by inv(L)' already.

        `turning` is L and inv(L)', see `triangular`; `extra` (n,) the excess of each row's lambda over the one in it.

        In the transformed coordinates the system of a row is I + sum alpha v y y' (and extra inv(L) inv(L)'): well
        conditioned, and without extra free of the (rank, rank) product in every step. Returns sum over rows of x .
        (right side + residual), by which the rows lower the loss (see `engine.model.sweep`). A row without non-zeros
        becomes 0.
        """
        lower, upper_inverse = turning
        into = np.ascontiguousarray(lower, dtype=x.dtype)
        back = np.ascontiguousarray(upper_inverse.T, dtype=x.dtype)
        inverse = np.zeros_like(into)
        if extra.any():
            inverse[:] = upper_inverse.T @ upper_inverse
        sums = np.zeros(len(rows.bounds) - 1)
        self.run(
            "solve", starts=rows.starts, columns=rows.columns, values=rows.values, nonzeros=len(rows.columns), x=x, y=y,
            into=into, back=back, extra=extra, inverse=inverse, alpha=alpha, steps=steps, bounds=rows.bounds, sums=sums,
            parts=len(sums),
        )  # fmt: skip
        return float(sums.sum())

    def gram(self, y: NDArray[Any]) -> Floats:
        """y'y, (rank, rank) float64."""
        sums = np.zeros((_PARTS, self.rank, self.rank))
        rooms = [
            {"room": np.zeros((self.rank + 4, self.rank), dtype=self.dtype)} for _ in range(self.threads)
        ]
        self.run("gram", rooms, y=y, rows=len(y), sums=sums, parts=_PARTS)
        return np.asarray(sums.sum(axis=0))

    def observed(self, rows: Rows, x: NDArray[Any], y: NDArray[Any], alpha: float) -> float:
        """The non-zeros' part of the loss beyond every cell at c = 1, r = 0: sum of c (1 - x.y)^2 - (x.y)^2."""
        sums = np.zeros(len(rows.bounds) - 1)
        self.run(
            "observed", starts=rows.starts, columns=rows.columns, values=rows.values, x=x, y=y, alpha=alpha,
            bounds=rows.bounds, sums=sums, parts=len(sums),
        )  # fmt: skip
        return float(sums.sum())

    def triangular(self, system: Floats) -> tuple[Floats, Floats]:
        """L and inv(L)' with L L' = `system` (rank, rank), symmetric and positive definite.

        Not LAPACK: OpenBLAS would start threads that then compete with ours for longer than this takes.
        """
        lower, upper_inverse = np.zeros_like(system), np.zeros_like(system)
        self.kernels["factorize"](system=system, lower=lower, upper_inverse=upper_inverse)
        return lower, upper_inverse

    def transform(self, y: NDArray[Any], matrix: Floats) -> None:
        """y @ matrix, in place."""
        self.run(
            "transform", y=y, rows=len(y), matrix=np.ascontiguousarray(matrix, dtype=y.dtype), parts=_PARTS
        )


class Rows:
    """One side's non-zeros by row, with the parts in which threads take them."""

    def __init__(self, indptr: NDArray[Any], indices: NDArray[Any], values: NDArray[Any]) -> None:
        self.starts = np.ascontiguousarray(indptr, dtype=np.int64)
        self.columns = np.ascontiguousarray(indices, dtype=np.int32)
        self.values = np.ascontiguousarray(values)
        count = len(indptr) - 1
        work = self.starts + _LANES * np.arange(count + 1)
        cuts = np.linspace(0, work[-1], max(1, int(work[-1] // _WORK)) + 1)[1:-1]
        self.bounds = np.unique(np.concatenate(([0], np.searchsorted(work, cuts), [count]))).astype(np.int64)
