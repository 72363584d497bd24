"""The listener: one taste in one model, folded into the ensemble's members as a whole and by mode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from engine.errors import NothingLeftError, NothingYetError
from engine.model.ensemble import SOLO_RECENT, FoldedMembers, Members
from engine.recommend.modes import Mode, mode_places, named_modes
from engine.taste.coverage import Coverage, advice
from engine.taste.gate import LIKE_PLAYS, Days, Taste, TasteItem
from engine.training.artifact import Model
from engine.wording import IMPORT, quantity

Floats = NDArray[np.float64]
Ids = NDArray[np.int64]
TAGS = 4
_DAY = 86_400


@dataclass(frozen=True, eq=False)
class Listener:
    """One taste in one model of the same level.

    `own` are the model's items of the taste by id, `known` those of a wider taste, and `known_keys` all keys of that.
    `ids` (n,) rising are the items that count towards others, the `reasons`: those with a weight, in solo mode the
    recently played ones. For each, `weights` (n,) has the plays as the model counts them, `recent` (n,) the share of
    plays that count, in solo mode the recent ones, and `confidence_after_decay` (n,) the share of the weight left by
    both. `sessions` counts each item's sessions by key, in solo mode; null: as the model counted them. `undecayed` is
    the listener this one is derived from, null for that itself.
    """

    model: Model
    taste: Taste
    own: Mapping[int, TasteItem]
    known: Mapping[int, TasteItem]
    known_keys: frozenset[str]
    ids: Ids
    reasons: tuple[TasteItem, ...]
    weights: Floats
    recent: Floats
    confidence_after_decay: Floats
    latest: int  # time of the last play, seconds UTC; 0 without dates
    sessions: Mapping[str, int] | None = None
    undecayed: Listener | None = None

    @classmethod
    def of(
        cls,
        model: Model,
        taste: Taste,
        wider: Taste | None = None,
        *,
        days: Days | None = None,
        sessions: Mapping[str, int] | None = None,
    ) -> Listener:
        """The listener of a taste, who knows the items of the `wider` one, or without it those of the taste.

        `days` are the taste's: without them all plays of recently played items count in solo mode. Raises
        NothingYetError if taste and model have nothing in common.
        """
        own = _in_catalog(model, taste)
        _check(model, taste, own)
        latest = max((item.last_played or 0 for item in own.values()), default=0)
        ids = [number for number in sorted(own) if own[number].weight > 0]
        if model.manifest.solo:
            recent = [number for number in ids if (own[number].last_played or 0) > latest - SOLO_RECENT]
            ids = recent or ids
        within = days.plays_within(SOLO_RECENT / _DAY) if days is not None and model.manifest.solo else {}
        reasons = tuple(own[number] for number in ids)
        counted = np.array([_counted_share(item, within.get(item.key)) for item in reasons])
        return cls(
            model=model,
            taste=taste,
            own=own,
            known=own if wider is None else _in_catalog(model, wider),
            known_keys=frozenset((wider or taste).by_key),
            ids=np.array(ids, dtype=np.int64),
            reasons=reasons,
            weights=np.array([item.weight for item in reasons]),
            recent=counted,
            confidence_after_decay=_after_decay(
                reasons, np.minimum(counted, [item.remaining for item in reasons])
            ),
            latest=latest,
            sessions=sessions,
        )

    def with_decay(self, remaining: Mapping[str, float]) -> Listener:
        """The same listener with this share of each item's plays, by key, left; fast, since most is reused."""
        origin = self.undecayed or self
        left = np.array([remaining.get(item.key, 1.0) for item in origin.reasons])
        confidence = _after_decay(origin.reasons, np.minimum(left, origin.recent))
        return replace(origin, confidence_after_decay=confidence, undecayed=origin)

    @cached_property
    def own_ids(self) -> Ids:
        """Sorted ids of what the listener plays."""
        if self.undecayed is not None:
            return self.undecayed.own_ids
        return np.array(sorted(self.own), dtype=np.int64)

    @cached_property
    def coverage(self) -> Coverage | None:
        """How much of the taste the model's data knows, independent of decay; null in solo mode."""
        if self.undecayed is not None:
            return self.undecayed.coverage
        return _coverage(self.model, self.taste, self.own)

    @property
    def reason_factors(self) -> NDArray[np.float32]:
        """The reasons' factors: (n, f)."""
        return np.asarray(self.model.factors.item_factors[self.ids])

    @cached_property
    def members(self) -> Members:
        """The model's members, in solo mode with the sessions of each item and the days since it was last played."""
        if self.undecayed is not None:
            return self.undecayed.members
        members = self.model.members
        if not self.model.manifest.solo:
            return members
        age = np.full(self.model.catalog.size, np.inf)
        sessions = members.listeners
        if self.sessions is not None:
            sessions = np.zeros(self.model.catalog.size, dtype=np.int32)
        for number, item in self.known.items():
            if item.last_played is not None:
                age[number] = (self.last_play - item.last_played) / _DAY
            if self.sessions is not None:
                sessions[number] = self.sessions.get(item.key, 0)
        return replace(members, age=age, listeners=sessions)

    @cached_property
    def last_play(self) -> int:
        """The last play of any known item, in or outside the taste's window: seconds UTC, 0 without dates."""
        return max((item.last_played or 0 for item in self.known.values()), default=0)

    @cached_property
    def folded(self) -> FoldedMembers:
        """The listener in every member of the ensemble."""
        if self.undecayed is not None:
            return self.undecayed.folded.replayed(*self._counted)
        return self.fold(np.arange(len(self.ids)))

    def fold(self, places: Ids) -> FoldedMembers:
        """Some of the reasons, by index, folded in as if they were all."""
        confidences, plays = self._counted
        return self.members.fold_in(self.ids[places], confidences[places], plays[places])

    @cached_property
    def _counted(self) -> tuple[Floats, Floats]:
        """The reasons' confidences, and their plays as neighbours count them."""
        left = float(self.confidence_after_decay.sum())
        sure = self.model.manifest.confidence.of(self.weights, left) - 1.0
        # Decay scales the confidence, not the count, whose transform may be binary.
        return 1.0 + sure * self.confidence_after_decay, self.weights * self.confidence_after_decay

    @cached_property
    def mode_places(self) -> list[Ids]:
        """Indices into `reasons` of the artists of each mode, independent of decay."""
        if self.undecayed is not None:
            return self.undecayed.mode_places
        return mode_places(self.reason_factors, self._dampened)

    @property
    def _dampened(self) -> Floats:
        return np.asarray(np.log1p(self.weights * self.confidence_after_decay))

    @cached_property
    def modes(self) -> tuple[Mode, ...]:
        """The modes of the taste, largest first; a single one if its artists do not form clusters."""
        if self.undecayed is not None:
            return self.undecayed.modes
        tags = [self.model.catalog.tags(number, TAGS) for number in self.ids.tolist()]
        return named_modes(self.mode_places, self._dampened, self.reasons, tags)


