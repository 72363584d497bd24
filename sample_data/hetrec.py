"""The made-up community in the files of HetRec 2011 Last.fm, so that the same reader loads both."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sample_data import genres
from sample_data.audience import Plays
from sample_data.catalog import Catalog

# Words people also tag with, and the energy (0..1) of the music they mean.
_MOODS: tuple[tuple[str, float], ...] = (
    ("sleep", 0.12),
    ("calm", 0.2),
    ("rainy day", 0.3),
    ("mellow", 0.38),
    ("late night", 0.48),
    ("road trip", 0.62),
    ("upbeat", 0.74),
    ("workout", 0.85),
    ("loud", 0.92),
)
TAGS: tuple[str, ...] = genres.NAMES + tuple(mood for mood, _ in _MOODS) + ("seen live", "favourites")


def members(names: Sequence[str], plays: Plays, taggings: np.ndarray) -> dict[str, bytes]:
    """Return the four tables by file name: tab-separated with a header line; ids are rows + 1.

    `taggings` is int64 of shape (n, 6): listener row, artist row, tag row, day, month, year.
    """
    artists = "".join(f"{row + 1}\t{name}\t\t\n" for row, name in enumerate(names))
    counts = "".join(
        f"{listener + 1}\t{artist + 1}\t{count}\n"
        for listener, artist, count in zip(
            plays.listener.tolist(), plays.artist.tolist(), plays.count.tolist(), strict=True
        )
    )
    tags = "".join(f"{row + 1}\t{tag}\n" for row, tag in enumerate(TAGS))
    tagged = "".join(
        f"{listener + 1}\t{artist + 1}\t{tag + 1}\t{day}\t{month}\t{year}\n"
        for listener, artist, tag, day, month, year in taggings.tolist()
    )
    return {
        "artists.dat": f"id\tname\turl\tpictureURL\n{artists}".encode(),
        "user_artists.dat": f"userID\tartistID\tweight\n{counts}".encode(),
        "tags.dat": f"tagID\ttagValue\n{tags}".encode("latin-1"),
        "user_taggedartists.dat": f"userID\tartistID\ttagID\tday\tmonth\tyear\n{tagged}".encode(),
    }


def make_taggings(rng: np.random.Generator, plays: Plays, catalog: Catalog) -> np.ndarray:
    """Return who tagged whom with what, shape (n, 6) int64; more for artists with more listeners.

    Seven in ten tags name one of the artist's genres, one in ten a genre next door, the rest a mood.
    """
    near = genres.closeness(0.8)
    energy = catalog.genre_weights @ np.array([genre.energy for genre in genres.GENRES])
    order = np.argsort(plays.artist, kind="stable")
    starts = np.searchsorted(plays.artist[order], np.arange(len(energy) + 1))
    found: set[tuple[int, int, int]] = set()
    for artist in range(len(energy)):
        listeners = plays.listener[order[starts[artist] : starts[artist + 1]]]
        if not len(listeners):
            continue
        mood_odds = np.array([np.exp(-(((mood - energy[artist]) / 0.14) ** 2)) for _, mood in _MOODS])
        mood_odds = np.concatenate((mood_odds + 0.02, (0.4, 0.4)))
        own = catalog.genre_weights[artist]
        nearby = own @ near
        odds = np.concatenate((0.7 * own + 0.1 * nearby / nearby.sum(), 0.2 * mood_odds / mood_odds.sum()))
        number = 3 + int(rng.binomial(len(listeners), 0.07))
        for tag in rng.choice(len(TAGS), size=number, p=odds / odds.sum()):
            found.add((int(rng.choice(listeners)), artist, int(tag)))
    rows = np.array(sorted(found), dtype=np.int64)
    dates = np.column_stack(
        (
            np.ones(len(rows), dtype=np.int64),
            rng.integers(1, 13, len(rows)),
            rng.integers(2021, 2026, len(rows)),
        )
    )
    return np.column_stack((rows, dates))
