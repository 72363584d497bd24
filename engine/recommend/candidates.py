"""Candidates: the items that may be listed for a listener, new and known.

They come from the index, for the whole taste and for each of its modes, and from the neighbours. They are cached:
turning a dial only re-orders them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from engine.canonical_keys import relaxed_item_key
from engine.index.norm_scan import Anchor
from engine.model.ensemble import SOLO_RESTED, FoldedMembers
from engine.recommend.listener import Ids, Listener

CANDIDATES = 1000
# Further candidates: of the nearest to each mode of the taste, and of the neighbours' best for all plays and for recent
# ones.
MODE_CANDIDATES, NEIGHBOUR_CANDIDATES = 150, 200
# Recent: artists of the last four weeks.
RECENT = 28 * 86_400


@dataclass(frozen=True, eq=False)
class Candidates:
    """What may be listed for one listener; `unwanted` are the sorted ids that no list may recommend.

    `anchor` speeds up the index for similar listeners. `undecayed` are the candidates of the undecayed listener, reused
    here; null for those themselves.
    """

    listener: Listener
    unwanted: Ids
    anchor: Anchor | None = None
    undecayed: Candidates | None = None
    _kept: dict[tuple[str, bytes], Ids] = field(default_factory=dict, init=False, repr=False)

    @classmethod
    def of(cls, listener: Listener, resting: frozenset[str] = frozenset()) -> Candidates:
        """The candidates of a listener; of the `resting` keys those the listener does not know are unwanted."""
        catalog = listener.model.catalog
        found = catalog.ids_meant(listener.taste.unwanted)
        found.update(catalog.ids_of(sorted(resting - listener.known_keys)).values())
        return cls(listener, np.array(sorted(found), dtype=np.int64))

    def with_decay(self, remaining: Mapping[str, float], anchor: Anchor | None = None) -> Candidates:
        """The candidates of the listener with this share of each item's plays left."""
        origin = self.undecayed or self
        return replace(
            origin, listener=origin.listener.with_decay(remaining), anchor=anchor, undecayed=origin
        )

    def anchored(self, decays: Sequence[Mapping[str, float]]) -> Anchor:
        """The index's anchor for this listener with each of these `decays`, and for those between."""
        listeners = [self.listener, *(self.listener.with_decay(remaining) for remaining in decays)]
        return self.listener.model.index.anchor([one.folded.factors.vector for one in listeners])

    def new(self, known: Ids) -> Ids:
        """Ids that may be recommended, without the `known` ids (sorted); none in solo mode."""
        if self.listener.model.manifest.solo:
            return np.empty(0, dtype=np.int64)
        return self._once("new", known, self._find_new)

    def familiar(self, known: Ids) -> Ids:
        """The `known` ids that may be listed, independent of decay; in solo mode those of `resurfaced`."""
        if self.undecayed is not None:
            return self.undecayed.familiar(known)
        return self._once("familiar", known, self._listable)

    @cached_property
    def usual(self) -> Ids:
        """The index's best without the listener's own, whatever counts as known; if fewer than two, the listener's own.
        In solo mode what may be listed."""
        if self.listener.model.manifest.solo:
            return self.resurfaced
        own_ids = self.listener.own_ids
        ids = self._best(self._excluded(own_ids))
        return ids if len(ids) > 1 else np.setdiff1d(own_ids, self.unwanted)

    def unplayed(self, own: Ids, known: Ids) -> Ids:
        """Of the `own` ids (sorted) that a person has, those that may be recommended, without the `known` ids."""
        if self.listener.model.manifest.solo:
            return np.empty(0, dtype=np.int64)
        return np.setdiff1d(own, self._excluded(known))

    def _once(self, what: str, ids: Ids, work_out: Callable[[Ids], Ids]) -> Ids:
        which = (what, ids.tobytes())
        if which not in self._kept:
            self._kept[which] = work_out(ids)
        return self._kept[which]

    def _find_new(self, known: Ids) -> Ids:
        excluded = self._excluded(known)
        found = [self._best(excluded)]
        listener = self.listener
        if self.undecayed is not None:
            found.append(self.undecayed.new(known))
        else:
            found.append(self._nearest(listener.folded, excluded))
            if 0 < len(self._recent) < len(listener.reasons):
                found.append(self._nearest(listener.fold(self._recent), excluded))
            if len(listener.mode_places) > 1:
                found += [
                    self._search(listener.fold(places), MODE_CANDIDATES, excluded)
                    for places in listener.mode_places
                ]
        return np.unique(np.concatenate(found))

    def _listable(self, known: Ids) -> Ids:
        if self.listener.model.manifest.solo:
            return np.intersect1d(known, self.resurfaced)
        return np.setdiff1d(known, self.unwanted)

    @property
    def resurfaced(self) -> Ids:
        """Sorted ids of what solo mode ranks: what has rested, or if nothing has, what is half explored."""
        if self.undecayed is not None:
            return self.undecayed.resurfaced
        return self._rested if len(self._rested) else self._half_explored

    @property
    def half_explored(self) -> bool:
        """Whether solo mode ranks what is half explored, since nothing has rested."""
        if self.undecayed is not None:
            return self.undecayed.half_explored
        return not len(self._rested) and len(self._half_explored) > 0

    @cached_property
    def _rested(self) -> Ids:
        listener = self.listener
        last = listener.last_play - SOLO_RESTED
        rested = [number for number, item in listener.known.items() if (item.last_played or 0) <= last]
        return np.setdiff1d(np.array(rested, dtype=np.int64), self.unwanted)

    @cached_property
    def _half_explored(self) -> Ids:
        """The half of what is known that was played in the fewest sessions."""
        known = np.setdiff1d(np.array(sorted(self.listener.known), dtype=np.int64), self.unwanted)
        fewest = np.argsort(self.listener.members.listeners[known], kind="stable")[: (len(known) + 1) // 2]
        return known[np.sort(fewest)]

    def _excluded(self, known: Ids) -> Ids:
        """Sorted ids of what is not new beside the `known` ids."""
        if self.undecayed is not None:
            return self.undecayed._excluded(known)
        return self._once("excluded", known, self._not_new)

    def _not_new(self, known: Ids) -> Ids:
        alike = [ids for number, ids in self._spelled_alike.items() if number in known]
        return np.unique(np.concatenate([self.unwanted, known, *alike]))

    @cached_property
    def _spelled_alike(self) -> dict[int, Ids]:
        """Known items that the catalog has in several spellings, with the ids of all."""
        known, catalog = self.listener.known, self.listener.model.catalog
        forms = {number: relaxed_item_key(item.key) for number, item in known.items()}
        found = catalog.ids_spelled_alike(item.key for item in known.values())
        return {
            number: np.array(found[form], dtype=np.int64)
            for number, form in forms.items()
            if len(found.get(form, ())) > 1
        }

    def _best(self, excluded: Ids) -> Ids:
        """Ids of the index's best for the whole taste."""
        return self._once("best", excluded, lambda ids: self._search(self.listener.folded, CANDIDATES, ids))

    def _search(self, folded: FoldedMembers, count: int, excluded: Ids) -> Ids:
        """Ids of the index's best for a folded listener, best first."""
        model = self.listener.model
        count = min(count, max(0, model.catalog.size - len(excluded)))
        vector = folded.factors.vector.astype(np.float32)
        return model.index.best(vector, count, exclude=excluded, near=self.anchor)[0]

    @cached_property
    def _recent(self) -> Ids:
        """Places of the reasons played in the last weeks before the latest play."""
        since = self.listener.latest - RECENT
        return np.flatnonzero([(item.last_played or 0) > since for item in self.listener.reasons])

    def _nearest(self, folded: FoldedMembers, excluded: Ids) -> Ids:
        """Ids of the neighbours' best for a folded listener; none if their weight in the ensemble is 0."""
        near = folded.neighbours
        # A person's answers never move a weight to or from 0, so the community's weight is enough to check.
        if near is None or not self.listener.model.manifest.ensemble.get("neighbours"):
            return np.empty(0, dtype=np.int64)
        scores = near.scores()
        scores[excluded] = -np.inf
        count = min(NEIGHBOUR_CANDIDATES, len(scores) - 1)
        best = np.argpartition(-scores, count)[:count]
        return best[scores[best] > 0]
