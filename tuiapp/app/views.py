"""Navigation: the views shown so far, and moving between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuiapp.textual_internals.widgets import all_screens

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tuiapp.app.app import DiscoverApp
    from tuiapp.screens.discover import DiscoverView
    from tuiapp.screens.view import View

# Maximum length of the back history.
_STEPS = 20


class Views:
    """The current view, the back history, and navigation from a row."""

    def __init__(self, app: DiscoverApp) -> None:
        self._app = app
        self._before: list[str] = []

    def shown(self) -> Iterable[View]:
        """The views shown so far, visible or not, except one that is still being composed."""
        from tuiapp.screens.view import View

        return (screen for screen in all_screens(self._app) if isinstance(screen, View) and screen.is_mounted)

    def go(self, name: str) -> None:
        """Show a view, and add the current one to the history. Closes dialogs."""
        while len(self._app.screen_stack) > 1:
            self._app.pop_screen()
        if name != self._app.current_mode:
            self._before = [*self._before, self._app.current_mode][-_STEPS:]
            self._app.switch_mode(name)

    def back(self) -> None:
        """The view before."""
        if self._before:
            self._app.switch_mode(self._before.pop())
        else:
            self._app.notify("No view before this one.")

    def taste(self, number: int, name: str) -> None:
        """Discover for one of the person's tastes."""
        self._discover().show_taste(number, name)

    def as_of(self, date: str) -> None:
        """Discover as of a typed date; empty means now."""
        self._discover().show_as_of(date)

    def _discover(self) -> DiscoverView:
        from tuiapp.screens.discover import DiscoverView

        self.go("discover")
        screen = self._app.screen_stack[0]
        assert isinstance(screen, DiscoverView)  # noqa: S101 - the mode's screen
        return screen

    def related(self, name: str) -> None:
        """Artists similar to one."""
        from tuiapp.screens.related import RelatedView

        self.go("related")
        screen = self._app.screen_stack[0]
        if isinstance(screen, RelatedView):
            screen.start_at(name)

    def browse(self, genres: Sequence[str], artist: str) -> None:
        """Browse the first of these genres that exists, else the artist's narrowest."""
        from tuiapp.screens.browse import BrowseView

        self.go("browse")
        screen = self._app.screen_stack[0]
        if isinstance(screen, BrowseView):
            screen.start_at(genres, artist)

    def playlist(self, name: str) -> None:
        """A saved playlist, open."""
        from tuiapp.screens.playlists import PlaylistsView

        self.go("playlists")
        screen = self._app.screen_stack[0]
        if isinstance(screen, PlaylistsView):
            screen.open_list(name)

    def artist(self, name: str) -> None:
        """An artist page, over the view."""
        from tuiapp.screens.artist import ArtistDialog

        self._app.push_screen(ArtistDialog(name), lambda found: self.related(found) if found else None)
