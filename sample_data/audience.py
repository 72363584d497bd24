"""The made-up listeners, what they play and how often.

Communities are not of low rank: beside broad tastes there are local things, and attention is heavy-tailed. So a
listener has one to four tastes that need not be near each other, each grown around one artist and its surroundings;
one in five of its artists was found through another one (`sample_data.ties`), one in ten is an accident of fame; and
how much fame counts differs between listeners by far.

The constants follow figures of a real community, HetRec 2011 Last.fm, its 1,500 artists with most listeners; nothing
of it but these is in here. `python -m tests.benchmarks.community_shape` measures them:

                                                  HetRec                             this one
    listeners an artist (10, 50, 90, 99 %)        .006 .011 .046 .167                .006 .014 .052 .205
    Gini, share of the first tenth                .53  .43                           .51  .42
    artists a listener (5, 50, 95 %)              11 36 48 (cut off at 50)           14 33 77
    singular values 2, 5, 10, 20, 40, 80, 160     .84 .66 .55 .45 .38 .32 .27        .68 .52 .46 .38 .31 .27 .23
    likeness beyond 40 dimensions, of the nearest .29, 1.8 times what 40 say         .28, 1.7 times
    cosine of the nearest 1, 5, 20, 100           .35 .24 .16 .07                    .32 .24 .17 .09
    lift of the nearest 1, 5, 20                  28 16 7                            22 16 10
    nDCG@20 over that of ALS 40 (`quality`):
      popularity, cosine, RP3beta, EASE^R         .33 .88 .91 .94                    .31 .84 .80 .96

They were found by a random search for constants whose figures come near; what an ensemble gains on it was not part of
that. It falls short in the first singular values (HetRec's listeners keep apart more) and does not follow how often is
played: HetRec has each listener's most played artists alone, this one has all.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sample_data import genres
from sample_data.catalog import DIMENSIONS, SCENES, Catalog
from sample_data.ties import Ties

LISTENERS = 2500
# How many tastes a listener has (1 to 4) and how unevenly they share; how often a further one may lie anywhere.
TASTES, EVENNESS, ANYWHERE = (0.455, 0.276, 0.167, 0.102), 1.1, 0.1
# Famous artists are more often what a taste begins with; how wide it is in genres and in places.
BEGINNING, WIDTH, WANDERING = 0.93, 0.24, 0.2
# What decides, in log odds.
BY_GENRE, BY_PLACE, BY_SCENE, BY_FAME = 1.7, 10.5, 0.87, 1.1
# How far a genre reaches on the map of genres.
OVERLAP = 0.45
# How much the weight of fame differs between listeners.
PULL_SPREAD = 1.0
FOLLOWED, ACCIDENTS = 0.2, 0.1
# Artists of a listener: median, spread of the log, bounds.
MEDIAN, SPREAD, MIN, MAX = 33.0, 0.5, 6, 300


@dataclass(frozen=True)
class Tastes:
    """What is liked, a row a taste: those of listener 0 first.

    `genre_mix` (n, 24) rows sum to 1; `direction` (n, 14) of length 1, where in the space of positions;
    `scenes` (n, 60) how strongly each scene is followed; `pull` (n,) how much fame counts, 1 on average.
    """

    genre_mix: NDArray[np.float64]
    direction: NDArray[np.float64]
    scenes: NDArray[np.float64]
    pull: NDArray[np.float64]

    def of(self, rows: slice) -> Tastes:
        """Some of the tastes."""
        return Tastes(self.genre_mix[rows], self.direction[rows], self.scenes[rows], self.pull[rows])


@dataclass(frozen=True)
class Listeners:
    """`tastes` of everybody; those of listener i are rows `starts[i]` to `starts[i + 1]`, with their `share` (n,)."""

    tastes: Tastes
    starts: NDArray[np.int64]
    share: NDArray[np.float64]


@dataclass(frozen=True)
class Plays:
    """Play counts as parallel int64 arrays: listener row, artist row, plays of at least 1."""

    listener: NDArray[np.int64]
    artist: NDArray[np.int64]
    count: NDArray[np.int64]


def make_listeners(rng: np.random.Generator, catalog: Catalog, listeners: int = LISTENERS) -> Listeners:
    """Return listeners with one to four tastes, each begun by an artist."""
    near = genres.closeness(1.3)
    shares = np.array([genre.share for genre in genres.GENRES])
    around = near * shares / (near @ shares)[:, None]
    fame = np.exp(BEGINNING * catalog.fame)
    starts, share, begun, pull = [0], [], [], []
    for _ in range(listeners):
        wanted = int(rng.choice((1, 2, 3, 4), p=TASTES))
        first = int(rng.choice(len(fame), p=fame / fame.sum()))
        odds = fame * (ANYWHERE + (1 - ANYWHERE) * near[catalog.primary[first], catalog.primary])
        odds[first] = 0.0
        others = rng.choice(len(fame), size=wanted - 1, replace=False, p=odds / odds.sum())
        begun += [first, *others.tolist()]
        share += rng.dirichlet(np.full(wanted, EVENNESS)).tolist()
        pull += [float(np.clip(rng.normal(1.0, PULL_SPREAD), 0.1, 2.0))] * wanted
        starts.append(starts[-1] + wanted)
    mix = (1 - WIDTH) * catalog.genre_weights[begun] + WIDTH * around[catalog.primary[begun]]
    scenes = np.zeros((len(begun), SCENES))
    for row in range(len(begun)):
        followed = rng.choice(SCENES, size=int(rng.integers(0, 3)), replace=False)
        scenes[row, followed] = rng.uniform(0.6, 1.6, size=len(followed))
    tastes = Tastes(mix, directions(rng, catalog.positions[begun]), scenes, np.array(pull))
    return Listeners(tastes, np.array(starts), np.array(share))


def directions(rng: np.random.Generator, beginnings: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return directions (n, 14) of length 1, each near one of the positions `beginnings` (n, 14)."""
    wandered = beginnings + WANDERING * rng.normal(size=beginnings.shape) / np.sqrt(DIMENSIONS)
    return np.asarray(wandered / np.linalg.norm(wandered, axis=1, keepdims=True))


