"""Learning the ensemble's weights on listeners of the community that its members have not seen.

Some listeners are left out of a fit; a part of each one's plays is folded in as a person's would be, and the weights
are those that find the rest: coordinate ascent on nDCG@20 itself (Metzler, Croft 2007), averaged over resamples of
the listeners, so that no few of them decide.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import CancelledError
from engine.evaluation.baselines import ScoresOf
from engine.evaluation.metrics import NOTHING, best_items, counted, evaluate
from engine.evaluation.splits import leave_out
from engine.model.confidence import Confidence
from engine.model.ensemble import FACTORS_ALONE, MEMBERS, PERSONAL, Members, blend_over
from engine.model.fold_in import ItemFactors
from engine.model.neighbour_fit import RIDGE, Products, products_of
from engine.model.neighbours import Neighbours
from engine.progress import Cancelled, Share, in_steps, part_of, silent
from engine.training.dial_cost import ABSENT, dial_cost

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    # A fit: from (listeners, items) play counts to item factors, lambda and its exponent; reports how far it is.
    Fitted = Callable[[csr_matrix, Share], tuple[NDArray[np.float32], float, float]]

Floats = NDArray[np.float64]
K = 20
CANDIDATES, MEASURED_CANDIDATES = 500, 1_000
# The share of candidates that come from neighbours, as in the app.
NEIGHBOURS_SHARE = 0.2
# At most one in FOLDS listeners is left out at a time, fold by fold, until ENOUGH have been.
FOLDS, ENOUGH = 3, 1_500
# Ridges to choose from, by nDCG on so many listeners of the first fold and so many items.
RIDGES, RIDGE_LISTENERS, RIDGE_ITEMS = (10.0, 30.0, 100.0, 300.0, 1000.0), 500, 20_000
# Listeners of the first fold on which the popularity dial is measured.
DIAL_LISTENERS = 300
# A listener with fewer items shows little of what belongs together.
MIN_ITEMS = 5
HELD_OUT = 0.2
RESAMPLES = 5
# Start and steps of the ascent, in shares of the largest weight, and the gain a step must bring.
START = np.array([0.4, 0.3, 0.2, 0.0, 0.0, 0.0])
STEPS, MIN_GAIN = (0.5, 0.25, 0.1), 1e-4
# Minimum gain in nDCG, as a share, on listeners the weights were not fitted on: of the ensemble over the best member
# alone, and of what ranks with another fit over what ranks with the first.
GAIN, FIT_GAIN = 0.004, 0.02


@dataclass(frozen=True)
class Left:
    """What is left of a fold that saw nearly all: the neighbours' products of all listeners but the rows `without`."""

    products: Products
    without: NDArray[np.int64]


@dataclass(frozen=True)
class Weighed:
    """The weights, and what they do: nDCG@20 of the members and of the ensemble on listeners that did not teach it,
    and as `dial` what leaning to less known items costs (`engine.training.dial_cost`). They are for the
    fit number `fit` of those tried; `by_fit` has the nDCG@20 of what ranks with each. `left` serves the last fit."""

    weights: dict[str, float]
    effect: dict[str, Any]
    ridge: float = RIDGE
    left: Left | None = None
    fit: int = 0
    by_fit: tuple[float, ...] = ()


@dataclass(frozen=True)
class TrainingSet:
    """What the weights are learned from, a row a listener: members over candidates (l, c, members), hits (l, c), and
    how many items were held out (l,); and the ridge of the neighbours. `wide` are some listeners with as many
    candidates as lists are made of."""

    members: NDArray[np.float32]
    hits: NDArray[np.bool_]
    held: NDArray[np.int64]
    ridge: float = RIDGE
    wide: TrainingSet | None = None
    left: Left | None = None

    def of(self, rows: NDArray[np.int64]) -> TrainingSet:
        """Those of some listeners."""
        return TrainingSet(self.members[rows], self.hits[rows], self.held[rows], self.ridge)


