"""How good the tuned model's lists are beside the baselines', on real plays.

    python -m tests.benchmarks.quality --data PATH --seeds 3 --json

`--data` is a folder or zip in the HetRec 2011 Last.fm layout. For each seed a random 20 % of each listener's artists
is held out (ENGINE.md); everything a method knows, the tuner's choice included, comes from the rest. Methods:
popularity, item cosine, RP3beta (beta 0.3), EASE^R (lambda 120) and ALS with 40 factors whose transform, alpha and
lambda `tune` chooses on splits of its own inside the training part; `--free-factors` adds one where it chooses the
factors too. The baselines' settings are those ENGINE.md reports as good on HetRec, so they are not at a disadvantage.
Measures are recall, nDCG and MAP at 20, coverage, novelty in bits and intra-list diversity (`engine.evaluation`),
means over the seeds.
`seeds_won` counts the seeds on which ALS 40 has a better nDCG than every baseline; `gain` is its mean nDCG over the
best baseline's, less one.
`hubness` is the skewness of how often an item is among another's ten nearest, by cosine in the factors of ALS 40
and, for comparison, with a lambda that is the same for all; items with fewer than two listeners are left out.
`ensemble` is null: there is none. What was tried by hand (two splits, nDCG of ALS 40 .297): with EASE^R on log
counts, its lambda growing with listeners, .302; with item neighbours or listener neighbours less than alone; 96
factors alone .304, with that EASE^R .305.
What else was tried on related artists: likeness less half of both items' mean likeness to their ten nearest (CSLS)
brought hubness from 1.0 to .4 and the neighbours' held-out co-listening down by 1 %; it is not done.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import mean, stdev
from time import perf_counter
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from engine.community import hetrec
from engine.evaluation.baselines import ScoresOf, ease, item_cosine, popularity, rp3beta
from engine.evaluation.metrics import accuracy, top_items
from engine.evaluation.splits import leave_out
from engine.evaluation.variety import hubness, variety
from engine.model.als import AlternatingLeastSquares
from engine.model.confidence import Confidence
from engine.model.tuning import tune

K = 20
NDCG = f"ndcg@{K}"
OURS, FREE = "ALS 40", "ALS, factors chosen"
BASELINES: dict[str, Callable[[csr_matrix], ScoresOf]] = {
    "popularity": popularity,
    "item cosine": item_cosine,
    "RP3beta": rp3beta,
    "EASE^R": ease,
}


def plays_in(path: Path) -> csr_matrix:
    content = hetrec.read(path)
    return csr_matrix((content.plays, (content.listener, content.item)))


def tuned_als(
    train: csr_matrix, seed: int, seconds: float, free: bool
) -> tuple[ScoresOf, dict[str, Any], np.ndarray]:
    """ALS with the settings the tuner finds for `train`, those settings, and its item factors."""
    found = tune(train, factors=40, free_factors=free, seed=seed, seconds=seconds)
    model = AlternatingLeastSquares(
        factors=found.factors,
        regularization=found.regularization,
        alpha=found.confidence.alpha,
        frequency_exponent=found.frequency_exponent,
        random_state=seed,
    )
    model.fit(found.confidence.counted(train))
    users, items = model.user_factors, model.item_factors
    settings = {
        "name": FREE if free else OURS,
        "seed": seed,
        "factors": found.factors,
        "transform": found.confidence.transform,
        "alpha": found.confidence.alpha,
        "regularization": found.regularization,
        "frequency_exponent": found.frequency_exponent,
        "trials": len(found.trials),
        "seconds": round(found.seconds, 2),
        "finished": found.finished,
    }
    return (lambda listeners: users[listeners] @ items.T), settings, items


def measured(scores: ScoresOf, train: csr_matrix, test: csr_matrix) -> dict[str, float]:
    listeners = np.flatnonzero(np.diff(test.indptr))
    top = top_items(scores, train, listeners, K)
    return accuracy(top, test, listeners, K) | variety(top, train)


def one_seed(
    plays: csr_matrix, seed: int, seconds: float, free: bool
) -> tuple[dict[str, dict[str, float]], list[dict[str, Any]], dict[str, float]]:
    """Each method's measures on one split, what the tuner chose, and how far hubs crowd related lists."""
    train, test = leave_out(plays, seed=seed)
    results, chosen, hubs = {}, [], {}
    for name in (*BASELINES, OURS, *([FREE] if free else [])):
        began = perf_counter()
        if name in BASELINES:
            scores = BASELINES[name](train)
        else:
            scores, settings, factors = tuned_als(train, seed, seconds, free=name == FREE)
            chosen.append(settings)
            if name == OURS:
                hubs = hubnesses(train, seed, settings, factors)
        results[name] = measured(scores, train, test)
        _tell(seed, name, results[name], perf_counter() - began)
    return results, chosen, hubs


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
    return {OURS: hubness(factors[several]), "one lambda for all": hubness(plain.item_factors[several])}


def _tell(seed: int, name: str, measures: dict[str, float], seconds: float) -> None:
    figures = ", ".join(f"{key} {value:.4f}" for key, value in measures.items())
    print(f"seed {seed}: {name}: {figures} ({seconds:.1f} s)", file=sys.stderr)


def report(plays: csr_matrix, first: int, seeds: int, seconds: float, free: bool) -> dict[str, Any]:
    """The document on standard output."""
    runs = [one_seed(plays, seed, seconds, free) for seed in range(first, first + seeds)]
    by_name = {name: [results[name] for results, _, _ in runs] for name in runs[0][0]}
    methods = [
        {"name": name, **{key: mean(run[key] for run in measures) for key in measures[0]}}
        | {f"{NDCG} sd": stdev(run[NDCG] for run in measures) if seeds > 1 else None}
        for name, measures in by_name.items()
    ]
    ndcg = {method["name"]: method[NDCG] for method in methods}
    best_baseline = max(BASELINES, key=lambda name: ndcg[name])
    return {
        "listeners": plays.shape[0],
        "items": plays.shape[1],
        "nnz": int(plays.nnz),
        "seeds": seeds,
        "methods": methods,
        "ensemble": None,
        "best_member": max(ndcg, key=lambda name: ndcg[name]),
        "best_baseline": best_baseline,
        "gain": ndcg[OURS] / ndcg[best_baseline] - 1,
        "seeds_won": sum(
            all(results[OURS][NDCG] > results[name][NDCG] for name in BASELINES) for results, _, _ in runs
        ),
        "tuned": [settings for _, chosen, _ in runs for settings in chosen],
        "hubness": {name: mean(hubs[name] for _, _, hubs in runs) for name in runs[0][2]},
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder or zip in the HetRec layout")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=0, help="split and start of the first of them")
    parser.add_argument("--seconds", type=float, default=120.0, help="the tuner's time for each seed")
    parser.add_argument("--free-factors", action="store_true", help="also let the tuner choose the factors")
    parser.add_argument("--json", action="store_true", help="one line instead of an indented document")
    arguments = parser.parse_args()
    if arguments.seeds < 1:
        parser.error("--seeds must be at least 1")
    document = report(
        plays_in(arguments.data),
        arguments.first_seed,
        arguments.seeds,
        arguments.seconds,
        arguments.free_factors,
    )
    print(json.dumps(document, indent=None if arguments.json else 2))


if __name__ == "__main__":
    main()
