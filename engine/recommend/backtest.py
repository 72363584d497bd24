"""Backtest: how good Discover would have been for this person.

It predicts the new artists of a quarter from the plays before it. The history is cut before each of its last quarters
that brought anything new, however long ago they were. For each cut the taste is what was played before; a hit is an
artist, or track, the person played for the first time in the ninety days after it; any later time is counted
separately. Measured are the first 50 of Discover as it is served, and with plays that decay by several half-lives,
beside the community's most played and two forms of item neighbours: cosines of binary plays and of log plays.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import NothingYetError
from engine.evaluation.baselines import ScoresOf, item_cosine
from engine.evaluation.metrics import NOTHING, accuracy, hits_of, top_items
from engine.progress import Share, in_steps, silent
from engine.recommend.discover import Recommender
from engine.recommend.hindsight import (
    COSINE,
    DISCOVER,
    LENGTHS,
    NEIGHBOURS,
    POPULARITY,
    Backtest,
    Comparison,
    Cut,
    Measures,
    half_life_taken,
    with_half_life,
)
from engine.recommend.listener import Ids
from engine.recommend.rankings import USUAL, Ranking
from engine.recommend.settings import DEFAULTS, DiscoverSettings
from engine.taste.gate import DatedTaste, Taste, Window, read_dated_taste, read_taste
from engine.taste.when_played import first_plays, holds_counts_for_taste
from engine.training.artifact import Model

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

QUARTER = 90 * 86_400
# The last two years, if each quarter brought something new.
MAX_CUTS = 8
# A history of less than five quarters is cut into five parts, none shorter than a week.
PARTS, MIN_QUARTER = 5, 7 * 86_400
HALF_LIVES = (90.0, 180.0, 365.0, 730.0)


@dataclass(frozen=True, eq=False)
class _Past:
    """One cut: the list of each form of Discover, what no list may contain, and the new items.

    `own` are the items that count for the taste then, with their `weights`; `new` came in the quarter, `later` at any
    later time. All are ids.
    """

    at: int
    until: int
    own: Ids
    weights: np.ndarray
    known: int
    excluded: Ids
    new: Ids
    later: Ids
    listed: dict[str, Ids] = field(default_factory=dict)


def backtest(
    model: Model,
    connection: sqlite3.Connection,
    community: csr_matrix | None,
    progress: Share = silent,
    also: Mapping[str, DiscoverSettings] | None = None,
    ranking: Ranking = USUAL,
) -> Backtest:
    """Measure Discover with this `ranking` over its `model` on the person's own history.

    `community` is the (listeners, items) CSR matrix the model was trained on, its columns the model's items; without it
    item neighbours are not among the methods. `also` are other settings to measure Discover under, by name. Raises
    NothingYetError if no cut has both a past the model knows and something new after it.
    """
    listed = in_steps(progress, MAX_CUTS)
    pasts: list[_Past] = []
    asked = ranking.of(replace(DEFAULTS, n=LENGTHS[-1]))
    for past, recommender in _pasts(model, connection, ranking.weights):
        past.listed[DISCOVER] = _padded(recommender.ranked(asked))
        for name, settings in (also or {}).items():
            past.listed[name] = _padded(recommender.ranked(ranking.of(replace(settings, n=asked.n))))
        for days in HALF_LIVES:
            past.listed[with_half_life(days)] = _padded(recommender.with_decay(days).ranked(asked))
        pasts.insert(0, past)
        listed()
    if not pasts:
        raise NothingYetError(
            "Nothing to measure: nothing that is in the community data came new after a span of dated plays that could "
            "have predicted it. Import more of your history, with dates, and try again."
        )
    progress(1.0)  # there may be fewer quarters
    lists = {name: np.stack([past.listed[name] for past in pasts]) for name in pasts[0].listed}
    forms = tuple(lists)
    lists |= _baselines(model, pasts, community)
    new, later = (
        _rows(model, which, None) for which in ([past.new for past in pasts], [past.later for past in pasts])
    )
    cuts = tuple(Cut(past.at, past.until, past.known, len(past.new), len(past.later)) for past in pasts)
    hit = {name: _hit(top, pasts) for name, top in lists.items()}
    following = {name: _measured(top, new) for name, top in lists.items()}
    return Backtest(
        cuts,
        following,
        {name: _measured(top, later) for name, top in lists.items()},
        {
            form: {name: _compared(hit[form], hit[name]) for name in lists if name not in forms}
            for form in forms
        },
        half_life_taken(cuts, following, HALF_LIVES),
        holds_counts_for_taste(connection),
        ranking.name,
    )


def _compared(one: np.ndarray, other: np.ndarray) -> Comparison:
    """Hits of one method but not the other, on the same artists."""
    return Comparison(int((one & ~other).sum()), int((other & ~one).sum()))


def _pasts(
    model: Model, connection: sqlite3.Connection, weights: Mapping[str, float] | None
) -> Iterator[tuple[_Past, Recommender]]:
    """The last quarters that brought anything new, the latest first, each with Discover as it was before it."""
    level = model.manifest.level
    whole = read_taste(connection, level=level)
    first = first_plays(connection, level)
    found = model.catalog.ids_of([item.key for item in whole.items])
    ids = np.array([found[key] for key in first if key in found], dtype=np.int64)
    starts = np.array([first[key] for key in first if key in found], dtype=np.int64)
    dated = starts[starts > 0]
    if not len(dated):
        return
    latest = max(item.last_played or 0 for item in whole.items)
    quarter = min(QUARTER, max(MIN_QUARTER, (latest - int(dated.min())) // PARTS))
    until, cuts = int(dated.max()) + 1, 0
    while cuts < MAX_CUTS:
        at = until - quarter
        try:
            recommender = _as_of(model, connection, whole, first, at, weights)
        except NothingYetError:  # nor was there anything before
            return
        listener = recommender.listener
        known = np.array(sorted(listener.known), dtype=np.int64)
        excluded = np.union1d(known, recommender.ranker.candidates.unwanted)
        coming = ~np.isin(ids, excluded)
        new = np.unique(ids[coming & (starts >= at) & (starts < until)])
        later = np.unique(ids[coming & (starts >= at)])
        if len(new):
            cuts += 1
            past = _Past(at, until, listener.ids, listener.weights, len(known), excluded, new, later)
            yield past, recommender
        before = starts[(starts > 0) & (starts < at)]
        if not len(before):
            return
        until = int(before.max()) + 1


def _as_of(
    model: Model,
    connection: sqlite3.Connection,
    whole: Taste,
    first: dict[str, int],
    at: int,
    weights: Mapping[str, float] | None,
) -> Recommender:
    """Discover as it was `at` a time; undated plays and kept tracks count as earlier."""
    own = read_dated_taste(connection, Window(until=at), level=model.manifest.level)
    known = whole.of_items(item for item in whole.items if first.get(item.key, 0 if item.kept else at) < at)
    return Recommender.of(model, own, DatedTaste(known), weights=weights)


def _padded(ids: Ids) -> Ids:
    """A list padded to its full length."""
    return np.concatenate([ids, np.full(LENGTHS[-1] - len(ids), NOTHING, dtype=np.int64)])


def _baselines(model: Model, pasts: Sequence[_Past], community: csr_matrix | None) -> dict[str, np.ndarray]:
    """Each baseline's list at each cut, without the excluded items: (cuts, n)."""
    listeners = model.listeners.astype(np.float32)
    # One after the other: each copies the community's plays.
    methods: dict[str, Callable[[], ScoresOf]] = {
        POPULARITY: lambda: lambda cuts: np.tile(listeners, (len(cuts), 1))
    }
    if community is not None:
        # From plays before each cut only: later plays would leak what comes.
        own = _rows(model, [past.own for past in pasts], [past.weights for past in pasts])
        methods[NEIGHBOURS] = lambda: item_cosine(community, own)
        methods[COSINE] = lambda: item_cosine(community, own, log=True)
    excluded, every = _rows(model, [past.excluded for past in pasts], None), np.arange(len(pasts))
    return {name: top_items(method(), excluded, every, LENGTHS[-1]) for name, method in methods.items()}


