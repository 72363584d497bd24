"""`library`: the person's own music files."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.progress import SCANNING
from engine.wording import few, quantity
from tuiapp.cli.group import Options, cli
from tuiapp.cli.names import music_folders, name_argument
from tuiapp.cli.output import print_json, print_table, progress_bar, say, thousands
from tuiapp.safe import shown

if TYPE_CHECKING:
    from engine.audio.scan import ScanReport
    from engine.session import Session
    from engine.store.music_files import MusicFolder

_PATH = click.Path(path_type=Path)
_COUNTED = ("new", "changed", "gone", "unchanged")


@cli.group()
def library() -> None:
    """Your music files: playlists point at them, and tempo comes from them."""


@library.command()
@click.argument("path", type=_PATH, metavar="DIR")
@click.option(
    "--music",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="DIR",
    help="For a database: where its files are on this machine, if it names another folder.",
)
@click.pass_obj
def add(options: Options, path: Path, music: Path | None) -> None:
    """Add a folder of music with its subfolders, or the database of beets (library.db) or Navidrome (navidrome.db).

    Tags are read and matched to your history; no file is changed.
    """
    with options.session() as session:
        with progress_bar(options, SCANNING) as bar:
            found = session.music.add(path, music=music, report=bar)
        _print(options, session, found)


@library.command()
@click.argument("path", type=_PATH, metavar="[DIR]", required=False)
@click.pass_obj
def scan(options: Options, path: Path | None) -> None:
    """Look for new, changed and deleted files in DIR, or in all your folders."""
    with options.session() as session:
        with progress_bar(options, SCANNING) as bar:
            found = session.music.scan(path, report=bar)
        _print(options, session, found)


@library.command()
@click.pass_obj
def tempo(options: Options) -> None:
    """Measure tempo and calmness of the files not measured yet.

    Analyses a minute from the middle of each, on all cores but one. Ctrl+C keeps what was measured; the next run
    continues. Needs the extra `audio`, and ffmpeg for some formats; tempo in tags is read without them.
    """
    with options.session() as session:
        with progress_bar(options, {"measuring tempo": 1}) as bar:
            found = session.music.measure(report=bar)
        agrees = session.music.agreement()
        if options.json:
            print_json(
                {
                    **asdict(session.music.counts()),
                    "measured": found.measured,
                    "tempo_found": found.with_tempo,
                    "not_measured": {reason: len(paths) for reason, paths in found.left_out.items()},
                    "not_measured_files": dict(found.left_out),
                    "agreement": asdict(agrees),
                }
            )
            return
    if not found.measured and not found.left_out:
        click.echo("Every file was measured before.")
    else:
        click.echo(
            f"{quantity(found.measured, 'files')} measured: {thousands(found.with_tempo)} with a tempo, "
            f"{thousands(found.measured - found.with_tempo)} without a clear one."
        )
    for reason, paths in found.left_out.items():
        click.echo(f"{quantity(len(paths), 'files')} not measured: {reason}: {shown(few(paths))}.")
    if agrees.files:
        click.echo(agrees.in_words())


@library.command("list")
@click.pass_obj
def list_(options: Options) -> None:
    """List your music folders, and how much of your history they cover."""
    with options.reading() as session:
        _print(options, session)


@library.command()
@name_argument("path", music_folders, metavar="DIR")
@click.pass_obj
def remove(options: Options, path: str) -> None:
    """Forget a folder and what is known about its files. The files stay where they are."""
    with options.session() as session:
        gone = session.music.remove(Path(path))
        say(
            options,
            f"{shown(gone.path)} removed from discover; its {quantity(gone.files, 'files')} are untouched.",
        )
        _print(options, session)


def _print(options: Options, session: Session, found: Mapping[str, ScanReport] | None = None) -> None:
    """Print the folders, and the reports of a scan (`found`)."""
    folders, counts = session.music.folders(), session.music.counts()
    named = {
        one.path: found[one.path].left_out if found and one.path in found else session.music.left_out(one)
        for one in folders
    }
    if options.json:
        print_json(
            {
                **asdict(counts),
                "folders": [_described(one, named[one.path]) for one in folders],
                **({"scanned": {path: _counts(report) for path, report in found.items()}} if found else {}),
            }
        )
        return
    for path, report in (found or {}).items():
        parts = [f"{count:,} {what}" for what, count in _counts(report).items() if count]
        say(options, f"{shown(path)}: {', '.join(parts) or 'no music files'}.")
    rows = [
        (
            one.path,
            one.kind,
            thousands(one.files),
            thousands(one.with_tempo),
            _size(one.bytes),
            thousands(sum(one.left_out.values())),
            _day(one.scanned),
        )
        for one in folders
    ]
    headings = ("path", "kind", "files", "with tempo", "size", "left out", "scanned")
    print_table(headings, rows, right=frozenset({2, 3, 4, 5}))
    for one in folders:
        for reason, count in sorted(one.left_out.items(), key=lambda pair: -pair[1]):
            which = named[one.path].get(reason, ())
            names = f": {few(which)}" if which else ""
            # Those that came or went since the scan, or are on a drive that is away.
            rest = ", which a scan names" if len(which) < count else ""
            click.echo(shown(f"{one.path}: {thousands(count)} left out: {reason}{names}{rest}."))
    if counts.files and counts.tracks:
        click.echo(
            f"{thousands(counts.matched)} of the {quantity(counts.tracks, 'tracks')} you played have a file here."
        )
    if not folders:
        say(options, "Add a folder of music: discover library add DIR.")


def _described(folder: MusicFolder, left_out: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    return {
        "path": folder.path,
        "kind": folder.kind,
        "files": folder.files,
        "bytes": folder.bytes,
        "with_tempo": folder.with_tempo,
        "left_out": dict(folder.left_out),
        "left_out_files": {reason: list(paths) for reason, paths in left_out.items()},
        "scanned": folder.scanned,
    }


def _counts(report: ScanReport) -> dict[str, int]:
    return {what: getattr(report, what) for what in _COUNTED}


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"


def _day(moment: int | None) -> str:
    return datetime.datetime.fromtimestamp(moment).date().isoformat() if moment else "not finished"
