"""The ensemble that ranks: factors, closeness, neighbours, artist affinity, popularity, each standardized.

Each member gives the candidates a raw score, which is divided by its standard deviation over the candidates; the
weighted sum ranks. The first four members are sums over the person's items, so a score decomposes exactly in two ways:
by item, and by member. Weights are learned on listeners of the community (`engine.training.weigh`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from engine.model.affinity import FoldedAffinity, artist_worth
from engine.model.fold_in import FoldedListener, ItemFactors
from engine.model.neighbours import FoldedNeighbours, Gathered, Neighbours

Floats = NDArray[np.float64]
Ids = NDArray[np.int64]
# Factors: the inner product. Closeness: the same divided by its root mean square over the community's listeners, which
# is larger for popular items. Neighbours: `engine.model.neighbours`. Artist: `engine.model.affinity`, of tracks alone.
# Popularity: log of one plus listeners. Recency: of the person's own items in solo mode, later played is higher; a
# community's new items have none.
MEMBERS = ("factors", "closeness", "neighbours", "artist", "popularity", "recency")
# Members that are sums over the person's items; 0 means no evidence for the item.
PERSONAL = 4
FACTORS_ALONE = {"factors": 1.0}
# Solo mode's weights: there popularity counts one's own sessions. Fixed, since learning them does not help (MODEL.md).
SOLO_WEIGHTS = {"neighbours": 0.2, "popularity": 0.4, "recency": 0.4}
# Solo mode resurfaces what was not played for this many seconds; what was played within the second number counts as
# current listening.
SOLO_RESTED, SOLO_RECENT = 30 * 86_400, 90 * 86_400
# A shorter vector has no meaningful direction: its closeness would be noise.
_MIN_LENGTH = 1e-6
# With a mean square of factors below this, an item's length is the Euclidean one.
_NO_SPREAD = 1e-12
# Days: what was never played counts as this old.
_OLDEST = 36_500.0


@dataclass(frozen=True)
class Members:
    """The members' data; `listeners` (items,) counts the community's, in solo mode one's own sessions.

    `neighbours` is null if not built; `age` (items,), days since each was last played, if recency is a member;
    `artists` (items,) the number of each item's artist if items are tracks. With `by_length` closeness is the product
    over the item's own length, as when models of the first format learned their weights.
    """

    factors: ItemFactors
    listeners: NDArray[np.int32]
    neighbours: Neighbours | None = None
    age: Floats | None = None
    artists: NDArray[np.int32] | None = None
    by_length: bool = False

    def fold_in(self, ids: Ids, confidences: Floats, plays: Floats) -> FoldedMembers:
        """The listener of items `ids` (n,), with `confidences` for the factors and `plays` for the neighbours."""
        near = self.neighbours.fold_in(ids, plays) if self.neighbours is not None else None
        return FoldedMembers(self, self.factors.fold_in(ids, confidences), near, self.affinity(ids, plays))

    def affinity(self, ids: Ids, plays: Floats) -> FoldedAffinity | None:
        """The listener of items `ids` (n,) in the member artist; null if items are artists."""
        if self.artists is None or self._worth is None:
            return None
        artists = self.artists[ids]
        return FoldedAffinity(artists, np.log1p(plays) * self._worth[artists])

    @cached_property
    def _worth(self) -> Floats | None:
        return artist_worth(self.artists, self.listeners) if self.artists is not None else None

    @cached_property
    def _listeners_gram(self) -> Floats:
        """X'X of the listeners' factors, divided by the mean of its diagonal: (factors, factors).

        At the minimum of the loss, with penalties lambda n^nu on both sides, both gradients are 0, and X'N^nu X =
        Y'N^nu Y: so it is computed from the items. Not for tracks, which lean on their artists after the fit: the unit
        matrix is nearer there (MODEL.md).
        """
        items, nu = self.factors.item_factors, self.factors.frequency_exponent
        if self.by_length or self.artists is not None:
            return np.eye(items.shape[1])
        weighted = items * np.sqrt(self.listeners.astype(np.float32) ** np.float32(nu))[:, None]
        gram = (weighted.T @ weighted).astype(np.float64)
        mean = float(np.trace(gram)) / len(gram)
        return gram / mean if mean > _NO_SPREAD else np.eye(len(gram))

    def lengths(self, vectors: Floats) -> Floats:
        """The root mean squares, over the community's listeners, of the scores of items with these factors `vectors`
        (m, f), up to a factor: (m,)."""
        squares = np.einsum("ij,ij->i", vectors @ self._listeners_gram, vectors)
        return np.asarray(np.maximum(np.sqrt(np.maximum(squares, 0.0)), _MIN_LENGTH))

    def gather(self, ids: Ids, listener: FoldedNeighbours | None = None) -> GatheredItems:
        """The parts of scoring items `ids` (m,) that do not depend on this `listener`'s counts."""
        vectors = self.factors.item_factors[ids].astype(np.float64)
        known = np.zeros((len(ids), len(MEMBERS)))
        known[:, PERSONAL] = by_popularity(self.listeners[ids])
        if self.age is not None:
            known[:, PERSONAL + 1] = by_recency(self.age[ids])
        cells = listener.gather(ids) if listener is not None else None
        artists = self.artists[ids] if self.artists is not None else None
        return GatheredItems(ids, vectors, self.lengths(vectors), known, cells, artists)


