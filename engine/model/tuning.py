"""Tunes the count transform, alpha and lambda by successive halving on held-out plays.

Many settings are tried for a few sweeps, the better third for more, the last few for a full fit on two splits
(Jamieson, Talwalkar 2016); then the winner's lambda and alpha are moved in small steps while that helps. What is good
on one catalog collapses another to zero (MODEL.md), so only the starting grid is assumed. Of a large community each
rung uses a sample of the listeners, larger in later rungs: the best lambda depends on the size.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import CancelledError, InvalidDataError
from engine.evaluation.metrics import evaluate
from engine.evaluation.splits import leave_out
from engine.model.als import AlternatingLeastSquares
from engine.model.confidence import Confidence
from engine.progress import Cancelled, CountReport

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

CONFIDENCES = (
    *(Confidence(transform="log", alpha=alpha) for alpha in (0.5, 1.0, 2.0, 5.0)),
    *(Confidence(transform="rank", alpha=alpha) for alpha in (4.0, 10.0, 25.0)),
    Confidence(transform="linear", alpha=0.1, cap=50.0),
    Confidence(transform="linear", alpha=0.02, cap=500.0),
)
# Lambda at a listener of mean length: see `regularization_for`.
REGULARIZATIONS = (1.0, 5.0, 15.0, 40.0, 100.0)
# Lambda grows with the number of a row's plays to this power: popular items, with many listeners to learn from, are
# regularized more. On HetRec .75 measures .297 where 0 measures .286 (40 factors, log counts, two splits).
EXPONENTS = (0.75, 0.0)
EXPONENT_STEP = 0.25
# (sweeps, survivors) of each rung; the last is measured on two splits.
RUNGS = ((4, 14), (8, 5), (20, 1))
# Steps for lambda and alpha around the winner, and how often they are taken at most.
STEPS, CLIMBS = (1.5, 1.5), 3
# Scores computed per measurement, which determines the number of listeners measured.
MEASURED_SCORES = 4e7
# The first rung, which only removes the worst settings, measures this share of them.
FIRST_RUNG_SHARE = 0.3
# The share an inner split holds out. A fifth would leave so much less to fit that the best lambda differs: on HetRec it
# led to settings that lost .004 nDCG on the whole.
HELD_OUT = 0.1
# Maximum plays per rung, sampled by listener, and the sampled listeners an item needs to be included.
RUNG_PLAYS, MIN_LISTENERS = (100_000, 400_000, 1_000_000), 3
# Factors below this have collapsed: the regularization outweighs the data.
COLLAPSED = 1e-4


@dataclass(frozen=True, slots=True)
class Trial:
    """One setting tried for some sweeps; `ndcg` (at 20) is 0 where the factors collapsed."""

    confidence: Confidence
    regularization: float
    factors: int
    frequency_exponent: float = 0.0
    sweeps: int = 0
    ndcg: float = -1.0
    collapsed: bool = False


@dataclass(frozen=True, slots=True)
class Tuned:
    """The choice and all trials. `finished` is false if time ran out before the search was over."""

    confidence: Confidence
    regularization: float
    frequency_exponent: float
    factors: int
    trials: tuple[Trial, ...]
    seconds: float
    finished: bool


def tune(
    plays: csr_matrix,
    *,
    factors: int = 40,
    seed: int = 0,
    seconds: float = 120.0,
    progress: CountReport | None = None,
    cancelled: Cancelled | None = None,
) -> Tuned:
    """Choose the confidence and lambda for (listeners, items) CSR play counts.

    `seconds` bounds the search: no trial starts after it, and the best of the last rung counts. `progress` gets trials
    done and planned. Raises CancelledError, and InvalidDataError when nothing can be held out or every setting
    collapses.
    """
    search = _Search(plays, seed, seconds, progress, cancelled)
    candidates = _grid(plays, factors)
    for sweeps, survivors in RUNGS:
        candidates = search.rung(candidates, sweeps)[:survivors]
    best = search.climb(candidates[0])
    if best.collapsed:
        raise InvalidDataError("There is too little data: every setting tried collapses to zero.")
    return Tuned(
        best.confidence,
        best.regularization,
        best.frequency_exponent,
        best.factors,
        tuple(search.trials),
        search.elapsed(),
        not search.time_is_up(),
    )


def _grid(plays: csr_matrix, factors: int) -> list[Trial]:
    """All settings of the first rung, the middle first, so that a short budget tries the likeliest."""
    settings = sorted(
        itertools.product(EXPONENTS, CONFIDENCES, REGULARIZATIONS),
        key=lambda setting: abs(np.log(setting[2] / (20 * setting[1].alpha ** 0.5))),
    )
    return [
        Trial(confidence, regularization_for(plays, at_mean, exponent), factors, exponent)
        for exponent, confidence, at_mean in settings
    ]


def regularization_for(plays: csr_matrix, at_mean: float, exponent: float) -> float:
    """The lambda of `lambda n^exponent` that gives a listener of mean length (of those with any) `at_mean`."""
    lengths = np.diff(plays.indptr)
    return float(at_mean / max(1.0, float(lengths[lengths > 0].mean())) ** exponent)


def drawn(plays: csr_matrix, most: int, rng: np.random.Generator) -> csr_matrix:
    """About `most` of the (listeners, items) plays: those of sampled listeners, and of items that enough of them
    play."""
    rows = np.sort(rng.permutation(plays.shape[0])[: max(2, int(most / plays.nnz * plays.shape[0]))])
    some = plays[rows]
    return some[:, np.flatnonzero(some.getnnz(axis=0) >= MIN_LISTENERS)]


class _Search:
    """Runs trials on inner splits, counting time and trials."""

    def __init__(
        self,
        plays: csr_matrix,
        seed: int,
        seconds: float,
        progress: CountReport | None,
        cancelled: Cancelled | None,
    ) -> None:
        self._plays, self._seed, self._seconds = plays, seed, seconds
        self._began = time.monotonic()
        self._rng = np.random.default_rng(seed)
        # The last rung is measured on two splits where it sees everything.
        self._sampled = plays.nnz > RUNG_PLAYS[-1]
        whole = [] if self._sampled else [_Split(plays, self._rng, seed + 1 + i) for i in range(2)]
        self._splits = [
            [_Split(drawn(plays, most, self._rng), self._rng, seed + 1)]
            if plays.nnz > most
            else whole[: 1 + (most == RUNG_PLAYS[-1])]
            for most in RUNG_PLAYS
        ]
        self._progress, self._cancelled = progress, cancelled
        grid = len(CONFIDENCES) * len(REGULARIZATIONS) * len(EXPONENTS)
        self._foreseen = grid + sum(survivors for _, survivors in RUNGS[:-1]) + 6 * CLIMBS
        self.trials: list[Trial] = []

    def elapsed(self) -> float:
        return time.monotonic() - self._began

    def time_is_up(self) -> bool:
        return self.elapsed() > self._seconds

    def rung(self, candidates: Iterable[Trial], sweeps: int) -> list[Trial]:
        """Every candidate after this many sweeps, best first; if time runs out, those not tried come last.

        If it ran out before the first, the candidates stay in the order of the rung before.
        """
        splits = self._splits[[each for each, _ in RUNGS].index(sweeps)]
        candidates = list(candidates)
        if self.time_is_up() and self.trials:
            return candidates
        results = [self._trial(candidate, sweeps, splits) for candidate in candidates]
        return sorted(results, key=lambda trial: -trial.ndcg)

    def climb(self, best: Trial) -> Trial:
        """`best`, or better ones around it: lambda, then alpha, then its exponent, until a round does not help."""
        # Small steps are tried on all data, not on a sample.
        for _ in range(1 if self._sampled else CLIMBS):
            before = best
            for step in (STEPS[0], 1 / STEPS[0]):
                best = self._better(best, replace(before, regularization=before.regularization * step))
            for step in (STEPS[1], 1 / STEPS[1]):
                confidence = before.confidence
                moved = Confidence(
                    transform=confidence.transform, alpha=confidence.alpha * step, cap=confidence.cap
                )
                best = self._better(best, replace(before, confidence=moved))
            for step in (EXPONENT_STEP, -EXPONENT_STEP):
                if 0 <= before.frequency_exponent + step <= 1:
                    best = self._better(best, self._scaled(before, step))
            if best is before or self.time_is_up():
                break
        return best

    def _scaled(self, setting: Trial, step: float) -> Trial:
        """The setting with another exponent and, for a listener of mean length, the same lambda."""
        return replace(
            setting,
            frequency_exponent=setting.frequency_exponent + step,
            regularization=regularization_for(self._plays, setting.regularization, step),
        )

    def _better(self, best: Trial, other: Trial) -> Trial:
        if self.time_is_up():
            return best
        tried = self.rung([other], RUNGS[-1][0])[0]
        return tried if tried.ndcg > best.ndcg else best

    def _trial(self, setting: Trial, sweeps: int, splits: list[_Split]) -> Trial:
        if self._cancelled is not None and self._cancelled():
            raise CancelledError("Training stopped. Your previous model is unchanged.")
        if self.time_is_up() and self.trials:
            return replace(setting, sweeps=0, ndcg=-1.0)
        share = FIRST_RUNG_SHARE if sweeps == RUNGS[0][0] else 1.0
        scores = [split.ndcg(setting, sweeps, self._seed, share, self._cancelled) for split in splits]
        trial = replace(
            setting, sweeps=sweeps, ndcg=float(np.mean(scores)), collapsed=not all(np.array(scores) > 0)
        )
        self.trials.append(trial)
        if self._progress is not None:
            self._progress(min(len(self.trials), self._foreseen), self._foreseen)
        return trial


class _Split:
    """One inner split and the listeners measured on it."""

    def __init__(self, plays: csr_matrix, rng: np.random.Generator, seed: int) -> None:
        self._train, self._test = leave_out(plays, HELD_OUT, seed)
        listeners = np.flatnonzero(np.diff(self._test.indptr))
        if not len(listeners):
            raise InvalidDataError("No listener has two items or more, so there is nothing to tune on.")
        size = min(len(listeners), max(200, int(MEASURED_SCORES / plays.shape[1])))
        self._listeners = rng.choice(listeners, size=size, replace=False)

    def ndcg(
        self, setting: Trial, sweeps: int, seed: int, share: float, cancelled: Cancelled | None
    ) -> float:
        """nDCG@20 of a fit with this setting over a `share` of the listeners; 0 where its factors collapsed."""
        model = AlternatingLeastSquares(
            factors=setting.factors,
            regularization=setting.regularization,
            alpha=setting.confidence.alpha,
            frequency_exponent=setting.frequency_exponent,
            iterations=sweeps,
            random_state=seed,
        )
        model.fit(setting.confidence.counted(self._train), cancelled=cancelled)
        users, items = model.user_factors, model.item_factors
        if float(np.abs(items).max()) < COLLAPSED or float(np.abs(users).max()) < COLLAPSED:
            return 0.0
        # In random order, so that the first of them are a sample.
        measured_on = np.sort(self._listeners[: max(1, round(share * len(self._listeners)))])
        measured = evaluate(lambda ids: users[ids] @ items.T, self._train, self._test, listeners=measured_on)
        return measured["ndcg@20"]
