"""Measures every strategy on real queries, tunes the trees to a recall, and picks the one that serves.

Which index wins flips with the distribution of norms and the size of the catalog, so nothing is assumed:
the truth is the exact scan, half of the queries tune `search_k`, and the other half give the figures that are
kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from engine.index.annoy_trees import CALIBRATED_K, Trees
from engine.index.manifest import Figures, Kind
from engine.index.norm_scan import NormOrder
from engine.index.scores import EMPTY, Ids, Result
from engine.progress import Share, in_steps, silent

TARGET_RECALL = 0.95
# The target must hold for listeners not asked here: it is held against the mean less this many standard errors.
_STANDARD_ERRORS = 3.0
# Trees must be clearly quicker, by share and by milliseconds, to be preferred to a search that misses
# nothing.
_QUICKER_SHARE = 0.8
_QUICKER_MS = 0.2
# How often each query is likely to be asked: once exactly, the rest while `search_k` is looked for.
_FORESEEN = 6

Ask = Callable[[int], Result]
AskTrees = Callable[[int, int], Result]


@dataclass(frozen=True)
class Questions:
    """The two kinds of question, as functions of a query's number, and how many queries there are."""

    kind: Kind
    count: int
    k: int
    exact: Ask
    trees: AskTrees
    largest_search_k: int


def best_questions(items: NormOrder, trees: Trees, queries: NDArray[np.float64], largest: int) -> Questions:
    """Discover: the largest inner products with listeners' vectors (q, f)."""
    k = min(CALIBRATED_K, len(items.order))
    nobody = EMPTY[0]
    return Questions(
        kind="best",
        count=len(queries),
        k=k,
        exact=lambda number: items.best(queries[number : number + 1], k, nobody)[0],
        trees=lambda number, search_k: trees.best(queries[number], k, nobody, search_k),
        largest_search_k=largest,
    )


def nearest_questions(items: NormOrder, trees: Trees, places: Ids, largest: int) -> Questions:
    """Related: the largest cosines with the items at `places`, without the item itself."""
    k = max(1, min(CALIBRATED_K, items.with_direction - 1))

    def vector(number: int) -> NDArray[np.float64]:
        row: NDArray[np.float64] = items.factors[places[number]].astype(np.float64)
        return row

    def itself(number: int) -> Ids:
        return items.order[places[number] : places[number] + 1]

    return Questions(
        kind="nearest",
        count=len(places),
        k=k,
        exact=lambda number: items.nearest(vector(number), k, itself(number)),
        trees=lambda number, search_k: trees.nearest(vector(number), k, itself(number), search_k),
        largest_search_k=largest,
    )


def calibrate(questions: Questions, trees: int, progress: Share = silent) -> list[Figures]:
    """Figures of the exact search and of the calibrated trees, one of them marked as serving."""
    # Who reports takes no part in what is timed.
    timed, asked = questions, in_steps(progress, _FORESEEN * questions.count)

    def exact(number: int) -> Result:
        asked()
        return timed.exact(number)

    def found(number: int, search_k: int) -> Result:
        asked()
        return timed.trees(number, search_k)

    questions = replace(timed, exact=exact, trees=found)
    truth = [questions.exact(number)[1] for number in range(questions.count)]
    tuning = list(range(0, questions.count, 2))
    testing = list(range(1, questions.count, 2)) or tuning
    search_k = _tune(questions, truth, tuning)
    shares = _shares(questions, truth, testing, search_k)
    while not _surely_enough(shares) and search_k < questions.largest_search_k:
        search_k = min(search_k + search_k // 4 + 1, questions.largest_search_k)
        shares = _shares(questions, truth, testing, search_k)
    recall = float(shares.mean())
    exact_ms = _milliseconds(timed.exact, testing)
    trees_ms = _milliseconds(lambda number: timed.trees(number, search_k), testing)
    progress(1.0)
    quicker = trees_ms < min(_QUICKER_SHARE * exact_ms, exact_ms - _QUICKER_MS)
    trees_win = recall >= TARGET_RECALL and quicker
    return [
        Figures(
            kind=questions.kind,
            strategy="exact",
            k=questions.k,
            queries=len(testing),
            recall=1.0,
            ms=exact_ms,
            search_k=0,
            trees=0,
            serves=not trees_win,
        ),
        Figures(
            kind=questions.kind,
            strategy="annoy",
            k=questions.k,
            queries=len(testing),
            recall=recall,
            ms=trees_ms,
            search_k=search_k,
            trees=trees,
            serves=trees_win,
        ),
    ]


def _tune(questions: Questions, truth: list[NDArray[np.float32]], numbers: list[int]) -> int:
    """The smallest `search_k` found that reaches the recall, by doubling and then bisection."""
    low, high = questions.k, questions.k

    def enough(search_k: int) -> bool:
        return _surely_enough(_shares(questions, truth, numbers, search_k))

    while high < questions.largest_search_k and not enough(high):
        low, high = high, min(2 * high, questions.largest_search_k)
    for _ in range(3):
        middle = (low + high) // 2
        if middle in (low, high):
            break
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def _shares(
    questions: Questions, truth: list[NDArray[np.float32]], numbers: list[int], search_k: int
) -> NDArray[np.float64]:
    """Share of the true best that the trees find, by query; one tied with the last true one counts as found."""
    shares = []
    for number in numbers:
        best = truth[number]
        if len(best):
            found = questions.trees(number, search_k)[1]
            shares.append(min(1.0, np.count_nonzero(found >= best[-1]) / len(best)))
    return np.array(shares or [1.0])


def _surely_enough(shares: NDArray[np.float64]) -> bool:
    error = float(shares.std()) / float(np.sqrt(len(shares)))
    return float(shares.mean()) - _STANDARD_ERRORS * error >= TARGET_RECALL


def _milliseconds(ask: Callable[[int], object], numbers: list[int]) -> float:
    """Median wall-clock milliseconds a query."""
    times = []
    for number in numbers:
        started = perf_counter()
        ask(number)
        times.append(perf_counter() - started)
    return 1000 * float(np.median(times)) if times else 0.0
