"""The ranker: scores candidates for one listener with the ensemble, and decomposes each score.

A score is a sum over what the person plays (Hu, Koren, Volinsky 2008, section 5, for the factors) and over the members
of the ensemble (`engine.model.ensemble`), so the shares in a reason sum to the whole either way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from engine.errors import NothingYetError
from engine.index.norm_scan import Anchor
from engine.model.ensemble import (
    MEMBERS,
    PERSONAL,
    Blend,
    FoldedMembers,
    GatheredItems,
    blend_over,
    member_name,
)
from engine.recommend.adapt import adapted
from engine.recommend.candidates import Candidates
from engine.recommend.listener import Floats, Ids, Listener
from engine.recommend.lists import OwnPlays
from engine.recommend.taste_shares import ReasonGroups, grouped

# How far the daily shuffle moves scores, whose members' weights sum to 1: on HetRec it changes 1.6 of the first 20 from
# one day to the next and costs .2 % of nDCG@20 at most (two splits, two days).
DAILY_SHUFFLE = 0.1
# Usual candidates from which a reason's usual contribution is computed, and the number of groups of reasons.
USUAL = 200
# Batch size when all of a model's items are scored.
AT_A_TIME = 1 << 14
# The name of the shuffle's part of a score, beside the ensemble's members.
TODAY = "today"
# The names of all parts of a score, without and in solo mode.
_PARTS = tuple((*(member_name(name, solo=solo) for name in MEMBERS), TODAY) for solo in (False, True))


class _RawScores:
    """Cached members' scores: ascending `ids` (m,) and `rows` (m, members)."""

    def __init__(self) -> None:
        self.ids: Ids = np.empty(0, dtype=np.int64)
        self.rows: Floats = np.empty((0, len(MEMBERS)))

    def start(self, ids: Ids, rows: Floats) -> None:
        """Keep the scores of rising ids as the first."""
        self.ids, self.rows = ids, rows

    def missing(self, ids: Ids) -> Ids:
        """Those of `ids` that are not cached."""
        places = np.searchsorted(self.ids, ids)
        there = places < len(self.ids)
        there[there] = self.ids[places[there]] == ids[there]
        return ids[~there]

    def add(self, ids: Ids, rows: Floats) -> None:
        """Keep the scores of items that were missing."""
        every = np.concatenate([self.ids, ids])
        order = np.argsort(every, kind="stable")
        self.ids, self.rows = every[order], np.concatenate([self.rows, rows])[order]

    def of(self, ids: Ids) -> Floats:
        """The scores of items none of which is missing: (m, members)."""
        return np.asarray(self.rows[np.searchsorted(self.ids, ids)])


