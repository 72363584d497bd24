"""A note above a list with low coverage, or if nothing has rested."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.widgets import Static

from tuiapp.safe import shown
from tuiapp.shell import InShell

if TYPE_CHECKING:
    from engine.recommend.lists import DiscoverList


class ListNote(InShell, Static):
    """The low coverage, with the keys that help; in solo mode that nothing has rested. Hidden otherwise."""

    DEFAULT_CSS = """
    ListNote { height: auto; max-height: 3; padding: 0 1; display: none; }
    ListNote.-shown { display: block; }
    """

    def show(self, found: DiscoverList | None) -> None:
        """Show the note for a list, if it applies."""
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
