"""A dialog with a list of music."""

from __future__ import annotations

from typing import Any, ClassVar

from textual.binding import Binding

from tuiapp.screens.acting import Acting
from tuiapp.screens.dialogs import Dialog


class MusicDialog(Dialog, Acting[Any]):
    """Its rows are artists or tracks, which have the keys of every list of music."""

    BINDINGS: ClassVar[list[Any]] = [
        Binding("escape", "back", show=False, tooltip="Close; first clear the selection."),
    ]

    def action_back(self) -> None:
        """Close, but first the selection."""
        if self.table is not None and self.table.marks:
            self.table.clear_marks()
        else:
            self.dismiss(None)
