"""A question with a few answers, chosen with the arrows, by number, or with the mouse."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from rich.cells import cell_len
from textual import getters, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.events import Key, Paste
from textual.widgets import Static

from engine.errors import DiscoverError
from tuiapp.safe import shown
from tuiapp.screens.dialogs import Dialog
from tuiapp.settings.actions import EVERYWHERE, scope_of
from tuiapp.settings.in_keys import in_keys
from tuiapp.typed_paths import lines_as_one
from tuiapp.widgets.columns import Column
from tuiapp.widgets.table import Table

if TYPE_CHECKING:
    from engine.session import Session

# Cells for an answer with its note, of the 60 of a dialog, and cells reserved for a short note.
_ROOM, _SHORT = 47, 13


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer: its value, its label if different, and a note."""

    value: str
    text: str = ""
    note: str = ""

    @property
    def words(self) -> str:
        """Its label."""
        return self.text or self.value


def columns_of(choices: Sequence[Choice]) -> tuple[Column[Choice], Column[Choice]]:
    """The label and the note. Without room for both, a long note is cut: cut labels could look the same."""
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


@dataclass(frozen=True, slots=True)
class Offer:
    """The answers, the text above them, and the value the cursor begins on."""

    choices: Sequence[Choice]
    more: str = ""
    now: str | None = None


class Offering(Dialog):
    """A dialog with a list of answers. It opens before the engine has loaded them, and says that it waits: keys typed
    meanwhile go to it, and not to the view behind."""

    _list: getters.query_one[Table[Choice]] = getters.query_one(Table)
    _more = getters.query_one(".more", Static)

    def offer(self, offered: Offer | Callable[[Session], Offer]) -> None:
        """Show the answers, now or once loaded."""
        if isinstance(offered, Offer):
            self._take(offered)
        else:
            self._say("Loading …")
            self._list.styles.height = 1
            self.ask(offered, self._take, group="offer")

    def _take(self, offer: Offer) -> None:
        self._say(offer.more)
        table = self._list
        table.columns = columns_of(offer.choices)
        table.styles.height = min(16, len(offer.choices) + 1)
        table.show(offer.choices, cursor_key=offer.now)

    def _say(self, text: str) -> None:
        self._more.display = bool(text)
        self._more.update("\n".join(map(shown, text.split("\n"))))

    def show_error(self, error: DiscoverError) -> None:
        """Why there is nothing to choose."""
        self._say(in_keys(str(error), self.shell.keymap))


class Pick(Offering):
    """Picks one answer; dismissed with its value or None. The one under the cursor is previewed if that is visible."""

    NAME: ClassVar[str] = "this question"
    BINDINGS: ClassVar[list[Any]] = [
        Binding("enter", "done", show=False, tooltip="Choose."),
        Binding("q", "dismiss(None)", show=False, tooltip="Close."),
        *(
            Binding(str(number), f"done({number})", show=False, tooltip="Choose the answer of that number.")
            for number in range(1, 10)
        ),
    ]
    DEFAULT_CSS = """
    Pick > .panel { width: 60; }
    Pick .title { margin: 0; }
    Pick .more { height: auto; margin: 1 0 0 0; }
    Pick Table { height: auto; max-height: 16; }
    """

    def __init__(
        self,
        title: str,
        choices: Sequence[Choice] | Callable[[Session], Offer],
        *,
        more: str = "",
        now: str | None = None,
        preview: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`more` is shown below the title; the cursor begins on the value `now`. All may be loaded from the engine."""
        super().__init__()
        self._question, self._preview = title, preview
        self._offered = choices if callable(choices) else Offer(choices, more, now)
        # Whether text is coming in, as where a terminal hands over what is pasted key by key: it answers nothing.
        self._text_comes = False
        # The answer that asks for a file, where one does, and what was pasted or dropped on the question for it.
        self.file_answer: str | None = None
        self.pasted = ""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Disables what keys do everywhere while text comes in."""
        return not (action == "everywhere" and self._text_comes) and super().check_action(action, parameters)

    def on_key(self, event: Key) -> None:
        if not event.is_printable or event.key.isdigit():
            return
        if self._text_comes:
            if event.key not in self.active_bindings:
                event.stop()
        else:
            # A key that acts everywhere does so here, or says why not: it is not text.
            keys = (self.shell.keymap.keys(action) for action in scope_of(EVERYWHERE))
            self._text_comes = event.key not in ",".join(keys).split(",")

    def on_paste(self, event: Paste) -> None:
        """A file dropped here is typed where one is asked for."""
        event.stop()
        if self.file_answer is not None:
            self.pasted = lines_as_one(event.text)
            self.dismiss(self.file_answer)

    def compose(self) -> ComposeResult:
        with Vertical(classes="panel"):
            yield Static(shown(self._question), classes="title", markup=False)
            yield Static(classes="more", markup=False)
            yield Table[Choice](
                columns_of(()),
                key=lambda row: row.value,
                words=lambda row: row.words,
                markable=False,
                filterable=False,
            )
            yield Static("enter choose, esc cancel", classes="hint", markup=False)

    def on_mount(self) -> None:
        self.offer(self._offered)
        self._list.focus()

    @on(Table.Highlighted)
    def _highlighted(self, message: Table.Highlighted) -> None:
        message.stop()
        self._text_comes = False
        if self._list.row is not None:
            self._preview(self._list.row.value)

    @on(Table.Clicked)
    def _clicked(self) -> None:
        self.action_done()

    def action_done(self, number: int = 0) -> None:
        """Choose the one under the cursor, or the one with this number."""
        if self._text_comes:
            self._text_comes = bool(number)
            self.remark("Nothing can be typed here: choose with ↑ ↓, then press enter.")
            return
        if 0 < number <= self._list.counts[0]:
            self._list.move_to(number - 1)
        elif number:
            self.remark(f"There is no answer {number}.")
            return
        if self._list.row is not None:
            self.dismiss(self._list.row.value)
