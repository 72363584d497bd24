"""Discover: the artists a person would like next, with exact reasons.

One `Recommender` holds a model and one taste. Folding the person in and gathering candidates happens once;
turning a dial only re-orders what was gathered. Candidates come from the index for the whole taste and for each of
its modes, and from the neighbours; the ensemble (`engine.model.ensemble`) scores them exactly. A score is a sum over
the person's artists (Hu, Koren, Volinsky 2008, section 5, for the factors), so the shares in a reason sum to the whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np

from engine.errors import NothingYetError, UnknownNameError
from engine.model.ensemble import MEMBERS, PERSONAL, Blend, FoldedMembers, blend_over
from engine.model.lean import leaned
from engine.recommend.lists import DiscoverList, Explanation, Recommendation, Share
from engine.recommend.modes import Mode, mode_places, named_modes
from engine.recommend.settings import DEFAULTS, DiscoverSettings
from engine.recommend.variety import varied
from engine.taste.gate import Days, Taste, TasteItem
from engine.training.artifact import Model

CANDIDATES = 1000
# Beside those: so many of the nearest to each mode of the taste, and of the neighbours' best.
MODE_CANDIDATES, NEIGHBOUR_CANDIDATES = 150, 200
REASONS = 3
WHAT_IFS = 5
TAGS = 4
# Solo mode: what was played in the history's last 90 days is the taste, what was not played in its last 30 returns.
SOLO_RECENT = 90 * 86_400
SOLO_RESTED = 30 * 86_400

SOLO_NOTE = (
    "Solo mode: there is no community pack, so this is learned from your own sessions alone. It can bring back "
    "artists of your own that go with what you played lately; it cannot know an artist you never played. "
    "For new music add community data: discover community add PATH."
)


class Recommender:
    """Discover over one model and one taste. `days` are the taste's, for what is known only when played lately.

    Raises NothingYetError when model and taste have no artist in common.
    """

    def __init__(self, model: Model, taste: Taste, days: Days | None = None) -> None:
        self.model = model
        self.taste = taste
        self._days = days
        if not taste.items:
            raise NothingYetError(
                "There are no listens yet. Import your history: press i in the app, or run `discover import PATH`."
            )
        found = model.catalog.ids_of([item.key for item in taste.items])
        self._own: dict[int, TasteItem] = {found[item.key]: item for item in taste.items if item.key in found}
        if not self._own:
            raise NothingYetError(
                f"None of your {len(taste.items)} artists is in the model's catalog of {model.catalog.size}. "
                "Import more of your history, or add community data that covers it and train again."
            )
        unwanted = model.catalog.ids_of(sorted(taste.unwanted))
        self._lines: dict[int, Recommendation] = {}
        self._gathered: dict[
            tuple[int, float | None], tuple[np.ndarray, list[tuple[np.ndarray, np.ndarray]]]
        ] = {}
        self._unwanted = np.fromiter(sorted(unwanted.values()), dtype=np.int64, count=len(unwanted))

    @property
    def matched(self) -> int:
        """How many of the person's artists the model knows."""
        return len(self._own)

    @cached_property
    def reasons(self) -> tuple[TasteItem, ...]:
        """The person's artists that speak for others, in item order."""
        known = [(number, self._own[number]) for number in sorted(self._own)]
        if self.model.manifest.solo:
            latest = max((item.last_played or 0 for _, item in known), default=0)
            recent = [pair for pair in known if (pair[1].last_played or 0) > latest - SOLO_RECENT]
            known = recent or known
        return tuple(item for _, item in known)

    @cached_property
    def folded(self) -> FoldedMembers:
        """The person in every member of the ensemble."""
        return self._fold(np.arange(len(self.reasons)))

    def _fold(self, chosen: np.ndarray) -> FoldedMembers:
        """Some of the reasons, by their places, folded in as if they were all."""
        number_of = {item.key: number for number, item in self._own.items()}
        reasons = [self.reasons[place] for place in chosen.tolist()]
        ids = np.array([number_of[item.key] for item in reasons], dtype=np.int64)
        plays = np.array([item.weight for item in reasons])
        sureness = np.array([item.sureness for item in reasons])
        sure = self.model.manifest.confidence.of(plays) - 1.0
        # Fading scales the confidence, not the count: a count may be dampened to yes or no.
        return self.model.members.fold_in(ids, 1.0 + sure * sureness, plays * sureness)

    @cached_property
    def _modes(self) -> list[np.ndarray]:
        """Places in `reasons` of the artists of each taste this one is made of."""
        return mode_places(self.model.factors.item_factors[self.folded.factors.ids], self._dampened)

    @property
    def _dampened(self) -> np.ndarray:
        return np.log1p([item.weight * item.sureness for item in self.reasons])

    @cached_property
    def modes(self) -> tuple[Mode, ...]:
        """The tastes this one is made of, the largest first; one where nothing sets its artists apart."""
        tags = [self.model.catalog.tags(number, TAGS) for number in self.folded.factors.ids.tolist()]
        return named_modes(self._modes, self._dampened, self.reasons, tags)

    @cached_property
    def _blend(self) -> Blend:
        """The ensemble in the spreads of the index's best candidates, whatever counts as known."""
        ids = self._best(self.folded, CANDIDATES, np.union1d(self._unwanted, sorted(self._own)))
        return blend_over(self.folded.raw(ids), self.model.manifest.ensemble)

    def _best(self, folded: FoldedMembers, count: int, excluded: np.ndarray) -> np.ndarray:
        """Ids of the index's best for a folded listener, best first."""
        count = min(count, max(0, self.model.catalog.size - len(excluded)))
        return self.model.index.best(folded.factors.vector.astype(np.float32), count, exclude=excluded)[0]

    def _known(self, settings: DiscoverSettings) -> np.ndarray:
        """Items the person knows, as the settings have it; one that is liked is known."""
        plays = {item.key: item.plays for item in self._own.values()}
        if settings.known_days is not None and self._days is not None:
            plays = self._days.plays_within(settings.known_days)
        return np.array(
            [
                number
                for number, item in self._own.items()
                if item.liked or plays.get(item.key, 0) >= settings.known_plays
            ],
            dtype=np.int64,
        )

    def _new(self, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(ids, scores) of the best artists the person does not know, best first."""
        if self.model.manifest.solo:
            return np.empty(0, dtype=np.int64), np.empty(0)
        excluded = np.union1d(self._unwanted, known)
        found = [self._best(self.folded, CANDIDATES, excluded), self._near(excluded)]
        if len(self._modes) > 1:
            found += [self._best(self._fold(places), MODE_CANDIDATES, excluded) for places in self._modes]
        return self._scored(np.unique(np.concatenate(found)))

    def _near(self, excluded: np.ndarray) -> np.ndarray:
        """Ids of the neighbours' best; none where they do not count."""
        near = self.folded.neighbours
        if near is None or not self.model.manifest.ensemble.get("neighbours"):
            return np.empty(0, dtype=np.int64)
        scores = near.scores()
        scores[excluded] = -np.inf
        count = min(NEIGHBOUR_CANDIDATES, len(scores) - 1)
        best = np.argpartition(-scores, count)[:count]
        return best[scores[best] > 0]

    def _scored(self, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(ids, scores), best first, of those something of the person's speaks for."""
        parts = self._blend.parts(self.folded.raw(ids))
        spoken_for = parts[:, :PERSONAL].sum(axis=1) > 0
        return _ordered(ids[spoken_for], parts[spoken_for].sum(axis=1))

    def _familiar(self, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(ids, scores) of the artists the person knows; in solo mode those that have rested."""
        latest = max((item.last_played or 0 for item in self._own.values()), default=0)
        rested = latest - SOLO_RESTED if self.model.manifest.solo else latest
        ids = np.array(
            [number for number in known.tolist() if (self._own[number].last_played or 0) <= rested],
            dtype=np.int64,
        )
        return self._scored(np.setdiff1d(ids, self._unwanted))

    def scores_of_new(self) -> np.ndarray:
        """(items,) scores of the new candidates, minus infinity for all others."""
        ids, scores = self._new(np.array(sorted(self._own), dtype=np.int64))
        every = np.full(self.model.catalog.size, -np.inf)
        every[ids] = scores
        return every

    def _sides(self, settings: DiscoverSettings) -> tuple[np.ndarray, list[tuple[np.ndarray, np.ndarray]]]:
        """What is known, and the (ids, scores) of new and familiar artists; kept, since dials only re-order them."""
        which = (settings.known_plays, settings.known_days)
        if which not in self._gathered:
            known = self._known(settings)
            self._gathered[which] = (known, [self._new(known), self._familiar(known)])
        return self._gathered[which]

    def ranked(self, settings: DiscoverSettings = DEFAULTS) -> np.ndarray:
        """The items of the list under these dials, best first: (at most n,) ids."""
        familiarity = 0.0 if self.model.manifest.solo else settings.familiarity
        _, sides = self._sides(settings)
        new, familiar = (self._ordered_by(*side, settings) for side in sides)
        return _interleave(new, familiar, familiarity, settings.n)

    def discover(self, settings: DiscoverSettings = DEFAULTS) -> DiscoverList:
        """The list under these dials. `settings.window` and `.without` belong to the taste, not here."""
        known, _ = self._sides(settings)
        return DiscoverList(
            items=self._records(self.ranked(settings), frozenset(known.tolist())),
            listeners=self.model.manifest.listeners,
            catalog=self.model.manifest.items,
            pack=", ".join(self.model.manifest.packs),
            solo=self.model.manifest.solo,
            half_life=self.taste.window.half_life,
            notes=(SOLO_NOTE,) if self.model.manifest.solo else (),
        )

    def _ordered_by(self, ids: np.ndarray, scores: np.ndarray, settings: DiscoverSettings) -> np.ndarray:
        """Ids in the order of the dials."""
        if settings.popularity != 0.0 and len(ids) > 1:
            listeners = np.asarray(self.model.listeners[ids], dtype=np.float64)
            scores = leaned(scores, listeners, settings.popularity)
            order = np.argsort(-scores, kind="stable")
            ids, scores = ids[order], scores[order]
        if settings.variety > 0.0:
            return ids[varied(self.model.factors.item_factors[ids], scores, settings.variety, settings.n)]
        return ids

    def _records(self, ids: np.ndarray, known: frozenset[int]) -> tuple[Recommendation, ...]:
        """The lines of a list. What a line says but its rank is the same under every dial, and worked out once."""
        numbers: list[int] = ids.tolist()
        missing = [number for number in numbers if number not in self._lines]
        if missing:
            self._work_out(missing)
        return tuple(
            replace(self._lines[number], rank=rank, known=number in known and self._lines[number].plays > 0)
            for rank, number in enumerate(numbers, 1)
        )

    def _work_out(self, numbers: list[int]) -> None:
        ids = np.array(numbers, dtype=np.int64)
        parts = self._blend.parts(self.folded.raw(ids))
        shares = _shares(self.folded.contributions(ids, self._blend))
        by_member = _shares(parts).tolist()
        items = self.model.catalog.items(numbers)
        for number, score, why, members in zip(
            numbers, parts.sum(axis=1).tolist(), self._largest(shares), by_member, strict=True
        ):
            item, mine = items[number], self._own.get(number)
            self._lines[number] = Recommendation(
                rank=0,
                artist=item.name,
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
            tuple(Share(self.reasons[i].name, share) for i, share in zip(*row, strict=True))
            for row in zip(numbers, largest, strict=True)
        ]

    def explain(self, key: str, settings: DiscoverSettings = DEFAULTS) -> Explanation:
        """Every share in one artist's score, and where it would stand without each of the strongest reasons.

        Raises UnknownNameError when the model does not know the artist.
        """
        number = self.model.catalog.ids_of([key]).get(key)
        if number is None:
            raise UnknownNameError("The model's catalog does not hold this artist, so it has no score.")
        item = self.model.catalog.items([number])[number]
        one = np.array([number], dtype=np.int64)
        parts = self._blend.parts(self.folded.raw(one))
        row = _shares(self.folded.contributions(one, self._blend))[0]
        order = np.argsort(-row, kind="stable")
        known, (new, familiar) = self._sides(settings)
        pool, scores = familiar if self.model.manifest.solo or number in known else new
        last = self.reasons[int(order[0])] if len(order) else None
        mine = self._own.get(number)
        return Explanation(
            artist=item.name,
            score=float(parts.sum()),
            rank=_rank(number, pool, scores),
            listeners=item.listeners,
            plays=int(mine.plays) if mine else 0,
            shares=tuple(Share(self.reasons[int(i)].name, float(row[i])) for i in order),
            without={
                self.reasons[int(i)].name: self._rank_without(int(i), number, pool) for i in order[:WHAT_IFS]
            },
            tags=tuple(self.model.catalog.tags(number, TAGS)),
            members=_named(_shares(parts)[0].tolist()),
            last_alike=(last.name, last.last_played) if last and last.last_played is not None else None,
        )

    def _rank_without(self, reason: int, number: int, pool: np.ndarray) -> int | None:
        """The rank among the candidates had the person never played one artist: a rank-one update."""
        return _rank(number, pool, self.folded.without(reason, pool, self._blend))


def _ordered(ids: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    order = np.lexsort((ids, -scores))
    return ids[order], scores[order]


def _named(shares: Sequence[float]) -> dict[str, float]:
    """Shares by member, of those that have any."""
    return {name: share for name, share in zip(MEMBERS, shares, strict=True) if share != 0.0}


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


def _interleave(new: np.ndarray, familiar: np.ndarray, familiarity: float, n: int) -> np.ndarray:
    """Merge two ordered lists so that after every line the share of new artists is as near `familiarity` as it can be.

    When one side runs out at a mixed setting, the other fills the list; at the ends of the dial nothing is mixed in.
    """
    chosen: list[int] = []
    taken = [0, 0]
    sides: tuple[Sequence[int], Sequence[int]] = (new.tolist(), familiar.tolist())
    limits = (len(sides[0]) if familiarity > 0 else 0, len(sides[1]) if familiarity < 1 else 0)
    while len(chosen) < n and (taken[0] < limits[0] or taken[1] < limits[1]):
        wants_new = taken[0] < familiarity * (len(chosen) + 1)
        side = 0 if (wants_new and taken[0] < limits[0]) or taken[1] >= limits[1] else 1
        chosen.append(sides[side][taken[side]])
        taken[side] += 1
    return np.array(chosen, dtype=np.int64)
