"""A mix: a new playlist that begins with what is chosen and goes on with what goes with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from engine.wording import quantity

if TYPE_CHECKING:
    from engine.session import PlaylistEdit, Session
    from tuiapp.music import Music
    from tuiapp.screens.asking import Asking


def mix_from(screen: Asking[Any], chosen: Sequence[Music]) -> None:
    """Make the mix in a thread, and open it where the person has not turned to something else; u undoes it."""
    from tuiapp.screens.add_to import named

    app = screen.app
    if not chosen:
        app.notify("No artist or track selected.")
        return
    first, more = chosen[0].track or chosen[0].artist, len(chosen) - 1
    title = f"Mix: {first}" + (f" and {more} more" if more else "")
    seeds = named(chosen)
    only = app.preferences.config.discover["from_library"]

    def change(session: Session) -> PlaylistEdit:
        return session.playlists.mix(title, seeds(session), from_library=only)

    def made(edit: PlaylistEdit | None) -> None:
        if edit is None:
            return
        if app.screen is screen:
            app.views.playlist(edit.name)
        where = app.keymap.label("view_playlists")
        undo = app.keymap.label("undo")
        app.notify(
            f"{edit.name}: {quantity(len(edit.tracks), 'tracks')}, in Playlists ({where}). {undo} undoes it."
        )

    app.changes.edit(f"making {title}", change, lambda session, edit: session.playlists.restore(edit), made)
