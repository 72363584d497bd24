"""Related artists: found by the index and among what the same listeners play, with what the person knows of them."""

from __future__ import annotations

import numpy as np

from engine.recommend.joint_credits import with_parts
from engine.recommend.lists import RelatedArtist, RelatedList
from engine.taste.gate import DatedTaste, Taste
from engine.training.artifact import Model

# For each place of the list so many candidates of each kind.
CANDIDATES_EACH = 4


def related_artists(model: Model, taste: Taste, item: int, n: int = 50) -> RelatedList:
    """The `n` artists most alike item `item` (`model.similarity`), without those blocked or left out by rules."""
    unwanted = model.catalog.ids_meant(taste.blocked | taste.left_out)
    excluded = np.array(sorted(unwanted), dtype=np.int64)
    near, _ = model.index.nearest(item, CANDIDATES_EACH * n, exclude=excluded)
    together = model.similarity.most_together(item, CANDIDATES_EACH * n)
    candidates = np.setdiff1d(np.union1d(near, together), [*excluded, item])
    alike = model.similarity.of(item, candidates)
    best = np.lexsort((candidates, -alike))[:n]
    ids, similarity = candidates[best], alike[best]
    items = model.catalog.items([item, *(int(number) for number in ids)])
    skipped = model.catalog.ids_meant(taste.only_skipped)
    known = with_parts(model.catalog, DatedTaste(taste)).taste
    mine = _plays_of(model, known, [int(number) for number in (item, *ids)])
    source = items[item]
    return RelatedList(
        artist=source.name,
        key=source.key,
        listeners=source.listeners,
        plays=mine.get(item, 0),
        items=tuple(
            RelatedArtist(
                rank=rank + 1,
                artist=items[int(number)].name,
                key=items[int(number)].key,
                similarity=float(similarity[rank]),
                listeners=items[int(number)].listeners,
                plays=mine.get(int(number), 0),
                known=mine.get(int(number), 0) > 0 or int(number) in skipped,
            )
            for rank, number in enumerate(ids)
        ),
    )


def _plays_of(model: Model, taste: Taste, ids: list[int]) -> dict[int, int]:
    """Item id -> the person's plays, matched the way taste is matched, for those of `ids` they played."""
    found = model.catalog.ids_of([item.key for item in taste.items])
    wanted = set(ids)
    return {number: int(taste.by_key[key].plays) for key, number in found.items() if number in wanted}
