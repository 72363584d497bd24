"""A job in its own process: signals, JSON lines on standard output, exit codes."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import Any

from engine.errors import CancelledError, DiscoverError, system_trouble
from engine.paths import Folders
from engine.privacy import Door
from engine.privacy.log import note_error, where_it_happened
from engine.progress import Whole
from engine.session import Session

# Seconds after which a job that was asked to stop exits in any case: its parent may be gone by then.
GRACE = 10.0
# Minimum seconds between progress reports.
_EVERY_SECONDS = 0.2


class Reporter:
    """Writes JSON lines: progress, then the result."""

    def __init__(self) -> None:
        self._whole = Whole({})
        self._stage = ""
        self._began = self._last = 0.0

    def expect(self, parts: Mapping[str, float]) -> None:
        """Set the stages to come, each with its share of the time."""
        self._whole = Whole(parts)

    def send(self, **message: Any) -> None:
        # ASCII, so that the app can read it in any locale.
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()

    def progress(self, stage: str, done: int, total: int, loss: float | None = None) -> None:
        now, at = time.monotonic(), self._whole.at(stage, done, total)
        if stage != self._stage:
            self._stage, self._began, self._last = stage, now, 0.0
        if loss is None and done < total and now - self._last < _EVERY_SECONDS:
            return
        self._last = now
        taken = now - self._began
        rate = done / taken if taken > 0 and at.unit is not None else None
        self.send(type="progress", **asdict(at), loss=loss, per_second=rate)


# A job's function of the session, the reporter and a cancellation check; its result goes into `done`.
Work = Callable[[Session, Reporter, Callable[[], bool]], Any]


def run_job(name: str, data_dir: Path, work: Work) -> int:
    """Do `work` on the library in `data_dir`, report in JSON lines, and return the exit code."""
    reporter = Reporter()
    stop = threading.Event()

    def ask(_number: int, _frame: FrameType | None) -> None:
        stop.set()
        if hasattr(signal, "setitimer"):  # not on Windows
            signal.setitimer(signal.ITIMER_REAL, GRACE)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ask)
    # Low priority keeps the app responsive on small machines; on an idle one it costs nothing.
    os.nice(15)
    try:
        with Session(Folders(data_dir)) as session:
            result = work(session, reporter, stop.is_set)
    except CancelledError:
        reporter.send(type="cancelled")
        return CancelledError.exit_code
    except DiscoverError as error:
        kind = type(error).__name__
        reporter.send(type="error", message=str(error), exit_code=error.exit_code, kind=kind)
        return error.exit_code
    except Exception as error:  # noqa: BLE001 - the one place where a job's unexpected errors end
        folders = Folders(data_dir)
        note_error(Door(folders), f"the job {name}", error)
        unexpected = f"That should not have happened: {where_it_happened(error)}. The log is {folders.log}."
        reporter.send(type="error", message=system_trouble(error) or unexpected, exit_code=1, kind="")
        return 1
    reporter.send(type="done", result=result)
    return 0
