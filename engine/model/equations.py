"""A row's normal equations in full, for the few rows that are solved exactly outside a fit; NumPy only."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
# With lambda 0 a system may be singular; this much of the Gram matrix's mean keeps it solvable.
_MIN_REGULARIZATION = 1e-9


def gram_of(factors: NDArray[Any]) -> Floats:
    """Y'Y, (factors, factors)."""
    return np.asarray((factors.T @ factors).astype(np.float64))


def system_of(gram: Floats, own: Floats, confidences: Floats, regularization: float) -> Floats:
    """Y'Y + Y_u'(C_u - I) Y_u + lambda I for a row's items `own` (n, factors) with `confidences` (n,)."""
    size = len(gram)
    least = _MIN_REGULARIZATION * float(np.trace(gram)) / size + float(np.finfo(np.float64).tiny)
    system: Floats = gram + own.T @ (own * (confidences - 1.0)[:, None])
    system[np.diag_indices(size)] += max(regularization, least)
    return system
