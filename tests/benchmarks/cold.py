"""Tracks that few playlists hold, or none: what their artist's other tracks say of them (`engine.model.item_priors`).

    python -m tests.benchmarks.cold --data spotify_songs.zip --seeds 2 --json

`--data` is a table of playlists, as `discover community add` reads it. Figures are nDCG@20, means over the seeds, each
a split of its own; settings are tuned, as in training, for `--seconds` on what the first of its parts leaves.

`hidden`: a fifth of the tracks is taken out of every playlist, and all of those are ranked for each playlist that had
one: by chance (`random`, which is also what factors of zero give), by the artist's playlists (`popularity`), by
the factors such a track gets (`prior`), by how much of its artist the playlist holds (`artist`, the ensemble's member),
and by the last two as z-scores (`both`).
`1 kept`, `2 kept`: of up to 2,500 tracks that more playlists have only so many keep it, and the others are sought among
these: by factors from a fit without the prior (`zero`) and with it (`prior`), by their `closeness` too, by
`popularity` of the artist and by `artist`.
`cpu`: seconds of a fit and of the prior, which is worked out once after the last sweep.

`WEIGHT` of the prior was chosen on seed 2 (`--first-seed 2 --seeds 1`).
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from statistics import mean

import numpy as np
from scipy.sparse import csr_matrix

from engine.evaluation.metrics import evaluate
from engine.model.affinity import FoldedAffinity, artist_worth
from engine.model.als import AlternatingLeastSquares
from engine.model.item_priors import artist_means, lean_on_artists, leaning
from engine.model.topk import lengths
from engine.model.tuning import Tuned, tune
from tests.benchmarks.quality import plays_in

HIDDEN, FEW = 0.2, 2_500


def without(plays: csr_matrix, cells: np.ndarray) -> csr_matrix:
    """The matrix without these stored cells (bool)."""
    left = plays.copy()
    left.data[cells] = 0.0
    left.eliminate_zeros()
    return left


def fitted(train: csr_matrix, found: Tuned, seed: int) -> AlternatingLeastSquares:
    """The factors by these settings, without the prior."""
    model = AlternatingLeastSquares(
        regularization=found.regularization,
        alpha=found.confidence.alpha,
        frequency_exponent=found.frequency_exponent,
        random_state=seed,
    )
    model.fit(found.confidence.counted(train))
    return model


def close(users: np.ndarray, items: np.ndarray) -> np.ndarray:
    """The product over the items' lengths."""
    return np.asarray(users @ items.T / lengths(items.astype(np.float64), 1e-9))


def z(scores: np.ndarray) -> np.ndarray:
    """Each row's z-scores."""
    spread = scores.std(axis=1, keepdims=True)
    return np.asarray((scores - scores.mean(axis=1, keepdims=True)) / np.where(spread > 0, spread, 1.0))


def by_artist(train: csr_matrix, artists: np.ndarray, items: np.ndarray) -> np.ndarray:
    """The ensemble's member for every playlist and these items."""
    worth = artist_worth(artists, train.getnnz(axis=0))
    found = np.zeros((train.shape[0], len(items)))
    for number in range(train.shape[0]):
        row = train[number]
        own = artists[row.indices]
        found[number] = FoldedAffinity(own, np.log1p(row.data) * worth[own]).scores(artists[items])
    return found


def popularity(train: csr_matrix, artists: np.ndarray, items: np.ndarray) -> np.ndarray:
    """How many playlists hold a track of the items' artist, counted by track."""
    counts = np.bincount(artists, weights=np.asarray(train.getnnz(axis=0)))[artists[items]]
    return np.broadcast_to(counts, (train.shape[0], len(items)))


