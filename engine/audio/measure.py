"""Measures tempo and calm of files in worker processes, saving results as they arrive."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context, parent_process

from engine.audio.decode import NEEDS_FFMPEG, decode, reader
from engine.audio.tempo import sound_of
from engine.errors import CancelledError, UnreadableFileError
from engine.progress import Cancelled, StageReport
from engine.store.music_files import Measured, MusicFile, put_measured, tagged_and_measured, unmeasured

MEASURING = "measuring tempo"
CRASHED = "file that the decoder dies of"
# Seconds between saves: a measurement that is stopped or killed loses no more than this.
_EVERY = 5.0
_SAME = 0.04

# Measures a file of a known length; returns the result or why there is none.
Listen = Callable[[str, float | None], Measured | str]


@dataclass(frozen=True, slots=True)
class Agreement:
    """How well measured tempo agrees with tags: files that have both, files within 4 %, and further files within 4 % of
    half or double."""

    files: int
    same: int
    octave: int

    def in_words(self) -> str:
        """The agreement in a sentence; empty if no file has both."""
        if not self.files:
            return ""
        return (
            f"Measured tempo agrees with that in tags within 4 % on {self.same:,} of {self.files:,} files, and on "
            f"{self.octave:,} more but for half or double."
        )


@dataclass(frozen=True, slots=True)
class MeasureReport:
    """Result of a run: files measured, how many have a tempo, and by reason the paths of those that could not be
    decoded."""

    measured: int
    with_tempo: int
    left_out: Mapping[str, Sequence[str]]


def agreement(connection: sqlite3.Connection) -> Agreement:
    """How well measured tempo agrees with tags."""
    pairs = tagged_and_measured(connection)
    same = sum(_alike(tag, bpm, (1.0,)) for tag, bpm in pairs)
    return Agreement(len(pairs), same, sum(_alike(tag, bpm, (0.5, 1.0, 2.0)) for tag, bpm in pairs) - same)


def _alike(one: float, other: float, factors: tuple[float, ...]) -> bool:
    return any(abs(other * factor / one - 1.0) < _SAME for factor in factors)


def measure(
    connection: sqlite3.Connection,
    workers: int,
    report: StageReport | None = None,
    cancelled: Cancelled | None = None,
    how: Callable[[list[MusicFile], int, Cancelled], Iterator[tuple[MusicFile, Measured | str]]]
    | None = None,
) -> MeasureReport:
    """Measure the files not measured yet, in this many processes; results up to a stop are kept.

    `how` measures one file. Raises CancelledError, and DiscoverError if no decoder is installed.
    """
    reader()
    files = unmeasured(connection)
    left_out: dict[str, list[str]] = {}
    with_tempo = done = 0
    kept: list[tuple[MusicFile, Measured]] = []
    written = time.monotonic()
    try:
        for file, what in (how or measured_apart)(files, workers, cancelled or _never):
            done += 1
            if isinstance(what, str):
                left_out.setdefault(what, []).append(file.path)
                # ffmpeg may be installed by the next run; other failures will recur.
                if what != NEEDS_FFMPEG:
                    kept.append((file, Measured()))
            else:
                with_tempo += what.bpm is not None
                kept.append((file, what))
            if time.monotonic() - written > _EVERY:
                put_measured(connection, kept)
                kept, written = [], time.monotonic()
            if report is not None:
                report(MEASURING, done, len(files))
    finally:
        put_measured(connection, kept)
    return MeasureReport(done - sum(map(len, left_out.values())), with_tempo, left_out)


def listen(path: str, seconds: float | None) -> Measured | str:
    """A file's tempo and calm, or why it cannot be decoded."""
    try:
        return sound_of(decode(path, seconds))
    except UnreadableFileError as error:
        return str(error)


def measured_apart(
    files: list[MusicFile], workers: int, cancelled: Cancelled, how: Listen = listen
) -> Iterator[tuple[MusicFile, Measured | str]]:
    """Each file's tempo and calm, in any order, measured in this many processes.

    A file that crashes its decoder kills the process: the files measured at that time are measured again, one by one.
    """
    queue, alone = deque(files), deque[MusicFile]()
    while queue or alone:
        source, width = (alone, 1) if alone else (queue, workers)
        # Spawned, not forked: threads of this process may hold locks.
        pool = ProcessPoolExecutor(width, get_context("spawn"), _keep_to_itself)
        running: dict[Future[Measured | str], MusicFile] = {}
        try:
            while source or running:
                if cancelled():
                    raise CancelledError("Stopped; what was measured is kept.")
                with _without_interrupts():
                    while source and len(running) < (1 if source is alone else 2 * width):
                        file = source.popleft()
                        running[pool.submit(how, file.path, file.seconds)] = file
                for future in wait(running, timeout=0.2, return_when=FIRST_COMPLETED).done:
                    what = future.result()
                    yield running.pop(future), what
        except BrokenProcessPool:
            if source is alone:
                for file in running.values():
                    yield file, CRASHED
            else:
                alone.extend(running.values())
        finally:
            # A second interrupt in the midst of it would leave processes, which would be waited for forever.
            with _without_interrupts():
                pool.shutdown(cancel_futures=True)


@contextlib.contextmanager
def _without_interrupts() -> Iterator[None]:
    """Ctrl+C reaches every process of a terminal: those started in this block ignore it, and their parent ends them.
    It is dealt with after the block."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _keep_to_itself() -> None:
    """Ignore interrupts, which the parent handles, and discard decoders' messages on standard error."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """If the parent is killed, its processes end too: otherwise they would wait for work forever."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _never() -> bool:
    return False
