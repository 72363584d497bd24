"""How one column of a list is drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

Row = TypeVar("Row")


@dataclass(frozen=True)
class Column(Generic[Row]):
    """How one column is drawn. `text` gives a row's cell; `order` what it sorts by, null when it does not.

    `by` is the word for it where the engine sorts the rows, which then come as `Fetched` (`widgets.rows`).
    `width` is in cells; columns with `share` above 0 divide what is left, or what is lacking.
    `least` is the table width from which the column is shown at all. `accent` draws it in the accent colour. `within`
    is the cell's text in so many cells, for what is better said shorter than cut.
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
        """A row's text, for so many cells."""
        return self.text(row) if self.within is None else self.within(row, cells)

    @property
    def sorts(self) -> bool:
        """Whether the list can be sorted by it."""
        return self.order is not None or bool(self.by)
