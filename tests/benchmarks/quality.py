"""How good the tuned model's lists are beside the baselines', on real plays.

    python -m tests.benchmarks.quality --data PATH --seeds 3 --json

`--data` is community data as `discover community add` reads it: a folder or zip in the HetRec 2011 Last.fm layout, or
a table of playlists, whose items are tracks and whose ensemble has the artists one plays as a member. For each seed a
random 20 % of each listener's items is held out; everything a method knows, the tuner's choice included,
comes from the rest. Methods:
popularity, item cosine, RP3beta (beta 0.3), EASE^R (lambda 120) and ALS with 40 factors whose transform, alpha and
lambda `tune` chooses on splits of its own inside the training part. The baselines' settings are those found good on
HetRec, so they are not at a disadvantage.
The ensemble's members are ALS 40, its closeness, the neighbours (`engine.model.neighbour_fit`) and popularity; its
weights and the ridge are learned inside the training part, on listeners left out of fits of their own
(`engine.training.weigh`). Of tracks and of more than 20,000 items, with `--free-factors` of any, the ensemble is tried
there with 128 factors too, as in training: `factors` are those taken and `by_factors` its nDCG@20 there with each,
both by seed. Every listener is folded in for it as the app folds a person in. Of a community too large
for it EASE^R is left out.
Measures are recall, nDCG and MAP at 20, coverage, novelty in bits and intra-list diversity (`engine.evaluation`),
means over the seeds.
`best_member` is the method with the best mean nDCG beside the ensemble; `gain` is the ensemble's mean nDCG over that of
its best member, less one, `seeds_won` the seeds on which it is better than all of them, and `seeds_by_2_percent` those
on which it is so by a fiftieth. `weights` has each weight's mean and standard deviation over the seeds.
`hubness` is the skewness of how often an item is among another's ten nearest: by cosine in the factors of ALS 40, for
comparison with a lambda that is the same for all, and in the lists of related artists as the app makes them
(`engine.model.similarity`); items with fewer than two listeners are left out.
Tried for the ensemble without a gain: bags of seeds (three starts of ALS 40 agree to .001), item cosine, RP3beta,
listener neighbours, the best cosine to any own artist. Tried and worse: neighbours cut to the largest weights (100 of
an item: .296-.303 for .301-.308) or to 256 dimensions (.297-.304); a listwise softmax for the weights (.295-.297).
Agreement of genre and of tempo (octaves folded: log2 of it on a circle) or energy with the listener's artists, each
as one member more with its weight chosen on the test itself: on HetRec, where a public table of 28,000 tracks knows
1,988 artists with 52 % of the plays, at most +.13 % and +.06 % nDCG@20 (two splits; among those artists alone -.03 %
and +.10 %); on the sample, where all are known, +.15 to +.32 % and +.14 to +.17 % (three splits). So neither is one.

The sample (`--data sample_data/community.zip --seeds 5 --seconds 30`), made to be like HetRec in the figures named in
`sample_data.audience`, what the ensemble gains not among them: popularity .115, item cosine .309, RP3beta .293, EASE^R
.352, neighbours .357, ALS 40 .366, ensemble .383; gain +4.7 %, on 5 of 5 seeds by more than 2 %. HetRec's 1,500 artists
with most listeners alone (one split): .118, .320, .329, .340, .349, .363, .379; +4.3 %.

Tracks, before they leaned on their artists and the member of artists counted by how few listen to them (MODEL.md has
what that brings; `--data spotify_songs.zip --seeds 5 --seconds 60`): popularity .003, ALS 40 .036, artists played
.039, item cosine .044, EASE^R, RP3beta and neighbours .046, ensemble .056; gain +21 %, on 5 of 5 seeds by more than
2 %. Of the sample's playlists (2 seeds): ALS 40 .058, artists played .081, ensemble .094; +16 %.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import mean, stdev
from time import perf_counter
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from engine.canonical_keys import item_key
from engine.community.adding import readers
from engine.errors import InvalidDataError
from engine.evaluation.baselines import ScoresOf, ease, item_cosine, popularity, rp3beta
from engine.evaluation.metrics import accuracy, top_items
from engine.evaluation.splits import leave_out
from engine.evaluation.variety import hubness, hubness_of, variety
from engine.model.als import AlternatingLeastSquares
from engine.model.confidence import Confidence
from engine.model.ensemble import Members
from engine.model.fold_in import ItemFactors
from engine.model.item_priors import lean_on_artists
from engine.model.neighbour_fit import build_neighbours
from engine.model.similarity import ItemSimilarity, listens_of, mean_similarity_to_nearest, with_support
from engine.model.tuning import tune
from engine.progress import Share
from engine.training.choose import FACTORS, factors_to_try
from engine.training.interactions import numbered_artists
from engine.training.weigh import Weighed, neighbour_scores, weigh
from tests.benchmarks.scores import ensemble_scores

K = 20
NDCG = f"ndcg@{K}"
OURS = "ALS 40"
CLOSENESS, NEIGHBOURS, AFFINITY, ENSEMBLE = "closeness", "neighbours", "artists played", "ensemble"
RELATED = "related artists"
BASELINES: dict[str, Callable[[csr_matrix], ScoresOf]] = {
    "popularity": popularity,
    "item cosine": item_cosine,
    "RP3beta": rp3beta,
    "EASE^R": ease,
}


def plays_in(path: Path) -> tuple[csr_matrix, np.ndarray | None]:
    """(listeners, items) play counts, and of tracks the number of each one's artist."""
    content = next(reader for reader in readers().values() if reader.recognises(path)).read(path)
    artists = numbered_artists(map(item_key, content.names)) if content.level == "tracks" else None
    return content.plays, artists


