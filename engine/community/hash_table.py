"""A hash table of 64-bit hashes in arrays, with batched lookups.

A dictionary of strings takes eight times the memory, and most of the counting time is its cache misses. Python's own
hash of a string differs between processes; two of five million strings share one in less than one of a million dumps.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_MIN_SLOTS = 1 << 12

Hashes = NDArray[np.int64]


class HashTable:
    """Hashes with a number each."""

    def __init__(self) -> None:
        self._hashes = np.zeros(_MIN_SLOTS, dtype=np.int64)  # 0: nothing there
        self._numbers = np.zeros(_MIN_SLOTS, dtype=np.int32)
        self._count = 0

    def numbers(self, hashes: Hashes) -> NDArray[np.int32]:
        """The number of each hash (n,) int32, -1 where it has none."""
        found = np.full(len(hashes), -1, dtype=np.int32)
        asked, mask = np.arange(len(hashes)), len(self._hashes) - 1
        slots = hashes & mask
        while len(asked):
            there = self._hashes[slots]
            same = there == hashes[asked]
            found[asked[same]] = self._numbers[slots[same]]
            on = (there != 0) & ~same
            asked, slots = asked[on], (slots[on] + 1) & mask
        return found

    def add(self, hashes: Hashes, numbers: Sequence[int]) -> None:
        """Give hashes their numbers: each once, and none that has one."""
        while 2 * (self._count + len(hashes)) > len(self._hashes):
            self._grow()
        self._put(hashes, np.array(numbers, dtype=np.int32))
        self._count += len(hashes)

    def _grow(self) -> None:
        there = self._hashes != 0
        hashes, numbers = self._hashes[there], self._numbers[there]
        size = 2 * len(self._hashes)
        self._hashes, self._numbers = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int32)
        self._put(hashes, numbers)

    def _put(self, hashes: Hashes, numbers: NDArray[np.int32]) -> None:
        mask = len(self._hashes) - 1
        slots = hashes & mask
        while len(hashes):
            free = self._hashes[slots] == 0
            # Of several that want one place, the last gets it; the others see so, and go on.
            self._hashes[slots[free]] = hashes[free]
            placed = free & (self._hashes[slots] == hashes)
            self._numbers[slots[placed]] = numbers[placed]
            hashes, numbers = hashes[~placed], numbers[~placed]
            slots = (slots[~placed] + 1) & mask
