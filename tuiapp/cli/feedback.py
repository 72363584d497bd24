"""`like`, `hide`, `block`, `unblock` and `feedback`: verdicts on artists and tracks."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

import click

from engine.wording import credited
from tuiapp.cli.group import Options, cli
from tuiapp.cli.names import artists, name_argument, titles
from tuiapp.cli.output import print_json, print_table, say
from tuiapp.safe import shown

if TYPE_CHECKING:
    from engine.session import Session


_of_track = click.option(
    "--track", metavar="TITLE", shell_complete=titles, help="Only this track by the artist."
)


def _judge(options: Options, verdict: str | None, name: str, track: str | None) -> None:
    with options.session() as session:
        if verdict is not None and track is not None:
            track = session.tracks.resolve(name, track)
        before = session.verdicts.judge(verdict, name, track)
        if verdict is None and before is None:
            what = shown(credited(name, track))
            say(options, f"{what} has no like, hide or block; nothing changed.")
        _print(options, session)


@cli.command()
@name_argument("name", artists)
@_of_track
@click.pass_obj
def like(options: Options, name: str, track: str | None) -> None:
    """Like an artist: counts towards your taste."""
    _judge(options, "like", name, track)


@cli.command()
@name_argument("name", artists)
@_of_track
@click.pass_obj
def hide(options: Options, name: str, track: str | None) -> None:
    """Hide an artist from Discover; still counts towards your taste."""
    _judge(options, "hide", name, track)


@cli.command()
@name_argument("name", artists)
@_of_track
@click.pass_obj
def block(options: Options, name: str, track: str | None) -> None:
    """Block an artist: never shown on any screen, list or export, never learned from."""
    _judge(options, "block", name, track)


@cli.command()
@name_argument("name", artists)
@_of_track
@click.pass_obj
def unblock(options: Options, name: str, track: str | None) -> None:
    """Clear an artist's like, hide or block."""
    _judge(options, None, name, track)


@cli.command()
@click.pass_obj
def feedback(options: Options) -> None:
    """List your likes, hides and blocks."""
    with options.reading() as session:
        _print(options, session)


def _print(options: Options, session: Session) -> None:
    marks = session.verdicts.all()
    if options.json:
        print_json(
            {
                "feedback": [
                    {"artist": mark.artist}
                    | ({"track": mark.track} if mark.track else {})
                    | {"verdict": mark.verdict, "at": mark.at}
                    for mark in marks
                ]
            }
        )
        return
    rows = [
        (
            mark.verdict,
            mark.artist + (f" - {mark.track}" if mark.track else ""),
            datetime.datetime.fromtimestamp(mark.at, datetime.UTC).date().isoformat(),
        )
        for mark in marks
    ]
    if not marks:
        say(options, "No likes, hides or blocks.")
    print_table(("", "what", "since"), rows)
