"""The made-up listener's taste: which artists they know, since when, and how it drifts over four years."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from sample_data import catalog as artists_of
from sample_data import genres, made_up_names, tracks
from sample_data.audience import BEGINNING, Tastes, appeal, directions

FIRST_DAY = date(2022, 11, 1)
LAST_DAY = date(2026, 10, 31)
DAYS = (LAST_DAY - FIRST_DAY).days + 1

# Phase: its genres, how many artists it brings, and the days between which they are discovered (negative: the
# listener knew them before the history begins).
FADING, GROWING, STEADY, RUNNING, SECRET = "fading", "growing", "steady", "running", "secret"
_PHASES: dict[str, tuple[dict[str, float], int, tuple[int, int]]] = {
    FADING: ({"indie rock": 0.4, "post-punk": 0.35, "shoegaze": 0.25}, 95, (-700, 620)),
    GROWING: ({"jazz": 0.5, "soul": 0.3, "funk": 0.2}, 85, (480, DAYS - 25)),
    STEADY: (
        {"ambient": 0.4, "electronica": 0.3, "chamber pop": 0.15, "trip hop": 0.15},
        105,
        (-700, DAYS - 25),
    ),
    RUNNING: ({"drum and bass": 0.5, "punk": 0.25, "synthpop": 0.25}, 42, (-400, DAYS - 200)),
    SECRET: ({"metal": 0.7, "americana": 0.3}, 12, (100, DAYS - 400)),
}
# A phase is several tastes of so many artists each.
ARTISTS_A_TASTE = 20
# How much more is played for each unit of log odds.
LIKING = 0.28
# Artists the community does not have: local bands and friends' projects.
_LOCAL: tuple[tuple[str, str], ...] = (
    ("chamber pop", STEADY),
    ("ambient", STEADY),
    ("electronica", STEADY),
    ("folk", STEADY),
    ("indie rock", FADING),
    ("post-punk", FADING),
    ("shoegaze", FADING),
    ("jazz", GROWING),
    ("soul", GROWING),
    ("punk", RUNNING),
)


@dataclass(frozen=True)
class Favourite:
    """An artist the listener plays: `row` in the catalog or None, the phase, and how the liking runs.

    `discovered` is a day of the history (0 = the first), `warmth` the lasting weight, `crush` how many times
    heavier the first weeks are, and `cooling` the days in which the crush falls to a third.
    """

    name: str
    row: int | None
    phase: str
    discovered: float
    warmth: float
    crush: float
    cooling: float
    genre_weights: Mapping[str, float]
    tracks: tuple[tracks.Track, ...]

    def weight(self, day: float) -> float:
        """Return how much this artist is on the listener's mind on a day."""
        since = day - self.discovered
        if since < 0:
            return 0.0
        return (
            self.warmth * phase_weight(self.phase, day) * (1.0 + self.crush * math.exp(-since / self.cooling))
        )


def phase_weight(phase: str, day: float) -> float:
    """Return how alive a phase is on a day: one fades around the end of 2024 while another grows."""
    if phase == FADING:
        return 0.07 + 0.93 / (1.0 + math.exp((day - 640.0) / 85.0))
    if phase == GROWING:
        return 1.1 / (1.0 + math.exp((720.0 - day) / 90.0))
    return 0.0 if phase == SECRET else 0.75


def make_favourites(
    rng: random.Random,
    draw: np.random.Generator,
    catalog: artists_of.Catalog,
    discography: list[list[tracks.Track]],
    taken: set[str],
) -> list[Favourite]:
    """Return the artists of every phase, chosen by the same appeal that the community's listeners follow."""
    scenes = np.zeros((1, artists_of.SCENES))
    scenes[0, draw.choice(artists_of.SCENES, size=3, replace=False)] = (1.4, 1.1, 0.8)
    used: set[int] = set()
    favourites: list[Favourite] = []
    for phase, (mix, count, between) in _PHASES.items():
        shares = np.array([mix.get(name, 0.0) for name in genres.NAMES])
        odds = _phase_appeal(draw, shares, scenes, max(1, round(count / ARTISTS_A_TASTE)), catalog)
        noisy = odds + draw.gumbel(size=len(odds))
        chosen = [row for row in np.argsort(-noisy, kind="stable").tolist() if row not in used][:count]
        used.update(chosen)
        middle = float(np.mean(odds[chosen]))
        for row in chosen:
            liking = LIKING * (float(odds[row]) - middle) + rng.gauss(0.0, 0.85)
            weights = {
                genres.NAMES[g]: float(catalog.genre_weights[row, g])
                for g in catalog.genre_weights[row].nonzero()[0]
            }
            own = tuple(discography[row])
            favourites.append(_favourite(rng, own[0].artist, row, phase, between, liking, weights, own))
    return favourites + _local_artists(rng, taken)


def _phase_appeal(
    draw: np.random.Generator,
    shares: NDArray[np.float64],
    scenes: NDArray[np.float64],
    tastes: int,
    catalog: artists_of.Catalog,
) -> NDArray[np.float64]:
    """Return how much each artist appeals in a phase, (artists,) log odds: it is made of several tastes, begun as the
    community's are, by an artist of its genres."""
    liked = catalog.genre_weights @ shares * np.exp(BEGINNING * catalog.fame)
    begun = draw.choice(len(liked), size=tastes, replace=False, p=liked / liked.sum())
    each = Tastes(
        np.tile(shares, (tastes, 1)),
        directions(draw, catalog.positions[begun]),
        np.tile(scenes, (tastes, 1)),
        np.full(tastes, 0.8),
    )
    odds: NDArray[np.float64] = np.logaddexp.reduce(appeal(each, catalog), axis=0)
    return odds


def _local_artists(rng: random.Random, taken: set[str]) -> list[Favourite]:
    """Return the artists that only this listener knows; their tracks are in no features file."""
    by_name = dict(zip(genres.NAMES, genres.GENRES, strict=True))
    local_names = made_up_names.artists(rng, [by_name[genre].flavour for genre, _ in _LOCAL], taken)
    favourites = []
    for place, (name, (genre, phase)) in enumerate(zip(local_names, _LOCAL, strict=True)):
        own = tracks.artist_tracks(
            rng, name, {by_name[genre]: 1.0}, -2.0, 6, tracks.DESCRIBED + 100 + 10 * place
        )
        between = _PHASES[phase][2]
        favourites.append(_favourite(rng, name, None, phase, between, 0.2, {genre: 1.0}, tuple(own)))
    return favourites


def _favourite(
    rng: random.Random,
    name: str,
    row: int | None,
    phase: str,
    between: tuple[int, int],
    liking: float,
    weights: Mapping[str, float],
    own: tuple[tracks.Track, ...],
) -> Favourite:
    """Return one artist with a day of discovery and a course of liking."""
    return Favourite(
        name=name,
        row=row,
        phase=phase,
        discovered=rng.uniform(*between),
        warmth=math.exp(liking),
        crush=rng.choice((0.0, 2.0, 6.0, 14.0)),
        cooling=rng.choice((12.0, 30.0, 75.0)),
        genre_weights=weights,
        tracks=own,
    )
