"""Contexts as data: the requirements of a playlist.

A new one is an entry in `CONTEXTS`. Does not need NumPy: settings are checked before anything heavy is loaded.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace

from engine.canonical_keys import nearest
from engine.errors import UnknownNameError, UsageError
from engine.taste.window import TIMES_OF_WEEK, TimeOfWeek, time_of_week

# (share of the list's length, value): straight lines between points, ends held.
Points = tuple[tuple[float, float], ...]
# Minimum places between two tracks of one artist; fewer only if nothing else is left.
ARTIST_GAP = 5
# A list is short if more seconds than this are missing.
SHORT_BY = 60.0
# Measures of a profile over time. Tempo is a share of `Settings.bpm`, the others are 0..1.
MEASURES = ("tempo", "energy", "calm")
_MAX_OF = {"tempo": 4.0, "energy": 1.0, "calm": 1.0}


@dataclass(frozen=True, slots=True)
class Settings:
    """A context's settings.

    `bpm` is the target tempo, for a run the cadence in steps per minute, `tolerance` the maximum deviation of a track's
    tempo in per cent, `minutes`, `warm_up` and `cool_down` are minutes, `new` the share of tracks not played before
    (0..1). The same `seed` gives the same list from the same pool. Raises UsageError for invalid values.
    """

    bpm: float = 170.0
    tolerance: float = 6.0
    minutes: float = 45.0
    warm_up: float = 0.0
    cool_down: float = 0.0
    new: float = 0.3
    seed: int = 0

    def __post_init__(self) -> None:
        _within("bpm", self.bpm, 40, 250)
        _within("tolerance", self.tolerance, 0.5, 25)
        _within("minutes", self.minutes, 1, 1440)
        _within("warm-up", self.warm_up, 0, self.minutes)
        _within("cool-down", self.cool_down, 0, self.minutes)
        _within("new", self.new, 0, 1)
        check_seed(self.seed)
        if self.warm_up + self.cool_down > self.minutes:
            raise UsageError("Warm-up and cool-down are longer than the list. Shorten them.")


def check_seed(seed: int) -> None:
    """Raises UsageError for a seed nothing can be drawn by."""
    if not 0 <= seed < 2**63:
        raise UsageError(f"seed {seed} is out of range: enter a whole number from 0 to {2**63 - 1}.")


def _within(name: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:  # also refuses NaN
        raise UsageError(f"{name} {value:g} is out of range: enter a number from {least:g} to {most:g}.")


@dataclass(frozen=True, slots=True)
class Weights:
    """Weights of the parts of a list's score, 0 for none.

    `tempo`, `energy` and `calm`: fit of tracks to the profile. `times`: how much they are played at the context's times
    of the week. `appeal`: how much the person plays or might like them. `transitions`: similarity of adjacent tracks.
    `variety`: few repeated artists. `new`: distance to the requested share of new music.
    """

    tempo: float = 1.0
    energy: float = 0.5
    calm: float = 0.5
    times: float = 0.5
    appeal: float = 1.0
    transitions: float = 0.2
    variety: float = 0.3
    new: float = 1.0

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            _within(f"weight {name}", value, 0, 10)


@dataclass(frozen=True, slots=True)
class Context:
    """A context, with its requirements.

    `tempo`, `energy` and `calm` are the profile over the list's time, each may be empty. With `needs_tempo` a track
    without a fitting tempo is never taken, otherwise it only counts less. `eases` says that it has a warm-up and a
    cool-down. `artist_gap` is how many places lie at least between two tracks of an artist; `times` are its usual
    times. `defaults` are its default settings. Raises UsageError for invalid values.
    """

    name: str
    title: str
    asks: str
    defaults: Settings = field(default_factory=Settings)
    tempo: Points = ()
    energy: Points = ()
    calm: Points = ()
    needs_tempo: bool = False
    eases: bool = False
    artist_gap: int = ARTIST_GAP
    times: TimeOfWeek | None = None
    weights: Weights = field(default_factory=Weights)

    def __post_init__(self) -> None:
        for measure in self.measures:
            _check_points(measure, getattr(self, measure))
        _within("artist_gap", self.artist_gap, 0, 50)
        if self.needs_tempo and not self.tempo:
            raise UsageError(f"{self.name} needs a tempo, and has no points of tempo. Add some.")

    @property
    def measures(self) -> tuple[str, ...]:
        """The measures of its profile, of `MEASURES`."""
        return tuple(measure for measure in MEASURES if getattr(self, measure))

    def settings(self, **given: float) -> Settings:
        """Its settings with some of them given. Raises UsageError, also for a setting it has no use for."""
        useless = {"bpm": not self.tempo, "tolerance": not self.tempo}
        useless |= {"warm_up": not self.eases, "cool_down": not self.eases}
        for name in given:
            if useless.get(name):
                what = "tempo" if name in ("bpm", "tolerance") else "warm-up or cool-down"
                raise UsageError(f"{self.title} has no {what} to set.")
        # The seed alone is a whole number, and given as one.
        return replace(self.defaults, **given)  # type: ignore[arg-type]


def _check_points(measure: str, points: Points) -> None:
    """Check that times ascend and values are in range."""
    most = _MAX_OF[measure]
    before = 0.0
    for time, value in points:
        if not before <= time <= 1:
            raise UsageError(f"{measure}: times go from 0 to 1 and never back, not {time:g}.")
        if not (math.isfinite(value) and 0 <= value <= most) or (measure == "tempo" and value < 0.25):
            least = 0.25 if measure == "tempo" else 0
            raise UsageError(
                f"{measure} {value:g} is out of range: enter a number from {least:g} to {most:g}."
            )
        before = time


def _flat(value: float) -> Points:
    return ((0.0, value), (1.0, value))


def _intervals(rest: float, work: float, rounds: int) -> Points:
    """`rounds` of rest and work of equal lengths, with rest at both ends."""
    step = 1.0 / (2 * rounds + 1)
    ramp = step / 10
    points: list[tuple[float, float]] = [(0.0, rest)]
    for number in range(rounds):
        start = (2 * number + 1) * step
        points += [(start - ramp, rest), (start + ramp, work)]
        points += [(start + step - ramp, work), (start + step + ramp, rest)]
    return (*points, (1.0, rest))


# Where people move to the beat.
_IN_STEP = Weights(tempo=2.0, energy=1.0)

CONTEXTS: Mapping[str, Context] = {
    context.name: context
    for context in (
        Context(
            name="running",
            title="Running",
            asks="at the tempo of your steps",
            tempo=_flat(1.0),
            energy=_flat(0.75),
            needs_tempo=True,
            eases=True,
            weights=_IN_STEP,
        ),
        Context(
            name="workout",
            title="Workout",
            asks="intervals: four hard rounds",
            defaults=Settings(bpm=140, tolerance=8),
            tempo=_intervals(0.85, 1.0, 4),
            energy=_intervals(0.6, 0.9, 4),
            needs_tempo=True,
            weights=_IN_STEP,
        ),
        Context(
            name="walk",
            title="Walk",
            asks="at the tempo of a brisk walk",
            defaults=Settings(bpm=115, minutes=40),
            tempo=_flat(1.0),
            energy=_flat(0.6),
            needs_tempo=True,
            eases=True,
            weights=_IN_STEP,
        ),
        Context(
            name="focus",
            title="Focus",
            asks="calm and even, little new",
            defaults=Settings(minutes=60, new=0.1),
            energy=_flat(0.4),
            calm=_flat(0.65),
            weights=Weights(transitions=0.6),
            times=time_of_week("work"),
        ),
        Context(
            name="party",
            title="Party",
            asks="rising to its height, then easing off",
            defaults=Settings(bpm=122, tolerance=10, minutes=120, new=0.2),
            tempo=((0.0, 0.88), (0.4, 1.0), (0.85, 1.05), (1.0, 0.95)),
            energy=((0.0, 0.6), (0.4, 0.8), (0.7, 0.9), (0.85, 0.9), (1.0, 0.7)),
            weights=Weights(tempo=1.0, energy=1.0, transitions=0.4),
            times=time_of_week("party"),
        ),
        Context(
            name="sleep",
            title="Sleep",
            asks="calmer and calmer",
            defaults=Settings(bpm=75, tolerance=15, minutes=45, new=0.0),
            tempo=((0.0, 1.0), (1.0, 0.85)),
            energy=((0.0, 0.35), (1.0, 0.1)),
            calm=((0.0, 0.65), (1.0, 0.9)),
            weights=Weights(tempo=0.5, energy=1.0, calm=1.0, transitions=0.6),
            times=time_of_week("sleep"),
        ),
        Context(
            name="commute",
            title="Commute",
            asks="what you play on the way",
            defaults=Settings(minutes=30, new=0.4),
            energy=_flat(0.6),
            weights=Weights(times=1.0),
            times=time_of_week("commute"),
        ),
        Context(
            name="morning",
            title="Morning",
            asks="from quiet to lively",
            defaults=Settings(minutes=40, new=0.2),
            energy=((0.0, 0.35), (0.6, 0.6), (1.0, 0.7)),
            weights=Weights(times=1.0),
            times=time_of_week("morning"),
        ),
        Context(
            name="dinner",
            title="Dinner",
            asks="in the background, even",
            defaults=Settings(minutes=90),
            energy=((0.0, 0.4), (0.5, 0.5), (1.0, 0.4)),
            weights=Weights(transitions=0.6),
            times=time_of_week("dinner"),
        ),
    )
}


def context_named(name: str, contexts: Mapping[str, Context] = CONTEXTS) -> Context:
    """The context of that name or title (upper or lower case). Raises UsageError, naming those there are."""
    found = _find(name, contexts)
    if found is None:
        near = nearest(name, contexts)
        guess = f" Did you mean {near[0]}?" if near else ""
        raise UsageError(f"Unknown context “{name}”.{guess} Contexts: {', '.join(contexts)}.")
    return found


def _find(name: str, contexts: Mapping[str, Context]) -> Context | None:
    wanted = name.strip().casefold()
    titled = {context.title.casefold(): context for context in contexts.values()}
    return contexts.get(wanted) or titled.get(wanted)


def times_named(name: str, contexts: Mapping[str, Context] = CONTEXTS) -> TimeOfWeek:
    """A time of the week by its own name, or by the name or title of a context that has one.

    Raises UnknownNameError with those there are, UsageError for a context that is at no time.
    """
    own = _find(name, contexts)
    if own is not None and own.times is not None:
        return own.times
    there_are = {times.name: times for times in TIMES_OF_WEEK}
    there_are |= {context.name: context.times for context in contexts.values() if context.times is not None}
    use = f"Use one of {', '.join(there_are)}."
    if own is not None:
        raise UsageError(f"{own.title} is at no time of the week. {use}")
    usual = there_are.get(name.strip().casefold())
    if usual is None:
        raise UnknownNameError(f"Unknown context “{name}”. {use}")
    return usual
