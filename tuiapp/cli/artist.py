"""`artist`: the page of one artist."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from engine.errors import UnknownNameError
from engine.wording import percent, quantity
from tuiapp.cli.group import Options, cli
from tuiapp.cli.names import artists, name_argument
from tuiapp.cli.output import print_json, say, thousands
from tuiapp.safe import shown
from tuiapp.tastes import in_a_line
from tuiapp.text import day, ordinal

if TYPE_CHECKING:
    from engine.session import Session
    from engine.session.artist_pages import ArtistCard


@cli.command()
@name_argument("name", artists)
@click.pass_obj
def artist(options: Options, name: str) -> None:
    """Artist page: your plays, why they are recommended, similar artists."""
    from engine.recommend.settings import DiscoverSettings
    from tuiapp.settings.config import read

    settings = read(options.folders.config).for_discover(DiscoverSettings())
    with options.reading() as session:
        card = session.artist_pages.of(_found(options, session, name), settings)
    if options.json:
        print_json(asdict(card))
    else:
        _print(card)


def _found(options: Options, session: Session, name: str) -> str:
    """The artist of this name, or the first that search finds. Raises UnknownNameError with the nearest names."""
    try:
        return session.artists.resolve(name)[0]
    except UnknownNameError:
        found = next((hit.artist for hit in session.artists.search(name) if hit.kind == "artist"), None)
        if found is None:
            raise
        say(options, shown(f"No artist “{name}” here; this is {found}."))
        return found


def _print(card: ArtistCard) -> None:
    played = card.played
    click.echo(shown(card.artist) + (f" ({card.verdict})" if card.verdict else ""))
    among = "of the artists you know" if card.of_taste or card.with_others else "in Discover"
    if card.listeners or card.sessions:
        counted = (
            quantity(card.sessions, "sessions") if card.sessions else quantity(card.listeners, "listeners")
        )
        click.echo(counted + (f", {ordinal(card.rank)} {among}" if card.rank else ""))
    if card.tags:
        click.echo(", ".join(shown(tag) for tag in card.tags))
    span = f", {day(played.first)} to {day(played.last)}" if played.first is not None else ""
    click.echo(f"{quantity(played.plays, 'plays')}{span}")
    if card.with_others:
        click.echo(f"{quantity(card.with_others, 'plays')} with others")
    for title, plays in played.tracks:
        click.echo(f"  {thousands(plays):>7}  {shown(title)}")
    if card.of_taste:
        click.echo(
            f"{percent(card.of_taste)} of your taste, {percent(card.of_discover)} of Discover's ranking"
        )
        if card.speaks_for:
            spoken = ", ".join(f"{shown(s.artist)} {percent(s.share)}" for s in card.speaks_for)
            click.echo(f"counts most towards {spoken}")
    elif card.tastes is not None:
        click.echo(f"because of {shown(in_a_line(card.tastes))}")
    if card.note:
        click.echo(shown(card.note))
    if card.near:
        note = f" ({card.near_note})" if card.near_note else ""
        click.echo("similar artists " + ", ".join(map(shown, card.near)) + note)