def _counted_share(item: TasteItem, within: float | None) -> float:
    """The share of an item's plays `within` a time; 1 if none is given."""
    return min(1.0, within / item.plays) if within is not None and item.plays else 1.0


def _after_decay(reasons: Sequence[TasteItem], left: Floats) -> Floats:
    """The share of each reason's weight left with this share of its plays: (n,). A like does not decay."""
    plays = np.array([1.0 - (LIKE_PLAYS if item.liked else 0.0) / item.weight for item in reasons])
    return np.asarray(1.0 - plays * (1.0 - left))


def _in_catalog(model: Model, taste: Taste) -> dict[int, TasteItem]:
    found = model.catalog.ids_of([item.key for item in taste.items])
    return {found[item.key]: item for item in taste.items if item.key in found}


def _coverage(model: Model, taste: Taste, own: Mapping[int, TasteItem]) -> Coverage | None:
    manifest = model.manifest
    if manifest.solo:
        return None
    return Coverage.of_taste(
        taste,
        {item.key for item in own.values()},
        level=manifest.level,
        packs=tuple(manifest.packs),
        source=manifest.source,
        collected=manifest.collected,
    )


def _check(model: Model, taste: Taste, own: Mapping[int, TasteItem]) -> None:
    if not taste.items and not taste.window.whole:
        raise NothingYetError("You played nothing in that time.")
    if not any(item.weight > 0 for item in own.values()):
        gone = taste.blocked | taste.left_out
        # The model knows what was blocked or excluded, and nothing else the person played.
        if gone and (not taste.items or model.catalog.ids_of(sorted(gone))):
            counts = (len(taste.blocked), "blocked"), (len(taste.left_out), "excluded")
            raise NothingLeftError(
                f"Nothing is left to recommend from: {', '.join(f'{n:,} {how}' for n, how in counts if n)}. "
                "Unblock one: discover unblock NAME. Or include some again: discover taste include NUMBER."
            )
        if not taste.items:
            raise NothingYetError(f"No plays yet. {IMPORT}")
        coverage = _coverage(model, taste, own)
        if coverage is not None and not coverage.known:
            raise NothingYetError(f"{coverage.in_words()} {advice(coverage.level)}")
        raise NothingYetError(
            f"None of your {quantity(len(taste.items), model.manifest.level)} counts towards recommendations: you "
            "skipped them, or the model does not know them. Import more of your history: discover import PATH. Then "
            "train again: discover train."
        )
