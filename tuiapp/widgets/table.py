"""The one table: paints only the rows in sight, so a million rows cost what a screenful does.

Rows are any objects in a sequence; a column says how to draw one. Sorting and filtering re-order indexes, never
the rows. Text is drawn as it is, cut to terminal cells, and never read as markup.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from rich.style import Style
from textual import events
from textual.binding import Binding
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tuiapp.settings.actions import LISTS, MOVES, bindings
from tuiapp.widgets.painted import GAP, Paint, PaintedRows

# No name is squeezed below this many cells.
_LEAST = 6


@dataclass(frozen=True)
class Column:
    """How one column is drawn. `text` gives a row's cell; `order` what it sorts by, null when it does not.

    `by` is the word for it where the engine sorts the rows, which then come as `Fetched`.
    `width` is in cells; columns with `share` above 0 divide what is left, or what is lacking.
    `least` is the table width from which the column is shown at all. `accent` draws it in the accent colour.
    """

    title: str
    text: Callable[[Any], str]
    width: int
    share: int = 0
    right: bool = False
    order: Callable[[Any], Any] | None = None
    least: int = 0
    accent: bool = False
    by: str = ""

    @property
    def sorts(self) -> bool:
        """Whether the list can be sorted by it."""
        return self.order is not None or bool(self.by)


class Table(ScrollView, can_focus=True):
    """A list with a cursor, marks, sorting and filtering."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "table--heading", "table--cursor", "table--cursor-blurred", "table--accent", "table--marked",
    }  # fmt: skip
    DEFAULT_CSS = """
    Table {
        height: 1fr;
        scrollbar-size-vertical: 1;
        scrollbar-size-horizontal: 0;
        overflow-x: hidden;
        & > .table--heading { color: $foreground-muted; }
        & > .table--cursor { background: $foreground 15%; color: $foreground; text-style: bold; }
        & > .table--cursor-blurred { background: $foreground 7%; }
        & > .table--accent { color: $text-accent; }
        & > .table--marked { color: $text-accent; text-style: bold; }
    }
    """
    BINDINGS: ClassVar[list[Any]] = [
        *(Binding(keys, move, show=False) for keys, move in MOVES),
        *bindings(LISTS),
    ]

    # Moving it paints the rows it leaves and comes to.
    cursor: reactive[int] = reactive(0, repaint=False)

    class Highlighted(Message):
        """The cursor came to another row."""

        def __init__(self, table: Table, row: Any) -> None:
            super().__init__()
            self.table = table
            self.row = row

        @property
        def control(self) -> Table:
            return self.table

    class FilterRequested(Message):
        """The person wants to type a filter."""

        def __init__(self, table: Table) -> None:
            super().__init__()
            self.table = table

    class Ordered(Message):
        """The order of the rows changed."""

        def __init__(self, table: Table) -> None:
            super().__init__()
            self.table = table

    class Resized(Message):
        """The list got its place, or another one: other columns may have room now."""

        def __init__(self, table: Table) -> None:
            super().__init__()
            self.table = table

    class Clicked(Message):
        """A row that already had the cursor was clicked: as good as enter."""

        def __init__(self, table: Table, row: Any) -> None:
            super().__init__()
            self.table = table
            self.row = row

    def __init__(
        self,
        columns: Sequence[Column],
        *,
        key: Callable[[Any], str],
        words: Callable[[Any], str],
        markable: bool = True,
        id: str | None = None,  # noqa: A002 - Textual's word
    ) -> None:
        """`key` tells rows apart across updates, `words` is what a filter looks through, `markable` allows marks."""
        super().__init__(id=id)
        self.columns = columns
        self._key, self._words = key, words
        self.markable = markable
        self._rows: Sequence[Any] = ()
        self._order: Sequence[int] = range(0)
        self.marks: set[str] = set()
        self.filter = ""
        # The row that had the cursor when the app was left, until there are rows.
        self.wanted: str | None = None
        self.sort: int | None = None
        self.reverse = False
        self._painted: PaintedRows | None = None

    # -- rows ------------------------------------------------------------------------------------------

    def show(self, rows: Sequence[Any], *, cursor_key: str | None = None) -> None:
        """Take new rows; the cursor stays on the same row where it is still there, or goes to `cursor_key`."""
        current = self.row
        wanted = cursor_key or self.wanted or (self._key(current) if current is not None else None)
        if rows:
            self.wanted = None
        self._rows = rows
        if not self.engine_sorts:
            self.marks &= {self._key(row) for row in rows} if self.marks else set()
        self._arrange(wanted)

    @property
    def engine_sorts(self) -> bool:
        """Whether the rows come sorted and filtered: `Ordered` then asks the view for them anew."""
        return any(column.by for column in self.columns)

    def set_filter(self, text: str) -> None:
        """Show only rows whose words hold every word of `text`."""
        wanted = self._key(self.row) if self.row is not None else None
        self.filter = text
        self._arrange(wanted)

    def set_sort(self, column: int | None, *, reverse: bool = False) -> None:
        """Sort by a column, or with None go back to the order given."""
        wanted = self._key(self.row) if self.row is not None else None
        self.sort, self.reverse = column, reverse
        self._arrange(wanted)
        self.post_message(self.Ordered(self))

    def _arrange(self, wanted: str | None) -> None:
        order: Sequence[int] = range(len(self._rows))
        if words := self.filter.casefold().split():
            order = [i for i in order if all(word in self._words(self._rows[i]).casefold() for word in words)]
        if self.engine_sorts:
            pass
        elif self.sort is not None and (by := self.columns[self.sort].order) is not None:
            order = sorted(order, key=lambda i: by(self._rows[i]), reverse=self.reverse)
        elif self.reverse:
            order = order[::-1]
        self._order = order
        self.virtual_size = Size(self.size.width, len(order) + 1)
        place = min(self.cursor, max(0, len(order) - 1))
        if wanted is not None and (find := getattr(self._rows, "find", None)) is not None:
            place = find(wanted, place)
        elif wanted is not None and len(order) <= 20_000:
            place = next((n for n, i in enumerate(order) if self._key(self._rows[i]) == wanted), place)
        self.set_reactive(Table.cursor, place)
        self._keep_in_sight()
        self.refresh()
        self._tell()

    @property
    def rows(self) -> Sequence[Any]:
        """All rows as they were given, in sight or not."""
        return self._rows

    @property
    def row(self) -> Any | None:
        """The row under the cursor, or None where nothing is shown."""
        return self._rows[self._order[self.cursor]] if self.cursor < len(self._order) else None

    @property
    def key_here(self) -> str | None:
        """The key of the row under the cursor."""
        return self._key(self.row) if self.row is not None else self.wanted

    @property
    def chosen(self) -> list[Any]:
        """The marked rows in order, or the one under the cursor."""
        if self.marks:
            return [row for i in self._order if self._key(row := self._rows[i]) in self.marks]
        return [self.row] if self.row is not None else []

    @property
    def counts(self) -> tuple[int, int]:
        """(rows shown, rows there are)."""
        return len(self._order), len(self._rows)

    def move_to(self, place: int) -> None:
        """Put the cursor on a place of the order shown."""
        self.cursor = place

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """No key is dead: marking where marks mean something, sorting where a column sorts."""
        if action == "mark":
            return self.markable
        if action == "sort":
            return any(column.sorts for column in self.columns)
        return super().check_action(action, parameters)

    # -- moving ----------------------------------------------------------------------------------------

    def validate_cursor(self, value: int) -> int:
        return max(0, min(value, len(self._order) - 1))

    def watch_cursor(self, before: int, after: int) -> None:
        if before != after:
            # Two rows change; where the list scrolls, all do.
            self.refresh_line(before + 1)
            self._keep_in_sight()
            self.refresh_line(after + 1)
            self._tell()

    def _tell(self) -> None:
        self.post_message(self.Highlighted(self, self.row))

    def _keep_in_sight(self) -> None:
        height = max(1, self.size.height - 1)
        top = round(self.scroll_y)
        if self.cursor < top:
            self.scroll_to(y=self.cursor, animate=False, immediate=True)
        elif self.cursor >= top + height:
            self.scroll_to(y=self.cursor - height + 1, animate=False, immediate=True)

    def action_move(self, by: int) -> None:
        self.cursor += by

    def action_page(self, by: int) -> None:
        self.cursor += by * max(1, self.size.height - 2)

    def action_edge(self, last: int) -> None:
        self.cursor = len(self._order) - 1 if last else 0

    def action_mark(self) -> None:
        if self.row is not None:
            self.marks ^= {self._key(self.row)}
            self.cursor += 1
            self.refresh()

    def clear_marks(self) -> None:
        """Unmark everything."""
        self.marks = set()
        self.refresh()

    def action_filter(self) -> None:
        self.post_message(self.FilterRequested(self))

    def action_sort(self) -> None:
        """The next column that sorts; after the last, the order given."""
        able = [None, *(n for n, column in enumerate(self.columns) if column.sorts)]
        following = able[(able.index(self.sort) + 1) % len(able)] if self.sort in able else None
        self.set_sort(following)

    def action_sort_reverse(self) -> None:
        self.set_sort(self.sort, reverse=not self.reverse)

    def on_click(self, event: events.Click) -> None:
        place = event.y - 1 + round(self.scroll_y)
        if event.y == 0:
            self._sort_by_heading(event.x)
        elif 0 <= place < len(self._order):
            if place == self.cursor and self.row is not None:
                self.post_message(self.Clicked(self, self.row))
            self.cursor = place

    def _sort_by_heading(self, x: int) -> None:
        at = GAP
        for number, width in self._widths():
            if at <= x < at + width + GAP and self.columns[number].sorts:
                self.set_sort(number, reverse=not self.reverse if self.sort == number else False)
            at += width + GAP

    # -- painting --------------------------------------------------------------------------------------

    def on_resize(self) -> None:
        self.virtual_size = Size(self.size.width, len(self._order) + 1)
        self._keep_in_sight()
        self.post_message(self.Resized(self))

    def _widths(self) -> list[tuple[int, int]]:
        """(column number, cells) of the columns there is room for."""
        width = self.size.width
        shown_columns = [(n, c) for n, c in enumerate(self.columns) if width >= c.least]
        left = width - GAP - sum(c.width + GAP for _, c in shown_columns)
        shares = sum(c.share for _, c in shown_columns)
        widths = []
        for number, column in shown_columns:
            # Names give way before numbers and bars, which would say something else when cut.
            extra = left * column.share // shares if shares else 0
            widths.append((number, max(min(_LEAST, column.width), column.width + extra)))
        return widths

    def render_lines(self, crop: Region) -> list[Strip]:
        if self.region.size != self.content_region.size or self.opacity != 1.0:
            # With a border, padding or opacity, which only Textual's own way draws.
            return super().render_lines(crop)
        paint = self._paint()
        if self._painted is None:
            self._painted = PaintedRows(paint)
        self._painted.use(paint)
        strips = [self._line(y, paint, self._painted) for y in crop.line_range]
        background = self.background_colors[1]
        for line_filter in self.get_line_filters():
            strips = [strip.apply_filter(line_filter, background) for strip in strips]
        if crop.column_span != (0, paint.width):
            strips = [strip.crop(*crop.column_span) for strip in strips]
        return strips

    def refresh(self, *regions: Region, **options: Any) -> Self:
        """Paint anew; without regions whatever a row's text is made from may have changed."""
        if not regions and self._painted is not None:
            self._painted.forget()
        return super().refresh(*regions, **options)

    def _paint(self) -> Paint:
        base = self.rich_style
        cursor = self.get_component_rich_style("table--cursor" if self.has_focus else "table--cursor-blurred")
        marked = self.get_component_rich_style("table--marked", partial=True)
        accent = Style(color=self.get_component_rich_style("table--accent", partial=True).color)
        return Paint(
            self.size.width,
            [(self.columns[number], cells) for number, cells in self._widths()],
            *((style, style + accent) for style in (base, base + cursor, base + marked)),
        )

    def render_line(self, y: int) -> Strip:
        paint = self._paint()
        return self._line(y, paint, PaintedRows(paint))

    def _line(self, y: int, paint: Paint, painted: PaintedRows) -> Strip:
        if y == 0:
            style = self.rich_style + self.get_component_rich_style("table--heading", partial=True)
            sorted_by = self.columns[self.sort] if self.sort is not None else None
            return paint.heading(style, sorted_by, reverse=self.reverse)
        place = y - 1 + round(self.scroll_y)
        if place >= len(self._order):
            return Strip.blank(paint.width, paint.plain[0])
        row = self._rows[self._order[place]]
        return painted.row(place, row, marked=self._key(row) in self.marks, at_cursor=place == self.cursor)

    def watch_has_focus(self, _has_focus: bool) -> None:
        super().watch_has_focus(_has_focus)
        self.refresh(Region(0, 0, self.size.width, self.size.height))
