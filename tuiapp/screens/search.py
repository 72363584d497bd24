"""Search: artists and tracks as one types, one's own and the community's."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import Input, Static

from engine.errors import DiscoverError
from tuiapp.screens.dialogs import Dialog
from tuiapp.widgets.line import Line
from tuiapp.widgets.notice import Notice
from tuiapp.widgets.table import Column, Table

if TYPE_CHECKING:
    from engine.session import Session
    from engine.session.searching import Found

LENGTH = 50


class Search(Dialog):
    """Enter walks to the artist under the cursor, tab opens its card. Dismissed with a name or None."""

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

    def __init__(self, engine: Callable[[], Session]) -> None:
        super().__init__()
        self._engine = engine

    def compose(self) -> ComposeResult:
        with Vertical(classes="panel"):
            yield Line(placeholder="artist or track")
            yield Notice()
            yield Table(
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
        self.query_one(Table).can_focus = False
        self.query_one(Input).focus()
        self._tell("empty", "Type a name", "Any part, in any order; typos are fine.")
        # The names are read now, not at the first letter.
        self._ask("")

    def _tell(self, state: str, title: str = "", text: str = "") -> None:
        self.query_one(Notice).tell(state, title, text)
        self.query_one(Table).display = not state

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        if not self.query_one(Table).counts[1]:
            self._tell("loading", "Searching")
        self._ask(event.value)

    def _ask(self, text: str) -> None:
        def run() -> None:
            try:
                found: tuple[Found, ...] = self._engine().artists.search(text, LENGTH)
            except DiscoverError as error:
                self.app.call_from_thread(self._failed, str(error))
            else:
                self.app.call_from_thread(self._show, text, found)

        self.run_worker(run, thread=True, exclusive=True, group="search")

    def _failed(self, text: str) -> None:
        if self.is_mounted:
            self._tell("error", "The search failed", text)

    def _show(self, text: str, found: tuple[Found, ...]) -> None:
        # The answer to what was typed last is the one to show.
        if not self.is_mounted or text != self.query_one(Input).value:
            return
        table = self.query_one(Table)
        table.show(found)
        table.move_to(0)
        if found:
            self._tell("")
        elif text.strip():
            self._tell("nomatch", f"No artist or track matches “{text}”", "Try fewer letters, or one word.")
        else:
            self._tell("empty", "Type a name", "Any part, in any order; typos are fine.")

    def action_move(self, by: int) -> None:
        self.query_one(Table).action_move(by)

    def action_page(self, by: int) -> None:
        self.query_one(Table).action_page(by)

    @on(Input.Submitted)
    @on(Table.Clicked)
    def _done(self) -> None:
        row = self.query_one(Table).row
        if row is not None:
            self.dismiss(row.artist)

    def action_artist(self) -> None:
        """The card in place of the search: what it leads to is then one level up."""
        row, app = self.query_one(Table).row, self.app
        if row is not None:
            self.dismiss(None)
            app.call_later(app.show_artist, row.artist)
