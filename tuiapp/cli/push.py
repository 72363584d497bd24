"""`push`: sends a playlist to the person's own server."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Any

import click

from engine.push import SERVICES
from engine.wording import quantity
from tuiapp.cli.group import Options, cli
from tuiapp.cli.names import name_argument
from tuiapp.cli.names import playlists as saved
from tuiapp.cli.output import print_json, progress_bar, say, web_for
from tuiapp.cli.servers import keep, of_server, opened
from tuiapp.safe import shown

if TYPE_CHECKING:
    from engine.push.matching import Server
    from engine.session.pushing import Offer


@cli.command()
@name_argument("name", saved, metavar="PLAYLIST")
@click.option("--to", "service", type=click.Choice(tuple(SERVICES)), required=True, help="Kind of server.")
@of_server(
    "Its address: https, or http on your own network; for MPD host:port or a socket's path",
    "the setting push.subsonic, push.jellyfin or listen.mpd; listenbrainz.org",
)
@click.option("--yes", is_flag=True, help="Skip confirmation.")
@click.pass_obj
def push(
    options: Options,
    /,
    name: str,
    service: str,
    yes: bool,
    **who: Any,
) -> None:
    """Send a playlist to a server of your own. Apart from downloads and `stars`, no other command connects to others.

    Shows the address and which tracks the server has, and asks first. Sending again replaces the list it made there,
    and no other. ListenBrainz takes only tracks whose MusicBrainz recording is known. The password, token or key is
    read from DISCOVER_PUSH_PASSWORD or standard input, or asked for. What was sent where is logged: see `discover
    audit`.
    """
    with options.session() as session, contextlib.closing(web_for(options, "")) as web:
        session.door.require_no_private_session("send a playlist")
        session.playlists.named(name)
        server, typed = opened(options, web, service, who)
        say(options, f"Asking {shown(server.address)} …")
        with progress_bar(options, {"looking for tracks": 1}) as report:
            offer = session.pushing.offered(name, server, report)
        keep(session, server, who, typed)
        _agree(options, offer, server, yes)
        with progress_bar(options, {"sending": 1}) as report:
            replaced = session.pushing.send(offer, server, report)
    if options.json:
        print_json(
            {
                "matched": len(offer.match.ids),
                "missing": [{"artist": one.artist, "track": one.track} for one in offer.match.missing],
                "address": server.address,
                "playlist": offer.name,
                "replaced": replaced,
            }
        )
    else:
        sent = quantity(len(offer.match.ids), "tracks")
        click.echo(f"{shown(offer.name)}: {sent} sent to {shown(server.address)}.")


def _agree(options: Options, offer: Offer, server: Server, yes: bool) -> None:
    """Show what would be sent, and ask unless `--yes` is given."""
    missing = offer.match.missing
    found, of = len(offer.match.ids), len(offer.match.ids) + len(missing)
    tracks = quantity(of, "tracks")
    say(options, f"{found} of the {tracks} of {shown(offer.name)} match at {shown(server.address)}.")
    for one in dict.fromkeys(missing):
        say(options, f"No match: {shown(one.artist)} - {shown(one.track)}")
    if offer.there:
        say(options, "If a list sent there before is still there, this replaces it.")
    if not yes:
        if not sys.stdin.isatty():
            raise click.UsageError("Nothing was sent. Add --yes to send it.")
        click.confirm("Send it?", abort=True, err=True)
