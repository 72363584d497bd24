"""A view with several lists: keys and filter are those of the list that has the focus."""

from __future__ import annotations

from typing import Any

from textual import events, on
from textual.widgets import Input

from tuiapp.screens.view import View
from tuiapp.settings import state as remembered
from tuiapp.widgets.table import Table


class SeveralLists(View):
    """Its lists have ids; `_at` is the selector of the one that has, or last had, the keys."""

    _at = ""

    @property
    def table(self) -> Table[Any]:
        return self.query_one(self._at, Table)

    def another_list(self) -> None:
        """Another of the lists has the keys."""

    @on(events.DescendantFocus)
    def _focus_moved(self, event: events.DescendantFocus) -> None:
        """Another list has the keys: the filter line is now its own."""
        if not isinstance(event.widget, Table) or f"#{event.widget.id}" == self._at:
            return
        self._at = f"#{event.widget.id}"
        self.show_filter_of(event.widget)
        self.show_marks()
        self.another_list()

    def show_filter_of(self, table: Table[Any]) -> None:
        """Show a list's own filter in the line for it, and none where it has none."""
        line = self._filter_input
        self._filter_line.set_class(bool(table.filter), "-shown")
        with line.prevent(Input.Changed):
            line.value = table.filter
        self.listed()

    def remembered(self) -> dict[str, Any]:
        lists = {
            table.id: {"sort": table.sort, "reverse": table.reverse, "filter": table.filter}
            for table in self.query(Table)
        }
        return {"lists": lists}

    def recall(self, state: dict[str, Any]) -> None:
        for table in self.query(Table):
            kept = remembered.part(state, "lists", table.id or "")
            sort, text = kept.get("sort"), kept.get("filter")
            if isinstance(sort, int) and 0 <= sort < len(table.columns) and table.columns[sort].order:
                table.sort = sort
            table.reverse = kept.get("reverse") is True
            if isinstance(text, str):
                table.filter = text
        self.show_filter_of(self.table)
