"""Backtest: how good Discover would have been for this person.

It looks at their plays up to a day and guesses what came new. The half-life under which the guesses were best is then
the one Discover uses, where it is clearly better than none.

The history is cut at the ends of its last few quarters. For each cut the taste is what was played before; what
counts is which artists, or tracks, the person played for the first time in the ninety days after it. Beside Discover
stand the community's most played, item neighbours (cosines of who plays what), and Discover with plays that decay by
half-lives. A cut after which nothing new was played says nothing and is left out.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from statistics import mean
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from engine.errors import NothingYetError
from engine.evaluation.baselines import item_cosine
from engine.evaluation.metrics import evaluate
from engine.progress import Share, in_steps, silent
from engine.recommend.discover import Recommender
from engine.taste.gate import DatedTaste, Window, read_taste
from engine.taste.when_played import first_plays
from engine.training.artifact import Model

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

QUARTER = 90 * 86_400
CUTS = 4
K = 20
HALF_LIVES = (90.0, 180.0, 365.0, 730.0)
NDCG = f"ndcg@{K}"
DISCOVER, POPULARITY, NEIGHBOURS = "Discover", "popularity", "item neighbours"


# A half-life is taken where it raises the mean nDCG by this share and more single cuts than it lowers, and where
# there were at least so many new artists to guess.
GAIN, MIN_NEW = 0.05, 10


class Cut(msgspec.Struct, frozen=True):
    """One look back: plays before `at` (seconds UTC) were seen; of what the model knows so much was `known` then, and
    so much came `new` after."""

    at: int
    known: int
    new: int


class Backtest(msgspec.Struct, frozen=True):
    """Mean recall, nDCG and MAP at 20 over the cuts by method, and the half-life in days that is best, if any is."""

    cuts: tuple[Cut, ...]
    methods: dict[str, dict[str, float]]
    half_life: float | None


def backtest(
    model: Model, connection: sqlite3.Connection, community: csr_matrix | None, progress: Share = silent
) -> Backtest:
    """Discover measured on the person's own past.

    `community` is the (listeners, items) CSR matrix the model was trained on, its columns the model's items; without
    it item neighbours are not among the methods.
    Raises NothingYetError when no cut has both a past the model knows and something new after it.
    """
    from scipy.sparse import csr_matrix

    cuts, known, new = _cuts(model, connection)
    train, test = (
        csr_matrix(
            (np.ones(sum(map(len, lists)), dtype=np.float32), _cells(lists)),
            shape=(len(cuts), len(model.listeners)),
        )
        for lists in (known, new)
    )
    scored = in_steps(progress, 1 + len(HALF_LIVES))
    methods = {DISCOVER: _scores(model, connection, cuts, None)}
    scored()
    methods[POPULARITY] = np.tile(model.listeners.astype(np.float32), (len(cuts), 1))
    if community is not None:
        methods[NEIGHBOURS] = _by_neighbours(community, train)
    decayed = {_with_half_life(days): days for days in HALF_LIVES}
    for name, days in decayed.items():
        methods[name] = _scores(model, connection, cuts, days)
        scored()
    each = {
        name: [_measured(scores, train, test, cut) for cut in range(len(cuts))]
        for name, scores in methods.items()
    }
    half_life = None
    if sum(map(len, new)) >= MIN_NEW:
        half_life = _best_half_life(
            [run[NDCG] for run in each[DISCOVER]],
            {days: [run[NDCG] for run in each[name]] for name, days in decayed.items()},
        )
    return Backtest(
        tuple(Cut(at, len(before), len(after)) for at, before, after in zip(cuts, known, new, strict=True)),
        {name: {key: mean(run[key] for run in runs) for key in runs[0]} for name, runs in each.items()},
        half_life,
    )


def _by_neighbours(community: csr_matrix, train: csr_matrix) -> np.ndarray:
    """Scores at each cut (cuts, items), from the community and only what the person had played before that cut: their
    later rows would give away what comes."""
    from scipy.sparse import vstack

    last = np.array([community.shape[0]])
    return np.concatenate(
        [item_cosine(vstack([community, train[cut]], format="csr"))(last) for cut in range(train.shape[0])]
    )


def _with_half_life(days: float) -> str:
    return f"{DISCOVER}, half-life {days:g} days"


def _measured(scores: np.ndarray, train: csr_matrix, test: csr_matrix, cut: int) -> dict[str, float]:
    return evaluate(lambda ids: scores[ids].copy(), train, test, k=K, listeners=np.array([cut]))


def _best_half_life(plain: list[float], decayed: dict[float, list[float]]) -> float | None:
    """The half-life with the best mean, null where it does not clearly beat counting all plays alike."""
    days = max(decayed, key=lambda days: mean(decayed[days]))
    gains = [after - before for before, after in zip(plain, decayed[days], strict=True)]
    better, worse = sum(gain > 0 for gain in gains), sum(gain < 0 for gain in gains)
    return days if mean(decayed[days]) >= (1 + GAIN) * mean(plain) and better > worse else None


def _cells(lists: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    rows = np.repeat(np.arange(len(lists)), [len(ids) for ids in lists])
    return rows, np.concatenate(lists)


def _cuts(
    model: Model, connection: sqlite3.Connection
) -> tuple[list[int], list[np.ndarray], list[np.ndarray]]:
    """Times, items known before each, and items first played in the quarter after it."""
    level = model.manifest.level
    taste = read_taste(connection, level=level)
    found = model.catalog.ids_of([item.key for item in taste.items])
    first = {found[key]: start for key, start in first_plays(connection, level).items() if key in found}
    latest = max((item.last_played or 0 for item in taste.items), default=0)
    cuts, known, new = [], [], []
    for number in range(CUTS, 0, -1):
        at = latest + 1 - number * QUARTER
        before = np.array(sorted(item for item, start in first.items() if start < at), dtype=np.int64)
        after = np.array(
            sorted(item for item, start in first.items() if at <= start < at + QUARTER), dtype=np.int64
        )
        if len(before) and len(after):
            cuts.append(at)
            known.append(before)
            new.append(after)
    if not cuts:
        raise NothingYetError(
            "In no quarter of a year did you play something new that is in the community data. Import "
            "more of your history, with dates, and try again."
        )
    return cuts, known, new


def _scores(
    model: Model, connection: sqlite3.Connection, cuts: Sequence[int], half_life: float | None
) -> np.ndarray:
    """Every item's score at each cut: (cuts, items) float64."""
    level = model.manifest.level
    return np.stack(
        [
            Recommender.of(
                model,
                DatedTaste(read_taste(connection, Window(until=at, half_life=half_life), level=level)),
            ).scores_of_new()
            for at in cuts
        ]
    )
