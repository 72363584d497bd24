"""What is worth going back to among the person's own artists: overdue ones, forgotten favourites, deep cuts.

All from days with plays, before the last day anything was played: lists do not change with the clock.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import numpy as np

from engine.canonical_keys import joined_key
from engine.store.history import PlayedTrack
from engine.taste.gate import Days

Standing = Literal["", "overdue", "forgotten favourite", "deep cut"]
# A favourite is in this top share of the artists by plays; forgotten if last played this many days ago.
FAVOURITES, FORGOTTEN_DAYS = 0.2, 180
# Minimum plays of a track that is a forgotten favourite.
MIN_PLAYS = 3
# Overdue: minimum days with plays, and how many times the median gap, and days, it must have been away.
MIN_DAYS, TIMES_THE_GAP, MIN_AWAY = 5, 3.0, 14
# Maximum days with plays of a deep cut.
FEW_DAYS = 2
_DAY = 86_400


def standings(days: Days) -> dict[str, Standing]:
    """The standing of each artist that has one, by key."""
    if not days.keys:
        return {}
    count = len(days.keys)
    plays = np.bincount(days.item, weights=days.plays, minlength=count)
    played_on = np.bincount(days.item, minlength=count)
    away = np.full(count, np.inf)
    np.minimum.at(away, days.item, days.age)
    favourite = plays >= np.quantile(plays, 1 - FAVOURITES)
    gaps = _median_gaps(days, count)
    found: dict[str, Standing] = {}
    for place, key in enumerate(days.keys):
        if favourite[place] and away[place] >= FORGOTTEN_DAYS:
            found[key] = "forgotten favourite"
        elif played_on[place] >= MIN_DAYS and away[place] >= max(MIN_AWAY, TIMES_THE_GAP * gaps[place]):
            found[key] = "overdue"
        elif played_on[place] <= FEW_DAYS:
            found[key] = "deep cut"
    return found


def forgotten_tracks(played: Sequence[PlayedTrack]) -> frozenset[int]:
    """The ids of tracks that are forgotten favourites, and of those of artists who are, of all that were played.

    A track is one of so large a part by plays, and played `MIN_PLAYS` times, of which no version was played lately.
    """
    last = max((track.last_played for track in played if track.last_played is not None), default=None)
    if last is None:
        return frozenset()
    resting = {
        track.id
        for track in played
        if track.last_played is not None and last - track.last_played >= FORGOTTEN_DAYS * _DAY
    }
    by_artist: Counter[str] = Counter()
    for track in played:
        by_artist[track.artist_key] += track.plays
    played_lately = {track.artist_key for track in played if track.id not in resting}
    enough = float(np.quantile(list(by_artist.values()), 1 - FAVOURITES))
    artists = {key for key, plays in by_artist.items() if plays >= enough and key not in played_lately}
    enough = max(MIN_PLAYS, float(np.quantile([track.plays for track in played], 1 - FAVOURITES)))
    favourites = [track for track in played if track.id in resting and track.plays >= enough]
    whose = {track.artist_key for track in favourites}
    lately = {
        joined_key(track.artist_key, track.track)
        for track in played
        if track.id not in resting and track.artist_key in whose
    }
    of_artists = (track.id for track in played if track.id in resting and track.artist_key in artists)
    alone = (track.id for track in favourites if joined_key(track.artist_key, track.track) not in lately)
    return frozenset((*of_artists, *alone))


def _median_gaps(days: Days, count: int) -> np.ndarray:
    """The median number of days between an artist's days, infinite for those with one day: (count,)."""
    order = np.lexsort((-days.age, days.item))
    item, age = days.item[order], days.age[order]
    same = item[1:] == item[:-1]
    gaps, of = (age[:-1] - age[1:])[same], item[1:][same]
    medians = np.full(count, np.inf)
    places, starts = np.unique(of, return_index=True)
    for place, (first, end) in zip(places.tolist(), pairwise([*starts.tolist(), len(of)]), strict=True):
        medians[place] = np.median(gaps[first:end])
    return medians
