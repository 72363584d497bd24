"""Pools of made-up tracks that playlists are chosen from."""

from __future__ import annotations

import random

import numpy as np

from engine.playlists.candidate import Candidate
from engine.playlists.contexts import CONTEXTS, Context, Settings
from engine.playlists.objective import Objective, objective_of, question_of
from engine.playlists.pool import pool_of


def made_up_pool(size: int, seed: int = 1, artists: int = 300) -> list[Candidate]:
    """Tracks with tempos and lengths as in popular music: most of 90 to 140 bpm and three to four minutes."""
    chance = random.Random(seed)
    tracks = []
    for number in range(size):
        artist = chance.randrange(artists)
        tracks.append(
            Candidate(
                artist=f"Artist {artist}",
                track=f"Song {number}",
                artist_key=f"artist {artist}",
                track_key=f"song {number}",
                bpm=None if chance.random() < 0.1 else min(max(chance.gauss(121, 27), 60), 210),
                bpm_source="made up",
                energy=chance.random(),
                seconds=None if chance.random() < 0.05 else min(max(chance.gauss(225, 60), 40), 500),
                appeal=chance.gauss(0, 1),
                known=artist % 5 < 3,
            )
        )
    return tracks


def objective(pool: list[Candidate], asked: Settings, context: Context = CONTEXTS["running"]) -> Objective:
    """What a list of these is judged by."""
    whole = pool_of(pool, asked.seed)
    usable = whole.of(np.flatnonzero(whole.of_length(asked.minutes)))
    return objective_of(question_of(usable, context, asked), context.artist_gap)
