"""Discover: the artists, or tracks, a person would like next, with exact reasons.

One `Recommender` ranks for one listener (`engine.recommend.ranker`); turning a dial only re-orders the candidates.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from engine.canonical_keys import Level
from engine.community.catalog import CatalogItem
from engine.errors import UnknownNameError
from engine.index.norm_scan import Anchor
from engine.model.ensemble import SOLO_RESTED
from engine.model.popularity_bias import cost_of, with_popularity_bias
from engine.model.topk import largest
from engine.recommend.candidates import Candidates
from engine.recommend.joint_credits import with_parts
from engine.recommend.listener import Floats, Ids, Listener
from engine.recommend.lists import DiscoverList, OwnPlays, Recommendation, Share, TasteShares
from engine.recommend.mixing import mixed, quotas, within_quota
from engine.recommend.modes import Mode
from engine.recommend.ranker import Ranker, by_member
from engine.recommend.rediscovery import Standing, standings
from engine.recommend.settings import DEFAULTS, DiscoverSettings
from engine.recommend.variety import varied
from engine.taste.gate import DatedTaste, TasteItem
from engine.taste.query import Known
from engine.training.artifact import Model
from engine.wording import learned_from, quantity

REASONS = 3
# Half-lives in days near which those of the dial are looked for.
ANCHORED = (30.0, 120.0, 500.0)


def solo_note(level: Level) -> str:
    """What solo mode can and cannot do."""
    return (
        f"Solo mode: without other people's data it can only resurface {level} you have played, by how often, "
        f"how recently and with what; it cannot know {level} you never played. For new music add "
        "community data: discover community add PATH."
    )


def half_explored_note(level: Level) -> str:
    """The note on a solo list if nothing has rested."""
    return (
        f"None of the {level} that may be listed had rested for {SOLO_RESTED // 86_400} days when you last listened, "
        "so these are the half of them you played in the fewest sessions."
    )


def only_own_note(level: Level, count: int, *, solo: bool) -> str:
    """The note on a list restricted to what the person has."""
    return f"Only music you have: {quantity(count, level)} of it in {learned_from(solo=solo)}."


def nothing_left(level: Level) -> str:
    """Why a solo list is empty."""
    return f"Nothing to resurface: all the {level} you know are hidden, blocked or excluded."


_Side = tuple[Ids, Floats]


@dataclass(frozen=True, eq=False)
class Recommender:
    """Discover for one listener.

    `own` is the taste with its plays by day, `wider` the one whose items are known. `only` are the sorted ids that may
    be listed, null for all. `resting` keys are left out unless known. Plays decay by `half_life` (days), null for no
    decay; `undecayed` is the recommender this one is derived from, null for that itself.
    """

    ranker: Ranker
    own: DatedTaste
    wider: DatedTaste
    resting: frozenset[str] = frozenset()
    half_life: float | None = None
    undecayed: Recommender | None = None
    only: Ids | None = None
    _names: dict[int, CatalogItem] = field(default_factory=dict, repr=False)
    _lines: dict[tuple[int | None, int], Recommendation] = field(default_factory=dict, init=False, repr=False)
    _known: dict[Known, Ids] = field(default_factory=dict, init=False, repr=False)
    _gathered: dict[tuple[Known, int | None, int | None], tuple[Ids, list[_Side]]] = field(
        default_factory=dict, init=False, repr=False
    )

    @classmethod
    def of(
        cls,
        model: Model,
        own: DatedTaste,
        wider: DatedTaste | None = None,
        *,
        answers: Mapping[str, float] | None = None,
        resting: frozenset[str] = frozenset(),
        weights: Mapping[str, float] | None = None,
        sessions: Mapping[str, int] | None = None,
    ) -> Recommender:
        """Discover over a model and a taste of the same level; without a `wider` taste the taste is what is known.

        `answers` by key are the person's feedback (`engine.recommend.adapt`); `weights` replace the ensemble's;
        `sessions` count each item's sessions, for solo mode. Raises NothingYetError if taste and model have nothing in
        common.
        """
        known = with_parts(model.catalog, wider or own)
        listener = Listener.of(model, own.taste, known.taste, days=own.days, sessions=sessions)
        ranker = Ranker(Candidates.of(listener, resting), answers or {}, weights)
        return cls(ranker, own, known, resting, own.taste.window.half_life)

    def limited_to(self, keys: frozenset[str]) -> Recommender:
        """The same, restricted to the items of these keys."""
        ids = self.model.catalog.ids_of(sorted(keys)).values()
        return replace(self, only=np.array(sorted(set(ids)), dtype=np.int64))

    def with_decay(self, half_life: float) -> Recommender:
        """The same with plays that decay: fast, since candidates are reused. Needs the taste's days."""
        origin = self.undecayed or self
        if origin.own.days is None:
            raise ValueError("plays can decay only where their days are known")
        ranker = origin.ranker.with_decay(origin.own.days.remaining(half_life), origin._anchor)
        return replace(origin, ranker=ranker, half_life=half_life, undecayed=origin)

    @cached_property
    def _anchor(self) -> Anchor:
        """The ends of the recency dial."""
        days = self.own.days
        decays = [] if days is None else [days.remaining(half_life) for half_life in ANCHORED]
        return self.ranker.candidates.anchored(decays)

    @property
    def model(self) -> Model:
        """The model it ranks by."""
        return self.listener.model

    @property
    def listener(self) -> Listener:
        """Whom it recommends to."""
        return self.ranker.listener

    @property
    def matched(self) -> int:
        """How many of the person's items the model knows."""
        return len(self.listener.own)

    @property
    def reasons(self) -> tuple[TasteItem, ...]:
        """The person's items that count towards others, in item order."""
        return self.listener.reasons

    @property
    def modes(self) -> tuple[Mode, ...]:
        """The person's tastes, largest first."""
        return self.listener.modes

    @cached_property
    def _standings(self) -> dict[str, Standing]:
        return standings(self.own.days) if self.own.days is not None else {}

    def known_ids(self, known: Known) -> Ids:
        """Sorted ids of the known items, independent of decay."""
        if self.undecayed is not None:
            return self.undecayed.known_ids(known)
        if known not in self._known:
            keys = known.keys(self.wider)
            ids = sorted(number for number, item in self.listener.known.items() if item.key in keys)
            self._known[known] = np.array(ids, dtype=np.int64)
        return self._known[known]

    def sides(self, settings: DiscoverSettings) -> tuple[Ids, list[_Side]]:
        """What is known, and the (ids, scores) of new and of familiar items; cached, since dials only re-order them."""
        wanted = settings.query().known
        which = (wanted, settings.day, settings.mode)
        if which not in self._gathered:
            known = self.known_ids(wanted)
            candidates = self.ranker.candidates
            if self.only is None:
                found = [candidates.new(known), candidates.familiar(known)]
            else:
                familiar = np.intersect1d(candidates.familiar(known), self.only)
                found = [candidates.unplayed(self.only, known), familiar]
            if settings.mode is not None:
                if settings.mode > len(self.modes):
                    there = f"yours are 1 to {len(self.modes)}" if len(self.modes) > 1 else "you have only 1"
                    raise UnknownNameError(
                        f"No taste {settings.mode} of {self.model.manifest.level}: {there}."
                    )
                found = [ids[self.ranker.of_mode(ids, settings.mode)] for ids in found]
            self._gathered[which] = (known, [self.ranker.scored(ids, settings.day) for ids in found])
        return self._gathered[which]

    def ranked(self, settings: DiscoverSettings = DEFAULTS) -> Ids:
        """The items of the list under these dials, best first: (at most n,) ids."""
        _, sides = self.sides(settings)
        # What a person has may contain nothing new.
        no_new = self.only is not None and not len(sides[0][0])
        familiarity = 0.0 if self.model.manifest.solo or no_new else settings.familiarity
        limits = self._quotas(sides, settings.per_artist, familiarity)
        new, familiar = (
            self._ordered_by(*side, quota, settings) for side, quota in zip(sides, limits, strict=True)
        )
        return mixed(new, familiar, familiarity, settings.n)

    def _quotas(
        self, sides: list[_Side], per_artist: int, familiarity: float
    ) -> tuple[Ids | None, Ids | None]:
        """For each item of each side how many of its artist that side may list, `per_artist` in all; null: no limit."""
        artists = self.model.artists
        if artists is None or not per_artist:
            return None, None
        new, familiar = (artists[ids] for ids, _ in sides)
        if familiarity in (0.0, 1.0):  # one side alone is the list
            return np.full(len(new), per_artist), np.full(len(familiar), per_artist)
        return quotas(new, familiar, per_artist, familiarity)

    def discover(self, settings: DiscoverSettings = DEFAULTS, *, reasons: int | None = None) -> DiscoverList:
        """The list under these dials. `settings.window` and `.without` belong to the taste, not here.

        Of the rows after the first `reasons` (null: all have them) those whose reasons are not computed yet have none:
        while a dial is turning, the rows in sight are enough.
        """
        known, _ = self.sides(settings)
        items = self._records(self.ranked(settings), frozenset(known.tolist()), settings.day, reasons)
        level = self.model.manifest.level
        notes: tuple[str, ...] = ()
        half_explored = False
        if self.only is not None:
            notes = (only_own_note(level, len(self.only), solo=self.model.manifest.solo),)
        if self.model.manifest.solo:
            candidates = self.ranker.candidates
            half_explored = candidates.half_explored
            notes += (solo_note(level),)
            if half_explored:
                notes += (half_explored_note(level),)
            elif not len(candidates.resurfaced):
                notes += (nothing_left(level),)
        return DiscoverList(
            items=items,
            listeners=self.model.manifest.listeners,
            catalog=self.model.manifest.items,
            pack=", ".join(self.model.manifest.packs),
            solo=self.model.manifest.solo,
            half_life=self.half_life,
            notes=notes,
            resting=len(self.resting - self.own.taste.by_key.keys()),
            trained=self.model.manifest.trained,
            coverage=self.listener.coverage,
            half_explored=half_explored,
            popularity_cost=self._popularity_cost(settings),
        )

    def _popularity_cost(self, settings: DiscoverSettings) -> float | None:
        """The cost of the popularity dial at its position; null if nothing new is listed or it was not measured."""
        if self.model.manifest.solo or settings.familiarity == 0.0:
            return None
        measured = self.model.manifest.validation.get("ensemble") or {}
        return cost_of(measured.get("dial") or (), settings.popularity)

    def _ordered_by(self, ids: Ids, scores: Floats, quota: Ids | None, settings: DiscoverSettings) -> Ids:
        """Ids in the order of the dials, without those above their artist's `quota`."""
        if settings.popularity != 0.0 and len(ids) > 1:
            listeners = np.asarray(self.model.listeners[ids], dtype=np.float64)
            scores = with_popularity_bias(scores, listeners, settings.popularity)
            order = np.argsort(-scores, kind="stable")
            ids, scores = ids[order], scores[order]
            quota = quota[order] if quota is not None else None
        if quota is not None and self.model.artists is not None:
            fits = within_quota(self.model.artists[ids], quota)
            ids, scores = ids[fits], scores[fits]
        if settings.variety > 0.0:
            return ids[varied(self.model.factors.item_factors[ids], scores, settings.variety, settings.n)]
        return ids

    def _records(
        self, ids: Ids, known: frozenset[int], day: int | None, reasons: int | None
    ) -> tuple[Recommendation, ...]:
        """The rows of a list. Except for its rank a row is the same under every dial, and computed once."""
        ranks: dict[int, int] = {number: rank for rank, number in enumerate(ids.tolist(), 1)}
        missing = [number for number in ranks if (day, number) not in self._lines]
        unnamed = [number for number in missing if number not in self._names]
        if unnamed:
            self._names.update(self.model.catalog.items(unnamed))
        first = [number for number in missing if reasons is None or ranks[number] <= reasons]
        lines = self._work_out(first, ranks, day, reasons=True)
        self._lines.update({(day, number): line for number, line in lines.items()})
        lines |= self._work_out(missing[len(first) :], ranks, day, reasons=False)
        return tuple(
            _placed(lines.get(number) or self._lines[day, number], rank, number in known)
            for number, rank in ranks.items()
        )

    def _work_out(
        self, numbers: list[int], ranks: Mapping[int, int], day: int | None, *, reasons: bool
    ) -> dict[int, Recommendation]:
        """Rows by number, all as if unknown."""
        if not numbers:
            return {}
        ids = np.array(numbers, dtype=np.int64)
        why: list[tuple[Share, ...]] = [()] * len(numbers)
        tastes, members = [TasteShares()] * len(numbers), [dict[str, float]()] * len(numbers)
        scores = self.ranker.parts(ids, day).sum(axis=1)
        if reasons:
            found = self.ranker.reasons(ids, day)
            why = self._largest(ids, found.shares)
            tastes = self.ranker.groups.shares(ids, found.contributions, found.personal)
            solo = self.model.manifest.solo
            members = [by_member(row, solo=solo) for row in found.by_member.tolist()]
        own = self.ranker.own_plays(ids, day)
        rows = zip(scores.tolist(), why, tastes, members, own, strict=True)
        return {
            number: self._line(number, ranks[number], *row) for number, row in zip(numbers, rows, strict=True)
        }

    def _line(
        self,
        number: int,
        rank: int,
        score: float,
        why: tuple[Share, ...],
        tastes: TasteShares,
        members: dict[str, float],
        own: OwnPlays | None,
    ) -> Recommendation:
        item, mine = self._names[number], self.listener.known.get(number)
        return Recommendation(
            rank=rank,
            artist=item.artist,
            track=item.track,
            key=item.key,
            item=number,
            score=score,
            listeners=item.listeners,
            plays=int(mine.plays) if mine else 0,
            known=False,
            liked=mine is not None and mine.liked,
            why=why,
            others=len(self.reasons) - len(why),
            others_share=1.0 - sum(share.share for share in why),
            tastes=tastes,
            members=members,
            standing=self._standings.get(item.key, "") if mine else "",
            own=own,
        )

    def _largest(self, ids: Ids, shares: Floats) -> list[tuple[Share, ...]]:
        """The largest shares of each row of (items, reasons), descending; ties in order. An item is not a reason for
        itself."""
        others = np.where(ids[:, None] == self.listener.ids[None, :], -np.inf, shares)
        most, own = largest(others, min(REASONS, shares.shape[1]))
        reasons = self.reasons
        return [
            tuple(share_of(reasons[i], share) for i, share in zip(*row, strict=True) if share > 0.0)
            for row in zip(most.tolist(), own.tolist(), strict=True)
        ]


def _placed(line: Recommendation, rank: int, known: bool) -> Recommendation:
    """A row at this rank, of something that counts as known if it was played."""
    known = known and line.plays > 0
    return line if (line.rank, line.known) == (rank, known) else replace(line, rank=rank, known=known)


def share_of(item: TasteItem, share: float) -> Share:
    """The share in a score that comes from one of the person's items."""
    return Share(item.name, share, item.track)
