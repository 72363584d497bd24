"""`playlist`, `playlists` and `export`: lists for a context, saved ones, and files."""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine import defaults
from engine.errors import DiscoverError, UsageError
from engine.wording import quantity
from tuiapp.cli.group import Options, cli, from_library_option
from tuiapp.cli.names import contexts, lists, name_argument, playlist_formats
from tuiapp.cli.names import playlists as saved
from tuiapp.cli.output import OutFile, is_output, only_what_you_have, print_json, print_table, say
from tuiapp.own_reasons import because
from tuiapp.safe import shown
from tuiapp.text import duration, tempo

if TYPE_CHECKING:
    from engine.canonical_keys import Level
    from engine.playlists.export import ExportReport
    from engine.playlists.mix import Mix
    from engine.playlists.playlist import ContextPlaylist, PlaylistTrack
    from engine.session import Session


@cli.command()
@name_argument("context", contexts, metavar="CONTEXT")
@click.option("--minutes", type=float, help="Length in minutes.")
@click.option(
    "--bpm", type=float, help="Beats or steps per minute; half and double time count where the energy fits."
)
@click.option("--tolerance", type=float, help="How far off a tempo may be, in per cent.")
@click.option("--warm-up", type=float, help="Minutes of warm-up.")
@click.option("--cool-down", type=float, help="Minutes of cool-down.")
@click.option("--new", type=float, help="Share of new music, 0 to 1.")
@click.option("--seed", type=int, help="Seed: another number gives another list.")
@from_library_option
@click.option("--save", "save_as", metavar="NAME", shell_complete=saved, help="Save as a playlist.")
@click.option("--out", type=OutFile(), metavar="FILE", help="Export to a file.")
@click.pass_obj
def playlist(
    options: Options,
    /,
    context: str,
    save_as: str | None,
    out: Path | None,
    from_library: bool | None,
    **asked: Any,
) -> None:
    """Make a playlist for CONTEXT: running, workout, walk, focus, party, sleep, commute, morning, dinner, one found in
    your history, or one you set (`discover config set contexts.NAME.like running`); `discover contexts` lists all."""
    from tuiapp.settings.config import read

    given = {name: value for name, value in asked.items() if value is not None}
    config = read(options.folders.config)
    for problem in config.problems:
        say(options, shown(problem))
    with options.session() if save_as else options.reading() as session:
        kind = session.routines.context(context, config.contexts)
        only = only_what_you_have(options, from_library)
        made = session.playlists.make(kind, kind.settings(**given), from_library=only)
        if save_as:
            session.playlists.save(save_as, made)
        with exported(options, session, made, out) as of_file:
            _print_playlist(options, made, of_file)


@contextlib.contextmanager
def exported(
    options: Options, session: Session, made: ContextPlaylist | Mix, out: Path | None
) -> Iterator[dict[str, Any]]:
    """A list exported to `out`, if any: what its JSON says of that, and of what is missing. What went wrong is raised
    only after the list is shown."""
    failed, known = None, dict[str, Any](missing=named(made.missing))
    if out and is_output(options, out):
        raise UsageError(f"{out} is standard output, where the list is shown. Name another file.")
    if out:
        try:
            report = session.tracks.export(made.tracks, made.title, out)
        except DiscoverError as error:
            failed = error
        else:
            say_exported(options, report)
            lacking = dict.fromkeys((*made.missing, *report.missing))
            known = {"missing": named(lacking), "export": of_export(report)}
    yield known
    if failed:
        raise failed


def _print_playlist(options: Options, made: ContextPlaylist, of_file: dict[str, Any]) -> None:
    if options.json:
        tracks = [entry(track) for track in made.tracks]
        known = {"context": made.context, "tracks": tracks, "coverage": made.coverage}
        print_json(known | {"notes": list(made.notes)} | of_file)
        return
    for note in made.notes:
        say(options, note)
    print_tracks(made.tracks)


def print_tracks(tracks: tuple[PlaylistTrack, ...]) -> None:
    """A table of tracks, numbered from 1."""
    rows = [track_row(number, track) for number, track in enumerate(tracks, 1)]
    print_table(("", "artist", "track", "bpm", "length", ""), rows, right=frozenset({0, 3, 4}))


def track_row(number: int, track: PlaylistTrack) -> tuple[str, ...]:
    """A track's cells in such a table."""
    return (
        str(number),
        track.artist,
        track.track,
        tempo(track.bpm, track.factor),
        duration(track.seconds or None) + ("~" if track.seconds_estimated else ""),
        "" if track.known else "new",
    )


def entry(track: PlaylistTrack) -> dict[str, Any]:
    """A track's JSON."""
    known: dict[str, Any] = {"artist": track.artist, "track": track.track}
    if track.bpm is not None:
        known |= {"bpm": track.bpm, "bpm_source": track.bpm_source}
    if track.factor is not None:
        known["factor"] = track.factor
    if track.seconds is not None:
        known["seconds"] = track.seconds
    return known | {"known": track.known}


@cli.group(invoke_without_command=True)
@click.pass_context
def playlists(context: click.Context) -> None:
    """List your playlists."""
    if context.invoked_subcommand is not None:
        return
    options = context.ensure_object(Options)
    with options.reading() as session:
        print_saved(options, session)