class TunedALS:
    """ALS with the settings the tuner finds for `train`, of tracks with their `artists`."""

    def __init__(self, train: csr_matrix, artists: np.ndarray | None, seed: int, seconds: float) -> None:
        self.found = tune(train, factors=FACTORS, seed=seed, seconds=seconds)
        self.artists, self.seed = artists, seed
        self.model = self.fit(train, FACTORS)

    def fit(self, plays: csr_matrix, factors: int) -> AlternatingLeastSquares:
        model = AlternatingLeastSquares(
            factors=factors,
            regularization=self.found.regularization,
            alpha=self.found.confidence.alpha,
            frequency_exponent=self.found.frequency_exponent,
            random_state=self.seed,
        )
        model.fit(self.found.confidence.counted(plays))
        lean_on_artists(model, self.found.confidence, plays, self.artists)
        return model

    def scores(self, listeners: np.ndarray) -> np.ndarray:
        return np.asarray(self.model.user_factors[listeners] @ self.model.item_factors.T)

    def settings(self, name: str) -> dict[str, Any]:
        found = self.found
        return {
            "name": name,
            "seed": self.seed,
            "factors": found.factors,
            "transform": found.confidence.transform,
            "alpha": found.confidence.alpha,
            "regularization": found.regularization,
            "frequency_exponent": found.frequency_exponent,
            "trials": len(found.trials),
            "seconds": round(found.seconds, 2),
            "finished": found.finished,
        }


def ensemble_of(
    tuned: TunedALS, train: csr_matrix, tried: Sequence[int]
) -> tuple[dict[str, ScoresOf], Weighed]:
    """Scores of the ensemble, with one of the numbers of factors `tried`, and of those of its members that are not a
    method by themselves."""
    found, artists = tuned.found, tuned.artists

    def fitted(factors: int, plays: csr_matrix, _progress: Share) -> tuple[np.ndarray, float, float]:
        return tuned.fit(plays, factors).item_factors, found.regularization, found.frequency_exponent

    fits = [partial(fitted, factors) for factors in tried]
    weighed = weigh(train, fits, found.confidence, seed=tuned.seed, artists=artists)
    model = tuned.fit(train, tried[weighed.fit]) if weighed.fit else tuned.model
    near = build_neighbours(train, weighed.ridge)
    members = Members(
        ItemFactors(model.item_factors, found.regularization, frequency_exponent=found.frequency_exponent),
        np.asarray(train.getnnz(axis=0), dtype=np.int32),
        near,
        artists=artists,
    )

    weights = {CLOSENESS: {"closeness": 1.0}, ENSEMBLE: weighed.weights}
    if artists is not None:
        weights[AFFINITY] = {"artist": 1.0}
    scores: dict[str, ScoresOf] = {
        name: ensemble_scores(members, found.confidence, chosen, train) for name, chosen in weights.items()
    }
    return {NEIGHBOURS: neighbour_scores(near, train), **scores}, weighed


def measured(scores: ScoresOf, train: csr_matrix, test: csr_matrix) -> dict[str, float]:
    listeners = np.flatnonzero(np.diff(test.indptr))
    top = top_items(scores, train, listeners, K)
    return accuracy(top, test, listeners, K) | variety(top, train)


@dataclass
class Run:
    """What one split gave: each method's measures, what the tuner chose, the numbers of factors tried, the ensemble's
    weights, and hubness."""

    measures: dict[str, dict[str, float]]
    chosen: dict[str, Any]
    tried: Sequence[int]
    weighed: Weighed
    hubs: dict[str, float]


def one_seed(plays: csr_matrix, artists: np.ndarray | None, seed: int, seconds: float, free: bool) -> Run:
    train, test = leave_out(plays, seed=seed)
    methods: dict[str, ScoresOf] = {}
    for name, method in BASELINES.items():
        try:
            methods[name] = method(train)
        except InvalidDataError as error:
            # EASE^R inverts what a large community outgrows.
            print(f"seed {seed}: {name} left out: {error}", file=sys.stderr)
    tuned = TunedALS(train, artists, seed, seconds)
    tried = factors_to_try(train.shape[1], tracks=artists is not None, everywhere=free)
    own, weighed = ensemble_of(tuned, train, tried)
    methods |= {OURS: tuned.scores, **own}
    chosen = tuned.settings(OURS)
    results = {}
    for name, scores in methods.items():
        began = perf_counter()
        results[name] = measured(scores, train, test)
        _tell(seed, name, results[name], perf_counter() - began)
    print(f"seed {seed}: weights {weighed.weights}, ridge {weighed.ridge:g}", file=sys.stderr)
    hubs = hubnesses(train, seed, chosen, tuned.model.item_factors)
    return Run(results, chosen, tried, weighed, hubs)


