"""Which tempo fits the one asked for.

Figures: Spotify Running offered 140 to 190 steps per minute; runners follow a shift of 1 to 3 % in tempo
without noticing and notice one of about 4 %.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from engine.playlists.profile import Floats

# Half or double time counts only within this distance of the wanted energy: a ballad at 85 bpm is not a running song.
ENERGY_FITS = 0.25
# Half or double time counts if the energy fits; if it fits or is unknown; always.
HalfTime = Literal["fits", "unknown", "any"]
FULL_CREDIT = 0.025  # as near as this to the cadence, a runner does not notice the difference
_SLOPE = 0.15  # what the nearest of the unnoticeable is worth more than the farthest


def tempo_fit(log_bpm: Floats, target: Floats, octaves: Floats | float = 1.0) -> tuple[Floats, Floats]:
    """Distance of tempos from targets with half and double time counted, and the factor that gives it.

    `log_bpm` holds log2 of beats a minute, `target` beats a minute; shapes broadcast. The distance is the
    least |log2(bpm * m / target)| over m in {1/2, 1, 2}, so 0.0356 is 2.5 %. Where `octaves` is 0, m is 1.

    >>> distance, factor = tempo_fit(np.log2(np.array([85.0, 170.0])), np.array(170.0))
    >>> distance.tolist(), factor.tolist()
    ([0.0, 0.0], [2.0, 1.0])
    """
    steps = np.log2(target) - log_bpm
    octave = np.clip(np.rint(steps), -octaves, octaves)
    return np.abs(steps - octave), np.exp2(octave)


def octaves_by(apart: Floats, half_time: HalfTime) -> Floats:
    """The `octaves` of `tempo_fit` for tracks so far in energy from what is asked for, NaN where that is not known."""
    counts = {"fits": apart <= ENERGY_FITS, "unknown": ~(apart > ENERGY_FITS), "any": np.ones_like(apart)}
    return np.asarray(counts[half_time], dtype=np.float64)


def tempo_credit(distance: Floats, tolerance: float) -> Floats:
    """What a distance of `tempo_fit` is worth, 0..1; below 0 where it is beyond `tolerance` (0.06 = 6 %).

    Nearly full within 2.5 % (or half the tolerance, when that is less), then falling to 0 at the tolerance.
    """
    limit = math.log2(1.0 + tolerance)
    full = min(math.log2(1.0 + FULL_CREDIT), limit / 2)
    near = 1.0 - _SLOPE * distance / full
    far = (1.0 - _SLOPE) * (limit - distance) / (limit - full)
    return np.where(distance <= full, near, np.where(distance <= limit + 1e-12, np.maximum(far, 0.0), -1.0))