def hidden(
    plays: csr_matrix, artists: np.ndarray, seed: int, seconds: float
) -> tuple[Tuned, dict[str, float]]:
    """The settings, and the figures of a fifth of the tracks in no playlist."""
    rng = np.random.default_rng(seed)
    gone = np.zeros(plays.shape[1], dtype=bool)
    gone[rng.permutation(plays.shape[1])[: round(HIDDEN * plays.shape[1])]] = True
    train, out = without(plays, gone[plays.indices]), np.flatnonzero(gone)
    found = tune(train, seed=seed, seconds=seconds)
    model = fitted(train, found, seed)
    counted = np.asarray(train.getnnz(axis=0))
    items = leaning(
        train[:, out],
        model.user_factors,
        artist_means(model.item_factors, counted, artists)[out],
        alpha=model.alpha,
        regularization=model.regularization,
        frequency_exponent=model.frequency_exponent,
    )
    prior, artist = model.user_factors @ items.T, by_artist(train, artists, out)
    scores = {
        "random": rng.random(prior.shape),
        "popularity": popularity(train, artists, out),
        "prior": prior,
        "artist": artist,
        "both": z(prior) + z(artist),
    }
    return found, measured(scores, train[:, out], plays[:, out])


def few(
    plays: csr_matrix, artists: np.ndarray, found: Tuned, seed: int, kept: int
) -> tuple[dict[str, float], dict[str, float]]:
    """The figures of tracks of more than `kept` playlists left in so many, and what it takes."""
    rng = np.random.default_rng(seed)
    columns = plays.tocsc()
    chosen = np.sort(rng.permutation(np.flatnonzero(np.diff(columns.indptr) > kept))[:FEW])
    gone = np.zeros(plays.nnz, dtype=bool)
    for item in chosen.tolist():
        gone[rng.permutation(np.arange(columns.indptr[item], columns.indptr[item + 1]))[kept:]] = True
    train = without(columns, gone).tocsr()
    began = time.process_time()
    model = fitted(train, found, seed)
    users, zero, between = model.user_factors, model.item_factors[chosen], time.process_time()
    lean_on_artists(model, found.confidence, train, artists)
    cpu = {"fit": between - began, "prior": time.process_time() - between}
    prior = model.item_factors[chosen]
    scores = {
        "zero": users @ zero.T,
        "zero, closeness": close(users, zero),
        "prior": users @ prior.T,
        "prior, closeness": close(users, prior),
        "popularity": popularity(train, artists, chosen),
        "artist": by_artist(train, artists, chosen),
    }
    return {"tracks": len(chosen)} | measured(scores, train[:, chosen], (plays - train)[:, chosen]), cpu


def measured(scores: dict[str, np.ndarray], train: csr_matrix, wanted: csr_matrix) -> dict[str, float]:
    """nDCG@20 of each, over the playlists that want something and without what they hold."""
    wanted.eliminate_zeros()

    def of(found: np.ndarray) -> float:
        return evaluate(lambda rows: found[rows].astype(np.float64), train, wanted)["ndcg@20"]

    return {name: of(found) for name, found in scores.items()}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="a table of playlists")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--first-seed", type=int, default=0, help="split and start of the first of them")
    parser.add_argument("--seconds", type=float, default=60.0, help="the tuner's time for each seed")
    parser.add_argument("--json", action="store_true", help="one line instead of an indented document")
    arguments = parser.parse_args()
    if arguments.seeds < 1:
        parser.error("--seeds must be at least 1")
    plays, artists = plays_in(arguments.data)
    if artists is None:
        parser.error(f"{arguments.data} holds no tracks.")
    parts: dict[str, list[dict[str, float]]] = {"hidden": [], "1 kept": [], "2 kept": [], "cpu": []}
    for seed in range(arguments.first_seed, arguments.first_seed + arguments.seeds):
        found, figures = hidden(plays, artists, seed, arguments.seconds)
        parts["hidden"].append(figures)
        for kept in (1, 2):
            figures, cpu = few(plays, artists, found, seed, kept)
            parts[f"{kept} kept"].append(figures)
            parts["cpu"].append(cpu)
    document = {
        name: {key: round(mean(one[key] for one in runs), 4) for key in runs[0]}
        for name, runs in parts.items()
    }
    print(json.dumps(document, indent=None if arguments.json else 2))


if __name__ == "__main__":
    main()
