"""What is known of watching players: whether it works, and why not, each said once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

# Gets a sentence for the person, when something changed.
Say = Callable[["Watched", str], None]


class Watched:
    """Players of one kind, which the setting `listen.KIND` is about: whether they are watched, and in words."""

    def __init__(self, kind: str, say: Say, *, off: str = "") -> None:
        """`off` is why they are not watched by the person's choice, which is not said."""
        self.kind = kind
        self.on = False
        self.text = off
        # Whether they ever were.
        self.was_on = False
        # The players that are there, where several can be.
        self.found: list[str] = []
        self._say = say
        self._reason: object = None

    def begins(self, text: str) -> None:
        """They are watched from now on."""
        self._set(True, text)
        self.was_on = True

    def fails(self, text: str, reason: object = "") -> None:
        """They are not watched, which is said once: again only for another `reason`, or after they were."""
        if self.on or not self.text or reason != self._reason:
            self._set(False, text)
        self._reason = reason

    def comes(self, player: str) -> None:
        """One more player is there."""
        self.found.append(player)
        self._say(self, f"Watching {player}.")

    def goes(self, player: str) -> None:
        """A player is gone."""
        self.found.remove(player)

    def document(self) -> dict[str, Any]:
        """What is known, as JSON has it."""
        return {"players": self.kind, "watched": self.on, "text": self.text, "found": [*self.found]}

    def _set(self, on: bool, text: str) -> None:
        self.on, self.text = on, text
        self._say(self, text)