def weigh(
    plays: csr_matrix,
    fits: Sequence[Fitted],
    confidence: Confidence,
    *,
    seed: int,
    artists: NDArray[np.int32] | None = None,
    progress: Share = silent,
    cancelled: Cancelled | None = None,
) -> Weighed:
    """Weights for the members of (listeners, items) play counts, with the first of `fits`, or the best if it gains
    `FIT_GAIN`.

    A fit gives item factors, lambda and its exponent for such a matrix; `artists` (items,) are those of tracks, by
    number. Raises CancelledError.
    """
    training_sets = training_sets_of(
        plays,
        fits,
        confidence,
        seed=seed,
        artists=artists,
        progress=part_of(progress, 0.0, 0.85),
        cancelled=cancelled,
    )
    if not training_sets:
        return Weighed(FACTORS_ALONE, {})
    shares = _divided(part_of(progress, 0.85, 1.0), len(fits))
    found = [
        _taught(training_set, seed, share, cancelled)
        for training_set, share in zip(training_sets, shares, strict=True)
    ]
    by_fit = tuple(ranked for _, ranked in found)
    best = int(np.argmax(by_fit))
    fit = best if by_fit[best] > (1 + FIT_GAIN) * by_fit[0] else 0
    return replace(found[fit][0], fit=fit, by_fit=by_fit)


def _taught(
    training_set: TrainingSet, seed: int, progress: Share, cancelled: Cancelled | None
) -> tuple[Weighed, float]:
    """The weights that a training set teaches, and the nDCG@20 of what ranks by them."""
    rng = np.random.default_rng(seed)
    halves = np.array_split(rng.permutation(len(training_set.held)), 2)
    shares = _divided(progress, len(halves))
    taught = [
        ascend(training_set.of(half), rng, cancelled, share)
        for half, share in zip(halves, shares, strict=True)
    ]
    others = [training_set.of(half) for half in reversed(halves)]
    ensemble = float(np.mean([ndcg(other, w) for w, other in zip(taught, others, strict=True)]))
    alone = {name: ndcg(training_set, np.eye(len(MEMBERS))[i]) for i, name in enumerate(MEMBERS)}
    kept = ensemble > (1 + GAIN) * max(alone.values())
    weights = _as_shares(taught[0] + taught[1])
    named = {
        name: round(float(value), 4) for name, value in zip(MEMBERS, weights, strict=True) if value != 0.0
    }
    effect = {
        "listeners": len(training_set.held),
        "members": {name: round(value, 4) for name, value in alone.items() if name in named},
        "ensemble": round(ensemble, 4),
        "halves": [[round(float(value), 4) for value in half] for half in taught],
        "ridge": training_set.ridge,
        "kept": kept,
    }
    if not kept:
        # Popularity is not personal, so it never ranks by itself.
        named = {max(MEMBERS[:PERSONAL], key=lambda name: alone[name]): 1.0}
    if (wide := training_set.wide) is not None:
        ranked = np.array([named.get(name, 0.0) for name in MEMBERS])
        effect["dial"] = dial_cost(wide.members, wide.hits, ranked)
    served = ensemble if kept else max(alone[name] for name in MEMBERS[:PERSONAL])
    return Weighed(named, effect, training_set.ridge, training_set.left), served


def _divided(progress: Share, count: int) -> list[Share]:
    """As many equal parts of it, one after the other."""
    return [part_of(progress, place / count, (place + 1) / count) for place in range(count)]


