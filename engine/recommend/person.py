"""The person in the model: folded in whole and taste by taste, what ranks for them, and what may be recommended.

Folding in and gathering candidates happens once for a taste. Candidates come from the index for the whole taste and
for each of its modes, and from the neighbours; the ensemble (`engine.model.ensemble`) scores them exactly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property

import numpy as np

from engine.errors import NothingYetError
from engine.index.norm_scan import Anchor
from engine.model.ensemble import (
    MEMBERS,
    PERSONAL,
    Blend,
    Candidates,
    FoldedMembers,
    Members,
    blend_over,
)
from engine.names import relaxed_item_key
from engine.recommend.adapt import adapted
from engine.recommend.modes import Mode, mode_places, named_modes
from engine.taste.gate import LIKE_PLAYS, Taste, TasteItem
from engine.training.artifact import Model

CANDIDATES = 1000
# Beside those: so many of the nearest to each mode of the taste, and of the neighbours' best for all and for what is
# recent.
MODE_CANDIDATES, NEIGHBOUR_CANDIDATES = 150, 200
TAGS = 4
# How far the day moves scores, whose members' weights sum to 1: on HetRec it changes 1.6 of the first 20 from one day
# to the next and costs .2 % of nDCG@20 at most (two splits, two days).
FRESHNESS = 0.1
# Beside what goes with everything, what goes with the artists of the last four weeks.
RECENT = 28 * 86_400
# Solo mode: what was played in the history's last 90 days is the taste, what was not played in its last 30 returns.
SOLO_RECENT = 90 * 86_400
SOLO_RESTED = 30 * 86_400
_DAY = 86_400


class Person:
    """One taste in one model. `answers` by key are what the person said or did (`engine.recommend.adapt`).

    What is `resting` and not of the person's own is not recommended. Model and taste are of one level. Raises
    NothingYetError when they have nothing in common.

    `heard` is the taste of a wider window, where that of `taste` is a part: what is in it is known.
    """

    def __init__(
        self,
        model: Model,
        taste: Taste,
        *,
        answers: Mapping[str, float] | None = None,
        resting: frozenset[str] = frozenset(),
        heard: Taste | None = None,
    ) -> None:
        self.model = model
        self.taste = taste
        self._answers = answers or {}
        self._resting = resting
        if not taste.items:
            if not taste.window.whole:
                raise NothingYetError(
                    "Nothing you played lies in the time asked for, so there is nothing to go by."
                )
            raise NothingYetError(
                "There are no listens yet. Import your history with `discover import PATH`.", lacks="listens"
            )
        self.own = self._in_catalog(taste)
        if not any(item.weight > 0 for item in self.own.values()):
            raise NothingYetError(
                f"None of your {len(taste.items)} {model.manifest.level} is in the model's catalog "
                f"of {model.catalog.size}. "
                "Import more of your history, or add community data that covers it and train again."
            )
        # What the person knows of the catalog, also from outside the window.
        self.heard = self.own if heard is None else self._in_catalog(heard)
        self._heard_keys = (heard or taste).by_key.keys()
        self._start()

    def _in_catalog(self, taste: Taste) -> dict[int, TasteItem]:
        found = self.model.catalog.ids_of([item.key for item in taste.items])
        return {found[item.key]: item for item in taste.items if item.key in found}

    def _start(self, plain: Person | None = None, anchor: Anchor | None = None) -> None:
        self._plain, self._anchor = plain, anchor
        self._new: dict[bytes, np.ndarray] = {}
        self._found: dict[bytes, np.ndarray] = {}
        self._familiar: dict[bytes, np.ndarray] = {}
        self._no_news: dict[bytes, np.ndarray] = {}
        self._asked = np.empty(0, dtype=np.int64)
        self._scores = np.empty((0, len(MEMBERS)))

    def faded(self, fresh: Mapping[str, float], anchor: Anchor | None = None) -> Person:
        """The same person with that share of each artist's plays left: quick, since most of what was worked out
        serves again. `anchor` is the index's for persons like this one."""
        other = object.__new__(Person)
        other.model, other.taste, other.own = self.model, self.taste, self.own
        other._answers, other._resting = self._answers, self._resting
        other.heard, other._heard_keys = self.heard, self._heard_keys
        other._start(self, anchor)
        for name in (
            "unwanted",
            "own_ids",
            "latest",
            "_reason_ids",
            "reasons",
            "_weight",
            "_members",
            "weights",
        ):
            other.__dict__[name] = getattr(self, name)
        left = np.array([fresh.get(item.key, 1.0) for item in self.reasons])
        # As in `TasteItem.sureness`: what was heard fades, a like does not.
        other.__dict__["_sureness"] = 1.0 - self._heard * (1.0 - left)
        return other

    @cached_property
    def _heard(self) -> np.ndarray:
        """The share of each reason's weight that comes from plays and may fade."""
        return np.array([1.0 - (LIKE_PLAYS if item.liked else 0.0) / item.weight for item in self.reasons])

    @cached_property
    def unwanted(self) -> np.ndarray:
        """Sorted ids of what no list may recommend."""
        catalog = self.model.catalog
        found = catalog.ids_meant(self.taste.unwanted)
        found.update(catalog.ids_of(sorted(self._resting - self._heard_keys)).values())
        return np.array(sorted(found), dtype=np.int64)

    @cached_property
    def own_ids(self) -> np.ndarray:
        """Sorted ids of what the person plays."""
        return np.array(sorted(self.own), dtype=np.int64)

    @cached_property
    def latest(self) -> int:
        """When anything was last played, seconds UTC; 0 where nothing has a date."""
        return max((item.last_played or 0 for item in self.own.values()), default=0)

    @cached_property
    def reasons(self) -> tuple[TasteItem, ...]:
        """What the person plays that speaks for others, in item order."""
        return tuple(self.own[number] for number in self._reason_ids.tolist())

    @cached_property
    def _reason_ids(self) -> np.ndarray:
        ids = [number for number in self.own_ids.tolist() if self.own[number].weight > 0]
        if self.model.manifest.solo:
            recent = [n for n in ids if (self.own[n].last_played or 0) > self.latest - SOLO_RECENT]
            ids = recent or ids
        return np.array(ids, dtype=np.int64)

    @property
    def reason_factors(self) -> np.ndarray:
        """(reasons, f): the factors of what speaks for others."""
        return np.asarray(self.model.factors.item_factors[self._reason_ids])

    @cached_property
    def _weight(self) -> np.ndarray:
        return np.array([item.weight for item in self.reasons])

    @cached_property
    def _sureness(self) -> np.ndarray:
        return np.array([item.sureness for item in self.reasons])

    @cached_property
    def _members(self) -> Members:
        members = self.model.members
        if not self.model.manifest.solo:
            return members
        age = np.full(self.model.catalog.size, np.inf)
        for number, item in self.own.items():
            if item.last_played is not None:
                age[number] = (self.latest - item.last_played) / _DAY
        return replace(members, age=age)

    @cached_property
    def folded(self) -> FoldedMembers:
        """The person in every member of the ensemble."""
        if self._plain is not None:
            return self._plain.folded.replayed(*self._counted)
        return self.fold(np.arange(len(self._reason_ids)))

    def fold(self, places: np.ndarray) -> FoldedMembers:
        """Some of the reasons, by their places, folded in as if they were all."""
        confidences, plays = self._counted
        return self._members.fold_in(self._reason_ids[places], confidences[places], plays[places])

    @cached_property
    def _counted(self) -> tuple[np.ndarray, np.ndarray]:
        """The reasons' confidences, and their plays as neighbours count them."""
        sure = self.model.manifest.confidence.of(self._weight) - 1.0
        # Fading scales the confidence, not the count: a count may be dampened to yes or no.
        return 1.0 + sure * self._sureness, self._weight * self._sureness

    @cached_property
    def mode_places(self) -> list[np.ndarray]:
        """Places in `reasons` of the artists of each taste this one is made of; fading moves none of them."""
        if self._plain is not None:
            return self._plain.mode_places
        return mode_places(self.reason_factors, self._dampened)

    @property
    def _dampened(self) -> np.ndarray:
        return np.asarray(np.log1p(self._weight * self._sureness))

    @cached_property
    def modes(self) -> tuple[Mode, ...]:
        """The tastes this one is made of, the largest first; one where nothing sets its artists apart."""
        if self._plain is not None:
            return self._plain.modes
        tags = [self.model.catalog.tags(number, TAGS) for number in self._reason_ids.tolist()]
        return named_modes(self.mode_places, self._dampened, self.reasons, tags)

    @cached_property
    def blend(self) -> Blend:
        """The ensemble in the spreads of the usual candidates, whatever counts as known."""
        return blend_over(self._usual, self.weights)

    @cached_property
    def _usual(self) -> np.ndarray:
        """Members' scores of the index's best of what is not the person's own, or where there is no other, of that."""
        ids = self._best(self._excluded(self.own_ids))
        return self._raw(ids if len(ids) > 1 else np.setdiff1d(self.own_ids, self.unwanted))

    def _raw(self, ids: np.ndarray) -> np.ndarray:
        """Members' scores of items `ids`, each worked out once: (m, members)."""
        if not len(self._asked) and self._plain is not None:
            # Most of what is asked for is what the plain person was asked for, and is at hand.
            self._asked = self._plain._gathered.ids
            self._scores = self.folded.raw(self._plain._gathered)
        places = np.searchsorted(self._asked, ids)
        there = places < len(self._asked)
        there[there] = self._asked[places[there]] == ids[there]
        if not there.all():
            missing = ids[~there]
            asked = np.concatenate([self._asked, missing])
            order = np.argsort(asked, kind="stable")
            self._scores = np.concatenate([self._scores, self.folded.raw(missing)])[order]
            self._asked = asked[order]
            places = np.searchsorted(self._asked, ids)
        return np.asarray(self._scores[places])

    @cached_property
    def _gathered(self) -> Candidates:
        """What the members know of the items asked for so far, and of those that usually are."""
        usual = np.union1d(self.new(self.own_ids), self.own_ids)
        return self._members.gather(np.union1d(self._asked, usual), self.folded.neighbours)

    @cached_property
    def weights(self) -> dict[str, float]:
        """The ensemble's weights: those the community taught, moved by the person's own answers."""
        taught = self.model.manifest.ensemble
        found = self.model.catalog.ids_of(sorted(self._answers))
        if not found or self.model.manifest.solo:
            return taught
        try:
            # As it was before the answers: what is liked speaks for itself.
            before = Person(self.model, self.taste.without(frozenset(self._answers)))
        except NothingYetError:
            return taught
        keys = sorted(found)
        usual = before._usual
        raw = before.folded.raw(np.array([found[key] for key in keys], dtype=np.int64))
        spread = np.where(usual.std(axis=0) > 0, usual.std(axis=0), 1.0)
        return adapted(taught, (raw - usual.mean(axis=0)) / spread, [self._answers[key] for key in keys])

    def parts(self, ids: np.ndarray, day: int | None) -> np.ndarray:
        """(m, members + 1): what each member, and the day, adds to the scores of items `ids`."""
        fresh = FRESHNESS * of_the_day(ids, day) if day is not None else np.zeros(len(ids))
        return np.column_stack([self.blend.parts(self._raw(ids)), fresh])

    def scored(self, ids: np.ndarray, day: int | None) -> tuple[np.ndarray, np.ndarray]:
        """(ids, scores), best first, of those of the rising `ids` that something of the person's speaks for."""
        parts = self.parts(ids, day)
        spoken_for = np.ones(len(ids), dtype=bool)
        if not self.model.manifest.solo:
            spoken_for = parts[:, :PERSONAL].sum(axis=1) > 0
        ids, scores = ids[spoken_for], parts[spoken_for].sum(axis=1)
        # Ids rise: of equal scores the lower id comes first.
        order = np.argsort(-scores, kind="stable")
        return ids[order], scores[order]

    def new(self, known: np.ndarray) -> np.ndarray:
        """Ids of what may be recommended beside the `known` ids (sorted); nothing in solo mode."""
        if self.model.manifest.solo:
            return np.empty(0, dtype=np.int64)
        which = known.tobytes()
        if which not in self._new:
            excluded = self._excluded(known)
            found = [self._best(excluded)]
            if self._plain is not None:
                found.append(self._plain.new(known))
            else:
                found.append(self._near(self.folded, excluded))
                if 0 < len(self._recent) < len(self.reasons):
                    found.append(self._near(self.fold(self._recent), excluded))
                if len(self.mode_places) > 1:
                    found += [
                        self._search(self.fold(places), MODE_CANDIDATES, excluded)
                        for places in self.mode_places
                    ]
            self._new[which] = np.unique(np.concatenate(found))
        return self._new[which]

    def familiar(self, known: np.ndarray) -> np.ndarray:
        """Of the `known` ids those that may be listed, however plays fade; in solo mode those that have rested."""
        if self._plain is not None:
            return self._plain.familiar(known)
        which = known.tobytes()
        if which not in self._familiar:
            self._familiar[which] = self._listable(known)
        return self._familiar[which]

    def _listable(self, known: np.ndarray) -> np.ndarray:
        if self.model.manifest.solo:
            rested = self.latest - SOLO_RESTED
            known = np.array(
                [n for n in known.tolist() if (self.heard[n].last_played or 0) <= rested], dtype=np.int64
            )
        return np.setdiff1d(known, self.unwanted)

    def _excluded(self, known: np.ndarray) -> np.ndarray:
        """Sorted ids of what is no news beside the `known` ids."""
        if self._plain is not None:
            return self._plain._excluded(known)
        which = known.tobytes()
        if which not in self._no_news:
            alike = [ids for number, ids in self._alike.items() if number in known]
            self._no_news[which] = np.unique(np.concatenate([self.unwanted, known, *alike]))
        return self._no_news[which]

    @cached_property
    def _alike(self) -> dict[int, np.ndarray]:
        """Of what the person knows that of which the catalog has other spellings too, with the ids of all."""
        forms = {number: relaxed_item_key(item.key) for number, item in self.heard.items()}
        found = self.model.catalog.ids_spelled_alike(item.key for item in self.heard.values())
        return {
            number: np.array(found[form], dtype=np.int64)
            for number, form in forms.items()
            if len(found.get(form, ())) > 1
        }

    def of_mode(self, ids: np.ndarray, number: int) -> np.ndarray:
        """(m,) bool: which of items `ids` are nearer to the taste of this number, from 1, than to the others."""
        spoken = np.stack([self.fold(mode.places).factors.scores(ids) for mode in self.modes])
        return np.asarray(spoken.argmax(axis=0) == number - 1)

    def _best(self, excluded: np.ndarray) -> np.ndarray:
        """Ids of the index's best for the whole taste, kept."""
        which = excluded.tobytes()
        if which not in self._found:
            self._found[which] = self._search(self.folded, CANDIDATES, excluded)
        return self._found[which]

    def _search(self, folded: FoldedMembers, count: int, excluded: np.ndarray) -> np.ndarray:
        """Ids of the index's best for a folded listener, best first."""
        count = min(count, max(0, self.model.catalog.size - len(excluded)))
        vector = folded.factors.vector.astype(np.float32)
        return self.model.index.best(vector, count, exclude=excluded, near=self._anchor)[0]

    @cached_property
    def _recent(self) -> np.ndarray:
        """Places of the reasons played in the last weeks before the latest play."""
        since = self.latest - RECENT
        return np.flatnonzero([(item.last_played or 0) > since for item in self.reasons])

    def _near(self, folded: FoldedMembers, excluded: np.ndarray) -> np.ndarray:
        """Ids of the neighbours' best for a folded listener; none where they do not count."""
        near = folded.neighbours
        if near is None or not self.weights.get("neighbours"):
            return np.empty(0, dtype=np.int64)
        scores = near.scores()
        scores[excluded] = -np.inf
        count = min(NEIGHBOUR_CANDIDATES, len(scores) - 1)
        best = np.argpartition(-scores, count)[:count]
        return best[scores[best] > 0]


def of_the_day(ids: np.ndarray, day: int) -> np.ndarray:
    """A number for each item (m,) that is another every day and the same all day: mean 0, variance 1, bounded."""
    mixed = ids.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    mixed += np.uint64(day * 0xD1B54A32D192ED03 % 2**64)
    # SplitMix64's mixing (Steele, Lea, Flood 2014).
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    even = (mixed ^ (mixed >> np.uint64(31))).astype(np.float64) / 2.0**64
    return np.asarray((even - 0.5) * np.sqrt(12.0))
