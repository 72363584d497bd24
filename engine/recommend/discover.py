"""Discover: the artists, or tracks, a person would like next, with exact reasons.

One `Recommender` holds a model and one taste (`engine.recommend.person`); turning a dial only re-orders what was
gathered. A score is a sum over what the person plays (Hu, Koren, Volinsky 2008, section 5, for the factors), so the
shares in a reason sum to the whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np

from engine.community.catalog import CatalogItem
from engine.errors import UnknownNameError
from engine.index.norm_scan import Anchor
from engine.model.ensemble import MEMBERS
from engine.model.lean import leaned
from engine.names import Level, artist_of
from engine.recommend.lists import DiscoverList, Explanation, Recommendation, Share, WhatIf
from engine.recommend.mixing import mixed, rooms, within
from engine.recommend.modes import Mode
from engine.recommend.person import SOLO_RESTED, TAGS, Person
from engine.recommend.settings import DEFAULTS, DiscoverSettings
from engine.recommend.standing import Standing, standings
from engine.recommend.variety import varied
from engine.taste.gate import Days, Taste, TasteItem
from engine.training.artifact import Model

REASONS = 3
WHAT_IFS = 5
# Half-lives in days near which those of the dial are looked for.
ANCHORED = (30.0, 120.0, 500.0)
# What the day adds to a score, beside the ensemble's members.
TODAY = "today"


def solo_note(level: Level) -> str:
    """What solo mode can and cannot do."""
    return (
        f"Solo mode: there is no community pack of {level}, so this is learned from your own sessions alone. It can "
        f"bring back {level} of your own that go with what you played lately; it cannot know {level} you never played. "
        "For new music add community data: discover community add PATH."
    )


def nothing_rested(level: Level) -> str:
    """Why a list of solo mode is empty."""
    return (
        f"Nothing is to be brought back yet: each of the {level} you know was played in the last "
        f"{SOLO_RESTED // 86_400} days of your history, or is hidden, blocked or left out."
    )


_Side = tuple[np.ndarray, np.ndarray]


class Recommender:
    """Discover over one model and one taste. `days` are the taste's, for what is known only when played lately.

    `answers`, `resting` and errors are those of `Person`. `heard` is the taste and the days of a wider
    window, where the taste's is a part: what is in it is known.
    """

    def __init__(
        self,
        model: Model,
        taste: Taste,
        days: Days | None = None,
        *,
        answers: Mapping[str, float] | None = None,
        resting: frozenset[str] = frozenset(),
        heard: tuple[Taste, Days] | None = None,
    ) -> None:
        self.model = model
        self.taste = taste
        self.person = Person(
            model, taste, answers=answers, resting=resting, heard=heard[0] if heard is not None else None
        )
        self._days = days
        self._heard_days = heard[1] if heard is not None else days
        self._resting = resting
        self._half_life = taste.window.half_life
        self._start(None)

    def _start(self, plain: Recommender | None) -> None:
        self._plain = plain
        self._lines: dict[tuple[int | None, int], Recommendation] = {}
        self._names: dict[int, CatalogItem] = {}
        self._knows: dict[tuple[int, float | None], np.ndarray] = {}
        self._gathered: dict[
            tuple[int, float | None, int | None, int | None], tuple[np.ndarray, list[_Side]]
        ] = {}

    def faded(self, half_life: float) -> Recommender:
        """The same with plays that fade: quick, since what was gathered serves again. Needs `days`."""
        if self._days is None:
            raise ValueError("plays can fade only where their days are known")
        other = object.__new__(Recommender)
        other.model, other.taste, other._days = self.model, self.taste, self._days
        other._heard_days = self._heard_days
        other._resting, other._half_life = self._resting, half_life
        other.person = self.person.faded(self._days.fresh(half_life), self._anchor)
        other._start(self)
        other._names = self._names
        return other

    @cached_property
    def _anchor(self) -> Anchor:
        """Between these the dial of recency turns."""
        fresh = [] if self._days is None else [self._days.fresh(days) for days in ANCHORED]
        persons = [self.person, *(self.person.faded(left) for left in fresh)]
        return self.model.index.anchor([person.folded.factors.vector for person in persons])

    @property
    def matched(self) -> int:
        """How many of the person's artists the model knows."""
        return len(self.person.own)

    @property
    def reasons(self) -> tuple[TasteItem, ...]:
        """The person's artists that speak for others, in item order."""
        return self.person.reasons

    @property
    def modes(self) -> tuple[Mode, ...]:
        """The tastes this one is made of, the largest first."""
        return self.person.modes

    @cached_property
    def _standings(self) -> dict[str, Standing]:
        return standings(self._days) if self._days is not None else {}

    def _known(self, settings: DiscoverSettings) -> np.ndarray:
        """Items the person knows, as the settings have it; one that is liked is known. Fading forgets none."""
        which = (settings.known_plays, settings.known_days)
        if which not in self._knows:
            self._knows[which] = (
                self._work_out_known(settings) if self._plain is None else self._plain._known(settings)
            )
        return self._knows[which]

    def _work_out_known(self, settings: DiscoverSettings) -> np.ndarray:
        plays = {item.key: item.plays for item in self.person.heard.values()}
        if settings.known_days is not None and self._heard_days is not None:
            plays = self._heard_days.plays_within(settings.known_days)
        known = [
            number
            for number, item in self.person.heard.items()
            if item.liked or plays.get(item.key, 0) >= settings.known_plays
        ]
        return np.array(sorted(known), dtype=np.int64)

    def scores_of_new(self) -> np.ndarray:
        """(items,) scores of the new candidates, minus infinity for all others."""
        ids, scores = self.person.scored(self.person.new(self.person.own_ids), None)
        every = np.full(self.model.catalog.size, -np.inf)
        every[ids] = scores
        return every

    def _sides(self, settings: DiscoverSettings) -> tuple[np.ndarray, list[_Side]]:
        """What is known, and the (ids, scores) of new and familiar artists; kept, since dials only re-order them."""
        which = (settings.known_plays, settings.known_days, settings.day, settings.mode)
        if which not in self._gathered:
            known = self._known(settings)
            found = [self.person.new(known), self.person.familiar(known)]
            if settings.mode is not None:
                if settings.mode > len(self.modes):
                    there = f"yours are 1 to {len(self.modes)}" if len(self.modes) > 1 else "yours is one"
                    raise UnknownNameError(
                        f"There is no taste {settings.mode} of {self.model.manifest.level}: {there}."
                    )
                found = [ids[self.person.of_mode(ids, settings.mode)] for ids in found]
            self._gathered[which] = (known, [self.person.scored(ids, settings.day) for ids in found])
        return self._gathered[which]

    def ranked(self, settings: DiscoverSettings = DEFAULTS) -> np.ndarray:
        """The items of the list under these dials, best first: (at most n,) ids."""
        familiarity = 0.0 if self.model.manifest.solo else settings.familiarity
        _, sides = self._sides(settings)
        rooms = self._rooms(sides, settings.per_artist, familiarity)
        new, familiar = (
            self._ordered_by(*side, room, settings) for side, room in zip(sides, rooms, strict=True)
        )
        return mixed(new, familiar, familiarity, settings.n)

    def _rooms(
        self, sides: list[_Side], most: int, familiarity: float
    ) -> tuple[np.ndarray | None, np.ndarray | None]:
        """How many of its artist's items each side's may stand with, `most` of both; null where there is no limit."""
        artists = self.model.artists
        if artists is None or not most:
            return None, None
        new, familiar = (artists[ids] for ids, _ in sides)
        if familiarity in (0.0, 1.0):  # one side alone is the list
            return np.full(len(new), most), np.full(len(familiar), most)
        return rooms(new, familiar, most, familiarity)

    def discover(self, settings: DiscoverSettings = DEFAULTS, *, reasons: bool = True) -> DiscoverList:
        """The list under these dials. `settings.window` and `.without` belong to the taste, not here.

        Without `reasons` lines whose reasons are not worked out yet have none: for a dial that is still turning.
        """
        known, _ = self._sides(settings)
        items = self._records(self.ranked(settings), frozenset(known.tolist()), settings.day, reasons)
        level = self.model.manifest.level
        notes: tuple[str, ...] = ()
        if self.model.manifest.solo:
            nothing = not items and settings.mode is None
            notes = (solo_note(level), *([nothing_rested(level)] if nothing else []))
        return DiscoverList(
            items=items,
            listeners=self.model.manifest.listeners,
            catalog=self.model.manifest.items,
            pack=", ".join(self.model.manifest.packs),
            solo=self.model.manifest.solo,
            half_life=self._half_life,
            notes=notes,
            resting=len(self._resting - self.taste.by_key.keys()),
            trained=self.model.manifest.trained,
        )

    def _ordered_by(
        self, ids: np.ndarray, scores: np.ndarray, room: np.ndarray | None, settings: DiscoverSettings
    ) -> np.ndarray:
        """Ids in the order of the dials, without those there is no `room` for."""
        if settings.popularity != 0.0 and len(ids) > 1:
            listeners = np.asarray(self.model.listeners[ids], dtype=np.float64)
            scores = leaned(scores, listeners, settings.popularity)
            order = np.argsort(-scores, kind="stable")
            ids, scores = ids[order], scores[order]
            room = room[order] if room is not None else None
        if room is not None and self.model.artists is not None:
            fits = within(self.model.artists[ids], room)
            ids, scores = ids[fits], scores[fits]
        if settings.variety > 0.0:
            return ids[varied(self.model.factors.item_factors[ids], scores, settings.variety, settings.n)]
        return ids

    def _records(
        self, ids: np.ndarray, known: frozenset[int], day: int | None, reasons: bool
    ) -> tuple[Recommendation, ...]:
        """The lines of a list. What a line says but its rank is the same under every dial, and worked out once."""
        numbers: list[int] = ids.tolist()
        missing = [number for number in numbers if (day, number) not in self._lines]
        quick: dict[int, Recommendation] = {}
        if missing:
            self._names.update(
                self.model.catalog.items([number for number in missing if number not in self._names])
            )
            worked_out = self._work_out(missing, day, reasons)
            if reasons:
                self._lines.update({(day, number): line for number, line in worked_out.items()})
            quick = worked_out
        lines = (quick.get(number) or self._lines[day, number] for number in numbers)
        return tuple(
            replace(line, rank=rank, known=number in known and line.plays > 0)
            for rank, (number, line) in enumerate(zip(numbers, lines, strict=True), 1)
        )

    def _work_out(self, numbers: list[int], day: int | None, reasons: bool) -> dict[int, Recommendation]:
        ids = np.array(numbers, dtype=np.int64)
        parts = self.person.parts(ids, day)
        why: list[tuple[Share, ...]] = [()] * len(numbers)
        if reasons:
            why = self._largest(_shares(self.person.folded.contributions(ids, self.person.blend)))
        rows = zip(numbers, parts.sum(axis=1).tolist(), why, _shares(parts).tolist(), strict=True)
        return {number: self._line(number, score, shares, members) for number, score, shares, members in rows}

    def _line(
        self, number: int, score: float, why: tuple[Share, ...], members: Sequence[float]
    ) -> Recommendation:
        item, mine = self._names[number], self.person.heard.get(number)
        return Recommendation(
            rank=0,
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
            members=_named(members),
            standing=self._standings.get(item.key, "") if mine else "",
        )

    def _largest(self, shares: np.ndarray) -> list[tuple[Share, ...]]:
        """The largest shares of each row of (items, reasons), greatest first; of equal ones the first."""
        count = min(REASONS, shares.shape[1])
        most = np.sort(np.argpartition(-shares, count - 1, axis=1)[:, :count], axis=1)
        own = np.take_along_axis(shares, most, axis=1)
        order = np.argsort(-own, axis=1, kind="stable")
        numbers = np.take_along_axis(most, order, axis=1).tolist()
        largest = np.take_along_axis(own, order, axis=1).tolist()
        return [
            tuple(_share(self.reasons[i], share) for i, share in zip(*row, strict=True))
            for row in zip(numbers, largest, strict=True)
        ]

    def explain(self, key: str, settings: DiscoverSettings = DEFAULTS) -> Explanation:
        """Every share in one item's score, and where it would stand without each of the strongest reasons.

        Raises UnknownNameError when the model does not know the item.
        """
        number = self.model.catalog.ids_of([key]).get(key)
        if number is None:
            one_of = self.model.manifest.level.removesuffix("s")
            raise UnknownNameError(f"The model's catalog does not hold this {one_of}, so it has no score.")
        item = self.model.catalog.items([number])[number]
        one = np.array([number], dtype=np.int64)
        parts = self.person.parts(one, settings.day)
        row = _shares(self.person.folded.contributions(one, self.person.blend))[0]
        order = np.argsort(-row, kind="stable")
        known, (new, familiar) = self._sides(settings)
        pool, scores = familiar if self.model.manifest.solo or number in known else new
        last = self.reasons[int(order[0])] if len(order) else None
        mine = self.person.heard.get(number)
        folded, reasons = self.person.folded, self.reasons
        strongest: list[int] = order[:WHAT_IFS].tolist()
        candidates = folded.members.gather(pool, folded.neighbours)
        fewer = folded.without(strongest, candidates, self.person.blend)
        return Explanation(
            artist=item.artist,
            track=item.track,
            score=float(parts.sum()),
            rank=_rank(number, pool, scores),
            listeners=item.listeners,
            plays=int(mine.plays) if mine else 0,
            shares=tuple(
                _share(reasons[i], share)
                for i, share in zip(order.tolist(), row[order].tolist(), strict=True)
            ),
            # Had the person never played it: a rank-one update.
            without=tuple(
                WhatIf(reasons[i].name, reasons[i].track, _rank(number, pool, scored))
                for i, scored in zip(strongest, fewer, strict=True)
            ),
            tags=tuple(self.model.catalog.tags(number, TAGS)),
            members=_named(_shares(parts)[0].tolist()),
            last_alike=(last.track or last.name, last.last_played)
            if last and last.last_played is not None
            else None,
        )

    def spoken_for(self, key: str, settings: DiscoverSettings = DEFAULTS) -> tuple[Share, ...]:
        """The items of the list with the share an artist the person plays has in the score of each, greatest first.

        Empty for one that speaks for none.
        """
        places = [
            number for number, item in enumerate(self.reasons) if key in (item.key, artist_of(item.key))
        ]
        ids = self.ranked(settings)
        if not places or not len(ids):
            return ()
        shares = _shares(self.person.folded.contributions(ids, self.person.blend))[:, places].sum(axis=1)
        order = np.argsort(-shares, kind="stable")
        found = self.model.catalog.items(ids.tolist())
        names = [found[int(ids[i])] for i in order]
        return tuple(
            Share(one.artist, float(shares[i]), one.track) for one, i in zip(names, order, strict=True)
        )


def _share(item: TasteItem, share: float) -> Share:
    return Share(item.name, share, item.track)


def _named(shares: Sequence[float]) -> dict[str, float]:
    """Shares by member, of those that have any."""
    names = (*MEMBERS, TODAY)
    return {name: share for name, share in zip(names, shares, strict=True) if share != 0.0}


def _shares(contributions: np.ndarray) -> np.ndarray:
    """Each row divided by its sum, so that it sums to 1: (items, reasons). A row that sums to 0 is shared evenly."""
    totals = contributions.sum(axis=1, keepdims=True)
    even = np.full_like(contributions, 1.0 / max(1, contributions.shape[1]))
    return np.asarray(np.divide(contributions, totals, out=even, where=totals != 0))


def _rank(number: int, pool: np.ndarray, scores: np.ndarray) -> int | None:
    """1-based rank of an item by score within the pool; null when it is not there or its score is not positive."""
    where = np.flatnonzero(pool == number)
    if not len(where) or scores[where[0]] <= 0:
        return None
    return int((scores > scores[where[0]]).sum()) + 1
