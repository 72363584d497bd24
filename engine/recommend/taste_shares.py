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
from functools import cached_property
from itertools import compress

import numpy as np

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
        said = [
            _Said.of(levels[level][row], float(share))
            for row, (level, share) in enumerate(zip(chosen, personal, strict=True))
        ]
        called = self._called(ids, contributions, chosen, said)
        return [
            TasteShares(
                tuple(TasteShare(*called[row, group], share) for group, share in one.named),
                one.rest,
                tuple(TasteShare(*called[row, group], share) for group, share in one.against),
                one.against_in_all,
            )
            for row, one in enumerate(said)
        ]

    def _called(
        self, ids: Ids, contributions: Floats, chosen: Ids, said: Sequence[_Said]
    ) -> dict[tuple[int, int], tuple[tuple[str, ...], int]]:
        """By item and group, for the groups that are named: the names of those that contribute most above their usual,
        and how many others are in it. Worked out group by group, since a dial that turns waits for it."""
        wanted = dict[tuple[int, int, float], list[int]]()
        for row, (level, one) in enumerate(zip(chosen.tolist(), said, strict=True)):
            for sign, groups in ((1.0, one.named), (-1.0, one.against)):
                for group, _ in groups:
                    wanted.setdefault((level, group, sign), []).append(row)
        labels = [self.labels, *(groups[self.labels] for groups in self.merged)]
        called = dict[tuple[int, int], tuple[tuple[str, ...], int]]()
        for (level, group, sign), rows in wanted.items():
            members = np.flatnonzero(labels[level] == group)
            speaking = sign * contributions[rows][:, members]
            others = ids[rows][:, None] != self.ids[members]
            lift = np.where(others & (speaking > 0), speaking - sign * self.usual[members], -np.inf)
            first = np.argsort(-lift, axis=1, kind="stable")[:, :NAMES]
            counted = np.take_along_axis(lift, first, axis=1) > -np.inf
            for row, size, best, known in zip(
                rows, others.sum(axis=1).tolist(), members[first].tolist(), counted.tolist(), strict=True
            ):
                names = tuple(dict.fromkeys(self._names[one] for one in compress(best, known)))
                called[row, group] = names, size - len(names)
        return called

    @cached_property
    def _names(self) -> list[str]:
        return [credited(reason.name, reason.track) for reason in self.reasons]


@dataclass(frozen=True, slots=True)
class _Said:
    """Which groups are named for an item, and against it, with their shares, and what all the others have."""

    named: tuple[tuple[int, float], ...] = ()
    rest: float = 0.0
    against: tuple[tuple[int, float], ...] = ()
    against_in_all: float = 0.0

    @classmethod
    def of(cls, by_group: Floats, personal: float) -> _Said:
        """Of the groups' contributions (groups,), which in all are the share `personal` of the positive ones."""
        whole = float(by_group[by_group > 0].sum())
        if whole <= 0.0 or personal <= 0.0:
            return cls()
        shares = (by_group / whole).tolist()
        order = sorted(range(len(shares)), key=shares.__getitem__, reverse=True)
        speaking = [one for one in order if shares[one] > 0]
        named = [one for one in speaking[:MAX_NAMED] if one == speaking[0] or shares[one] >= MIN_NAMED]
        against = [one for one in order[::-1] if shares[one] <= -MIN_NAMED][:MAX_NAMED]
        return cls(
            tuple((one, shares[one] * personal) for one in named),
            sum(shares[one] for one in speaking[len(named) :]) * personal,
            tuple((one, -shares[one] * personal) for one in against),
            -sum(share for share in shares if share < 0) * personal,
        )


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
