"""The base of all views: the frame, a list with its filter, and the four states."""

from __future__ import annotations

from typing import Any

from textual import getters, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input, Static

from engine.errors import DamagedDataError, DamagedLibraryError, DiscoverError, NothingYetError
from engine.wording import IMPORT
from tuiapp.screens.acting import NOTHING_LISTED, STILL_LOADING, Acting
from tuiapp.screens.asking import LibraryScreen
from tuiapp.settings.actions import LISTS, SCREENS, bindings
from tuiapp.settings.in_keys import in_keys
from tuiapp.textual_internals.widgets import toasts_in_sight
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
            # A list's bindings apply once it has the focus. The filter's key is also the view's, so that it works while
            # the list is loading.
            cls.BINDINGS = [*bindings(cls.NAME), *(key for key in bindings(LISTS) if key.action == "filter")]
        super().__init_subclass__(**kwargs)

    def key(self, name: str) -> str:
        """The key an action has now, as people write it, for sentences that name it."""
        return self.shell.keymap.label(name)

    # The state shown in the list's place, if any.
    _state = ""

    def remark(self, message: str) -> None:
        """As everywhere, but while the view is loading nobody knows what is not there."""
        super().remark(STILL_LOADING if self._state == "loading" else message)

    @property
    def lists_nothing(self) -> bool:
        """Whether it says, in place of a list, that there is nothing yet."""
        return self._state == "empty"

    def says_nothing_is_listed(self) -> bool:
        """Say so where that is why a key does nothing."""
        if self.lists_nothing:
            self.remark(NOTHING_LISTED)
        return self.lists_nothing

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
        """The view's own widgets."""
        raise NotImplementedError

    def left(self) -> None:
        super().left()
        self.age_marks()

    def set_status(self, text: str) -> None:
        """Set the view's text on the right of the tab strip."""
        self._strip.right_text = text

    def on_mount(self) -> None:
        self.set_state("loading", "Loading", "")
        self.recall(self.shell.remembering.of(self.NAME))
        # After the first paint, which loading in a thread would delay.
        self.call_after_refresh(self.load)

    def in_keys(self, error: DiscoverError | str) -> str:
        """An engine's message with keys in place of commands."""
        return in_keys(str(error), self.shell.keymap)

    def first_step(self, backup: str) -> str:
        """What to do about an empty library: restore its `backup`, in a sentence, or import."""
        return self.in_keys(backup or IMPORT)

    def show_error(self, error: DiscoverError) -> None:
        """An expected error, in place of the list: what is missing, or what failed."""
        if isinstance(error, NothingYetError):
            self.set_status("")
            self.set_state("empty", "Nothing here yet", self.in_keys(error))
        else:
            log = self.shell.folders.log
            where = f"\n\nThe log is {log}." if log.exists() and str(log) not in str(error) else ""
            # Retrying does not help for damaged data.
            damaged = isinstance(error, DamagedDataError)
            if damaged:
                self.shell.repairing.offer(library=isinstance(error, DamagedLibraryError))
            again = "" if damaged else f"\n\nPress {self.key('retry')} to try again."
            title = dict(SCREENS).get(self.NAME, self.NAME)
            self.set_state("error", f"{title} can't be shown", f"{self.in_keys(error)}{where}{again}")

    def action_retry(self) -> None:
        """Reload everything the view shows."""
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
        """Show how many rows match the filter, or that none does."""
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
        if self._filter_count.content != text:  # avoids a new layout of the whole view
            self._filter_count.update(text)
        self.show_marks()

    @on(Table.Marked)
    def show_marks(self) -> None:
        """Show in the line of keys how many rows are selected, visible or not."""
        self._keys.selected = _in_words(self.table)

    def focus_list(self, table: Table[Any]) -> None:
        """Focus a list once loaded, unless its filter is being typed."""
        if not isinstance(self.focused, Input):
            table.focus()

    @on(Table.FilterRequested)
    def _filter_requested(self) -> None:
        self.action_filter()  # as the key of the view does, also where a view has more to do

    def action_filter(self) -> None:
        """Open the line to type a filter in, unless there is nothing to filter."""
        if self.says_nothing_is_listed():
            return
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
                # A notice is shown in the list's place: filtering does not change it.
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
        """Clear one thing: messages, a wait, the selection, the filter, the view's own narrowing."""
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
        """Keys or colours changed."""
        self._keys.refresh()
        self._strip.refresh()

    # -- what the app remembers ------------------------------------------------------------------------

    def remembered(self) -> dict[str, Any]:
        """This view's state, for the next start."""
        if self.table is None:
            return {}
        table = self.table
        cursor = table.key_here
        return {"sort": table.sort, "reverse": table.reverse, "filter": table.filter, "cursor": cursor}

    def recall(self, state: dict[str, Any]) -> None:
        """Restore the state."""
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
    """The number of selected rows, and of those hidden or selected long ago; empty without any."""
    if table is None or not table.marks:
        return ""
    count, seen = len(table.marks), len(table.marks_in_sight)
    if table.marks_are_old:
        return f"{count:,} selected earlier"
    return f"{count:,} selected" + (f", {count - seen:,} out of sight" if seen < count else "")
