"""What the palette offers: everything the keys do here, with the keys they have now."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from textual.app import SystemCommand
from textual.screen import Screen

from tuiapp.actions import ACTIONS, EVERYWHERE, LISTS

if TYPE_CHECKING:
    from tuiapp.app import DiscoverApp

# Of what every list can do, what is worth finding by name.
_OF_LISTS = {"open", "copy"}


def commands(app: DiscoverApp, screen: Screen[Any]) -> Iterator[SystemCommand]:
    """The actions that do something on a screen."""
    from tuiapp.screens.view import View

    absent = screen.absent if isinstance(screen, View) else frozenset(_OF_LISTS)
    for action in ACTIONS:
        here = action.scope in {EVERYWHERE, app.current_mode} and action.id not in {"palette", "back"}
        if here or (action.scope == LISTS and action.id in _OF_LISTS - absent):
            target = app if action.scope == EVERYWHERE else screen
            name = f"{action.label.capitalize()} ({app.keymap.label(action)})"
            yield SystemCommand(name, action.help, _runner(app, action.command or action.id, target))


def _runner(app: DiscoverApp, action: str, target: Any) -> Callable[[], Any]:
    return lambda: app.run_worker(app.run_action(action, target), exit_on_error=True)
