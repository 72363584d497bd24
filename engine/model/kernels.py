"""The compiled half of a sweep: every row of one side solved against the other, by conjugate gradients.

One thread takes whole rows, so the result does not depend on how many there are. Compiled once and cached.
"""

from __future__ import annotations

import numpy as np
from numba import njit, prange


@njit(parallel=True, fastmath=True, cache=True)
def solve_rows(indptr, indices, values, x, y, system, alpha, steps):  # type: ignore[no-untyped-def]
    """Improve each row of `x` (n, f) by `steps` CG steps on A x = b, over the row's non-zeros i:

    A = system + sum_i alpha v_i y_i y_i', b = sum_i (1 + alpha v_i) y_i.
    indptr (n + 1,), indices, values: the rows' non-zeros; y: (m, f), the fixed side; system: Y'Y + lambda I.
    All floats are float32. `x` is changed in place; a row without non-zeros becomes 0 (its exact solution).
    """
    f = x.shape[1]
    for u in prange(x.shape[0]):
        row = x[u]
        first, last = indptr[u], indptr[u + 1]
        if first == last:
            for k in range(f):
                row[k] = 0
            continue
        residual = np.zeros(f, dtype=np.float32)
        direction = np.empty(f, dtype=np.float32)
        product = np.empty(f, dtype=np.float32)
        for a in range(f):
            value, line = row[a], system[a]
            for k in range(f):
                residual[k] -= value * line[k]
        for j in range(first, last):
            other = y[indices[j]]
            weight = alpha * values[j]
            dot = np.float32(0)
            for k in range(f):
                dot += other[k] * row[k]
            weight = np.float32(1) + weight - weight * dot
            for k in range(f):
                residual[k] += weight * other[k]
        norm = np.float32(0)
        for k in range(f):
            direction[k] = residual[k]
            norm += residual[k] * residual[k]
        for _ in range(steps):
            if norm < 1e-20:
                break
            for k in range(f):
                product[k] = 0
            for a in range(f):
                value, line = direction[a], system[a]
                for k in range(f):
                    product[k] += value * line[k]
            for j in range(first, last):
                other = y[indices[j]]
                dot = np.float32(0)
                for k in range(f):
                    dot += other[k] * direction[k]
                dot *= alpha * values[j]
                for k in range(f):
                    product[k] += dot * other[k]
            curvature = np.float32(0)
            for k in range(f):
                curvature += direction[k] * product[k]
            length = norm / curvature
            after = np.float32(0)
            for k in range(f):
                row[k] += length * direction[k]
                residual[k] -= length * product[k]
                after += residual[k] * residual[k]
            turn = after / norm
            for k in range(f):
                direction[k] = residual[k] + turn * direction[k]
            norm = after


@njit(parallel=True, fastmath=True, cache=True)
def gram(y):  # type: ignore[no-untyped-def]
    """y'y, (f, f) float64 of (m, f) float32, summed in fixed parts so that threads do not change a bit of it.

    Not BLAS: its threads spin against ours, which on a busy machine took ten times as long as the sweep.
    """
    m, f = y.shape
    parts = 64
    sums = np.zeros((parts, f, f))
    for part in prange(parts):
        block = np.zeros((f, f), dtype=np.float32)
        own = sums[part]
        count = 0
        for i in range(part * m // parts, (part + 1) * m // parts):
            row = y[i]
            for a in range(f):
                value, line = row[a], block[a]
                for k in range(f):
                    line[k] += value * row[k]
            count += 1
            # Short float32 sums, long float64 ones: fast and as exact as the factors themselves.
            if count == 256:
                own += block
                block[:] = 0
                count = 0
        own += block
    return sums.sum(axis=0)


@njit(parallel=True, fastmath=True, cache=True)
def observed_loss(indptr, indices, values, x, y, alpha):  # type: ignore[no-untyped-def]
    """Over the non-zeros, what they add to the loss beyond all cells at confidence 1 and preference 0: float64.

    sum of c (1 - s)^2 - s^2 with s = x_u . y_i and c = 1 + alpha v.
    """
    n = x.shape[0]
    sums = np.zeros(n)
    for u in prange(n):
        row = x[u]
        total = 0.0
        for j in range(indptr[u], indptr[u + 1]):
            other = y[indices[j]]
            dot = np.float32(0)
            for k in range(row.shape[0]):
                dot += other[k] * row[k]
            s = np.float64(dot)
            total += (1.0 + alpha * values[j]) * (1.0 - s) * (1.0 - s) - s * s
        sums[u] = total
    return sums.sum()
