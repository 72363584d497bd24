"""The views' state: from the last exit, and now."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tuiapp.settings import state


class Remembering:
    """The saved state: only read here, written through the session's door at exit."""

    def __init__(self, file: Path) -> None:
        self._state = state.read_file(file)

    @property
    def view(self) -> str | None:
        """The view that was shown last."""
        name = self._state.get("view")
        return name if isinstance(name, str) else None

    def of(self, view: str) -> dict[str, Any]:
        """A view's state at the last exit."""
        return state.part(self._state, "views", view)

    def cursor(self, view: str) -> str | None:
        """The key of the row that had the cursor."""
        key = self.of(view).get("cursor")
        return key if isinstance(key, str) else None

    def take(self, current: str, views: Mapping[str, dict[str, Any]]) -> None:
        """Update the state of the views by name; one that was not shown keeps its old state."""
        self._state = {"view": current, "views": state.part(self._state, "views") | dict(views)}

    def written(self) -> bytes:
        """The bytes to write."""
        return state.written(self._state)
