"""`taste`: the tastes, their map and drift, and the rules that keep plays out of them but in the history."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import click

from tuiapp.cli.date_options import PERIOD
from tuiapp.cli.group import Options, cli
from tuiapp.cli.output import print_json, print_table, say, thousands
from tuiapp.text import whole_percent

if TYPE_CHECKING:
    from engine.names import Level
    from engine.session import Session
    from engine.session.taste import Exclusion


@cli.group(invoke_without_command=True)
@click.option(
    "--level",
    type=click.Choice(["artists", "tracks"]),
    default="artists",
    show_default=True,
    help="The tastes your artists make, or your tracks.",
)
@click.pass_context
def taste(context: click.Context, level: Level) -> None:
    """Your tastes, and the rules that keep plays out of them; those stay in your history."""
    if context.invoked_subcommand is not None:
        return
    with context.obj.session() as session:
        _print_taste(context.obj, session, level)


@taste.command()
@click.option("--artist", metavar="NAME", help="Plays of this artist.")
@click.option("--track", metavar="TITLE", help="Plays of tracks of this title.")
@click.option("--between", metavar="HH:MM-HH:MM", help="Plays at these hours of the day, local time.")
@click.option("--from", "since", type=PERIOD, metavar="DATE", help="Plays from this date on.")
@click.option("--to", "until", type=PERIOD, metavar="DATE", help="Plays up to and including this date.")
@click.option("--source", metavar="FILE", help="Plays from this service or imported file.")
@click.option(
    "--bursts", type=click.IntRange(min=3), metavar="N", help="All but the first of N or more in a row."
)
@click.option("--dry-run", is_flag=True, help="Only say what would leave Discover.")
@click.pass_obj
def exclude(options: Options, /, dry_run: bool, **asked: Any) -> None:
    """Leave plays out of taste for which everything named holds."""
    from engine.taste.rules import Rule

    hours = tuple(asked["between"].split("-")) if asked["between"] else None
    if hours is not None and len(hours) != 2:
        raise click.UsageError(f"--between takes two times such as 22:00-06:00, not {asked['between']}.")
    rule = Rule(
        artist=asked["artist"],
        track=asked["track"],
        source=asked["source"],
        hours=hours,
        since=asked["since"][0] if asked["since"] else None,
        until=asked["until"][1] if asked["until"] else None,
        burst=asked["bursts"],
    )
    with options.session() as session:
        done = session.taste.exclude(rule, preview=dry_run)
        if options.json:
            print_json({"exclusion": _exclusion(done), **_rules(session)})
        else:
            _say(done)


@taste.command()
@click.argument("number", type=int, metavar="ID")
@click.pass_obj
def include(options: Options, number: int) -> None:
    """Take the rule of this number out of force: its plays count again."""
    with options.session() as session:
        rule = session.taste.include(number)
        if not options.json:
            click.echo(f"Counted again: {rule}.")
        _print_rules(options, session)


@taste.command("map")
@click.pass_obj
def taste_map(options: Options) -> None:
    """Your artists in the plane, alike ones near each other: x and y go from 0 to 1."""
    with options.session() as session:
        found = session.taste.map()
    if options.json:
        print_json(dataclasses.asdict(found))
        return
    rows = [
        (f"{artist.x:.3f}", f"{artist.y:.3f}", str(artist.mode), artist.artist)
        for artist in sorted(found.artists, key=lambda artist: (artist.mode, -artist.weight, artist.key))
    ]
    print_table(("x", "y", "taste", "artist"), rows, right=frozenset({0, 1, 2}))
    say(options, f"The plane holds {whole_percent(found.shown)} of what sets your artists apart.")


@taste.command()
@click.pass_obj
def drift(options: Options) -> None:
    """Your tastes from year to year: the share of the plays in each, and what was new."""
    with options.session() as session:
        found = session.taste.drift()
    if options.json:
        print_json(dataclasses.asdict(found))
        return
    rows = [
        (
            str(year.year),
            thousands(year.plays),
            *map(whole_percent, (*year.shares, year.others)),
            year.top.artist,
            str(year.new),
            year.top_new.artist if year.top_new else "",
        )
        for year in found.years
    ]
    headings = ("year", "plays", *found.tastes, "none of these", "most played", "new", "most of the new")
    print_table(headings, rows, right=frozenset({*range(len(found.tastes) + 3), len(found.tastes) + 4}))


def _rules(session: Session) -> dict[str, Any]:
    return {
        "rules": [
            {"id": kept.id, "rule": kept.rule.in_words(), "listens": kept.listens}
            for kept in session.taste.rules()
        ],
        "listens_excluded": session.taste.listens_excluded(),
    }


def _exclusion(done: Exclusion) -> dict[str, Any]:
    return {
        "id": done.id,
        "rule": done.rule,
        "listens": done.listens,
        "leaves": list(done.leaves),
        "enters": list(done.enters),
        "moves": done.moves,
    }


def modes_of(session: Session, level: Level = "artists") -> list[dict[str, Any]]:
    """The tastes; none while there is no model or nothing to model."""
    from engine.errors import NothingYetError
    from engine.recommend.settings import DiscoverSettings

    try:
        modes = session.taste.modes(DiscoverSettings(level=level))
    except NothingYetError:
        return []
    return [
        {
            "number": number,
            "name": mode.name,
            "share": mode.share,
            "artists": list(mode.artists),
            "tags": list(mode.tags),
            "size": len(mode.places),
        }
        for number, mode in enumerate(modes, 1)
    ]


def _print_taste(options: Options, session: Session, level: Level) -> None:
    modes = modes_of(session, level)
    if options.json:
        print_json({"modes": modes, **_rules(session)})
        return
    if modes:
        rows = [
            (str(mode["number"]), whole_percent(mode["share"]), str(mode["size"]), mode["name"],
             ", ".join(mode["artists"]))
            for mode in modes
        ]  # fmt: skip
        print_table(("taste", "plays", level, "name", "such as"), rows, right=frozenset({0, 1, 2}))
        click.echo()
    _print_rules(options, session)


def _print_rules(options: Options, session: Session) -> None:
    document = _rules(session)
    if options.json:
        print_json(document)
    elif document["rules"]:
        rows = [(str(rule["id"]), thousands(rule["listens"]), rule["rule"]) for rule in document["rules"]]
        print_table(("id", "listens", "left out of taste"), rows, right=frozenset({0, 1}))
    else:
        click.echo("Every listen counts in your taste. Leave some out with `discover taste exclude`.")


def _say(done: Exclusion) -> None:
    would = "would leave" if done.id is None else "leaves"
    click.echo(f"This {would} {thousands(done.listens)} listens out of your taste: {done.rule}.")
    if done.leaves:
        click.echo(f"Discover loses {', '.join(done.leaves)}.")
        click.echo(f"In their places: {', '.join(done.enters) or 'nothing'}.")
    else:
        click.echo("The top of Discover stays as it is.")
    if done.id is not None:
        click.echo(f"Take it back with `discover taste include {done.id}`.")
