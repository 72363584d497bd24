"""`import`: files, folders and archives of any service into the library."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.errors import UnreadableFileError, sentence
from engine.imports.report import UNKNOWN
from engine.wording import few, quantity
from tuiapp.cli.group import Options, cli
from tuiapp.cli.names import encodings, import_formats, zones
from tuiapp.cli.numbers import FloatRange
from tuiapp.cli.output import print_json, progress_bar, say, say_coverage, thousands
from tuiapp.import_report import files_in_words, kept_otherwise, left_out
from tuiapp.safe import shown

if TYPE_CHECKING:
    from engine.imports.report import Report


@cli.command("import")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH...")
@click.option(
    "--format",
    "format_name",
    metavar="NAME",
    shell_complete=import_formats,
    help="Read every file as this format, without detection.",
)
@click.option("--dry-run", is_flag=True, help="Only show the report.")
@click.option("--keep-private", is_flag=True, help="Also import private-session plays.")
@click.option(
    "--map",
    "columns",
    metavar="artist=A,track=T,time=D",
    help="Which column holds what, for an unknown table; otherwise a mapping is suggested.",
)
@click.option(
    "--min-seconds",
    type=FloatRange(min=0),
    metavar="S",
    help="Shorter plays count as skips.  [default: 30]",
)
@click.option(
    "--zone",
    metavar="NAME",
    shell_complete=zones,
    help="Time zone of times without one, such as Europe/Copenhagen.",
)
@click.option(
    "--encoding",
    metavar="NAME",
    shell_complete=encodings,
    help="Encoding of text that is not UTF-8, such as shift_jis.",
)
@click.pass_obj
def import_(
    options: Options,
    paths: tuple[Path, ...],
    format_name: str | None,
    dry_run: bool,
    keep_private: bool,
    columns: str | None,
    min_seconds: float | None,
    zone: str | None,
    encoding: str | None,
) -> None:
    """Import listening history: files, folders or archives. The format is detected.

    Fails if nothing could be read. A file that could not be, or only in part, beside others that were is named on
    standard error and in the report (`unread` in --json).
    """
    from engine.imports.table import columns_given

    # A dry run needs no writable library.
    private = options.private or dry_run
    with options.session(private=private) as session, progress_bar(options, {"importing": 1}) as bar:
        report = session.history.import_paths(
            paths,
            format=format_name,
            dry_run=dry_run,
            keep_private=keep_private,
            min_ms=None if min_seconds is None else round(min_seconds * 1000),
            columns=columns_given(columns or ""),
            zone=zone,
            encoding=encoding,
            progress=partial(bar, "importing"),
        )
        coverage = None if dry_run else session.coverage.of()
    recognised = any(file.format for file in report.files)
    say_coverage(options, coverage)
    if options.json:
        print_json(report.as_dict() | {"coverage": coverage and coverage.as_dict()})
    elif recognised or not _is_one(report):
        print_report(report, dry_run=dry_run)
    if not recognised:
        raise UnreadableFileError(_nothing(report, paths))
    if unread := [file for file in report.files if file.unread]:
        said = (
            f"{quantity(len(unread), 'files were', 'file was')} not read, or not to the end: "
            f"{few([file.path for file in unread])}. The report says why."
        )
        if not report.totals["read"]:
            raise UnreadableFileError(f"{said} Nothing was imported.")
        say(options, said)


def _is_one(report: Report) -> bool:
    """Whether one sentence is enough: one file, or one data set of several files."""
    notes = {(file.root, file.note) for file in report.files}
    return len(report.files) == 1 or (len(notes) == 1 and report.files[0].note != UNKNOWN)


def _nothing(report: Report, paths: tuple[Path, ...]) -> str:
    """Why nothing was imported: no file has a known format."""
    if _is_one(report):
        file = report.files[0]
        where = file.path if len(report.files) == 1 else file.root
        return f"{sentence(f'{where}: {file.note}')} Nothing was imported."
    where = ", ".join(str(path) for path in paths)
    looked_at = sum(not file.unread for file in report.files)
    others = "" if looked_at == len(report.files) else " Others were not read: the report says why."
    return (
        f"No listening history among {quantity(looked_at, 'files')} of {where}.{others} Nothing was imported."
    )


def print_report(report: Report, *, dry_run: bool) -> None:
    """Print the report: plays the service marked private come first."""
    totals = report.as_dict()["totals"]
    dropped = dict(totals["dropped"])
    private = dropped.pop("private session", 0)
    if private:
        click.echo(f"{quantity(private, 'private-session plays')} skipped (--keep-private imports them).")
    verb = "to import" if dry_run else "kept"
    otherwise = [
        f"{thousands(count)} {words.replace('kept', verb)}" for count, words in kept_otherwise(dropped)
    ]
    parts = [f"{thousands(totals['read'])} read"]
    if totals["kept"] or totals["duplicates"] or not otherwise:
        parts += [f"{thousands(totals['kept'])} {verb}", f"{thousands(totals['duplicates'])} already there"]
    click.echo(f"{', '.join(parts + otherwise)}.")
    if report.no_backup:
        click.echo(shown(report.no_backup))
    files = report.as_dict()["files"]
    for count, reason, words in left_out(dropped):
        where = next((entry for entry in files if reason in entry["first_at"]), None)
        first = (
            f"  (first: {Path(str(where['path'])).name}, record {where['first_at'][reason]})" if where else ""
        )
        click.echo(f"  {thousands(count):>9}  {words}{shown(first)}")
    for name, what in files_in_words(files):
        click.echo(f"{name}: {what}")
