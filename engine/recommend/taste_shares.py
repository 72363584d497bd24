"""Reasons by group: the person's artists, or tracks, in about a dozen groups, and what each says for an item.

For somebody who plays hundreds of artists no three have much of any score; three groups of similar artists have most of
it. A group's share is the sum of its artists' contributions, divided by the sum of the positive groups: exact, and
never above 100 %. Negative groups are given separately in the same unit. Where three of the dozen have too little of an
item, the most similar groups are taken together for it until they have most. A group is named by those of its artists
that contribute more to this item than to what is usually listed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.recommend.listener import Floats, Ids, Listener
from engine.recommend.lists import TasteShare, TasteShares
from engine.recommend.modes import clusters_of, merges_of
from engine.taste.gate import TasteItem
from engine.wording import credited

# Fewer artists than this are listed one by one.
MIN_GROUPED = 16
GROUPS, ARTISTS_PER_GROUP = 12, 4
MAX_NAMED, NAMES = 3, 3
# The groups named for an item have at least this share of its positive contributions.
MIN_HELD = 0.7
# Besides the largest, groups with a smaller share, positive or negative, are not named.
MIN_NAMED = 0.05


@dataclass(frozen=True, eq=False)
class ReasonGroups:
    """The groups of one listener's `reasons`, whose items are `ids` (n,).

    `labels` (n,) are their groups, from 0, every one used. `usual` (n,) is what each adds to the score of a usual
    candidate, in the mean. `merged` has, from the finest on, fewer groups: of each of the first ones, the one it is in.
    """

    ids: Ids
    reasons: Sequence[TasteItem]
    labels: Ids
    usual: Floats
    merged: tuple[Ids, ...] = ()

    def shares(self, ids: Ids, contributions: Floats, personal: Floats) -> list[TasteShares]:
        """What the groups say for each of items `ids` (m,), by the `contributions` (m, n) of the reasons, which in all
        are the share `personal` (m,) of the positive ones."""
        if not len(self.labels):
            return [TasteShares()] * len(ids)
        finest = _by_group(contributions, self.labels)
        levels = [finest, *(_by_group(finest, groups) for groups in self.merged)]
        # The most groups of which those named have most; argmax gives the first that holds.
        chosen = np.argmax([_held(by_group) >= MIN_HELD for by_group in levels], axis=0)
        labels = [self.labels, *(groups[self.labels] for groups in self.merged)]
        itself = ids[:, None] == self.ids[None, :]
        lift = contributions - self.usual
        return [
            self._shares_of(
                levels[level][row], labels[level], contributions[row], lift[row], itself[row]
            ).times(float(personal[row]))
            for row, level in enumerate(chosen.tolist())
        ]

    def _shares_of(
        self, by_group: Floats, labels: Ids, contributions: Floats, lift: Floats, itself: NDArray[np.bool_]
    ) -> TasteShares:
        """One item's: `by_group` (groups,), and per reason (n,) its group, its contribution, the excess over the
        usual, and whether it is the item."""
        whole = float(by_group[by_group > 0].sum())
        if whole <= 0.0:
            return TasteShares()
        shares = by_group / whole
        order = np.argsort(-shares, kind="stable")
        speaking = [int(one) for one in order if shares[one] > 0]
        named = [one for one in speaking[:MAX_NAMED] if one == speaking[0] or shares[one] >= MIN_NAMED]
        against = [int(one) for one in order[::-1] if shares[one] <= -MIN_NAMED][:MAX_NAMED]
        return TasteShares(
            tuple(
                self._group(labels == one, float(shares[one]), contributions, lift, itself) for one in named
            ),
            float(shares[speaking[len(named) :]].sum()),
            tuple(
                self._group(labels == one, -float(shares[one]), -contributions, -lift, itself)
                for one in against
            ),
            float(-shares[shares < 0].sum()),
        )

    def _group(
        self,
        within: NDArray[np.bool_],
        share: float,
        contributions: Floats,
        lift: Floats,
        itself: NDArray[np.bool_],
    ) -> TasteShare:
        """The group of the reasons `within` (n,)."""
        members = np.flatnonzero(within & ~itself)
        speaking = members[contributions[members] > 0]
        first = speaking[np.argsort(-lift[speaking], kind="stable")][:NAMES]
        names = dict.fromkeys(
            credited(self.reasons[int(one)].name, self.reasons[int(one)].track) for one in first
        )
        return TasteShare(tuple(names), len(members) - len(names), share)


def grouped(listener: Listener, usual: Floats) -> ReasonGroups:
    """A listener's reasons in groups, by their factors, and what they add to some `usual` candidates: (m, n)."""
    count = len(listener.reasons)
    labels, merged = np.arange(count), tuple[Ids, ...]()
    if count >= MIN_GROUPED:
        vectors, weights = listener.reason_factors, np.log1p(listener.weights)
        if len(np.unique(clusters_of(vectors, weights, MAX_NAMED))) < MAX_NAMED:
            # Factors in one direction, as a training on one's own sessions may find, tell no groups apart: what the
            # artists count towards does.
            vectors = np.asarray(usual.T, dtype=np.float32)
        clusters = clusters_of(vectors, weights, min(GROUPS, count // ARTISTS_PER_GROUP))
        labels = np.asarray(np.unique(clusters, return_inverse=True)[1], dtype=np.int64)
        merged = merges_of(vectors, weights, labels, MAX_NAMED)
    mean = usual.mean(axis=0) if len(usual) else np.zeros(count)
    return ReasonGroups(listener.ids, listener.reasons, labels, mean, merged)


def _held(by_group: Floats) -> Floats:
    """The share (m,) that the groups to name have of the positive contributions (m, groups); 0 if there are none."""
    largest = np.sort(np.maximum(by_group, 0.0), axis=1)[:, ::-1]
    whole = largest.sum(axis=1, keepdims=True)
    shares = np.divide(largest, whole, out=np.zeros_like(largest), where=whole > 0)[:, :MAX_NAMED]
    shares[:, 1:][shares[:, 1:] < MIN_NAMED] = 0.0
    return np.asarray(shares.sum(axis=1))


def _by_group(contributions: Floats, labels: Ids) -> Floats:
    """(m, groups): the sums of (m, n) contributions by group."""
    return np.asarray(contributions @ np.eye(int(labels.max()) + 1)[labels])
