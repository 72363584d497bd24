"""Implicit-feedback alternating least squares, in the vocabulary of the `implicit` library.

A stored value v is a play count or its transform; its confidence is c = 1 + alpha * v, as in Hu, Koren, Volinsky 2008
(where `implicit` takes alpha * v itself: give that library v + 1 / alpha to compare). The loss and its minimization are
in `engine.model.sweep`. Differences from `implicit`, all on purpose: the confidence; 40 factors and 20 sweeps by
default; no progress bar (`callback` reports instead); negative values are refused; ids out of range raise an error that
is both an InvalidDataError and an IndexError.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from engine.errors import CancelledError, InvalidDataError
from engine.model.checks import checked_counts, checked_ids, checked_rows, chosen_columns
from engine.model.equations import gram_of, system_of
from engine.model.saved import read_model, write_model
from engine.model.topk import lengths, top_k
from engine.progress import Cancelled

if TYPE_CHECKING:
    from pathlib import Path

    from scipy.sparse import csr_matrix

    from engine.model.parallel import Kernels
    from engine.model.sweep import Sides, State

Ids = NDArray[np.int32]
# Called after each sweep with its number from 0, its seconds, and the exact loss.
Callback = Callable[[int, float, float], Any]
# Measured: up to this ratio of the largest confidence to lambda the loss falls in float32.
_SINGLE_SPAN = 1e9


class AlternatingLeastSquares:
    """Listener and item factors fitted to play counts.

    `user_factors` (listeners, factors) and `item_factors` (items, factors) of `dtype` are None before a fit; set them
    before `fit` to continue from there. `num_threads` 0 takes every core; the result does not depend on it.
    `random_state` is a seed, a NumPy Generator or RandomState, or None for a new one each time. `use_cg` False solves
    each row to convergence instead of by `cg_steps` steps. With a `frequency_exponent` nu the regularization of a row
    with n plays is lambda n^nu. `tolerance` stops a fit once a sweep lowers the loss by less than this share.
    `use_native` and `show_progress` are accepted for compatibility with the library and have no effect; the loss is
    free and always passed to the callback, whatever `calculate_training_loss` is. Raises InvalidDataError for settings
    outside their range.
    """

    def __init__(
        self,
        factors: int = 40,
        regularization: float = 0.01,
        alpha: float = 1.0,
        dtype: DTypeLike = np.float32,
        use_native: bool = True,
        use_cg: bool = True,
        iterations: int = 20,
        calculate_training_loss: bool = False,
        num_threads: int = 0,
        random_state: int | np.random.Generator | np.random.RandomState | None = None,
        *,
        cg_steps: int = 3,
        frequency_exponent: float = 0.0,
        momentum: bool = True,
        tolerance: float = 0.0,
    ) -> None:
        if factors < 1 or iterations < 0 or cg_steps < 1 or num_threads < 0:
            raise InvalidDataError(
                f"factors ({factors}) and cg_steps ({cg_steps}) must be at least 1, iterations ({iterations}) "
                f"and num_threads ({num_threads}) at least 0."
            )
        if not (np.isfinite(regularization) and regularization >= 0 and np.isfinite(alpha) and alpha > 0):
            raise InvalidDataError(
                f"regularization is {regularization}, alpha {alpha}; give 0 or more, and above 0."
            )
        if np.dtype(dtype) not in (np.float32, np.float64):
            raise InvalidDataError(f"dtype must be float32 or float64, not {np.dtype(dtype)}.")
        self.factors = int(factors)
        self.regularization = float(regularization)
        self.alpha = float(alpha)
        self.dtype = np.dtype(dtype)
        self.use_native, self.use_cg = use_native, use_cg
        self.iterations = int(iterations)
        self.calculate_training_loss = calculate_training_loss
        self.num_threads = num_threads
        self.random_state = random_state
        self.frequency_exponent = float(frequency_exponent)
        self.cg_steps, self.momentum, self.tolerance = int(cg_steps), momentum, float(tolerance)
        self.user_factors: Any = None
        self.item_factors: Any = None

    def fit(
        self,
        user_items: csr_matrix,
        show_progress: bool = True,  # noqa: ARG002 - the library's argument
        callback: Callback | None = None,
        cancelled: Cancelled | None = None,
        *,
        keep: Callable[[State], None] | None = None,
        resume: State | None = None,
    ) -> None:
        """Fit to a (listeners, items) sparse matrix of counts or their transform, finite and not negative.

        `callback` runs after each sweep, when the factors are those of that sweep; `cancelled` is called before each.
        `keep` gets the state after each sweep; a fit that gets it back as `resume`, on the same matrix with the same
        settings, continues to a bit-identical result, and calls back for the remaining sweeps. Raises InvalidDataError
        for an empty matrix, bad counts, factors or a state of another shape; CancelledError.
        """
        counts = checked_counts(user_items, self.dtype)
        if not counts.nnz:
            raise InvalidDataError(f"There is nothing to fit: the {counts.shape} matrix holds no plays.")
        working = self.precision_for(float(counts.data.max()))
        counts = counts.astype(working, copy=False)
        from engine.model.sweep import sides_here

        sides = partial(
            sides_here,
            counts=counts,
            alpha=self.alpha,
            regularization=self.regularization,
            frequency_exponent=self.frequency_exponent,
        )
        self.fit_sides(
            counts.shape, working, sides, callback=callback, cancelled=cancelled, keep=keep, resume=resume
        )

    def precision_for(self, largest: float) -> np.dtype[Any]:
        """The precision of a fit whose largest value is `largest`."""
        # Single precision cannot carry confidences so far above the regularization.
        span = self.alpha * largest
        return np.dtype(np.float64) if span >= _SINGLE_SPAN * self.regularization else self.dtype

    def fit_sides(
        self,
        shape: tuple[int, int],
        precision: np.dtype[Any],
        sides: Callable[[Kernels], Sides],
        *,
        callback: Callback | None = None,
        cancelled: Cancelled | None = None,
        keep: Callable[[State], None] | None = None,
        resume: State | None = None,
    ) -> None:
        """`fit` for plays of `shape` (listeners, items) on other machines: `sides` gives their solvers.

        Raises as `fit` does, and what `sides` raises.
        """
        from engine.model.parallel import Kernels, cores, padded
        from engine.model.sweep import Sweeps, start

        given, rank = (self.user_factors, self.item_factors), padded(self.factors)
        users, items = start(shape, self.factors, rank, precision, given, self.random_state)
        self._set_factors(users, items)
        if not self.iterations:
            return
        with Kernels(users.shape[1], precision, self.num_threads or cores()) as kernels:
            sweeps = Sweeps(
                kernels, sides(kernels), users, items, alpha=self.alpha,
                steps=self.cg_steps if self.use_cg else 4 * users.shape[1], momentum=self.momentum,
            )  # fmt: skip
            if resume is not None:
                sweeps.restore(resume)
                self._set_factors(sweeps.user_factors, sweeps.item_factors)
            for number in range(resume.sweeps if resume is not None else 0, self.iterations):
                if cancelled is not None and cancelled():
                    raise CancelledError("Training stopped. Your previous model is unchanged.")
                began, before = time.perf_counter(), sweeps.loss
                loss = sweeps.sweep()
                self._set_factors(sweeps.user_factors, sweeps.item_factors)
                if keep is not None:
                    keep(sweeps.state())
                if callback is not None:
                    callback(number, time.perf_counter() - began, loss)
                if before - loss < self.tolerance * before:
                    break
        if not (np.isfinite(self.user_factors).all() and np.isfinite(self.item_factors).all()):
            raise InvalidDataError("The fit ran out of range. Lower alpha or raise the regularization.")

    def recommend(
        self,
        userid: ArrayLike,
        user_items: csr_matrix | None,
        N: int = 10,
        filter_already_liked_items: bool = True,
        filter_items: ArrayLike | None = None,
        recalculate_user: bool = False,
        items: ArrayLike | None = None,
    ) -> tuple[Ids, NDArray[Any]]:
        """The N best items for a listener, or for each of several: ids (int32) and scores, best first.

        `user_items` holds one row for each id: what they played, which is left out unless `filter_already_liked_items`
        is False, and from which their factors are computed if `recalculate_user` is True. `filter_items` are left out
        for all; `items` restricts to these. For one id arrays are (N,), else (ids, N). If fewer than N are left, the
        rest are filtered ids with the lowest possible score.
        """
        single = np.ndim(userid) == 0
        ids = np.atleast_1d(np.asarray(userid))
        rows = None
        if filter_already_liked_items or recalculate_user:
            rows = checked_rows(
                checked_counts(user_items, self.dtype), len(ids), self._sizes()[1], "user_items"
            )
        if recalculate_user:
            users = self.recalculate_user(ids, rows)
        else:
            users = self.user_factors[checked_ids(ids, self._sizes()[0], "listener")]
        chosen = self._restriction(items, filter_items, self._sizes()[1], "item")
        factors = self.item_factors if chosen is None else self.item_factors[chosen]
        hidden = rows if filter_already_liked_items else None
        if hidden is not None and chosen is not None:
            hidden = chosen_columns(hidden, chosen, self._sizes()[1])
        dropped = None if filter_items is None else checked_ids(filter_items, self._sizes()[1], "item")
        best, scores = top_k(users, factors, N, hidden=hidden, hidden_ids=dropped)
        return _unwrapped(best if chosen is None else chosen[best], scores, single)

    def rank_items(
        self,
        userid: ArrayLike,
        user_items: csr_matrix | None,
        selected_items: ArrayLike,
        recalculate_user: bool = False,
    ) -> tuple[Ids, NDArray[Any]]:
        """`selected_items` in the order of their scores for the listener, played ones included."""
        return self.recommend(
            userid,
            user_items,
            N=np.size(selected_items),
            filter_already_liked_items=False,
            recalculate_user=recalculate_user,
            items=selected_items,
        )

    def similar_items(
        self,
        itemid: ArrayLike,
        N: int = 10,
        recalculate_item: bool = False,
        item_users: csr_matrix | None = None,
        filter_items: ArrayLike | None = None,
        items: ArrayLike | None = None,
    ) -> tuple[Ids, NDArray[Any]]:
        """The N items nearest by cosine to an item, or to each of several, itself included: ids and cosines."""
        if recalculate_item:
            queries = np.atleast_2d(self.recalculate_item(np.atleast_1d(np.asarray(itemid)), item_users))
        else:
            queries = self.item_factors[checked_ids(itemid, self._sizes()[1], "item")]
        return self._nearest(queries, self.item_factors, N, items, filter_items, "item", np.ndim(itemid) == 0)

    def similar_users(
        self,
        userid: ArrayLike,
        N: int = 10,
        filter_users: ArrayLike | None = None,
        users: ArrayLike | None = None,
    ) -> tuple[Ids, NDArray[Any]]:
        """The N listeners nearest by cosine to a listener, or to each of several, itself included."""
        queries = self.user_factors[checked_ids(userid, self._sizes()[0], "listener")]
        return self._nearest(
            queries, self.user_factors, N, users, filter_users, "listener", np.ndim(userid) == 0
        )

    def recalculate_user(self, userid: ArrayLike, user_items: Any) -> NDArray[Any]:
        """Exact factors from `user_items`, one row for each id: (factors,) for one id, else (ids, factors)."""
        return self._recalculated(userid, user_items, self.item_factors, "user_items")

    def recalculate_item(self, itemid: ArrayLike, item_users: Any) -> NDArray[Any]:
        """Exact factors from `item_users`, one row for each id: (factors,) for one id, else (ids, factors)."""
        return self._recalculated(itemid, item_users, self.user_factors, "item_users")

    def partial_fit_users(self, userids: ArrayLike, user_items: csr_matrix) -> None:
        """Set these listeners' factors from their rows; ids beyond the last add listeners."""
        self.user_factors = self._extended(
            self.user_factors, userids, self.recalculate_user(np.atleast_1d(userids), user_items)
        )

    def partial_fit_items(self, itemids: ArrayLike, item_users: csr_matrix) -> None:
        """Set these items' factors from their rows; ids beyond the last add items."""
        self.item_factors = self._extended(
            self.item_factors, itemids, self.recalculate_item(np.atleast_1d(itemids), item_users)
        )

    def explain(
        self,
        userid: int,
        user_items: csr_matrix,
        itemid: int,
        user_weights: NDArray[np.float64] | None = None,
        N: int = 10,
    ) -> tuple[float, list[tuple[int, float]], NDArray[np.float64]]:
        """Explain an item's score: the score, the N largest (item, contribution) pairs, and the weights.

        `user_items` holds all listeners' rows. The weights, the Cholesky factor of the listener's system, can be passed
        back to save work. Hu, Koren, Volinsky 2008, section 5.
        """
        from scipy.linalg import cho_solve

        counts = checked_counts(user_items, self.dtype)
        user = int(checked_ids(userid, counts.shape[0], "listener")[0])
        item = int(checked_ids(itemid, self._sizes()[1], "item")[0])
        ids, confidences = self._row(counts, user)
        own = self.item_factors[ids].astype(np.float64)
        weights: Any = user_weights
        if weights is None:
            weights = np.linalg.cholesky(
                system_of(gram_of(self.item_factors), own, confidences, self._lambda_of(len(ids)))
            )
        parts = own @ cho_solve((weights, True), self.item_factors[item].astype(np.float64)) * confidences
        best = np.argsort(-parts, kind="stable")[:N]
        return float(parts.sum()), [(int(ids[i]), float(parts[i])) for i in best], weights

    def save(self, fileobj_or_path: Any) -> None:
        """Write settings and factors as an `.npz` file without pickle."""
        write_model(fileobj_or_path, self)

    @classmethod
    def load(cls, fileobj_or_path: str | Path | Any) -> AlternatingLeastSquares:
        """The model that `save` wrote. Raises DamagedDataError if the file is missing, truncated or of another kind."""
        return read_model(fileobj_or_path, cls)

    def _set_factors(self, users: NDArray[Any], items: NDArray[Any]) -> None:
        self.user_factors, self.item_factors = (
            np.ascontiguousarray(side[:, : self.factors], dtype=self.dtype) for side in (users, items)
        )

    def _sizes(self) -> tuple[int, int]:
        if self.user_factors is None or self.item_factors is None:
            raise InvalidDataError("This model has not been fitted yet. Call fit first.")
        return len(self.user_factors), len(self.item_factors)

    def _restriction(
        self, only: ArrayLike | None, dropped: ArrayLike | None, size: int, what: str
    ) -> Ids | None:
        if only is None:
            return None
        if dropped is not None and np.size(dropped):
            raise InvalidDataError(f"Give either the {what}s to choose from or those to leave out, not both.")
        return np.unique(checked_ids(only, size, what))

    def _nearest(
        self,
        queries: NDArray[Any],
        factors: NDArray[Any],
        N: int,
        only: ArrayLike | None,
        dropped: ArrayLike | None,
        what: str,
        single: bool,
    ) -> tuple[Ids, NDArray[Any]]:
        chosen = self._restriction(only, dropped, len(factors), what)
        hidden = None if dropped is None else checked_ids(dropped, len(factors), what)
        among = factors if chosen is None else factors[chosen]
        best, scores = top_k(_unit(queries), among, N, hidden_ids=hidden, divisors=lengths(among))
        return _unwrapped(best if chosen is None else chosen[best], scores, single)

    def _recalculated(self, ids: ArrayLike, matrix: Any, fixed: NDArray[Any], what: str) -> NDArray[Any]:
        self._sizes()
        single = np.ndim(ids) == 0
        count = 1 if single else np.size(ids)
        rows = checked_rows(checked_counts(matrix, self.dtype, what), count, len(fixed), what)
        gram = gram_of(fixed)
        solved = np.zeros((count, self.factors), dtype=self.dtype)
        for number in range(count):
            known, confidences = self._row(rows, number)
            if len(known):
                own = fixed[known].astype(np.float64)
                system = system_of(gram, own, confidences, self._lambda_of(len(known)))
                solved[number] = np.linalg.solve(system, own.T @ confidences)
        return solved[0] if single else solved

    def _row(self, counts: csr_matrix, number: int) -> tuple[Ids, NDArray[np.float64]]:
        """One row's column ids and confidences."""
        part = slice(counts.indptr[number], counts.indptr[number + 1])
        return counts.indices[part].astype(np.int64), 1.0 + self.alpha * counts.data[part].astype(np.float64)

    def _lambda_of(self, plays: int) -> float:
        """The regularization of a row with this many plays."""
        return float(self.regularization * plays**self.frequency_exponent)

    def _extended(self, side: NDArray[Any], ids: ArrayLike, rows: NDArray[Any]) -> NDArray[Any]:
        """`side` with `rows` at `ids`, zeros between the old end and a new id."""
        places = checked_ids(ids, np.iinfo(np.int32).max, "row")
        size = max(len(side), int(places.max(initial=-1)) + 1)
        extended = np.zeros((size, self.factors), dtype=self.dtype)
        extended[: len(side)] = side
        extended[places] = rows
        return extended


def _unit(rows: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(rows / lengths(rows)[:, None], dtype=rows.dtype)


def _unwrapped(ids: Ids, scores: NDArray[Any], single: bool) -> tuple[Ids, NDArray[Any]]:
    return (ids[0], scores[0]) if single else (ids, scores)
