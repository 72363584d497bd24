"""Folds in many rows at once: listeners into items' factors, or items new since training into listeners'.

The batch form of `engine.model.fold_in`, with the kernels of a fit: with the other side Y fixed, each row's x = (Y'Y +
Y_u'(C_u - I) Y_u + lambda n^nu I)^-1 Y_u' C_u 1 (Hu, Koren, Volinsky 2008, section 4).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

# Each step of conjugate gradients gains two to three digits; from zero this many reach single precision.
_STEPS = 24
# With lambda 0 and fewer rows than factors the system is singular; this much of its mean keeps it solvable.
_MIN_PENALTY = 1e-7


def fold_in_rows(
    counts: csr_matrix,
    factors: NDArray[np.float32],
    *,
    alpha: float,
    regularization: float,
    frequency_exponent: float,
) -> NDArray[np.float32]:
    """The factors (rows, f) of rows whose transformed counts are `counts` (rows, columns) CSR, with the columns'
    `factors` (columns, f) fixed; a row without counts is 0."""
    from engine.model.parallel import Kernels, Rows, cores, padded

    size = factors.shape[1]
    fixed = np.zeros((len(factors), padded(size)), dtype=np.float32)
    fixed[:, :size] = factors
    solved = np.zeros((counts.shape[0], fixed.shape[1]), dtype=np.float32)
    if not counts.nnz:
        return solved[:, :size]
    lengths = np.diff(counts.indptr).astype(np.float64)
    penalties = regularization * lengths**frequency_exponent
    with Kernels(fixed.shape[1], fixed.dtype, cores()) as kernels:
        gram = kernels.gram(fixed)
        shared = max(float(penalties.mean()), _MIN_PENALTY * float(np.trace(gram)) / len(gram))
        turning = kernels.triangular(gram + shared * np.eye(len(gram)))
        extra = np.where(lengths > 0, penalties - float(penalties.mean()), 0.0).astype(np.float32)
        kernels.transform(fixed, turning[1])
        rows = Rows(counts.indptr, counts.indices, counts.data.astype(np.float32, copy=False))
        kernels.solve(rows, solved, fixed, turning, extra, alpha, _STEPS)
    return np.ascontiguousarray(solved[:, :size])
