"""Recall and milliseconds a query of every way to search, on trained factors.

    python -m tests.benchmarks.index --items 130000 --json

A seeded, heavy-tailed community of made-up listeners is generated and two models of it are trained that differ
only in their regularization (it changes the spread of the norms, and with it which index wins). Each method is
asked for the 100 best items of 100 listeners (`methods`); the figures for the 100 most similar items are the
index's own (`related`). Half of the listeners drawn tune the trees, the other half measure. Recall is against a
float64 scan of everything.

At a million items the peers' graphs take many minutes to build: `--no-peers` leaves them out, and `--model` runs
one model alone.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from engine.index import build_index, open_index

K = 100
QUERIES = 200
FACTORS = 40
REGULARIZATIONS = {"lightly regularised": 1.0, "heavily regularised": 100.0}
Ask = Callable[[np.ndarray], np.ndarray]


@dataclass
class Measured:
    """One line of the table. `bytes` is what the method keeps beside the factors themselves."""

    name: str
    model: str
    recall: float
    ms_per_query: float
    build_s: float
    bytes: int
    note: str = ""


# -- data -------------------------------------------------------------------------------------------------


def community(items: int, seed: int) -> csr_matrix:
    """Listeners x items with log-dampened counts, popular items drawn by Zipf's law.

    Items belong to scenes, scenes to genres. A listener takes from a few scenes of two genres and, for a quarter
    of the list, from what everybody plays, which ties the genres together as real listening does.
    """
    rng = np.random.default_rng(seed)
    listeners = min(30_000, max(2_000, items // 2))
    genres, scenes = 24, max(48, min(480, items // 250))
    popularity = 1.0 / (1.0 + rng.permutation(items)) ** 0.8
    scene_of_item = rng.integers(scenes, size=items)
    by_scene = np.lexsort((-popularity, scene_of_item))
    cumulative = np.cumsum(popularity[by_scene])
    bounds = np.searchsorted(scene_of_item[by_scene], np.arange(scenes + 1))
    edges = np.concatenate(([0.0], cumulative))[bounds]
    counts = np.minimum(1 + rng.lognormal(np.log(80), 0.8, listeners).astype(int), 1_000)
    listener = np.repeat(np.arange(listeners), counts)
    home = rng.integers(genres, size=(listeners, 2))
    tastes = (home[:, [0, 0, 0, 1]] + genres * rng.integers(scenes // genres, size=(listeners, 4))) % scenes
    scene = tastes[listener, rng.choice(4, len(listener), p=[0.4, 0.25, 0.15, 0.2])]
    low, high = edges[scene], edges[scene + 1]
    everybody = rng.random(len(listener)) < 0.25
    low[everybody], high[everybody] = 0.0, cumulative[-1]
    drawn = low + rng.random(len(listener)) * (high - low)
    item = by_scene[np.minimum(np.searchsorted(cumulative, drawn), items - 1)]
    plays = np.ceil(rng.pareto(1.2, len(listener))).astype(np.float32)
    matrix = csr_matrix((plays, (listener, item)), shape=(listeners, items))
    matrix.data = np.log1p(matrix.data).astype(np.float32)
    return matrix


def hetrec(path: Path) -> csr_matrix:
    """The same matrix from a real community: `user_artists.dat` of HetRec 2011 Last.fm."""
    rows = np.loadtxt(path / "user_artists.dat", skiprows=1)
    listener, item = (np.unique(rows[:, column], return_inverse=True)[1] for column in (0, 1))
    return csr_matrix((np.log1p(rows[:, 2]).astype(np.float32), (listener, item)))


def trained(matrix: csr_matrix, regularization: float) -> tuple[np.ndarray, np.ndarray]:
    """Item factors, and the vectors of `QUERIES` listeners."""
    from engine.model.als import AlternatingLeastSquares

    model = AlternatingLeastSquares(
        factors=FACTORS, regularization=regularization, alpha=1.0, iterations=8, random_state=1
    )
    model.fit(matrix)
    return np.asarray(model.item_factors, dtype=np.float32), _drawn(model.user_factors)


def _drawn(listeners: np.ndarray) -> np.ndarray:
    chosen = np.random.default_rng(2).choice(len(listeners), min(QUERIES, len(listeners)), replace=False)
    return np.asarray(listeners[chosen], dtype=np.float32)


# -- measuring --------------------------------------------------------------------------------------------


def truth_of(vectors: np.ndarray, queries: np.ndarray) -> list[float]:
    """The K-th largest inner product of each query, in float64."""
    return [float(np.sort(_dots(vectors, query))[-K:][0]) for query in queries]


def _dots(vectors: np.ndarray, query: np.ndarray) -> np.ndarray:
    parts = np.array_split(vectors, max(1, len(vectors) // 100_000))
    return np.concatenate([part.astype(np.float64) @ query.astype(np.float64) for part in parts])


def measure(ask: Ask, vectors: np.ndarray, queries: np.ndarray, floors: list[float]) -> tuple[float, float]:
    """Mean recall of the best K and the median milliseconds of a query; three unmeasured queries come first."""
    for query in queries[:3]:
        ask(query)
    shares, times = [], []
    for query, floor in zip(queries, floors, strict=True):
        started = perf_counter()
        ids = ask(query)
        times.append(perf_counter() - started)
        scores = vectors[np.unique(ids)].astype(np.float64) @ query.astype(np.float64)
        slack = 1e-6 * max(1e-9, abs(floor))  # peers score in float32
        shares.append(min(1.0, np.count_nonzero(scores >= floor - slack) / min(K, len(vectors))))
    return float(np.mean(shares)), 1000 * float(np.median(times))


# -- methods ----------------------------------------------------------------------------------------------


def full_exact(vectors: np.ndarray) -> tuple[Ask, int]:
    """Score everything with BLAS, take the top."""
    k = min(K, len(vectors))
    return (lambda query: np.argpartition(-(vectors @ query), k - 1)[:k]), 0


def annoy_dot(vectors: np.ndarray, folder: Path) -> tuple[Ask, int]:
    """Annoy as its documentation has it: metric `dot`, 10 trees, search_k left alone."""
    from annoy import AnnoyIndex

    forest = AnnoyIndex(vectors.shape[1], "dot")
    forest.set_seed(1)
    for number, vector in enumerate(vectors.tolist()):
        forest.add_item(number, vector)
    forest.build(10)
    forest.save(str(folder / "dot.ann"))
    return (lambda query: np.array(forest.get_nns_by_vector(query, K))), (folder / "dot.ann").stat().st_size


def voyager_index(vectors: np.ndarray, folder: Path) -> tuple[Ask, int]:
    """Spotify's voyager, inner product, its default M and ef of construction."""
    import voyager

    index = voyager.Index(voyager.Space.InnerProduct, num_dimensions=vectors.shape[1], random_seed=1)
    index.add_items(vectors)
    index.save(str(folder / "voyager.bin"))
    k, effort = min(K, len(vectors)), min(4 * K, len(vectors))
    size = (folder / "voyager.bin").stat().st_size
    return (lambda query: index.query(query, k=k, query_ef=effort)[0].astype(np.int64)), size


