"""How well tracks fit the targets over time: tempo, energy, calm, and the person's habits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from engine.playlists.bridge import Way
from engine.playlists.contexts import MEASURES, Context, Settings
from engine.playlists.pool import Bools, Ints, Pool
from engine.playlists.profile import Floats, Profile
from engine.playlists.tempo import HalfTime, octaves_by, tempo_credit, tempo_fit

_STEP = 10.0  # seconds of a step with constant targets ...
_MAX_STEPS = 600  # ... longer if a list would have more steps than this
# Targets are rounded to this, so that few rows differ.
_GRAIN = {"tempo": 0.25, "energy": 0.01, "calm": 0.01}
_ALONG = 0.01
# Factors if energy is unknown or estimated: for half or double time, and for the other octave of an ambiguous tempo.
_UNSURE, _OPEN = 0.6, 0.8
_MISSES = 0.2
# The score of an unknown measure (0..1): less than one that fits half.
_UNKNOWN = 0.4
_ENERGY_MARGIN = 0.4  # at this distance from the target energy and calm score 0


@dataclass(frozen=True)
class Targets:
    """Targets over time: `values` are (rows, measures and one more), NaN for a measure that is not targeted, the last
    one the elapsed share of time for a bridge; `row` is the row of each `step` seconds, the last one continuing,
    `place` the place of each in the whole profile, which has so many `steps`. They last `length` seconds."""

    row: Ints
    values: Floats
    step: float
    place: Ints
    steps: int
    length: float

    def steps_at(self, seconds: Floats) -> Ints:
        """How many steps are over at many times; any shape."""
        return np.minimum((seconds * (1.0 / self.step)).astype(np.int64), len(self.row))

    def rows_at(self, seconds: Floats) -> Ints:
        """The rows at many times; any shape."""
        return np.asarray(self.row[np.minimum(self.steps_at(seconds), len(self.row) - 1)])

    def without(self, first: int, end: int) -> Targets:
        """The targets without the steps from `first` to before `end`."""
        gone = np.arange(first, end)
        return replace(
            self,
            row=np.delete(self.row, gone),
            place=np.delete(self.place, gone),
            length=self.length - self.step * len(gone),
        )

    @property
    def left_out(self) -> tuple[tuple[float, float], ...]:
        """Start and end of the parts of the profile that were taken out, in seconds."""
        edges = [-1, *self.place.tolist(), self.steps]
        return tuple(
            ((before + 1) * self.step, after * self.step)
            for before, after in pairwise(edges)
            if after > before + 1
        )

    def sample(self, count: int) -> Ints:
        """At most `count` rows evenly spread over the time, each once."""
        return np.unique(self.row[np.linspace(0, len(self.row) - 1, count).round().astype(np.int64)])


@dataclass(frozen=True)
class Fit:
    """For each row of targets and each track, (rows, tracks): its score, whether it may be taken, the factor of its
    tempo, and whether that is by its second reading."""

    worth: Floats
    allowed: Bools
    factor: Floats
    second: Bools


def targets_of(profile: Profile, length: float, *, along: bool = False) -> Targets:
    """The profile in steps, over a list of `length` seconds; `along` a way too."""
    step = max(_STEP, length / _MAX_STEPS)
    middle = (np.arange(max(1, round(length / step))) + 0.5) * step
    columns = []
    for measure in MEASURES:
        line, grain = getattr(profile, measure), _GRAIN[measure]
        columns.append(
            np.full(len(middle), np.nan) if line is None else np.round(line.at_all(middle) / grain) * grain
        )
    columns.append(np.round(middle / length / _ALONG) * _ALONG if along else np.full(len(middle), np.nan))
    stacked = np.stack(columns, axis=1)
    _, first, row = np.unique(np.nan_to_num(stacked), axis=0, return_index=True, return_inverse=True)
    return Targets(row.reshape(-1), stacked[first], step, np.arange(len(middle)), len(middle), length)


def fit(
    pool: Pool,
    wanted: Floats,
    context: Context,
    settings: Settings,
    *,
    half_time: HalfTime = "fits",
    way: Way | None = None,
) -> Fit:
    """How the tracks of a pool fit rows of targets.

    Where the octave of a tempo is open, its second reading counts where half and double time do.
    """
    weights = context.weights
    shape = len(wanted), len(pool)
    tempo, energy, calm, along = (wanted[:, [column]] for column in range(4))
    worth = np.broadcast_to(weights.appeal * pool.appeal, shape).copy()
    if context.times is not None:
        worth += weights.times * np.where(np.isnan(pool.at_times), 0.5, pool.at_times)
    if way is not None:
        worth += way.worth(pool, along)
    allowed = np.ones(shape, dtype=np.bool_)
    factor, second = np.ones(shape), np.zeros(shape, dtype=np.bool_)
    apart = np.abs(energy - pool.energy) if context.energy else None
    if apart is not None:
        worth += weights.energy * _credit(apart)
    if context.calm:
        worth += weights.calm * _credit(np.abs(calm - pool.calm))
    if context.tempo:
        octaves: Floats | float = 1.0
        unsure: Bools | bool = False
        if apart is not None:
            octaves = octaves_by(apart - _MISSES * pool.guessed, half_time)
            unsure = np.isnan(apart) | pool.guessed
        tolerance = settings.tolerance / 100.0
        distance, factor = tempo_fit(pool.log_bpm, tempo, octaves)
        credit = tempo_credit(distance, tolerance)
        credit = np.where((factor != 1.0) & unsure & (credit > 0), _UNSURE * credit, credit)
        if not np.isnan(pool.log_other).all():
            other = tempo_credit(np.abs(np.log2(tempo) - pool.log_other), tolerance)
            other = np.where(unsure & (other > 0), _OPEN * other, other)
            # If the other octave fits as well, it is preferred to half or double time.
            second = (octaves > 0) & (other >= 0) & ((other > credit) | ((other == credit) & (factor != 1.0)))
            credit, factor = np.where(second, other, credit), np.where(second, 1.0, factor)
        if context.needs_tempo:
            allowed = credit >= 0
        credit = np.where(np.isnan(distance), _UNKNOWN, np.maximum(credit, 0.0))
        worth += weights.tempo * credit
        factor = np.where(np.isnan(distance), 1.0, factor)
    return Fit(worth, allowed, factor, second)


def _credit(apart: Floats) -> Floats:
    """1 at the target, falling to 0 at a distance of 0.4."""
    return np.where(np.isnan(apart), _UNKNOWN, np.maximum(1.0 - apart / _ENERGY_MARGIN, 0.0))
