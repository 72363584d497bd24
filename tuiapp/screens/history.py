"""History: every listen, newest first, and beside it a chart of a year; rows are loaded as they become visible."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events, getters, on
from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.widgets import Static

from engine.errors import DiscoverError, NothingYetError, UsageError
from engine.wording import quantity
from tuiapp.dates import period
from tuiapp.music import Music
from tuiapp.safe import shown
from tuiapp.screens.history_side import NONE, PAGES, PlayCount, PlayCounts, of_items, of_top
from tuiapp.screens.view import View
from tuiapp.text import duration, local
from tuiapp.widgets.columns import Column
from tuiapp.widgets.listen_rows import Coming, Listens
from tuiapp.widgets.notice import Notice
from tuiapp.widgets.table import Table
from tuiapp.widgets.year import YearPanel

if TYPE_CHECKING:
    from engine.canonical_keys import Level
    from engine.session import Session, Status
    from engine.store.history import ListenRow
    from engine.store.stats import Stats


# Later than any play, in seconds since 1970, and before any where it is taken negative.
_FAR = 1 << 40


class HistoryView(View):
    """The listening history."""

    NAME: ClassVar[str] = "history"
    _table: getters.query_one[Table[ListenRow | Coming]] = getters.query_one("#listens", Table)
    _year_panel = getters.query_one(YearPanel)
    _standings = getters.query_one(PlayCounts)
    _side_caption = getters.query_one("#side .caption", Static)

    def __init__(self) -> None:
        super().__init__()
        self._filter = ""
        self._whole = 0
        # The first and last year with a listen, and the one in the chart.
        self._years: tuple[int, int] | None = None
        self._year: int | None = None
        self._all_years = False
        # Whether the side list has, or last had, the focus.
        self._at_side = False
        self._page = "year"  # one of PAGES
        self._fetching = False

    @property
    def table(self) -> Table[Any] | None:
        """The focused list: the plays, or the side list; none if only the chart is visible."""
        if self._at_side and self.has_class("-listing"):
            return self._standings
        return None if self.has_class("-year") and not self._is_wide else self._table

    @property
    def _is_wide(self) -> bool:
        """Whether the plays and the side panel are both visible."""
        return self.has_class("-wide") or self.has_class("-widest")

    def _show_plays(self) -> None:
        """Show and focus the plays."""
        self.remove_class("-year")
        self._table.focus()

    def action_filter(self) -> None:
        """Filter the visible list; if only the chart is visible, the plays."""
        if self.table is None:
            self._show_plays()
        super().action_filter()

    def compose_body(self) -> ComposeResult:
        with Container(id="body", classes="body"):
            yield self._listens()
            with Vertical(id="side"):
                yield Static("", classes="caption", markup=False)
                yield YearPanel(id="year")
                yield PlayCounts()
        yield Notice()

    @staticmethod
    def _listens() -> Table[ListenRow | Coming]:
        return Table(
            (
                Column("when", _text(_when), 16, by="when"),
                Column("artist", _text(lambda row: row.artist), 16, share=2, by="artist"),
                Column("track", _text(lambda row: row.track), 18, share=3, by="track"),
                Column(
                    "played",
                    _text(lambda row: duration(row.ms_played / 1000) if row.ms_played else ""),
                    7,
                    right=True,
                    least=64,
                    by="played",
                ),
                Column("from", _text(lambda row: row.source), 14, least=96, by="source"),
            ),
            key=lambda row: str(row.id),
            words=lambda row: "" if isinstance(row, Coming) else f"{row.artist} {row.track}",
            id="listens",
        )

    def load(self) -> None:
        table = self._table
        text, reverse = self._filter, table.reverse
        by = "when" if table.sort is None else table.columns[table.sort].by
        words, inside = self._dated(text)

        def question(session: Session) -> tuple[str, Listens, Status]:
            ids = session.history.listen_ids(words, by, reverse=reverse, period=inside)
            listens = Listens(ids, self._want)
            if len(listens):
                listens.fetch(session, 0)
            return text, listens, session.status()

        self.ask(question, self._show, group="list")

    def _dated(self, text: str) -> tuple[str, tuple[int, int] | None]:
        """The filter: words, and a date among them. A single year counts as a date if there are plays that year."""
        words, found = text.split(), None
        for word in words:
            if found is None and (date := _local_period(word)) is not None:
                first, last = self._years or (0, 0)
                if "-" in word or first <= int(word) <= last:
                    found = date
                    words = [other for other in words if other is not word]
        return " ".join(words), found

    @on(Table.Ordered, "#listens")
    def _ordered(self) -> None:
        self.load()

    @on(Table.MatchRequested, "#listens")
    def _match(self, message: Table.MatchRequested) -> None:
        """The library decides which listens match."""
        table, listens, place = self._table, self._table.rows, self._table.cursor
        words, inside = self._dated(table.last_search)

        def question(session: Session) -> int | None:
            ids = session.history.listen_ids(words, period=inside)
            return listens.nearest(set(ids), place, message.by) if isinstance(listens, Listens) else None

        self.ask(question, table.to_match, group="match")

    def _want(self, listens: Listens, number: int) -> None:
        """Load a block in a thread. One at a time: the next paint requests what is visible by then."""
        if self._fetching:
            return
        self._fetching = True

        def fetched(_: None) -> None:
            self._fetching = False
            self._table.refresh()

        def failed(error: DiscoverError) -> None:
            # They are requested again when visible.
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
        self.set_status(quantity(self._whole, "plays"))
        if not self._whole:
            self.set_state("empty", "No plays yet", self.first_step(status.backup))
        elif text and not len(listens):
            self.set_state(
                "nomatch", f"No plays match “{text}”", f"Press {self.key('back')} to clear the filter."
            )
        else:
            self.set_state("")
            if first_time:
                self.focus_list(table)
        self._count()

    # -- the chart -----------------------------------------------------------------------------------

    def action_year(self, by: int) -> None:
        """Another year with plays; after the last, all time."""
        if self.says_nothing_is_listed() or self._years is None:
            return
        first, last = self._years
        place = last + 1 if self._all_years else last if self._year is None else self._year
        if not first <= place + by <= last + 1 and (self._is_wide or self.has_class("-year")):
            self.remark(f"No plays before {first}." if by < 0 else "These are all plays.")
            return
        place = min(last + 1, max(first, place + by))
        self._all_years = place > last
        self._year = min(place, last)
        if self._page in ("fading", "overdue"):
            self._page = "year"
        if not self._is_wide:
            self.add_class("-year")  # show what changes
        self._ask_picture()

    def action_next_panel(self) -> None:
        """The next panel; if only one fits, the plays are one of them."""
        if self.says_nothing_is_listed():
            return
        pages = list(PAGES)
        following = pages.index(self._page) + 1
        if not self._is_wide and not self.has_class("-year"):
            self.add_class("-year")
        else:
            if following == len(pages):
                self.remove_class("-year")
            self._page = pages[following % len(pages)]
        self._ask_picture()

    def _ask_picture(self) -> None:
        page = self._page
        listing = page != "year"
        had_keys = self._at_side
        self.set_class(listing, "-listing")
        if listing and (had_keys or self.has_class("-year")):
            self._standings.focus()
        elif not listing and (had_keys or not self.has_class("-year")) and not self._filter_input.has_focus:
            self._table.focus()
        if page in ("fading", "overdue"):
            self._ask_standings(page, lambda session: of_items(session.taste.standings()[page]))
        elif self._years is not None:
            first, last = self._years
            year = None if self._all_years else max(first, min(self._year or last, last))
            self._year = year or last
            named = str(year or "all time")
            if page != "year":
                level: Level = "artists" if page == "artists" else "tracks"
                self._ask_standings(named, lambda session: of_top(session.history.most_played(level, year)))
                return
            self._side_caption.update(f"{named}  {PAGES[page]}")
            self.ask(
                lambda session: session.history.stats(year),
                self._picture,
                group="picture",
                failed=lambda error: self._no_picture(error, f"○ {self._year}: nothing played."),
            )

    def _ask_standings(self, named: str, question: Callable[[Session], list[PlayCount]]) -> None:
        """Load the rows of a page that is a list."""
        caption, none = f"{named}  {PAGES[self._page]}", NONE[self._page]
        self._side_caption.update(caption)

        def show(rows: list[PlayCount]) -> None:
            self._standings.show_page(caption, rows)
            self._side_caption.update(caption if rows else f"○ {none}")

        def failed(error: DiscoverError) -> None:
            self._standings.show_page(caption, [])
            self._side_caption.update(shown(f"{named}  {self.in_keys(error)}"))

        self.ask(question, show, group="picture", failed=failed)

    def _picture(self, stats: Stats | str) -> None:
        self._year_panel.show(stats)

    def _no_picture(self, error: DiscoverError, nothing: str) -> None:
        """The message in place of the chart: `nothing` if there is no data yet, or the error."""
        failed = f"✗ {self.in_keys(error)} {self.key('retry')} retries."
        self._picture(nothing if isinstance(error, NothingYetError) else failed)

    # -- dates -----------------------------------------------------------------------------------------

    def action_travel(self) -> None:
        """Ask for a date, and go to the last play of it or before it."""
        if self.says_nothing_is_listed():
            return
        from tuiapp.screens.as_of import AskDate

        what = f"To list only one date, type it into the filter ({self.key('lists.filter')})."
        dialog = AskDate(title="Go to …", what=what)
        self.app.push_screen(dialog, lambda text: None if text is None else self._go_to(text))

    def _go_to(self, text: str) -> None:
        date = _local_period(text)
        until = date[1] if date is not None else _FAR
        words = self._dated(self._filter)[0]

        def then(ids: Sequence[int]) -> None:
            if not ids:
                self.remark(f"Nothing was played by {text}.")
                return
            if self._dated(self._filter)[1] is not None:
                self.clear_filter()
            self._table.sort, self._table.reverse = None, False
            self._table.wanted = str(ids[0])
            self._show_plays()
            self.load()

        self.ask(
            lambda session: session.history.listen_ids(words, period=(-_FAR, until))[:1], then, group="date"
        )

    # -- acting on rows --------------------------------------------------------------------------------

    def with_music(self, keys: list[str], then: Callable[[list[Music]], None]) -> None:
        """Rows are looked up in the library, loaded or not."""
        if self.table is self._standings:
            super().with_music(keys, then)
            return
        ids = sorted(map(int, keys))
        self.ask_each(lambda session: _tracks(session, ids), then, group="names")

    def action_add_to(self) -> None:
        """Ask for the playlist at once, and look the rows up when they are added: keys typed ahead reach the dialog."""
        if self.table is self._standings:
            super().action_add_to()
            return
        from tuiapp.screens.add_to import ask_add_to, named

        def ask(keys: list[str]) -> None:
            ids = sorted(map(int, keys))
            what = "the track" if len(ids) == 1 else quantity(len(ids), "plays")
            clear = self._table.clear_marks
            ask_add_to(self.shell, what, lambda session: named(_tracks(session, ids))(session), then=clear)

        self.choose(ask, keep=True)

    @on(events.DescendantFocus)
    def _focus_moved(self, event: events.DescendantFocus) -> None:
        if isinstance(event.widget, Table):
            self._at_side = event.widget is self._standings
            self.show_marks()

    @on(Table.Clicked)
    def _clicked(self) -> None:
        self.action_artist()

    def _count(self) -> None:
        if self.table is self._standings:
            super()._count()
            return
        left, _ = self._table.counts
        line = f"{left:,} of {self._whole:,}  {self.key('back')} clears" if self._filter else ""
        self._filter_count.update(line)
        self.show_marks()

    def filter_by(self, text: str) -> None:
        """The library filters: it has an index, and there may be half a million rows."""
        if self.table is self._standings:
            super().filter_by(text)
            return
        self._filter = text.strip()
        self._table.last_search = self._filter or self._table.last_search
        self.load()

    def remembered(self) -> dict[str, Any]:
        table = self._table
        where = {"sort": table.sort, "reverse": table.reverse}
        return {**where, "filter": self._filter, "cursor": table.key_here}


def _local_period(text: str) -> tuple[int, int] | None:
    """The period of a typed date, in local time like the list; null if it is not a date."""
    try:
        return period(text, None)
    except UsageError:
        return None


def _tracks(session: Session, ids: list[int]) -> list[Music]:
    """The tracks of listens, each once."""
    rows = (
        row for start in range(0, len(ids), 500) for row in session.history.listens(ids[start : start + 500])
    )
    return list(dict.fromkeys(Music(row.artist, row.track) for row in rows))


def _text(text: Callable[[ListenRow], str]) -> Callable[[ListenRow | Coming], str]:
    """A cell's text, with a placeholder until the row is loaded."""
    return lambda row: "…" if isinstance(row, Coming) else text(row)


def _when(row: ListenRow) -> str:
    """In local time; a day without a time has no zone."""
    if row.started_at is None:
        return "undated"
    if row.is_day:
        return datetime.datetime.fromtimestamp(row.started_at, datetime.UTC).strftime("%Y-%m-%d")
    return local(row.started_at).strftime("%Y-%m-%d %H:%M")
