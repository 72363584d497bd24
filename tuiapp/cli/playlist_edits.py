"""`playlists create`, `add`, `move`, `drop`, `continue` and `rename`: edits saved playlists."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from tuiapp.cli.group import Options, from_library_option
from tuiapp.cli.names import artists, name_argument, one_of, titles
from tuiapp.cli.names import playlists as saved
from tuiapp.cli.output import only_what_you_have, print_json, say
from tuiapp.cli.playlists import entry, playlists, print_tracks
from tuiapp.safe import shown

if TYPE_CHECKING:
    from engine.session import PlaylistEdit, Session


def _edit(options: Options, change: Callable[[Session], PlaylistEdit], done: str) -> None:
    """Edit a playlist, then print it; `done` is the message, with placeholders for a number and a name."""
    with options.session() as session:
        edit = change(session)
    if options.json:
        print_json(
            {
                "playlists": [{"name": edit.name, "tracks": [entry(track) for track in edit.tracks]}],
                "added": [entry(track) for track in edit.added],
                "already": [entry(track) for track in edit.already],
                "missing": [{"artist": one.artist, "track": one.track} for one in edit.missing],
            }
        )
        return
    if edit.changed or not edit.already:
        say(options, done.format(number=len(edit.added), name=shown(edit.name)))
    for note in edit.notes:
        say(options, shown(note))
    for track in edit.already:
        say(
            options,
            shown(
                f"{track.artist}, {track.track or 'by name'}: already in the playlist; --again adds it anyway."
            ),
        )
    for track in edit.added:
        if not track.track:
            say(options, shown(f"{track.artist}: no track known, added by name."))
    print_tracks(edit.tracks)


@playlists.command()
@name_argument("name", one_of(()))
@click.pass_obj
def create(options: Options, name: str) -> None:
    """Create an empty playlist."""
    _edit(options, lambda session: session.playlists.create(name), "Created {name}.")


@playlists.command()
@click.argument("name", shell_complete=saved)
@click.argument("artist", shell_complete=artists)
@click.option(
    "--track",
    metavar="TITLE",
    shell_complete=titles,
    help="The track.  [default: one of the artist's best known]",
)
@click.option("--again", is_flag=True, help="Even if it is already in the playlist.")
@click.pass_obj
def add(options: Options, name: str, artist: str, track: str | None, again: bool) -> None:
    """Add a track by ARTIST to the end of the playlist NAME."""

    def change(session: Session) -> PlaylistEdit:
        return session.playlists.add(name, session.tracks.to_add([(artist, track)]), again=again)

    _edit(options, change, "{number} added to {name}.")


@playlists.command()
@click.argument("name", shell_complete=saved)
@click.argument("position", type=int, metavar="FROM")
@click.argument("to", type=int)
@click.pass_obj
def move(options: Options, name: str, position: int, to: int) -> None:
    """Move the track at position FROM to position TO."""
    _edit(options, lambda session: session.playlists.move(name, position, to), "Moved in {name}.")


@playlists.command()
@click.argument("name", shell_complete=saved)
@click.argument("positions", type=int, nargs=-1, required=True, metavar="POSITION...")
@click.pass_obj
def drop(options: Options, name: str, positions: tuple[int, ...]) -> None:
    """Remove the tracks at these positions from a playlist."""
    _edit(options, lambda session: session.playlists.remove_tracks(name, positions), "Removed from {name}.")


@playlists.command(name="continue")
@name_argument("name", saved)
@click.option("-n", "count", type=click.IntRange(min=1), default=10, show_default=True, help="How many.")
@click.option(
    "--seed", type=int, default=0, show_default=True, help="Seed: another number gives other tracks."
)
@from_library_option
@click.pass_obj
def continue_(options: Options, name: str, count: int, seed: int, from_library: bool | None) -> None:
    """Add matching tracks, some of them new, to the end of a playlist."""
    only = only_what_you_have(options, from_library)
    _edit(
        options,
        lambda session: session.playlists.extend(name, count, seed, from_library=only),
        "{number} added to {name}.",
    )


@playlists.command()
@click.argument("name", metavar="OLD", shell_complete=saved)
@click.argument("new")
@click.pass_obj
def rename(options: Options, name: str, new: str) -> None:
    """Rename a playlist."""
    from tuiapp.cli.playlists import print_saved

    with options.session() as session:
        session.playlists.rename(name, new)
        print_saved(options, session)
