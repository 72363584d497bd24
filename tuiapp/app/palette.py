"""The command palette: all actions available here, with their current keys."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from textual import on
from textual.app import SystemCommand
from textual.command import CommandPalette, DiscoveryHit, Hit, Provider
from textual.content import Content
from textual.screen import Screen
from textual.system_commands import SystemCommandsProvider
from textual.widgets import Input, OptionList

from engine.errors import DiscoverError
from tuiapp.music import Music
from tuiapp.safe import shown
from tuiapp.settings.actions import ACTIONS, EVERYWHERE, LISTS
from tuiapp.widgets.dimmed import Dimming
from tuiapp.widgets.table import Table

if TYPE_CHECKING:
    from tuiapp.app.app import DiscoverApp

# Actions of lists that are worth finding by name.
_OF_LISTS = {"open", "copy"}


class Palette(CommandPalette, Dimming[None]):
    """Textual's, with faster dimming of the view below, and closed only once: two enters in one read count as one."""

    @on(Input.Submitted)
    @on(OptionList.OptionSelected)
    def _chosen(self, event: Input.Submitted | OptionList.OptionSelected) -> None:
        if not self.is_current:
            event.prevent_default()


def open_palette(app: DiscoverApp) -> None:
    """Open the palette, unless it is open."""
    if not isinstance(app.screen, CommandPalette):
        app.push_screen(Palette(id="--command-palette"))


def commands(app: DiscoverApp, screen: Screen[Any]) -> Iterator[SystemCommand]:
    """The actions available on a screen: the view's own first, then those of every list, then the rest."""
    from tuiapp.screens.view import View

    absent = screen.absent if isinstance(screen, View) else frozenset()
    nearest = {app.current_mode: 0, LISTS: 1}
    for action in sorted(ACTIONS, key=lambda action: nearest.get(action.scope, 2)):
        key = app.keymap.first(action)
        target: Any = app if action.scope == EVERYWHERE else screen
        if not key and action.scope == LISTS and not action.command:
            # It is done by the list itself.
            table = screen.table if isinstance(screen, View) else None
            target = screen.focused if isinstance(screen.focused, Table) else table
        if target is None or target.check_action(action.stem, ()) is False:
            continue
        # Without a key there is no other way to it.
        here = action.scope in {EVERYWHERE, app.current_mode} and (
            not key or action.id not in {"palette", "back"}
        )
        in_list = isinstance(screen, View) and (not key or action.id in _OF_LISTS)
        if here or (action.scope == LISTS and in_list and action.id not in absent):
            name = f"{action.label.capitalize()} ({key})" if key else action.label.capitalize()
            yield SystemCommand(name, action.help, _runner(app, action.command or action.id, target))


def _runner(app: DiscoverApp, action: str, target: Any) -> Callable[[], Any]:
    return lambda: app.run_worker(partial(app.run_action, action, target), exit_on_error=True)


class KeyCommands(SystemCommandsProvider):
    """The actions, in the order of `commands`: Textual would sort them alphabetically."""

    async def discover(self) -> AsyncIterator[DiscoveryHit]:
        for name, about, run, discover in self.app.get_system_commands(self.screen):
            if discover:
                yield DiscoveryHit(name, run, help=about)


class ArtistCommands(Provider):
    """Actions on an artist whose name is typed, one's own or the community's."""

    MAX_ARTISTS = 3

    async def search(self, query: str) -> AsyncIterator[Hit]:
        """The first artists that search finds, and the actions on each."""
        app = cast("DiscoverApp", self.app)  # the palette is in no other
        # A single letter matches too much; a single Chinese or Japanese character may be a name.
        if len(query.strip()) < 2 and query.isascii():
            return
        try:
            found = await asyncio.to_thread(lambda: app.engine().artists.search(query, 20))
        except DiscoverError:
            return
        names = list(dict.fromkeys(hit.artist for hit in found if hit.kind == "artist"))[: self.MAX_ARTISTS]
        for place, name in enumerate(names):
            for order, (text, what, command) in enumerate(
                (
                    (
                        f"{shown(name)}: artist page",
                        "Your plays and reasons.",
                        partial(app.views.artist, name),
                    ),
                    (f"{shown(name)}: similar artists", "In Related.", partial(app.views.related, name)),
                    (
                        f"Like {shown(name)}",
                        "Counts towards your taste.",
                        partial(app.changes.judge, "like", [Music(name)]),
                    ),
                    (
                        f"Block {shown(name)}",
                        "Never shown anywhere, never learned from.",
                        partial(app.changes.judge, "block", [Music(name)]),
                    ),
                )
            ):
                # Below the actions, best match first.
                yield Hit(0.5 - 0.1 * place - 0.01 * order, Content(text), command, text, what)
