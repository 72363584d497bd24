"""Discover: the artists a person would like next, with exact reasons.

One `Recommender` holds a model and one taste. Folding the person in and gathering candidates happens once;
turning a dial only re-orders what was gathered. Scores are exact: the index finds candidates, the factors
score them. With `W = (Y' C Y + lambda I)^-1` the score of item i is the sum over the person's artists j of
`y_i' W y_j c_j` (Hu, Koren, Volinsky 2008, section 5), so the shares in a reason sum to the whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np

from engine.errors import NothingYetError, UnknownNameError
from engine.model.fold_in import FoldedListener
from engine.model.lean import leaned
from engine.recommend.lists import DiscoverList, Explanation, Recommendation, Share
from engine.recommend.settings import DEFAULTS, DiscoverSettings
from engine.recommend.variety import varied
from engine.taste.gate import Days, Taste, TasteItem
from engine.training.artifact import Model

CANDIDATES = 1000
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
    def folded(self) -> FoldedListener:
        """The person in factor space."""
        number_of = {item.key: number for number, item in self._own.items()}
        ids = np.array([number_of[item.key] for item in self.reasons], dtype=np.int64)
        plays = np.array([item.weight for item in self.reasons])
        sure = self.model.manifest.confidence.of(plays) - 1.0
        # Fading scales the confidence, not the count: a count may be dampened to yes or no.
        return self.model.factors.fold_in(ids, 1.0 + sure * [item.sureness for item in self.reasons])

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
        count = min(CANDIDATES, max(0, self.model.catalog.size - len(excluded)))
        ids, _ = self.model.index.best(self.folded.vector.astype(np.float32), count, exclude=excluded)
        return _ordered(ids, self.folded.scores(ids))

    def _familiar(self, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(ids, scores) of the artists the person knows; in solo mode those that have rested."""
        latest = max((item.last_played or 0 for item in self._own.values()), default=0)
        rested = latest - SOLO_RESTED if self.model.manifest.solo else latest
        ids = np.array(
            [number for number in known.tolist() if (self._own[number].last_played or 0) <= rested],
            dtype=np.int64,
        )
        ids = np.setdiff1d(ids, self._unwanted)
        return _ordered(ids, self.folded.scores(ids))

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
        """Ids in the order of the model's own lean and the dials; positive scores only."""
        ids, scores = ids[scores > 0], scores[scores > 0]
        lean = settings.popularity + self.model.manifest.popularity_lean
        if lean != 0.0 and len(ids) > 1:
            listeners = np.asarray(self.model.listeners[ids], dtype=np.float64)
            scores = leaned(scores, listeners, lean)
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
        scores = self.folded.scores(ids)
        shares = _shares(self.folded.contributions(ids))
        items = self.model.catalog.items(numbers)
        for number, score, why in zip(numbers, scores.tolist(), self._largest(shares), strict=True):
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
        row = _shares(self.folded.contributions(one))[0]
        order = np.argsort(-row, kind="stable")
        known, (new, familiar) = self._sides(settings)
        pool = (familiar if self.model.manifest.solo or number in known else new)[0]
        last = self.reasons[int(order[0])] if len(order) else None
        mine = self._own.get(number)
        return Explanation(
            artist=item.name,
            score=float(self.folded.scores(one)[0]),
            rank=_rank(number, pool, self.folded.scores(pool)),
            listeners=item.listeners,
            plays=int(mine.plays) if mine else 0,
            shares=tuple(Share(self.reasons[int(i)].name, float(row[i])) for i in order),
            without={
                self.reasons[int(i)].name: self._rank_without(int(i), number, pool) for i in order[:WHAT_IFS]
            },
            tags=tuple(self.model.catalog.tags(number, TAGS)),
            last_alike=(last.name, last.last_played) if last and last.last_played is not None else None,
        )

    def _rank_without(self, reason: int, number: int, pool: np.ndarray) -> int | None:
        """The rank among the candidates had the person never played one artist: a rank-one update."""
        vector = self.folded.without(reason)
        return _rank(number, pool, self.model.factors.item_factors[pool] @ vector)


def _ordered(ids: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    order = np.lexsort((ids, -scores))
    return ids[order], scores[order]


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
