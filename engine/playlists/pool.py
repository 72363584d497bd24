"""The pool a playlist is chosen from: candidates as arrays, and the short list worth searching through."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.canonical_keys import relaxed_track_key
from engine.playlists.candidate import Candidate
from engine.playlists.contexts import Context, Settings
from engine.playlists.profile import Floats, Line
from engine.playlists.tempo import tempo_credit, tempo_fit

ASSUMED_SECONDS = 210.0  # for tracks of unknown length; marked wherever it is used
SHORTEST_SECONDS = 60.0
LONGEST_SECONDS = 900.0
ENERGY_WEIGHT = 0.25
VARIETY = 0.3  # how far chance may move a track's appeal (0..1), so that another seed gives another list
_ENERGY_MARGIN = 0.4
_LEVELS = 16  # tempi a profile is sampled at for the short list
_LEVELS_FIT = 48  # and to see which tracks fit at all
_SHORT_LIST = 360


@dataclass(frozen=True)
class Pool:
    """Tracks with a fitting tempo, sorted by key, as parallel arrays of one length.

    `merit` is what a track is worth apart from its tempo, `artist` numbers the artists from 0, `seconds`
    holds the assumption for unknown lengths.
    """

    candidates: tuple[Candidate, ...]
    log_bpm: Floats
    seconds: Floats
    merit: Floats
    new: NDArray[np.bool_]
    artist: NDArray[np.int64]
    size: int
    with_tempo: int

    def __len__(self) -> int:
        return len(self.candidates)


def pool_of(candidates: Iterable[Candidate], context: Context, settings: Settings, profile: Line) -> Pool:
    """The candidates that fit the profile somewhere, each track once.

    Interludes under a minute, pieces over a quarter of an hour, and what is longer than the list are left
    out. Appeal counts by rank, shifted a little at random by `settings.seed`.
    """
    unique = _unique(candidates)
    timed = [track for track in unique if track.bpm is not None and 0 < track.bpm < math.inf]
    appeal = _appeal(timed, settings.seed)
    log_bpm = np.log2(np.array([track.bpm for track in timed], dtype=np.float64))
    seconds = np.array(
        [track.seconds if known_length(track) else ASSUMED_SECONDS for track in timed], dtype=np.float64
    )
    levels = profile.levels(_LEVELS_FIT)
    distance, _ = tempo_fit(log_bpm[:, None], levels[None, :])
    fits = (distance <= math.log2(1.0 + settings.tolerance / 100.0)).any(axis=1)
    longest = min(LONGEST_SECONDS, settings.minutes * 60.0)
    kept = np.flatnonzero(fits & (seconds >= SHORTEST_SECONDS) & (seconds <= longest))
    merit = appeal + ENERGY_WEIGHT * _energy_credit(timed, _energies(context))
    chosen = tuple(timed[index] for index in kept)
    numbers: dict[str, int] = {}
    return Pool(
        candidates=chosen,
        log_bpm=log_bpm[kept],
        seconds=seconds[kept],
        merit=merit[kept],
        new=np.array([not track.known for track in chosen], dtype=np.bool_),
        artist=np.array(
            [numbers.setdefault(track.artist_key, len(numbers)) for track in chosen], dtype=np.int64
        ),
        size=len(unique),
        with_tempo=len(timed),
    )


def _unique(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Each track once (the offer with the greatest appeal, a known tempo first), sorted by key.

    Sorted, so that the list does not depend on the order in which the candidates came.
    """
    best: dict[tuple[str, str], Candidate] = {}
    for track in candidates:
        key = track.artist_key, track.track_key
        other = best.get(key)
        if other is None or (track.bpm is not None, track.appeal) > (other.bpm is not None, other.appeal):
            best[key] = track
    return [best[key] for key in sorted(best)]


def known_length(track: Candidate) -> bool:
    """Whether the track's length is known; otherwise `ASSUMED_SECONDS` stands for it."""
    return track.seconds is not None and 0 < track.seconds < math.inf


