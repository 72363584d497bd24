"""History: every listen in any order, and beside it a year as a picture or the favourites that are away."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, overload

from textual import on
from textual.app import ComposeResult
from textual.containers import Container
from textual.widgets import Static

from engine.errors import DiscoverError, NothingYetError
from tuiapp.screens.add_to import ask_add_to
from tuiapp.screens.view import View
from tuiapp.text import duration
from tuiapp.widgets.away import AwayPanel
from tuiapp.widgets.notice import Notice
from tuiapp.widgets.table import Column, Table
from tuiapp.widgets.year import YearPanel

if TYPE_CHECKING:
    from engine.session import Session, Status
    from engine.store.history import ListenOrder, ListenRow

BLOCK = 200
# Blocks kept: what a person scrolls to and fro in.
KEPT = 40
ORDERS: tuple[ListenOrder, ...] = ("when", "artist", "track", "played", "source")
# What stands beside the list, one after the other; alone where there is no room for both.
PANELS = ("year", "away")


class Listens(Sequence["ListenRow | None"]):
    """Listens by place. A row not read yet is None, and its block is asked for: nothing here waits for the library."""

    def __init__(self, ids: Sequence[int], fetch: Callable[[Listens, int], None]) -> None:
        self.ids = ids
        self._fetch = fetch
        self._blocks: dict[int, list[ListenRow] | None] = {}

    def __len__(self) -> int:
        return len(self.ids)

    @overload
    def __getitem__(self, place: int) -> ListenRow | None: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[ListenRow | None]: ...
    def __getitem__(self, place: int | slice) -> ListenRow | Sequence[ListenRow | None] | None:
        if isinstance(place, slice):
            return [self[n] for n in range(*place.indices(len(self)))]
        if not -len(self) <= place < len(self):
            raise IndexError(place)
        number, offset = divmod(place % len(self), BLOCK)
        if number not in self._blocks:
            self._blocks[number] = None
            self._fetch(self, number)
        block = self._blocks[number]
        # A listen that was forgotten meanwhile is no row: the list is asked for anew right after.
        return block[offset] if block is not None and offset < len(block) else None

    def place_of(self, key: str) -> int | None:
        """Where the listen with this key stands; None where it does not."""
        try:
            return self.ids.index(int(key))
        except ValueError:
            return None

    def ids_of(self, block: int) -> Sequence[int]:
        """The ids of a block's listens."""
        return self.ids[block * BLOCK : (block + 1) * BLOCK]

    def take(self, block: int, rows: list[ListenRow]) -> None:
        """Keep a block that was read, and let go of the one read first where there are too many."""
        self._blocks[block] = rows
        while len(self._blocks) > KEPT:
            del self._blocks[next(iter(self._blocks))]


