"""What all views share: the frame, a list with its filter, and the four states."""

from __future__ import annotations

from typing import Any

from textual import getters, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input, Static

from engine.errors import DamagedDataError, DamagedLibraryError, DiscoverError, NothingYetError
from tuiapp.screens.acting import Acting
from tuiapp.screens.asking import LibraryScreen
from tuiapp.settings.actions import LISTS, SCREENS, bindings
from tuiapp.settings.in_keys import in_keys
from tuiapp.textual_internals import toasts_in_sight
from tuiapp.widgets.chrome import JobLine, KeyLine, PlayingLine, TabStrip
from tuiapp.widgets.line import Line
from tuiapp.widgets.notice import Notice
from tuiapp.widgets.table import Table


class View(Acting[None], LibraryScreen):
    """One of the views. `NAME` is its scope in the action registry."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide"), (160, "-widest")]  # noqa: RUF012 - Textual's own form
    VERTICAL_BREAKPOINTS = [(0, "-low"), (16, "-short"), (22, "-tall")]  # noqa: RUF012 - Textual's own form
    DEFAULT_CSS = """
    View .body.-away { display: none; }
    View .bottom { height: auto; dock: bottom; }
    View .filter { height: 1; display: none; background: $surface; padding: 0 1; }
    View .filter.-shown { display: block; }
    View .filter .slash { width: auto; color: $text-accent; }
    View .filter Input, View .filter Input:focus {
        width: 1fr; height: 1; border: none; padding: 0 1; background: $surface;
    }
    View .filter .count { width: auto; color: $foreground-muted; }
    """

    _strip = getters.query_one(TabStrip)
    _keys = getters.query_one(KeyLine)
    _filter_line = getters.query_one(".filter", Horizontal)
    _filter_input = getters.query_one(".filter Input", Input)
    _filter_count = getters.query_one(".filter .count", Static)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        # Before Textual merges the bindings of the class, which it does next.
        if cls.NAME:
            # A list has its keys once it has the focus. The filter's is the view's too: who knows what to look for
            # presses it while the list is still asked for.
            cls.BINDINGS = [*bindings(cls.NAME), *(key for key in bindings(LISTS) if key.action == "filter")]
        super().__init_subclass__(**kwargs)

    def key(self, name: str) -> str:
        """The key an action has now, as people write it, for sentences that name it."""
        return self.shell.keymap.label(name)

    # The state that stands in the list's place, if one does.
    _state = ""

    def compose(self) -> ComposeResult:
        yield TabStrip(self.NAME)
        yield from self.compose_body()
        with Vertical(classes="bottom"):
            with Horizontal(classes="filter"):
                yield Static("/", classes="slash")
                yield Line(placeholder="filter", select_on_focus=False)
                yield Static("", classes="count")
            yield PlayingLine()
            yield JobLine()
            yield KeyLine(self.NAME, absent=self.absent)

    def compose_body(self) -> ComposeResult:
        """What is particular to the view."""
        raise NotImplementedError

    def left(self) -> None:
        super().left()
        self.age_marks()

    def set_status(self, text: str) -> None:
        """What the view says on the right of the tab strip."""
        self._strip.right_text = text

    def on_mount(self) -> None:
        self.set_state("loading", "Loading", "")
        self.recall(self.shell.remembering.of(self.NAME))
        # Painted first: what a thread then loads would be in the way of that.
        self.call_after_refresh(self.load)

    def in_keys(self, error: DiscoverError | str) -> str:
        """What the engine says, with keys in place of commands."""
        return in_keys(str(error), self.shell.keymap)

    def show_error(self, error: DiscoverError) -> None:
        """An expected error, in place of the list: what is missing, or what failed."""
        if isinstance(error, NothingYetError):
            self.set_status("")
            self.set_state("empty", "Nothing here yet", self.in_keys(error))
        else:
            log = self.shell.folders.log
            where = f"\n\nThe log is {log}." if log.exists() and str(log) not in str(error) else ""
            # Of what is damaged trying again says the same.
            damaged = isinstance(error, DamagedDataError)
            if damaged:
                self.shell.repairing.offer(library=isinstance(error, DamagedLibraryError))
            again = "" if damaged else f"\n\nPress {self.key('retry')} to try again."
            title = dict(SCREENS).get(self.NAME, self.NAME)
            self.set_state("error", f"{title} can't be shown", f"{self.in_keys(error)}{where}{again}")

    def action_retry(self) -> None:
        """Ask anew for everything the view shows."""
        self.set_state("loading", "Loading", "")
        self.load()

    # -- list, states, filter --------------------------------------------------------------------------

    def set_state(self, state: str, title: str = "", text: str | Content = "") -> None:
        """Show a notice instead of the list, or with an empty state the list."""
        self._state = state
        self._keys.nothing_listed = state == "empty"
        for notice in self.query(Notice):
            notice.set_state(state, title, text)
        for body in self.query(".body"):
            body.set_class(bool(state), "-away")

    def listed(self) -> None:
        """Say how many rows the filter leaves, and so when it leaves none."""
        table = self.table
        if table is None:
            return
        shown, whole = table.counts
        self._count()
        if table.filter and whole and not shown:
            self.set_state(
                "nomatch",
                f"No row matches “{table.filter}”",
                f"Press {self.key('back')} to clear the filter.",
            )
        elif whole:
            self.set_state("")

    def _count(self) -> None:
        assert self.table is not None  # noqa: S101 - asked by who has one
        shown, whole = self.table.counts
        text = f"{shown:,} of {whole:,}  {self.key('back')} clears" if self.table.filter else ""
        if self._filter_count.content != text:  # else the whole view would be laid out anew
            self._filter_count.update(text)
        self.show_marks()

    @on(Table.Marked)
    def show_marks(self) -> None:
        """Say in the line of keys how many rows of the list are selected, wherever they are."""
        self._keys.selected = _in_words(self.table)

    def focus_list(self, table: Table[Any]) -> None:
        """Give the focus to a list that has come, unless a filter for it is being typed."""
        if not isinstance(self.focused, Input):
            table.focus()

    @on(Table.FilterRequested)
    def action_filter(self) -> None:
        """Open the line to type a filter in."""
        self._filter_line.add_class("-shown")
        self._filter_input.focus()

    @on(Input.Changed, ".filter Input")
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if self.table is not None:
            self.filter_by(event.value)

    @on(Input.Submitted, ".filter Input")
    def _typed_enough(self, event: Input.Submitted) -> None:
        event.stop()
        if self.table is not None and self.table.counts[0]:
            self.table.focus()

    def filter_by(self, text: str) -> None:
        """Filter the list; a view whose rows are too many to hold asks the engine instead."""
        if self.table is not None:
            self.table.set_filter(text)
            if self._state in ("error", "loading", "empty"):
                # What is behind that is the list of before, or none: no filter changes what is said.
                self._count()
            else:
                self.listed()

    def clear_filter(self) -> bool:
        """Close and clear the filter; false when there was none."""
        if not self._filter_line.has_class("-shown"):
            return False
        self._filter_line.remove_class("-shown")
        self._filter_input.value = ""
        self.filter_by("")
        if self.table is not None:
            self.table.focus()
        return True

    def action_back(self) -> None:
        """Undo one thing, the last one first: messages, a wait, marks, the filter, what the view adds. Then stop."""
        if toasts_in_sight(self.app):
            self.app.clear_notifications()
        elif self.shell.jobs.stop_waiting():
            pass
        elif self.table is not None and self.table.marks:
            self.table.clear_marks()
        elif not self.clear_filter():
            self.widen()

    def widen(self) -> None:
        """Undo one narrowing of the view's own."""

    def settings_changed(self) -> None:
        """Keys or colours are others now."""
        self._keys.refresh()
        self._strip.refresh()

    # -- what the app remembers ------------------------------------------------------------------------

    def remembered(self) -> dict[str, Any]:
        """Where this view is, for the next start."""
        if self.table is None:
            return {}
        table = self.table
        cursor = table.key_here
        return {"sort": table.sort, "reverse": table.reverse, "filter": table.filter, "cursor": cursor}

    def recall(self, state: dict[str, Any]) -> None:
        """Go back to where it was."""
        table = self.table
        if table is None:
            return
        sort = state.get("sort")
        if isinstance(sort, int) and 0 <= sort < len(table.columns) and table.columns[sort].sorts:
            table.sort = sort
        table.reverse = state.get("reverse") is True
        table.wanted = self.shell.remembering.cursor(self.NAME)
        text = state.get("filter")
        if isinstance(text, str) and text:
            self._filter_line.add_class("-shown")
            self._filter_input.value = text


def _in_words(table: Table[Any] | None) -> str:
    """How many rows are selected, and of how many of them that is to be feared forgotten; empty for none."""
    if table is None or not table.marks:
        return ""
    count, seen = len(table.marks), len(table.marks_in_sight)
    if table.marks_are_old:
        return f"{count:,} selected earlier"
    return f"{count:,} selected" + (f", {count - seen:,} out of sight" if seen < count else "")
