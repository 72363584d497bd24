"""The made-up listeners, what they play and how often, and the tags they give."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sample_data import genres
from sample_data.catalog import DIMENSIONS, SCENES, Catalog

LISTENERS = 2500


@dataclass(frozen=True)
class Tastes:
    """What each listener likes. Rows are listeners.

    `genre_mix` (n, 24) rows sum to 1; `direction` (n, 10) the personal taste inside the space of positions;
    `scenes` (n, 60) how strongly each scene is followed; `pull` (n,) how much fame counts, 1 on average.
    """

    genre_mix: NDArray[np.float64]
    direction: NDArray[np.float64]
    scenes: NDArray[np.float64]
    pull: NDArray[np.float64]


@dataclass(frozen=True)
class Plays:
    """Play counts as parallel int64 arrays: listener row, artist row, plays of at least 1."""

    listener: NDArray[np.int64]
    artist: NDArray[np.int64]
    count: NDArray[np.int64]


def make_tastes(rng: np.random.Generator, listeners: int = LISTENERS) -> Tastes:
    """Return listeners with one to four genres, a personal direction and up to three scenes."""
    near = genres.closeness(1.3)
    share = np.array([genre.share for genre in genres.GENRES])
    mix = np.zeros((listeners, len(share)))
    scenes = np.zeros((listeners, SCENES))
    for listener in range(listeners):
        wanted = int(rng.choice((1, 2, 3, 4), p=(0.18, 0.34, 0.30, 0.18)))
        first = int(rng.choice(len(share), p=share / share.sum()))
        # Half of the further genres lie close by, half anywhere: people mix ambient with metal.
        odds = (0.5 * near[first] / near[first].sum() + 0.5 / len(share)) * share
        odds[first] = 0.0
        others = rng.choice(len(share), size=wanted - 1, replace=False, p=odds / odds.sum())
        chosen = np.concatenate(([first], others))
        mix[listener, chosen] = rng.dirichlet(np.full(wanted, 2.5))
        followed = rng.choice(SCENES, size=int(rng.integers(0, 4)), replace=False)
        scenes[listener, followed] = rng.uniform(0.6, 1.6, size=len(followed))
    direction = rng.normal(size=(listeners, DIMENSIONS))
    pull = np.clip(rng.normal(1.0, 0.35, size=listeners), 0.1, 2.0)
    return Tastes(mix, direction, scenes, pull)


def appeal(tastes: Tastes, catalog: Catalog) -> NDArray[np.float64]:
    """Return how much each artist appeals to each listener, shape (listeners, artists), in log odds.

    A scene only works where a genre the listener likes is not far away, and fame works on top of liking.
    """
    overlap = genres.closeness(0.75)
    liked = tastes.genre_mix @ overlap @ catalog.genre_weights.T
    personal = tastes.direction @ catalog.positions.T / np.sqrt(DIMENSIONS)
    scene = np.minimum(tastes.scenes @ catalog.scenes.T, 2.2)
    fame = tastes.pull[:, None] * catalog.fame[None, :]
    odds: NDArray[np.float64] = 1.9 * np.log(liked + 0.02) + 1.6 * personal + 1.5 * scene + 1.35 * fame
    return odds


def make_plays(rng: np.random.Generator, tastes: Tastes, catalog: Catalog) -> Plays:
    """Return who plays whom and how often.

    Artists are drawn without replacement with odds exp(appeal) (Gumbel top-k); one in fifteen is an accident
    drawn by fame alone. Plays are log-normal, larger where the appeal is, so a few are in the thousands.
    """
    scores = appeal(tastes, catalog)
    listeners = len(scores)
    sizes = np.clip(rng.lognormal(np.log(50.0), 0.62, size=listeners), 6, 400).astype(np.int64)
    diligence = rng.normal(0.0, 0.9, size=listeners)
    noisy = scores + rng.gumbel(size=scores.shape)
    chance = 0.9 * catalog.fame[None, :] + rng.gumbel(size=scores.shape)
    rows: list[NDArray[np.int64]] = []
    columns: list[NDArray[np.int64]] = []
    counts: list[NDArray[np.int64]] = []
    for listener in range(listeners):
        accidents = int(rng.binomial(sizes[listener], 1 / 15))
        liked = np.argsort(-noisy[listener], kind="stable")[: sizes[listener] - accidents]
        chance[listener, liked] = -np.inf
        strays = np.argsort(-chance[listener], kind="stable")[:accidents]
        warmth = scores[listener, liked]
        warmth = (warmth - warmth.mean()) / (warmth.std() + 1e-9)
        often = np.exp(3.0 + diligence[listener] + 0.6 * warmth + rng.normal(0.0, 1.25, size=len(liked)))
        seldom = rng.geometric(0.5, size=accidents)
        rows.append(np.full(sizes[listener], listener))
        columns.append(np.concatenate((liked, strays)))
        counts.append(np.concatenate((np.minimum(np.ceil(often), 60_000).astype(np.int64), seldom)))
    row, column, count = (np.concatenate(part) for part in (rows, columns, counts))
    order = np.lexsort((column, row))
    return Plays(row[order], column[order], count[order])
