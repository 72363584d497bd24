"""The pool a playlist is chosen from: candidates as arrays, and the short list worth searching through."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.canonical_keys import relaxed_track_key
from engine.playlists.candidate import Candidate
from engine.playlists.profile import Floats

ASSUMED_SECONDS = 210.0  # for tracks of unknown length; marked wherever it is used
MIN_SECONDS = 60.0
MAX_SECONDS = 900.0
VARIETY = 0.3  # how far chance may move a track's appeal (0..1), so that another seed gives another list
_SHORT_LIST = 360
# So many tracks for each place are searched at least, where there are.
_ENOUGH = 3

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Pool:
    """Tracks sorted by key, as parallel arrays of one length; what is unknown is NaN.

    `log_bpm` is log2 of beats a minute, `log_other` of its second reading, `energy`, `calm` and `at_times` are 0..1,
    `seconds` holds the assumption for unknown lengths, `appeal` the rank as a share of the pool, `artist` numbers the
    artists from 0; `guessed` where the energy is an estimate.
    """

    candidates: tuple[Candidate, ...]
    log_bpm: Floats
    log_other: Floats
    energy: Floats
    calm: Floats
    seconds: Floats
    appeal: Floats
    at_times: Floats
    new: Bools
    artist: Ints
    guessed: Bools

    def __len__(self) -> int:
        return len(self.candidates)

    @property
    def artists(self) -> int:
        """One more than the greatest number of an artist."""
        return int(self.artist.max(initial=-1)) + 1

    def of(self, index: Ints) -> Pool:
        """Some of the tracks."""
        arrays = {
            name: getattr(self, name)[index]
            for name in (
                "log_bpm",
                "log_other",
                "energy",
                "calm",
                "seconds",
                "appeal",
                "at_times",
                "new",
                "artist",
                "guessed",
            )
        }
        return replace(self, candidates=tuple(self.candidates[place] for place in index.tolist()), **arrays)

    def known(self, measure: str) -> Bools:
        """Of which tracks a measure is known."""
        return ~np.isnan(self.log_bpm if measure == "tempo" else getattr(self, measure))

    def of_length(self, minutes: float) -> Bools:
        """Which tracks are not interludes under a minute, pieces over a quarter of an hour, and not longer than a list
        of so many minutes."""
        return (self.seconds >= MIN_SECONDS) & (self.seconds <= min(MAX_SECONDS, minutes * 60.0))


def pool_of(candidates: Iterable[Candidate], seed: int) -> Pool:
    """The candidates, each track once. Appeal counts by rank, shifted a little at random by `seed`."""
    tracks = _unique(candidates)
    # One pass over the tracks, which are scattered in memory. As a float, None is NaN.
    table = np.array(
        [
            value
            for track in tracks
            for value in (
                track.bpm,
                track.other_bpm,
                track.energy,
                track.calm,
                track.seconds,
                track.appeal,
                track.at_times,
            )
        ],
        dtype=np.float64,
    )
    bpm, other_bpm, energy, calm, seconds, appeal, at_times = table.reshape(-1, 7).T.copy()
    energy, calm, at_times = (
        np.where((value >= 0) & (value <= 1), value, np.nan) for value in (energy, calm, at_times)
    )
    numbers: dict[str, int] = {}
    return Pool(
        candidates=tuple(tracks),
        log_bpm=_log2(bpm),
        log_other=_log2(other_bpm),
        energy=energy,
        # Where nobody measured how calm a track is, its energy counts.
        calm=np.where(np.isnan(calm), 1.0 - energy, calm),
        seconds=np.where(
            (seconds > 0) & (seconds < math.inf), np.minimum(seconds, 86_400.0), ASSUMED_SECONDS
        ),
        appeal=_appeal(appeal, seed),
        at_times=at_times,
        new=np.array([not track.known for track in tracks], dtype=np.bool_),
        artist=np.array(
            [numbers.setdefault(track.artist_key, len(numbers)) for track in tracks], dtype=np.int64
        ),
        guessed=np.array([track.energy_estimated for track in tracks], dtype=np.bool_),
    )


def _log2(bpm: Floats) -> Floats:
    """log2 of tempos, NaN of what is none."""
    return np.log2(np.where((bpm > 0) & (bpm < math.inf), bpm, np.nan))


def _unique(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Each track once (the offer with the greatest appeal, a known tempo first), sorted by key.

    Sorted, so that the list does not depend on the order in which the candidates came.
    """
    best: dict[str, Candidate] = {}
    for track in candidates:
        # One string: pairs are slower to sort, and tracked by the garbage collector.
        key = f"{track.artist_key}\n{track.track_key}"
        other = best.setdefault(key, track)
        if other is not track and (track.bpm is not None, track.appeal) > (
            other.bpm is not None,
            other.appeal,
        ):
            best[key] = track
    return [best[key] for key in sorted(best)]


