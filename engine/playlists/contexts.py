"""Contexts as data: what each asks of a playlist. A new one is an entry in `CONTEXTS`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.canonical_keys import nearest
from engine.errors import UsageError

if TYPE_CHECKING:
    from engine.playlists.running import TempoProfile


@dataclass(frozen=True, slots=True)
class Settings:
    """What the person may set.

    `bpm` is the cadence in steps per minute, `tolerance` the most a track's tempo may be off in percent,
    `minutes`, `warm_up` and `cool_down` are minutes, `new` the share of tracks not played before (0..1). The
    same `seed` gives the same list from the same pool. Raises UsageError for values that make no list.
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
        _within("seed", self.seed, 0, 2**63)
        if self.warm_up + self.cool_down > self.minutes:
            raise UsageError("Warm-up and cool-down are longer than the list. Shorten them.")


def _within(name: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:  # also refuses NaN
        raise UsageError(f"{name} {value:g} is out of range: enter a number from {least:g} to {most:g}.")


@dataclass(frozen=True, slots=True)
class PlaylistKind:
    """One kind of playlist: how it is called, what it asks for, and how its tempo goes over time.

    `energy` is the range (0..1) tracks should lie in; a little outside costs a little.
    """

    name: str
    title: str
    asks: str
    defaults: Settings
    profile: Callable[[Settings], TempoProfile]
    energy: tuple[float, float]


def _run(settings: Settings) -> TempoProfile:
    # Loads NumPy; that a context can be named and its wishes checked must not.
    from engine.playlists.running import running_profile

    return running_profile(settings.bpm, settings.minutes, settings.warm_up, settings.cool_down)


CONTEXTS: dict[str, PlaylistKind] = {
    "running": PlaylistKind(
        name="running",
        title="Running",
        asks="tracks at the tempo of your steps; half and double time count",
        defaults=Settings(),
        profile=_run,
        energy=(0.55, 1.0),
    ),
}


def playlist_kind(name: str) -> PlaylistKind:
    """The context called `name` (upper or lower case). Raises UsageError, naming those there are."""
    found = CONTEXTS.get(name.strip().casefold())
    if found is None:
        near = nearest(name, CONTEXTS)
        guess = f" Did you mean {near[0]}?" if near else ""
        raise UsageError(f"Unknown context “{name}”.{guess} Contexts: {', '.join(sorted(CONTEXTS))}.")
    return found
