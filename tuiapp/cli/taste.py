"""`taste`: the tastes, their map and drift, and rules that exclude plays from them but keep them in the history."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import click

from engine.wording import percent, percents, quantity
from tuiapp.cli.date_options import PERIOD
from tuiapp.cli.group import Options, cli
from tuiapp.cli.names import TEXT, artists, titles
from tuiapp.cli.output import print_json, print_table, say, thousands
from tuiapp.safe import shown

if TYPE_CHECKING:
    from engine.canonical_keys import Level
    from engine.session import Session
    from engine.session.taste import Exclusion


@cli.group(invoke_without_command=True)
@click.option(
    "--level",
    type=click.Choice(["artists", "tracks"]),
    default="artists",
    show_default=True,
    help="Tastes of your artists, or of your tracks.",
)
@click.pass_context
def taste(context: click.Context, level: Level) -> None:
    """Your tastes, and the plays excluded from them."""
    if context.invoked_subcommand is not None:
        return
    with context.obj.reading() as session:
        _print_taste(context.obj, session, level)


@taste.command()
@click.option("--artist", metavar="NAME", shell_complete=artists, help="Plays of this artist.")
@click.option("--track", metavar="TITLE", shell_complete=titles, help="Plays of tracks with this title.")
@click.option("--between", metavar="HH:MM-HH:MM", help="Plays at this time of day, local time.")
@click.option("--from", "since", type=PERIOD, metavar="DATE", help="Plays from this date on.")
@click.option("--to", "until", type=PERIOD, metavar="DATE", help="Plays until this date, inclusive.")
@click.option(
    "--source",
    type=TEXT,
    metavar="FILE",
    help="Plays from this service, or imported file, archive or folder.",
)
@click.option(
    "--bursts",
    type=click.IntRange(min=3),
    metavar="N",
    help="Repeats of a track: all but the first of N or more in a row.",
)
@click.option("--dry-run", is_flag=True, help="Only show what would change.")
@click.pass_obj
def exclude(options: Options, /, dry_run: bool, **asked: Any) -> None:
    """Exclude plays that match all options from your taste; they stay in your history."""
    from engine.taste.rules import Rule

    hours = tuple(asked["between"].split("-")) if asked["between"] else None
    if hours is not None and len(hours) != 2:
        raise click.UsageError(
            f"“{asked['between']}” is not a valid --between. Write two times, such as 22:00-06:00."
        )
    rule = Rule(
        artist=asked["artist"],
        track=asked["track"],
        source=asked["source"],
        hours=hours,
        since=asked["since"][0] if asked["since"] else None,
        until=asked["until"][1] if asked["until"] else None,
        burst=asked["bursts"],
    )
    with options.reading() if dry_run else options.session() as session:
        done = session.taste.exclude(rule, preview=dry_run)
        if options.json:
            print_json({"exclusion": _exclusion(done), **_rules(session)})
        else:
            _say(done)


@taste.command()
@click.argument("number", type=int, metavar="ID")
@click.pass_obj
def include(options: Options, number: int) -> None:
    """Remove an exclusion by its number: its plays count again."""
    with options.session() as session:
        rule = session.taste.include(number)
        if not options.json:
            click.echo(f"Included again: {rule}.")
        _print_rules(options, session)


@taste.command("map")
@click.pass_obj
def taste_map(options: Options) -> None:
    """Map of your artists, similar ones close together: x and y from 0 to 1."""
    with options.reading() as session:
        found = session.taste.map()
    if options.json:
        print_json(dataclasses.asdict(found))
        return
    rows = [
        (f"{artist.x:z.3f}", f"{artist.y:z.3f}", str(artist.mode), artist.artist)
        for artist in sorted(found.artists, key=lambda artist: (artist.mode, -artist.weight, artist.key))
    ]
    print_table(("x", "y", "taste", "artist"), rows, right=frozenset({0, 1, 2}))
    say(options, f"The map shows {percent(found.shown)} of the differences.")


@taste.command()
@click.pass_obj
def drift(options: Options) -> None:
    """Your tastes by year: their shares of the plays, and new artists."""
    with options.reading() as session:
        found = session.taste.drift()
    if options.json:
        print_json(dataclasses.asdict(found))
        return
    rows = [
        (
            str(year.year),
            thousands(year.plays),
            *percents((*year.shares, year.others)),
            year.top.artist,
            str(year.new),
            year.top_new.artist if year.top_new else "",
        )
        for year in found.years
    ]
    headings = ("year", "plays", *found.tastes, "none of these", "most played", "new", "top new")
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
    """The tastes; empty without a model or plays."""
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
            (
                str(mode["number"]),
                share,
                str(mode["size"]),
                mode["name"],
                ", ".join(mode["artists"]),
            )
            for mode, share in zip(modes, percents([mode["share"] for mode in modes]), strict=True)
        ]
        print_table(("taste", "plays", level, "name", "such as"), rows, right=frozenset({0, 1, 2}))
        click.echo()
    _print_rules(options, session)


def _print_rules(options: Options, session: Session) -> None:
    document = _rules(session)
    if options.json:
        print_json(document)
    elif document["rules"]:
        rows = [(str(rule["id"]), thousands(rule["listens"]), rule["rule"]) for rule in document["rules"]]
        print_table(("id", "listens", "excluded"), rows, right=frozenset({0, 1}))
    else:
        click.echo("No exclusions. Exclude plays with `discover taste exclude`.")


def _say(done: Exclusion) -> None:
    would = "would exclude" if done.id is None else "excludes"
    click.echo(f"This {would} {quantity(done.listens, 'plays')} from your taste: {shown(done.rule)}.")
    if done.leaves:
        click.echo(f"Leaving Discover: {shown(', '.join(done.leaves))}.")
        click.echo(f"Entering: {shown(', '.join(done.enters)) or 'nothing'}.")
    else:
        click.echo("The top of Discover stays the same.")
    if done.id is not None:
        click.echo(f"Undo with `discover taste include {done.id}`.")
