"""Several tastes, not one average: the person's artists in clusters, each with a name.

Spherical k-means over the directions of the artists' factors, weighted by plays (Dhillon, Modha 2001), from
deterministic starts that are far apart. The number of modes is the one with the highest mean silhouette, if that is
clear enough.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.stopping import stop_if_asked
from engine.taste.gate import TasteItem

Floats = NDArray[np.float64]
MAX_MODES = 6
# A mode needs this many artists; modes with a lower silhouette than this are one: noise around one direction of forty
# factors reaches .08, the sample's listener .21, half of eight of HetRec's .3 and more.
MIN_ARTISTS, MIN_SILHOUETTE = 4, 0.1
SWEEPS = 30
NAMES = 3


@dataclass(frozen=True, eq=False)
class Mode:
    """One taste: its artists as `places` in the person's list, by centrality, and its share of the plays.

    `name` is the community tag that distinguishes it if there is one, else its first artists.
    """

    name: str
    places: NDArray[np.int64]
    artists: tuple[str, ...]
    share: float
    tags: tuple[str, ...] = ()


def mode_places(vectors: NDArray[np.float32], weights: Floats) -> list[NDArray[np.int64]]:
    """The places of each mode's artists, by their part in it, among factors `vectors` (n, f) with `weights` (n,)."""
    unit, weights = _directions(vectors, weights)
    label = _clusters(unit, weights)
    groups = [np.flatnonzero(label == number) for number in range(int(label.max()) + 1)]
    return [places[np.lexsort((places, -_centrality(unit, weights, places)))] for places in groups]


def clusters_of(vectors: NDArray[np.float32], weights: Floats, count: int) -> NDArray[np.int64]:
    """The cluster of each of factors `vectors` (n, f) with `weights` (n,), of at most `count`; some may be empty."""
    return _k_means(*_directions(vectors, weights), count)


def merges_of(
    vectors: NDArray[np.float32], weights: Floats, labels: NDArray[np.int64], count: int
) -> tuple[NDArray[np.int64], ...]:
    """The clusters `labels` (n,) with one less at a time, down to `count`: of each cluster, the one it has become
    part of. Those two are merged of which the objective of the k-means loses least (Ward 1963)."""
    unit, weights = _directions(vectors, weights)
    now = np.arange(int(labels.max()) + 1)
    sums = np.eye(len(now))[labels].T @ (unit * weights[:, None])
    found = []
    while len(sums) > count:
        lengths = np.linalg.norm(sums, axis=1)
        lost = lengths[:, None] + lengths - np.linalg.norm(sums[:, None] + sums, axis=2)
        np.fill_diagonal(lost, np.inf)
        kept, gone = sorted(np.unravel_index(int(np.argmin(lost)), lost.shape))
        sums[kept] += sums[gone]
        sums = np.delete(sums, gone, axis=0)
        now = np.where(now == gone, kept, now - (now > gone))
        found.append(now)
    return tuple(found)


def named_modes(
    groups: Sequence[NDArray[np.int64]],
    weights: Floats,
    items: Sequence[TasteItem],
    tags: Sequence[Sequence[str]],
) -> tuple[Mode, ...]:
    """The modes at those places with their names, by the community's `tags` of each artist; the largest first."""
    plays = np.array([item.weight * item.confidence_after_decay for item in items])
    groups = sorted(groups, key=lambda places: -float(plays[places].sum()))
    total = float(plays.sum()) or 1.0
    words = [_words(places, weights, tags) for places in groups]
    used = Counter(word for found in words for word in found)
    modes = []
    for places, found in zip(groups, words, strict=True):
        # Of tracks the artists, each once.
        names = tuple(dict.fromkeys(items[place].name for place in places.tolist()))[:NAMES]
        # A tag that every mode has distinguishes none.
        own = [word for word in found if used[word] == 1 or len(groups) == 1]
        modes.append(
            Mode(
                own[0] if own else " and ".join(names[:2]),
                places,
                names,
                float(plays[places].sum()) / total,
                tuple(found[:NAMES]),
            )
        )
    return tuple(modes)


