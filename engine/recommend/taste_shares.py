"""Reasons by group: the person's artists, or tracks, in about a dozen groups, and what each says for an item.

For somebody who plays hundreds of artists no three have much of any score; three groups of similar artists have most of
it. A group's share is the sum of its artists' contributions, divided by the sum of the positive groups: exact, and
never above 100 %. Negative groups are given separately in the same unit. Where three of the dozen have too little of an
item, the most similar groups are taken together for it until they have most. A group is named by those of its artists
that contribute more to this item than to what is usually listed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.model.topk import largest
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
        levels = self._by_level(contributions)
        # The most groups of which those named have most; argmax gives the first that holds.
        chosen = np.argmax([_held(by_group) >= MIN_HELD for by_group in levels], axis=0)
        by_group = _of_each(levels, chosen)
        whole = np.maximum(by_group, 0.0).sum(axis=1, keepdims=True)
        speaks = (whole > 0.0) & (personal[:, None] > 0.0)
        shares = np.divide(by_group, whole, out=np.zeros_like(by_group), where=speaks)
        # An item is not a reason for itself.
        others = ids[:, None] != self.ids
        sizes = _of_each(self._by_level(others), chosen).astype(np.int64)

        def told(sign: float) -> Iterator[tuple[tuple[TasteShare, ...], float]]:
            """The groups that are named for each item, or against it, and what all the others have."""
            groups, values = largest(sign * shares, min(MAX_NAMED, shares.shape[1]))
            named = values >= MIN_NAMED
            if sign > 0.0:
                named[:, 0] = values[:, 0] > 0.0
            rows, ranks = np.nonzero(named)
            of = groups[rows, ranks]
            lift = np.where(
                others & (sign * contributions > 0.0), sign * (contributions - self.usual), -np.inf
            )
            called = zip(
                self._called(lift, rows, of, chosen[rows]),
                sizes[rows, of].tolist(),
                (values * personal[:, None])[named].tolist(),
                strict=True,
            )
            rest = np.maximum(sign * shares, 0.0)
            rest[rows, of] = 0.0
            for count, more in zip(
                named.sum(axis=1).tolist(), (rest.sum(axis=1) * personal).tolist(), strict=True
            ):
                yield (
                    tuple(
                        TasteShare(names, size - len(names), share)
                        for names, size, share in islice(called, count)
                    ),
                    more,
                )

        return [
            TasteShares(named, rest, against, sum(one.share for one in against) + more)
            for (named, rest), (against, more) in zip(told(1.0), told(-1.0), strict=True)
        ]

    def _by_level(self, of_reasons: NDArray[Any]) -> list[Floats]:
        """The sums of (m, n) by group, of the most groups first: (m, groups)."""
        finest = _by_group(of_reasons, self.labels)
        return [finest, *(_by_group(finest, groups) for groups in self.merged)]

    def _called(self, lift: Floats, rows: Ids, groups: Ids, levels: Ids) -> list[tuple[str, ...]]:
        """The names of those of each of `groups` (p,), at these `levels` (p,), that have most of the `lift` (m, n) of
        its item, one of `rows` (p,), if it is finite."""
        nobody = len(self.labels)
        lift = np.pad(lift, ((0, 0), (0, 1)), constant_values=-np.inf)
        best = np.empty((len(rows), NAMES), dtype=np.int64)
        for level in np.unique(levels).tolist():
            there = np.flatnonzero(levels == level)
            members = self._members[level][groups[there]]
            found, values = largest(lift[rows[there, None], members], NAMES)
            best[there] = np.where(values > -np.inf, np.take_along_axis(members, found, axis=1), nobody)
        name = self._names.__getitem__
        return [tuple(dict.fromkeys(filter(None, map(name, each)))) for each in best.tolist()]

    @cached_property
    def _names(self) -> list[str]:
        """What the reasons are called, and at last nobody."""
        return [*(credited(reason.name, reason.track) for reason in self.reasons), ""]

    @cached_property
    def _members(self) -> list[Ids]:
        """The places of the reasons in each group, of the most groups first: (groups, at least `NAMES`). Beyond a
        group's own is the number of all reasons, at which there is none."""
        found = []
        for labels in (self.labels, *(groups[self.labels] for groups in self.merged)):
            sizes = np.bincount(labels)
            places = np.full((len(sizes), max(NAMES, sizes.max())), len(labels))
            places[np.arange(places.shape[1]) < sizes[:, None]] = np.argsort(labels, kind="stable")
            found.append(places)
        return found


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
    positive = np.maximum(by_group, 0.0)
    whole = positive.sum(axis=1, keepdims=True)
    _, most = largest(positive, min(MAX_NAMED, positive.shape[1]))
    shares = np.divide(most, whole, out=np.zeros_like(most), where=whole > 0)
    shares[:, 1:][shares[:, 1:] < MIN_NAMED] = 0.0
    return np.asarray(shares.sum(axis=1))


def _of_each(levels: Sequence[Floats], chosen: Ids) -> Floats:
    """(m, groups): each item's row of the level that is chosen for it, zeros where that has fewer groups."""
    found = np.zeros_like(levels[0])
    for number, by_group in enumerate(levels):
        rows = chosen == number
        found[rows, : by_group.shape[1]] = by_group[rows]
    return found


def _by_group(contributions: NDArray[Any], labels: Ids) -> Floats:
    """(m, groups): the sums of (m, n) contributions by group."""
    return np.asarray(contributions @ np.eye(int(labels.max()) + 1)[labels])
