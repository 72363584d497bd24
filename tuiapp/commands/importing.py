"""`import`: files, folders and archives of any service into the library."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tuiapp.cli import Options, cli
from tuiapp.output import print_json, progress_bar, thousands
from tuiapp.safe import shown

if TYPE_CHECKING:
    from engine.imports.report import Report


@cli.command("import")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH...")
@click.option(
    "--format",
    "format_name",
    metavar="NAME",
    help="Read every file as this format instead of looking inside.",
)
@click.option("--dry-run", is_flag=True, help="Show the report and change nothing.")
@click.option(
    "--keep-private", is_flag=True, help="Also import what the service marked as private listening."
)
@click.pass_obj
def import_(
    options: Options, paths: tuple[Path, ...], format_name: str | None, dry_run: bool, keep_private: bool
) -> None:
    """Import listening history: files, folders, zip archives. The format is found by content."""
    from engine.session import Session

    # Looking at a file and counting changes nothing: a dry run needs no writable library.
    session = Session(options.folders, private=options.private or dry_run)
    try:
        with progress_bar(options, "reading") as progress:
            report = session.import_paths(
                paths, format=format_name, dry_run=dry_run, keep_private=keep_private, progress=progress
            )
    finally:
        session.close()
    if options.json:
        print_json(report.as_dict())
    else:
        print_report(report, dry_run=dry_run)


def print_report(report: Report, *, dry_run: bool) -> None:
    """The report in words: what the service marked private comes first."""
    totals = report.as_dict()["totals"]
    dropped = dict(totals["dropped"])
    private = dropped.pop("private session", 0)
    if private:
        click.echo(
            f"{thousands(private)} plays from private sessions were left out (--keep-private imports them)."
        )
    verb = "would be kept" if dry_run else "kept"
    click.echo(f"{thousands(totals['read'])} read, {thousands(totals['kept'])} {verb}, "
               f"{thousands(totals['duplicates'])} already there.")  # fmt: skip
    for reason, count in sorted(dropped.items(), key=lambda pair: -pair[1]):
        click.echo(f"  {thousands(count):>9}  {reason}")
    for entry in report.as_dict()["files"]:
        note = f"  {shown(str(entry['note']))}" if entry.get("note") else ""
        click.echo(f"{shown(str(entry['path']))}: {entry['format'] or 'not recognised'}, "
                   f"{thousands(entry['kept'])} kept{note}")  # fmt: skip
