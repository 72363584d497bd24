"""Milliseconds from a turned dial to the new list, at the size of a large community.

    python -m tests.benchmarks.rerank --items 130000 --json

A made-up model of that many artists, or with `--level tracks` tracks, and a listener of 500 of them, as the app holds
them in memory: the person is folded in and candidates are gathered once. Each dial is turned to `--turns` places and
the list of 200 reranked: `ms_median` and `ms_p95` over all turns, `rank_ms` the median by dial. `ms` has names and
reasons by group worked out as well, `ms_in_sight` those of the first 40 rows, as the app asks for while a dial turns.
`recency` folds the person in again. The peer is the plain way: score everything, add the lean, sort, take 200.
Everything is measured on one BLAS thread, as in the app, in `--rounds` turns about, peer and dials one after the other;
of a dial's rounds the quickest counts, since what else the machine does only ever adds. `load` is its load at the end.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

# As the app has it (`tuiapp.__main__`); read when NumPy is loaded.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np
from scipy.sparse import csr_matrix

from engine.canonical_keys import SEPARATOR, Level
from engine.privacy import Door
from engine.recommend.discover import Recommender
from engine.recommend.settings import DiscoverSettings
from engine.store.database import open_library
from engine.taste.gate import read_dated_taste
from engine.training.artifact import open_model
from tests.support.listens import play
from tests.support.models import names, tracks, write_model

N, IN_SIGHT, LISTENERS = 200, 40, 10_000
DAY = 86_400
PEER = "plain sort"
Timings = dict[str, list[float]]
WEIGHTS = {"factors": 0.3, "closeness": 0.35, "neighbours": 0.25, "artist": 0.2, "popularity": -0.1}


def community(items: int, rng: np.random.Generator) -> csr_matrix:
    """Plays of 10,000 listeners, 130 artists each, the popular ones by most."""
    listener = np.repeat(np.arange(LISTENERS), 130)
    item = np.minimum((rng.pareto(0.6, len(listener)) * 20).astype(np.int64), items - 1)
    return csr_matrix((np.ones(len(listener), dtype=np.float32), (listener, item)), (LISTENERS, items))


def timed(action: Callable[[Any], object], places: list[Any]) -> list[float]:
    action(places[0])
    taken = []
    for place in places:
        began = perf_counter()
        action(place)
        taken.append((perf_counter() - began) * 1e3)
    return taken


def quickest(actions: dict[str, Callable[[Any], object]], places: list[Any], rounds: int) -> Timings:
    """Each action's times in its quickest round; a round does them all once."""
    found = [{name: timed(action, places) for name, action in actions.items()} for _ in range(rounds)]
    return {name: min((each[name] for each in found), key=median) for name in actions}


def measure(items: int, level: Level, turns: int, rounds: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        rng = np.random.default_rng(0)
        folders = write_model(
            Path(folder), level=level, items=items, factors=40, plays=community(items, rng), ensemble=WEIGHTS
        )
        connection = open_library(Door(folders))
        called = names(items) if level == "artists" else tracks(items)
        for number in rng.choice(items, 500, replace=False).tolist():
            artist, _, title = called[number].partition(SEPARATOR)
            play(connection, artist, title or "A Song", *(int(at) for at in rng.integers(0, 900 * DAY, 4)))
        model = open_model(folders, level)
        report = _report(Recommender.of(model, read_dated_taste(connection, level=level)), turns, rounds)
        connection.close()
        model.close()
    return {"items": items, "level": level, "own": 500, "n": N, **report}


def _report(recommender: Recommender, turns: int, rounds: int) -> dict[str, Any]:
    dials: dict[str, Callable[[float], tuple[Recommender, DiscoverSettings]]] = {
        "popularity": lambda at: (recommender, DiscoverSettings(n=N, popularity=2 * at - 1)),
        "familiarity": lambda at: (recommender, DiscoverSettings(n=N, familiarity=at)),
        "variety": lambda at: (recommender, DiscoverSettings(n=N, variety=at)),
        "recency": lambda at: (recommender.with_decay(30.0 + 700.0 * at), DiscoverSettings(n=N)),
    }

    def ranked(dial: str, at: float) -> object:
        turned, settings = dials[dial](at)
        return turned.ranked(settings)

    def whole(dial: str, at: float) -> object:
        turned, settings = dials[dial](at)
        return turned.discover(settings)

    def in_sight(dial: str, at: float) -> object:
        turned, settings = dials[dial](at)
        return turned.discover(settings, reasons=IN_SIGHT)

    factors = recommender.model.factors.item_factors
    known_by = np.log1p(recommender.model.listeners.astype(np.float64))
    vector = recommender.listener.folded.factors.vector.astype(np.float32)

    def plainly(at: float) -> object:
        scores = (factors @ vector).astype(np.float64)
        return np.argsort(-(scores / scores.std() + (2 * at - 1) * known_by / known_by.std()))[:N]

    places = np.linspace(0, 1, turns).tolist()
    rank = quickest({PEER: plainly} | {dial: partial(ranked, dial) for dial in dials}, places, rounds)
    peer = rank.pop(PEER)
    every = sorted(itertools.chain.from_iterable(rank.values()))
    first = quickest({dial: partial(in_sight, dial) for dial in dials}, places, rounds)
    listed = quickest({dial: partial(whole, dial) for dial in dials}, places, rounds)
    return {
        "ms_median": median(every),
        "ms_p95": every[int(0.95 * len(every))],
        "rank_ms": {name: median(taken) for name, taken in rank.items()},
        "ms_in_sight": {name: median(taken) for name, taken in first.items()},
        "ms": {name: median(taken) for name, taken in listed.items()},
        "peer_ms": median(peer),
        "load": os.getloadavg()[0],
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--items", type=int, default=130_000)
    parser.add_argument("--level", choices=["artists", "tracks"], default="artists")
    parser.add_argument("--turns", type=int, default=21)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    report = measure(arguments.items, arguments.level, arguments.turns, arguments.rounds)
    print(json.dumps(report, indent=None if arguments.json else 2))


if __name__ == "__main__":
    main()
