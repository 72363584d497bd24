"""Half a sweep over plays distributed over processes: Arrow batches in, solved rows out.

Plays come as (row, column, value) sorted by row, a partition at a time, and are packed once into blocks of whole rows;
each half sweep then solves the blocks with the same kernels as a fit in one process, and so to the same factors. Blocks
and results are bytes, which pass between processes without conversion. Needs only PyArrow, not Spark.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from engine.model.confidence import Confidence
from engine.model.parallel import Kernels, Rows

if TYPE_CHECKING:
    import pyarrow as pa

# Non-zeros of a block: 4 MB, of which a process holds one at a time.
PAIRS = 500_000
# Spark's schemas of a block, of a block's solved rows, and of its part of the loss.
VALUES = "row int, column int, value float"
BLOCK = "ids binary, starts binary, columns binary, values binary"
SOLVED = "ids binary, factors binary, taken double"
OBSERVED = "observed double"


@dataclass(frozen=True, slots=True)
class Half:
    """What all rows of a half sweep share: the arguments of `Kernels.solve`, with `x` of all rows."""

    x: NDArray[Any]
    y: NDArray[Any]
    turning: tuple[NDArray[np.float64], NDArray[np.float64]]
    extra: NDArray[Any]
    alpha: float
    steps: int


@dataclass(frozen=True, slots=True)
class Factors:
    """Both sides' factors, of the rows of the blocks `x`, and alpha."""

    x: NDArray[Any]
    y: NDArray[Any]
    alpha: float


class Shared(Protocol):
    """What was sent to every process: a Spark broadcast, or anything with a `value`."""

    @property
    def value(self) -> Any:
        """It."""


def counted(confidence: Confidence, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Plays of (row, column, plays) as their transform."""
    import pyarrow as pa

    for batch in batches:
        rows, columns, plays = (batch.column(i) for i in range(3))
        values = confidence.transformed(plays.to_numpy(zero_copy_only=False))
        yield pa.RecordBatch.from_arrays([rows, columns, pa.array(values)], ["row", "column", "value"])


def blocks_of(batches: Iterator[pa.RecordBatch], pairs: int = PAIRS) -> Iterator[pa.RecordBatch]:
    """Plays sorted by row as blocks of whole rows, of about `pairs` non-zeros."""
    kept: list[list[NDArray[Any]]] = []
    held, enough = 0, pairs
    for batch in batches:
        kept.append([batch.column(i).to_numpy(zero_copy_only=False) for i in range(3)])
        held += batch.num_rows
        if held < enough:
            continue
        rows, columns, values = map(np.concatenate, zip(*kept, strict=True))
        whole = int(np.searchsorted(rows, rows[-1]))
        if whole:
            yield _block(rows[:whole], columns[:whole], values[:whole])
        kept = [[rows[whole:], columns[whole:], values[whole:]]]
        held -= whole
        # A row longer than a block is not reassembled with each of its batches.
        enough = max(pairs, 2 * held)
    if held:
        rows, columns, values = map(np.concatenate, zip(*kept, strict=True))
        yield _block(rows, columns, values)


def solved(shared: Shared, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Blocks' rows, improved with the `Half` in `shared`, and by how much they lower the loss (`Kernels.solve`)."""
    half: Half = shared.value
    with Kernels(half.y.shape[1], half.y.dtype, 1) as kernels:
        for ids, rows in _rows_of(batches, half.y.dtype):
            own = half.x[ids]
            taken = kernels.solve(rows, own, half.y, half.turning, half.extra[ids], half.alpha, half.steps)
            yield _batch(ids=ids.tobytes(), factors=own.tobytes(), taken=taken)


def observed(shared: Shared, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The loss of blocks' non-zeros with the `Factors` in `shared` (`Kernels.observed`)."""
    both: Factors = shared.value
    with Kernels(both.y.shape[1], both.y.dtype, 1) as kernels:
        for ids, rows in _rows_of(batches, both.y.dtype):
            yield _batch(observed=kernels.observed(rows, both.x[ids], both.y, both.alpha))


def _block(rows: NDArray[Any], columns: NDArray[Any], values: NDArray[Any]) -> pa.RecordBatch:
    first = np.flatnonzero(np.diff(rows, prepend=-1))
    return _batch(
        ids=rows[first].astype(np.int32).tobytes(),
        starts=np.append(first, len(rows)).astype(np.int64).tobytes(),
        columns=columns.astype(np.int32).tobytes(),
        values=values.astype(np.float32).tobytes(),
    )


def _rows_of(
    batches: Iterator[pa.RecordBatch], dtype: np.dtype[Any]
) -> Iterator[tuple[NDArray[np.int32], Rows]]:
    """The rows of each block, with their ids."""
    for batch in batches:
        for one in batch.to_pylist():
            starts = np.frombuffer(one["starts"], dtype=np.int64)
            columns = np.frombuffer(one["columns"], dtype=np.int32)
            values = np.frombuffer(one["values"], dtype=np.float32).astype(dtype, copy=False)
            yield np.frombuffer(one["ids"], dtype=np.int32), Rows(starts, columns, values)


def _batch(**one: Any) -> pa.RecordBatch:
    """A batch of one record."""
    import pyarrow as pa

    return pa.RecordBatch.from_pylist([one])
