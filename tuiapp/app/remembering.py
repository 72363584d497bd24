"""Where the views were when the app was left, and where they are now."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from tuiapp.settings import state

if TYPE_CHECKING:
    from pathlib import Path

    from tuiapp.screens.view import View


class Remembering:
    """The state as the file has it: only read here, written through the session's door when the app is left."""

    def __init__(self, file: Path) -> None:
        self._state = state.read_file(file)

    @property
    def view(self) -> str | None:
        """The view that was shown last."""
        name = self._state.get("view")
        return name if isinstance(name, str) else None

    def of(self, view: str) -> dict[str, Any]:
        """What a view remembered at the last end."""
        return state.part(self._state, "views", view)

    def cursor(self, view: str) -> str | None:
        """The key of the row that had the cursor."""
        key = self.of(view).get("cursor")
        return key if isinstance(key, str) else None

    def take(self, current: str, views: Iterable[View]) -> None:
        """Remember where the views are; one that was not shown stays where it was."""
        where = {view.NAME: view.remembered() for view in views}
        self._state = {"view": current, "views": state.part(self._state, "views") | where}

    def written(self) -> bytes:
        """The bytes to keep."""
        return state.written(self._state)
