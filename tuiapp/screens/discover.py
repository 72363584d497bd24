"""Discover: the list, the dials above it, and beside it why."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from textual import getters, on
from textual.app import ComposeResult
from textual.containers import Container
from textual.widgets import Static
from textual.worker import Worker

from engine.wording import credited
from tuiapp.music import Music
from tuiapp.own_reasons import because
from tuiapp.screens.dials import NOTHING_TO_RESET, Dials
from tuiapp.screens.discover_table import WITH_TRACK, DiscoverTable, made_from
from tuiapp.screens.export import ask_export
from tuiapp.screens.filters import Filters, tastes_to_choose, times_to_choose
from tuiapp.screens.nothing_listed import NothingListed
from tuiapp.widgets.coverage import ListNote
from tuiapp.widgets.notice import Notice
from tuiapp.widgets.shelf import Shelf
from tuiapp.widgets.table import Table
from tuiapp.widgets.why import Waiting, WhyPanel

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.errors import DiscoverError
    from engine.recommend.lists import DiscoverList, Explanation
    from engine.recommend.modes import Mode
    from engine.recommend.settings import DiscoverSettings
    from engine.session import Session
    from engine.taste.window import TimeOfWeek
    from tuiapp.screens.pick import Choice

LENGTH = 200
# How many less known ones are requested: a line holds about eight, and those in the list are skipped.
ON_SHELF = 30
# Seconds the cursor stays before its row is explained.
RESTED = 0.06


class DiscoverView(NothingListed):
    """What to listen to next."""

    NAME: ClassVar[str] = "discover"
    _table = getters.query_one(DiscoverTable)
    _why = getters.query_one(WhyPanel)
    _shelf = getters.query_one(Shelf)

    def __init__(self) -> None:
        super().__init__()
        self._dials = Dials()
        self._noted = self._to_note = self._tracks_asked = False
        # Whether the next list is another one altogether: the cursor goes to its top.
        self._from_top = False

    def compose_body(self) -> ComposeResult:
        yield ListNote()
        yield Static(id="dials")
        with Container(id="body", classes="body"):
            yield DiscoverTable()
            yield WhyPanel(id="why")
        yield Shelf(classes="body")
        yield Notice()

    def _ask_tracks(self) -> None:
        """The tracks to begin with, once a list, and only where their column is shown."""
        found, asked = self._list, self._tracks_asked or self._filters.of_tracks
        if found is None or asked or self._table.size.width < WITH_TRACK:
            return
        self._tracks_asked = True
        artists = [(item.artist, item.key) for item in found.items]
        self.ask(lambda session: session.tracks.to_begin_with(artists), self._show_tracks, group="tracks")

    def _show_tracks(self, tracks: dict[str, str]) -> None:
        self._table.tracks = tracks
        self._table.refresh()
        if text := self._table.filter:
            self.filter_by(text)  # which finds them, too

    @on(Table.Resized)
    def _resized(self) -> None:
        self._ask_tracks()
        self._note_seen()

    # -- loading ---------------------------------------------------------------------------------------

    def load(self) -> None:
        settings = self._settings()
        self.ask(
            lambda session: session.discover.list(settings),
            self._show_list,
            group="list",
            failed=self._no_list,
        )

    def _settings(self, filters: Filters | None = None) -> DiscoverSettings:
        """What the dials, the settings file and what is looked at ask for together."""
        settings = self.shell.preferences.config.for_discover(self._dials.settings(LENGTH))
        return (filters or self._filters).of(settings)

    def _show_list(self, found: DiscoverList, *, turning: bool = False) -> None:
        self._list, self._welcomes = found, False
        self._dials.measured = found.half_life
        self._note.show(found)
        self.set_status(made_from(found, as_of=bool(self._filters.as_of)))
        table = self._table
        table.best = max((row.score for row in found.items), default=1.0) or 1.0
        table.show_as(of_tracks=self._filters.of_tracks, earlier=bool(self._filters.as_of), solo=found.solo)
        first_time = not table.counts[1]
        if found.items:
            self.set_state("")
        table.show(found.items, cursor_key=self.shell.remembering.cursor(self.NAME) if first_time else None)
        if first_time or self.focused is None:  # a notice may have stood in its place
            self.focus_list(table)
        if self._from_top:
            self._from_top = False
            table.move_to(0)
        if not found.items:
            note = found.notes[-1] if len(found.notes) > 1 and not found.half_explored else ""
            self._ask_why_empty(note)
        self._show_dials()
        self.listed()
        # Who looks at an earlier list has not seen today's, also where it comes late.
        earlier = self._filters.as_of or any(row.later is not None for row in found.items)
        # What rankings that are compared show is noted each time: a comparison begins while lists are looked at.
        self._to_note = not (turning or earlier or (self._noted and not found.compared))
        self.call_after_refresh(self._note_seen)
        if not turning:
            self._tracks_asked = False
            self._ask_tracks()
            self._ask_shelf(found)
        if found.notes and first_time:
            self.notify(self.in_keys(found.notes[0]), timeout=12, markup=False)

    def _ask_shelf(self, found: DiscoverList) -> None:
        """What leads the list of the less known and not this one; nothing where that list is shown."""
        shelf = self._shelf
        if self._dials.at_less_known or found.solo or not found.items:
            shelf.show("", "", ())
            return
        settings = replace(self._settings(), n=ON_SHELF)
        here = {row.key for row in found.items[: self.size.height]}

        def show(other: DiscoverList) -> None:
            names = [credited(row.artist, row.track) for row in other.items if row.key not in here]
            shelf.show("less known", self.key("discover.less_known"), names)

        self.ask(lambda session: session.discover.less_known(settings), show, group="shelf")

    def _note_seen(self) -> None:
        """Only what is in sight was seen, and may be ignored: nothing before the list is laid out."""
        if self._to_note and (rows := self._table.rows_in_sight):
            self._to_note, self._noted = False, True
            seen = [row.key for row in rows if not row.known]
            self.write("seen", lambda session: session.discover.note_shown(seen))

    def _show_dials(self) -> None:
        found, words = self._list, self._filters.in_words()
        count = f"{len(found.items)} of {found.catalog:,}" if found else ""
        cost = found.popularity_cost if found else None
        # Without the line's own padding.
        self._dials_line.update(self._dials.drawn(self.size.width - 2, words, count, cost))

    def on_resize(self) -> None:
        if self._list is not None:
            self._show_dials()

    @on(Table.Highlighted)
    def _highlighted(self) -> None:
        row, settings, panel = self._table.row, self._settings(), self._why
        if row is None:
            panel.show(None)
            return
        # Another's reasons would be read as this one's.
        if panel.shown_item != (row.artist, row.track):
            panel.show(Waiting(row.artist, track=row.track))

        async def rested() -> None:
            # Reasons of rows that are passed by are worked out for nobody, and slow the keys that pass them.
            await asyncio.sleep(RESTED)
            self.ask(
                lambda session: session.discover.explain(row.artist, settings, row.track),
                self._show_why,
                group="why",
                failed=self._no_reasons,
            )

        _: Worker[None] = self.run_worker(rested, exclusive=True, group="discover.rested")

    def _show_why(self, explanation: Explanation) -> None:
        """Reasons that come after the cursor went on are of no row that is looked at."""
        row = self._table.row
        if row is not None and (row.artist, row.track) == (explanation.artist, explanation.track):
            self._why.show(explanation)

    def _no_reasons(self, error: DiscoverError) -> None:
        row = self._table.row
        if row is not None:
            again = f"✗ {self.in_keys(error)} {self.key('retry')} retries."
            self._why.show(Waiting(row.artist, again, row.track))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The demo is offered to who has nothing here yet."""
        return self._welcomes if action == "demo" else super().check_action(action, parameters)

    def action_demo(self) -> None:
        self.shell.jobs.start_demo()

    # -- dials -----------------------------------------------------------------------------------------

    def action_turn(self, name: str, by: float) -> None:
        if self._list is None and self.says_nothing_is_listed():
            return
        if said := self._dials.turn(name, by):
            self.remark(said)
        else:
            self._ask_turned()

    @on(Shelf.Clicked)
    def action_less_known(self) -> None:
        """The less known, from the top, or back."""
        if self._list is None and self.says_nothing_is_listed():
            return
        self._dials.toggle_less_known()
        self._from_top = True
        self._ask_turned()

    def _ask_turned(self) -> None:
        self._show_dials()
        # First the reasons in sight, then all: those of two hundred lines take longer than a key is held.
        settings, in_sight = self._settings(), max((row.rank for row in self._table.rows_in_sight), default=0)
        self.ask(
            lambda session: session.discover.list(settings, reasons=in_sight),
            self._show_turning,
            group="list",  # each is of no use once the other is asked for
            failed=self._no_list,
        )

    def _show_turning(self, found: DiscoverList) -> None:
        self._show_list(found, turning=True)
        self.load()

    def action_reset_dials(self) -> None:
        if self._dials.at_rest and self._filters == Filters(level=self._filters.level):
            self.remark(NOTHING_TO_RESET)
        self._dials = Dials()
        self._ask_for(Filters(level=self._filters.level))

    # -- what is looked at -----------------------------------------------------------------------------

    def _ask_for(self, filters: Filters, words: str = "") -> None:
        """Look at something else; with `words` for it there is a way back."""
        before, self._filters = self._filters, filters
        another = (before.level, before.as_of, before.times) != (filters.level, filters.as_of, filters.times)
        if words:
            self.shell.changes.remember(words, lambda: self._ask_for(before))
        if words and another and before.taste and not filters.taste:
            # Of other plays a person's tastes are others.
            self.notify(f"No longer only for {before.taste[1]}. {self.key('undo')} undoes it.")
        # Another list altogether.
        self._from_top = self._from_top or another
        if before.level != filters.level:
            self._noted = False
        self.load()

    def widen(self) -> None:
        """One what-if less, or all tastes, any time, today; undone as what narrowed the list is."""
        if (wider := self._filters.wider()) is not None:
            self._ask_for(wider, "the wider list")

    def of_another_library(self) -> None:
        self._filters = Filters(level=self._filters.level)

    def action_switch_level(self) -> None:
        other = self._filters.other_level()
        self._ask_for(other, f"listing {other.level}")

    def action_pick_times(self) -> None:
        """Choose a time of the week to recommend for, one of those found in the history among them."""
        contexts = self.shell.preferences.config.contexts
        times: dict[str, TimeOfWeek] = {}

        def choices(session: Session) -> list[Choice]:
            times.update(session.routines.all_times(contexts))
            return times_to_choose(times.values())

        now = self._filters.times.name if self._filters.times else ""
        self._pick("time of the week", choices, now, lambda name: self._filters.at_times(times.get(name)))

    def action_pick_taste(self) -> None:
        """Choose one of the person's tastes to recommend for."""
        asked = self._filters
        settings = self._settings(replace(asked, taste=None))
        modes: list[Mode] = []

        def choices(session: Session) -> list[Choice]:
            modes.extend(session.taste.modes(settings))
            return tastes_to_choose(modes, asked)

        now = str(asked.taste[0]) if asked.taste else ""
        self._pick("taste", choices, now, lambda number: self._filters.of_taste(number, modes))

    def _pick(
        self,
        what: str,
        choices: Callable[[Session], Sequence[Choice]],
        now: str,
        filters: Callable[[str], Filters],
    ) -> None:
        from tuiapp.screens.typed_list import choose

        title = f"Recommend for one {what}"
        choose(self.shell, title, choices, now, lambda value: self._ask_for(filters(value), f"the {what}"))

    def show_taste(self, number: int, name: str) -> None:
        """Recommend for one taste of artists alone, one of those there are now."""
        self._ask_for(Filters(taste=(number, name), without=self._filters.without))

    def action_travel(self) -> None:
        from tuiapp.screens.as_of import AskDate

        self.app.push_screen(
            AskDate(self._filters.as_of), lambda text: None if text is None else self.show_as_of(text)
        )

    def show_as_of(self, date: str) -> None:
        """Discover as of a date."""
        if date != self._filters.as_of:
            self._ask_for(self._filters.at(date), f"as of {date}" if date else "back to today")

    def action_without(self) -> None:
        row = self._table.row
        if row is None or not row.why:
            self.remark("No reason here to leave out.")
        else:
            reason = row.why[0]
            less = self._filters.less(reason.artist, reason.track)
            if less != self._filters:  # a key held, and the list still on its way
                self._ask_for(less, f"without {credited(reason.artist, reason.track)}")

    # -- acting on rows --------------------------------------------------------------------------------

    def judge(self, verdict: str | None) -> None:
        # Of rankings that are compared it counts for who picked the row, on whatever page that was.
        picked = self._table.chosen_keys
        self.write("picked", lambda session: session.discover.note_picked(picked))
        super().judge(verdict)

    def judged(self, music: list[Music]) -> list[Music]:
        """The tracks themselves, where tracks are listed."""
        return music

    @on(Table.Clicked)
    def _clicked(self) -> None:
        self.action_artist()

    def action_artist(self) -> None:
        self._note_opened()
        super().action_artist()

    def action_related(self) -> None:
        self._note_opened()
        super().action_related()

    def action_open(self) -> None:
        self._note_opened()
        super().action_open()

    def _note_opened(self) -> None:
        """Who is looked at is not ignored."""
        if (row := self._table.row) is not None:
            self.write("opened", lambda session: session.discover.note_opened(row.key))

    def action_export(self) -> None:
        settings, title = self._settings(), self._dials.title
        if not self.says_nothing_is_listed():
            ask_export(self.shell, title, lambda session: session.tracks.of_discover(settings, because))

    # -- remembering -----------------------------------------------------------------------------------

    def remembered(self) -> dict[str, Any]:
        row = self._table.row
        return super().remembered() | {
            "dials": self._dials.places,
            "level": self._filters.level,
            "cursor": row.key if row is not None else None,
        }

    def recall(self, state: dict[str, Any]) -> None:
        super().recall(state)
        # Another view may have asked for something by now.
        if self._filters == Filters() and state.get("level") == "tracks":
            self._filters = Filters(level="tracks")
        self._dials.recall(state.get("dials"))
