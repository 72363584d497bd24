"""A question with a few answers: one is chosen with the arrows, by its number, or with the mouse."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from rich.cells import cell_len
from textual import getters, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import Static

from tuiapp.safe import shown
from tuiapp.screens.dialogs import Dialog
from tuiapp.widgets.columns import Column
from tuiapp.widgets.table import Table

# Cells for the words of an answer with its note, of the 60 a dialog has, and how many of them are a short note's own.
_ROOM, _SHORT = 47, 13


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer: what it is to the program, how it is shown where that is another word, and a note beside it."""

    value: str
    text: str = ""
    note: str = ""

    @property
    def words(self) -> str:
        """What is shown of it."""
        return self.text or self.value


def columns_of(choices: Sequence[Choice]) -> tuple[Column[Choice], Column[Choice]]:
    """The words and the note. Where there is no room for both, a long note is cut: words that are may look alike."""
    words = max((cell_len(shown(choice.words)) for choice in choices), default=0)
    notes = max((cell_len(shown(choice.note)) for choice in choices), default=0)
    return (
        Column(
            "",
            lambda row: row.words,
            min(words, _ROOM - min(notes, _SHORT)),
            order=lambda row: row.words.casefold(),
        ),
        Column("", lambda row: row.note, 0, share=1, right=True),
    )


class Pick(Dialog):
    """One of a few; dismissed with its value or None. The one under the cursor is tried on where that can be seen."""

    NAME: ClassVar[str] = "pick"
    BINDINGS: ClassVar[list[Any]] = [
        Binding("enter", "done", show=False),
        Binding("q", "dismiss(None)", show=False),
        *(Binding(str(number), f"done({number})", show=False) for number in range(1, 10)),
    ]
    DEFAULT_CSS = """
    Pick > .panel { width: 60; }
    Pick .title { margin: 0; }
    Pick .more { height: auto; margin: 1 0 0 0; }
    Pick Table { height: auto; max-height: 16; }
    """
    _list: getters.query_one[Table[Choice]] = getters.query_one(Table)

    def __init__(
        self,
        title: str,
        choices: Sequence[Choice],
        *,
        more: str = "",
        now: str | None = None,
        preview: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`more` stands below the title; the cursor begins on the value `now`."""
        super().__init__()
        self._question, self._more, self._choices = title, more, choices
        self._now, self._preview = now, preview

    def compose(self) -> ComposeResult:
        with Vertical(classes="panel"):
            yield Static(shown(self._question), classes="title", markup=False)
            if self._more:
                yield Static("\n".join(map(shown, self._more.split("\n"))), classes="more", markup=False)
            yield Table[Choice](
                columns_of(self._choices),
                key=lambda row: row.value,
                words=lambda row: row.words,
                markable=False,
            )
            yield Static("enter choose, esc cancel", classes="hint", markup=False)

    def on_mount(self) -> None:
        table = self._list
        table.styles.height = min(16, len(self._choices) + 1)
        table.show(self._choices, cursor_key=self._now)
        table.focus()

    @on(Table.Highlighted)
    def _highlighted(self, message: Table.Highlighted) -> None:
        message.stop()
        if self._list.row is not None:
            self._preview(self._list.row.value)

    @on(Table.FilterRequested)
    def _no_filter(self, message: Table.FilterRequested) -> None:
        message.stop()

    @on(Table.Clicked)
    def _clicked(self) -> None:
        self.action_done()

    def action_done(self, number: int = 0) -> None:
        """Take the one under the cursor, or the one with that number from above."""
        if 0 < number <= self._list.counts[0]:
            self._list.move_to(number - 1)
        elif number:
            return
        if self._list.row is not None:
            self.dismiss(self._list.row.value)
