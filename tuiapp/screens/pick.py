"""A question with a few answers: one is chosen with the arrows, by its number, or with the mouse."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from rich.cells import cell_len
from textual import getters, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import Static

from engine.errors import DiscoverError
from tuiapp.safe import shown
from tuiapp.screens.dialogs import Dialog
from tuiapp.settings.in_keys import in_keys
from tuiapp.widgets.columns import Column
from tuiapp.widgets.table import Table

if TYPE_CHECKING:
    from engine.session import Session

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


@dataclass(frozen=True, slots=True)
class Offer:
    """The answers there are, what stands above them, and the value the cursor begins on."""

    choices: Sequence[Choice]
    more: str = ""
    now: str | None = None


class Offering(Dialog):
    """A dialog with a list of answers. Where the engine has to be asked which there are it is open meanwhile, and says
    that it waits: what is typed by then is for it, and not for the view behind."""

    _list: getters.query_one[Table[Choice]] = getters.query_one(Table)
    _more = getters.query_one(".more", Static)

    def offer(self, offered: Offer | Callable[[Session], Offer]) -> None:
        """Show the answers, now or when they come."""
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

    def __init__(
        self,
        title: str,
        choices: Sequence[Choice] | Callable[[Session], Offer],
        *,
        more: str = "",
        now: str | None = None,
        preview: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`more` stands below the title; the cursor begins on the value `now`. The engine may be asked for all that."""
        super().__init__()
        self._question, self._preview = title, preview
        self._offered = choices if callable(choices) else Offer(choices, more, now)

    def compose(self) -> ComposeResult:
        with Vertical(classes="panel"):
            yield Static(shown(self._question), classes="title", markup=False)
            yield Static(classes="more", markup=False)
            yield Table[Choice](
                columns_of(()),
                key=lambda row: row.value,
                words=lambda row: row.words,
                markable=False,
            )
            yield Static("enter choose, esc cancel", classes="hint", markup=False)

    def on_mount(self) -> None:
        self.offer(self._offered)
        self._list.focus()

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
