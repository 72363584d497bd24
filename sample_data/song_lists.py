"""Made-up playlists of the community, a line a track, so that there are tracks to recommend.

A playlist is one listener's: some of the artists they play, several tracks of each they play much, and of those
artists' tracks the ones whose energy is near the playlist's own. So what goes together in it is decided by the artists,
and by the tracks beyond them. Its name is a genre and a mood.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

import numpy as np

from sample_data.audience import Plays
from sample_data.tracks import Track

PLAYLISTS = 900
COLUMNS = ("playlist_id", "playlist_name", "playlist_genre", "track_artist", "track_name")
# Artists of a playlist: median, spread of the log, bounds; tracks of each, one more for so many times the plays.
ARTISTS, SPREAD, MIN, MAX = 12.0, 0.4, 5, 40
MAX_TRACKS, MORE_FOR = 4, 4.0
# How far a track's energy may be from the playlist's, and how much the best known of an artist are preferred.
NEAR, BEST_KNOWN = 0.12, 0.25
_MOODS = ("slow", "quiet", "easy", "bright", "fast", "loud")


def make_playlists(
    rng: np.random.Generator, plays: Plays, discography: Sequence[Sequence[Track]]
) -> list[tuple[str, str, str, Track]]:
    """Return (id, name, genre, track) of each line; playlists one after the other."""
    starts = np.searchsorted(plays.listener, np.arange(int(plays.listener.max()) + 2))
    owners = np.sort(rng.choice(len(starts) - 1, size=PLAYLISTS, replace=False))
    lines: list[tuple[str, str, str, Track]] = []
    for number, owner in enumerate(owners.tolist(), 1):
        own = slice(int(starts[owner]), int(starts[owner + 1]))
        artists, counts = plays.artist[own], plays.count[own]
        wanted = int(np.clip(rng.lognormal(np.log(ARTISTS), SPREAD), MIN, min(MAX, len(artists))))
        odds = np.sqrt(counts) / np.sqrt(counts).sum()
        chosen = rng.choice(len(artists), size=wanted, replace=False, p=odds)
        energy = float(rng.uniform(0.15, 0.9))
        usual = float(np.median(counts))
        there: list[Track] = []
        for place in chosen.tolist():
            tracks = discography[int(artists[place])]
            more = int(np.log(max(1.0, counts[place] / usual)) / np.log(MORE_FOR))
            number_of = min(1 + more, MAX_TRACKS, len(tracks))
            away = np.array([track.energy - energy for track in tracks])
            liking = -((away / NEAR) ** 2) / 2 - BEST_KNOWN * np.arange(len(tracks))
            best = np.argsort(-(liking + rng.gumbel(size=len(tracks))), kind="stable")[:number_of]
            there += [tracks[one] for one in best.tolist()]
        genres = sorted({track.genre for track in there})
        genre = max(genres, key=lambda name: sum(track.genre == name for track in there))
        mood = _MOODS[int(energy * len(_MOODS))]
        order = rng.permutation(len(there)).tolist()
        lines += [(f"made-up-{number:04d}", f"{mood} {genre}", genre, there[one]) for one in order]
    return lines


def playlists_csv(lines: Sequence[tuple[str, str, str, Track]]) -> bytes:
    """Return the lines in the columns of `spotify_songs.csv` that say which track is in which playlist, in UTF-8."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows((number, name, genre, track.artist, track.title) for number, name, genre, track in lines)
    return text.getvalue().encode()
