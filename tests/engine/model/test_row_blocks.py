"""Half a sweep over Arrow blocks is the half sweep of one process, to the bit."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest

from engine.model.confidence import Confidence
from engine.model.parallel import Kernels
from engine.model.row_blocks import Factors, Half, blocks_of, counted, observed, solved
from engine.model.sweep import sides_here
from tests.support.factorizing import plays

RANK, ALPHA = 8, 2.0


def batches(rows, columns, values, size):
    """As Spark hands a partition over: batches that end wherever they are full."""
    table = pa.table({"row": rows, "column": columns, "plays": values})
    return iter(table.to_batches(max_chunksize=size))


@pytest.mark.parametrize(("size", "pairs"), [(7, 1), (50, 100), (10_000, 300), (10_000, 500_000)])
def test_blocks_are_solved_as_the_rows_of_one_process_are(size: int, pairs: int) -> None:
    matrix, rng = plays(60, 40), np.random.default_rng(0)
    matrix[7] = 0
    matrix.eliminate_zeros()
    values = Confidence().counted(matrix)
    x, y = (rng.standard_normal((n, RANK)).astype(np.float32) for n in matrix.shape)
    with Kernels(RANK, x.dtype, 2) as kernels:
        side = sides_here(
            kernels, values, alpha=ALPHA, regularization=0.5, frequency_exponent=0.75
        ).by_listener
        turning = kernels.triangular(kernels.gram(y) + side.regularization * np.eye(RANK))
        kernels.transform(y, turning[1])
        here = x.copy()
        taken = side.solve(here, y, turning, ALPHA, 3)
        seen = side.observed(here, y, ALPHA)
    rows = np.repeat(np.arange(60, dtype=np.int32), np.diff(matrix.indptr))

    def blocks():
        pieces = batches(rows, matrix.indices.astype(np.int32), matrix.data.astype(np.float32), size)
        return blocks_of(counted(Confidence(), pieces), pairs)

    there, sums = np.zeros_like(x), []
    half = SimpleNamespace(value=Half(x, y, turning, side.extra, ALPHA, 3))
    for batch in solved(half, blocks()):
        (one,) = batch.to_pylist()
        ids = np.frombuffer(one["ids"], np.int32)
        assert not there[ids].any(), "a row is in one block alone"
        there[ids] = np.frombuffer(one["factors"], np.float32).reshape(len(ids), RANK)
        sums.append(one["taken"])
    assert len(sums) > 1 or pairs > matrix.nnz
    assert np.array_equal(there, here)
    assert sum(sums) == pytest.approx(taken)
    both = SimpleNamespace(value=Factors(here, y, ALPHA))
    found = [batch.to_pylist()[0]["observed"] for batch in observed(both, blocks())]
    assert sum(found) == pytest.approx(seen)
