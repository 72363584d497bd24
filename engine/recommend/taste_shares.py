"""Reasons by group: the person's artists, or tracks, in about a dozen groups, and what each says for an item.

For somebody who plays hundreds of artists no three have much of any score; three groups of similar artists have most of
it. A group's share is the sum of its artists' contributions, divided by the sum of the positive groups: exact, and
never above 100 %. Negative groups are given separately in the same unit. A group is named by those of its artists that
contribute more to this item than to what is usually listed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.recommend.listener import Floats, Ids, Listener
from engine.recommend.lists import TasteShare, TasteShares
from engine.recommend.modes import clusters_of
from engine.taste.gate import TasteItem
from engine.wording import credited

# Fewer artists than this are listed one by one.
MIN_GROUPED = 16
GROUPS, ARTISTS_PER_GROUP = (12, 10, 8, 6), 4
MAX_NAMED, NAMES = 3, 3
# A dozen groups if the three named ones have this share of the positive contributions, in the median; else fewer.
MIN_HELD = 0.85
# Besides the largest, groups with a smaller share, positive or negative, are not named.
MIN_NAMED = 0.05


@dataclass(frozen=True, eq=False)
class ReasonGroups:
    """The groups of one listener's `reasons`, whose items are `ids` (n,).

    `labels` (n,) are their groups, from 0, every one used. `usual` (n,) is what each adds to the score of a usual
    candidate, in the mean.
    """

    ids: Ids
    reasons: Sequence[TasteItem]
    labels: Ids
    usual: Floats

    def shares(self, ids: Ids, contributions: Floats, personal: Floats) -> list[TasteShares]:
        """What the groups say for each of items `ids` (m,), by the `contributions` (m, n) of the reasons, which in all
        are the share `personal` (m,) of the positive ones."""
        if not len(self.labels):
            return [TasteShares()] * len(ids)
        by_group = _by_group(contributions, self.labels)
        itself = ids[:, None] == self.ids[None, :]
        return [
            self._shares_of(*row).times(float(share))
            for *row, share in zip(
                by_group, contributions, contributions - self.usual, itself, personal, strict=True
            )
        ]

    def _shares_of(self, by_group: Floats, contributions: Floats, lift: Floats, itself: Ids) -> TasteShares:
        """One item's: `by_group` (groups,), and per reason (n,) its contribution, the excess over the usual, and
        whether it is the item."""
        whole = float(by_group[by_group > 0].sum())
        if whole <= 0.0:
            return TasteShares()
        shares = by_group / whole
        order = np.argsort(-shares, kind="stable")
        speaking = [int(one) for one in order if shares[one] > 0]
        named = [one for one in speaking[:MAX_NAMED] if one == speaking[0] or shares[one] >= MIN_NAMED]
        against = [int(one) for one in order[::-1] if shares[one] <= -MIN_NAMED][:MAX_NAMED]
        return TasteShares(
            tuple(self._group(one, float(shares[one]), contributions, lift, itself) for one in named),
            float(shares[speaking[len(named) :]].sum()),
            tuple(self._group(one, -float(shares[one]), -contributions, -lift, itself) for one in against),
            float(-shares[shares < 0].sum()),
        )

    def _group(
        self, label: int, share: float, contributions: Floats, lift: Floats, itself: Ids
    ) -> TasteShare:
        members = np.flatnonzero((self.labels == label) & ~itself)
        speaking = members[contributions[members] > 0]
        first = speaking[np.argsort(-lift[speaking], kind="stable")][:NAMES]
        names = dict.fromkeys(
            credited(self.reasons[int(one)].name, self.reasons[int(one)].track) for one in first
        )
        return TasteShare(tuple(names), len(members) - len(names), share)


def grouped(listener: Listener, usual: Floats) -> ReasonGroups:
    """A listener's reasons in groups, by what they add to the scores of some `usual` candidates: (m, n).

    The most groups of which three have most of the positive contributions to such a candidate, in the median.
    """
    count = len(listener.reasons)
    labels = np.arange(count)
    if count >= MIN_GROUPED:
        vectors, weights = listener.reason_factors, np.log1p(listener.weights)
        if len(np.unique(clusters_of(vectors, weights, MAX_NAMED))) < MAX_NAMED:
            # Factors in one direction, as a training on one's own sessions may find, tell no groups apart: what the
            # artists count towards does.
            vectors = np.asarray(usual.T, dtype=np.float32)
        for groups in GROUPS:
            clusters = clusters_of(vectors, weights, min(groups, count // ARTISTS_PER_GROUP))
            labels = np.asarray(np.unique(clusters, return_inverse=True)[1], dtype=np.int64)
            if _held(usual, labels) >= MIN_HELD:
                break
    mean = usual.mean(axis=0) if len(usual) else np.zeros(count)
    return ReasonGroups(listener.ids, listener.reasons, labels, mean)


def _held(contributions: Floats, labels: Ids) -> float:
    """The share of the positive contributions (m, n) to an item that the named groups have, in the median."""
    by_group = np.sort(np.maximum(_by_group(contributions, labels), 0.0), axis=1)[:, ::-1]
    whole = by_group.sum(axis=1)
    held = np.divide(by_group[:, :MAX_NAMED].sum(axis=1), whole, out=np.ones(len(by_group)), where=whole > 0)
    return float(np.median(held)) if len(held) else 1.0


def _by_group(contributions: Floats, labels: Ids) -> Floats:
    """(m, groups): the sums of (m, n) contributions by group."""
    return np.asarray(contributions @ np.eye(int(labels.max()) + 1)[labels])
