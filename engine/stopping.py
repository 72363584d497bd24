"""Giving up a long computation that nobody waits for any more, such as a view's as the app quits.

Whoever starts one says in `until` when it is no longer wanted; the steps that take long look, each some tenth of a
second, by `stop_if_asked`, however deep they are below.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar

from engine.errors import CancelledError

# Of this thread.
_stopped: ContextVar[Callable[[], bool] | None] = ContextVar("stopped", default=None)


@contextlib.contextmanager
def until(stopped: Callable[[], bool] | None) -> Iterator[None]:
    """Have what runs in this block, in this thread, give up once `stopped`; null changes nothing."""
    before = _stopped.set(stopped or _stopped.get())
    try:
        yield
    finally:
        _stopped.reset(before)


def stop_if_asked() -> None:
    """Raise CancelledError if what runs here is no longer wanted."""
    stopped = _stopped.get()
    if stopped is not None and stopped():
        raise CancelledError("Stopped.")
