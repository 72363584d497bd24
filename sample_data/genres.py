"""The 24 overlapping genres of the made-up community: where they lie, and how their music sounds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Genre:
    """A genre: its place on a two-dimensional map of styles, its sound, and how many artists play it.

    `tempos` are (mean bpm, standard deviation, weight) modes; `energy` is a mean in 0..1, `minutes` the
    typical length of a track; `flavour` names the sound of its artists' names (see `sample_data.made_up_names`).
    """

    name: str
    x: float
    y: float
    share: float
    tempos: tuple[tuple[float, float, float], ...]
    energy: float
    minutes: float
    flavour: str


GENRES: tuple[Genre, ...] = (
    Genre("ambient", 0.0, 0.0, 1.1, ((76, 12, 0.6), (104, 14, 0.4)), 0.16, 5.4, "northern"),
    Genre("drone", -0.5, -0.9, 0.5, ((68, 8, 0.7), (92, 20, 0.3)), 0.14, 7.0, "northern"),
    Genre("modern classical", 0.3, -1.2, 0.8, ((72, 12, 0.6), (116, 18, 0.4)), 0.15, 4.6, "slavic"),
    Genre("post-rock", -1.2, 0.2, 0.9, ((82, 12, 0.5), (136, 16, 0.5)), 0.55, 6.4, "northern"),
    Genre("electronica", 1.2, 0.7, 1.3, ((122, 9, 0.7), (92, 9, 0.3)), 0.62, 4.5, "glass"),
    Genre("techno", 2.6, 1.2, 1.2, ((130, 4, 0.8), (138, 4, 0.2)), 0.78, 6.0, "glass"),
    Genre("house", 3.0, 0.3, 1.2, ((124, 3, 0.9), (118, 4, 0.1)), 0.75, 5.4, "glass"),
    Genre("drum and bass", 2.5, 2.2, 0.9, ((174, 3, 0.85), (168, 5, 0.15)), 0.84, 4.8, "glass"),
    Genre("dub", 2.0, -1.0, 0.7, ((74, 6, 0.7), (140, 6, 0.3)), 0.48, 4.6, "island"),
    Genre("trip hop", 1.4, -0.6, 0.8, ((84, 8, 0.8), (96, 6, 0.2)), 0.46, 4.6, "glass"),
    Genre("hip hop", 2.4, -2.0, 1.4, ((90, 6, 0.6), (144, 8, 0.4)), 0.66, 3.4, "street"),
    Genre("soul", 1.6, -2.6, 1.1, ((96, 12, 0.7), (72, 7, 0.3)), 0.52, 3.9, "southern"),
    Genre("funk", 2.4, -3.0, 0.9, ((108, 7, 0.8), (118, 6, 0.2)), 0.72, 4.2, "southern"),
    Genre("jazz", 0.7, -2.6, 1.2, ((116, 26, 0.6), (168, 20, 0.2), (72, 9, 0.2)), 0.36, 5.8, "southern"),
    Genre("synthpop", 0.6, 2.2, 1.2, ((120, 9, 0.8), (98, 7, 0.2)), 0.71, 3.9, "bright"),
    Genre("post-punk", -0.7, 2.4, 1.1, ((148, 12, 0.6), (124, 9, 0.4)), 0.74, 3.7, "iron"),
    Genre("shoegaze", -1.5, 1.5, 0.9, ((112, 13, 0.7), (140, 10, 0.3)), 0.70, 4.6, "bright"),
    Genre("dream pop", -0.5, 1.2, 1.0, ((104, 12, 0.7), (128, 10, 0.3)), 0.50, 4.1, "bright"),
    Genre("indie rock", -1.8, 2.4, 1.5, ((124, 14, 0.7), (156, 12, 0.3)), 0.69, 3.7, "oak"),
    Genre("punk", -1.9, 3.5, 0.9, ((172, 12, 0.6), (152, 14, 0.4)), 0.90, 2.5, "iron"),
    Genre("metal", -3.0, 3.0, 1.1, ((164, 16, 0.5), (118, 16, 0.5)), 0.90, 4.9, "iron"),
    Genre("folk", -2.0, -1.6, 1.2, ((104, 16, 0.7), (136, 14, 0.3)), 0.31, 3.8, "oak"),
    Genre("americana", -2.9, -1.0, 0.8, ((110, 16, 0.7), (140, 16, 0.3)), 0.45, 3.8, "oak"),
    Genre("chamber pop", -1.4, -0.3, 0.8, ((112, 15, 0.8), (86, 8, 0.2)), 0.44, 3.9, "oak"),
)

NAMES: tuple[str, ...] = tuple(genre.name for genre in GENRES)


def closeness(width: float) -> NDArray[np.float64]:
    """Return how much each genre overlaps each other: exp(-(distance / width)^2 / 2), shape (24, 24)."""
    places = np.array([(genre.x, genre.y) for genre in GENRES])
    squared = ((places[:, None, :] - places[None, :, :]) ** 2).sum(axis=2)
    overlap: NDArray[np.float64] = np.exp(-squared / (2.0 * width * width))
    return overlap
