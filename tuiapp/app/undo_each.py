"""Undoing several things as one, beside other windows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from engine.errors import UsageError

T = TypeVar("T")


def undo_each(undo: Callable[[T], Any], done: list[T]) -> None:
    """Undo what was done, the last first. What was changed elsewhere since is left: a UsageError once the rest is."""
    left = list[UsageError]()
    while done:
        try:
            undo(done[-1])
        except UsageError as error:
            left.append(error)
        done.pop()
    if left:
        raise left[0]