def _rows(model: Model, ids: Sequence[Ids], values: Sequence[np.ndarray] | None) -> csr_matrix:
    """(cuts, items) with `values`, else ones, at each cut's ids."""
    from scipy.sparse import csr_matrix

    rows = np.repeat(np.arange(len(ids)), [len(one) for one in ids])
    columns = np.concatenate(ids)
    data = np.ones(len(rows)) if values is None else np.concatenate(values)
    return csr_matrix((data.astype(np.float32), (rows, columns)), shape=(len(ids), model.catalog.size))


def _hit(top: np.ndarray, pasts: Sequence[_Past]) -> np.ndarray:
    """For all that came in the quarters, one after the other, whether it was listed: (new,) bool."""
    return np.concatenate([np.isin(past.new, row) for past, row in zip(pasts, top, strict=True)])


def _measured(top: np.ndarray, test: csr_matrix) -> tuple[Measures, ...]:
    """One method's hits, recall, nDCG and MAP at each length of its lists, cut by cut."""
    hits, found = hits_of(top, test), []
    for cut in range(len(top)):
        one = np.array([cut])
        measures: Measures = {}
        for k in LENGTHS:
            measures |= {f"hits@{k}": float(hits[cut, :k].sum()), **accuracy(top[one, :k], test, one, k)}
        found.append(measures)
    return tuple(found)
