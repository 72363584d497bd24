"""Numbers of MusicBrainz ids, asked for by the ten thousand: a hash table in arrays.

A dictionary of as many strings takes eight times the memory, and most of the time of counting goes into its cache
misses. An id is told from others by 64 bits made of its letters: that two of five million have the same happens less
than once in a million dumps.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

LETTERS = 36
_NONE = " " * LETTERS
_SEEDS = np.array(
    [0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB, 0xD6E8FEB86659FD93, 0xC2B2AE3D27D4EB4F],
    dtype=np.uint64,
)
_SMALLEST = 1 << 12

Hashes = NDArray[np.uint64]


def is_id(text: str) -> bool:
    """Whether this is as long as an id, in letters of ASCII; what is not cannot be in a table."""
    return len(text) == LETTERS and text.isascii()


class IdTable:
    """Ids with a number each."""

    def __init__(self) -> None:
        self._keys = np.zeros(_SMALLEST, dtype=np.uint64)  # 0: nothing there
        self._numbers = np.zeros(_SMALLEST, dtype=np.int32)
        self._count = 0

    def numbers(self, ids: Sequence[str | None]) -> NDArray[np.int32]:
        """The number of each id (n,) int32, -1 where it has none, or is none."""
        text = "".join([one or _NONE for one in ids])
        if len(text) != LETTERS * len(ids) or not text.isascii():
            text = "".join([one if one and is_id(one) else _NONE for one in ids])
        hashes = _hashes(text)
        found = np.full(len(hashes), -1, dtype=np.int32)
        asked = np.arange(len(hashes))
        mask = np.uint64(len(self._keys) - 1)
        slots = hashes & mask
        while len(asked):
            keys = self._keys[slots]
            same = keys == hashes[asked]
            found[asked[same]] = self._numbers[slots[same]]
            on = (keys != 0) & ~same
            asked, slots = asked[on], (slots[on] + np.uint64(1)) & mask
        return found

    def add(self, ids: Sequence[str], numbers: Sequence[int]) -> None:
        """Give ids their numbers: each once, and none that has one."""
        if not ids:
            return
        while 2 * (self._count + len(ids)) > len(self._keys):
            self._grow()
        self._put(_hashes("".join(ids)), np.array(numbers, dtype=np.int32))
        self._count += len(ids)

    def _grow(self) -> None:
        there = self._keys != 0
        keys, numbers = self._keys[there], self._numbers[there]
        size = 2 * len(self._keys)
        self._keys, self._numbers = np.zeros(size, dtype=np.uint64), np.zeros(size, dtype=np.int32)
        self._put(keys, numbers)

    def _put(self, hashes: Hashes, numbers: NDArray[np.int32]) -> None:
        mask = np.uint64(len(self._keys) - 1)
        slots = hashes & mask
        while len(hashes):
            free = self._keys[slots] == 0
            # Of several that want one place, the last gets it; the others see so, and go on.
            self._keys[slots[free]] = hashes[free]
            placed = free & (self._keys[slots] == hashes)
            self._numbers[slots[placed]] = numbers[placed]
            hashes, numbers = hashes[~placed], numbers[~placed]
            slots = (slots[~placed] + np.uint64(1)) & mask


def _hashes(text: str) -> Hashes:
    """64 bits of each id in a text of ids, never 0."""
    letters = np.frombuffer(text.encode("ascii"), dtype=np.uint8).reshape(-1, LETTERS)
    words = np.empty((5, len(letters)), dtype=np.uint64)
    words[:4] = np.ascontiguousarray(letters[:, :32]).view("<u8").T
    words[4] = np.ascontiguousarray(letters[:, 32:]).view("<u4").ravel()
    found = np.zeros(len(letters), dtype=np.uint64)
    for word, seed in zip(words, _SEEDS, strict=True):
        word ^= seed
        word ^= word >> np.uint64(32)
        word *= seed
        word ^= word >> np.uint64(29)
        found += word
    found ^= found >> np.uint64(31)
    found *= _SEEDS[0]
    found ^= found >> np.uint64(33)
    found[found == 0] = 1
    return found
