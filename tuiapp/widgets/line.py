"""A line to type in, drawn safely whatever is pasted into it or handed to it."""

from __future__ import annotations

from typing import Any

from rich.highlighter import Highlighter
from rich.text import Text
from textual.widgets import Input

from tuiapp.safe import shown


class _Drawn(Highlighter):
    """Puts a mark where a control character would reach the terminal."""

    def __call__(self, text: str | Text) -> Text:
        return Text(shown(str(text)), no_wrap=True, overflow="ignore", end="")

    def highlight(self, text: Text) -> None:
        """Nothing is coloured."""


class Line(Input):
    """An input whose value stays as it is to the letter (it may be a path) and is drawn with controls marked."""

    def __init__(self, value: str | None = None, **options: Any) -> None:
        super().__init__(value, highlighter=_Drawn(), **options)
