"""Dialogs that nobody asked for, such as a job's report: each waits until no other dialog is open."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from textual.screen import Screen

    from tuiapp.app.app import DiscoverApp


class DialogQueue:
    """Shows them one at a time, over a view: a key meant for one dialog must not answer another."""

    def __init__(self, app: DiscoverApp) -> None:
        self._app = app
        self._waiting: list[tuple[Screen[Any], Callable[[Any], None]]] = []
        self._began = False

    def begin(self) -> None:
        """Show what waits, from now on."""
        if not self._began:
            self._began = True
            # After what is done with the answer, which may be the next dialog.
            app = self._app
            app.screen_change_signal.subscribe(
                app, lambda _screen: app.call_later(app.call_later, self._next)
            )
        self._next()

    def show(
        self, dialog: Screen[Any], answered: Callable[[Any], None], *, before_others: bool = False
    ) -> None:
        """Show a dialog once no other is open; `answered` gets its result, null if it is closed."""
        self._waiting.insert(0 if before_others else len(self._waiting), (dialog, answered))
        self._next()

    def _next(self) -> None:
        app = self._app
        if self._began and self._waiting and len(app.screen_stack) == 1 and not app.leaving:
            app.push_screen(*self._waiting.pop(0))
