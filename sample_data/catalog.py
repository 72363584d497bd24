"""The fictional artists: which genres and scenes they belong to, where they lie, how known they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sample_data import genres

ARTISTS = 1500
SCENES = 60
DIMENSIONS = 14
# How much a genre has a place of its own, how much smaller each further dimension is, and what a genre does for fame.
GENRE_PLACE, NARROWING, GENRE_FAME = 0.4, 0.17, 0.35


@dataclass(frozen=True)
class Catalog:
    """What decides who listens to whom; row i is the artist with the id i + 1.

    `genre_weights` (artists, 24) float64, rows sum to 1; `primary` (artists,) the heaviest genre;
    `positions` (artists, 14) of length 1, the place inside the space of taste;
    `scenes` (artists, 60) bool; `fame` (artists,) a log of how well known each one is, most of them little.
    """

    genre_weights: NDArray[np.float64]
    primary: NDArray[np.int64]
    positions: NDArray[np.float64]
    scenes: NDArray[np.bool_]
    fame: NDArray[np.float64]


def make_catalog(rng: np.random.Generator) -> Catalog:
    """Return the 1,500 artists' hidden properties."""
    weights, primary = _genre_weights(rng)
    centres = rng.normal(size=(len(genres.GENRES), DIMENSIONS))
    scale = np.arange(1.0, DIMENSIONS + 1.0) ** -NARROWING
    own = rng.normal(size=(ARTISTS, DIMENSIONS)) * scale / np.sqrt((scale * scale).mean())
    positions = GENRE_PLACE * weights @ centres + own
    positions /= np.linalg.norm(positions, axis=1, keepdims=True)
    # Exponential in the log: a few artists everybody knows, many that hardly anybody does; more of the few in some
    # genres than in others.
    of_genre = GENRE_FAME * (rng.normal(size=len(genres.GENRES)) - 0.5)
    fame = np.clip(rng.exponential(size=ARTISTS) - 1.0 + of_genre[primary], -2.0, 3.7)
    return Catalog(weights, primary, positions, _scenes(rng, weights, positions), fame)


def _genre_weights(rng: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return each artist's one to three genres; further ones are likelier the closer they lie."""
    near = genres.closeness(1.1)
    share = np.array([genre.share for genre in genres.GENRES])
    primary = rng.choice(len(share), size=ARTISTS, p=share / share.sum())
    count = rng.choice((1, 2, 3), size=ARTISTS, p=(0.35, 0.45, 0.20))
    weights = np.zeros((ARTISTS, len(share)))
    for artist in range(ARTISTS):
        odds = near[primary[artist]] * share + 0.01
        odds[primary[artist]] = 0.0
        others = rng.choice(len(share), size=count[artist] - 1, replace=False, p=odds / odds.sum())
        weights[artist, primary[artist]] = 1.0
        weights[artist, others] = rng.uniform(0.25, 0.8, size=len(others))
    return weights / weights.sum(axis=1, keepdims=True), primary


def _scenes(
    rng: np.random.Generator, weights: NDArray[np.float64], positions: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Return membership in scenes: a town, a label, a festival; each gathers artists of a few genres."""
    scenes = np.zeros((ARTISTS, SCENES), dtype=np.bool_)
    for scene in range(SCENES):
        mix = rng.dirichlet(np.full(len(genres.GENRES), 0.12))
        direction = rng.normal(size=DIMENSIONS)
        score = 4.0 * weights @ mix + 1.3 * positions @ direction + rng.gumbel(size=ARTISTS)
        members = np.argsort(-score, kind="stable")[: int(rng.integers(14, 46))]
        scenes[members, scene] = True
    return scenes
