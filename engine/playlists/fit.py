"""How well tracks fit the targets over time: tempo, energy, calm, and the person's habits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.playlists.bridge import Way
from engine.playlists.contexts import MEASURES, Context, Settings
from engine.playlists.pool import Bools, Ints, Pool
from engine.playlists.profile import Floats, Profile
from engine.playlists.tempo import octaves_by, tempo_credit, tempo_fit

_STEP = 10.0  # seconds of a step with constant targets ...
_MAX_STEPS = 600  # ... longer if a list would have more steps than this
# Targets are rounded to this, so that few rows differ.
_GRAIN = {"tempo": 0.25, "energy": 0.01, "calm": 0.01}
_ALONG = 0.01
# Half or double time counts this much less without known energy, or with an estimate, which may be far off.
_UNSURE = 0.6
_MISSES = 0.2
# The score of an unknown measure (0..1): less than one that fits half.
_UNKNOWN = 0.4
_ENERGY_MARGIN = 0.4  # at this distance from the target energy and calm score 0


@dataclass(frozen=True)
class Targets:
    """Targets over time: `values` are (rows, measures and one more), NaN for a measure that is not targeted, the last
    one the elapsed share of time for a bridge; `row` is the row of each `step` seconds, the last one continuing."""

    row: Ints
    values: Floats
    step: float

    def steps_at(self, seconds: Floats) -> Ints:
        """How many steps are over at many times; any shape."""
        return np.minimum((seconds * (1.0 / self.step)).astype(np.int64), len(self.row))

    def rows_at(self, seconds: Floats) -> Ints:
        """The rows at many times; any shape."""
        return np.asarray(self.row[np.minimum(self.steps_at(seconds), len(self.row) - 1)])

    def sample(self, count: int) -> Ints:
        """At most `count` rows evenly spread over the time, each once."""
        return np.unique(self.row[np.linspace(0, len(self.row) - 1, count).round().astype(np.int64)])


@dataclass(frozen=True)
class Fit:
    """For each row of targets and each track, (rows, tracks): its score, whether it may be taken, and the factor of its
    tempo."""

    worth: Floats
    allowed: Bools
    factor: Floats


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
    return Targets(row.reshape(-1), stacked[first], step)


def fit(
    pool: Pool,
    wanted: Floats,
    context: Context,
    settings: Settings,
    *,
    any_octave: bool = False,
    way: Way | None = None,
) -> Fit:
    """How the tracks of a pool fit rows of targets.

    With `any_octave` half and double time count whatever the energy.
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
    factor = np.ones(shape)
    apart = np.abs(energy - pool.energy) if context.energy else None
    if apart is not None:
        worth += weights.energy * _credit(apart)
    if context.calm:
        worth += weights.calm * _credit(np.abs(calm - pool.calm))
    if context.tempo:
        octaves: Floats | float = 1.0
        if apart is not None and not any_octave:
            octaves = octaves_by(apart - _MISSES * pool.guessed)
        distance, factor = tempo_fit(pool.log_bpm, tempo, octaves)
        credit = tempo_credit(distance, settings.tolerance / 100.0)
        if apart is not None:
            unsure = (factor != 1.0) & (np.isnan(apart) | pool.guessed) & (credit > 0)
            credit = np.where(unsure, _UNSURE * credit, credit)
        if context.needs_tempo:
            allowed = credit >= 0
        credit = np.where(np.isnan(distance), _UNKNOWN, np.maximum(credit, 0.0))
        worth += weights.tempo * credit
        factor = np.where(np.isnan(distance), 1.0, factor)
    return Fit(worth, allowed, factor)


def _credit(apart: Floats) -> Floats:
    """1 at the target, falling to 0 at a distance of 0.4."""
    return np.where(np.isnan(apart), _UNKNOWN, np.maximum(1.0 - apart / _ENERGY_MARGIN, 0.0))
