"""Choosing how to train, and measuring the choice on plays it never saw.

The plays are split twice: the tuner holds out a part of the training part to choose by; the outer part only
measures what was chosen, beside the baselines.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from engine.errors import InvalidDataError
from engine.evaluation.baselines import ScoresOf, item_cosine, popularity
from engine.evaluation.metrics import evaluate
from engine.evaluation.splits import leave_out
from engine.model.als import AlternatingLeastSquares
from engine.model.confidence import Confidence
from engine.model.lean import leaned
from engine.model.tuning import regularization_for, tune

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

# What an untuned training takes; good on HetRec and on the sample (see the benchmark), no worse choice elsewhere.
DEFAULT_CONFIDENCE = Confidence(transform="log", alpha=1.0)
# At a listener of mean length, growing with a row's plays to this power (`regularization_for`).
DEFAULT_REGULARIZATION, DEFAULT_EXPONENT = 20.0, 0.75
# A solo model's rows are short sessions: far fewer plays bear on each factor.
SOLO_REGULARIZATION = 1.0
# Listeners the validation measures: enough for two figures after the point.
MEASURED_LISTENERS = 5_000
# Popularity terms tried on half of those listeners; the best is kept where it gains this share on the other half.
LEANS, LEAN_GAIN = (-0.2, -0.1, -0.05, 0.05, 0.1, 0.2), 0.004
LEAN_CANDIDATES = 1_000


@dataclass(frozen=True, slots=True)
class Choice:
    """The settings of the final fit, the tuner's table, and the measures on data it did not see."""

    confidence: Confidence
    regularization: float
    frequency_exponent: float
    popularity_lean: float
    factors: int
    tuned: dict[str, Any]
    validation: dict[str, Any]


def choose(
    plays: csr_matrix,
    *,
    factors: int,
    free_factors: bool = False,
    iterations: int,
    seed: int,
    search: bool,
    search_seconds: float,
    solo: bool,
    progress: Callable[[str, int, int], None],
    cancelled: Callable[[], bool] | None,
) -> Choice:
    """Settings for these (rows, items) play counts; `search` False takes the defaults and only measures,
    `search_seconds` bounds the search."""
    train, test = leave_out(plays, seed=seed)
    confidence = DEFAULT_CONFIDENCE
    exponent = 0.0 if solo else DEFAULT_EXPONENT
    regularization = regularization_for(
        plays, SOLO_REGULARIZATION if solo else DEFAULT_REGULARIZATION, exponent
    )
    tuned: dict[str, Any] = {}
    if search:
        try:
            found = tune(
                train,
                factors=factors,
                free_factors=free_factors,
                seed=seed,
                seconds=search_seconds,
                progress=lambda done, total: progress("tuning", done, total),
                cancelled=cancelled,
            )
        except InvalidDataError as error:
            # Too little to hold anything out of, or every setting collapsed: the defaults are all there is.
            tuned = {"trials": [], "finished": False, "not_searched": str(error)}
            search = False
        else:
            confidence, regularization = found.confidence, found.regularization
            exponent, factors = found.frequency_exponent, found.factors
            tuned = {"trials": [msgspec.to_builtins(trial) for trial in found.trials], "seconds": found.seconds,
                     "finished": found.finished}  # fmt: skip
    tuned |= {
        "transform": confidence.transform,
        "alpha": confidence.alpha,
        "regularization": regularization,
        "frequency_exponent": exponent,
        "factors": factors,
        "searched": search,
    }
    progress("measuring", 0, 1)
    model = AlternatingLeastSquares(
        factors=factors, regularization=regularization, frequency_exponent=exponent, alpha=confidence.alpha,
        iterations=iterations, random_state=seed,
    )  # fmt: skip
    validation = _measured(model, confidence, train, test, seed, cancelled)
    lean = float(validation.get("popularity_term", {}).get("kept", 0.0))
    return Choice(confidence, regularization, exponent, lean, factors, tuned, validation)


def _measured(
    model: AlternatingLeastSquares,
    confidence: Confidence,
    train: csr_matrix,
    test: csr_matrix,
    seed: int,
    cancelled: Callable[[], bool] | None,
) -> dict[str, Any]:
    """The model's and the baselines' measures on the outer split; empty where nothing could be held out."""
    listeners = np.flatnonzero(np.diff(test.indptr))
    if not len(listeners):
        return {}
    rng = np.random.default_rng(seed)
    listeners = np.sort(rng.choice(listeners, size=min(MEASURED_LISTENERS, len(listeners)), replace=False))
    model.fit(confidence.counted(train), cancelled=cancelled)
    users, items = model.user_factors, model.item_factors
    own = evaluate(lambda ids: users[ids] @ items.T, train, test, listeners=listeners)
    others = {
        "popularity": evaluate(popularity(train), train, test, listeners=listeners),
        "item cosine": evaluate(item_cosine(train), train, test, listeners=listeners),
    }
    term = _popularity_term(lambda ids: users[ids] @ items.T, train, test, rng.permutation(listeners))
    return {**own, "listeners": len(listeners), "baselines": others, "popularity_term": term}


def _popularity_term(
    scores_of: ScoresOf, train: csr_matrix, test: csr_matrix, listeners: np.ndarray
) -> dict[str, Any]:
    """nDCG@20 of leaning towards popular or obscure items: the best lean on half of the listeners, with and without
    it on the other half, and what is `kept`."""
    counts = np.asarray(train.getnnz(axis=0), dtype=np.float64)

    def ndcg(lean: float, half: np.ndarray) -> float:
        def scores(ids: np.ndarray) -> np.ndarray:
            return _leaned(scores_of(ids), train[ids], counts, lean)

        return evaluate(scores, train, test, listeners=np.sort(half))["ndcg@20"]

    first, second = np.array_split(listeners, 2)
    if not len(second):
        return {}
    best = max(LEANS, key=lambda lean: ndcg(lean, first))
    without, with_term = ndcg(0.0, second), ndcg(best, second)
    kept = best if with_term > (1 + LEAN_GAIN) * without else 0.0
    return {"lean": best, "without": without, "with": with_term, "kept": kept}


def _leaned(scores: np.ndarray, known: csr_matrix, counts: np.ndarray, lean: float) -> np.ndarray:
    """Scores (b, items) after leaning, of each row's best new candidates as in Discover; the others at -inf."""
    scores[np.repeat(np.arange(len(scores)), np.diff(known.indptr)), known.indices] = -np.inf
    best = np.argpartition(-scores, min(LEAN_CANDIDATES, scores.shape[1] - 1), axis=1)[:, :LEAN_CANDIDATES]
    own = np.take_along_axis(scores, best, axis=1).astype(np.float64)
    # A listener who knows nearly everything has fewer new ones; those stay last.
    own = np.where(np.isfinite(own), own, np.min(own, where=np.isfinite(own), initial=0.0) - 1.0)
    result = np.full_like(scores, -np.inf)
    np.put_along_axis(result, best, leaned(own, counts[best], lean).astype(scores.dtype), axis=1)
    return result
