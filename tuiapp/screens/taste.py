"""Taste: what speaks for you, and what you said about artists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.widgets import Static

from tuiapp.opening import Music
from tuiapp.screens.view import View
from tuiapp.text import bar, day, percent
from tuiapp.widgets.notice import Notice
from tuiapp.widgets.table import Column, Table

if TYPE_CHECKING:
    from engine.errors import DiscoverError

_GLYPHS = {"like": "♥ liked", "hide": "○ hidden", "block": "✗ blocked"}


class TasteView(View):
    """The weights a model sees, and the verdicts that change them."""

    NAME: ClassVar[str] = "taste"
    CSS_PATH = "taste.tcss"

    def __init__(self) -> None:
        super().__init__()
        self._most = 1.0
        self._largest = 1.0
        self._modes: list[str] = []

    def compose_body(self) -> ComposeResult:
        with Container(id="body", classes="body"):
            with Vertical(classes="half"):
                yield Static("what speaks for you", classes="caption", markup=False)
                yield Table(
                    (
                        Column("artist", lambda row: row.name, 18, share=1, order=lambda row: row.key),
                        Column("plays", lambda row: f"{row.plays:,.0f}", 7, right=True,
                               order=lambda row: -row.plays),
                        Column("", lambda row: bar(row.weight / self._most, 10), 10, accent=True),
                        Column("last", lambda row: day(row.last_played), 11, right=True,
                               order=lambda row: -(row.last_played or 0), least=60),
                    ),
                    key=lambda row: row.key,
                    words=lambda row: row.name,
                    id="top",
                    markable=False,
                )  # fmt: skip
            with Vertical(classes="half"):
                yield Static("your tastes (enter discovers for one)", classes="caption", markup=False)
                yield Table(
                    (
                        Column("taste", lambda row: row.name, 14, share=2, order=lambda row: row.name.casefold()),
                        Column("plays", lambda row: percent(row.share), 6, right=True, order=lambda row: -row.share),
                        Column("", lambda row: bar(row.share / self._largest, 8), 8, accent=True),
                        Column("such as", lambda row: ", ".join(row.artists), 16, share=3, least=100),
                    ),
                    key=lambda row: row.name,
                    words=lambda row: f"{row.name} {' '.join(row.artists)}",
                    id="modes",
                    markable=False,
                )  # fmt: skip
                yield Static("what you said (x takes it back)", classes="caption", markup=False)
                yield Table(
                    (
                        Column(
                            "artist",
                            lambda row: row.artist,
                            18,
                            share=1,
                            order=lambda row: row.artist.casefold(),
                        ),
                        Column(
                            "",
                            lambda row: _GLYPHS[row.verdict],
                            9,
                            accent=True,
                            order=lambda row: row.verdict,
                        ),
                        Column("since", lambda row: day(row.at), 11, right=True, order=lambda row: -row.at),
                    ),
                    key=lambda row: row.artist,
                    words=lambda row: f"{row.artist} {row.verdict}",
                    id="marks",
                )
        yield Notice()

    @property
    def table(self) -> Table | None:
        for name in ("#marks", "#modes"):
            if (table := self.query_one(name, Table)).has_focus:
                return table
        return self.query_one("#top", Table)

    def load(self) -> None:
        self.ask("list", lambda session: (session.taste(), session.feedback()))
        self.ask("modes", lambda session: session.modes())

    def show_error(self, what: str, error: DiscoverError) -> None:
        """Without a model there are no tastes to tell apart, and the rest of the view stands."""
        if what == "modes":
            self.query_one("#modes", Table).show([])
        else:
            super().show_error(what, error)

    @on(View.Loaded)
    def _loaded(self, message: View.Loaded) -> None:
        if message.what == "modes":
            self._modes = [mode.name for mode in message.result]
            self._largest = max((mode.share for mode in message.result), default=1.0) or 1.0
            self.query_one("#modes", Table).show(message.result)
        if message.what != "list":
            return
        taste, marks = message.result
        items = sorted(taste.items, key=lambda item: -item.weight)
        self._most = items[0].weight if items else 1.0
        self.set_aside(f"{len(items):,} artists speak for you")
        self.query_one("#marks", Table).show(marks)
        top = self.query_one("#top", Table)
        first_time = not top.counts[1]
        top.show(items)
        if not items and not marks:
            self.tell("empty", "Your taste is empty", f"Press {self.key('import')} to import your history.")
            return
        self.tell("")
        if first_time:
            top.focus()
        self.listed()

    @on(Table.Clicked)
    def _clicked(self, message: Table.Clicked) -> None:
        if message.table.id == "modes":
            self.action_discover_taste()

    def music_of(self, row: Any) -> Music | None:
        from engine.taste.gate import TasteItem

        return Music(row.name) if isinstance(row, TasteItem) else super().music_of(row)

    def action_discover_taste(self) -> None:
        row = self.query_one("#modes", Table).row
        if row is not None:
            self.home.show_taste(self._modes.index(row.name) + 1, row.name)

    def action_clear(self) -> None:
        names = [row.artist for row in self.query_one("#marks", Table).chosen]
        if names:
            self.judge(None, names)

    def remembered(self) -> dict[str, Any]:
        return {}
