"""What a list should be like over its time: tempo, energy and calm as lines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.playlists.contexts import MEASURES, Context, Points, Settings

Floats = NDArray[np.float64]

# A warm-up begins at this share of the tempo and of the energy, a cool-down ends at that one.
_WARM_UP_FROM = {"tempo": 0.88, "energy": 0.7}
_COOL_DOWN_TO = {"tempo": 0.82, "energy": 0.55}


@dataclass(frozen=True)
class Line:
    """A target over time: straight lines between points of (`seconds`, `values`), ends held.

    Tempo is in beats a minute, energy and calm are 0..1.
    """

    seconds: tuple[float, ...]
    values: tuple[float, ...]

    def at(self, seconds: float) -> float:
        """The target so many seconds after the start."""
        return float(self.at_all(np.array([seconds]))[0])

    def at_all(self, seconds: Floats) -> Floats:
        """The targets at many times; any shape."""
        if self.flat:
            return np.full(seconds.shape, self.values[0])
        return np.interp(seconds, self.seconds, self.values)

    @property
    def flat(self) -> bool:
        """Whether it is the same all the time."""
        return min(self.values) == max(self.values)

    def levels(self, count: int) -> Floats:
        """At most `count` values evenly spread over the time, each once."""
        return np.unique(self.at_all(np.linspace(self.seconds[0], self.seconds[-1], count)))


@dataclass(frozen=True)
class Profile:
    """A line for each measure the context asks for, null for the others."""

    tempo: Line | None = None
    energy: Line | None = None
    calm: Line | None = None

    def lines(self) -> dict[str, Line]:
        """The lines there are, by measure."""
        found = {measure: getattr(self, measure) for measure in MEASURES}
        return {measure: line for measure, line in found.items() if line is not None}


def profile_of(context: Context, settings: Settings) -> Profile:
    """The context's profile over `settings.minutes`, eased where it has a warm-up or cool-down.

    >>> from engine.playlists.contexts import CONTEXTS
    >>> run = profile_of(CONTEXTS["running"], Settings(bpm=170, minutes=30, warm_up=5, cool_down=5))
    >>> round(run.tempo.at(0), 1), run.tempo.at(15 * 60)
    (149.6, 170.0)
    """
    scale = {"tempo": settings.bpm}
    return Profile(
        **{
            measure: _line(getattr(context, measure), scale.get(measure, 1.0), measure, settings)
            for measure in context.measures
        }
    )


def _line(points: Points, scale: float, measure: str, settings: Settings) -> Line:
    length = settings.minutes * 60.0
    at = [time * length for time, _ in points]
    value = [level * scale for _, level in points]
    if measure not in _WARM_UP_FROM or not (settings.warm_up or settings.cool_down):
        return Line(tuple(at), tuple(value))
    warm, cool = settings.warm_up * 60.0, length - settings.cool_down * 60.0
    # Rising until the end of the warm-up, falling from the beginning of the cool-down.
    ease_at = [0.0] * bool(settings.warm_up) + [warm, cool] + [length] * bool(settings.cool_down)
    eased = [_WARM_UP_FROM[measure]] * bool(settings.warm_up) + [1.0, 1.0]
    eased += [_COOL_DOWN_TO[measure]] * bool(settings.cool_down)
    times = sorted({*at, *ease_at})
    return Line(
        tuple(times),
        tuple((np.interp(times, at, value) * np.interp(times, ease_at, eased)).tolist()),
    )