def hnswlib_index(vectors: np.ndarray, folder: Path) -> tuple[Ask, int]:
    """hnswlib on l2 with one extra coordinate that gives every vector the same length."""
    import hnswlib

    norms = np.linalg.norm(vectors, axis=1)
    longer = np.column_stack((vectors, np.sqrt(np.maximum(0, norms.max() ** 2 - norms**2)))).astype(
        np.float32
    )
    index = hnswlib.Index(space="l2", dim=longer.shape[1])
    index.init_index(max_elements=len(vectors), M=16, ef_construction=200, random_seed=1)
    index.add_items(longer)
    index.set_ef(4 * K)
    index.save_index(str(folder / "hnsw.bin"))
    k = min(K, len(vectors))

    def ask(query: np.ndarray) -> np.ndarray:
        return index.knn_query(np.append(query, np.float32(0)), k=k, num_threads=1)[0][0].astype(np.int64)

    return ask, (folder / "hnsw.bin").stat().st_size


PLAIN: dict[str, Callable[[np.ndarray, Path], tuple[Ask, int]]] = {
    "annoy-dot-default": annoy_dot,
    "voyager": voyager_index,
    "hnswlib": hnswlib_index,
}


def ours(vectors: np.ndarray, queries: np.ndarray, model: str, folder: Path) -> tuple[list[Measured], Any]:
    """The norm-sorted scan and the calibrated trees. The trees are tuned on other listeners' vectors."""
    started = perf_counter()
    tuning, asked = queries[::2], queries[1::2]
    manifest = build_index(folder, vectors, tuning, seed=1)
    build_s = perf_counter() - started
    index = open_index(folder, vectors)
    floors = truth_of(vectors, asked)
    sizes = {name: record.bytes for name, record in manifest.files.items()}
    trees = sum(size for name, size in sizes.items() if name.startswith("shard"))
    scan = sum(size for name, size in sizes.items() if name.endswith(".npy"))
    lines = []
    for name, strategy, size in (("pruned-exact", "exact", scan), ("annoy-calibrated", "annoy", trees)):
        recall, ms = measure(lambda q, s=strategy: index.best(q, K, strategy=s)[0], vectors, asked, floors)
        note = (
            f"search_k {manifest.search_k} in each of {manifest.trees} trees' shards" if trees == size else ""
        )
        lines.append(Measured(name, model, recall, ms, build_s, size, note))
    related = [asdict_of(figures, model) for figures in manifest.figures if figures.kind == "nearest"]
    served = {kind: manifest.serving(kind) for kind in ("best", "nearest")}
    return lines, {"related": related, "serves": served, "index_bytes": manifest.bytes}


