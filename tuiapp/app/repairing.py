"""Offering to repair a library that is damaged: what can be read of it, or the last backup, in its place."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from engine.errors import DiscoverError, NothingYetError

if TYPE_CHECKING:
    from tuiapp.app.app import DiscoverApp


class Repairing:
    """Asks once a run, whichever view finds it first. A private session changes nothing, so it is not asked there."""

    def __init__(self, app: DiscoverApp) -> None:
        self._app = app
        self._asked = False

    def offer(self) -> None:
        """Ask whether to repair the library; returns at once."""
        if not self._asked and self._app.private_since is None:
            self._asked = True
            self._app.run_worker(self._look, thread=True, group="repairing")

    def _look(self) -> None:
        from engine.store.backups import chosen, listens_in

        try:
            backup = chosen(self._app.folders)
        except NothingYetError:
            last = "There is no backup."
        else:
            day = time.strftime("%Y-%m-%d %H:%M", time.gmtime(backup.made))
            last = (
                f"Where the backup of {day} UTC, with {listens_in(backup):,} listens, holds more, it takes its place: "
                "import again what came later."
            )
        self._app.call_from_thread(self._ask, last)

    def _ask(self, last: str) -> None:
        from tuiapp.screens.pick import Choice, Pick

        more = f"What can be read of it is kept. {last} The damaged file stays among the backups."
        choices = [Choice("repair", "Repair it"), Choice("", "Leave it as it is")]
        self._app.push_screen(Pick("The library is damaged", choices, more=more), self._answered)

    def _answered(self, choice: str | None) -> None:
        if choice:
            turn = self._app.changes.turn()
            self._app.run_worker(lambda: self._repair(turn), thread=True, group="repairing")

    def _repair(self, turn: AbstractContextManager[None]) -> None:
        app = self._app
        with turn:
            if app.private_since is None:
                self._repair_now()
            else:
                end = app.keymap.label("private")
                text = f"A private session changes nothing. Press {end} to end it, then start discover again."
                app.call_from_thread(app.notify, text, severity="warning")

    def _repair_now(self) -> None:
        from engine.privacy import Door
        from engine.session.repair import repair

        app = self._app
        if app.session_in_use is not None:
            # Closed later, its connection would take the log of the next file for its own.
            app.session_in_use.close()
        try:
            done = repair(Door(app.folders))
        except DiscoverError as error:
            app.call_from_thread(app.notify, str(error), severity="error")
        else:
            said = " ".join(done) or "Nothing could be repaired."
            app.call_from_thread(app.notify, said, title="Repair", timeout=15)
        app.call_from_thread(app.open_folders, app.folders)
        app.call_from_thread(app.library_changed)
