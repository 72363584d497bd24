"""More tracks for a playlist: of the artists that fit it, own ones and new ones mixed, at its tempo where it has one.

The next place goes to the best track left: how well its artist fits, how much the person or the world plays it,
whether it is its kind's turn (own or new), a little chance, and how near it comes to the tempo.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from engine.canonical_keys import artist_key, relaxed_track_key, track_key
from engine.playlists.candidate import Candidate
from engine.playlists.contexts import Settings
from engine.playlists.mix import ARTIST_GAP
from engine.playlists.playlist import PlaylistTrack
from engine.playlists.pool import (
    ASSUMED_SECONDS,
    LONGEST_SECONDS,
    SHORTEST_SECONDS,
    VARIETY,
    known_length,
    signs,
)
from engine.playlists.tempo import octaves_by, tempo_credit, tempo_fit

# How much an artist's best track is worth more than its least, beside how well the artist fits (0..1).
APPEAL = 0.25
# How much it is worth to be of the kind whose turn it is: not so much that the own track that fits least goes before
# the new one that fits best.
TURN = 0.5
# So many tempi make a list one of a tempo, when nearly all of them agree.
_MIN_TEMPI, _AGREE = 5, 0.9


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the list says of its own: beats a minute (null where it has no tempo), per cent a track may be off,
    and the share of new music (0..1)."""

    bpm: float | None
    tolerance: float
    new: float


def wishes_of(tracks: Sequence[PlaylistTrack], settings: Mapping[str, object]) -> Wishes:
    """The tempo and share of new music a list was made with, else the tempo its tracks agree on, if they do.

    >>> wishes_of([PlaylistTrack("A", str(bpm), bpm=bpm) for bpm in (84.0, 168.0, 170.0, 171.0, 85.0)], {})
    Wishes(bpm=168.0, tolerance=6.0, new=0.3)
    """
    plain = Settings()
    tolerance = _number(settings.get("tolerance"), 0.5, 25.0, plain.tolerance)
    new = _number(settings.get("new"), 0.0, 1.0, plain.new)
    if any(track.target_bpm for track in tracks) and "bpm" in settings:
        # The run's cadence, not that of its last minutes, which may be easing off.
        return Wishes(_number(settings["bpm"], 40.0, 250.0, plain.bpm), tolerance, new)
    return Wishes(_agreed_tempo(tracks, tolerance), tolerance, new)


def _number(value: object, least: float, most: float, otherwise: float) -> float:
    """What was written down with the list, where it is a number that makes sense."""
    return float(value) if isinstance(value, int | float) and least <= value <= most else otherwise


def _agreed_tempo(tracks: Sequence[PlaylistTrack], tolerance: float) -> float | None:
    bpms = [track.bpm for track in tracks if track.bpm]
    if len(bpms) < max(_MIN_TEMPI, len(tracks) / 2):
        return None
    middle = statistics.median(bpms)
    distance, _ = tempo_fit(np.log2(np.array(bpms)), np.array(middle))
    return middle if (distance <= math.log2(1.0 + tolerance / 100.0)).mean() >= _AGREE else None


@dataclass
class _Pool:
    """The tracks on offer, sorted by key, with the signs of each and what it is worth."""

    tracks: list[Candidate]
    signs: list[list[object]]
    worth: list[float]
    factor: list[float]
    taken: set[object] = field(default_factory=set)

    def open(self, place: int, recent: Sequence[str]) -> bool:
        return self.tracks[place].artist_key not in recent and self.taken.isdisjoint(self.signs[place])


def continued(
    tracks: Sequence[PlaylistTrack],
    candidates: Iterable[Candidate],
    fitting: Sequence[str],
    wishes: Wishes,
    n: int,
    seed: int = 0,
) -> list[PlaylistTrack]:
    """At most `n` tracks to follow `tracks`: none of them again, no artist within `ARTIST_GAP` places of itself
    unless the pool leaves no choice, own and new ones as `wishes` has it.

    Where the list has a tempo, half and double time count only for tracks near its energy, as far as that is known.
    `fitting` are the keys of the artists to choose from, best first. The same arguments (candidates in any order)
    give the same tracks; fewer than `n` where there are no more.
    """
    candidates = list(candidates)
    pool = _pool(candidates, fitting, wishes, seed, _energy_of(tracks, candidates))
    for track in tracks:
        pool.taken.update(_signs_of(track))
    artists = [artist_key(track.artist) for track in tracks]
    found: list[PlaylistTrack] = []
    new = 0
    while len(found) < n:
        place = _next(pool, artists, new < round(wishes.new * (len(found) + 1)))
        if place is None:
            break
        chosen = pool.tracks[place]
        pool.taken.update(pool.signs[place])
        artists.append(chosen.artist_key)
        new += not chosen.known
        found.append(as_track(chosen, wishes.bpm, pool.factor[place]))
    return found


