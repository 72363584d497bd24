"""What stands above a list that is made from too little of what the person plays, or where nothing has rested."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.widgets import Static

from tuiapp.safe import shown
from tuiapp.shell import InShell

if TYPE_CHECKING:
    from engine.recommend.lists import DiscoverList


class ListNote(InShell, Static):
    """How little of the plays the community data knows, and the keys that help; in solo mode that nothing has rested.
    Hidden where neither is so."""

    DEFAULT_CSS = """
    ListNote { height: auto; max-height: 3; padding: 0 1; display: none; }
    ListNote.-shown { display: block; }
    """

    def show(self, found: DiscoverList | None) -> None:
        """Say it of a list it is so of, else nothing."""
        text = self._note_on(found) if found is not None else ""
        self.set_class(bool(text), "-shown")
        if text:
            self.update(Content.styled(shown(f"! {text}"), "bold $text-warning"))

    def _note_on(self, found: DiscoverList) -> str:
        coverage = found.coverage
        if coverage is not None and coverage.low:
            model, add, train = map(self.shell.keymap.label, ("view_model", "model.add_pack", "model.train"))
            return (
                f"{coverage.in_words()} Press {model} {add} for data that knows more, then {train} to train."
            )
        return found.notes[-1] if found.half_explored else ""
