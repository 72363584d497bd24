"""Messages on why a key of the table of keys has no effect now, shown when it is pressed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.widgets import Input

from tuiapp.screens.acting import NO_LIST, NOTHING_LISTED
from tuiapp.screens.dialogs import Dialog
from tuiapp.screens.view import View
from tuiapp.settings.actions import ACTIONS, EVERYWHERE, LISTS, Action, scope_of
from tuiapp.widgets.table import Table

if TYPE_CHECKING:
    from tuiapp.app.player_keys import PlayerKeys

_MARKS = ("mark", "mark_range", "mark_all")
_OF_MUSIC = ("open", "play_next", "copy")


def say_why_not(app: PlayerKeys, key: str) -> None:
    """Say why this key, by name, has no effect in the current view or dialog; nothing if it has one, or never does."""
    view = app.screen
    if isinstance(view, Dialog):
        if why := _why_not_in(app, view, key):
            view.remark(why)
        return
    if not isinstance(view, View) or isinstance(app.focused, Input):
        return
    found = [
        action
        for action in ACTIONS
        if action.scope in (view.NAME, LISTS, EVERYWHERE) and key in app.keymap.keys(action).split(",")
    ]
    if not found or any(_is_able(app, view, action) for action in found):
        return
    # A view knows whether its list is still loading, which is nothing to a key that there is everywhere.
    (app if found[0].scope == EVERYWHERE else view).remark(_reason(app, view, found[0]))


def _why_not_in(app: PlayerKeys, dialog: Dialog, key: str) -> str:
    """A dialog has few of the keys there are everywhere; letters are typed where there is a line for them."""
    found = [action for action in scope_of(EVERYWHERE) if key in app.keymap.keys(action).split(",")]
    if not found or key in dialog.active_bindings or isinstance(app.focused, Input):
        return ""
    if app.check_action(found[0].stem, ()) is False:
        return _without_effect(app, found[0])
    return f"Press esc first: {app.keymap.labels(found[0])} ({found[0].label}) works outside this dialog."


def _is_able(app: PlayerKeys, view: View, action: Action) -> bool:
    if action.scope == EVERYWHERE:
        return app.check_action(action.stem, ()) is not False
    if view.check_action(action.stem, ()) is False:
        return False
    if action.scope != LISTS or action.id == "filter":
        return True
    table = app.focused
    return isinstance(table, Table) and table.check_action(action.stem, ()) is not False


def _reason(app: PlayerKeys, view: View, action: Action) -> str:
    if action.id == "demo":
        return "The demo is for an empty library; this one has plays."
    if action.scope == EVERYWHERE:
        return _without_effect(app, action)
    if action.id in _OF_MUSIC and action.id in view.absent:
        return "No artists or tracks in this list."
    if not isinstance(app.focused, Table):
        return NOTHING_LISTED if view.lists_nothing else NO_LIST
    if action.id in _MARKS and not app.focused.markable:
        return "Rows of this list can't be selected."
    if not app.focused.counts[0]:
        return f"No row matches “{app.focused.filter}”." if app.focused.counts[1] else NOTHING_LISTED
    return "This list can't be sorted."


def _without_effect(app: PlayerKeys, action: Action) -> str:
    """Why a key that there is everywhere has no effect now."""
    if action.id == "leave_demo":
        return "This is your own library, not the demo."
    return f"Nothing is playing. {app.keymap.label('lists.open')} plays the track or artist under the cursor."
