"""Runs compiled passes over many rows on threads; those of a sweep: solve, Gram, transform, observed loss.

The compiled functions (`engine.model.kernels`) hold no interpreter lock and share work through an atomic counter, so
plain Python threads run them: no OpenMP or BLAS threads that compete with ours. Each row is solved by one thread and
sums are kept per part, so the result does not depend on the number of threads.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from engine.model.compiled import Function, functions
from engine.model.signatures import LANES

Floats = NDArray[np.float64]
# Work per part (non-zeros, plus eight per row).
_WORK = 20_000
# Parts of the Gram matrix and of a transform: fixed, so that sums do not depend on the threads.
_PARTS = 64


def padded(factors: int) -> int:
    """The rank the kernels work at: the next multiple of eight, so that few ranks are compiled."""
    return -(-factors // LANES) * LANES


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Threads:
    """The kernels of a kind, rank and dtype, run by `threads` threads. Use as a context: it owns the threads."""

    def __init__(self, kind: str, rank: int, dtype: np.dtype[Any], threads: int) -> None:
        self.rank, self.threads, self.dtype = rank, threads, dtype
        self.functions = functions(kind, rank, dtype.name)
        self._pool = ThreadPoolExecutor(threads) if threads > 1 else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown()

    def run(self, name: str, *arguments: Any, rooms: Sequence[Sequence[NDArray[Any]]]) -> None:
        """Every thread takes parts until none is left; each has its own work arrays (`rooms`)."""
        function: Function = self.functions[name]
        cursor = np.zeros(1, dtype=np.int64)
        given = [_argument(value) for value in (*arguments, cursor)]
        calls = [[*given, *map(_argument, own)] for own in rooms]
        if self._pool is None:
            function(*calls[0])
            return
        for running in [self._pool.submit(function, *call) for call in calls]:
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
        self._run(
            "solve", rows.indptr, rows.indices, rows.values, len(rows.indices), x, len(x), y, len(y), into, back,
            extra, inverse, alpha, steps, rows.bounds, sums, len(sums), scratch=6,
        )  # fmt: skip
        return float(sums.sum())

    def gram(self, y: NDArray[Any]) -> Floats:
        """y'y, (rank, rank) float64."""
        sums = np.zeros((_PARTS, self.rank, self.rank))
        self._run("gram", y, len(y), sums, _PARTS, scratch=self.rank + 4)
        return np.asarray(sums.sum(axis=0))

    def observed(self, rows: Rows, x: NDArray[Any], y: NDArray[Any], alpha: float) -> float:
        """The non-zeros' part of the loss beyond every cell at c = 1, r = 0: sum of c (1 - x.y)^2 - (x.y)^2."""
        sums = np.zeros(len(rows.bounds) - 1)
        self._run(
            "observed",
            rows.indptr,
            rows.indices,
            rows.values,
            len(rows.indices),
            x,
            len(x),
            y,
            len(y),
            alpha,
            rows.bounds,
            sums,
            len(sums),
        )
        return float(sums.sum())

    def triangular(self, system: Floats) -> tuple[Floats, Floats]:
        """L and inv(L)' with L L' = `system` (rank, rank), symmetric and positive definite.

        Not LAPACK: OpenBLAS would start threads that then compete with ours for longer than this takes.
        """
        lower, upper_inverse = np.zeros_like(system), np.zeros_like(system)
        self.functions["factorize"](_argument(system), _argument(lower), _argument(upper_inverse))
        return lower, upper_inverse

    def transform(self, y: NDArray[Any], matrix: Floats) -> None:
        """y @ matrix, in place."""
        self._run("transform", y, len(y), np.ascontiguousarray(matrix, dtype=y.dtype), _PARTS)

    def _run(self, name: str, *arguments: Any, scratch: int = 0) -> None:
        """Each thread has `scratch` rows of its own to work in."""
        rooms = np.zeros((self.threads, max(scratch, 1), self.rank), dtype=self.dtype)
        self.run(name, *arguments, rooms=[[room] for room in rooms])


class Rows:
    """One side's non-zeros by row, with the parts in which threads take them."""

    def __init__(self, indptr: NDArray[Any], indices: NDArray[Any], values: NDArray[Any]) -> None:
        self.indptr = np.ascontiguousarray(indptr, dtype=np.int64)
        self.indices = np.ascontiguousarray(indices, dtype=np.int32)
        self.values = np.ascontiguousarray(values)
        count = len(indptr) - 1
        work = self.indptr + LANES * np.arange(count + 1)
        cuts = np.linspace(0, work[-1], max(1, int(work[-1] // _WORK)) + 1)[1:-1]
        self.bounds = np.unique(np.concatenate(([0], np.searchsorted(work, cuts), [count]))).astype(np.int64)


def _argument(value: Any) -> Any:
    """An argument of the compiled functions: an array's address, or a number unchanged."""
    if isinstance(value, np.ndarray):
        if not value.flags.c_contiguous:
            raise TypeError("The kernels read arrays in C order.")
        return value.ctypes.data
    return value
