"""The taste map: the person's artists in two dimensions, similar ones near each other.

A linear projection of the directions of their factors, weighted by plays: first the directions in which the centres
of the tastes differ most, then, where there are too few tastes for two, those in which the artists do (principal
components). Along each axis places are then spread halfway to even, which keeps their order and makes crowds readable.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.recommend.listener import Listener

Floats = NDArray[np.float64]
# How far positions on each axis are moved from the projection towards even spacing.
SPREAD = 0.5
# A direction with less than this share of the variance is rounding and is ignored.
_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class MapArtist:
    """One of the person's artists: `x` and `y` from 0 (left, top) to 1, the number of its taste, from 1, its weight."""

    artist: str
    key: str
    x: float
    y: float
    mode: int
    weight: float


@dataclass(frozen=True, slots=True)
class MapTaste:
    """One taste: its number, from 1, and the weighted middle of its artists."""

    number: int
    name: str
    share: float
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class TasteMap:
    """The artists a model knows and the person's tastes; `shown` is the share of the variance the plane holds."""

    artists: tuple[MapArtist, ...]
    tastes: tuple[MapTaste, ...]
    shown: float


def taste_map(listener: Listener) -> TasteMap:
    """The map of a person's artists, those that count towards others; the same however plays decay."""
    weights = np.log1p(np.array([item.weight for item in listener.reasons]))
    label = np.zeros(len(listener.reasons), dtype=np.int64)
    for number, mode in enumerate(listener.modes):
        label[mode.places] = number
    plane, shown = projected(listener.reason_factors, weights, label)
    places = np.column_stack([spread(axis) for axis in plane.T])
    middles = _means(places, weights, label)
    return TasteMap(
        tuple(
            MapArtist(item.name, item.key, x, y, number + 1, item.weight)
            for item, (x, y), number in zip(listener.reasons, places.tolist(), label.tolist(), strict=True)
        ),
        tuple(
            MapTaste(number, mode.name, mode.share, float(middle[0]), float(middle[1]))
            for number, (mode, middle) in enumerate(zip(listener.modes, middles, strict=True), 1)
        ),
        shown,
    )


def projected(
    vectors: NDArray[np.float32], weights: Floats, label: NDArray[np.int64]
) -> tuple[Floats, float]:
    """Artists' factors (n, f) in the plane, (n, 2), and the share of their variance it holds.

    `weights` (n,) are above 0, `label` (n,) numbers the tastes from 0, every one used. The heaviest artist is left
    and above the middle, so that the map does not turn over from one day to the next.
    """
    unit = np.asarray(vectors, dtype=np.float64)
    unit = unit / np.maximum(np.linalg.norm(unit, axis=1), 1e-9)[:, None]
    around = unit - np.average(unit, axis=0, weights=weights)
    whole = float((weights * (around**2).sum(axis=1)).sum())
    sizes = np.bincount(label, weights=weights).astype(np.float64)
    axes = _directions(_means(around, weights, label), sizes, whole)[:2]
    rest = around - around @ axes.T @ axes
    axes = np.concatenate([axes, _directions(rest, weights, whole)])[:2]
    plane = np.zeros((len(unit), 2))
    plane[:, : len(axes)] = around @ axes.T
    held = float((weights * (plane**2).sum(axis=1)).sum())
    return plane * -_sides(plane, weights), held / whole if whole else 1.0


def _means(points: Floats, weights: Floats, label: NDArray[np.int64]) -> Floats:
    """The weighted mean of the points (n, d) of each label: (labels, d)."""
    member = np.eye(int(label.max()) + 1)[label] * weights[:, None]
    return np.asarray(member.T @ points / member.sum(axis=0)[:, None])


def _directions(points: Floats, weights: Floats, whole: float) -> Floats:
    """Unit vectors (at most d, d) in which weighted points around 0 differ, those of most variance first."""
    _, sizes, axes = np.linalg.svd(np.sqrt(weights)[:, None] * points, full_matrices=False)
    return np.asarray(axes[sizes**2 > _ROUNDING * whole])


def _sides(plane: Floats, weights: Floats) -> Floats:
    """For each axis the side, 1 or -1, of the heaviest artist; if it is on neither, of the next heaviest."""
    sides = np.ones(2)
    heaviest = np.argsort(-weights, kind="stable")
    for axis in range(2):
        along = plane[heaviest, axis]
        off = np.flatnonzero(np.abs(along) > _ROUNDING * max(float(np.abs(along).max()), _ROUNDING))
        if len(off):
            sides[axis] = np.sign(along[off[0]])
    return sides


def spread(along: Floats) -> Floats:
    """Places (n,) on an axis moved halfway to even distances, from 0 to 1; their order, and ties, stay."""
    low, high = float(along.min()), float(along.max())
    if high - low <= 1e-12:
        return np.full(len(along), 0.5)
    scaled = np.round((along - low) / (high - low), 9)
    _, which, count = np.unique(scaled, return_inverse=True, return_counts=True)
    # Of equal places the mean rank.
    ranks = (np.cumsum(count) - (count + 1) / 2)[which]
    even = (ranks - ranks.min()) / (ranks.max() - ranks.min())
    return np.asarray((1 - SPREAD) * scaled + SPREAD * even)