class HistoryView(View):
    """What was played, and when."""

    NAME: ClassVar[str] = "history"
    CSS_PATH = "history.tcss"

    def __init__(self) -> None:
        super().__init__()
        self._filter = ""
        self._whole = 0
        # The first and last year with a listen, and the one in the picture.
        self._years: tuple[int, int] | None = None
        self._year: int | None = None
        self._panel = PANELS[0]

    def compose_body(self) -> ComposeResult:
        with Container(id="body", classes="body"):
            yield self._listens()
            yield YearPanel(id="year")
            yield AwayPanel(id="away")
        yield Notice()

    @staticmethod
    def _listens() -> Table:
        return Table(
            (
                Column("when (UTC)", lambda row: _moment(row.started_at), 16, order=lambda row: -(row.started_at or 0)),
                Column("artist", lambda row: row.artist, 16, share=2, order=lambda row: row.artist),
                Column("track", lambda row: row.track, 18, share=3, order=lambda row: row.track),
                Column("played", lambda row: duration(row.ms_played / 1000) if row.ms_played else "", 7, right=True,
                       least=64, order=lambda row: -(row.ms_played or 0)),
                Column("from", lambda row: row.source, 14, least=96, order=lambda row: row.source),
            ),
            key=lambda row: str(row.id),
            words=lambda row: f"{row.artist} {row.track}",
            id="listens",
            arranges=False,
        )  # fmt: skip

    def on_mount(self) -> None:
        self.set_class(True, f"-{self._panel}")
        super().on_mount()

    def load(self) -> None:
        table = self.query_one(Table)
        text, by, ascending = self._filter, ORDERS[table.sort or 0], table.reverse

        def question(session: Session) -> tuple[str, list[int], Status]:
            return text, session.listen_ids(text, by, ascending=ascending), session.status()

        self.ask("list", question)
        if self._panel == "away":
            self.ask("away", lambda session: session.standings())

    def _fetch(self, listens: Listens, block: int) -> None:
        ids = listens.ids_of(block)
        self.ask(f"block {block}", lambda session: (listens, block, session.listens(ids)))

    @on(View.Loaded)
    def _loaded(self, message: View.Loaded) -> None:
        if message.what == "year":
            self.query_one(YearPanel).show(message.result)
        elif message.what == "away":
            self.query_one(AwayPanel).show(message.result)
        elif message.what == "list":
            self._show(*message.result)
        else:
            listens, block, rows = message.result
            listens.take(block, rows)
            self.query_one(Table).refresh()

    def _show(self, text: str, ids: list[int], status: Status) -> None:
        self._whole = status.listens
        if status.first is not None and status.last is not None:
            self._years = (time.localtime(status.first).tm_year, time.localtime(status.last).tm_year)
            self.action_year(0)
        table = self.query_one(Table)
        first_time = not table.counts[1] and not text
        cursor = self.home.recall_cursor(self.NAME) if first_time else None
        table.show(Listens(ids, self._fetch), cursor_key=cursor)
        self.set_aside(f"{self._whole:,} listens")
        if not self._whole:
            self.tell("empty", "No listens yet", f"Press {self.key('import')} to import your history.")
        elif text and not ids:
            self.tell("nomatch", f"No listen holds “{text}”", "Press escape to clear the filter.")
        else:
            self.tell("")
            if first_time:
                table.focus()
        line = f"{len(ids):,} of {self._whole:,}  esc clears" if self._filter else ""
        self.query_one(".filter .count", Static).update(line)

    @on(Table.Ordered)
    def _ordered(self) -> None:
        self.load()

    # -- the panels ------------------------------------------------------------------------------------

    def action_year(self, by: int) -> None:
        """Another year, within those there are."""
        if self._years is not None:
            first, last = self._years
            year = min(last, max(first, (last if self._year is None else self._year) + by))
            self._year = year
            self.ask("year", lambda session: session.stats(year))

    def action_next_panel(self) -> None:
        """The next picture; where there is no room beside the list, the list comes in turn too."""
        turn = [*PANELS, ""] if self.has_class("-narrow") else list(PANELS)
        now = self._panel if self.has_class("-panel") or not self.has_class("-narrow") else ""
        following = turn[(turn.index(now) + 1) % len(turn)]
        self.set_class(bool(following), "-panel")
        if following:
            self._show_panel(following)

    def _show_panel(self, name: str) -> None:
        for panel in PANELS:
            self.set_class(panel == name, f"-{panel}")
        self._panel = name
        if name == "away":
            self.ask("away", lambda session: session.standings())

    def action_add_to(self) -> None:
        named = list(dict.fromkeys((row.artist, row.track) for row in self.query_one(Table).chosen))
        if named:
            first = f"{named[0][1]} by {named[0][0]}"
            what = first if len(named) == 1 else f"{len(named)} tracks"
            ask_add_to(self.home, what, lambda session: session.tracks_named(named))

    def show_error(self, what: str, error: DiscoverError) -> None:
        """A year in which nothing was played is an empty picture; the list says what is missing."""
        if what == "year" and isinstance(error, NothingYetError):
            self.query_one(YearPanel).show(None)
        elif what == "away" and isinstance(error, NothingYetError):
            self.query_one(AwayPanel).show(None)
        else:
            super().show_error(what, error)

    def filter_by(self, text: str) -> None:
        """The library filters: it has the index, and there may be half a million."""
        self._filter = text.strip()
        self.load()

    # -- acting on rows --------------------------------------------------------------------------------

    def _names(self) -> list[str]:
        return list(dict.fromkeys(row.artist for row in self.query_one(Table).chosen))

    def action_like(self) -> None:
        self.judge("like", self._names())

    def action_block(self) -> None:
        self.judge("block", self._names())

    @on(Table.Clicked)
    def action_related(self) -> None:
        if names := self._names():
            self.home.show_related(names[0])

    # -- remembering -----------------------------------------------------------------------------------

    def recall(self, state: dict[str, Any]) -> None:
        super().recall(state)
        if state.get("panel") in PANELS:
            self._panel = state["panel"]

    def remembered(self) -> dict[str, Any]:
        row = self.query_one(Table).row
        return super().remembered() | {
            "filter": self._filter,
            "panel": self._panel,
            "cursor": str(row.id) if row is not None else None,
        }


def _moment(seconds: int | None) -> str:
    if seconds is None:
        return "undated"
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%d %H:%M")
