"""Running the app in another order: what runs at once is held up by small amounts of time, drawn from a seed.

On a loaded machine a thread begins late, a message is dealt with after another, a timer rings in between: once in a
thousand runs. Here it is often, and much the same each time for a seed and a test: what is of one kind, such as the
workers of one group or one widget's messages, is held up alike throughout a test, so that one thing is late for all
others. What Textual and asyncio keep in order, such as the messages to one widget, stays in order.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import os
import random
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from textual.app import App
from textual.message_pump import MessagePump
from textual.timer import Timer
from textual.worker import Worker

from tuiapp.app import watching

# The seed, a number or any word; not set, or empty, everything runs as it does.
VARIABLE = "DISCOVER_DISORDER"

_sleep, _set_interval = asyncio.sleep, MessagePump.set_interval


class _Delays:
    """How many seconds each kind of thing is held up in one test, drawn as it first occurs."""

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._drawn: dict[str, float] = {}
        self._main = threading.get_ident()
        self.random = random.Random(seed)

    def of(self, kind: str, often: float, most: float) -> float:
        """Seconds up to `most`; 0 for all but the share `often` of the kinds."""
        if kind not in self._drawn:
            drawn = random.Random(f"{self._seed} {kind}")
            self._drawn[kind] = most * drawn.random() ** 2 if drawn.random() < often else 0.0
        return self._drawn[kind]

    def here(self, kind: str, often: float = 0.5, most: float = 0.05) -> None:
        """Hold up the thread it is called in, never the event loop's."""
        if threading.get_ident() != self._main and (seconds := self.of(kind, often, most)):
            time.sleep(seconds)

    async def task(self, kind: str, often: float, most: float) -> None:
        """Hold up the task it is called in."""
        if seconds := self.of(kind, often, most):
            await _sleep(seconds)

    def around(self, kind: str, work: Callable[..., Any]) -> Callable[..., Any]:
        """Work of a thread, which begins late, and whose thread ends late."""

        @functools.wraps(work)
        def late(*of: Any, **more: Any) -> Any:
            self.here(f"{kind} begins")
            try:
                return work(*of, **more)
            finally:
                self.here(f"{kind} ends")

        return late


def disorder(patch: pytest.MonkeyPatch, test: str) -> None:
    """Hold up what runs at once in a test, if the variable holds a seed."""
    if seed := os.environ.get(VARIABLE):
        delays = _Delays(f"{seed} {test}")
        _threads(patch, delays)
        _messages(patch, delays)
        _timers(patch, delays)
        _children(patch, delays)


def _named(what: Any) -> str:
    while isinstance(what, functools.partial):
        what = what.func
    return getattr(what, "__qualname__", "")


def _threads(patch: pytest.MonkeyPatch, delays: _Delays) -> None:
    run, to_thread, call = Worker._run_threaded, asyncio.to_thread, App.call_from_thread

    async def run_late(worker: Worker[Any]) -> Any:
        work: Any = worker._work
        if callable(work) and not inspect.iscoroutinefunction(work):
            worker._work = delays.around(f"worker {worker.group}", work)
        return await run(worker)

    async def to_thread_late(work: Callable[..., Any], *of: Any, **more: Any) -> Any:
        return await to_thread(delays.around(f"thread {_named(work)}", work), *of, **more)

    def call_late(app: App[Any], callback: Callable[..., Any], *of: Any, **more: Any) -> Any:
        delays.here(f"call {_named(callback)}")
        try:
            return call(app, callback, *of, **more)
        finally:
            delays.here(f"called {_named(callback)}")

    patch.setattr(Worker, "_run_threaded", run_late)
    patch.setattr(asyncio, "to_thread", to_thread_late)
    patch.setattr(App, "call_from_thread", call_late)


def _messages(patch: pytest.MonkeyPatch, delays: _Delays) -> None:
    post, dispatch = MessagePump.post_message, MessagePump._dispatch_message

    def post_late(pump: MessagePump, message: Any) -> bool:
        # From a thread, which may be overtaken once it let go of the library.
        delays.here(f"post {type(message).__name__} {_named(getattr(message, 'callback', None))}")
        return post(pump, message)

    async def dispatch_late(pump: MessagePump, message: Any) -> None:
        name = f"{type(pump).__name__} {type(message).__qualname__}"
        if callback := _named(getattr(message, "callback", None)):
            await delays.task(f"{name} {callback}", 0.3, 0.02)
        else:
            await delays.task(name, 0.1, 0.01)
        await dispatch(pump, message)

    patch.setattr(MessagePump, "post_message", post_late)
    patch.setattr(MessagePump, "_dispatch_message", dispatch_late)


def _timers(patch: pytest.MonkeyPatch, delays: _Delays) -> None:
    tick = Timer._tick
    often = delays.random.choice((0.3, 1.0, 5.0))

    async def tick_late(timer: Timer, *, next_timer: float, count: int) -> None:
        await delays.task(
            f"timer {timer.name if 'update' in timer.name else _named(timer._callback)}", 0.5, 0.02
        )
        await tick(timer, next_timer=next_timer, count=count)

    patch.setattr(Timer, "_tick", tick_late)
    # Other windows are looked for several times a test, or not at all.
    patch.setattr(watching, "LOOK_SECONDS", often)


def _children(patch: pytest.MonkeyPatch, delays: _Delays) -> None:
    until, read = asyncio.StreamReader.readuntil, asyncio.StreamReader.read
    started = asyncio.create_subprocess_exec

    async def until_late(reader: asyncio.StreamReader, *of: Any, **more: Any) -> bytes:
        line = await until(reader, *of, **more)
        await delays.task("line", 0.3, 0.01)
        return line

    async def read_late(reader: asyncio.StreamReader, *of: Any, **more: Any) -> bytes:
        text = await read(reader, *of, **more)
        await delays.task("text", 0.3, 0.03)
        return text

    async def started_late(*of: Any, **more: Any) -> Any:
        await delays.task("starting", 0.5, 0.05)
        process = await started(*of, **more)
        await delays.task("started", 0.5, 0.05)
        return process

    patch.setattr(asyncio.StreamReader, "readuntil", until_late)
    patch.setattr(asyncio.StreamReader, "read", read_late)
    patch.setattr(asyncio, "create_subprocess_exec", started_late)
