"""Dialogs with an input and a list below it; arrows move in the list while typing."""

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
from tuiapp.screens.pick import Choice, Offer, Offering, columns_of
from tuiapp.widgets.line import Line
from tuiapp.widgets.table import Table

if TYPE_CHECKING:
    from engine.session import Session
    from tuiapp.shell import Shell


class TypedList(Dialog):
    """The input has the focus; the list never gets it."""

    AUTO_FOCUS = "Input"
    _line = getters.query_one(Input)
    _list: getters.query_one[Table[Any]] = getters.query_one(Table)
    BINDINGS: ClassVar[list[Any]] = [
        Binding("down", "move(1)", show=False, priority=True, tooltip="Down."),
        Binding("up", "move(-1)", show=False, priority=True, tooltip="Up."),
        Binding("pagedown", "page(1)", show=False, priority=True, tooltip="A page down."),
        Binding("pageup", "page(-1)", show=False, priority=True, tooltip="A page up."),
    ]
    DEFAULT_CSS = """
    TypedList Table { height: 1fr; margin: 1 0 0 0; }
    """

    def action_move(self, by: int) -> None:
        self._list.action_move(by)

    def action_page(self, by: int) -> None:
        self._list.action_page(by)


class Choose(TypedList, Offering):
    """Chooses one of many answers by typing; dismissed with its value or None."""

    NAME: ClassVar[str] = "choose"
    DEFAULT_CSS = """
    Choose > .panel { width: 70; }
    Choose Table { max-height: 16; }
    Choose .more { height: auto; margin: 1 0 0 0; }
    """

    def __init__(self, title: str, offered: Callable[[Session], Offer]) -> None:
        super().__init__()
        self._title, self._offered = title, offered
        # The text above the answers, unless none of them matches: more about them, that they are loading, or why not.
        self._above = ""

    def compose(self) -> ComposeResult:
        with Vertical(classes="panel"):
            yield Static(shown(self._title), classes="title", markup=False)
            yield Line(placeholder="filter")
            yield Static(classes="more", markup=False)
            yield Table[Choice](
                columns_of(()),
                key=lambda row: row.value,
                words=lambda row: f"{row.words} {row.note}",
                markable=False,
            )
            yield Static("enter choose, ↑ ↓ move, esc cancel", classes="hint", markup=False)

    def on_mount(self) -> None:
        self._list.can_focus = False
        self.offer(self._offered)

    def _take(self, offer: Offer) -> None:
        super()._take(offer)
        if self._line.value:
            self._filter(self._line.value)

    def _say(self, text: str) -> None:
        self._above = text
        super()._say(text)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self._filter(event.value)

    def _filter(self, text: str) -> None:
        self._list.set_filter(text)
        # The typed text selects the first match.
        self._list.move_to(0)
        found, there = self._list.counts
        none = there and not found
        super()._say(f"No row matches “{text}”. Type less, or press esc to cancel." if none else self._above)

    @on(Input.Submitted)
    @on(Table.Clicked)
    def _done(self) -> None:
        if self._list.row is not None:
            self.dismiss(self._list.row.value)


def choose(
    shell: Shell,
    title: str,
    choices: Callable[[Session], Sequence[Choice]],
    now: str,
    then: Callable[[str], None],
) -> None:
    """Ask for one of the engine's choices, and call `then` with it unless it is `now`."""

    def chosen(value: str | None) -> None:
        if value is not None and value != now:
            then(value)

    shell.push_screen(Choose(title, lambda session: Offer(choices(session), now=now)), chosen)
