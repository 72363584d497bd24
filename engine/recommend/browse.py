"""Browse: the model's artists by genre and decade, in the order of Discover's scores, with known ones marked.

Without genres, artists are grouped by their listeners (`engine.recommend.modes`), and a group is named by its most
typical artists. Decades come from tags and from the person's own files.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from engine.canonical_keys import nearest
from engine.community.genre_tree import decade_of, genre_key
from engine.errors import UnknownNameError
from engine.model.popularity_bias import with_popularity_bias
from engine.recommend.discover import Recommender
from engine.recommend.listener import Floats, Ids
from engine.recommend.lists import Ranked
from engine.recommend.modes import clusters_of
from engine.recommend.settings import DiscoverSettings
from engine.taste.query import Known
from engine.training.artifact import Model

Kind = Literal["all", "genre", "decade", "group"]
# Filters: new to the person, or known.
Only = Literal["new", "known"]
ALL = "all artists"
# Groups: artists considered (the most popular), minimum artists per group, maximum number of groups.
GROUPED, GROUP_SIZE, MAX_GROUPS, NAMES = 10_000, 20, 24, 3
NO_GENRES = (
    "Nothing here says what the music is, so artists are grouped by who listens to them. For genres: discover "
    "community fetch genres, then discover train."
)
NO_DECADES = "No decades: neither the community data nor files of yours say when music is from."


@dataclass(frozen=True, eq=False)
class Sections:
    """The parts of a catalog, all of it the first: `items` (n,) of each from `starts[i]` to `starts[i + 1]`, none
    empty; `parents` are indices into `names`, -1 at the top. The items of groups, which have no names of their own, are
    in the order of how typical they are."""

    names: tuple[str, ...]
    kinds: tuple[Kind, ...]
    parents: tuple[int, ...]
    items: NDArray[np.int32]
    starts: Ids

    @classmethod
    def of(cls, model: Model) -> Sections:
        """A model's, by its genres and decades, with groups where it has no genre."""
        words = model.catalog.genres()
        place = {one.name: number for number, one in enumerate(words, 1)}
        grouped = groups(model) if all(one.decade for one in words) else []
        every = [
            np.arange(model.catalog.size, dtype=np.int32),
            *(one.items for one in words),
            *grouped,
        ]
        of_words: list[Kind] = ["decade" if one.decade else "genre" for one in words]
        of_groups: list[Kind] = ["group"] * len(grouped)
        return cls(
            (ALL, *place, *[""] * len(grouped)),
            ("all", *of_words, *of_groups),
            (-1, *(place.get(one.parent or "", -1) for one in words), *[-1] * len(grouped)),
            np.concatenate(every),
            _starts(every),
        )

    def with_decades(self, items_of: Mapping[str, Collection[int]]) -> Sections:
        """These with items added to decades ("1980s"), which may be new, at least one item each."""
        if not items_of:
            return self
        parts = np.split(self.items, self.starts[1:-1])
        place = {name: number for number, name in enumerate(self.names) if self.kinds[number] == "decade"}
        new = sorted(items_of.keys() - place.keys())
        for name in items_of.keys() & place.keys():
            parts[place[name]] = np.union1d(parts[place[name]], _ids(items_of[name]))
        parts += [_ids(items_of[name]) for name in new]
        decades: list[Kind] = ["decade"] * len(new)
        return Sections(
            (*self.names, *new),
            (*self.kinds, *decades),
            (*self.parents, *[-1] * len(new)),
            np.concatenate(parts),
            _starts(parts),
        )

    def of_items(self, number: int) -> Ids:
        """The items of a section: ids (n,)."""
        return self.items[self.starts[number] : self.starts[number + 1]].astype(np.int64)

    def sums(self, of: NDArray[Any]) -> Floats:
        """The sum over each section's items of a number for each item (items,): (sections,)."""
        return np.add.reduceat(of[self.items].astype(np.float64), self.starts[:-1])


@dataclass(frozen=True, slots=True)
class BrowseNode:
    """A section of the tree, `depth` below the top: how many `artists`, how many of them are `known`, and their share
    of the person's plays (0 to 1). Without what is hidden or blocked."""

    name: str
    kind: Kind
    parent: str | None
    depth: int
    artists: int
    known: int
    plays_share: float


