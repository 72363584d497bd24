"""Search: artists and tracks as one types, one's own and the community's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual import getters, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import Input, Static

from engine.errors import DiscoverError
from tuiapp.screens.dialogs import Dialog
from tuiapp.settings.in_keys import in_keys
from tuiapp.widgets.columns import Column
from tuiapp.widgets.line import Line
from tuiapp.widgets.notice import Notice
from tuiapp.widgets.table import Table

if TYPE_CHECKING:
    from engine.session.searching import Found

LENGTH = 50


class Search(Dialog):
    """Enter walks to the artist under the cursor, tab opens its card. Dismissed with a name or None."""

    NAME: ClassVar[str] = "search"
    _line = getters.query_one(Input)
    _table: getters.query_one[Table[Found]] = getters.query_one(Table)
    BINDINGS: ClassVar[list[Any]] = [
        Binding("down", "move(1)", show=False, priority=True),
        Binding("up", "move(-1)", show=False, priority=True),
        Binding("pagedown", "page(1)", show=False, priority=True),
        Binding("pageup", "page(-1)", show=False, priority=True),
        Binding("tab", "artist", show=False, priority=True),
    ]
    DEFAULT_CSS = """
    Search > .panel { height: 80%; }
    Search Table { height: 1fr; margin: 1 0 0 0; }
    Search Notice { padding: 1 2; }
    """

    def compose(self) -> ComposeResult:
        with Vertical(classes="panel"):
            yield Line(placeholder="artist or track")
            yield Notice()
            yield Table["Found"](
                (
                    Column("", lambda row: "♪" if row.track else "", 1, order=lambda row: row.kind),
                    Column("artist", lambda row: row.artist, 16, share=2, order=lambda row: row.artist.casefold()),
                    Column("track", lambda row: row.track or "", 10, share=2, order=lambda row: row.track or ""),
                    Column("plays", lambda row: f"{row.plays:,}" if row.plays else "new", 6, right=True,
                           order=lambda row: -row.plays),
                    Column("listeners", lambda row: f"{row.listeners:,}" if row.listeners else "", 9, right=True,
                           order=lambda row: -row.listeners, least=56),
                ),
                key=lambda row: f"{row.kind}\x1f{row.artist}\x1f{row.track}",
                words=lambda row: row.artist,
                markable=False,
            )  # fmt: skip
            yield Static(
                "enter similar artists, tab artist page, ↑ ↓ choose, esc close",
                classes="hint",
                markup=False,
            )

    def on_mount(self) -> None:
        self._table.can_focus = False
        self._line.focus()
        self._tell("empty", "Type a name", "Any part, in any order; typos are fine.")
        # The names are read now, not at the first letter.
        self._ask("")

    def _tell(self, state: str, title: str = "", text: str = "") -> None:
        self.query_one(Notice).tell(state, title, text)
        self._table.display = not state

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        if not self._table.counts[1]:
            self._tell("loading", "Searching")
        self._ask(event.value)

    def _ask(self, text: str) -> None:
        self.ask(
            lambda session: session.artists.search(text, LENGTH),
            lambda found: self._show(text, found),
            group="names",
        )

    def show_error(self, error: DiscoverError) -> None:
        """What failed, in the list's place."""
        self._tell("error", "The search failed", in_keys(str(error), self.app.keymap))

    def _show(self, text: str, found: tuple[Found, ...]) -> None:
        # The answer to what was typed last is the one to show.
        if text != self._line.value:
            return
        self._table.show(found)
        self._table.move_to(0)
        if found:
            self._tell("")
        elif text.strip():
            self._tell("nomatch", f"No artist or track matches “{text}”", "Try fewer letters, or one word.")
        else:
            self._tell("empty", "Type a name", "Any part, in any order; typos are fine.")

    def action_move(self, by: int) -> None:
        self._table.action_move(by)

    def action_page(self, by: int) -> None:
        self._table.action_page(by)

    @on(Input.Submitted)
    @on(Table.Clicked)
    def _done(self) -> None:
        row = self._table.row
        if row is not None:
            self.dismiss(row.artist)

    def action_artist(self) -> None:
        """The card in place of the search: what it leads to is then one level up."""
        row, app = self._table.row, self.app
        if row is not None:
            self.dismiss(None)
            app.call_later(app.views.artist, row.artist)
