"""The app with its event loop watched: `python -m tests.benchmarks.watched REPORT DATA_DIR`.

Every callback of the loop is timed (a step of a coroutine is one): by the wall clock, by the processor time of the
loop's thread, and by how long that thread stood in line for a processor, which other programs keep it from. Garbage
collection that falls into one counts with it, as does waiting for another thread. Where one runs long, a thread looks
where it is. At the end REPORT holds the longest as JSON lists [wall ms, processor ms, ms in line, what, where]: what it
is of, and the messages it handled that took a part of it, each with its milliseconds.
"""

from __future__ import annotations

import asyncio
import asyncio.events
import heapq
import json
import os
import sys
import threading
from functools import partial
from pathlib import Path
from time import perf_counter, sleep, thread_time
from types import CoroutineType, FrameType
from typing import Any

KEPT = 20
LONG = 0.03
# Milliseconds from which a message is named as a part of a callback.
PART = 2.0


class Watch:
    """Times every callback from when it is begun, keeping the `KEPT` longest."""

    def __init__(self) -> None:
        self.longest: list[tuple[float, float, float, int, str, list[str]]] = []
        self._began = 0.0
        self._seen: list[str] = []
        self._handled: list[tuple[float, str]] = []
        self._count = 0
        self._loop_thread = threading.get_ident()

    def begin(self) -> None:
        """From now on, in every event loop of this process."""
        run = asyncio.events.Handle._run

        def timed(handle: Any) -> None:
            self._handled.clear()
            queued, processor, self._began = in_line(), thread_time(), perf_counter()
            run(handle)
            began, wall, self._began = self._began, perf_counter() - self._began, 0.0
            processor = thread_time() - processor
            self._count += 1
            seen, self._seen = self._seen, []
            if len(self.longest) < KEPT or wall * 1e3 > self.longest[0][0]:
                what = "; ".join([named(handle), *self._parts(began + wall)])
                entry = (wall * 1e3, processor * 1e3, in_line() - queued, self._count, what, seen)
                (heapq.heappush if len(self.longest) < KEPT else heapq.heappushpop)(self.longest, entry)

        asyncio.events.Handle._run = timed  # type: ignore[method-assign]  # put in place of the library's own
        threading.Thread(target=self._look, daemon=True).start()

    def _parts(self, end: float) -> list[str]:
        """The messages the last callback handled that took a part of it, and for how long."""
        ends = [at for at, _ in self._handled[1:]] + [end]
        taken = [((until - at) * 1e3, what) for (at, what), until in zip(self._handled, ends, strict=False)]
        return [f"{milliseconds:.0f} {what}" for milliseconds, what in taken if milliseconds >= PART]

    def listen(self) -> None:
        """From now on note which messages a callback handles; loads Textual."""
        from textual.message_pump import MessagePump

        dispatch = MessagePump._dispatch_message

        async def noted(pump: MessagePump, message: Any) -> None:
            # Of a callback its name: its arguments may be a whole taste, a megabyte in the report.
            detail = getattr(message, "key", None) or called(getattr(message, "callback", None))
            self._handled.append(
                (perf_counter(), f"{type(message).__name__} {detail} in {type(pump).__name__}")
            )
            await dispatch(pump, message)

        MessagePump._dispatch_message = noted  # type: ignore[method-assign]  # put in place of the library's own

    def _look(self) -> None:
        while True:
            sleep(LONG / 2)
            if self._began and perf_counter() - self._began > LONG:
                frame = sys._current_frames().get(self._loop_thread)
                self._seen = [*self._seen, where(frame)][-12:]


# Of the thread that reads it first: the loop's.
_SCHEDULED = os.open("/proc/thread-self/schedstat", os.O_RDONLY) if sys.platform == "linux" else None


def in_line() -> float:
    """Milliseconds the loop's thread has waited for a processor so far; 0 if Linux does not report it."""
    return int(os.pread(_SCHEDULED, 100, 0).split()[1]) / 1e6 if _SCHEDULED is not None else 0.0


def named(handle: Any) -> str:
    """What a callback is: the task it is a step of, by name and coroutine, or the function."""
    owner = getattr(handle._callback, "__self__", None)
    if isinstance(owner, asyncio.Task):
        from textual.timer import Timer

        step = owner.get_coro()
        timer = (
            step.cr_frame.f_locals.get("self") if isinstance(step, CoroutineType) and step.cr_frame else None
        )
        of = f" of {type(timer._target()).__name__}" if isinstance(timer, Timer) else ""
        return f"{owner.get_name()} ({getattr(step, '__qualname__', '')}){of}"
    return called(handle._callback)


def called(callback: Any) -> str:
    """The name of what is called, without its arguments; nothing where there is nothing to call."""
    while isinstance(callback, partial):
        callback = callback.func
    return getattr(callback, "__qualname__", repr(callback)) if callback is not None else ""


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
    watch.listen()
    sys.argv[1:] = ["--data-dir", data]
    from tuiapp.__main__ import main as discover

    try:
        discover()
    finally:
        rows = [(*times, what, seen) for *times, _, what, seen in sorted(watch.longest, reverse=True)]
        report.write_text(json.dumps(rows))


if __name__ == "__main__":
    main()
