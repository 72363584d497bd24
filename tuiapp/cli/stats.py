"""`stats`: totals, top artists and tracks, and plays over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from engine.wording import percents, quantity
from tuiapp.cli.group import Options, cli
from tuiapp.cli.output import print_json, print_table, thousands
from tuiapp.cli.taste import modes_of
from tuiapp.text import day

if TYPE_CHECKING:
    from engine.store.stats import Stats

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_BAR = 30
_LISTED = 10


@cli.command()
@click.option("--year", type=click.IntRange(1900, 9999), metavar="YEAR", help="Only this year.")
@click.pass_obj
def stats(options: Options, year: int | None) -> None:
    """Your plays: how many, top artists and tracks, when, and overdue favourites."""
    with options.reading() as session:
        found = session.history.stats(year)
        standing = session.taste.standings() if year is None else {}
        modes = modes_of(session) if year is None else []
    if options.json:
        print_json(_document(found, standing, modes))
    else:
        _print(found, standing, modes)


def _document(found: Stats, standing: dict[str, list[Any]], modes: list[dict[str, Any]]) -> dict[str, Any]:
    document = asdict(found)
    document["listens"] = document.pop("plays")
    for name in ("top_artists", "top_tracks"):
        rows = [asdict(row) for row in getattr(found, name)]
        document[name] = [{key: value for key, value in row.items() if value is not None} for row in rows]
    for name in ("fading", "overdue"):
        document[name] = [
            {"artist": item.name, "plays": int(item.plays), "last": item.last_played}
            for item in standing.get(name, ())
        ]
    return document | {"tastes": modes}


def _print(found: Stats, standing: dict[str, list[Any]], modes: list[dict[str, Any]]) -> None:
    hours = f", {found.hours:,.0f} hours" if found.timed else ""
    if found.timed < found.plays and found.timed:
        hours += f" in the {thousands(found.timed)} of known length"
    artists = f"{quantity(found.artists, 'artists')}{hours}"
    click.echo(f"{quantity(found.plays, 'plays')} of {quantity(found.tracks, 'tracks')} by {artists}.")
    if found.undated:
        click.echo(f"{quantity(found.undated, 'of them are', 'of them is')} undated.")
    for title, top in (("artist", found.top_artists), ("track", found.top_tracks)):
        most = top[0].plays if top else 1
        rows = [
            (
                f"{row.artist}: {row.track}" if row.track else row.artist,
                thousands(row.plays),
                _bar(row.plays, most),
            )
            for row in top[:_LISTED]
        ]
        click.echo()
        print_table((title, "plays", ""), rows, right=frozenset({1}))
    _print_when("weekday", _WEEKDAYS, found.by_weekday)
    _print_when("hour", [f"{hour:02d}:00" for hour in range(24)], found.by_hour)
    _print_when("month", list(found.by_month), list(found.by_month.values()))
    for name, title in (("overdue", "overdue"), ("fading", "fading")):
        if standing.get(name):
            rows = [
                (item.name, thousands(int(item.plays)), day(item.last_played))
                for item in standing[name][:_LISTED]
            ]
            click.echo()
            print_table((title, "plays", "last"), rows, right=frozenset({1}))
    if modes:
        click.echo()
        shares = percents([mode["share"] for mode in modes])
        rows = [
            (mode["name"], share, ", ".join(mode["artists"]))
            for mode, share in zip(modes, shares, strict=True)
        ]
        print_table(("taste", "plays", "such as"), rows, right=frozenset({1}))


def _print_when(title: str, names: Sequence[str], plays: Sequence[int]) -> None:
    if any(plays):
        most = max(plays)
        click.echo()
        rows = [(name, thousands(count), _bar(count, most)) for name, count in zip(names, plays, strict=True)]
        print_table((title, "plays", ""), rows, right=frozenset({1}))


def _bar(count: int, most: int) -> str:
    return "━" * round(_BAR * count / max(1, most))
