"""Sweeps of alternating least squares over one matrix, with their exact loss and their momentum.

The loss, over all cells (Hu, Koren, Volinsky 2008): sum c (r - x.y)^2 + lambda (sum |x|^2 + sum |y|^2), r = 1 and
c = 1 + alpha v where a value v is stored, r = 0 and c = 1 elsewhere. With a frequency exponent nu each row has a
lambda of its own, lambda n^nu for its n stored values (Rendle, Krichene, Zhang, Koren 2022, section 4.3).

With one side fixed, the part of row x is x'Ax - 2 b.x + sum c, A = Y'Y + lambda I + sum (c - 1) y y' and b = sum c y.
Conjugate gradients (Takacs, Pilaszy, Tikk 2011) leave the residual b - Ax beside x, so that part is sum c - x . (b +
residual): the exact loss of both sides costs no pass over the data (except where it is so small relative to sum c that
rounding would show: there it is summed cell by cell). A = L (I + ...) L' with Y'Y + lambda I = L L', the same L for all
rows: solving in coordinates transformed by L is preconditioning by the Gram matrix at no cost per step.

Sweeps are accelerated: each starts from items extrapolated along their last change by Nesterov's factor. If the loss
would rise, the sweep is repeated without that (restart after O'Donoghue, Candes 2015), so the loss falls.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import InvalidDataError

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from engine.model.parallel import Kernels

Floats = NDArray[np.float64]
# With lambda 0 and fewer rows than factors the Gram matrix is singular; this much of its mean keeps it solvable.
_MIN_REGULARIZATION = {"float32": 1e-7, "float64": 1e-12}
# Rounding in float32 sums: a smaller rise of the loss is ignored.
_NOISE = 1e-7
# Below this share of the sum of all confidences the loss is summed cell by cell.
_NEAR_ZERO = 0.05
_INITIAL_SIGMA = 0.01
# Rows extrapolated at a time, so that no third array is needed.
_BLOCK = 4096


@dataclass(slots=True)
class State:
    """A fit between two sweeps: everything needed to continue to identical factors.

    `user_factors`, `item_factors` and `items_before`, the items of the sweep before that momentum needs, are
    (rows, rank) with the rank padded as the kernels have it; `losses` has one a sweep.
    """

    user_factors: NDArray[Any]
    item_factors: NDArray[Any]
    items_before: NDArray[Any]
    sweeps: int
    since_restart: int
    losses: list[float]


def start(
    shape: tuple[int, int],
    factors: int,
    rank: int,
    dtype: np.dtype[Any],
    given: tuple[NDArray[Any] | None, NDArray[Any] | None],
    random_state: int | np.random.Generator | np.random.RandomState | None,
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Initial factors of both sides, padded to `rank` columns: those `given`, else zeros for listeners and small random
    ones for items. Raises InvalidDataError if the given ones have another shape.
    """
    rng = random_state
    if not isinstance(rng, np.random.Generator | np.random.RandomState):
        rng = np.random.default_rng(rng)
    sides = []
    for rows, own, sigma in zip(shape, given, (0.0, _INITIAL_SIGMA), strict=True):
        side = np.zeros((rows, rank), dtype=dtype)
        if own is not None:
            if np.shape(own) != (rows, factors):
                raise InvalidDataError(
                    f"The model has factors of shape {np.shape(own)}; this matrix needs {(rows, factors)}. "
                    "Fit a new model."
                )
            side[:, :factors] = own
        elif sigma:
            for first in range(0, rows, _BLOCK):
                part = side[first : first + _BLOCK, :factors]
                part[:] = sigma * rng.standard_normal(part.shape)
        sides.append(side)
    return sides[0], sides[1]


class Side(ABC):
    """One side's non-zeros by row, on this or other machines, and the lambda of each row.

    `regularization` is common to all rows, `extra` (rows,) of `dtype` each row's excess over it; `lengths` (rows,) are
    the rows' numbers of non-zeros.
    """

    def __init__(
        self,
        lengths: NDArray[Any],
        regularization: float,
        frequency_exponent: float,
        dtype: np.dtype[Any],
    ) -> None:
        self.regularization: float = regularization * float(lengths.mean()) ** frequency_exponent
        self.extra = np.zeros(len(lengths), dtype=dtype)
        if frequency_exponent:
            self.extra[:] = regularization * lengths**frequency_exponent - self.regularization

    @abstractmethod
    def solve(
        self, x: NDArray[Any], y: NDArray[Any], turning: tuple[Floats, Floats], alpha: float, steps: int
    ) -> float:
        """Improve each row of `x` in place; as `Kernels.solve` has it."""

    @abstractmethod
    def observed(self, x: NDArray[Any], y: NDArray[Any], alpha: float) -> float:
        """As `Kernels.observed` has it."""

    def penalty(self, factors: NDArray[Any], gram: Floats) -> float:
        """Sum of lambda |row|^2; `gram` is of `factors` (rows, rank)."""
        total: float = self.regularization * float(np.trace(gram))
        if self.extra.any():
            total += float(self.extra @ np.einsum("ij,ij->i", factors, factors))
        return total


