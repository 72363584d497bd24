"""Related artists: from the index and from shared listeners, with the person's plays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine import defaults
from engine.model.similarity import LISTENERS, Floats, Ids, ItemSimilarity, with_support
from engine.recommend.joint_credits import with_parts
from engine.recommend.lists import RelatedArtist, RelatedList
from engine.taste.gate import DatedTaste, Taste
from engine.training.artifact import Model
from engine.wording import quantity

# Minimum candidates of each kind, and candidates per row of the list: the nearest in factors include many items with
# the same single listener.
CANDIDATES, CANDIDATES_EACH = 200, 4
# Below this many listeners, only what these few play is known of an item.
FEW = 2


def candidates_for(n: int) -> int:
    """The number of candidates of each kind for a list of `n`."""
    return max(CANDIDATES, CANDIDATES_EACH * n)


def most_alike(
    similarity: ItemSimilarity, listeners: NDArray[np.int32], item: int, near: Ids, n: int, excluded: Ids
) -> tuple[Ids, Floats]:
    """Ids of the `n` items most similar to `item`, best first, and their similarity: (at most n,) each.

    From those `near` in factors and those most played together, without the `excluded`; ordered by similarity
    discounted for few `listeners` (items,).
    """
    together = similarity.most_together(item, candidates_for(n))
    candidates = np.setdiff1d(np.union1d(near, together), [*excluded.tolist(), item])
    alike = similarity.of(item, candidates)
    best = np.lexsort((candidates, -with_support(alike, listeners[candidates])))[:n]
    return candidates[best], alike[best]


def related_artists(model: Model, taste: Taste, item: int, n: int = defaults.LENGTH) -> RelatedList:
    """The `n` artists most similar to item `item` (`model.similarity`), without those blocked or excluded by rules."""
    unwanted = model.catalog.ids_meant(taste.blocked | taste.left_out)
    excluded = np.array(sorted(unwanted), dtype=np.int64)
    near, _ = model.index.nearest(item, candidates_for(n), exclude=excluded)
    ids, similarity = most_alike(model.similarity, model.listeners, item, near, n, excluded)
    items = model.catalog.items([item, *(int(number) for number in ids)])
    skipped = model.catalog.ids_meant(taste.only_skipped)
    known = with_parts(model.catalog, DatedTaste(taste)).taste
    mine = _plays_of(model, known, [int(number) for number in (item, *ids)])
    in_common = _in_common(model, item, ids)
    source = items[item]
    return RelatedList(
        artist=source.name,
        key=source.key,
        listeners=source.listeners,
        plays=mine.get(item, 0),
        solo=model.manifest.solo,
        items=tuple(
            RelatedArtist(
                rank=rank + 1,
                artist=items[int(number)].name,
                key=items[int(number)].key,
                similarity=float(similarity[rank]),
                listeners=items[int(number)].listeners,
                in_common=in_common[rank],
                plays=mine.get(int(number), 0),
                known=mine.get(int(number), 0) > 0 or int(number) in skipped,
            )
            for rank, number in enumerate(ids)
        ),
        note=_little_known(source.listeners, solo=model.manifest.solo),
        sampled=_sampled(model),
    )


def _in_common(model: Model, item: int, ids: Ids) -> list[int | None]:
    """Listeners in common with each of `ids`; null where they are not known: those whose listens a model keeps are of
    many a sample, which may have none of an item's, and none of what joined since."""
    listens = model.similarity.listens
    if listens is None or not listens.counts(np.array([item]))[0]:
        return [None] * len(ids)
    counts = listens.counts(ids).tolist()
    shared = model.similarity.in_common(item, ids).tolist()
    return [number if count else None for number, count in zip(shared, counts, strict=True)]


def _sampled(model: Model) -> int | None:
    """The number of sampled listeners; null if all are kept, or none."""
    listens = model.similarity.listens
    return (
        listens.count
        if listens is not None and LISTENERS <= listens.count < model.manifest.listeners
        else None
    )


def _little_known(listeners: int, *, solo: bool) -> str:
    """The note on an artist with few listeners; empty if there are enough."""
    if listeners > FEW:
        return ""
    played = (
        f"{listeners} of your sessions" if solo else f"{quantity(listeners, 'listeners')} in the community"
    )
    return f"{played}: little is known"


def _plays_of(model: Model, taste: Taste, ids: list[int]) -> dict[int, int]:
    """Item id -> the person's plays, matched the way taste is matched, for those of `ids` they played."""
    found = model.catalog.ids_of([item.key for item in taste.items])
    wanted = set(ids)
    return {number: int(taste.by_key[key].plays) for key, number in found.items() if number in wanted}