def training_sets_of(
    plays: csr_matrix,
    fits: Sequence[Fitted],
    confidence: Confidence,
    *,
    seed: int,
    artists: NDArray[np.int32] | None = None,
    progress: Share = silent,
    cancelled: Cancelled | None = None,
) -> list[TrainingSet]:
    """Members' scores of listeners left out of the fits, with each of them; none where there are too few to learn
    from."""
    rng = np.random.default_rng(seed)
    able = rng.permutation(np.flatnonzero(np.diff(plays.indptr) >= MIN_ITEMS))
    if len(able) < 4 * FOLDS or plays.shape[1] <= 2 * K:
        return []
    number_of_folds = min(FOLDS, -(-ENOUGH * FOLDS // len(able)))
    folds = np.array_split(able[:ENOUGH] if number_of_folds < FOLDS else able, number_of_folds)
    found: list[list[TrainingSet]] = [[] for _ in fits]
    wide: list[TrainingSet] = []
    ridge, left = RIDGE, None
    for number, (fold, share) in enumerate(zip(folds, _divided(progress, len(folds)), strict=True)):
        fold = np.sort(fold)
        rest = plays[np.setdiff1d(np.arange(plays.shape[0]), fold)]
        fitting = _divided(part_of(share, 0.0, 0.1), len(fits))
        fitted = [fit(rest, part) for fit, part in zip(fits, fitting, strict=True)]
        products = products_of(rest, progress=part_of(share, 0.1, 0.4), cancelled=cancelled)
        counts = np.asarray(rest.getnnz(axis=0), dtype=np.int32)
        del rest
        if not number:
            ridge = best_ridge(
                products, plays[fold[:RIDGE_LISTENERS]], seed, part_of(share, 0.4, 0.5), cancelled
            )
        near = products.neighbours(ridge, progress=part_of(share, 0.5, 0.6), cancelled=cancelled)
        if number_of_folds == 1:
            left = Left(products, fold)
        del products
        scoring = _divided(part_of(share, 0.6, 1.0), len(fits))
        for each, (factors, regularization, exponent), part in zip(found, fitted, scoring, strict=True):
            members = Members(
                ItemFactors(factors, regularization, frequency_exponent=exponent),
                counts,
                near,
                artists=artists,
            )
            if not number:
                some = plays[fold[:DIAL_LISTENERS]]
                wide.append(
                    _training_set(members, some, confidence, seed, cancelled, silent, MEASURED_CANDIDATES)
                )
            each.append(_training_set(members, plays[fold], confidence, seed, cancelled, part))
    return [
        TrainingSet(
            np.concatenate([training_set.members for training_set in each]),
            np.concatenate([training_set.hits for training_set in each]),
            np.concatenate([training_set.held for training_set in each]),
            ridge,
            one_wide,
            left,
        )
        for each, one_wide in zip(found, wide, strict=True)
    ]


def best_ridge(
    products: Products,
    plays: csr_matrix,
    seed: int,
    progress: Share = silent,
    cancelled: Cancelled | None = None,
) -> float:
    """Of RIDGES the one under which neighbours find most of what is held out of `plays`, among some of the items."""
    kept, held = leave_out(plays, HELD_OUT, seed)
    if not held.nnz:
        return RIDGE
    items = np.random.default_rng(seed).permutation(plays.shape[1])[:RIDGE_ITEMS]
    among = np.sort(items).astype(np.int32)
    steps = iter(range(len(RIDGES)))

    def quality(ridge: float) -> float:
        step = next(steps)
        share = part_of(progress, step / len(RIDGES), (step + 1) / len(RIDGES))
        model = products.neighbours(
            ridge, among=among, progress=part_of(share, 0.0, 0.7), cancelled=cancelled
        )
        scored = in_steps(part_of(share, 0.7, 1.0), plays.shape[0])
        return evaluate(counted(neighbour_scores(model, kept), scored), kept, held)["ndcg@20"]

    # The quality has one summit: from the middle up, or down, until it falls.
    middle = len(RIDGES) // 2
    best, best_quality = RIDGES[middle], quality(RIDGES[middle])
    for ridges in (RIDGES[middle + 1 :], RIDGES[:middle][::-1]):
        for ridge in ridges:
            if (found := quality(ridge)) <= best_quality:
                break
            best, best_quality = ridge, found
        if best != RIDGES[middle]:
            break
    progress(1.0)
    return best


def _training_set(
    members: Members,
    plays: csr_matrix,
    confidence: Confidence,
    seed: int,
    cancelled: Cancelled | None,
    progress: Share,
    candidates: int = CANDIDATES,
) -> TrainingSet:
    kept, held = leave_out(plays, HELD_OUT, seed)
    count = min(candidates, plays.shape[1])
    rows = np.flatnonzero(np.diff(held.indptr))
    scores = np.zeros((len(rows), count, len(MEMBERS)), dtype=np.float32)
    hits = np.zeros((len(rows), count), dtype=bool)
    for place, row in enumerate(rows.tolist()):
        if cancelled is not None and cancelled():
            raise CancelledError("Training stopped. Your previous model is unchanged.")
        progress(place / len(rows))
        own = slice(kept.indptr[row], kept.indptr[row + 1])
        best, raw = candidates_of(members, confidence, kept.indices[own], kept.data[own], count)
        blend = blend_over(raw, dict.fromkeys(MEMBERS, 1.0))
        scores[place, : len(best)] = blend.parts(raw)
        scores[place, len(best) :, 0] = ABSENT
        hits[place, : len(best)] = np.isin(best, held.indices[held.indptr[row] : held.indptr[row + 1]])
    return TrainingSet(scores, hits, np.diff(held.indptr)[rows].astype(np.int64))


def neighbour_scores(model: Neighbours, kept: csr_matrix) -> ScoresOf:
    """Every item's score by the neighbours alone; rows of `kept` are folded in."""
    from scipy.sparse import csr_matrix

    by_source = csr_matrix((model.weights, model.targets, model.starts), shape=(model.items, model.items))

    def scores_of(listeners: NDArray[np.int64]) -> NDArray[np.float32]:
        rows = kept[listeners]
        rows.data = np.log1p(rows.data)
        return np.asarray((rows @ by_source).toarray())

    return scores_of


def candidates_of(
    members: Members,
    confidence: Confidence,
    items: NDArray[np.int32],
    plays: NDArray[np.float32],
    count: int,
) -> tuple[NDArray[np.int64], Floats]:
    """(ids, members' scores) of what the factors and, at most a fifth of it, the neighbours find for these plays."""
    ids, counts = items.astype(np.int64), plays.astype(np.float64)
    folded = members.fold_in(ids, confidence.of(counts), counts)
    best = _best_of(folded.factors.scores(), ids, count)
    if folded.neighbours is not None:
        near = folded.neighbours.scores()
        nearest = _best_of(near, ids, round(NEIGHBOURS_SHARE * count))
        nearest = np.setdiff1d(nearest[near[nearest] > 0], best)
        best = np.concatenate([nearest, best[: count - len(nearest)]])
    return best, folded.raw(best)


def _best_of(scores: Floats, known: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Ids of the best scores, best first, without the `known` ids."""
    scores = scores.copy()
    scores[known] = -np.inf
    best = best_items(scores[None], count)[0]
    return np.asarray(best[best != NOTHING])


def ndcg(training_set: TrainingSet, weights: Floats) -> float:
    """Mean nDCG@20 of ranking each listener's candidates by these weights (members,)."""
    scores = training_set.members @ weights.astype(np.float32)
    count = min(K, scores.shape[1])
    best = np.argpartition(-scores, count - 1, axis=1)[:, :count]
    order = np.argsort(-np.take_along_axis(scores, best, axis=1), axis=1, kind="stable")
    hits = np.take_along_axis(training_set.hits, np.take_along_axis(best, order, axis=1), axis=1)
    gains = 1.0 / np.log2(np.arange(2, count + 2))
    ideal = np.cumsum(gains)[np.minimum(training_set.held, count) - 1]
    return float((hits @ gains / ideal).mean())


def ascend(
    training_set: TrainingSet,
    rng: np.random.Generator,
    cancelled: Cancelled | None = None,
    progress: Share = silent,
) -> Floats:
    """Weights (members,), absolute values summing to 1, that rank best, averaged over resamples of the listeners."""
    taught = []
    resampled = in_steps(progress, RESAMPLES)
    for _ in range(RESAMPLES):
        drawn = training_set.of(rng.integers(len(training_set.held), size=len(training_set.held)))
        taught.append(_as_shares(_ascent(drawn, rng, cancelled)))
        resampled()
    return _as_shares(np.mean(taught, axis=0))


def _ascent(training_set: TrainingSet, rng: np.random.Generator, cancelled: Cancelled | None) -> Floats:
    weights = START.copy()
    best = ndcg(training_set, weights)
    # A member that says the same of all candidates can neither teach nor be taught.
    useful = np.flatnonzero(np.ptp(training_set.members, axis=(0, 1)) > 0)
    for step in STEPS:
        for member in rng.permutation(useful):
            for move in (step, -step, step / 3, -step / 3):
                if cancelled is not None and cancelled():
                    raise CancelledError("Training stopped. Your previous model is unchanged.")
                moved = weights.copy()
                moved[member] += move * np.abs(weights).max()
                value = ndcg(training_set, moved)
                if value > best + MIN_GAIN:
                    best, weights = value, moved
    return weights


def _as_shares(weights: Floats) -> Floats:
    return np.asarray(weights / np.abs(weights).sum())