def asdict_of(figures: Any, model: str) -> dict[str, Any]:
    """The calibrated figures for related items, as a line of the table."""
    return {
        "name": f"{figures.strategy}-cosine",
        "model": model,
        "recall": figures.recall,
        "ms_per_query": figures.ms,
        "search_k": figures.search_k,
        "trees": figures.trees,
        "serves": figures.serves,
    }


def run(matrix: csr_matrix, peers: bool, models: list[str]) -> dict[str, Any]:
    """Measure every method on each of `models`."""
    report: dict[str, Any] = {
        "items": matrix.shape[1],
        "listeners": matrix.shape[0],
        "nnz": int(matrix.nnz),
        "k": K,
    }
    lines: list[Measured] = []
    report.update(related=[], models=[], skipped=[])
    if not peers:
        report["skipped"] += ["voyager: left out by --no-peers", "hnswlib: left out by --no-peers"]
    for model in models:
        regularization = REGULARIZATIONS[model]
        started = perf_counter()
        vectors, queries = trained(matrix, regularization)
        seconds = perf_counter() - started
        narrate(f"{model}: trained in {seconds:.0f} s")
        with tempfile.TemporaryDirectory() as folder:
            own, more = ours(vectors, queries, model, Path(folder))
        asked = queries[1::2]
        lines += [*others(vectors, asked, model, peers, report["skipped"]), *own]
        report["related"] += more.pop("related")
        report["models"].append(
            {
                "model": model,
                "regularization": regularization,
                "train_s": seconds,
                **norm_spread(vectors),
                **more,
            }
        )
    report["methods"] = [asdict(line) for line in lines]
    return report


def others(
    vectors: np.ndarray, asked: np.ndarray, model: str, peers: bool, skipped: list[str]
) -> Iterator[Measured]:
    """The full scan and every peer that is installed; the rest is named in `skipped`."""
    floors = truth_of(vectors, asked)
    ask, size = full_exact(vectors)
    recall, ms = measure(ask, vectors, asked, floors)
    yield Measured("full-exact", model, recall, ms, 0.0, size)
    for name, make in PLAIN.items():
        if not peers and name in ("voyager", "hnswlib"):
            continue
        with tempfile.TemporaryDirectory() as folder:
            started = perf_counter()
            try:
                ask, size = make(vectors, Path(folder))
            except ImportError as error:
                skipped.append(f"{name}: {error}")
                continue
            build_s = perf_counter() - started
            recall, ms = measure(ask, vectors, asked, floors)
        narrate(f"{model}: {name} {recall:.3f} {ms:.3f} ms, built in {build_s:.0f} s")
        yield Measured(name, model, recall, ms, build_s, size)


def norm_spread(vectors: np.ndarray) -> dict[str, float]:
    """Quantiles of the item norms, relative to the median."""
    norms = np.linalg.norm(vectors, axis=1)
    middle = float(np.median(norms)) or 1.0
    return {"norm_p99": float(np.quantile(norms, 0.99)) / middle, "norm_max": float(norms.max()) / middle}


def narrate(text: str) -> None:
    """One line of progress on standard error."""
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--items", type=int, default=130_000)
    parser.add_argument("--data", type=Path, help="the HetRec folder, in place of generated listeners")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--model", choices=["lightly", "heavily", ""], default="", help="one of the two models"
    )
    parser.add_argument("--no-peers", action="store_true", help="leave out voyager and hnswlib")
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of a table")
    options = parser.parse_args()
    if options.items < 1_000:
        parser.error("--items must be at least 1000")
    matrix = hetrec(options.data) if options.data else community(options.items, options.seed)
    models = [model for model in REGULARIZATIONS if model.startswith(options.model)]
    report = run(matrix, not options.no_peers, models)
    if options.json:
        print(json.dumps(report, indent=1))
        return
    for line in report["methods"]:
        print(
            "{name:20} {model:22} recall {recall:.4f}  {ms_per_query:8.3f} ms  {bytes:>12,} bytes".format(
                **line
            )
        )


if __name__ == "__main__":
    main()