def _appeal(tracks: Sequence[Candidate], seed: int) -> Floats:
    """Rank of each track's appeal as a share of the pool, equal ones sharing a rank, moved by chance."""
    values = np.array([track.appeal for track in tracks], dtype=np.float64)
    _, place, count = np.unique(np.nan_to_num(values, nan=-np.inf), return_inverse=True, return_counts=True)
    below = np.concatenate([[0], np.cumsum(count)[:-1]])
    rank = (below + count / 2)[place] / max(len(tracks), 1)
    shift = np.random.default_rng(seed).random(len(tracks)) - 0.5
    return np.asarray(rank + VARIETY * shift, dtype=np.float64)


def _energies(context: Context) -> tuple[float, float]:
    """The range of energy the context asks for, a fifth wider at both ends."""
    wanted = [value for _, value in context.energy] or [0.0, 1.0]
    return min(wanted) - 0.2, max(wanted) + 0.25


def _energy_credit(tracks: Sequence[Candidate], wanted: tuple[float, float]) -> Floats:
    """1 inside the range, falling to 0 at 0.4 beyond it; a half where the energy is unknown."""
    energy = np.array(
        [np.nan if track.energy is None else track.energy for track in tracks], dtype=np.float64
    )
    outside = np.maximum(np.maximum(wanted[0] - energy, energy - wanted[1]), 0.0)
    return np.nan_to_num(np.clip(1.0 - outside / _ENERGY_MARGIN, 0.0, 1.0), nan=0.5)


def short_list(pool: Pool, settings: Settings, profile: Line, artist_gap: int) -> Pool:
    """The few hundred tracks of `pool` worth searching: the best for each tempo asked for, new and known
    apart.

    No artist takes more places than the list could hold, and versions of one song (by relaxed title or a
    shared identifier) count as one.
    """
    levels = profile.levels(_LEVELS)
    expected = settings.minutes * 60.0 / ASSUMED_SECONDS
    most_of_artist = math.ceil(expected / (artist_gap + 1)) + 2
    quota = max(_SHORT_LIST, round(4 * expected)) / len(levels)
    # Half by halves, half by the share asked for: neither kind runs out, whatever the share.
    share_new = 0.25 + 0.5 * settings.new
    kept: dict[int, None] = {}
    songs: dict[object, int] = {}
    for level in levels:
        distance, _ = tempo_fit(pool.log_bpm, np.array(level))
        credit = tempo_credit(distance, settings.tolerance / 100.0)
        order = np.argsort(-(pool.merit + credit), kind="stable")
        order = order[credit[order] >= 0]
        for is_new, share in ((True, share_new), (False, 1.0 - share_new)):
            group = order[pool.new[order] == is_new]
            _take(pool, group, math.ceil(quota * share), most_of_artist, kept, songs)
    return _subset(pool, np.array(sorted(kept), dtype=np.int64))


def _take(
    pool: Pool,
    order: NDArray[np.int64],
    count: int,
    most_of_artist: int,
    kept: dict[int, None],
    songs: dict[object, int],
) -> None:
    """Add the first `count` allowed of `order` to `kept`; `songs` remembers which song each one is."""
    per_artist: Counter[int] = Counter()
    taken = 0
    for index in order.tolist():
        artist = int(pool.artist[index])
        if per_artist[artist] >= most_of_artist:
            continue
        found = signs(pool.candidates[index])
        if any(songs.get(sign, index) != index for sign in found):
            continue
        for sign in found:
            songs[sign] = index
        kept[index] = None
        per_artist[artist] += 1
        taken += 1
        if taken == count:
            return


def signs(track: Candidate) -> list[object]:
    """What tells that two candidates are one song."""
    relaxed = relaxed_track_key(track.track) or track.track_key
    return [(track.artist_key, relaxed), *(pair for pair in track.ids if pair[0] != "file")]


def _subset(pool: Pool, index: NDArray[np.int64]) -> Pool:
    return Pool(
        candidates=tuple(pool.candidates[place] for place in index),
        log_bpm=pool.log_bpm[index],
        seconds=pool.seconds[index],
        merit=pool.merit[index],
        new=pool.new[index],
        artist=pool.artist[index],
        size=pool.size,
        with_tempo=pool.with_tempo,
    )
