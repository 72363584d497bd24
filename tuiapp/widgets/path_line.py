"""An input for paths, with completion from the disk, and files dropped on the terminal."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

from textual.binding import Binding
from textual.events import Paste
from textual.suggester import Suggester

from tuiapp.typed_paths import continued, lines_as_one
from tuiapp.widgets.line import Line


class _FromDisk(Suggester):
    """Suggests paths on the disk; in a thread, since a disk may be slow."""

    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)

    async def get_suggestion(self, value: str) -> str | None:
        """The typed path, continued."""
        return await asyncio.to_thread(continued, value)


class PathLine(Line):
    """An input for paths: tab accepts the suggestion, several dropped files are put on the line."""

    BINDINGS: ClassVar[list[Any]] = [Binding("tab", "cursor_right", show=False)]

    def __init__(self, value: str | None = None, **options: Any) -> None:
        super().__init__(value, suggester=_FromDisk(), **options)

    def on_paste(self, event: Paste) -> None:
        """Textual keeps only the first line; terminals paste each dropped file on its own line."""
        event.prevent_default()
        event.stop()
        text = lines_as_one(event.text)
        self.replace(text, *self.selection)