def print_saved(options: Options, session: Session) -> None:
    """The saved playlists, newest first."""
    saved = session.playlists.all()
    if options.json:
        print_json(
            {
                "playlists": [
                    {
                        "name": s.name,
                        "context": s.context,
                        "tracks": s.tracks,
                        "seconds": s.seconds,
                        "at": s.at,
                    }
                    for s in saved
                ]
            }
        )
        return
    if not saved:
        how = session.status().backup or "Make one: discover playlists create NAME."
        say(options, f"No playlists yet. {how}")
        return
    rows = [
        (
            s.name,
            s.context,
            str(s.tracks),
            duration(s.seconds or None),
            datetime.datetime.fromtimestamp(s.at, datetime.UTC).date().isoformat(),
        )
        for s in saved
    ]
    print_table(("name", "context", "tracks", "length", "saved"), rows, right=frozenset({2, 3}))


@playlists.command()
@name_argument("name", saved)
@click.pass_obj
def show(options: Options, name: str) -> None:
    """Show the tracks of a playlist."""
    with options.reading() as session:
        called, tracks = session.playlists.named(name).name, session.playlists.show(name)
    if options.json:
        print_json({"playlists": [{"name": called, "tracks": [entry(track) for track in tracks]}]})
    else:
        if not tracks:
            say(options, f"No tracks in {shown(called)}.")
        print_tracks(tracks)


@playlists.command()
@name_argument("name", saved)
@click.pass_obj
def remove(options: Options, name: str) -> None:
    """Delete a playlist."""
    with options.session() as session:
        session.playlists.remove(name)
        print_saved(options, session)


@cli.command()
@name_argument("name", saved, metavar="[PLAYLIST]", required=False)
@click.option(
    "--list",
    "list_name",
    metavar="LIST",
    shell_complete=lists,
    help="Or a list: discover, less-known or related:NAME.",
)
@click.option(
    "-n",
    "count",
    type=click.IntRange(min=1),
    default=defaults.LENGTH,
    show_default=True,
    help="Length of a --list.",
)
@click.option(
    "--level",
    type=click.Choice(["artists", "tracks"]),
    default="artists",
    show_default=True,
    help="For --list discover or less-known: one track per artist, or tracks.",
)
@click.option(
    "--out",
    type=OutFile(),
    required=True,
    metavar="FILE",
    help="The file to write; - is standard output, with --format.",
)
@click.option(
    "--format",
    "format_name",
    metavar="NAME",
    shell_complete=playlist_formats,
    help="m3u8, xspf, jspf, pls, csv, csv-as-is, json, txt or uris.  [default: by file extension]",
)
@click.pass_obj
def export(
    options: Options,
    name: str | None,
    list_name: str | None,
    count: int,
    level: Level,
    out: Path,
    format_name: str | None,
) -> None:
    """Export a playlist, or one of the lists, to a file.

    In CSV, a name that a spreadsheet would run as a formula gets an apostrophe in front, which import removes. A
    service would keep it: for one, --format csv-as-is leaves it out.
    """
    if (name is None) == (list_name is None):
        raise UsageError(
            "Name a playlist, or a list with --list discover, --list less-known or --list related:NAME."
        )
    from engine.privacy.atomic import is_plain

    alone = is_output(options, out)
    with options.reading() as session:
        title, tracks = _tracks_of(session, name, list_name, count, level)
        report = session.tracks.export(tracks, title, out, format_name)
    if options.json:
        print_json(of_export(report))
    elif is_plain(out) and not alone:
        click.echo(_said_of(report))
    else:
        say(options, _said_of(report))
    if report.note:
        say(options, report.note)


def _tracks_of(
    session: Session, name: str | None, list_name: str | None, count: int, level: Level
) -> tuple[str, tuple[PlaylistTrack, ...]]:
    from engine.recommend.settings import DiscoverSettings

    if name is not None:
        return session.playlists.named(name).name, session.playlists.show(name)
    kind, _, of = str(list_name).partition(":")
    kind = kind.strip().casefold()
    if kind in ("discover", "less-known") and not of:
        from tuiapp.settings.config import read

        asked = read(session.folders.config).discover
        title, place = (
            ("Discover", defaults.POPULARITY) if kind == "discover" else ("Less known", defaults.LESS_KNOWN)
        )
        settings = DiscoverSettings(n=count, level=level, popularity=place, **asked)
        return title, session.tracks.of_discover(settings, because)
    if kind == "related" and of:
        return f"Related to {of}", session.tracks.of_related(of, count)
    raise UsageError(f"Unknown list {list_name}. Use discover, less-known or related:NAME.")


def of_export(report: ExportReport) -> dict[str, Any]:
    """An export's JSON."""
    return {
        "file": str(report.file),
        "format": report.format,
        "tracks": report.tracks,
        "left_out": report.left_out,
        "missing": named(report.missing),
        "not_there": named(report.not_there),
    }


def named(tracks: Iterable[PlaylistTrack]) -> list[dict[str, str]]:
    """Tracks' names in JSON."""
    return [{"artist": one.artist, "track": one.track} for one in tracks]


def say_exported(options: Options, report: ExportReport) -> None:
    say(options, _said_of(report))
    if report.note:
        say(options, report.note)


def _said_of(report: ExportReport) -> str:
    return f"{quantity(report.tracks, 'tracks')} exported to {shown(str(report.file))}."