@dataclass(frozen=True, slots=True)
class BrowseTree:
    """Every section before those below it, most played first; `notes` say what is missing."""

    nodes: tuple[BrowseNode, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BrowseList:
    """The first artists of a section in order, with the totals `artists` and `known`. `half_life` (days) is that of the
    plays they are ordered by, null where those do not decay."""

    name: str
    kind: Kind
    artists: int
    known: int
    items: tuple[Ranked, ...]
    solo: bool
    half_life: float | None = None


class Browser:
    """Browse for one person: a recommender's scores in the sections of its model."""

    def __init__(self, sections: Sections, recommender: Recommender) -> None:
        self._sections = sections
        self._recommender = recommender
        self._scores: dict[int | None, Floats] = {}
        self._listed: dict[Known, tuple[NDArray[np.bool_], Floats, Floats]] = {}

    def tree(self, known: Known) -> BrowseTree:
        """The sections with listable artists."""
        sections = self._sections
        known_here, plays = self._known(known) & self._listable, self._plays * self._listable
        counts = [sections.sums(of) for of in (self._listable, known_here, plays)]
        artists, knowns, played = (each.tolist() for each in counts)
        total = max(played[0], 1e-9)
        below: dict[int, list[int]] = defaultdict(list)
        for number in range(len(self._names)):
            if artists[number]:
                below[self._parent(number, artists)].append(number)
        nodes: list[BrowseNode] = []

        def add(above: int, depth: int) -> None:
            # All of it first, decades last and by time.
            for number in sorted(below[above], key=lambda one: self._order(one, played[one], artists[one])):
                nodes.append(
                    BrowseNode(
                        self._names[number],
                        sections.kinds[number],
                        self._names[above] if above >= 0 else None,
                        depth,
                        int(artists[number]),
                        int(knowns[number]),
                        played[number] / total,
                    )
                )
                add(number, depth + 1)

        add(-1, 0)
        return BrowseTree(tuple(nodes), self._notes)

    def _parent(self, number: int, artists: Sequence[float]) -> int:
        """The nearest section above with listable artists."""
        above = self._sections.parents[number]
        return above if above < 0 or artists[above] else self._parent(above, artists)

    def _order(self, number: int, played: float, artists: float) -> tuple[object, ...]:
        kind, name = self._sections.kinds[number], self._names[number]
        return (kind != "all", kind == "decade") + (
            (name,) if kind == "decade" else (-played, -artists, name)
        )

    @property
    def _notes(self) -> tuple[str, ...]:
        kinds = set(self._sections.kinds)
        if "genre" not in kinds:
            return () if self._recommender.model.manifest.solo else (NO_GENRES,)
        return () if "decade" in kinds else (NO_DECADES,)

    def list(self, name: str, settings: DiscoverSettings, only: Only | None = None) -> BrowseList:
        """The first `settings.n` artists of a section. Raises UnknownNameError."""
        number = self._place(name)
        ids = np.sort(self._sections.of_items(number))
        ids = ids[self._listable[ids]]
        known = self._known(settings.query().known)
        whole, knowns = len(ids), int(known[ids].sum())
        if only:
            ids = ids[known[ids] == (only == "known")]
        scores = self._all_scores(settings.day)[ids]
        if settings.popularity != 0.0 and len(ids) > 1:
            listeners = np.asarray(self._recommender.model.listeners[ids], dtype=np.float64)
            order_by = with_popularity_bias(scores, listeners, settings.popularity)
        else:
            order_by = scores
        # Ids rise: of equal scores the lower id comes first.
        best = np.argsort(-order_by, kind="stable")[: settings.n]
        items = self._records(ids[best], scores[best], known)
        recommender, kind = self._recommender, self._sections.kinds[number]
        solo = recommender.model.manifest.solo
        return BrowseList(self._names[number], kind, whole, knowns, items, solo, recommender.half_life)

    def section_of(self, names: Sequence[str], artist: str) -> str:
        """The section with the first of these names that exists, else the smallest genre or group with the artist of
        this key, else all."""
        for name in names:
            if (place := self._places.get(_spelled(name))) is not None:
                return self._names[place]
        item = self._recommender.model.catalog.ids_of([artist]).get(artist, -1)
        starts, kinds = self._sections.starts, self._sections.kinds
        inside = np.searchsorted(starts, np.flatnonzero(self._sections.items == item), "right") - 1
        return self._names[
            min(
                (place for place in inside.tolist() if kinds[place] != "decade"),
                key=lambda place: int(starts[place + 1] - starts[place]),
                default=0,
            )
        ]

    def _place(self, name: str) -> int:
        """The index of a section, in any spelling."""
        if (place := self._places.get(_spelled(name))) is None:
            close = nearest(name, filter(None, self._names))
            hint = f" Did you mean {', '.join(close)}?" if close else " See them all: discover browse."
            raise UnknownNameError(f"No genre “{name}” here.{hint}")
        return place

    @cached_property
    def _places(self) -> dict[str, int]:
        """The indices of sections by spelling."""
        return {_spelled(name): place for place, name in enumerate(self._names)}

    @cached_property
    def _names(self) -> tuple[str, ...]:
        """The sections' names; a group's consist of its most typical artists that may be named."""
        typical = {
            number: ids[self._listable[ids]][:NAMES].tolist()
            for number, kind in enumerate(self._sections.kinds)
            for ids in [self._sections.of_items(number)]
            if kind == "group"
        }
        named = self._recommender.model.catalog.items([one for some in typical.values() for one in some])
        return tuple(
            ", ".join(named[one].name for one in typical[number]) if number in typical else name
            for number, name in enumerate(self._sections.names)
        )

    def _records(self, ids: Ids, scores: Floats, known: NDArray[np.bool_]) -> tuple[Ranked, ...]:
        model, listener = self._recommender.model, self._recommender.listener
        numbers = ids.tolist()
        named = model.catalog.items(numbers)
        counts = listener.members.listeners[ids].tolist()
        rows = zip(numbers, scores.tolist(), counts, known[ids].tolist(), strict=True)
        return tuple(
            Ranked(
                rank,
                named[number].name,
                named[number].key,
                number,
                score,
                count,
                int(mine.plays) if (mine := listener.known.get(number)) else 0,
                is_known and mine is not None and mine.plays > 0,
                mine is not None and mine.liked,
            )
            for rank, (number, score, count, is_known) in enumerate(rows, 1)
        )

    def _all_scores(self, day: int | None) -> Floats:
        if day not in self._scores:
            self._scores = {day: self._recommender.ranker.scores_of_all(day)}
        return self._scores[day]

    def _known(self, known: Known) -> NDArray[np.bool_]:
        """(items,) bool: which are known."""
        found = np.zeros(self._recommender.model.catalog.size, dtype=np.bool_)
        found[self._recommender.known_ids(known)] = True
        return found

    @cached_property
    def _listable(self) -> NDArray[np.bool_]:
        """(items,) bool: not excluded by a verdict or rule. Resting ones are included."""
        model, taste = self._recommender.model, self._recommender.listener.taste
        found = np.ones(model.catalog.size, dtype=np.bool_)
        found[list(model.catalog.ids_meant(taste.unwanted))] = False
        return found

    @cached_property
    def _plays(self) -> Floats:
        """(items,): the person's plays of each."""
        found = np.zeros(self._recommender.model.catalog.size)
        for number, item in self._recommender.listener.own.items():
            found[number] = item.plays
        return found


def _starts(parts: Sequence[NDArray[np.int32]]) -> Ids:
    return np.concatenate(([0], np.cumsum([len(items) for items in parts])))


def _ids(items: Collection[int]) -> NDArray[np.int32]:
    return np.array(sorted(items), dtype=np.int32)


def _spelled(name: str) -> str:
    """A normal form of a section's name: the same for "80s" and "1980s"."""
    return genre_key(decade_of(name) or name)


def groups(model: Model) -> list[NDArray[np.int32]]:
    """A model's artists in groups of similar ones, the most typical first; deterministic. Empty if there are too
    few."""
    factors, listeners = model.factors.item_factors, model.listeners
    weights = np.log1p(listeners.astype(np.float64))
    some = np.argsort(-listeners, kind="stable")[:GROUPED]
    count = min(MAX_GROUPS, len(some) // GROUP_SIZE)
    if count < 2:
        return []
    label = clusters_of(factors[some], weights[some], count)
    unit = _unit(np.asarray(factors, dtype=np.float32))
    middles = np.stack([_middle(unit[some], weights[some], label == number) for number in range(count)])
    like = unit @ middles.T
    nearest_middle = like.argmax(axis=1)
    found = [np.flatnonzero(nearest_middle == number) for number in range(count)]
    return [
        ids[np.argsort(-weights[ids] * like[ids, number], kind="stable")].astype(np.int32)
        for number, ids in enumerate(found)
        if len(ids)
    ]


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
    return np.asarray(vectors / np.maximum(lengths, 1e-9)[:, None], dtype=np.float32)


def _middle(unit: NDArray[np.float32], weights: Floats, of: NDArray[np.bool_]) -> NDArray[np.float32]:
    """The direction of the weighted mean of some of the unit vectors: (f,); zeros of none."""
    mean = (unit[of] * weights[of, None]).sum(axis=0)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-9), dtype=np.float32)
