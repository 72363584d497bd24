"""Dialogs with a line to type in and a list below it, which the arrows move through while one types."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual import getters, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import Input, Static

from tuiapp.safe import shown
from tuiapp.screens.dialogs import Dialog
from tuiapp.screens.pick import Choice, columns_of
from tuiapp.widgets.line import Line
from tuiapp.widgets.table import Table

if TYPE_CHECKING:
    from tuiapp.shell import Shell


class TypedList(Dialog):
    """The line has the keys; the list never takes them by itself."""

    AUTO_FOCUS = "Input"
    _line = getters.query_one(Input)
    _list: getters.query_one[Table[Any]] = getters.query_one(Table)
    BINDINGS: ClassVar[list[Any]] = [
        Binding("down", "move(1)", show=False, priority=True),
        Binding("up", "move(-1)", show=False, priority=True),
        Binding("pagedown", "page(1)", show=False, priority=True),
        Binding("pageup", "page(-1)", show=False, priority=True),
    ]
    DEFAULT_CSS = """
    TypedList Table { height: 1fr; margin: 1 0 0 0; }
    """

    def action_move(self, by: int) -> None:
        self._list.action_move(by)

    def action_page(self, by: int) -> None:
        self._list.action_page(by)


class Choose(TypedList):
    """One of some answers, found by typing; dismissed with its value or None."""

    NAME: ClassVar[str] = "choose"
    DEFAULT_CSS = """
    Choose > .panel { width: 70; }
    Choose Table { max-height: 16; }
    """

    def __init__(self, title: str, choices: Sequence[Choice], now: str) -> None:
        """The cursor begins on the value `now`."""
        super().__init__()
        self._title, self._choices, self._now = title, choices, now

    def compose(self) -> ComposeResult:
        with Vertical(classes="panel"):
            yield Static(shown(self._title), classes="title", markup=False)
            yield Line(placeholder="filter")
            yield Table[Choice](
                columns_of(self._choices),
                key=lambda row: row.value,
                words=lambda row: f"{row.words} {row.note}",
                markable=False,
            )
            yield Static("enter choose, ↑ ↓ move, esc cancel", classes="hint", markup=False)

    def on_mount(self) -> None:
        table = self._list
        table.can_focus = False
        table.styles.height = min(16, len(self._choices) + 1)
        table.show(self._choices, cursor_key=self._now)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self._list.set_filter(event.value)
        # What is typed means the first that holds it.
        self._list.move_to(0)

    @on(Input.Submitted)
    @on(Table.Clicked)
    def _done(self) -> None:
        if self._list.row is not None:
            self.dismiss(self._list.row.value)


def choose(app: Shell, title: str, choices: Sequence[Choice], now: str, then: Callable[[str], None]) -> None:
    """Ask for one of the choices, and go on with it `then` where it is another than `now`."""

    def chosen(value: str | None) -> None:
        if value is not None and value != now:
            then(value)

    app.push_screen(Choose(title, choices, now), chosen)
