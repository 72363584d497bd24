"""Artists that fit a few given ones: Discover for a listener who plays nothing else."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from engine.model.ensemble import blend_over
from engine.recommend.candidates import Candidates
from engine.recommend.listener import Listener
from engine.recommend.ranker import Ranker
from engine.taste.gate import Taste
from engine.training.artifact import Model

# Solo mode's: the neighbours are best at finding an artist held out from a session (MODEL.md).
GOES_TOGETHER = {"neighbours": 1.0}


def fitting_artists(model: Model, taste: Taste, own: Iterable[str], *, whole: bool = False) -> list[str]:
    """Keys of the artists something in `taste` counts towards, best first, those of the taste among them.

    They come from the model's candidates for it and from `own` (keys). With `whole` from all of its catalog, and those
    nothing counts towards come last. Without what the taste excludes. Raises NothingYetError if model and taste have no
    artist in common.
    """
    candidates = Candidates.of(Listener.of(model, taste))
    mine = np.array(
        sorted(model.catalog.ids_of(sorted(set(own) | taste.by_key.keys())).values()), dtype=np.int64
    )
    # Nothing counts as known: an artist of the person may fit as well as a new one.
    near = np.arange(model.catalog.size) if whole else candidates.new(np.empty(0, dtype=np.int64))
    ids = np.setdiff1d(np.union1d(near, mine), candidates.unwanted)
    if model.manifest.solo:
        # Frequency and recency matter for what to go back to, not for what fits together.
        raw = candidates.listener.folded.raw(ids)
        ranked = ids[np.argsort(-blend_over(raw, GOES_TOGETHER).scores(raw), kind="stable")]
    else:
        ranked, _ = Ranker(candidates).scored(ids, None)
    if whole:
        ranked = np.concatenate([ranked, np.setdiff1d(ids, ranked)])
    items = model.catalog.items(ranked.tolist())
    return [items[number].key for number in ranked.tolist()]
