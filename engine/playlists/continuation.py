"""Continues a playlist or mix: own and new tracks of fitting artists, at its tempo if it has one. The targets are
constant; the sequencer chooses and orders."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.canonical_keys import artist_key, relaxed_track_key, track_key
from engine.playlists.candidate import Candidate
from engine.playlists.compose import sequenced
from engine.playlists.contexts import ARTIST_GAP, Context, Points, Settings, Weights
from engine.playlists.playlist import PlaylistTrack
from engine.playlists.pool import signs
from engine.playlists.tempo import tempo_fit

# The bonus of an artist's best track over its least, beside the artist's fit (0..1).
APPEAL = 0.25
# An artist that fits may repeat before one that fits less comes, and the best new track before the worst own one.
_WEIGHTS = Weights(variety=0.0, new=1 / 6)
# Minimum known tempos for a list to have a tempo, if nearly all agree.
_MIN_TEMPOS, _AGREE = 5, 0.9
# The range of tempos a list can have.
_MIN_BPM, _MAX_BPM = 40.0, 250.0


@dataclass(frozen=True, slots=True)
class Wishes:
    """The list's own targets: beats per minute (null without a tempo), maximum deviation in per cent, and the share of
    new music (0..1)."""

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
        # The run's cadence, not that of its cool-down.
        return Wishes(_number(settings["bpm"], _MIN_BPM, _MAX_BPM, plain.bpm), tolerance, new)
    return Wishes(_agreed_tempo(tracks, tolerance), tolerance, new)


def _number(value: object, least: float, most: float, otherwise: float) -> float:
    """A number stored with the list, if valid."""
    return float(value) if isinstance(value, int | float) and least <= value <= most else otherwise


def _agreed_tempo(tracks: Sequence[PlaylistTrack], tolerance: float) -> float | None:
    bpms = [track.bpm for track in tracks if track.bpm]
    if len(bpms) < max(_MIN_TEMPOS, len(tracks) / 2):
        return None
    middle = statistics.median(bpms)
    if not _MIN_BPM <= middle <= _MAX_BPM:
        return None
    distance, _ = tempo_fit(np.log2(np.array(bpms)), np.array(middle))
    return middle if (distance <= math.log2(1.0 + tolerance / 100.0)).mean() >= _AGREE else None


def continued(
    tracks: Sequence[PlaylistTrack],
    candidates: Iterable[Candidate],
    fitting: Sequence[str],
    wishes: Wishes,
    *,
    places: int | None = None,
    minutes: float = Settings().minutes,
    seed: int = 0,
    nearer: bool = True,
) -> tuple[PlaylistTrack, ...]:
    """Tracks of so many `minutes`, or so many (`places`), to follow `tracks`: none of them again, no artist within
    `ARTIST_GAP` places of itself unless it may come `nearer` and the pool leaves no choice, own and new ones as
    `wishes` has it.

    Where the list has a tempo, it is kept, and half and double time count only for tracks near its energy, as far as
    that is known. `fitting` are the keys of the artists to choose from, best first. The same arguments (candidates in
    any order) give the same tracks; fewer where there are no more.
    """
    candidates = list(candidates)
    energy = _energy_of(tracks, candidates)
    context = Context(
        name="more",
        title="More",
        asks="tracks that go with others",
        tempo=_flat(1.0 if wishes.bpm else None),
        energy=_flat(energy if wishes.bpm else None),
        needs_tempo=wishes.bpm is not None,
        weights=_WEIGHTS,
    )
    settings = Settings(tolerance=wishes.tolerance, minutes=minutes, new=wishes.new, seed=seed)
    settings = replace(settings, bpm=wishes.bpm or settings.bpm)
    pool = _by_fit(not_in(tracks, candidates), fitting)
    before = [artist_key(track.artist) for track in tracks[-ARTIST_GAP:]]
    return sequenced(pool, context, settings, places=places, before=before, nearer=nearer)


def not_in(tracks: Sequence[PlaylistTrack], candidates: Iterable[Candidate]) -> list[Candidate]:
    """The candidates without these tracks and other versions of them."""
    taken = {sign for track in tracks for sign in _signs_of(track)}
    return [one for one in candidates if taken.isdisjoint(signs(one))]


def _flat(level: float | None) -> Points:
    return () if level is None else ((0.0, level), (1.0, level))


def _by_fit(candidates: Iterable[Candidate], fitting: Sequence[str]) -> list[Candidate]:
    """The tracks of fitting artists, with an appeal by how well the artist fits, and which of its tracks each is."""
    rank = {key: place for place, key in enumerate(fitting)}
    tracks = [one for one in candidates if one.artist_key in rank]
    most: dict[tuple[str, bool], float] = {}
    for track in tracks:
        which = track.artist_key, track.known
        most[which] = max(most.get(which, 0.0), track.appeal)
    return [
        replace(
            one,
            appeal=1.0
            - rank[one.artist_key] / len(rank)
            + APPEAL * one.appeal / (most[one.artist_key, one.known] or 1.0),
        )
        for one in tracks
    ]


def _energy_of(tracks: Sequence[PlaylistTrack], candidates: Sequence[Candidate]) -> float | None:
    """The middle energy of a list's tracks, as the candidates know them; null where it is known of too few."""
    there = {track.pair for track in tracks if track.track}
    known = [one.energy for one in candidates if one.energy is not None and one.pair in there]
    return statistics.median(known) if len(known) >= _MIN_TEMPOS else None


def _signs_of(track: PlaylistTrack) -> list[object]:
    """What a candidate that is this track, or another version of it, has too."""
    key = artist_key(track.artist)
    relaxed = relaxed_track_key(track.track) or track_key(track.track)
    return [(key, relaxed), *(pair for pair in track.ids if pair[0] != "file")]
