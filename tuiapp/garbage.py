"""Limits garbage collection while the app runs: a full collection would be noticeable."""

from __future__ import annotations

import gc
import time

# Closed screens after which the frozen objects are collected once, since they may be among them.
_CLOSED = 20
# Seconds between two releases of memory: one takes up to a tenth of a second, in the calling thread.
_KEPT = 10.0


class Garbage:
    """Freezes loaded objects.

    Reference counting still frees them, except screens, which are cyclic. Collecting lists as large as the library
    would delay a key by up to a quarter of a second.
    """

    def __init__(self) -> None:
        self._closed = 0
        self._gave_back = float("-inf")

    def begin(self) -> None:
        """Enable collection, with existing objects frozen: it was disabled until the first paint (`open_app`)."""
        gc.freeze()
        gc.enable()

    def set_apart(self) -> None:
        """Freeze existing objects."""
        if self._closed >= _CLOSED:
            self._closed = 0
            gc.unfreeze()
            gc.collect()
        gc.freeze()
        self._give_back()

    def _give_back(self) -> None:
        """Return free memory to the system. Each worker thread has a heap of the C library, which keeps freed memory:
        with a million plays two thirds of the app's memory, and growing."""
        if time.monotonic() - self._gave_back > _KEPT:
            from engine.live.memory import give_back_memory

            give_back_memory()
            self._gave_back = time.monotonic()

    def screen_closed(self) -> None:
        """Count a closed screen."""
        self._closed += 1
