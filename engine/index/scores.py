"""Exact scores, and the order every strategy hands its results back in.

Scan and trees only propose candidates. What a caller sees is always scored here, in float64, so that an item
has the same score to the last bit whichever way it was found, and results can be compared between strategies.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.errors import InvalidDataError

Ids = NDArray[np.int64]
Floats = NDArray[np.float32]
Result = tuple[Ids, Floats]

# Above this a float32 product of two such vectors can overflow; no trained factor comes near it.
MAX_NORM = 1e18
# Below this a vector has no direction worth speaking of, and its reciprocal norm would overflow float32.
MIN_NORM = 1e-30
# Rows scored at a time, so that a catalog full of ties does not need a float64 copy of itself.
_ROWS = 65_536

EMPTY: Result = (np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32))


def norms_of(vectors: NDArray[np.floating]) -> NDArray[np.float64]:
    """Euclidean norms (n,) float64 of `vectors` (n, f)."""
    norms = np.empty(len(vectors))
    for start in range(0, len(vectors), _ROWS):
        rows = vectors[start : start + _ROWS].astype(np.float64)
        norms[start : start + _ROWS] = np.sqrt((rows * rows).sum(axis=1))
    return norms


def products(vectors: Floats, query: NDArray[np.float64]) -> NDArray[np.float64]:
    """Inner products (n,) float64 of `vectors` (n, f) float32 with `query` (f,) float64.

    Summed row by row and never by BLAS, whose last bits depend on how many rows come along.
    """
    sums = np.empty(len(vectors))
    for start in range(0, len(vectors), _ROWS):
        rows = vectors[start : start + _ROWS].astype(np.float64)
        sums[start : start + _ROWS] = (rows * query).sum(axis=1)
    return sums


def cosines(vectors: Floats, norms: NDArray[np.float64], query: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cosines (n,) float64 of a non-zero `query` and `vectors` (n, f) with their non-zero `norms` (n,)."""
    length = float(norms_of(query[None, :])[0])
    return np.clip(products(vectors, query / length) / norms, -1.0, 1.0)


def ranked(ids: Ids, scores: NDArray[np.float64], k: int) -> Result:
    """The `k` best of `ids` by `scores`, descending as float32, ties by ascending id."""
    rounded = scores.astype(np.float32)
    order = np.lexsort((ids, -rounded))[:k]
    return ids[order], rounded[order]


def checked_factors(factors: ArrayLike) -> Floats:
    """`factors` as an (n, f) float32 array, not copied where it is one.

    Raises InvalidDataError for another shape, no columns, NaN or infinite values, or norms beyond 1e18.
    """
    array = np.asarray(factors)
    if array.ndim != 2 or array.shape[1] == 0:
        raise InvalidDataError(f"vectors must be a matrix of items x factors, not of shape {array.shape}")
    matrix: Floats = np.ascontiguousarray(array, dtype=np.float32)
    for start in range(0, len(matrix), _ROWS):
        rows = matrix[start : start + _ROWS]
        good = np.isfinite(rows).all(axis=1)
        if not good.all():
            bad = start + int(np.argmin(good))
            raise InvalidDataError(f"vector {bad} has NaN or infinite values; train the model again")
        if len(rows) and float(np.abs(rows).max()) > MAX_NORM / np.sqrt(matrix.shape[1]):
            raise InvalidDataError("the vectors are too large for single precision; train the model again")
    return matrix


def checked_query(query: ArrayLike, factors: int) -> NDArray[np.float64]:
    """`query` as (factors,) float64. Raises InvalidDataError for another length or values not finite."""
    array = np.asarray(query, dtype=np.float64)
    if array.shape != (factors,):
        raise InvalidDataError(f"a query must have {factors} numbers, not shape {array.shape}")
    if not (np.abs(array) <= MAX_NORM).all():
        raise InvalidDataError("a query has NaN, infinite or far too large values")
    return array


def checked_count(k: int) -> int:
    """`k` itself. Raises InvalidDataError below zero."""
    if k < 0:
        raise InvalidDataError(f"cannot return {k} items; ask for zero or more")
    return int(k)


def excluded_ids(exclude: ArrayLike | None, items: int) -> Ids:
    """The excluded ids, sorted and unique, from a mask (items,) bool or an array of ids.

    A mask may be shorter than `items`: items added after it was made are then not excluded.
    Raises InvalidDataError for ids outside 0..items - 1, a longer mask, or another dtype.
    """
    if exclude is None:
        return EMPTY[0]
    array = np.asarray(exclude)
    if array.size == 0:
        return EMPTY[0]
    if array.ndim != 1:
        raise InvalidDataError("exclude must be one-dimensional: a mask or ids")
    if array.dtype == np.bool_:
        if len(array) > items:
            raise InvalidDataError(f"the exclusion mask has {len(array)} entries for {items} items")
        return np.flatnonzero(array).astype(np.int64)
    if not np.issubdtype(array.dtype, np.integer):
        raise InvalidDataError(f"exclude must be a mask or integer ids, not {array.dtype}")
    ids = np.unique(array.astype(np.int64))
    if ids[0] < 0 or ids[-1] >= items:
        raise InvalidDataError(f"excluded ids must lie in 0..{items - 1}")
    return ids
