"""An empty Discover: what is missing or wrong, and the keys that help."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import getters
from textual.content import Content
from textual.widgets import Static

from engine.errors import DiscoverError, NothingLeftError, NothingYetError
from tuiapp.screens.filters import Filters
from tuiapp.screens.first_steps import (
    first_steps,
    no_tracks,
    nothing_to_resurface,
    step,
    taken_back,
    untrained,
)
from tuiapp.screens.view import View
from tuiapp.widgets.coverage import ListNote

if TYPE_CHECKING:
    from engine.recommend.lists import DiscoverList
    from engine.session import Session, Status


class NothingListed(View):
    """The message in the list's place."""

    _dials_line = getters.query_one("#dials", Static)
    _note = getters.query_one(ListNote)

    def __init__(self) -> None:
        super().__init__()
        self._filters = Filters()
        self._list: DiscoverList | None = None
        self._error: DiscoverError | None = None
        self._welcomes = False

    def _show_dials(self) -> None:
        raise NotImplementedError

    def _ask_why_empty(self, note: str) -> None:
        """Find out why the list is empty: `note` is the reason of a solo model."""
        self.ask(_kept_out, lambda some: self._show_empty(note, kept_out=some), group="kept out")

    def _show_empty(self, note: str, *, kept_out: bool) -> None:
        """`kept_out` if the person's hides, blocks or exclusions may be the reason."""
        keymap = self.shell.keymap
        back = taken_back(self.shell.undoable, keymap) if kept_out else Content("")
        if note:
            self.set_state("empty", "Nothing to resurface", nothing_to_resurface(note, back, keymap))
        else:
            reset = step(self.key("discover.reset_dials"), "reset dials and filters\n")
            self.set_state("empty", "Nothing matches these dials", Content.assemble(reset, back))

    def _no_list(self, error: DiscoverError) -> None:
        """Show the first steps: every key they name works."""
        self._note.show(None)
        if not isinstance(error, NothingYetError):
            self.show_error(error)
        elif isinstance(error, NothingLeftError):
            self._show_dials()
            said, keymap = str(error).partition(". ")[0], self.shell.keymap
            self.set_state("empty", said, taken_back(self.shell.undoable, keymap))
        elif self._filters.times:
            self._show_dials()
            self.set_state(
                "empty",
                f"No plays: {self._filters.when}",
                f"Press {self.key('discover.pick_times')} for another time, "
                f"{self.key('discover.reset_dials')} for any time.",
            )
        elif self._filters.as_of:
            self._show_dials()
            self.set_state(
                "empty",
                f"No plays before {self._filters.as_of}",
                f"Press {self.key('discover.travel')} for another date, {self.key('discover.reset_dials')} for today.",
            )
        else:
            # Of another library or level, or of a model that is gone.
            self._list = None
            self._dials_line.update("")
            self.ask(lambda session: session.status(), self._show_first_steps, group="status")
            self._error = error

    def _show_first_steps(self, status: Status) -> None:
        self._welcomes = not status.listens
        self.set_status("")
        if status.listens and status.model is None and not self._filters.of_tracks:
            self.set_state("empty", "Your history is imported", untrained(status, self.shell.keymap))
        elif status.listens and self._filters.of_tracks and status.track_model is None:
            self._show_dials()
            self.set_state("empty", "No track recommendations yet", no_tracks(status, self.shell.keymap))
        elif status.listens:
            self.set_state("empty", "Nothing here yet", self.in_keys(self._error) if self._error else "")
        else:
            self.set_state("empty", "Welcome to discover", first_steps(status, self.shell.keymap))


def _kept_out(session: Session) -> bool:
    """Whether the person hid, blocked or excluded anything."""
    return bool(session.taste.rules()) or any(mark.verdict != "like" for mark in session.verdicts.all())
