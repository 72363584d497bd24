"""Every reader against files that were changed: our own errors or a truthful report, in little time and memory.

A finding is anything else: another error, a report that does not add up, a transaction left open, more than `SECONDS`
of the processor or `MEGABYTES` more memory for one file.
"""

from __future__ import annotations

import random
import resource
import signal
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from engine.errors import DiscoverError
from tests.reliability.mutations import mutated

SECONDS, MEGABYTES = 2.0, 300
# What hangs is left after so many seconds of the processor.
_HANGS = 10.0
# Of so many files one goes the whole way.
_WHOLE = 100

# Reads data that was changed; a reader that needs a file may write it to the path.
Try = Callable[[bytes, Path], None]


class _HangError(BaseException):
    """No reader may catch it."""


@dataclass
class Target:
    """A reader: its name, whole files for it, and `read`, which is given one that was changed."""

    name: str
    seeds: list[bytes]
    read: Try
    ending: str = ""


def on_disk(read: Callable[[Path], object]) -> Try:
    """Reads a file by its path."""

    def written(data: bytes, path: Path) -> None:
        path.write_bytes(data)
        read(path)

    return written


def now_and_then(often: Try, whole: Try) -> Try:
    """Every so often the whole way of a file, the first time too; else its reader alone, which is much quicker."""
    count = 0

    def read(data: bytes, path: Path) -> None:
        nonlocal count
        count += 1
        (whole if count % _WHOLE == 1 else often)(data, path)

    return read


@dataclass
class Found:
    """What came of one reader: inputs tried, errors of our own, findings by what they are, seconds of the processor in
    all and for the slowest, and the MB that one added to the process's peak at most."""

    tried: int = 0
    refused: int = 0
    findings: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    slowest: float = 0.0
    memory: int = 0

    def add(self, other: Found) -> None:
        """What came of more of them."""
        self.tried += other.tried
        self.refused += other.refused
        self.findings += other.findings
        self.seconds += other.seconds
        self.slowest = max(self.slowest, other.slowest)
        self.memory = max(self.memory, other.memory)


def fuzz(
    target: Target,
    rng: random.Random,
    others: Sequence[bytes],
    go_on: Callable[[int], bool],
    keep: Path | None = None,
) -> Found:
    """Try changed files while `go_on`, given how many were tried, returns true; the first of each finding goes to
    `keep`."""
    found = Found()
    _, memory = _used()
    with tempfile.TemporaryDirectory() as folder, _left_when_it_hangs():
        path = Path(folder) / f"export{target.ending}"
        while go_on(found.tried):
            data = mutated(rng.choice(target.seeds), rng, others)
            found.tried += 1
            (began, _), finding = _used(), ""
            signal.setitimer(signal.ITIMER_PROF, _HANGS)
            try:
                target.read(data, path)
            except DiscoverError:
                found.refused += 1
            except _HangError:
                finding = "it hangs"
            except Exception as error:  # noqa: BLE001 - these are what is looked for
                finding = _where(error)
            finally:
                signal.setitimer(signal.ITIMER_PROF, 0)
            ended, now = _used()
            took = ended - began
            found.seconds += took
            found.slowest = max(found.slowest, took)
            if not finding and took > SECONDS:
                finding = f"over {SECONDS:g} s"
            found.memory = max(found.memory, (now - memory) >> 10)
            if not finding and (now - memory) >> 10 > MEGABYTES:
                finding = f"over {MEGABYTES} MB"
            memory = max(memory, now)
            if finding:
                if finding not in found.findings and keep is not None:
                    (keep / f"{target.name}-{len(found.findings)}{target.ending}").write_bytes(data)
                found.findings[finding] += 1
    return found


def _used() -> tuple[float, int]:
    """Seconds of the processor, and the peak of memory in KB. While a timer of CPU time is set, Linux updates
    `time.process_time` only each tick."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime, used.ru_maxrss


def _where(error: Exception) -> str:
    frames = [one for one in traceback.extract_tb(error.__traceback__) if "/engine/" in one.filename]
    place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "the harness"
    return f"{type(error).__name__} {place}"


@contextmanager
def _left_when_it_hangs() -> Iterator[None]:
    def leave(_number: int, _frame: FrameType | None) -> None:
        raise _HangError

    before = signal.signal(signal.SIGPROF, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGPROF, before)
