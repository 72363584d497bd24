"""The one table: sorting and filtering re-order indexes, never the rows, which are any objects in a sequence."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, ClassVar

from textual import events
from textual.message import Message

from tuiapp.settings.actions import LISTS, bindings, scope_of
from tuiapp.shell import InShell
from tuiapp.text import searchable
from tuiapp.widgets.columns import Column, Row
from tuiapp.widgets.painted import GAP
from tuiapp.widgets.rows import Fetched, Rows

_OF_LISTS = frozenset(action.stem for action in scope_of(LISTS))


class TableMessage(Message):
    """A message of a table."""

    def __init__(self, table: Table[Any]) -> None:
        super().__init__()
        self.table = table

    @property
    def control(self) -> Table[Any]:
        return self.table


class Table(Rows[Row], InShell):
    """A list with a cursor, marks, sorting and filtering."""

    BINDINGS: ClassVar[list[Any]] = [
        *bindings(LISTS),
    ]

    class Highlighted(TableMessage):
        """The cursor moved to another row."""

    class Marked(TableMessage):
        """The selection changed."""

    class FilterRequested(TableMessage):
        """The person asked for the filter."""

    class MatchRequested(TableMessage):
        """The person asked for the next match of the last filter (`by` -1: previous), which only the engine knows."""

        def __init__(self, table: Table[Any], by: int) -> None:
            super().__init__(table)
            self.by = by

    class Ordered(TableMessage):
        """The order of the rows changed."""

    class Resized(TableMessage):
        """The size changed: other columns may fit now."""

    class Clicked(TableMessage):
        """A row that already had the cursor was clicked, like enter."""

    def __init__(
        self,
        columns: Sequence[Column[Row]],
        *,
        key: Callable[[Row], str],
        words: Callable[[Row], str],
        markable: bool = True,
        filterable: bool = True,
        id: str | None = None,  # noqa: A002 - Textual's word
    ) -> None:
        """`key` identifies rows across updates, `words` is the text a filter searches, `markable` allows selecting,
        `filterable` filtering."""
        super().__init__(columns, key=key, id=id)
        self._words = words
        self.markable, self.filterable = markable, filterable
        self.filter = ""
        # The last filter, kept when the filter is cleared.
        self.last_search = ""
        self._last_marked = ""
        # Whether the selection is from before the person did something else.
        self.marks_are_old = False
        # The row with the cursor at the last exit, until rows are loaded.
        self.wanted: str | None = None

    # -- rows ------------------------------------------------------------------------------------------

    def show(self, rows: Sequence[Row], *, cursor_key: str | None = None) -> None:
        """Show new rows; the cursor stays on its row if that still exists, or moves to `cursor_key`."""
        current = self.row
        wanted = cursor_key or self.wanted or (self._key(current) if current is not None else None)
        if rows:
            self.wanted = None
        self._rows = rows
        if not self.engine_sorts and self._marks:
            self.marks = self._marks & {self._key(row) for row in rows}
        self._arrange(wanted)

    def drop(self, keys: Collection[str]) -> None:
        """Remove rows that are about to be deleted, so that the next key acts on another."""
        self.show([row for row in self._rows if self._key(row) not in keys])

    @property
    def engine_sorts(self) -> bool:
        """Whether the engine sorts and filters the rows: `Ordered` then makes the view reload them."""
        return any(column.by for column in self.columns)

    def set_filter(self, text: str) -> None:
        """Filter by `text`: show rows whose words contain every word of it."""
        wanted = self.key_here
        self.filter = text
        self.last_search = text or self.last_search
        self._arrange(wanted)

    def set_sort(self, column: int | None, *, reverse: bool = False) -> None:
        """Sort by a column, or with None go back to the order given."""
        wanted = self.key_here
        self.sort, self.reverse = column, reverse
        self._arrange(wanted)
        self.post_message(self.Ordered(self))

    def _arrange(self, wanted: str | None) -> None:
        order: Sequence[int] = range(len(self._rows))
        if words := searchable(self.filter).split():
            order = [i for i in order if self._matches(i, words)]
        if self.engine_sorts:
            pass
        elif self.sort is not None and (by := self.columns[self.sort].order) is not None:
            order = sorted(order, key=lambda i: by(self._rows[i]), reverse=self.reverse)
        elif self.reverse:
            order = order[::-1]
        self._order = order
        place = min(self.cursor, max(0, len(order) - 1))
        if wanted is not None and isinstance(self._rows, Fetched):
            place = self._rows.find(wanted, place)
        elif wanted is not None and len(order) <= 20_000:
            place = next((n for n, i in enumerate(order) if self._key(self._rows[i]) == wanted), place)
        self._place(place)

    def _matches(self, number: int, words: Sequence[str]) -> bool:
        text = searchable(self._words(self._rows[number]))
        return all(word in text for word in words)

    @property
    def key_here(self) -> str | None:
        """The key of the row under the cursor."""
        return self._key(self.row) if self.row is not None else self.wanted

    # -- marks -----------------------------------------------------------------------------------------

    @property
    def marks(self) -> frozenset[str]:
        """The keys of the marked rows, in sight or not."""
        return self._marks

    @marks.setter
    def marks(self, keys: Iterable[str]) -> None:
        self._marks = frozenset(keys)
        self.marks_are_old = self.marks_are_old and bool(self._marks)
        self.refresh()
        self.post_message(self.Marked(self))

    @property
    def marks_in_sight(self) -> list[str]:
        """The keys of the marked rows the filter leaves, in order; none of marks made before something else."""
        if not self._marks or self.marks_are_old:
            return []
        if isinstance(self._rows, Fetched):
            return self._rows.among(self._marks)
        return [key for i in self._order if (key := self._key(self._rows[i])) in self._marks]

    @property
    def chosen_keys(self) -> list[str]:
        """The keys of the marked rows in sight, or of the row under the cursor."""
        return self.marks_in_sight or ([self._key(self.row)] if self.row is not None else [])

    def rows_of(self, keys: Collection[str]) -> list[Row]:
        """The rows with these keys, in sight or not, in the order of the keys."""
        if self.row is not None and list(keys) == [self._key(self.row)]:
            return [self.row]
        found = {key: row for row in self._rows if (key := self._key(row)) in set(keys)}
        return [found[key] for key in keys if key in found]

    def clear_marks(self) -> None:
        """Unmark everything."""
        if self._marks:
            self.marks = ()

    def age_marks(self) -> None:
        """The person turns to something else: what is marked by now is acted on only when they say so."""
        if self._marks:
            self.marks_are_old = True
            self.post_message(self.Marked(self))

    def action_mark(self) -> None:
        if self.row is not None:
            # Who goes on selecting means what is selected already, too.
            self.marks_are_old = False
            self._last_marked = self._key(self.row)
            self.marks = self._marks ^ {self._last_marked}
            self.cursor += 1

    def action_mark_range(self) -> None:
        """Select from the row selected last, or the top, to the one under the cursor."""
        keys = [self._key(self._rows[i]) for i in self._order]
        if self.row is not None:
            start = keys.index(self._last_marked) if self._last_marked in keys else 0
            first, last = sorted((start, self.cursor))
            self.marks_are_old = False
            self._last_marked = keys[self.cursor]
            self.marks = self._marks | set(keys[first : last + 1])

    def action_mark_all(self) -> None:
        """Select every row the filter leaves; where all are, none."""
        every = {self._key(self._rows[i]) for i in self._order}
        self.marks_are_old = False
        self.marks = self._marks - every if every <= self._marks else self._marks | every

    # -- what keys and the mouse do --------------------------------------------------------------------

    def moved(self) -> None:
        self.post_message(self.Highlighted(self))

    def resized(self) -> None:
        self.post_message(self.Resized(self))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """No key is dead: marking where marks mean something, sorting where a column sorts, and of a list without rows
        only the filter."""
        if action in _OF_LISTS and action != "filter" and not self._order:
            return False
        if action in ("mark", "mark_range", "mark_all"):
            return self.markable
        if action in ("filter", "match"):
            return self.filterable
        if action.startswith("sort"):
            return any(column.sorts and column.title for column in self.columns)
        return super().check_action(action, parameters)

    def action_filter(self) -> None:
        self.post_message(self.FilterRequested(self))

    def action_match(self, by: int) -> None:
        """The next row that matches what was filtered by last, or the one before, around the ends; first a filter where
        there was none."""
        if not self.last_search:
            self.action_filter()
        elif self.engine_sorts:
            self.post_message(self.MatchRequested(self, by))
        else:
            words, count = searchable(self.last_search).split(), len(self._order)
            places = ((self.cursor + by * step) % count for step in range(1, count + 1))
            self.to_match(next((n for n in places if self._matches(self._order[n], words)), None))

    def to_match(self, place: int | None) -> None:
        """Go to a place that matches, or say that none does."""
        if place is None:
            self.remark(f"No row matches “{self.last_search}”.")
        else:
            self.move_to(place)

    def action_sort(self) -> None:
        """The next column in sight that sorts and has a title, which says so; after the last, the order given."""
        able = [None, *(n for n, _ in self._widths() if self.columns[n].sorts and self.columns[n].title)]
        following = able[(able.index(self.sort) + 1) % len(able)] if self.sort in able else None
        self.set_sort(following)

    def action_sort_none(self) -> None:
        """Back to the order given."""
        self.set_sort(None)

    def action_sort_reverse(self) -> None:
        self.set_sort(self.sort, reverse=not self.reverse)

    def on_click(self, event: events.Click) -> None:
        place = event.y - 1 + round(self.scroll_y)
        if event.y == 0:
            self._sort_by_heading(event.x)
        elif 0 <= place < len(self._order):
            if place == self.cursor and self.row is not None:
                self.post_message(self.Clicked(self))
            self.cursor = place

    def _sort_by_heading(self, x: int) -> None:
        at = GAP
        for number, width in self._widths():
            if at <= x < at + width + GAP and self.columns[number].sorts:
                self.set_sort(number, reverse=not self.reverse if self.sort == number else False)
            at += width + GAP
