"""Choosing the count transform, alpha and lambda by successive halving on held-out plays.

Many settings are tried for a few sweeps, the better third for more, the last few for a full fit (Jamieson,
Talwalkar 2016). What is good on one catalog collapses another to zero (ENGINE.md), so nothing is assumed
but the range.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import CancelledError
from engine.evaluation.metrics import evaluate
from engine.evaluation.splits import leave_out
from engine.model.als import AlternatingLeastSquares
from engine.model.confidence import Confidence

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

CONFIDENCES = (
    Confidence(transform="log", alpha=1.0),
    Confidence(transform="log", alpha=2.0),
    Confidence(transform="log", alpha=5.0),
    Confidence(transform="log", alpha=10.0),
    Confidence(transform="binary", alpha=4.0),
    Confidence(transform="binary", alpha=10.0),
    Confidence(transform="binary", alpha=30.0),
)
REGULARIZATIONS = (3.0, 10.0, 30.0, 100.0, 250.0)
# (sweeps, how many go on): the rungs of the ladder.
RUNGS = ((4, 12), (8, 4), (20, 1))
REFINE = 1.5  # the winner's lambda times and over this is tried last
# Enough listeners to tell settings apart; more only cost time.
MEASURED_LISTENERS = 1_000
MEASURE = "ndcg@20"
# Factors this small say nothing: the regularization has drowned the data.
COLLAPSED = 1e-4


@dataclass(frozen=True, slots=True)
class Trial:
    """One setting tried for some sweeps; `ndcg` is 0 where the factors collapsed."""

    confidence: Confidence
    regularization: float
    sweeps: int
    ndcg: float
    collapsed: bool


@dataclass(frozen=True, slots=True)
class Tuned:
    """The choice and every trial that led to it. `finished` is false when the time was up before the ladder's end."""

    confidence: Confidence
    regularization: float
    trials: tuple[Trial, ...]
    seconds: float
    finished: bool


def tune(
    plays: csr_matrix,
    *,
    factors: int = 40,
    seed: int = 0,
    seconds: float = 120.0,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Tuned:
    """Choose the confidence and lambda for (listeners, items) CSR play counts.

    `seconds` bounds the search: when it is over, the best of the furthest rung counts. `progress` gets sweeps
    done and in all. Raises CancelledError.
    """
    search = _Search(plays, factors, seed, seconds, progress, cancelled)
    candidates = list(itertools.product(CONFIDENCES, REGULARIZATIONS))
    for sweeps, survivors in RUNGS:
        results = search.rung(candidates, sweeps)
        candidates = [(trial.confidence, trial.regularization) for trial in results[:survivors]]
    confidence, regularization = candidates[0]
    refined = [(confidence, regularization * REFINE), (confidence, regularization / REFINE)]
    best = max((*results[:1], *search.rung(refined, RUNGS[-1][0])), key=lambda trial: trial.ndcg)
    return Tuned(
        best.confidence, best.regularization, tuple(search.trials), search.elapsed(), not search.time_is_up()
    )


class _Search:
    """Runs trials on one inner split, counting time and sweeps."""

    def __init__(
        self,
        plays: csr_matrix,
        factors: int,
        seed: int,
        seconds: float,
        progress: Callable[[int, int], None] | None,
        cancelled: Callable[[], bool] | None,
    ) -> None:
        self._train, self._test = leave_out(plays, seed=seed + 1)
        rng = np.random.default_rng(seed)
        listeners = np.flatnonzero(np.diff(self._test.indptr))
        size = min(MEASURED_LISTENERS, len(listeners))
        self._listeners = np.sort(rng.choice(listeners, size=size, replace=False))
        self._factors, self._seed = factors, seed
        self._began, self._seconds = time.monotonic(), seconds
        self._progress, self._cancelled = progress, cancelled
        tried = [len(CONFIDENCES) * len(REGULARIZATIONS), *(survivors for _, survivors in RUNGS)]
        self._total = sum(n * sweeps for n, (sweeps, _) in zip(tried, RUNGS, strict=False)) + 2 * RUNGS[-1][0]
        self._done = 0
        self.trials: list[Trial] = []

    def elapsed(self) -> float:
        return time.monotonic() - self._began

    def time_is_up(self) -> bool:
        return self.elapsed() > self._seconds

    def rung(self, candidates: list[tuple[Confidence, float]], sweeps: int) -> list[Trial]:
        """Every candidate after so many sweeps, best first. When time is up, those not tried count as worst."""
        results: list[Trial] = []
        for confidence, regularization in candidates:
            if self._cancelled is not None and self._cancelled():
                raise CancelledError("Training was stopped. The model in use is the one before.")
            if self.time_is_up() and results:
                results.append(Trial(confidence, regularization, 0, -1.0, False))
                continue
            results.append(self._trial(confidence, regularization, sweeps))
            self._done += sweeps
            if self._progress is not None:
                self._progress(min(self._done, self._total), self._total)
        self.trials += [trial for trial in results if trial.sweeps]
        return sorted(results, key=lambda trial: -trial.ndcg)

    def _trial(self, confidence: Confidence, regularization: float, sweeps: int) -> Trial:
        model = AlternatingLeastSquares(
            factors=self._factors,
            regularization=regularization,
            alpha=confidence.alpha,
            iterations=sweeps,
            random_state=self._seed,
        )
        model.fit(confidence.counted(self._train))
        largest = float(np.abs(model.item_factors).max())
        if not np.isfinite(largest) or largest < COLLAPSED:
            return Trial(confidence, regularization, sweeps, 0.0, True)
        users, items = model.user_factors, model.item_factors
        measured = evaluate(
            lambda ids: users[ids] @ items.T, self._train, self._test, listeners=self._listeners
        )
        return Trial(confidence, regularization, sweeps, measured[MEASURE], False)
