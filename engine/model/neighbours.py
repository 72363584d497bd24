"""The neighbour model: what listeners of your artists also play, item to item.

A linear item model (SLIM: Ning, Karypis 2011) in which each item is predicted from its nearest items only, by ridge
regression on the listeners' dampened counts; `engine.model.neighbour_fit` learns it. No item predicts itself, and a
score is a sum over the person's items, so that each one's contribution is exact. Needs only NumPy to use.
"""

from __future__ import annotations

from typing import ClassVar, NamedTuple

import msgspec
import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from engine.errors import InvalidDataError

Floats = NDArray[np.float64]
Ids = NDArray[np.int64]


class Gathered(NamedTuple):
    """The weights from a listener's items to `others` other items: for each cell the index of the listener's item, of
    the other item, and the weight; all (cells,)."""

    others: int
    which: Ids
    places: NDArray[np.integer]
    weights: NDArray[np.float32]


class Neighbours(msgspec.Struct, frozen=True):
    """The model: arrays, for `np.save`.

    Item j has `weights` (cells,) float32 for the items `targets` (cells,) int32, its cells from `starts[j]` to
    `starts[j + 1]`; `starts` (items + 1,) int64. `joined` has the cells added since, of at least as many items: the
    arrays of a trained model are a hundred megabytes, what joins it is a hundredth of that. `ARRAYS` are the fields by
    the names of their files, as the first version called them.
    """

    ARRAYS: ClassVar[dict[str, str]] = {"starts": "starts", "hearers": "targets", "weights": "weights"}
    starts: NDArray[np.int64]
    targets: NDArray[np.int32]
    weights: NDArray[np.float32]
    joined: Neighbours | None = None

    @property
    def items(self) -> int:
        """How many items there are."""
        return len((self.joined or self).starts) - 1

    def weights_from(self, ids: Ids) -> tuple[Ids, NDArray[np.int32], NDArray[np.float32]]:
        """(index into `ids`, target, weight) of every cell of these items, in order, those that joined last."""
        # Items after the last have no cells.
        first, after = (self.starts[np.minimum(ids + end, len(self.starts) - 1)] for end in (0, 1))
        counts = after - first
        which = np.repeat(np.arange(len(ids)), counts)
        places = np.arange(len(which)) + np.repeat(first - (np.cumsum(counts) - counts), counts)
        found = which, self.targets[places], self.weights[places]
        if self.joined is None:
            return found
        more = self.joined.weights_from(ids)
        return (
            np.concatenate((found[0], more[0])),
            np.concatenate((found[1], more[1])),
            np.concatenate((found[2], more[2])),
        )

    def whole(self) -> Neighbours:
        """The model with the cells that joined among its own."""
        return self if self.joined is None else replace(self, joined=None).extended_by(self.joined)

    def grown_by(self, others: Neighbours) -> Neighbours:
        """The model with `others`, of at least as many items, among what joined it."""
        return replace(self, joined=others if self.joined is None else self.joined.extended_by(others))

    def extended_by(self, others: Neighbours) -> Neighbours:
        """The model with the cells of `others`, which has at least as many items, after its own."""
        more = len(others.starts) - len(self.starts)
        starts = np.concatenate((self.starts, np.full(more, self.starts[-1])))
        places = np.repeat(starts[1:], np.diff(others.starts))
        return Neighbours(
            starts + others.starts,
            np.insert(self.targets, places, others.targets),
            np.insert(self.weights, places, others.weights),
        )

    def fold_in(self, ids: Ids, plays: Floats) -> FoldedNeighbours:
        """The listener who played items `ids` (n,), each once, `plays` (n,) times.

        Raises InvalidDataError for ids out of range and plays that are negative or not finite.
        """
        ids, plays = np.asarray(ids, dtype=np.int64), np.asarray(plays, dtype=np.float64)
        if ids.shape != plays.shape or (len(ids) and (ids.min() < 0 or ids.max() >= self.items)):
            raise InvalidDataError(f"item ids go from 0 to {self.items - 1}, each with its plays.")
        if not (np.isfinite(plays).all() and (plays >= 0).all()):
            raise InvalidDataError("plays must be finite and at least 0.")
        return FoldedNeighbours(self, ids, np.log1p(plays))


class FoldedNeighbours:
    """One listener in the neighbour model. Made by `Neighbours.fold_in`."""

    def __init__(self, model: Neighbours, ids: Ids, counts: Floats, every: Gathered | None = None) -> None:
        self._model = model
        self.ids = ids
        self._counts = counts
        self._every = every or Gathered(model.items, *model.weights_from(ids))

    def replayed(self, plays: Floats) -> FoldedNeighbours:
        """The listener of the same items played `plays` (n,) times."""
        return FoldedNeighbours(self._model, self.ids, np.log1p(plays), self._every)

    def gather(self, ids: Ids) -> Gathered:
        """The cells whose targets are items `ids`, each once, independent of play counts."""
        place = np.full(self._model.items, -1, dtype=np.int32)
        place[ids] = np.arange(len(ids))
        places = place[self._every.places]
        found = np.flatnonzero(places >= 0)
        return Gathered(len(ids), self._every.which[found], places[found], self._every.weights[found])

    def scores(self, ids: Ids | Gathered | None = None) -> Floats:
        """Scores of items `ids` (m,), or of all: (m,) float64."""
        if ids is None:
            ids = self._every
        cells = self._gathered(ids)
        parts = self._counts[cells.which] * cells.weights
        # Without cells NumPy returns integers.
        return np.bincount(cells.places, weights=parts, minlength=cells.others).astype(np.float64, copy=False)

    def part_of(self, index: int, ids: Ids | Gathered) -> Floats:
        """The contribution of the listener's item `ids[index]` to the scores of items `ids`: (m,)."""
        cells = self._gathered(ids)
        own = cells.which == index
        part = self._counts[index] * cells.weights[own]
        return np.bincount(cells.places[own], weights=part, minlength=cells.others).astype(
            np.float64, copy=False
        )

    def contributions(self, ids: Ids | Gathered) -> Floats:
        """(m, n): the contribution of each of the listener's n items to each score; rows sum to `scores`."""
        cells = self._gathered(ids)
        parts = np.zeros((cells.others, len(self.ids)))
        parts[cells.places, cells.which] = self._counts[cells.which] * cells.weights
        return parts

    def _gathered(self, ids: Ids | Gathered) -> Gathered:
        return ids if isinstance(ids, Gathered) else self.gather(np.asarray(ids, dtype=np.int64))
