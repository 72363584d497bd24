"""Search: artists and tracks as one types, one's own and the community's."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual import getters, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import Input, Static

from engine.errors import DiscoverError
from tuiapp.music import Music
from tuiapp.safe import shown
from tuiapp.screens.music_dialog import MusicDialog
from tuiapp.screens.typed_list import TypedList
from tuiapp.settings.actions import LEADING_ON, bindings_too, on_music
from tuiapp.settings.in_keys import in_keys
from tuiapp.settings.keys import BY_NAME
from tuiapp.text import try_else
from tuiapp.widgets.columns import Column
from tuiapp.widgets.line import Line
from tuiapp.widgets.notice import Notice
from tuiapp.widgets.table import Table

if TYPE_CHECKING:
    from engine.session import Status
    from engine.session.searching import Found

LENGTH = 50


class Search(TypedList, MusicDialog):
    """The line has the keys until tab gives them to the list: then they do what they do in every list of music."""

    NAME: ClassVar[str] = "search"
    BINDINGS: ClassVar[list[Any]] = [
        *(Binding(action.keys, action.id, show=False, id=action.name) for action in on_music()),
        Binding(BY_NAME["undo"].keys, "undo", show=False, id="undo"),
        *bindings_too("queue", *LEADING_ON),
        Binding(BY_NAME["retry"].keys, "retry", show=False, id="retry"),
        Binding("tab", "switch", show=False, priority=True, tooltip="To the list, or back to the line."),
    ]
    DEFAULT_CSS = """
    Search > .panel { height: 80%; }
    Search Notice { padding: 1 2; }
    """
    _notice = getters.query_one(Notice)
    _hint = getters.query_one(".hint", Static)

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
                words=lambda row: f"{row.artist} {row.track or ''}",
            )  # fmt: skip
            yield Static(classes="hint", markup=False)

    # What the list answers, and whether enter was pressed before it was there.
    _shown = ""
    _entered_early = False

    def on_mount(self) -> None:
        # Changes made before the search are not undone from it.
        self._made = self.shell.changes.made
        self.watch(self.app, "undoable", self._show_hint, init=False)
        self._show_hint()
        self.shell.library_signal.subscribe(self, lambda _: self._ask(self._line.value))
        self._set_state("empty", "Type a name", "Any part, in any order; typos are fine.")
        # The names are read now, not at the first letter.
        self._ask("")

    def _set_state(self, state: str, title: str = "", text: str = "") -> None:
        self._notice.set_state(state, title, text)
        self._list.display = not state
        if state:
            self._line.focus()

    # -- asking ----------------------------------------------------------------------------------------

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self._entered_early = False
        if not self._list.counts[1]:
            self._set_state("loading", "Searching")
        self._ask(event.value, to_top=True)

    def _ask(self, text: str, *, to_top: bool = False) -> None:
        self.ask(
            lambda session: session.artists.search(text, LENGTH),
            lambda found: self._show(text, found, to_top),
            group="names",
        )

    def action_retry(self) -> None:
        self._ask(self._line.value)

    def show_error(self, error: DiscoverError) -> None:
        """What failed, in the list's place."""
        again = f"Press {self._label('retry')} to try again."
        self._set_state("error", "The search failed", f"{in_keys(str(error), self.shell.keymap)}\n\n{again}")

    def _show(self, text: str, found: tuple[Found, ...], to_top: bool) -> None:
        # The answer to what was typed last is the one to show.
        if text != self._line.value:
            return
        self._list.show(found)
        self._shown = text
        if to_top:
            self._list.move_to(0)
        if found:
            self._set_state("")
            if self._entered_early:
                self._entered_early = False
                self.action_artist()
        elif text.strip():
            self.ask(lambda session: session.status(), partial(self._show_none, text), group="names")
        else:
            self._set_state("empty", "Type a name", "Any part, in any order; typos are fine.")

    def _show_none(self, text: str, status: Status) -> None:
        if text == self._line.value:
            said = in_keys(try_else(status), self.shell.keymap)
            self._set_state("nomatch", f"No artist or track matches “{text}”", said)

    # -- the keys, in the line or the list -------------------------------------------------------------

    def _label(self, name: str) -> str:
        return self.shell.keymap.label(name)

    @on(Table.Marked)
    def _show_hint(self) -> None:
        """What the keys do where they are now."""
        if not self.query(Input) or not self.query(".hint"):
            # As it is taken apart the keys go to what is left.
            return
        hints = self.shell.keymap.hints
        if self._line.has_focus:
            enter = "".join(f"{hint}, " for hint in hints({"discover.artist": "artist page"}))
            words = f"{enter}↑ ↓ choose, tab to the list and its keys, esc close"
        else:
            keys = {action.name: action.label for action in on_music()}
            if undone := self.shell.changes.since(self._made):
                keys["undo"] = f"undo {shown(undone)}"
            words = "  ".join((*hints(keys | {"help": "help"}), "tab back"))
        marks = len(self._list.marks)
        self._hint.update(f"{marks:,} selected  {words}" if marks else words)

    def action_undo(self) -> None:
        """Undo what was done in this search."""
        self.shell.changes.undo(self._made)

    def on_descendant_focus(self) -> None:
        self._show_hint()

    @on(Table.FilterRequested)
    def action_switch(self) -> None:
        """The keys to the list, or back to the line: what is typed there is the filter."""
        if self._line.has_focus and self._list.row is not None:
            self._list.focus()
        else:
            self._line.focus()

    @on(Input.Submitted)
    def _entered(self) -> None:
        """The page of what is found for what was typed, not for the letters before."""
        if self._shown == self._line.value:
            self.action_artist()
        else:
            self._entered_early = True

    @on(Table.Clicked)
    def _clicked(self) -> None:
        self.action_artist()

    def judged(self, music: list[Music]) -> list[Music]:
        """What is found by its title is judged by it."""
        return music