def member_name(name: str, *, solo: bool) -> str:
    """A member's name: in solo mode popularity is called `sessions`."""
    return "sessions" if solo and name == "popularity" else name


def by_popularity(listeners: NDArray[np.int32]) -> Floats:
    """The member popularity of items with these `listeners`, or sessions: (m,)."""
    return np.asarray(np.log1p(listeners.astype(np.float64)))


def by_recency(age: Floats) -> Floats:
    """The member recency of items last played this many days ago: (m,)."""
    return np.asarray(-np.log1p(np.minimum(age, _OLDEST)))


@dataclass(frozen=True)
class GatheredItems:
    """Items prepared for scoring them repeatedly for a listener. Made by `Members.gather`.

    `ids` (m,), their `vectors` (m, f) and those `lengths` (m,), `known` (m, members) with the members that are the same
    for every listener, the neighbours' `cells`, and for tracks the `artists` (m,).
    """

    ids: Ids
    vectors: Floats
    lengths: Floats
    known: Floats
    cells: Gathered | None
    artists: NDArray[np.int32] | None = None


@dataclass(frozen=True)
class FoldedMembers:
    """One listener in every member."""

    members: Members
    factors: FoldedListener
    neighbours: FoldedNeighbours | None
    affinity: FoldedAffinity | None = None

    def replayed(self, confidences: Floats, plays: Floats) -> FoldedMembers:
        """The listener of the same items with other counts, as from `Members.fold_in`."""
        near = self.neighbours.replayed(plays) if self.neighbours is not None else None
        affinity = self.members.affinity(self.factors.ids, plays)
        return FoldedMembers(self.members, self.factors.replayed(confidences), near, affinity)

    def _gathered(self, ids: Ids | GatheredItems) -> GatheredItems:
        return ids if isinstance(ids, GatheredItems) else self.members.gather(ids, self.neighbours)

    def raw(self, ids: Ids | GatheredItems) -> Floats:
        """Each member's score of items `ids`: (m, members), 0 if a member is not built."""
        found = self._gathered(ids)
        raw = found.known.copy()
        raw[:, 0] = found.vectors @ self.factors.vector
        raw[:, 1] = raw[:, 0] / found.lengths
        if self.neighbours is not None and found.cells is not None:
            raw[:, 2] = self.neighbours.scores(found.cells)
        if self.affinity is not None and found.artists is not None:
            raw[:, 3] = self.affinity.scores(found.artists)
        return raw

    def contributions(self, ids: Ids, blend: Blend) -> Floats:
        """(m, n): each of the listener's n items' contribution to the score; with popularity, rows sum to the
        scores."""
        weights = blend.weights / blend.spread
        vectors = self.members.factors.item_factors[ids].astype(np.float64)
        parts = self.factors.contributions(ids)
        parts = parts * (weights[0] + weights[1] / self.members.lengths(vectors))[:, None]
        if self.neighbours is not None and weights[2] != 0.0:
            parts += weights[2] * self.neighbours.contributions(ids)
        if self.affinity is not None and self.members.artists is not None and weights[3] != 0.0:
            parts += weights[3] * self.affinity.contributions(self.members.artists[ids])
        return np.asarray(parts)

    def without(self, indexes: Iterable[int], ids: Ids | GatheredItems) -> Iterator[Floats]:
        """For each of the listener's items by index: each member's score of items `ids` had it never been played, as
        `raw` has them: (m, members)."""
        found = self._gathered(ids)
        whole = self.raw(found)
        for index in indexes:
            raw = whole.copy()
            raw[:, 0] = found.vectors @ self.factors.without(index)
            raw[:, 1] = raw[:, 0] / found.lengths
            if self.neighbours is not None and found.cells is not None:
                raw[:, 2] -= self.neighbours.part_of(index, found.cells)
            if self.affinity is not None and found.artists is not None:
                raw[:, 3] -= self.affinity.part_of(index, found.artists)
            yield raw


@dataclass(frozen=True)
class Blend:
    """Weights with each member's offset `zero` and scale `spread` over a person's candidates; all (members,)."""

    weights: Floats
    zero: Floats
    spread: Floats

    def parts(self, raw: Floats) -> Floats:
        """(m, members): what each member adds to each score."""
        return np.asarray(self.weights * (raw - self.zero) / self.spread)

    def scores(self, raw: Floats) -> Floats:
        """(m,): the sum of the parts."""
        return np.asarray(self.parts(raw).sum(axis=1))


def blend_over(raw: Floats, weights: dict[str, float]) -> Blend:
    """The blend whose spreads are those of candidates' scores `raw` (m, members); a constant member counts 0."""
    spread = raw.std(axis=0) if len(raw) else np.ones(len(MEMBERS))
    flat = spread <= 1e-12
    zero = np.zeros(len(MEMBERS))
    zero[PERSONAL:] = raw[:, PERSONAL:].mean(axis=0) if len(raw) else 0.0
    by_member = np.array([weights.get(name, 0.0) for name in MEMBERS])
    # One candidate, or all equal: the factors alone still order items outside the candidates.
    if flat[0]:
        spread = np.where(flat, 1.0, spread)
        flat = np.array([False, *flat[1:]])
    return Blend(np.where(flat, 0.0, by_member), zero, np.where(flat, 1.0, spread))
