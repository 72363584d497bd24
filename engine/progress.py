"""Progress of long work: one total over stages, each with its own unit."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

# Called with the share of the work that is done, from 0 to 1.
Share = Callable[[float], None]
# Called during work: returns whether to stop.
Cancelled = Callable[[], bool]
# Called with done, total.
CountReport = Callable[[int, int], None]
# Called with stage, done, total.
StageReport = Callable[[str, int, int], None]

# Share of the time each stage of a training takes, measured on the sample and on HetRec's data.
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
# Stages of installing a model file; a download comes first.
ADDING_MODEL: Mapping[str, float] = {"reading model": 10, "names": 30, "index": 45, "looking back": 15}
# Stages of scanning music folders: the number of files is not known before.
SCANNING: Mapping[str, float] = {"looking for files": 0, "reading tags": 1}
# What a stage counts, if that means anything to a person; otherwise only its share is shown.
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

    `share` is of the total, 0 to 1, null if that is unknown. `seconds` are elapsed, `seconds_left` estimated, null if
    it is too early to say.
    """

    stage: str
    done: int
    total: int
    unit: str | None
    share: float | None
    seconds: float
    seconds_left: float | None


class Whole:
    """One progress over several stages with their shares of the time (`parts`, in order).

    A missing stage is skipped, an unknown one does not advance the total; the share never decreases.
    """

    def __init__(self, parts: Mapping[str, float]) -> None:
        self._parts = parts
        self._all = sum(parts.values())
        self._share: float | None = None
        self._began = time.monotonic()
        self._stage = ("starting", 0, 0)

    def at(self, stage: str, done: int, total: int) -> Progress:
        """Record a stage's progress. Returns the total."""
        self._stage = (stage, done, total)
        if stage in self._parts and total:
            names = list(self._parts)
            before = sum(self._parts[name] for name in names[: names.index(stage)])
            share = (before + self._parts[stage] * min(1.0, done / total)) / self._all
            self._share = max(self._share or 0.0, share)
        return self.now()

    def now(self) -> Progress:
        """The last reported progress, with the time elapsed until now."""
        seconds, share, (stage, done, total) = time.monotonic() - self._began, self._share, self._stage
        left = seconds * (1 - share) / share if share and seconds > 2 else None
        return Progress(stage, done, total, UNITS.get(stage.rpartition(", ")[2]), share, seconds, left)


def silent(_share: float, /) -> None:
    """A callback that ignores progress."""


def part_of(share: Share, begin: float, end: float) -> Share:
    """A callback that maps a part's progress to that of the total."""
    return lambda done: share(begin + (end - begin) * done)


def in_steps(share: Share, count: int) -> Callable[[], None]:
    """A callback to call after each of `count` equal steps."""
    done = 0

    def step() -> None:
        nonlocal done
        done += 1
        share(min(1.0, done / count))

    return step
