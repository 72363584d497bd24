"""Rows with a cursor, of which only the visible are painted: a million cost as much as a screenful.

Text is cut to terminal cells, and never parsed as markup.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Collection, Sequence
from typing import Any, ClassVar, Generic, Self

from rich.style import Style
from textual.geometry import Region, Size
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tuiapp.widgets.columns import Column, Row
from tuiapp.widgets.painted import GAP, Paint, PaintedRows

# Minimum cells of a name.
_MIN_WIDTH = 6


class Fetched(Sequence[Row]):
    """Rows sorted and filtered by the engine, too many to look at each."""

    @abstractmethod
    def find(self, key: str, otherwise: int) -> int:
        """The position of the row with this key, or `otherwise`."""

    @abstractmethod
    def among(self, keys: Collection[str]) -> list[str]:
        """Those of the keys that are in the list, in order."""


class Rows(ScrollView, Generic[Row], can_focus=True):
    """Rows in an order, with a cursor that moves through them. Actions on them belong to the table."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "table--heading",
        "table--cursor",
        "table--cursor-blurred",
        "table--accent",
        "table--marked",
    }
    DEFAULT_CSS = """
    Rows {
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
    # Moving it repaints two rows.
    cursor: reactive[int] = reactive(0, repaint=False)

    def __init__(
        self,
        columns: Sequence[Column[Row]],
        *,
        key: Callable[[Row], str],
        id: str | None = None,  # noqa: A002 - Textual's word
    ) -> None:
        """`key` identifies rows across updates."""
        super().__init__(id=id)
        self.columns = columns
        self._key = key
        self._rows: Sequence[Row] = ()
        self._order: Sequence[int] = range(0)
        self._marks: frozenset[str] = frozenset()
        self.sort: int | None = None
        self.reverse = False
        self._painted: PaintedRows | None = None
        # The width it had when it was last in sight.
        self._last_width = 0

    @property
    def rows(self) -> Sequence[Row]:
        """All rows as given, shown or filtered out."""
        return self._rows

    @property
    def rows_from_here(self) -> Sequence[Row]:
        """The row under the cursor and all below it, in the order shown."""
        return [self._rows[number] for number in self._order[self.cursor :]]

    @property
    def rows_in_sight(self) -> Sequence[Row]:
        """The rows on the screen, in the order shown; none before the list is laid out."""
        top = round(self.scroll_y)
        return [self._rows[number] for number in self._order[top : top + max(0, self.size.height - 1)]]

    @property
    def row(self) -> Row | None:
        """The row under the cursor, or None if the list is empty."""
        return self._rows[self._order[self.cursor]] if self.cursor < len(self._order) else None

    @property
    def counts(self) -> tuple[int, int]:
        """(rows shown, rows there are)."""
        return len(self._order), len(self._rows)

    def moved(self) -> None:
        """The cursor or its row changed."""

    def resized(self) -> None:
        """Its size changed: other columns may fit now."""

    # -- moving ----------------------------------------------------------------------------------------

    def move_to(self, place: int) -> None:
        """Move the cursor to a position in the order shown."""
        self.cursor = place

    def validate_cursor(self, value: int) -> int:
        return max(0, min(value, len(self._order) - 1))

    def watch_cursor(self, before: int, after: int) -> None:
        if before != after:
            # Two rows change, or all if the list scrolls.
            self.refresh_line(before + 1)
            self._keep_in_sight()
            self.refresh_line(after + 1)
            self.moved()

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
        self.cursor = len(self._order) - 1 if last > 0 else 0

    def _place(self, cursor: int) -> None:
        """The order changed: the cursor is here now."""
        self.virtual_size = Size(self.size.width, len(self._order) + 1)
        self.set_reactive(Rows.cursor, cursor)
        self._keep_in_sight()
        self.refresh()
        self.moved()

    # -- painting --------------------------------------------------------------------------------------

    def on_resize(self) -> None:
        self._last_width = self.size.width or self._last_width
        self.virtual_size = Size(self.size.width, len(self._order) + 1)
        self._keep_in_sight()
        self.resized()

    def has_room_for(self, column: Column[Row]) -> bool:
        """Whether a column is in sight, or would be if a notice were not in the list's place; before the list is laid
        out every one."""
        return not self._last_width or self._last_width >= column.least

    def _widths(self) -> list[tuple[int, int]]:
        """(column number, cells) of the columns that fit."""
        width = self.size.width
        shown_columns = [(n, c) for n, c in enumerate(self.columns) if width >= c.least]
        left = width - GAP - sum(c.width + GAP for _, c in shown_columns)
        shares = sum(c.share for _, c in shown_columns)
        widths = []
        for number, column in shown_columns:
            # Names are cut before numbers and bars, which would be wrong if cut.
            extra = left * column.share // shares if shares else 0
            widths.append((number, max(min(_MIN_WIDTH, column.width), column.width + extra)))
        return widths

    def render_lines(self, crop: Region) -> list[Strip]:
        if self.region.size != self.content_region.size or self.opacity != 1.0:
            # With a border, padding or opacity, which only Textual's own rendering draws.
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
        """Repaint; without regions the rows' data may have changed."""
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
        if y == 0 and not self._rows:
            return Strip.blank(paint.width, paint.plain[0])  # no header without rows
        if y == 0:
            style = self.rich_style + self.get_component_rich_style("table--heading", partial=True)
            sorted_by = self.columns[self.sort] if self.sort is not None else None
            return paint.heading(style, sorted_by, reverse=self.reverse)
        place = y - 1 + round(self.scroll_y)
        if place >= len(self._order):
            return Strip.blank(paint.width, paint.plain[0])
        row = self._rows[self._order[place]]
        return painted.row(place, row, marked=self._key(row) in self._marks, at_cursor=place == self.cursor)

    def watch_has_focus(self, _has_focus: bool) -> None:
        super().watch_has_focus(_has_focus)
        self.refresh(Region(0, 0, self.size.width, self.size.height))