class _SideHere(Side):
    """A side in this process' memory, solved by its threads."""

    def __init__(
        self, kernels: Kernels, matrix: csr_matrix, regularization: float, frequency_exponent: float
    ) -> None:
        from engine.model.parallel import Rows

        self._kernels = kernels
        self._rows = Rows(matrix.indptr, matrix.indices, matrix.data)
        super().__init__(np.diff(self._rows.starts), regularization, frequency_exponent, matrix.dtype)

    def solve(
        self, x: NDArray[Any], y: NDArray[Any], turning: tuple[Floats, Floats], alpha: float, steps: int
    ) -> float:
        return self._kernels.solve(self._rows, x, y, turning, self.extra, alpha, steps)

    def observed(self, x: NDArray[Any], y: NDArray[Any], alpha: float) -> float:
        return self._kernels.observed(self._rows, x, y, alpha)


@dataclass(frozen=True, slots=True)
class Sides:
    """Both sides of a matrix, and the sum of the confidences of its non-zeros."""

    by_listener: Side
    by_item: Side
    confidences: float


def sides_here(
    kernels: Kernels,
    counts: csr_matrix,
    *,
    alpha: float,
    regularization: float,
    frequency_exponent: float,
) -> Sides:
    """Of `counts` (listeners, items), CSR values of the factors' dtype, finite, not negative, in this process."""
    return Sides(
        _SideHere(kernels, counts, regularization, frequency_exponent),
        _SideHere(kernels, counts.T.tocsr(), regularization, frequency_exponent),
        counts.nnz + alpha * float(counts.data.sum(dtype=np.float64)),
    )


class Sweeps:
    """The state of a fit: both sides' factors (rows, rank), changed in place, and the loss of the last sweep."""

    def __init__(
        self,
        kernels: Kernels,
        sides: Sides,
        user_factors: NDArray[Any],
        item_factors: NDArray[Any],
        *,
        alpha: float,
        steps: int,
        momentum: bool = True,
    ) -> None:
        self._kernels, self._steps, self._momentum = kernels, steps, momentum
        self._alpha = alpha
        self._by_listener, self._by_item = sides.by_listener, sides.by_item
        self._confidences = sides.confidences
        self.user_factors, self.item_factors = user_factors, item_factors
        self._before = item_factors.copy() if momentum else item_factors
        self._since_restart = 1
        self.loss = np.inf
        self._losses: list[float] = []

    def state(self) -> State:
        """The current state; the next sweep changes its arrays."""
        return State(
            self.user_factors,
            self.item_factors,
            self._before,
            len(self._losses),
            self._since_restart,
            list(self._losses),
        )

    def restore(self, state: State) -> None:
        """Continue from a state of the same matrix and settings. Raises InvalidDataError for another."""
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
        """One sweep from the items extrapolated by `pace` times their last change; the result is in `_before`."""
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
        observed = self._by_listener.observed(users, items, self._alpha)
        penalty = self._by_listener.penalty(users, grams[0]) + self._by_item.penalty(items, grams[1])
        return observed + float(np.sum(grams[0] * grams[1])) + penalty

    def _half(self, own: Side, x: NDArray[Any], other: Side, y: NDArray[Any]) -> float:
        """Solve for the rows of `x` with `y` fixed. Returns the loss."""
        kernels = self._kernels
        gram = kernels.gram(y)
        least = _MIN_REGULARIZATION[x.dtype.name] * float(np.trace(gram)) / kernels.rank
        shared = max(own.regularization, least, np.finfo(x.dtype).tiny)
        lower, upper_inverse = turning = kernels.triangular(gram + shared * np.eye(kernels.rank))
        penalty = other.penalty(y, gram)
        kernels.transform(y, upper_inverse)
        taken = own.solve(x, y, turning, self._alpha, self._steps)
        kernels.transform(y, lower.T)
        return self._confidences + penalty - taken
