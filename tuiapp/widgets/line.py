"""An input that is drawn safely, whatever is pasted into it."""

from __future__ import annotations

from typing import Any

from rich.highlighter import Highlighter
from rich.text import Text
from textual.widgets import Input

from tuiapp.safe import shown


class _Drawn(Highlighter):
    """Replaces control characters by a visible mark."""

    def __call__(self, text: str | Text) -> Text:
        return Text(shown(str(text)), no_wrap=True, overflow="ignore", end="")

    def highlight(self, text: Text) -> None:
        """No highlighting."""


class Line(Input):
    """An input whose value is unchanged (it may be a path) but drawn with control characters marked."""

    def __init__(self, value: str | None = None, **options: Any) -> None:
        super().__init__(value, highlighter=_Drawn(), **options)
