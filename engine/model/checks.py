"""Checks of a model's inputs, with errors that say what was expected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import InvalidDataError

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


class IdOutOfRangeError(InvalidDataError, IndexError):
    """A listener or item number that the model does not hold."""


def checked_counts(matrix: Any, dtype: np.dtype[Any], what: str = "user_items") -> csr_matrix:
    """`matrix` as CSR of `dtype` with duplicates summed, finite and not negative. Raises InvalidDataError."""
    from scipy.sparse import csr_matrix, issparse

    if not issparse(matrix):
        raise InvalidDataError(f"{what} must be a SciPy sparse matrix, not {type(matrix).__name__}.")
    # The type is now any of SciPy's sparse types, of which the stubs accept only some here.
    counts: Any = csr_matrix(matrix)  # type: ignore[call-overload]
    if not np.isfinite(counts.data).all():
        raise InvalidDataError(f"{what} holds a count that is not a number or infinite.")
    if counts.nnz and counts.data.min() < 0:
        raise InvalidDataError(f"{what} holds a negative count; a count is 0 or more.")
    if not counts.has_canonical_format:
        counts = counts.copy()
        counts.sum_duplicates()
    result: csr_matrix = counts.astype(dtype, copy=False)
    return result


def checked_ids(ids: Any, size: int, what: str) -> NDArray[np.int64]:
    """One id or several as (n,) int64 within 0 .. size - 1. Raises IdOutOfRangeError."""
    array = np.atleast_1d(np.asarray(ids))
    if array.size == 0:
        return np.zeros(0, dtype=np.int64)
    if array.ndim != 1 or not np.issubdtype(array.dtype, np.integer):
        raise InvalidDataError(f"{what} ids must be whole numbers in one dimension.")
    array = array.astype(np.int64)
    if array.min() < 0 or array.max() >= size:
        raise IdOutOfRangeError(f"{what} ids go from 0 to {size - 1}; got {array.min()} to {array.max()}.")
    return array


def checked_rows(matrix: csr_matrix, rows: int, columns: int, what: str) -> csr_matrix:
    """`matrix` if it has one row for each id and as many columns as the model."""
    if matrix.shape[0] != rows:
        raise InvalidDataError(f"{what} must have one row for each id: {rows} ids, {matrix.shape[0]} rows.")
    if matrix.shape[1] > columns:
        raise InvalidDataError(f"{what} has {matrix.shape[1]} columns; the model knows {columns}.")
    return matrix


def chosen_columns(rows: csr_matrix, chosen: NDArray[Any], columns: int) -> csr_matrix:
    """The chosen columns of rows that may be narrower than the model's `columns`."""
    from scipy.sparse import csr_matrix

    wide = csr_matrix((rows.data, rows.indices, rows.indptr), shape=(rows.shape[0], columns))
    return wide[:, chosen]
