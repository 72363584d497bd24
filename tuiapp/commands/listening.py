"""`played`: a player's word that a track was heard, for its hooks."""

from __future__ import annotations

import time

import click

from engine.errors import UsageError
from tuiapp.cli import Options, cli
from tuiapp.output import print_json, say
from tuiapp.safe import shown

_SAID = {
    "kept": "Kept as a listen",
    "duplicate": "Already there",
    "skip": "Too short for a listen, kept as a skip",
}


@cli.command()
@click.argument("artist")
@click.argument("track")
@click.option(
    "--seconds",
    type=click.FloatRange(min=0, max=86_400, min_open=True),
    metavar="N",
    help="How long it was heard, to its end just now. Below 30 it is kept as a skip.",
)
@click.pass_obj
def played(options: Options, artist: str, track: str, seconds: float | None) -> None:
    """Keep a listen that ended now: for the hooks of players. In a private session nothing is kept.

    For example: discover played "Burial" "Archangel" --seconds 238
    """
    if options.private:
        # Not even the library is opened: a hook that fires in a private session is no error.
        say(options, "A private session: no listen is kept.")
        if options.json:
            print_json({"outcome": "private", "artist": artist, "track": track, "at": None})
        return
    from engine.session import Session

    at = int(time.time())
    session = Session(options.folders)
    try:
        outcome = session.note_listen(artist, track, seconds=seconds, at=at).outcome
    finally:
        session.close()
    if outcome == "nameless":
        raise UsageError("A listen needs the name of an artist and of a track.")
    say(options, f"{_SAID[outcome]}: {shown(artist)} - {shown(track)}.")
    if options.json:
        print_json({"outcome": outcome, "artist": artist, "track": track, "at": at})
