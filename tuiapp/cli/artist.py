"""`artist`: all there is to know of one artist."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from tuiapp.cli.group import Options, cli
from tuiapp.cli.output import print_json, thousands
from tuiapp.safe import shown
from tuiapp.text import day, ordinal, whole_percent

if TYPE_CHECKING:
    from engine.session.artist_pages import ArtistCard


@cli.command()
@click.argument("name")
@click.pass_obj
def artist(options: Options, name: str) -> None:
    """Artist page: your plays, why they are recommended, similar artists."""
    from engine.recommend.settings import DiscoverSettings
    from tuiapp.settings.config import read

    settings = read(options.folders.config).for_discover(DiscoverSettings())
    with options.session() as session:
        card = session.artist_pages.of(name, settings)
    if options.json:
        print_json(asdict(card))
    else:
        _print(card)


def _print(card: ArtistCard) -> None:
    played = card.played
    click.echo(shown(card.artist) + (f" ({card.verdict})" if card.verdict else ""))
    among = "of the artists you know" if card.of_taste else "in Discover"
    if card.listeners:
        click.echo(
            f"{thousands(card.listeners)} listeners"
            + (f", {ordinal(card.rank)} {among}" if card.rank else "")
        )
    if card.tags:
        click.echo(", ".join(shown(tag) for tag in card.tags))
    span = f", {day(played.first)} to {day(played.last)}" if played.first is not None else ""
    click.echo(f"{thousands(played.plays)} plays{span}")
    for title, plays in played.tracks:
        click.echo(f"  {thousands(plays):>7}  {shown(title)}")
    if card.of_taste:
        click.echo(
            f"{whole_percent(card.of_taste)} of your taste, {whole_percent(card.of_discover)} of Discover's ranking"
        )
        if card.speaks_for:
            spoken = ", ".join(f"{shown(s.artist)} {whole_percent(s.share)}" for s in card.speaks_for)
            click.echo(f"counts most towards {spoken}")
    elif card.why:
        click.echo("because of " + ", ".join(f"{shown(s.artist)} {whole_percent(s.share)}" for s in card.why))
    if card.note:
        click.echo(shown(card.note))
    if card.near:
        click.echo("near " + ", ".join(map(shown, card.near)))