def appeal(tastes: Tastes, catalog: Catalog) -> NDArray[np.float64]:
    """Return how much each artist appeals to each taste, shape (tastes, artists), in log odds."""
    liked = tastes.genre_mix @ genres.closeness(OVERLAP) @ catalog.genre_weights.T
    near = tastes.direction @ catalog.positions.T
    scene = np.minimum(tastes.scenes @ catalog.scenes.T, 2.2)
    fame = tastes.pull[:, None] * catalog.fame[None, :]
    odds: NDArray[np.float64] = (
        BY_GENRE * np.log(liked + 0.02) + BY_PLACE * near + BY_SCENE * scene + BY_FAME * fame
    )
    return odds


def make_plays(rng: np.random.Generator, listeners: Listeners, catalog: Catalog, ties: Ties) -> Plays:
    """Return who plays whom and how often.

    Plays are log-normal, more where the appeal is, so a few are in the thousands.
    """
    count = len(listeners.starts) - 1
    sizes = np.clip(rng.lognormal(np.log(MEDIAN), SPREAD, size=count), MIN, MAX).astype(np.int64)
    diligence = rng.normal(0.0, 0.9, size=count)
    first, appeals = 0, np.empty((0, len(catalog.fame)))
    columns: list[NDArray[np.int64]] = []
    counts: list[NDArray[np.int64]] = []
    for listener in range(count):
        own = slice(int(listeners.starts[listener]), int(listeners.starts[listener + 1]))
        if own.stop > first + len(appeals):
            first, appeals = (
                own.start,
                appeal(listeners.tastes.of(slice(own.start, own.start + 1000)), catalog),
            )
        scores = appeals[own.start - first : own.stop - first]
        chosen: list[int] = []
        warmth: list[NDArray[np.float64]] = []
        for score, share in zip(scores, listeners.share[own].tolist(), strict=True):
            found = _found(
                rng, score, catalog.fame, ties, chosen, max(1, round(share * int(sizes[listener])))
            )
            chosen += found
            warmth.append((score[found] - score[found].mean()) / (score[found].std() + 1e-9))
        noise = rng.normal(0.0, 1.25, size=len(chosen))
        often = np.exp(3.0 + diligence[listener] + 0.6 * np.concatenate(warmth) + noise)
        columns.append(np.array(chosen, dtype=np.int64))
        counts.append(np.minimum(np.ceil(often), 60_000).astype(np.int64))
    row = np.repeat(np.arange(count), [len(part) for part in columns])
    column, plays = np.concatenate(columns), np.concatenate(counts)
    order = np.lexsort((column, row))
    return Plays(row[order], column[order], plays[order])


def _found(
    rng: np.random.Generator,
    score: NDArray[np.float64],
    fame: NDArray[np.float64],
    ties: Ties,
    chosen: list[int],
    wanted: int,
) -> list[int]:
    """Return the artists of one taste beside those `chosen`: by appeal, then through these, then by fame alone.

    The first and the last are drawn without replacement with odds exp(log odds) (Gumbel top-k).
    """
    followed = int(rng.binomial(wanted - 1, FOLLOWED))
    accidents = int(rng.binomial(wanted - followed - 1, ACCIDENTS))
    noisy = score + rng.gumbel(size=len(score))
    noisy[chosen] = -np.inf
    found: list[int] = np.argsort(-noisy, kind="stable")[: wanted - followed - accidents].tolist()
    there = {*chosen, *found}
    for _ in range(followed):
        for chance, which in rng.random((6, 2)).tolist():
            artist = ties.follow(found[int(which * len(found))], chance)
            if artist not in there:
                there.add(artist)
                found.append(artist)
                break
    if accidents:
        noisy = 0.9 * BY_FAME * fame + rng.gumbel(size=len(fame))
        noisy[list(there)] = -np.inf
        found += np.argsort(-noisy, kind="stable")[:accidents].tolist()
    return found
