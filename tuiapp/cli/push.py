"""`push`: a playlist sent to a server of the person's own."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from engine.errors import UsageError
from engine.push import SERVICES
from engine.wording import quantity
from tuiapp.cli.group import Options, cli
from tuiapp.cli.names import name_argument
from tuiapp.cli.names import playlists as saved
from tuiapp.cli.output import print_json, progress_bar, say, web_for
from tuiapp.safe import shown

if TYPE_CHECKING:
    from engine.push.matching import Server
    from engine.session.pushing import Offer
    from tuiapp.settings.config import Config

_VARIABLE = "DISCOVER_PUSH_PASSWORD"


@cli.command()
@name_argument("name", saved, metavar="PLAYLIST")
@click.option(
    "--to", "service", type=click.Choice(tuple(SERVICES)), required=True, help="What the server is."
)
@click.option(
    "--url",
    metavar="ADDRESS",
    help="Where it is: https, or http on a network of your own; of MPD host:port or a socket's path.  [default: the "
    "setting push.subsonic, push.jellyfin or listen.mpd; listenbrainz.org]",
)
@click.option("--user", metavar="NAME", help="Your name there; a token or API key of your own needs none.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option(
    "--plain-password",
    is_flag=True,
    help="Send the password itself, to a server that takes no digest of it; over https or on this machine only.",
)
@click.option(
    "--remember",
    is_flag=True,
    help="Keep name and password for this address: in the system's keyring, else in a file that only you can read.",
)
@click.option("--yes", is_flag=True, help="Skip confirmation.")
@click.pass_obj
def push(
    options: Options,
    name: str,
    service: str,
    url: str | None,
    user: str | None,
    password_stdin: bool,
    plain_password: bool,
    remember: bool,
    yes: bool,
) -> None:
    """Send a playlist to a server of your own. Beside downloads this is the only command that connects to others.

    Shows the address, what the server has of the playlist and what not, and asks first. Sent again, it replaces the
    list it made there, and no other. ListenBrainz takes tracks whose MusicBrainz recording is known alone. The
    password, token or key is read from DISCOVER_PUSH_PASSWORD or standard input, or asked for. What was sent where is
    noted: discover audit.
    """
    from engine.push.asking import NotLetInError
    from engine.push.credentials import Credentials, keep_credentials
    from engine.push.servers import server_for
    from tuiapp.settings.config import read

    config = read(options.folders.config)
    with options.session() as session, contextlib.closing(web_for(options, "")) as web:
        session.door.require_writable("send a playlist")
        session.playlists.named(name)
        typed = None
        if (secret := _secret(password_stdin)) is not None:
            typed = Credentials(user or "", secret, plain_password)
        elif user is not None and sys.stdin.isatty():
            typed = Credentials(user, click.prompt("Password", hide_input=True, err=True), plain_password)
        try:
            server = server_for(web, options.folders, service, _places(config, service, url), typed)
        except NotLetInError as error:
            raise UsageError(
                f"{error} Give --user, and the password, token or key in {_VARIABLE} or with --password-stdin; "
                "--remember keeps both."
            ) from error
        say(options, f"Asking {shown(server.address)} …")
        with progress_bar(options, {"looking for tracks": 1}) as report:
            offer = session.pushing.offered(name, server, report)
        if remember and typed is not None:
            keep_credentials(session.door, service, server.address, typed)
        _agree(options, offer, server, yes)
        session.pushing.send(offer, server)
    if options.json:
        print_json(
            {
                "matched": len(offer.match.ids),
                "missing": [{"artist": one.artist, "track": one.track} for one in offer.match.missing],
                "address": server.address,
                "playlist": offer.name,
                "replaced": bool(offer.there),
            }
        )
    else:
        sent = quantity(len(offer.match.ids), "tracks")
        click.echo(f"{shown(offer.name)}: {sent} sent to {shown(server.address)}.")


def _secret(password_stdin: bool) -> str | None:
    """The password as it was handed over; null where it was not."""
    if not password_stdin:
        return os.environ.get(_VARIABLE) or None
    line = sys.stdin.readline().rstrip("\r\n")
    if not line:
        raise UsageError("There is no password on standard input.")
    return line


def _places(config: Config, service: str, url: str | None) -> Sequence[str]:
    """Where the server may be, as was said or else as the settings say."""
    from tuiapp.settings import checks
    from tuiapp.settings.servers import places

    if url is None:
        if found := places(config, service):
            return found
        raise UsageError(f"Where is the server? Give --url, or: discover config set push.{service} ADDRESS.")
    if service == "mpd":
        if "@" in url[1:]:
            raise UsageError(f"Leave the password out of the address: put it in {_VARIABLE}.")
        try:
            checks.mpd(url)
        except ValueError as error:
            raise UsageError(f"{url} is no address of MPD: give {error}.") from error
    return (url,)


def _agree(options: Options, offer: Offer, server: Server, yes: bool) -> None:
    """Say what would be sent, and ask unless it was agreed to."""
    missing = offer.match.missing
    found, of = len(offer.match.ids), len(offer.match.ids) + len(missing)
    tracks = quantity(of, "tracks")
    say(options, f"{found} of the {tracks} of {shown(offer.name)} match at {shown(server.address)}.")
    for one in dict.fromkeys(missing):
        say(options, f"No match: {shown(one.artist)} - {shown(one.track)}")
    if offer.there:
        say(options, "The list that was sent there before is replaced.")
    if not yes:
        if not sys.stdin.isatty():
            raise click.UsageError("Nothing was sent. Add --yes to send it.")
        click.confirm("Send it?", abort=True, err=True)
