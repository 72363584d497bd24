"""`browse`: artists by genre and decade."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from engine import defaults
from engine.wording import percent
from tuiapp.cli.group import Options, cli
from tuiapp.cli.names import genres, name_argument
from tuiapp.cli.output import print_json, print_table, say, thousands
from tuiapp.cli.recommend import LENGTH, as_set
from tuiapp.safe import shown

if TYPE_CHECKING:
    from engine.recommend.browse import BrowseList, BrowseTree, Only


@cli.command()
@name_argument("name", genres, metavar="[GENRE]", required=False)
@click.option("-n", "count", type=click.IntRange(min=1), default=LENGTH, show_default=True, help="How many.")
@click.option("--only", type=click.Choice(["new", "known"]), help="Only new or known artists.")
@click.option(
    "--popularity",
    type=click.FloatRange(-1, 1),
    default=defaults.POPULARITY,
    show_default=True,
    help="-1: obscure, 1: popular.",
)
@click.pass_obj
def browse(options: Options, name: str | None, count: int, only: Only | None, popularity: float) -> None:
    """List genres and decades, or the artists of GENRE in the order they fit you.

    Genres are the tags of community data and those of `community fetch genres`; without any, artists are grouped by who
    listens to them. Decades come from tags too, and from the years of your own files.
    The order is Discover's, with known and new artists mixed.
    """
    with options.reading() as session:
        from engine.recommend.settings import DiscoverSettings

        settings = DiscoverSettings(**as_set(options, session, {"n": count, "popularity": popularity}))
        if name is None:
            _print_tree(options, session.browse.tree(settings))
        else:
            _print_list(options, session.browse.list(name, settings, only))


def _print_tree(options: Options, found: BrowseTree) -> None:
    for note in found.notes:
        say(options, note)
    if options.json:
        nodes = [{key: value for key, value in asdict(one).items() if key != "depth"} for one in found.nodes]
        print_json({"genres": nodes, "notes": list(found.notes)})
        return
    rows = [
        (
            f"{'  ' * one.depth}{shown(one.name)}",
            thousands(one.artists),
            thousands(one.known),
            percent(one.plays_share),
        )
        for one in found.nodes
    ]
    print_table(("genre", "artists", "known", "of your plays"), rows, right=frozenset({1, 2, 3}))


def _print_list(options: Options, found: BrowseList) -> None:
    if options.json:
        items = [{key: value for key, value in asdict(one).items() if key != "item"} for one in found.items]
        about = {"genre": found.name, "kind": found.kind, "artists": found.artists, "known": found.known}
        print_json(about | {"items": items})
        return
    rows = [
        (
            str(one.rank),
            one.artist,
            thousands(one.listeners),
            thousands(one.plays) if one.plays else "new",
            "liked" if one.liked else "known" if one.known else "",
        )
        for one in found.items
    ]
    counted = "sessions" if found.solo else "listeners"
    print_table(("", "artist", counted, "plays", ""), rows, right=frozenset({0, 2, 3}))