def _directions(vectors: NDArray[np.float32], weights: Floats) -> tuple[Floats, Floats]:
    """Unit vectors (n, f), and weights (n,) above 0."""
    lengths = np.linalg.norm(vectors, axis=1)
    unit = np.asarray(vectors, dtype=np.float64) / np.maximum(lengths, 1e-9)[:, None]
    return unit, np.maximum(np.asarray(weights, dtype=np.float64), 1e-6)


def _clusters(unit: Floats, weights: Floats) -> NDArray[np.int64]:
    """The label of each artist, 0..k-1, every one used."""
    best, apart = np.zeros(len(unit), dtype=np.int64), MIN_SILHOUETTE
    if len(unit) < 2 * MIN_ARTISTS:
        return best
    for count in range(2, min(MAX_MODES, len(unit) // MIN_ARTISTS) + 1):
        label = _k_means(unit, weights, count)
        if np.bincount(label, minlength=count).min() < MIN_ARTISTS:
            continue
        found = _silhouette(unit, label, weights)
        if found > apart:
            best, apart = label, found
    return best


def _k_means(unit: Floats, weights: Floats, count: int) -> NDArray[np.int64]:
    """Labels after a start from the heaviest artist and, in turn, the heaviest of those far from all starts."""
    starts = [int(np.argmax(weights))]
    while len(starts) < count:
        distance = 1.0 - (unit @ unit[starts].T).max(axis=1)
        starts.append(int(np.argmax(weights * np.maximum(distance, 0.0))))
    centres, weighted = unit[starts], unit * weights[:, None]
    label = np.full(len(unit), -1, dtype=np.int64)
    for _ in range(SWEEPS):
        stop_if_asked()
        moved = np.argmax(unit @ centres.T, axis=1)
        if (moved == label).all():
            break
        label = moved
        sums = np.eye(count)[label].T @ weighted
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        centres = np.where(lengths > 0, sums / np.maximum(lengths, 1e-12), centres)
    return label


def _silhouette(unit: Floats, label: NDArray[np.int64], weights: Floats) -> float:
    """Weighted mean over artists of (b - a) / max(a, b): a the mean distance within, b to the nearest other mode."""
    count = int(label.max()) + 1
    member = np.eye(count)[label]
    sizes = member.sum(axis=0)
    # The sum of an artist's cosines with a mode's is that with their sum: no table of all pairs, of which a lifetime's
    # tracks would have billions.
    distances = (sizes - unit @ (unit.T @ member)) / sizes
    rows = np.arange(len(label))
    # The distance to oneself, 0, is excluded.
    within = distances[rows, label] * sizes[label] / np.maximum(sizes[label] - 1, 1)
    distances[rows, label] = np.inf
    between = distances.min(axis=1)
    widest = np.maximum(np.maximum(within, between), 1e-12)
    return float(np.average((between - within) / widest, weights=weights))


def _centrality(unit: Floats, weights: Floats, places: NDArray[np.int64]) -> Floats:
    """Centrality of each artist: its weight times its cosine with the mode's centre."""
    centre = (unit[places] * weights[places, None]).sum(axis=0)
    return np.asarray(weights[places] * (unit[places] @ centre / max(float(np.linalg.norm(centre)), 1e-12)))


def _words(places: NDArray[np.int64], weights: Floats, tags: Sequence[Sequence[str]]) -> list[str]:
    """The community's tags for a mode's artists, by weight; tags of a single artist do not count."""
    weight: dict[str, float] = defaultdict(float)
    artists: Counter[str] = Counter()
    for place in places.tolist():
        for rank, word in enumerate(tags[place]):
            weight[word] += float(weights[place]) / (1 + rank)
            artists[word] += 1
    found = [word for word in weight if artists[word] > 1]
    return sorted(found, key=lambda word: (-weight[word], word))