def of_usual_length(track: Candidate) -> bool:
    """Whether it is neither an interlude nor a quarter of an hour; true where its length is not known."""
    return not known_length(track) or MIN_SECONDS <= (track.seconds or 0.0) <= MAX_SECONDS


def known_length(track: Candidate) -> bool:
    """Whether the track's length is known; otherwise `ASSUMED_SECONDS` is used."""
    return track.seconds is not None and 0 < track.seconds < math.inf


def _appeal(values: Floats, seed: int) -> Floats:
    """Rank of each track's appeal as a share of the pool, equal ones sharing a rank, moved by chance."""
    _, place, count = np.unique(np.nan_to_num(values, nan=-np.inf), return_inverse=True, return_counts=True)
    below = np.concatenate([[0], np.cumsum(count)[:-1]])
    rank = (below + count / 2)[place] / max(len(values), 1)
    shift = np.random.default_rng(seed).random(len(values)) - 0.5
    return np.asarray(rank + VARIETY * shift, dtype=np.float64)


def short_list(pool: Pool, worth: Floats, allowed: Bools, places: float, new: float, artist_gap: int) -> Ints:
    """The few hundred tracks of `pool` worth searching: the best at each time, new and known apart, and where that is
    the same tracks all along, the best of the others.

    `worth` and `allowed` are (times, tracks); the list has about so many `places` and a share of `new` (0..1). No
    artist takes more places than the list could hold, and versions of one song (by relaxed title or a shared
    identifier) count as one.
    """
    most_of_artist = math.ceil(places / (artist_gap + 1)) + 2
    quota = max(_SHORT_LIST, round(5 * places)) / len(worth)
    # Halfway between equal parts and the share asked for, so that neither kind runs out.
    share_new = 0.25 + 0.5 * new
    kept: dict[int, None] = {}
    songs: dict[object, int] = {}

    def take(values: Floats, able: Bools, quotas: tuple[float, float]) -> None:
        for group, quota in zip((able & pool.new, able & ~pool.new), quotas, strict=True):
            count = math.ceil(quota)
            order = _best_first(values, np.flatnonzero(group), 4 * count)
            _take(pool, order, count, most_of_artist, kept, songs)

    for values, able in zip(worth, allowed, strict=True):
        take(values, able, (quota * share_new, quota * (1.0 - share_new)))
    # Where the best at each time are the same, or one kind is all there is.
    if (missing := _ENOUGH * places - len(kept)) > 0:
        others = np.asarray(allowed.any(axis=0), dtype=np.bool_)
        others[list(kept)] = False
        take(np.where(allowed, worth, -np.inf).max(axis=0), others, (missing, missing))
    return np.array(sorted(kept), dtype=np.int64)


def _best_first(values: Floats, places: Ints, count: int) -> Ints:
    """The `count` places with the greatest values, greatest first."""
    if len(places) > count:
        places = np.sort(places[np.argpartition(-values[places], count)[:count]])
    return places[np.argsort(-values[places], kind="stable")]


def _take(
    pool: Pool,
    order: Ints,
    count: int,
    most_of_artist: int,
    kept: dict[int, None],
    songs: dict[object, int],
) -> None:
    """Add the first `count` allowed of `order` to `kept`; `songs` remembers which song each one is."""
    per_artist: Counter[int] = Counter()
    taken = 0
    for index, artist in zip(order.tolist(), pool.artist[order].tolist(), strict=True):
        if per_artist[artist] >= most_of_artist:
            continue
        if index not in kept:
            found = signs(pool.candidates[index])
            if not songs.keys().isdisjoint(found):
                continue
            songs.update(dict.fromkeys(found, index))
            kept[index] = None
        per_artist[artist] += 1
        taken += 1
        if taken == count:
            return


def signs(track: Candidate) -> list[object]:
    """What two candidates that are one song have in common."""
    relaxed = relaxed_track_key(track.track) or track.track_key
    return [(track.artist_key, relaxed), *(pair for pair in track.ids if pair[0] != "file")]