def _next(pool: _Pool, artists: Sequence[str], wants_new: bool) -> int | None:
    """The place in the pool of the best track, those of the kind wanted ahead; artists come closer only where
    nothing is left."""
    for gap in (ARTIST_GAP, 2, 1, 0):
        recent = artists[len(artists) - min(gap, len(artists)) :]
        able = [place for place in range(len(pool.tracks)) if pool.open(place, recent)]
        if able:
            return max(able, key=lambda place: (pool.worth[place] + _turn(pool, place, wants_new), -place))
    return None


def _turn(pool: _Pool, place: int, wants_new: bool) -> float:
    return TURN if pool.tracks[place].known != wants_new else 0.0


def _energy_of(tracks: Sequence[PlaylistTrack], candidates: Sequence[Candidate]) -> float:
    """The middle energy of a list's tracks, as the candidates know them; NaN where it is known of too few."""
    there = {(artist_key(track.artist), track_key(track.track)) for track in tracks if track.track}
    known = [
        one.energy
        for one in candidates
        if one.energy is not None and (one.artist_key, one.track_key) in there
    ]
    return statistics.median(known) if len(known) >= _MIN_TEMPI else math.nan


def _pool(
    candidates: Iterable[Candidate], fitting: Sequence[str], wishes: Wishes, seed: int, energy: float
) -> _Pool:
    rank = {key: place for place, key in enumerate(fitting)}
    tracks = sorted(
        (one for one in candidates if one.artist_key in rank and of_usual_length(one)),
        key=lambda one: (one.artist_key, one.track_key),
    )
    fit = np.array([1.0 - rank[one.artist_key] / len(rank) for one in tracks])
    chance = np.random.default_rng(seed).random(len(tracks)) - 0.5
    worth = fit + APPEAL * _appeal(tracks) + VARIETY * chance
    factor = np.ones(len(tracks))
    if wishes.bpm is not None and tracks:
        log_bpm = np.log2(np.array([one.bpm if one.bpm else math.nan for one in tracks]))
        energies = np.array([math.nan if one.energy is None else one.energy for one in tracks])
        octaves = octaves_by(np.abs(energies - energy))
        distance, factor = tempo_fit(log_bpm, np.array(wishes.bpm), octaves)
        credit = np.where(np.isnan(log_bpm), -1.0, tempo_credit(distance, wishes.tolerance / 100.0))
        kept = np.flatnonzero(credit >= 0)
        tracks = [tracks[place] for place in kept.tolist()]
        worth, factor = (worth + credit)[kept], factor[kept]
    return _Pool(tracks, list(map(signs, tracks)), worth.tolist(), factor.tolist())


def of_usual_length(track: Candidate) -> bool:
    """Whether it is neither an interlude nor a quarter of an hour; true where its length is not known."""
    return not known_length(track) or SHORTEST_SECONDS <= (track.seconds or 0.0) <= LONGEST_SECONDS


def _appeal(tracks: Sequence[Candidate]) -> np.ndarray:
    """Each track's appeal as a share of the most its artist has, own and new ones apart."""
    most: dict[tuple[str, bool], float] = {}
    for track in tracks:
        which = track.artist_key, track.known
        most[which] = max(most.get(which, 0.0), track.appeal)
    return np.array([track.appeal / (most[track.artist_key, track.known] or 1.0) for track in tracks])


def _signs_of(track: PlaylistTrack) -> list[object]:
    """What a candidate that is this track, or another version of it, has too."""
    key = artist_key(track.artist)
    relaxed = relaxed_track_key(track.track) or track_key(track.track)
    return [(key, relaxed), *(pair for pair in track.ids if pair[0] != "file")]


def as_track(chosen: Candidate, bpm: float | None = None, factor: float = 1.0) -> PlaylistTrack:
    """A candidate as a track of a list, with the tempo asked for where one is."""
    estimated = not known_length(chosen)
    return PlaylistTrack(
        artist=chosen.artist,
        track=chosen.track,
        album=chosen.album,
        bpm=chosen.bpm,
        bpm_source=chosen.bpm_source,
        seconds=ASSUMED_SECONDS if estimated else chosen.seconds,
        known=chosen.known,
        target_bpm=bpm,
        factor=None if bpm is None else factor,
        ids=chosen.ids,
        seconds_estimated=estimated,
    )
