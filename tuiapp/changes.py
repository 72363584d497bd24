"""Changes to the library: made off the event loop in the order asked for, each with a way back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from engine.errors import DiscoverError
from tuiapp.safe import shown

if TYPE_CHECKING:
    from engine.session import Session
    from tuiapp.app import DiscoverApp

UNDO_DEPTH = 50


class Changes:
    """What was changed since the app was opened, the last first to be taken back."""

    def __init__(self, app: DiscoverApp) -> None:
        self._app = app
        # One after the other: an undo waits for what it undoes.
        self._one_at_a_time = threading.Lock()
        self._undo: list[tuple[str, Callable[[], None]]] = []

    def remember(self, what: str, undo: Callable[[], None]) -> None:
        """Something was done that `undo` takes back."""
        self._undo = [*self._undo, (what, undo)][-UNDO_DEPTH:]

    def forget(self) -> None:
        """Nothing can be taken back any more."""
        self._undo.clear()

    def take_back(self) -> None:
        """Undo the last change and say which."""
        if not self._undo:
            self._app.notify("Nothing to undo.")
            return
        what, undo = self._undo.pop()
        undo()
        self._app.notify(f"Undone: {shown(what)}.")

    def make(self, change: Callable[[Session], Any]) -> None:
        """Change the library in a thread, then let every view ask anew."""
        app = self._app

        def run() -> None:
            try:
                with self._one_at_a_time:
                    change(app.engine())
            except DiscoverError as error:
                app.call_from_thread(app.notify, str(error), severity="error")
            app.call_from_thread(app.library_changed)

        app.run_worker(run, thread=True, group="change")

    def judge(self, verdict: str | None, names: Sequence[str]) -> None:
        """Set a verdict on artists, remember one undo for all, say so."""
        if not names:
            return
        before: dict[str, str | None] = {}

        def change(session: Session) -> None:
            for name in names:
                before[name] = session.judge(verdict, name)

        def restore(session: Session) -> None:
            for name, earlier in before.items():
                session.judge(earlier, name)

        words = {"like": "Liked", "hide": "Hidden", "block": "Blocked", None: "Taken back"}[verdict]
        what = names[0] if len(names) == 1 else f"{len(names)} artists"
        self.make(change)
        self.remember(f"{words.lower()} {what}", lambda: self.make(restore))
        self._app.notify(f"{words}: {shown(what)}. {self._app.keymap.label('undo')} takes it back.")
