"""What stands above a list that is made from too little of what the person plays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import getters
from textual.content import Content
from textual.widgets import Static

from tuiapp.safe import shown
from tuiapp.shell import Shell

if TYPE_CHECKING:
    from engine.taste.coverage import Coverage


class LowCoverage(Static):
    """How little of the plays the community data knows, and the keys that help; hidden where it knows enough."""

    app = getters.app(Shell)
    DEFAULT_CSS = """
    LowCoverage { height: auto; max-height: 3; padding: 0 1; display: none; }
    LowCoverage.-shown { display: block; }
    """

    def show(self, coverage: Coverage | None) -> None:
        """Say it where it is low, else nothing."""
        low = coverage is not None and coverage.low
        self.set_class(low, "-shown")
        if low and coverage is not None:
            model, add, train = map(self.app.keymap.label, ("view_model", "model.add_pack", "model.train"))
            text = f"! {coverage.in_words()} Press {model} {add} for data that knows more, then {train} to train."
            self.update(Content.styled(shown(text), "bold $text-warning"))
