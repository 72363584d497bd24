"""The fictional tracks: titles, albums, lengths, and how each one sounds (tempo, energy and so on)."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sample_data import genres, made_up_names
from sample_data.catalog import Catalog

DESCRIBED = 12_000
COLUMNS = (
    "track_id",
    "track_name",
    "track_artist",
    "track_popularity",
    "track_album_name",
    "track_album_release_date",
    "playlist_genre",
    "danceability",
    "energy",
    "key",
    "loudness",
    "mode",
    "tempo",
    "duration_ms",
)
_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Track:
    """One track. `tempo` is in bpm (0 = unknown, as in the real file), `duration_ms` in milliseconds."""

    number: int
    artist: str
    title: str
    album: str
    released: str
    genre: str
    popularity: int
    danceability: float
    energy: float
    key: int
    loudness: float
    mode: int
    tempo: float
    duration_ms: int

    @property
    def spotify_id(self) -> str:
        """Return an identifier of 22 letters and digits, as the service's are, that says it is made up."""
        digits, rest = "", self.number
        for _ in range(4):
            rest, digit = divmod(rest, 62)
            digits = _BASE62[digit] + digits
        return f"0MadeUpSampleTrack{digits}"


def make_tracks(rng: random.Random, artists: Sequence[str], catalog: Catalog) -> list[list[Track]]:
    """Return every artist's tracks, best known first; 12,000 in all."""
    discography: list[list[Track]] = []
    number = 0
    for row, count in enumerate(_track_counts(catalog.fame.tolist())):
        weights = {
            genres.GENRES[g]: float(catalog.genre_weights[row, g])
            for g in catalog.genre_weights[row].nonzero()[0]
        }
        discography.append(artist_tracks(rng, artists[row], weights, float(catalog.fame[row]), count, number))
        number += count
    return discography


def artist_tracks(
    rng: random.Random,
    artist: str,
    weights: dict[genres.Genre, float],
    fame: float,
    count: int,
    first_number: int,
) -> list[Track]:
    """Return one artist's tracks on albums of up to ten, each track in one of the artist's genres."""
    flavour = max(weights, key=lambda genre: weights[genre]).flavour
    titles = made_up_names.titles(rng, flavour, count)
    albums = made_up_names.titles(rng, flavour, 1 + (count - 1) // 10)
    years = sorted((rng.randint(1994, 2022) for _ in albums), reverse=True)
    dates = [f"{year}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}" for year in years]
    # Some artists are always a little faster or calmer than their genre.
    lift, pace = rng.gauss(0.0, 0.06), rng.gauss(0.0, 2.0)
    tracks = []
    for place, title in enumerate(titles):
        genre = rng.choices(list(weights), list(weights.values()))[0]
        # Tracks alternate between albums, so that the best-known ones are not all on one.
        album = place % len(albums)
        made = _sound(rng, genre, lift, pace)
        popularity = round(min(100.0, max(0.0, 38 + 13 * fame - 2.2 * place + rng.gauss(0, 5))))
        tracks.append(
            Track(
                first_number + place,
                artist,
                title,
                albums[album],
                dates[album],
                genre.name,
                popularity,
                *made,
            )
        )
    return tracks


def _track_counts(fame: list[float]) -> list[int]:
    """Return how many tracks each artist has, 3 to 20, more for the better known; they add up to 12,000."""
    wanted = [min(20.0, max(3.0, 8.0 + 2.6 * value)) for value in fame]
    scale = (DESCRIBED - 3 * len(fame)) / (sum(wanted) - 3 * len(fame))
    exact = [3 + (value - 3) * scale for value in wanted]
    counts = [int(value) for value in exact]
    by_remainder = sorted(range(len(fame)), key=lambda row: (counts[row] - exact[row], row))
    for row in by_remainder[: DESCRIBED - sum(counts)]:
        counts[row] += 1
    return counts


def _sound(
    rng: random.Random, genre: genres.Genre, lift: float, pace: float
) -> tuple[float, float, int, float, int, float, int]:
    """Return danceability, energy, key, loudness, mode, tempo and duration of one track of a genre."""
    mean, spread, _ = rng.choices(genre.tempos, [weight for _, _, weight in genre.tempos])[0]
    tempo = min(190.0, max(60.0, rng.gauss(mean + pace, spread)))
    if rng.random() < 0.003:
        tempo = 0.0
    energy = min(0.99, max(0.01, rng.gauss(genre.energy + lift, 0.11)))
    steadiness = 0.75 - abs(tempo - 120) / 180 + 0.15 * (genre.flavour in ("glass", "street", "southern"))
    dance = min(0.97, max(0.06, rng.gauss(steadiness, 0.09)))
    loudness = min(-2.0, rng.gauss(-19 + 14.5 * energy, 1.6))
    minutes = min(14.0, max(1.2, genre.minutes * rng.lognormvariate(0.0, 0.22)))
    duration = round(minutes * 60_000)
    return (
        round(dance, 2),
        round(energy, 2),
        rng.randrange(12),
        round(loudness, 1),
        int(rng.random() < 0.6),
        round(tempo, 1),
        duration,
    )


def features_csv(tracks: Iterable[Track]) -> bytes:
    """Return the tracks in the columns of `spotify_songs.csv` that say how they sound, in UTF-8."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for track in tracks:
        writer.writerow(
            (
                track.spotify_id,
                track.title,
                track.artist,
                track.popularity,
                track.album,
                track.released,
                track.genre,
                track.danceability,
                track.energy,
                track.key,
                track.loudness,
                track.mode,
                track.tempo,
                track.duration_ms,
            )
        )
    return text.getvalue().encode()
