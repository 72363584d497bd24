"""History: every listen, newest first, and beside it a year as a picture; rows are fetched as they come into sight."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from textual import getters, on
from textual.app import ComposeResult
from textual.containers import Container

from engine.errors import DiscoverError, NothingYetError
from tuiapp.music import Music
from tuiapp.screens.view import View
from tuiapp.text import duration, local
from tuiapp.widgets.columns import Column
from tuiapp.widgets.listen_rows import Coming, Listens
from tuiapp.widgets.notice import Notice
from tuiapp.widgets.table import Table
from tuiapp.widgets.year import YearPanel

if TYPE_CHECKING:
    from engine.session import Session, Status
    from engine.store.history import ListenRow
    from engine.store.stats import Stats
    from engine.taste.gate import TasteItem


class HistoryView(View):
    """What was played, and when."""

    NAME: ClassVar[str] = "history"
    _table: getters.query_one[Table[ListenRow | Coming]] = getters.query_one("#listens", Table)
    _year_panel = getters.query_one(YearPanel)

    def __init__(self) -> None:
        super().__init__()
        self._filter = ""
        self._whole = 0
        # The first and last year with a listen, and the one in the picture.
        self._years: tuple[int, int] | None = None
        self._year: int | None = None
        self._page = "year"  # or all, or standings
        self._fetching = False

    def compose_body(self) -> ComposeResult:
        with Container(id="body", classes="body"):
            yield self._listens()
            yield YearPanel(id="year")
        yield Notice()

    @staticmethod
    def _listens() -> Table[ListenRow | Coming]:
        return Table(
            (
                Column("when", _text(_when), 16, by="when"),
                Column("artist", _text(lambda row: row.artist), 16, share=2, by="artist"),
                Column("track", _text(lambda row: row.track), 18, share=3, by="track"),
                Column("played", _text(lambda row: duration(row.ms_played / 1000) if row.ms_played else ""), 7,
                       right=True, least=64, by="played"),
                Column("from", _text(lambda row: row.source), 14, least=96, by="source"),
            ),
            key=lambda row: str(row.id),
            words=lambda row: "" if isinstance(row, Coming) else f"{row.artist} {row.track}",
            id="listens",
        )  # fmt: skip

    def load(self) -> None:
        table = self._table
        text, reverse = self._filter, table.reverse
        by = "when" if table.sort is None else table.columns[table.sort].by

        def question(session: Session) -> tuple[str, Listens, Status]:
            listens = Listens(session.history.listen_ids(text, by, reverse=reverse), self._want)
            if len(listens):
                listens.fetch(session, 0)
            return text, listens, session.status()

        self.ask(question, self._show, group="list")

    @on(Table.Ordered)
    def _ordered(self) -> None:
        self.load()

    def _want(self, listens: Listens, number: int) -> None:
        """Fetch a block in a thread. One at a time: what is painted next wants what is in sight by then."""
        if self._fetching:
            return
        self._fetching = True

        def fetched(_: None) -> None:
            self._fetching = False
            self._table.refresh()

        def failed(error: DiscoverError) -> None:
            # They are asked for again when they are in sight.
            self._fetching = False
            self.show_error(error)

        self.ask(lambda session: listens.fetch(session, number), fetched, group="rows", failed=failed)

    def _show(self, answer: tuple[str, Listens, Status]) -> None:
        text, listens, status = answer
        self._whole = status.listens
        if status.first is not None and status.last is not None:
            self._years = (time.localtime(status.first).tm_year, time.localtime(status.last).tm_year)
            self._ask_picture()
        table = self._table
        first_time = not table.counts[1] and not text
        table.show(listens)
        self.set_status(f"{self._whole:,} plays")
        if not self._whole:
            self.tell("empty", "No plays yet", f"Press {self.key('import')} to import your history.")
        elif text and not len(listens):
            self.tell("nomatch", f"No plays match “{text}”", f"Press {self.key('back')} to clear the filter.")
        else:
            self.tell("")
            if first_time:
                self.focus_list(table)
        self._count()

    # -- the picture -----------------------------------------------------------------------------------

    def action_year(self, by: int) -> None:
        """Another year, within those there are; after the last, all of them together."""
        if self._years is None:
            return
        first, last = self._years
        place = last + 1 if self._page == "all" else last if self._year is None else self._year
        place = min(last + 1, max(first, place + by))
        self._page = "all" if place > last else "year"
        self._year = min(place, last)
        self._ask_picture()

    def action_next_picture(self) -> None:
        """From the year to what has been away for long, and back."""
        self._page = "year" if self._page == "standings" else "standings"
        self._ask_picture()

    def _ask_picture(self) -> None:
        if self._page == "standings":
            self.ask(
                lambda session: session.taste.standings(),
                self._picture,
                group="standings",
                failed=lambda error: self._no_picture(error, f"○ {self.in_keys(error)}"),
            )
        elif self._years is not None:
            year = None if self._page == "all" else self._year or self._years[1]
            self._year = year or self._years[1]
            self.ask(
                lambda session: session.history.stats(year),
                self._picture,
                group="year",
                failed=lambda error: self._no_picture(error, f"○ {self._year}: nothing played."),
            )

    def _picture(self, stats: Stats | dict[str, list[TasteItem]] | str) -> None:
        self._year_panel.show(stats)

    def _no_picture(self, error: DiscoverError, nothing: str) -> None:
        """The picture says for itself what it lacks: `nothing` where there is nothing yet, or what failed."""
        failed = f"✗ {self.in_keys(error)} {self.key('retry')} retries."
        self._picture(nothing if isinstance(error, NothingYetError) else failed)

    def action_show_year(self) -> None:
        self.toggle_class("-year")

    # -- acting on rows --------------------------------------------------------------------------------

    def with_music(self, keys: list[str], then: Callable[[list[Music]], None]) -> None:
        """Listens are looked up in the library, wherever in the list they are."""
        ids = sorted(map(int, keys))
        self.ask(lambda session: _tracks(session, ids), then, group="names")

    def action_like(self) -> None:
        self.judge("like")

    def action_block(self) -> None:
        self.judge("block")

    def judge(self, verdict: str | None) -> None:
        """Like or block the artists of what is chosen."""

        def of_artists(music: list[Music]) -> None:
            self.app.changes.judge(verdict, list(dict.fromkeys(Music(one.artist) for one in music)))

        self.choose(lambda keys: self.with_music(keys, of_artists), moves=True)

    def action_related(self) -> None:
        row = self._table.row
        if row is not None and not isinstance(row, Coming):
            self.app.views.related(row.artist)

    @on(Table.Clicked)
    def action_artist(self) -> None:
        row = self._table.row
        if row is not None and not isinstance(row, Coming):
            self.app.views.artist(row.artist)

    def _count(self) -> None:
        shown, _ = self._table.counts
        line = f"{shown:,} of {self._whole:,}  {self.key('back')} clears" if self._filter else ""
        self._filter_count.update(line)
        self.show_marks()

    def filter_by(self, text: str) -> None:
        """The library filters: it has the index, and there may be half a million."""
        self._filter = text.strip()
        self.load()

    def remembered(self) -> dict[str, Any]:
        return super().remembered() | {"filter": self._filter}


def _tracks(session: Session, ids: list[int]) -> list[Music]:
    """The tracks of listens, each once."""
    rows = (
        row for start in range(0, len(ids), 500) for row in session.history.listens(ids[start : start + 500])
    )
    return list(dict.fromkeys(Music(row.artist, row.track) for row in rows))


def _text(text: Callable[[ListenRow], str]) -> Callable[[ListenRow | Coming], str]:
    """A cell's text, and what stands there until the row is read."""
    return lambda row: "…" if isinstance(row, Coming) else text(row)


def _when(row: ListenRow) -> str:
    """The person's own time; a day known without a time is one of no zone."""
    if row.started_at is None:
        return "undated"
    if row.is_day:
        return datetime.datetime.fromtimestamp(row.started_at, datetime.UTC).strftime("%Y-%m-%d")
    return local(row.started_at).strftime("%Y-%m-%d %H:%M")
