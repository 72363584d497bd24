"""Confidence from play counts: c = 1 + alpha * f(plays) (Hu, Koren, Volinsky 2008, section 4).

`f` dampens counts: raw counts, which span five orders of magnitude, ruin the model (MODEL.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec
import numpy as np

from engine.errors import InvalidDataError

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Transform = Literal["binary", "log", "linear"]


class Confidence(msgspec.Struct, frozen=True, kw_only=True):
    """One choice of f and alpha. `cap` is the most plays that count, for `linear` only."""

    transform: Transform = "log"
    alpha: float = 1.0
    cap: float = 100.0

    def __post_init__(self) -> None:
        """Raise InvalidDataError for invalid values."""
        if not (np.isfinite(self.alpha) and self.alpha > 0 and np.isfinite(self.cap) and self.cap > 0):
            raise InvalidDataError(f"alpha {self.alpha} and cap {self.cap} must be finite and above 0.")

    def transformed(self, plays: np.ndarray) -> np.ndarray:
        """f(plays), same shape and dtype float32: binary 1, log(1 + plays), or plays up to the cap."""
        counts = np.asarray(plays)
        if self.transform == "binary":
            return (counts > 0).astype(np.float32)
        if self.transform == "log":
            return np.asarray(np.log1p(counts), dtype=np.float32)
        return np.asarray(np.minimum(counts, self.cap), dtype=np.float32)

    def counted(self, plays: csr_matrix) -> csr_matrix:
        """The same matrix with f applied to every stored count; it shares its index arrays with `plays`."""
        from scipy.sparse import csr_matrix

        return csr_matrix((self.transformed(plays.data), plays.indices, plays.indptr), shape=plays.shape)

    def of(self, plays: np.ndarray) -> np.ndarray:
        """The confidence c of each play count, float64."""
        return np.asarray(1.0 + self.alpha * self.transformed(plays).astype(np.float64))
