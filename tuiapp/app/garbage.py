"""What Python's collector of garbage looks through while the app runs: each look through all there is would be felt."""

from __future__ import annotations

import gc
import time

# After so many screens were closed what was set apart is looked through once: they may be among it.
_CLOSED = 20
# Seconds between two times that memory is given back: it takes up to a tenth of one, in the thread that asks.
_KEPT = 10.0


class Garbage:
    """Sets apart what is loaded. Going out of use frees it as before, but not a screen, whose parts know one another.

    Lists as large as the library would hold a key up for as long as a quarter of a second.
    """

    def __init__(self) -> None:
        self._closed = 0
        self._gave_back = float("-inf")

    def begin(self) -> None:
        """Collect from now on, and not among what is there: the first paint was made without (`open_app`)."""
        gc.freeze()
        gc.enable()

    def set_apart(self) -> None:
        """Have no later collection look through what is there now."""
        if self._closed >= _CLOSED:
            self._closed = 0
            gc.unfreeze()
            gc.collect()
        gc.freeze()
        self._give_back()

    def _give_back(self) -> None:
        """Each thread that asks something has a heap of the C library's, which keeps what is free: with a million plays
        that came to two thirds of all the app had, and went on growing."""
        if time.monotonic() - self._gave_back > _KEPT:
            from engine.live.memory import give_back_memory

            give_back_memory()
            self._gave_back = time.monotonic()

    def screen_closed(self) -> None:
        """Count a screen that is closed."""
        self._closed += 1
