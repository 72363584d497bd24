"""Why: every share in one score, and the rank an item would have without the strongest reasons."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from engine.canonical_keys import artist_of
from engine.errors import UnknownNameError
from engine.model.ensemble import blend_over
from engine.recommend.discover import Recommender, share_of
from engine.recommend.listener import TAGS, Floats, Ids
from engine.recommend.lists import Explanation, Share, WhatIf
from engine.recommend.ranker import Ranker, by_member
from engine.recommend.settings import DEFAULTS, DiscoverSettings
from engine.wording import credited, learned_from

WHAT_IFS = 5


def explain(recommender: Recommender, key: str, settings: DiscoverSettings = DEFAULTS) -> Explanation:
    """Every share in one item's score, and its rank without each of the strongest reasons.

    Raises UnknownNameError if the model does not know the item.
    """
    model, ranker, reasons = recommender.model, recommender.ranker, recommender.reasons
    solo = model.manifest.solo
    number = model.catalog.ids_of([key]).get(key)
    if number is None:
        raise UnknownNameError(f"Not in {learned_from(solo=solo)}, so it can't be scored.")
    item = model.catalog.items([number])[number]
    one = np.array([number], dtype=np.int64)
    found = ranker.reasons(one, settings.day)
    row = found.shares[0]
    # Its own plays count towards it, but are not shown as a reason.
    itself = recommender.listener.ids == number
    order = np.argsort(-row, kind="stable")
    # If in sum they count against it, there is no reason.
    order = order[~itself[order] & (row[order] != 0.0)]
    known, (new, familiar) = recommender.sides(settings)
    pool, scores = familiar if solo or number in known else new
    last = reasons[int(order[0])] if len(order) else None
    mine = recommender.listener.known.get(number)
    strongest: list[int] = order[:WHAT_IFS].tolist()
    # Without community evidence an item leaves the list; in solo mode all are ranked.
    least = -np.inf if solo else 0.0
    rank = _rank(number, pool, scores, least)
    shuffled = ranker.shuffled(pool, settings.day)
    ranks = [
        _rank(number, pool, fewer + shuffled, least)
        for fewer in _scored_without(ranker, strongest, recommender.listener.ids, pool)
    ]
    return Explanation(
        artist=item.artist,
        track=item.track,
        score=float(found.parts.sum()),
        rank=rank,
        listeners=item.listeners,
        plays=int(mine.plays) if mine else 0,
        shares=tuple(
            share_of(reasons[i], share) for i, share in zip(order.tolist(), row[order].tolist(), strict=True)
        ),
        itself=float(row[itself].sum()),
        tastes=ranker.groups.shares(one, found.contributions, found.personal)[0],
        # As if the person had never played it: a rank-one update.
        without=tuple(
            WhatIf(reasons[i].name, reasons[i].track, after)
            for i, after in zip(strongest, ranks, strict=True)
            if after != rank
        ),
        tags=tuple(model.catalog.tags(number, TAGS)),
        members=by_member(found.by_member[0].tolist(), solo=solo),
        own=ranker.own_plays(one, settings.day)[0],
        last_alike=(credited(last.name, last.track), last.last_played)
        if last and last.last_played is not None
        else None,
    )


def _scored_without(ranker: Ranker, indexes: Sequence[int], own: Ids, pool: Ids) -> Iterator[Floats]:
    """For each of a listener's items by index into `own`: the scores of the `pool` had it never been played, in the
    spreads of its candidates then, among which it is itself."""
    folded, usual = ranker.folded, ranker.candidates.usual
    ids = np.unique(np.concatenate([pool, usual, own[indexes]]))
    rows = np.searchsorted(ids, pool)
    gathered = folded.members.gather(ids, folded.neighbours)
    for index, raw in zip(indexes, folded.without(indexes, gathered), strict=True):
        counted = np.searchsorted(ids, np.union1d(usual, own[index]))
        yield blend_over(raw[counted], ranker.weights).scores(raw[rows])


def contributions_of(
    recommender: Recommender, key: str, settings: DiscoverSettings = DEFAULTS
) -> tuple[Share, ...]:
    """The listed items that one of the person's artists counts towards, with its share in each score, descending."""
    places = [
        number for number, item in enumerate(recommender.reasons) if key in (item.key, artist_of(item.key))
    ]
    ids = recommender.ranked(settings)
    if not places or not len(ids):
        return ()
    shares = recommender.ranker.reasons(ids, settings.day).shares[:, places].sum(axis=1)
    order = np.argsort(-shares, kind="stable")
    found = recommender.model.catalog.items(ids.tolist())
    names = [found[int(ids[i])] for i in order]
    return tuple(Share(one.artist, float(shares[i]), one.track) for one, i in zip(names, order, strict=True))


def _rank(number: int, pool: Ids, scores: Floats, least: float) -> int | None:
    """1-based rank of an item by score within the pool; null if it is not there or its score is not above `least`."""
    where = np.flatnonzero(pool == number)
    if not len(where) or scores[where[0]] <= least:
        return None
    return int((scores > scores[where[0]]).sum()) + 1
