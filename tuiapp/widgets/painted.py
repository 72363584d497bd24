"""Paints a table's lines, with a cache of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tuiapp.cells import fitted
from tuiapp.safe import shown

if TYPE_CHECKING:
    from tuiapp.widgets.columns import Column

GAP = 2
# Cached painted rows, a few screenfuls.
KEPT = 400


class Paint(NamedTuple):
    """What all lines of a table share: width, columns and their cells, and styles, each plain and with the accent."""

    width: int
    columns: list[tuple[Column[Any], int]]
    plain: tuple[Style, Style]
    cursor: tuple[Style, Style]
    marked: tuple[Style, Style]

    def row(self, row: Any, lead: str, styles: tuple[Style, Style]) -> Strip:
        """A row's line, beginning with `lead`."""
        plain, accent = styles
        segments, words, style = [], lead, plain
        for column, cells in self.columns:
            wanted = accent if column.accent else plain
            if wanted is not style:
                segments.append(Segment(words, style))
                words, style = "", wanted
            words += fitted(shown(column.cell(row, cells)), cells, right=column.right) + " " * GAP
        segments.append(Segment(words, style))
        return Strip(segments).adjust_cell_length(self.width, plain)

    def heading(self, style: Style, sorted_by: Column[Any] | None, *, reverse: bool) -> Strip:
        """The header line, with an arrow at the sorted column."""
        words = "  "
        for column, cells in self.columns:
            title = column.title
            if column is sorted_by:
                title += "▾" if reverse else "▴"
                if column.right:
                    # If a title fills its column, the arrow is in the gap before it.
                    words, cells = words[:-1], cells + 1
            words += fitted(title, cells, right=column.right) + " " * GAP
        return Strip([Segment(words, style)]).adjust_cell_length(self.width, style)


class _Painted(NamedTuple):
    """A row's last painting, and its inputs."""

    row: Any
    lead: str
    styles: tuple[Style, Style]
    strip: Strip


class PaintedRows:
    """The cache, by position. If a row's data changes, call `forget`."""

    def __init__(self, paint: Paint) -> None:
        self._paint = paint
        self._rows: dict[int, _Painted] = {}

    def use(self, paint: Paint) -> None:
        """Set the paint."""
        if paint != self._paint:
            self._paint = paint
            self.forget()

    def forget(self) -> None:
        """Clear the cache."""
        self._rows.clear()

    def row(self, place: int, row: Any, *, marked: bool, at_cursor: bool) -> Strip:
        """The line of a row at its position in the order shown."""
        paint = self._paint
        # A glyph beside every colour, so that nothing depends on seeing colours.
        lead = "✓ " if marked else "▸ " if at_cursor else "  "
        styles = paint.cursor if at_cursor else paint.marked if marked else paint.plain
        before = self._rows.get(place)
        # A strip also caches its crops and rendering.
        if before is not None and before.row is row and before.lead == lead and before.styles is styles:
            return before.strip
        strip = paint.row(row, lead, styles)
        if len(self._rows) >= KEPT:
            self.forget()
        self._rows[place] = _Painted(row, lead, styles, strip)
        return strip
