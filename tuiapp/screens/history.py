"""History: every listen, newest first, and beside it a year as a picture; rows are fetched as they come into sight."""

from __future__ import annotations

import datetime
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, overload

from textual import on
from textual.app import ComposeResult
from textual.containers import Container

from engine.errors import DiscoverError, NothingYetError
from tuiapp.screens.view import View
from tuiapp.text import duration
from tuiapp.widgets.notice import Notice
from tuiapp.widgets.table import Column, Table
from tuiapp.widgets.year import YearPanel

if TYPE_CHECKING:
    from engine.session import Session, Status
    from engine.store.history import ListenRow

BLOCK = 200


class Listens(Sequence["ListenRow"]):
    """Listens by place, read from the library a block at a time and kept while they are near."""

    def __init__(self, session: Session, ids: Sequence[int]) -> None:
        self._session, self._ids = session, ids
        self._blocks: dict[int, list[ListenRow]] = {}

    def __len__(self) -> int:
        return len(self._ids)

    @overload
    def __getitem__(self, place: int) -> ListenRow: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[ListenRow]: ...
    def __getitem__(self, place: int | slice) -> ListenRow | Sequence[ListenRow]:
        if isinstance(place, slice):
            return [self[n] for n in range(*place.indices(len(self)))]
        number, offset = divmod(place, BLOCK)
        if number not in self._blocks:
            if len(self._blocks) > 20:
                self._blocks.clear()
            self._blocks[number] = self._session.listens(self._ids[number * BLOCK : (number + 1) * BLOCK])
        return self._blocks[number][offset]


class HistoryView(View):
    """What was played, and when."""

    NAME: ClassVar[str] = "history"
    CSS_PATH = "history.tcss"
    MARKS: ClassVar[bool] = False

    def __init__(self) -> None:
        super().__init__()
        self._filter = ""
        self._whole = 0
        # The first and last year with a listen, and the one in the picture.
        self._years: tuple[int, int] | None = None
        self._year: int | None = None

    def compose_body(self) -> ComposeResult:
        with Container(id="body", classes="body"):
            yield self._listens()
            yield YearPanel(id="year")
        yield Notice()

    @staticmethod
    def _listens() -> Table:
        return Table(
            (
                Column("when (UTC)", lambda row: _moment(row.started_at), 16),
                Column("artist", lambda row: row.artist, 16, share=2),
                Column("track", lambda row: row.track, 18, share=3),
                Column("played", lambda row: duration(row.ms_played / 1000) if row.ms_played else "", 7, right=True,
                       least=64),
                Column("from", lambda row: row.source, 14, least=96),
            ),
            key=lambda row: str(row.id),
            words=lambda row: f"{row.artist} {row.track}",
            id="listens",
            markable=False,
        )  # fmt: skip

    def load(self) -> None:
        text = self._filter

        def question(session: Session) -> tuple[str, Listens, Status]:
            ids = session.listen_ids(text)
            return text, Listens(session, ids), session.status()

        self.ask("list", question)

    @on(View.Loaded)
    def _loaded(self, message: View.Loaded) -> None:
        if message.what == "year":
            self.query_one(YearPanel).show(message.result)
            return
        text, listens, status = message.result
        self._whole = status.listens
        if status.first is not None and status.last is not None:
            self._years = (time.localtime(status.first).tm_year, time.localtime(status.last).tm_year)
            self.action_year(0)
        table = self.query_one(Table)
        first_time = not table.counts[1] and not text
        table.show(listens)
        self.set_aside(f"{self._whole:,} listens")
        if not self._whole:
            self.tell("empty", "No listens yet", f"Press {self.key('import')} to import your history.")
        elif text and not len(listens):
            self.tell("nomatch", f"No listen holds “{text}”", "Press escape to clear the filter.")
        else:
            self.tell("")
            if first_time:
                table.focus()
        self._count()

    def action_year(self, by: int) -> None:
        """Another year, within those there are."""
        if self._years is not None:
            first, last = self._years
            year = min(last, max(first, (last if self._year is None else self._year) + by))
            self._year = year
            self.ask("year", lambda session: session.stats(year))

    def action_show_year(self) -> None:
        self.toggle_class("-year")

    def show_error(self, what: str, error: DiscoverError) -> None:
        """A year in which nothing was played is an empty picture."""
        if what == "year" and isinstance(error, NothingYetError):
            self.query_one(YearPanel).show(None)
        else:
            super().show_error(what, error)

    def _count(self) -> None:
        from textual.widgets import Static

        shown, _ = self.query_one(Table).counts
        line = f"{shown:,} of {self._whole:,}  esc clears" if self._filter else ""
        self.query_one(".filter .count", Static).update(line)

    def filter_by(self, text: str) -> None:
        """The library filters: it has the index, and there may be half a million."""
        self._filter = text.strip()
        self.load()

    def recall(self, state: dict[str, Any]) -> None:
        """Order is always by time here; only the filter comes back."""
        super().recall({"filter": state.get("filter")})

    def remembered(self) -> dict[str, Any]:
        return {"filter": self._filter}


def _moment(seconds: int | None) -> str:
    if seconds is None:
        return "undated"
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%d %H:%M")
