"""What takes longer than a moment, in words, for the line of keys: no key starts something slow without a sign."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.worker import Worker

# Seconds until a change the person asked for is shown to be under way, and until a query is: a view asks many, and its
# keys should not flicker.
OF_CHANGE, OF_QUERY = 0.1, 0.5


class Working:
    """The workers whose end the person may wait for, oldest first; `show` gets the words, empty for none."""

    def __init__(self, show: Callable[[str], None]) -> None:
        self._show = show
        self._under_way: list[tuple[Worker[Any], str]] = []

    def follow(self, worker: Worker[Any], change: str = "") -> None:
        """Show that a query, or a `change` in words, is under way once it takes longer than a moment, until it ends."""

        def late() -> None:
            if not _is_over(worker):
                self._under_way.append((worker, change or "loading"))
                self.look()

        # Cheaper than a timer of Textual's, which is a task: there are several of these a key.
        asyncio.get_running_loop().call_later(OF_CHANGE if change else OF_QUERY, late)

    def look(self) -> None:
        """Some worker ended: show what is still under way."""
        self._under_way = [one for one in self._under_way if not _is_over(one[0])]
        self._show(self._under_way[0][1] if self._under_way else "")


def _is_over(worker: Worker[Any]) -> bool:
    """Whether it has ended, or was overtaken: one that is before it begins stays "running" to Textual."""
    return worker.is_finished or worker.is_cancelled
