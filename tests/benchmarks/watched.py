"""The app with its event loop watched: `python -m tests.benchmarks.watched REPORT DATA_DIR`.

Every callback of the loop is timed (a step of a coroutine is one), by the wall clock and by the processor time of
the loop's thread; garbage collection that falls into one counts with it, as does waiting for another thread. Where one
runs long, a thread looks where it is. At the end REPORT holds the longest as JSON lists [wall ms, processor ms,
where].
"""

from __future__ import annotations

import asyncio.events
import heapq
import json
import sys
import threading
from pathlib import Path
from time import perf_counter, sleep, thread_time
from types import FrameType
from typing import Any

KEPT = 20
LONG = 0.03


class Watch:
    """Times every callback from when it is begun, keeping the `KEPT` longest."""

    def __init__(self) -> None:
        self.longest: list[tuple[float, float, int, list[str]]] = []
        self._began = 0.0
        self._seen: list[str] = []
        self._count = 0
        self._loop_thread = threading.get_ident()

    def begin(self) -> None:
        """From now on, in every event loop of this process."""
        run = asyncio.events.Handle._run

        def timed(handle: Any) -> None:
            processor, self._began = thread_time(), perf_counter()
            run(handle)
            wall, self._began = perf_counter() - self._began, 0.0
            self._count += 1
            entry = (wall * 1e3, (thread_time() - processor) * 1e3, self._count, self._seen)
            if self._seen:
                self._seen = []
            (heapq.heappush if len(self.longest) < KEPT else heapq.heappushpop)(self.longest, entry)

        asyncio.events.Handle._run = timed  # type: ignore[method-assign]
        threading.Thread(target=self._look, daemon=True).start()

    def _look(self) -> None:
        while True:
            sleep(LONG / 2)
            if self._began and perf_counter() - self._began > LONG:
                frame = sys._current_frames().get(self._loop_thread)
                self._seen = [*self._seen, where(frame)][-12:]


def where(frame: FrameType | None) -> str:
    """The innermost calls of the app, the engine and Textual, the last first."""
    calls: list[str] = []
    while frame is not None and len(calls) < 7:
        path = Path(frame.f_code.co_filename)
        if {"tuiapp", "engine", "textual"} & set(path.parts):
            calls.append(f"{path.parent.name}/{path.name}:{frame.f_lineno} {frame.f_code.co_name}")
        frame = frame.f_back
    return " < ".join(calls)


def main() -> None:
    report, data = Path(sys.argv[1]), sys.argv[2]
    watch = Watch()
    watch.begin()
    sys.argv[1:] = ["--data-dir", data]
    from tuiapp.__main__ import main as discover

    try:
        discover()
    finally:
        rows = [(wall, processor, seen) for wall, processor, _, seen in sorted(watch.longest, reverse=True)]
        report.write_text(json.dumps(rows))


if __name__ == "__main__":
    main()
