"""Time travel: asks for the date Discover is to be as of."""

from __future__ import annotations

import datetime
from typing import Any, ClassVar

from textual import getters, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import Input, Static

from engine.errors import UsageError
from tuiapp.dates import month_beside, period, written
from tuiapp.safe import shown
from tuiapp.screens.dialogs import Dialog
from tuiapp.widgets.line import Line

_WHAT = "Uses only what you had played by the end of that date, and shows how often you played each of them later."


class AskDate(Dialog):
    """A date to type, or to step to by months; dismissed with it (empty for now), or with None."""

    AUTO_FOCUS = "Input"
    _line = getters.query_one(Input)
    _error = getters.query_one(".error", Static)
    BINDINGS: ClassVar[list[Any]] = [
        Binding("up", "step(1)", show=False, priority=True, tooltip="A month later."),
        Binding("down", "step(-1)", show=False, priority=True, tooltip="A month earlier."),
    ]
    DEFAULT_CSS = """
    AskDate .error { color: $text-error; height: auto; padding: 0 1; }
    AskDate .what { height: auto; margin: 0 0 1 0; }
    """

    def __init__(self, value: str = "", title: str = "Discover as of …", what: str = _WHAT) -> None:
        super().__init__()
        self._value, self._asks, self._what = value, title, what

    def compose(self) -> ComposeResult:
        with Vertical(classes="panel"):
            yield Static(self._asks, classes="title", markup=False)
            yield Static(self._what, classes="what", markup=False)
            yield Line(
                self._value, placeholder="2019, 2019-06 or 2019-06-30; empty: today", select_on_focus=True
            )
            yield Static("", classes="error", markup=False)
            yield Static("enter accept, ↑ ↓ by month, empty: today, esc cancel", classes="hint", markup=False)

    def action_step(self, months: int) -> None:
        """A month later or earlier."""
        line = self._line
        line.value = month_beside(line.value, months, datetime.date.today())
        line.cursor_position = len(line.value)

    @on(Input.Changed)
    def _typed(self) -> None:
        self._error.update("")

    @on(Input.Submitted)
    def _done(self, event: Input.Submitted) -> None:
        text = event.value.strip()
        try:
            if text:
                period(text)
        except UsageError as error:
            self._error.update(shown(str(error)))
        else:
            self.dismiss(written(text) if text else "")
