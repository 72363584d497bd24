"""Sweeps of alternating least squares over one matrix, with their exact loss and their momentum.

The loss, over all cells (Hu, Koren, Volinsky 2008): sum c (r - x.y)^2 + lambda (sum |x|^2 + sum |y|^2), r = 1 and
c = 1 + alpha v where a value v is stored, r = 0 and c = 1 elsewhere. With a frequency exponent nu each row has a
lambda of its own, lambda n^nu for its n stored values (Rendle, Krichene, Zhang, Koren 2022, section 4.3).

With one side fixed, the part of row x is x'Ax - 2 b.x + sum c, A = Y'Y + lambda I + sum (c - 1) y y' and
b = sum c y. Conjugate gradients (Takacs, Pilaszy, Tikk 2011) leave the residual b - Ax beside x, so that part is
sum c - x . (b + residual): the exact loss of both sides costs no pass over the data
(but where it is so small beside sum c that rounding would show: there it is counted).
A = L (I + ...) L' with Y'Y + lambda I = L L', the same L for all rows: solving in coordinates transformed by L is
preconditioning by the Gram matrix at no cost per step.

Sweeps are accelerated: each starts from items moved on along their last change by Nesterov's factor. When the loss
would rise, the sweep is done again without that (restart after O'Donoghue, Candes 2015), so the loss falls.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import InvalidDataError

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from engine.model.parallel import Kernels, Rows

# With lambda 0 and fewer rows than factors the Gram matrix is singular; this much of its mean keeps it solvable.
_MIN_REGULARIZATION = {"float32": 1e-7, "float64": 1e-12}
# Rounding in float32 sums: a rise of the loss below this is none.
_NOISE = 1e-7
# Below this share of the sum of all confidences the loss is counted cell by cell.
_NEAR_ZERO = 0.05
# Rows moved on at a time, so that no third array is needed.
_BLOCK = 4096


@dataclass(slots=True)
class State:
    """A fit between two sweeps: all it takes to go on to the very same factors.

    `user_factors`, `item_factors` and `items_before`, the items of the sweep before that momentum needs, are
    (rows, rank) with the rank padded as the kernels have it; `losses` has one a sweep.
    """

    user_factors: NDArray[Any]
    item_factors: NDArray[Any]
    items_before: NDArray[Any]
    sweeps: int
    since_restart: int
    losses: list[float]


class Sweeps:
    """The state of a fit: both sides' factors (rows, rank), changed in place, and the loss of the last sweep.

    `counts` (listeners, items) CSR values of the factors' dtype, finite, not negative.
    """

    def __init__(
        self,
        kernels: Kernels,
        counts: csr_matrix,
        user_factors: NDArray[Any],
        item_factors: NDArray[Any],
        *,
        alpha: float,
        regularization: float,
        frequency_exponent: float = 0.0,
        steps: int,
        momentum: bool = True,
    ) -> None:
        from engine.model.parallel import Rows

        self._kernels, self._steps, self._momentum = kernels, steps, momentum
        self._alpha = alpha
        transposed = counts.T.tocsr()
        self._by_listener = _Side(
            Rows(counts.indptr, counts.indices, counts.data), regularization, frequency_exponent
        )
        self._by_item = _Side(
            Rows(transposed.indptr, transposed.indices, transposed.data), regularization, frequency_exponent
        )
        self._confidences = counts.nnz + alpha * float(counts.data.sum(dtype=np.float64))
        self.user_factors, self.item_factors = user_factors, item_factors
        self._before = item_factors.copy() if momentum else item_factors
        self._since_restart = 1
        self.loss = np.inf
        self._losses: list[float] = []

    def state(self) -> State:
        """Where the fit is; the arrays are those of the fit, which the next sweep changes."""
        return State(
            self.user_factors,
            self.item_factors,
            self._before,
            len(self._losses),
            self._since_restart,
            list(self._losses),
        )

    def restore(self, state: State) -> None:
        """Go on from a state of the same matrix and settings. Raises InvalidDataError for another's."""
        for name, own, given in (
            ("listeners", self.user_factors, state.user_factors),
            ("items", self.item_factors, state.item_factors),
            ("items", self.item_factors, state.items_before),
        ):
            if given.shape != own.shape or given.dtype != own.dtype:
                raise InvalidDataError(
                    f"The state's {name} are {given.shape} {given.dtype}; this fit's {own.shape} {own.dtype}."
                )
        self.user_factors[:], self.item_factors[:] = state.user_factors, state.item_factors
        self._before[:] = state.items_before
        self._since_restart, self._losses = state.since_restart, list(state.losses)
        self.loss = self._losses[-1] if self._losses else np.inf

    def sweep(self) -> float:
        """Solve for all listeners, then for all items. Returns the loss."""
        pace = (self._since_restart - 1) / (self._since_restart + 2) if self._momentum else 0.0
        loss = self._attempt(pace)
        if pace > 0 and loss > self.loss * (1 + _NOISE):
            self._since_restart = 1
            loss = self._attempt(0.0)
        self._since_restart += 1
        if self._momentum:
            self.item_factors, self._before = self._before, self.item_factors
        self.loss = loss
        self._losses.append(loss)
        return loss

    def _attempt(self, pace: float) -> float:
        """One sweep from the items moved on by `pace` times their last change; the result is in `_before`."""
        items = self._before
        if self._momentum:
            for first in range(0, len(items), _BLOCK):
                moved, now = items[first : first + _BLOCK], self.item_factors[first : first + _BLOCK]
                moved *= -pace
                moved += now * moved.dtype.type(1 + pace)
        self._half(self._by_listener, self.user_factors, self._by_item, items)
        loss = self._half(self._by_item, items, self._by_listener, self.user_factors)
        return loss if loss > _NEAR_ZERO * self._confidences else self._counted_loss(items)

    def _counted_loss(self, items: NDArray[Any]) -> float:
        """The loss by a pass over the non-zeros, where the difference of large sums would lose it."""
        kernels, users = self._kernels, self.user_factors
        grams = kernels.gram(users), kernels.gram(items)
        observed = kernels.observed(self._by_listener.rows, users, items, self._alpha)
        penalty = self._by_listener.penalty(users, grams[0]) + self._by_item.penalty(items, grams[1])
        return observed + float(np.sum(grams[0] * grams[1])) + penalty

    def _half(self, own: _Side, x: NDArray[Any], other: _Side, y: NDArray[Any]) -> float:
        """Solve for the rows of `x` with `y` fixed. Returns the loss."""
        kernels = self._kernels
        gram = kernels.gram(y)
        least = _MIN_REGULARIZATION[x.dtype.name] * float(np.trace(gram)) / kernels.rank
        shared = max(own.regularization, least, np.finfo(x.dtype).tiny)
        lower, upper_inverse = turning = kernels.triangular(gram + shared * np.eye(kernels.rank))
        penalty = other.penalty(y, gram)
        kernels.transform(y, upper_inverse)
        taken = kernels.solve(own.rows, x, y, turning, own.extra, self._alpha, self._steps)
        kernels.transform(y, lower.T)
        return self._confidences + penalty - taken


class _Side:
    """One side's non-zeros by row and the lambda of each row: one for all, and `extra` (rows,) over it."""

    def __init__(self, rows: Rows, regularization: float, frequency_exponent: float) -> None:
        self.rows = rows
        lengths = np.diff(rows.indptr)
        self.regularization: float = regularization * float(lengths.mean()) ** frequency_exponent
        self.extra = np.zeros(len(lengths), dtype=rows.values.dtype)
        if frequency_exponent:
            self.extra[:] = regularization * lengths**frequency_exponent - self.regularization

    def penalty(self, factors: NDArray[Any], gram: NDArray[np.float64]) -> float:
        """Sum of lambda |row|^2; `gram` is of `factors` (rows, rank)."""
        total: float = self.regularization * float(np.trace(gram))
        if self.extra.any():
            total += float(self.extra @ np.einsum("ij,ij->i", factors, factors))
        return total
