"""Columns of a list."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

Row = TypeVar("Row")


@dataclass(frozen=True)
class Column(Generic[Row]):
    """A column.

    `text` returns a row's cell; `order` its sort key, null if it cannot be sorted. `by` is the engine's name of the
    sort order for rows it sorts, `Fetched` ones (`widgets.rows`). `width` is in cells; columns with `share` above 0
    divide the remaining or missing width. `least` is the minimum table width for showing the column. `accent` draws it
    in the accent colour. `within` returns a text for a limited number of cells, for texts better shortened than cut.
    """

    title: str
    text: Callable[[Row], str]
    width: int
    share: int = 0
    right: bool = False
    order: Callable[[Row], Any] | None = None
    least: int = 0
    accent: bool = False
    by: str = ""
    within: Callable[[Row, int], str] | None = None

    def cell(self, row: Row, cells: int) -> str:
        """A row's text, for this many cells."""
        return self.text(row) if self.within is None else self.within(row, cells)

    @property
    def sorts(self) -> bool:
        """Whether the list can be sorted by it."""
        return self.order is not None or bool(self.by)
