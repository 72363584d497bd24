"""Mixes: new playlists from the chosen rows, and of any other kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from engine.errors import NothingYetError
from engine.wording import percent, quantity

if TYPE_CHECKING:
    from engine.playlists.mix import Mix, MixSettings
    from engine.session import PlaylistEdit, Session
    from tuiapp.music import Music
    from tuiapp.screens.asking import Asking
    from tuiapp.screens.dialogs import AskText
    from tuiapp.screens.pick import Choice

# A function that makes a mix, from session and settings.
Make = Callable[["Session", "MixSettings"], "Mix"]


def mix_from(screen: Asking[Any], chosen: Sequence[Music]) -> None:
    """A mix from artists and tracks."""
    from tuiapp.screens.add_to import named

    shell = screen.shell
    if not chosen:
        shell.remark("No artist or track selected.")
        return
    first, more = chosen[0].track or chosen[0].artist, len(chosen) - 1
    title = f"Mix: {first}" + (f" and {more} more" if more else "")
    seeds = named(chosen)
    only = shell.preferences.config.discover["from_library"]
    _keep(screen, title, lambda session: session.playlists.mix(title, seeds(session), from_library=only))


def _keep(
    screen: Asking[Any],
    what: str,
    change: Callable[[Session], PlaylistEdit],
    dialog: AskText | None = None,
) -> None:
    """Make the mix in a thread, and open it unless the person has moved on; undoable.

    Errors are shown in the `dialog`, if there is one.
    """
    shell = screen.shell

    def made(edit: PlaylistEdit | None) -> None:
        if edit is None:
            return
        if dialog is not None:
            dialog.accept()
        if screen.app.screen in (screen, dialog):
            shell.views.playlist(edit.name)
        where = shell.keymap.label("view_playlists")
        undo = shell.keymap.label("undo")
        counted = quantity(len(edit.tracks), "tracks")
        said = f"{edit.name}: {counted}, in Playlists ({where}). {undo} undoes it."
        shell.notify(" ".join((said, *edit.notes)))

    def restore(session: Session, edit: PlaylistEdit) -> None:
        session.playlists.restore(edit)

    shell.changes.edit(f"making {what}", change, restore, made, dialog.refuse if dialog is not None else None)


def ask_mix(screen: Asking[Any], playlist: str | None) -> None:
    """Ask for a kind of mix, including one from the `playlist` under the cursor, and make it."""
    from tuiapp.screens.pick import Offer, Pick

    question = Pick("New mix", lambda session: Offer(_kinds(session, playlist)))
    screen.app.push_screen(question, lambda kind: _make(screen, kind, playlist))


def _kinds(session: Session, playlist: str | None) -> list[Choice]:
    """The available kinds of mixes."""
    from tuiapp.screens.pick import Choice

    try:
        tastes = session.mixes.tastes()
    except NothingYetError:
        tastes = ()
    found = [
        Choice(f"daily {number}", f"Daily mix: {taste.name}", f"{percent(taste.share)} of plays")
        for number, taste in enumerate(tastes, 1)
    ]
    found += [
        Choice("forgotten", "Forgotten favourites"),
        Choice("on-this-day", "This day in past years"),
        Choice("genre", "From a genre …"),
        Choice("bridge", "Bridge from one artist to another …"),
    ]
    return found if playlist is None else [Choice("playlist", f"From {playlist}"), *found]


def _make(screen: Asking[Any], kind: str | None, playlist: str | None) -> None:
    which, _, number = (kind or "").partition(" ")
    if which == "daily":
        _keep_mix(screen, "a daily mix", lambda session, asked: session.mixes.daily(int(number), asked))
    elif which == "forgotten":
        _keep_mix(screen, "a mix of old favourites", lambda session, asked: session.replays.forgotten(asked))
    elif which == "on-this-day":
        _keep_mix(screen, "a mix of this day", lambda session, asked: session.replays.on_this_day(asked))
    elif which == "playlist":
        _keep_mix(screen, f"a mix from {playlist}", _from_seed(f"playlist:{playlist}"))
    elif which == "genre":
        _ask_genre(screen)
    elif which == "bridge":
        _ask_bridge(screen)


def _from_seed(seed: str) -> Make:
    return lambda session, asked: session.mixes.mix(session.seeds.of([seed]), asked)


def _keep_mix(screen: Asking[Any], what: str, make: Make, dialog: AskText | None = None) -> None:
    """Save a mix under its own title."""
    only = screen.shell.preferences.config.discover["from_library"]

    def change(session: Session) -> PlaylistEdit:
        from engine.playlists.mix import MixSettings

        return session.playlists.keep_mix(
            "", lambda seed: make(session, MixSettings(seed=seed, from_library=only))
        )

    _keep(screen, what, change, dialog)


def mix_of_genre(screen: Asking[Any], genre: str) -> None:
    """A mix from a genre, decade or group of artists, as Browse names it."""
    _keep_mix(screen, f"a mix of {genre}", _from_seed(f"genre:{genre}"))


def mix_of_taste(screen: Asking[Any], number: int, name: str) -> None:
    """The daily mix of a taste, which Taste lists under this name and number."""

    def make(session: Session, asked: MixSettings) -> Mix:
        # Today's plays count in Taste, and not for the mixes of the day: the numbers may differ.
        names = [taste.name for taste in session.mixes.tastes()]
        return session.mixes.daily(names.index(name) + 1 if name in names else min(number, len(names)), asked)

    _keep_mix(screen, f"a daily mix of {name}", make)


def _ask_genre(screen: Asking[Any]) -> None:
    """Ask which genre, most played first."""
    from tuiapp.screens.pick import Choice, Offer, Pick

    def genres(session: Session) -> Offer:
        return Offer(
            [
                Choice(node.name, node.name, quantity(node.artists, "artists"))
                for node in session.browse.tree().nodes
                if node.kind != "all"
            ]
        )

    def chosen(genre: str | None) -> None:
        if genre is not None:
            mix_of_genre(screen, genre)

    screen.app.push_screen(Pick("Mix from", genres), chosen)


def _ask_bridge(screen: Asking[Any]) -> None:
    """Ask where the bridge begins, then where it ends."""
    from tuiapp.screens.dialogs import AskText

    hint = "an artist, “artist - track”, a playlist or a genre; enter accept, esc cancel"

    def begin(start: str, first: AskText) -> None:
        def end(goal: str, second: AskText) -> None:
            _keep_mix(
                screen,
                f"a bridge from {start} to {goal}",
                lambda session, asked: session.bridges.bridge(start, goal, asked),
                second,
            )

        def known(_: object) -> None:
            first.accept()
            screen.app.push_screen(AskText(f"Bridge from {start} to", end, hint=hint))

        first.ask(lambda session: session.seeds.of([start]), known, group="seed")

    screen.app.push_screen(AskText("Bridge from", begin, hint=hint))
