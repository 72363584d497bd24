"""Confidence from play counts: c = 1 + alpha * f(plays) (Hu, Koren, Volinsky 2008, section 4).

`f` dampens counts: raw counts, which span five orders of magnitude, ruin the model (MODEL.md). `rank` takes from a
count only its place among the listener's own: so those who play much are not believed more than others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec
import numpy as np

from engine.errors import InvalidDataError

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Transform = Literal["binary", "log", "linear", "rank"]
# A person's plays count so many times as much as a listener's in the fit: items' factors are fitted to their listeners,
# so a vector found by the same formula is held too close to 0 for anyone else. But not where many items hold it: with
# more items than so many it is less, down to once (MODEL.md).
FOLDED, FEW_ITEMS = 3.0, 100
# Ranks are found for so many plays at a time.
_AT_ONCE = 1_000_000


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
        """f(plays) of one listener, same shape and dtype float32: binary 1, log(1 + plays), plays up to the cap, or
        their ranks."""
        counts = np.asarray(plays)
        if self.transform == "rank":
            return _ranks(counts, np.array([0, counts.size]))
        if self.transform == "binary":
            return (counts > 0).astype(np.float32)
        if self.transform == "log":
            return np.asarray(np.log1p(counts), dtype=np.float32)
        return np.asarray(np.minimum(counts, self.cap), dtype=np.float32)

    def counted(self, plays: csr_matrix) -> csr_matrix:
        """The same (listeners, items) matrix with f applied to every stored count; it shares its index arrays with
        `plays`."""
        from scipy.sparse import csr_matrix

        ranked = self.transform == "rank"
        values = _ranks(plays.data, plays.indptr) if ranked else self.transformed(plays.data)
        return csr_matrix((values, plays.indices, plays.indptr), shape=plays.shape)

    def of(self, plays: np.ndarray, left: float | None = None) -> np.ndarray:
        """The confidence c of each play count of a person who is folded in, float64.

        `left` says how many of these items there still are where plays decay, if not all.
        """
        items = max(1.0, len(plays) if left is None else left)
        times = 1.0 + (FOLDED - 1.0) * min(1.0, FEW_ITEMS / items)
        return np.asarray(1.0 + times * self.alpha * self.transformed(plays).astype(np.float64))


def _ranks(plays: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """(n,) float32: the rank of each of the `plays` (n,) in its row, from .5 for few to 1.5 for many, 1 on average.

    Equal ones share theirs, and 0 plays are 0. Rows begin at `starts` (rows + 1,).
    """
    found = np.zeros(len(plays), dtype=np.float32)
    if not len(plays):
        return found
    cuts = np.searchsorted(starts, np.arange(0, len(plays), _AT_ONCE), side="right") - 1
    for first, last in zip(cuts, [*cuts[1:], len(starts) - 1], strict=True):
        begin, end = starts[first], starts[last]
        if begin == end:
            continue
        lengths = np.diff(starts[first : last + 1])
        rows = np.repeat(np.arange(last - first), lengths)
        order = np.lexsort((plays[begin:end], rows))
        some, of = plays[begin:end][order], rows[order]
        ties = np.flatnonzero(np.concatenate(([True], (np.diff(some) != 0) | (np.diff(of) != 0))))
        bounds = np.append(ties, end - begin)
        middles = np.repeat((bounds[:-1] + bounds[1:]) / 2, np.diff(bounds))
        found[begin + order] = 0.5 + (middles - (starts[first:last] - begin)[of]) / lengths[of]
    found[plays <= 0] = 0.0
    return found
