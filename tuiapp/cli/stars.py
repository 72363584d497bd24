"""`stars`: imports stars from the person's own server as likes."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, cast

import click

from engine.push import WITH_STARS
from engine.wording import quantity
from tuiapp.cli.group import Options, cli
from tuiapp.cli.output import print_json, say, web_for
from tuiapp.cli.servers import keep, of_server, opened
from tuiapp.safe import shown

if TYPE_CHECKING:
    from engine.push.starred import HasStars


@cli.command()
@click.option(
    "--from",
    "service",
    type=click.Choice(WITH_STARS),
    default="subsonic",
    show_default=True,
    help="Kind of server.",
)
@of_server("Its address: https, or http on your own network", "the setting push.subsonic or push.jellyfin")
@click.option("--undo", is_flag=True, help="Undo the likes of the last run that found new stars.")
@click.pass_obj
def stars(options: Options, /, service: str, undo: bool, **who: Any) -> None:
    """Like what you starred on Navidrome or another server that speaks Subsonic, or your favourites on Jellyfin.

    A star becomes a like once: your own likes, hides and blocks stay as they are, and a like you undo does not come
    again. Starred albums are ignored. Connects to that server, and logs it: see `discover audit`.
    """
    with options.session() as session:
        if undo:
            gone = session.stars.undo()
            if options.json:
                print_json({"undone": gone})
            else:
                click.echo(f"{quantity(gone, 'likes')} undone.")
            return
        session.door.require_no_private_session("take in stars")
        with contextlib.closing(web_for(options, "")) as web:
            server, typed = opened(options, web, service, who)
            say(options, f"Asking {shown(server.address)} …")
            found = session.stars.take_in(cast("HasStars", server))
            keep(session, server, who, typed)
    if options.json:
        print_json({"stars": found.stars, "new": found.new, "likes": found.likes, "address": server.address})
    else:
        click.echo(
            f"{quantity(found.stars, 'stars')} at {shown(server.address)}, {found.new:,} of them new: "
            f"{quantity(found.likes, 'likes')}."
        )
        if found.likes:
            say(options, "Undo: discover stars --undo.")
