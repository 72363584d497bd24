"""Music to run to: which tempo fits a cadence, and how the cadence goes over the length of a run.

Figures: Spotify Running offered 140 to 190 steps per minute; runners follow a shift of 1 to 3 % in tempo
without noticing and notice one of about 4 %.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FULL_CREDIT = 0.025  # as near as this to the cadence, a runner does not notice the difference
WARM_UP_FROM = 0.88  # a run starts at this share of its cadence ...
COOL_DOWN_TO = 0.82  # ... and ends at this one
_SLOPE = 0.15  # what the nearest of the unnoticeable is worth more than the farthest


@dataclass(frozen=True)
class TempoProfile:
    """A target tempo over time: straight lines between points of (`seconds`, `bpm`), ends held."""

    seconds: tuple[float, ...]
    bpm: tuple[float, ...]

    def at(self, seconds: float) -> float:
        """The target in beats a minute, `seconds` after the start."""
        return float(self.at_all(np.array([seconds]))[0])

    def at_all(self, seconds: Floats) -> Floats:
        """The targets at many times; any shape, beats a minute."""
        if min(self.bpm) == max(self.bpm):
            return np.full(seconds.shape, self.bpm[0])
        return np.interp(seconds, self.seconds, self.bpm)

    def levels(self, count: int) -> Floats:
        """At most `count` tempi evenly spread over the time, each once."""
        return np.unique(self.at_all(np.linspace(self.seconds[0], self.seconds[-1], count)))


def running_profile(bpm: float, minutes: float, warm_up: float, cool_down: float) -> TempoProfile:
    """The cadence of a run: rising to `bpm` over `warm_up` minutes, falling over the last `cool_down`
    minutes.

    >>> running_profile(170, 30, 5, 5).at(15 * 60)
    170.0
    """
    points: list[tuple[float, float]] = []
    if warm_up > 0:
        points.append((0.0, bpm * WARM_UP_FROM))
    points.append((warm_up * 60.0, bpm))
    if (minutes - cool_down) > warm_up:
        points.append(((minutes - cool_down) * 60.0, bpm))
    if cool_down > 0:
        points.append((minutes * 60.0, bpm * COOL_DOWN_TO))
    return TempoProfile(tuple(time for time, _ in points), tuple(level for _, level in points))


def tempo_fit(log_bpm: Floats, target: Floats) -> tuple[Floats, Floats]:
    """Distance of tempi from targets with half and double time counted, and the factor that gives it.

    `log_bpm` holds log2 of beats a minute, `target` beats a minute; shapes broadcast. The distance is the
    least |log2(bpm * m / target)| over m in {1/2, 1, 2}, so 0.0356 is 2.5 %.

    >>> distance, factor = tempo_fit(np.log2(np.array([85.0, 170.0])), np.array(170.0))
    >>> distance.tolist(), factor.tolist()
    ([0.0, 0.0], [2.0, 1.0])
    """
    steps = np.log2(target) - log_bpm
    octave = np.clip(np.rint(steps), -1.0, 1.0)
    return np.abs(steps - octave), np.exp2(octave)


def tempo_credit(distance: Floats, tolerance: float) -> Floats:
    """What a distance of `tempo_fit` is worth, 0..1; below 0 where it is beyond `tolerance` (0.06 = 6 %).

    Nearly full within 2.5 % (or half the tolerance, when that is less), then falling to 0 at the tolerance.
    """
    limit = math.log2(1.0 + tolerance)
    full = min(math.log2(1.0 + FULL_CREDIT), limit / 2)
    near = 1.0 - _SLOPE * distance / full
    far = (1.0 - _SLOPE) * (limit - distance) / (limit - full)
    return np.where(distance <= full, near, np.where(distance <= limit + 1e-12, np.maximum(far, 0.0), -1.0))
