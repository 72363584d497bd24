"""Folding a listener into item factors, exactly, and explaining each score; NumPy only.

With item factors Y, the listener's confidences c over their items and everything else at confidence 1, the
listener's vector is x = W Y' C r with W = (Y'Y + Y_u' (C_u - I) Y_u + lambda I)^-1, r = 1 on their items
(Hu, Koren, Volinsky 2008, section 4). The score of item i is then the sum over their items j of
y_i' W y_j c_j (section 5): each summand is the part that j contributes.

The item side is the same with the two exchanged: an item nobody knew at training is folded into the listeners'
factors, given in the items' place.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from engine.errors import InvalidDataError

Floats = NDArray[np.float64]
# Below this the rank-one update has lost more digits than 1e-6 allows, and the system is solved again. Measured on
# confidences to 1e12: no error above 1e-9 where a full solve is itself accurate, and 500 what-ifs take the same time.
_MIN_LEFT = 1e-2
# Beyond this an item's part in the system, in units of lambda, leaves the inverse too few digits. How few depends on
# the processor's BLAS: at 1e16 one machine was accurate to six places, another to none.
_STEEPEST = 1e7


class ItemFactors:
    """Item factors with what every fold-in shares: (items, factors) float32 (may be memory-mapped), and Y'Y.

    `gram` is (factors, factors) float64, computed when not given. A listener of n items is folded in with
    lambda = regularization * n^frequency_exponent, as in the fit. Raises InvalidDataError for a regularization
    that is not above 0 or shapes that do not fit.
    """

    def __init__(
        self,
        item_factors: NDArray[np.float32],
        regularization: float,
        gram: Floats | None = None,
        frequency_exponent: float = 0.0,
    ) -> None:
        if item_factors.ndim != 2:
            raise InvalidDataError(
                f"item factors must be (items, factors), not of shape {item_factors.shape}."
            )
        if not (np.isfinite(regularization) and regularization > 0):
            raise InvalidDataError(f"regularization is {regularization}; it must be finite and above 0.")
        self.item_factors = item_factors
        self.regularization, self.frequency_exponent = regularization, frequency_exponent
        size = item_factors.shape[1]
        if gram is None:
            gram = item_factors.T.astype(np.float64) @ item_factors
        if gram.shape != (size, size):
            raise InvalidDataError(f"gram has shape {gram.shape} where {(size, size)} was expected.")
        self.gram: Floats = np.asarray(gram, dtype=np.float64)

    def fold_in(self, ids: NDArray[np.int64], confidences: Floats) -> FoldedListener:
        """The listener who played items `ids` (n,), each once, with `confidences` (n,) of at least 1.

        Raises InvalidDataError for ids out of range or repeated and for confidences below 1 or not finite.
        """
        ids = np.asarray(ids, dtype=np.int64)
        confidences = np.asarray(confidences, dtype=np.float64)
        if ids.shape != confidences.shape or ids.ndim != 1:
            raise InvalidDataError(f"{ids.shape} ids and {confidences.shape} confidences do not pair up.")
        if len(ids) and (ids.min() < 0 or ids.max() >= len(self.item_factors)):
            raise InvalidDataError(f"item ids go from 0 to {len(self.item_factors) - 1}.")
        if len(np.unique(ids)) != len(ids):
            raise InvalidDataError("an item id occurs twice in one listener's items.")
        _check_confidences(confidences)
        return FoldedListener(self, ids, confidences)


def _check_confidences(confidences: Floats) -> None:
    if not (np.isfinite(confidences).all() and (confidences >= 1).all()):
        raise InvalidDataError("confidences must be finite and at least 1.")


class FoldedListener:
    """One listener in factor space. Made by `ItemFactors.fold_in`."""

    def __init__(
        self, items: ItemFactors, ids: NDArray[np.int64], confidences: Floats, own: Floats | None = None
    ) -> None:
        self._items = items
        self.ids = ids
        self.confidences = confidences
        self._own: Floats = own if own is not None else items.item_factors[ids].astype(np.float64)
        self._system: Floats = self._system_of(self._own, confidences)
        self.vector: Floats = np.asarray(np.linalg.solve(self._system, self._own.T @ confidences), np.float64)

    def replayed(self, confidences: Floats) -> FoldedListener:
        """The listener of the same items with other `confidences` (n,), of at least 1."""
        _check_confidences(confidences)
        return FoldedListener(self._items, self.ids, confidences, self._own)

    def _system_of(self, own: Floats, confidences: Floats) -> Floats:
        """Y'Y + Y_u' (C_u - I) Y_u + lambda I for items `own`, with the lambda of all of the listener's items."""
        gram = self._items.gram
        system: Floats = (
            gram + own.T @ (own * (confidences - 1.0)[:, None]) + self._penalty * np.eye(len(gram))
        )
        return system

    @cached_property
    def _steep(self) -> bool:
        """Whether an item's part in the system is so far above lambda that the inverse loses too many digits."""
        parts = (self.confidences - 1.0) * np.einsum("ij,ij->i", self._own, self._own)
        return bool(parts.max(initial=0.0) > _STEEPEST * self._penalty)

    @property
    def _penalty(self) -> float:
        return float(self._items.regularization * len(self.ids) ** self._items.frequency_exponent)

    @cached_property
    def _inverse(self) -> Floats:
        return np.asarray(np.linalg.inv(self._system), np.float64)

    @cached_property
    def _parts(self) -> Floats:
        """W y_j c_j for each of the listener's items j: (n, factors)."""
        return (self._own @ self._inverse) * self.confidences[:, None]

    def scores(self, item_ids: NDArray[np.int64] | None = None) -> Floats:
        """Scores of items `item_ids` (m,), or of all: (m,) float64."""
        if item_ids is None:
            return np.asarray(self._items.item_factors @ self.vector.astype(np.float32), dtype=np.float64)
        return np.asarray(self._items.item_factors[item_ids].astype(np.float64) @ self.vector)

    def contributions(self, item_ids: NDArray[np.int64]) -> Floats:
        """(m, n): what each of the listener's n items adds to the score of each item; rows sum to `scores`."""
        return np.asarray(self._items.item_factors[item_ids].astype(np.float64) @ self._parts.T)

    def without(self, index: int) -> Floats:
        """The vector as if the listener had never played `ids[index]`, by a rank-one update: (factors,).

        Lambda stays that of the listener's n items. Taking item j away subtracts (c_j - 1) y_j y_j' from the system
        (Sherman, Morrison 1950) and c_j y_j from its right-hand side. If j dominates its direction (a huge confidence
        beside a small lambda), the update cancels, and if any item does, the inverse is inaccurate: then the remaining
        system is solved again.
        """
        y, c = self._own[index], self.confidences[index]
        direction = self._inverse @ y
        left = 1.0 - (c - 1.0) * (y @ direction)
        if left < _MIN_LEFT or self._steep:
            own, confidences = np.delete(self._own, index, axis=0), np.delete(self.confidences, index)
            return np.asarray(np.linalg.solve(self._system_of(own, confidences), own.T @ confidences))
        plain = self._inverse @ (self._own.T @ self.confidences - c * y)
        return np.asarray(plain + direction * ((c - 1.0) * (y @ plain) / left))