def hubnesses(
    train: csr_matrix, seed: int, settings: dict[str, Any], factors: np.ndarray
) -> dict[str, float]:
    """Of the tuned factors, and of factors fitted with the same settings but one lambda for all."""
    several = np.asarray(train.getnnz(axis=0)) > 1
    nu = settings["frequency_exponent"]
    at_mean = settings["regularization"] * float(np.diff(train.indptr).mean()) ** nu
    plain = AlternatingLeastSquares(
        factors=40, regularization=at_mean, alpha=settings["alpha"], random_state=seed
    )
    plain.fit(Confidence(transform=settings["transform"], alpha=settings["alpha"]).counted(train))
    found = {OURS: hubness(factors[several]), "one lambda for all": hubness(plain.item_factors[several])}
    return found | {RELATED: related_hubness(train, factors, np.flatnonzero(several))}


def related_hubness(train: csr_matrix, factors: np.ndarray, ids: np.ndarray) -> float:
    """Of the lists of related artists as the app makes them, among items `ids`."""
    listens = listens_of(train)
    similarity = ItemSimilarity(factors, listens, mean_similarity_to_nearest(factors, listens))
    listeners = np.asarray(train.getnnz(axis=0))[ids]
    return hubness_of(
        lambda rows: np.stack(
            [with_support(similarity.of(item, ids), listeners) for item in ids[rows].tolist()]
        ),
        len(ids),
    )


def _tell(seed: int, name: str, measures: dict[str, float], seconds: float) -> None:
    figures = ", ".join(f"{key} {value:.4f}" for key, value in measures.items())
    print(f"seed {seed}: {name}: {figures} ({seconds:.1f} s)", file=sys.stderr)


def report(
    plays: csr_matrix, artists: np.ndarray | None, first: int, seeds: int, seconds: float, free: bool
) -> dict[str, Any]:
    """The document on standard output."""
    runs = [one_seed(plays, artists, seed, seconds, free) for seed in range(first, first + seeds)]
    names = [name for name in runs[0].measures if name != ENSEMBLE]
    methods = [{"name": name, **_means(runs, name)} for name in [*names, ENSEMBLE]]
    ndcg = {method["name"]: method[NDCG] for method in methods}
    best_member = max(names, key=lambda name: ndcg[name])
    gains = [
        run.measures[ENSEMBLE][NDCG] / max(run.measures[name][NDCG] for name in names) - 1 for run in runs
    ]
    weights = {
        member: [run.weighed.weights.get(member, 0.0) for run in runs] for member in runs[0].weighed.weights
    }
    return {
        "listeners": plays.shape[0],
        "items": plays.shape[1],
        "nnz": int(plays.nnz),
        "seeds": seeds,
        "methods": methods,
        "ensemble": methods[-1]
        | {
            "weights": {name: {"mean": mean(each), "sd": _sd(each)} for name, each in weights.items()},
            "ridges": [run.weighed.ridge for run in runs],
            "factors": [run.tried[run.weighed.fit] for run in runs],
            "by_factors": [dict(zip(map(str, run.tried), run.weighed.by_fit, strict=True)) for run in runs],
            "gains": gains,
        },
        "best_member": best_member,
        "gain": ndcg[ENSEMBLE] / ndcg[best_member] - 1,
        "seeds_won": sum(gain > 0 for gain in gains),
        "seeds_by_2_percent": sum(gain >= 0.02 for gain in gains),
        "tuned": [run.chosen for run in runs],
        "hubness": {name: mean(run.hubs[name] for run in runs) for name in runs[0].hubs},
    }


def _means(runs: list[Run], name: str) -> dict[str, float | None]:
    each = [run.measures[name] for run in runs]
    return {key: mean(measures[key] for measures in each) for key in each[0]} | {
        f"{NDCG} sd": _sd([measures[NDCG] for measures in each])
    }


def _sd(values: list[float]) -> float | None:
    return stdev(values) if len(values) > 1 else None


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder, zip or table of community data")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=0, help="split and start of the first of them")
    parser.add_argument("--seconds", type=float, default=120.0, help="the tuner's time for each seed")
    parser.add_argument("--free-factors", action="store_true", help="try 128 factors in every catalog")
    parser.add_argument("--json", action="store_true", help="one line instead of an indented document")
    arguments = parser.parse_args()
    if arguments.seeds < 1:
        parser.error("--seeds must be at least 1")
    document = report(
        *plays_in(arguments.data),
        arguments.first_seed,
        arguments.seeds,
        arguments.seconds,
        arguments.free_factors,
    )
    print(json.dumps(document, indent=None if arguments.json else 2))


if __name__ == "__main__":
    main()
