"""A line to type a path in: completed from the disk, and filled by what is dropped on the terminal."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

from textual.binding import Binding
from textual.events import Paste
from textual.suggester import Suggester

from tuiapp.typed_paths import continued, lines_as_one
from tuiapp.widgets.line import Line


class _FromDisk(Suggester):
    """What is on the disk and begins as typed; looked up in a thread, since a disk may be slow."""

    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)

    async def get_suggestion(self, value: str) -> str | None:
        """The typed path, continued."""
        return await asyncio.to_thread(continued, value)


class PathLine(Line):
    """A line for a path: tab takes what stands there in grey, several dropped files stand beside each other."""

    BINDINGS: ClassVar[list[Any]] = [Binding("tab", "cursor_right", show=False)]

    def __init__(self, value: str | None = None, **options: Any) -> None:
        super().__init__(value, suggester=_FromDisk(), **options)

    def on_paste(self, event: Paste) -> None:
        """Textual keeps the first line alone; terminals drop each file on a line of its own."""
        event.prevent_default()
        event.stop()
        text = lines_as_one(event.text)
        self.replace(text, *self.selection)