@dataclass(frozen=True, eq=False)
class Ranker:
    """Scores for one listener.

    `answers` by key are the person's feedback (`engine.recommend.adapt`). `fixed` are weights that replace the
    ensemble's, null for those. `undecayed` ranks for the undecayed listener, whose results are reused; null for that
    itself.
    """

    candidates: Candidates
    answers: Mapping[str, float] = field(default_factory=dict)
    fixed: Mapping[str, float] | None = None
    undecayed: Ranker | None = None
    _kept: _RawScores = field(default_factory=_RawScores, init=False, repr=False)

    def with_decay(self, remaining: Mapping[str, float], anchor: Anchor | None = None) -> Ranker:
        """The same for the listener with this share of each item's plays left."""
        origin = self.undecayed or self
        return replace(origin, candidates=origin.candidates.with_decay(remaining, anchor), undecayed=origin)

    @property
    def listener(self) -> Listener:
        """The listener this ranks for."""
        return self.candidates.listener

    @property
    def folded(self) -> FoldedMembers:
        """The listener in every member of the ensemble."""
        return self.listener.folded

    @cached_property
    def weights(self) -> dict[str, float]:
        """The ensemble's weights: those learned from the community, adapted by the person's feedback."""
        if self.undecayed is not None:
            return self.undecayed.weights
        model, taste = self.listener.model, self.listener.taste
        taught = dict(self.fixed or model.manifest.ensemble)
        found = model.catalog.ids_of(sorted(self.answers))
        if not found or model.manifest.solo:
            return taught
        try:
            # Before the feedback: a like already counts in the taste.
            before = Ranker(Candidates.of(Listener.of(model, taste.without(frozenset(self.answers)))))
        except NothingYetError:
            return taught
        keys = sorted(found)
        usual = before._usual
        if not len(usual):
            # Nothing there is may be recommended: no spread to weigh an answer by.
            return taught
        raw = before.folded.raw(np.array([found[key] for key in keys], dtype=np.int64))
        spread = np.where(usual.std(axis=0) > 0, usual.std(axis=0), 1.0)
        return adapted(taught, (raw - usual.mean(axis=0)) / spread, [self.answers[key] for key in keys])

    @cached_property
    def blend(self) -> Blend:
        """The ensemble standardized over the usual candidates, whatever counts as known."""
        return blend_over(self._usual, self.weights)

    @cached_property
    def _usual(self) -> Floats:
        return self._raw(self.candidates.usual)

    def _raw(self, ids: Ids) -> Floats:
        """Members' scores of items `ids`, cached: (m, members)."""
        kept = self._kept
        if not len(kept.ids) and self.undecayed is not None:
            # Most requests repeat those to the undecayed ranker, which has them cached.
            gathered = self.undecayed._gathered
            kept.start(gathered.ids, self.folded.raw(gathered))
        missing = kept.missing(ids)
        if len(missing):
            kept.add(missing, self.folded.raw(missing))
        return kept.of(ids)

    @cached_property
    def _gathered(self) -> GatheredItems:
        """The gathered items: those requested so far, and the usual candidates."""
        own_ids = self.listener.own_ids
        usual = np.union1d(self.candidates.new(own_ids), own_ids)
        return self.listener.members.gather(np.union1d(self._kept.ids, usual), self.folded.neighbours)

    def parts(self, ids: Ids, day: int | None) -> Floats:
        """(m, members + 1): the parts of each member, and of the day's shuffle, in the scores of items `ids`."""
        return self._parts(ids, self._raw(ids), day)

    def scores_of_all(self, day: int | None) -> Floats:
        """The score of every item of the model, listable or not: (items,)."""
        scores = np.empty(self.listener.model.catalog.size)
        for start in range(0, len(scores), AT_A_TIME):
            ids = np.arange(start, min(len(scores), start + AT_A_TIME))
            # Not cached: most are needed once.
            scores[ids] = self._parts(ids, self.folded.raw(ids), day).sum(axis=1)
        return scores

    def _parts(self, ids: Ids, raw: Floats, day: int | None) -> Floats:
        return np.column_stack([self.blend.parts(raw), self.shuffled(ids, day)])

    def shuffled(self, ids: Ids, day: int | None) -> Floats:
        """The part of the day's shuffle in the scores of items `ids`: (m,)."""
        # Solo mode's weights are of what is measured, and a shuffle costs it 2 % of nDCG@10 (MODEL.md).
        if day is None or self.listener.model.manifest.solo:
            return np.zeros(len(ids))
        return DAILY_SHUFFLE * daily_shuffle(ids, day)

    def scored(self, ids: Ids, day: int | None) -> tuple[Ids, Floats]:
        """(ids, scores), best first, of those of the ascending `ids` with positive evidence from the person's plays."""
        parts = self.parts(ids, day)
        counts = np.ones(len(ids), dtype=bool)
        if not self.listener.model.manifest.solo:
            counts = parts[:, :PERSONAL].sum(axis=1) > 0
        ids, scores = ids[counts], parts[counts].sum(axis=1)
        # Ids are ascending: ties by lower id.
        order = np.argsort(-scores, kind="stable")
        return ids[order], scores[order]

    def contributions(self, ids: Ids) -> Floats:
        """(m, reasons): the contributions of the listener's reasons to the scores of items `ids`."""
        return self.folded.contributions(ids, self.blend)

    def reasons(self, ids: Ids, day: int | None) -> Reasons:
        """The decomposition of the scores of items `ids`."""
        return Reasons(
            self.parts(ids, day), self.contributions(ids), of_all=self.listener.model.manifest.solo
        )

    def own_plays(self, ids: Ids, day: int | None) -> list[OwnPlays | None]:
        """What solo mode ranks each of items `ids` by; nulls for a community's model."""
        listener = self.listener
        if not listener.model.manifest.solo:
            return [None] * len(ids)
        sessions = listener.members.listeners
        ranked = np.sort(sessions[self.candidates.resurfaced])
        own, count = sessions[ids], max(1, len(ranked))
        fewer = np.searchsorted(ranked, own, "left") / count
        more = 1.0 - np.searchsorted(ranked, own, "right") / count if len(ranked) else np.zeros(len(ids))
        return [
            OwnPlays(
                sessions=int(own[place]),
                more_than=float(fewer[place]),
                fewer_than=float(more[place]),
                last_played=item.last_played if (item := listener.known.get(number)) else None,
                day=day,
                rested=not self.candidates.half_explored,
            )
            for place, number in enumerate(ids.tolist())
        ]

    @cached_property
    def groups(self) -> ReasonGroups:
        """The listener's reasons by group, independent of decay."""
        if self.undecayed is not None:
            return self.undecayed.groups
        usual = self.candidates.usual
        return grouped(self.listener, self.contributions(usual[:: max(1, len(usual) // USUAL)]))

    def of_mode(self, ids: Ids, number: int) -> NDArray[np.bool_]:
        """(m,) bool: which of items `ids` are nearer to the mode of this number, from 1, than to the others."""
        listener = self.listener
        by_mode = np.stack([listener.fold(mode.places).factors.scores(ids) for mode in listener.modes])
        return np.asarray(by_mode.argmax(axis=0) == number - 1)


@dataclass(frozen=True, eq=False)
class Reasons:
    """The decomposition of the scores of m items: `parts` (m, members + 1) by member, `contributions` (m, n) by reason.

    With `of_all` the reasons' shares are relative to all positive parts, as in solo mode, where frequency and recency
    determine most of the rank; otherwise to the members that are sums over the reasons.
    """

    parts: Floats
    contributions: Floats
    of_all: bool

    @cached_property
    def by_member(self) -> Floats:
        """(m, members + 1): the parts relative to the sum of the positive ones."""
        speaking = np.maximum(self.parts, 0.0).sum(axis=1, keepdims=True)
        return np.asarray(np.divide(self.parts, speaking, out=np.zeros_like(self.parts), where=speaking > 0))

    @cached_property
    def personal(self) -> Floats:
        """(m,): the sum of the reasons' shares of each item; 0 if their evidence is not positive."""
        share = self.by_member[:, :PERSONAL].sum(axis=1) if self.of_all else np.ones(len(self.parts))
        return np.where(self.contributions.sum(axis=1) > 0, np.maximum(share, 0.0), 0.0)

    @cached_property
    def shares(self) -> Floats:
        """(m, n): each reason's share, zeros if their evidence is not positive.

        With `of_all` the positive ones sum to `personal`, so that none exceeds that.
        """
        counted = np.maximum(self.contributions, 0.0) if self.of_all else self.contributions
        totals = counted.sum(axis=1, keepdims=True)
        none = np.zeros_like(self.contributions)
        shares = np.divide(self.contributions, totals, out=none, where=totals > 0)
        return np.asarray(shares * self.personal[:, None])


def by_member(shares: Sequence[float], *, solo: bool) -> dict[str, float]:
    """A row of shares by the members' names, without zeros."""
    return {name: share for name, share in zip(_PARTS[solo], shares, strict=True) if share != 0.0}


def daily_shuffle(ids: Ids, day: int) -> Floats:
    """A number for each item (m,) that changes daily: mean 0, variance 1, bounded."""
    mixed = ids.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    mixed += np.uint64(day * 0xD1B54A32D192ED03 % 2**64)
    # SplitMix64's mixing (Steele, Lea, Flood 2014).
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    even = (mixed ^ (mixed >> np.uint64(31))).astype(np.float64) / 2.0**64
    return np.asarray((even - 0.5) * np.sqrt(12.0))
