"""How far long work is: one whole over its stages, each of which counts in units of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

# Called with the share of a piece of work that is done, from 0 to 1.
Share = Callable[[float], None]
# Asked while work goes on: whether it should stop.
Cancelled = Callable[[], bool]
# Called with how much is done, of how much.
CountReport = Callable[[int, int], None]
# Called with a stage, and how much of it is done, of how much.
StageReport = Callable[[str, int, int], None]

# The time each stage of a training takes, in parts of all of it: measured on the sample and on HetRec's data.
TRAINING: Mapping[str, float] = {
    "reading": 1,
    "tuning": 30,
    "weighing": 42,
    "measuring": 12,
    "training": 6,
    "neighbours": 4,
    "index": 3,
    "looking back": 4,
}
# Those of taking a model out of a file; where it is downloaded, that comes first.
ADDING_MODEL: Mapping[str, float] = {"reading model": 10, "names": 30, "index": 45, "looking back": 15}
# Those of looking through folders of music: how many files there are is not known before.
SCANNING: Mapping[str, float] = {"looking for files": 0, "reading tags": 1}
# What a stage counts, where it counts anything a person would: else there is its share alone.
UNITS: Mapping[str, str] = {
    "importing": "MB",
    "downloading": "MB",
    "reading data": "MB",
    "reading model": "MB",
    "looking for files": "files",
    "reading tags": "files",
    "looking for tracks": "songs",
    "sending": "tracks",
    "measuring tempo": "files",
    "tuning": "trials",
    "training": "sweeps",
}


@dataclass(frozen=True, slots=True)
class Progress:
    """`done` of `total` of a stage in `unit`s (null: nothing a person counts; MB are counted in bytes).

    `share` is that of the whole, 0 to 1, null where nobody knows how much there is. `seconds` are those since the
    beginning, `seconds_left` what is likely to come, null where it is too early to say.
    """

    stage: str
    done: int
    total: int
    unit: str | None
    share: float | None
    seconds: float
    seconds_left: float | None


class Whole:
    """One progress over several stages, which take such parts of the time (`parts`, in order).

    A stage that does not come is passed over, one nobody foresaw stands still; the share never falls.
    """

    def __init__(self, parts: Mapping[str, float]) -> None:
        self._parts = parts
        self._all = sum(parts.values())
        self._share: float | None = None
        self._began = time.monotonic()
        self._stage = ("starting", 0, 0)

    def at(self, stage: str, done: int, total: int) -> Progress:
        """Take down how far a stage is, and say how far all of it."""
        self._stage = (stage, done, total)
        if stage in self._parts and total:
            names = list(self._parts)
            before = sum(self._parts[name] for name in names[: names.index(stage)])
            share = (before + self._parts[stage] * min(1.0, done / total)) / self._all
            self._share = max(self._share or 0.0, share)
        return self.now()

    def now(self) -> Progress:
        """How far it was when last reported, and how long it took until now."""
        seconds, share, (stage, done, total) = time.monotonic() - self._began, self._share, self._stage
        left = seconds * (1 - share) / share if share and seconds > 2 else None
        return Progress(stage, done, total, UNITS.get(stage.rpartition(", ")[2]), share, seconds, left)


def silent(_share: float, /) -> None:
    """For who does not ask how far it is."""


def part_of(share: Share, begin: float, end: float) -> Share:
    """The progress of a part of the work, as progress of all of it."""
    return lambda done: share(begin + (end - begin) * done)


def in_steps(share: Share, count: int) -> Callable[[], None]:
    """To be called after each of `count` steps that take alike."""
    done = 0

    def step() -> None:
        nonlocal done
        done += 1
        share(min(1.0, done / count))

    return step
