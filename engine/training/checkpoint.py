"""Checkpoints, so that a killed training can be resumed.

Beside the models, while training runs: the choice of settings once it is made, and the state of the final fit every few
seconds. Both are used only by a training of the same data with the same settings, which then ends with identical
factors. A training that ends, is cancelled or fails leaves nothing.
"""

from __future__ import annotations

import hashlib
import time
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from engine.errors import ARRAY_ERRORS
from engine.mapped import mapped_array
from engine.model.sweep import State
from engine.paths import bytes_of
from engine.privacy import Door
from engine.training.choose import Choice

# A state is written no more often than this, nor for more than this share of the time: a large one is 50 MB.
EVERY_SECONDS, SHARE = 5.0, 0.05
_ARRAYS = ("user_factors", "item_factors", "items_before")


class _Rest(msgspec.Struct, frozen=True):
    """The parts of a state that are not arrays."""

    sweeps: int
    since_restart: int
    losses: list[float]


class Checkpoint:
    """The checkpoint of one training in `models/unfinished`. `data` and `settings` name what it trains on and how."""

    def __init__(self, door: Door, data: str, settings: Any) -> None:
        self._door = door
        self._folder = door.folders.models / "unfinished"
        asked = msgspec.json.encode([1, data, msgspec.to_builtins(settings)])
        self._key = hashlib.sha256(asked).hexdigest()
        self._written, self._cost = time.monotonic(), 0.0
        if not self._is_ours():
            self.clear()

    def choice(self) -> Choice | None:
        """The settings that were chosen, if they were."""
        found: Choice | None = self._decoded(self._folder / self._key / "choice.json", Choice)
        return found

    def keep_choice(self, choice: Choice) -> None:
        """Keep the settings."""
        with self._door.new_folder(self._folder / self._key) as folder:
            (folder / "choice.json").write_bytes(msgspec.json.encode(choice))

    def state(self) -> State | None:
        """The last state of the final fit that was kept whole."""
        folder = self._folder / "fit"
        rest = self._decoded(folder / "rest.json", _Rest)
        if rest is None:
            return None
        try:
            arrays = {name: np.array(mapped_array(folder / f"{name}.npy")) for name in _ARRAYS}
        except ARRAY_ERRORS:
            return None
        return State(**arrays, sweeps=rest.sweeps, since_restart=rest.since_restart, losses=rest.losses)

    def keep_state(self, state: State) -> None:
        """Keep a state, unless one was kept a moment ago."""
        began = time.monotonic()
        if began - self._written < max(EVERY_SECONDS, self._cost / SHARE):
            return
        with self._door.new_folder(self._folder / "fit") as folder:
            for name in _ARRAYS:
                np.save(folder / f"{name}.npy", getattr(state, name))
            rest = _Rest(state.sweeps, state.since_restart, state.losses)
            (folder / "rest.json").write_bytes(msgspec.json.encode(rest))
        self._written = time.monotonic()
        self._cost = self._written - began

    def clear(self) -> None:
        """Leave nothing."""
        self._door.remove(self._folder)

    def _is_ours(self) -> bool:
        return (self._folder / self._key).is_dir()

    @staticmethod
    def _decoded(path: Path, kind: Any) -> Any:
        """What a file holds; null where it is not there or not whole."""
        try:
            return msgspec.json.decode(bytes_of(path), type=kind)
        except (OSError, ValueError, RecursionError):
            return None
