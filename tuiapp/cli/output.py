"""Printing: JSON documents, aligned plain tables, and narration with progress bars on standard error."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click

from tuiapp.cli.group import Options
from tuiapp.safe import shown

# Unknown files that are named one by one in a report.
_MOST_NAMED = 20


def print_json(document: Any) -> None:
    """One JSON document on standard output, readable and in UTF-8."""
    click.echo(json.dumps(document, ensure_ascii=False, indent=2))


def say(options: Options, text: str) -> None:
    """A line of narration on standard error, unless asked to be quiet."""
    if not options.quiet:
        click.echo(text, err=True)


def print_table(
    headings: Sequence[str], rows: Iterable[Sequence[str]], *, right: frozenset[int] = frozenset()
) -> None:
    """Columns aligned by terminal cells, two spaces apart; `right` holds the numbers of right-aligned ones."""
    from rich.cells import cell_len

    table = [list(headings), *([shown(cell) for cell in row] for row in rows)]
    widths = [max(cell_len(row[i]) for row in table) for i in range(len(headings))]
    for row in table:
        cells = []
        for i, cell in enumerate(row):
            space = " " * (widths[i] - cell_len(cell))
            cells.append(space + cell if i in right else cell + space)
        click.echo("  ".join(cells).rstrip())


def percent(share: float) -> str:
    """A share in whole per cent, with a thin sign for what rounds to none."""
    return f"{share * 100:.0f} %" if share >= 0.005 or share <= -0.005 else "<1 %"


def thousands(number: int) -> str:
    """A count with separators."""
    return f"{number:,}"


@contextmanager
def progress_bar(options: Options, label: str) -> Iterator[Callable[[int, int], None]]:
    """A `progress(done, total)` that draws a bar on standard error where that is a terminal.

    With an unknown total (0) it shows the count. Nothing is drawn when quiet or not on a terminal.
    """
    if options.quiet or not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    started = last = time.monotonic()
    width = 28

    def show(done: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last < 0.05 and done != total:
            return
        last = now
        if total > 0:
            full = round(width * min(1.0, done / total))
            left = (now - started) * (total - done) / done if done else 0.0
            bar = "━" * full + "╌" * (width - full)
            text = f"{label:<12} {bar} {done / total:4.0%}" + (f"  {left:.0f} s left" if left >= 1 else "")
        else:
            text = f"{label:<12} {done:,}"
        click.echo(f"\r\x1b[K{text}", err=True, nl=False)

    try:
        yield show
    finally:
        click.echo("\r\x1b[K", err=True, nl=False)


def files_in_words(files: Sequence[dict[str, Any]]) -> list[tuple[str, str]]:
    """(name, what became of it): files of one archive or folder that went alike are one entry.

    Files of no known format are named, the first of many.
    """
    alike: dict[tuple[object, ...], list[dict[str, Any]]] = {}
    for entry in files:
        alike.setdefault((entry["root"], entry["format"], entry["note"]), []).append(entry)
    found = []
    for (root, kind, note), entries in sorted(alike.items(), key=lambda pair: pair[0][1] is None):
        paths = [str(entry["path"]) for entry in entries]
        many = "" if len(entries) == 1 else f"{len(entries):,} files, "
        what = f"{kind}, {many}{sum(entry['kept'] for entry in entries):,} kept" if kind else "not recognised"
        if kind is None and len(paths) > 1:
            names = ", ".join(path.removeprefix(f"{root}/") for path in paths[:_MOST_NAMED])
            more = len(paths) - _MOST_NAMED
            what += f", {many}{names}" + (f" and {more:,} more (--json names all)" if more > 0 else "")
            what = what.replace("files, ", "files: ", 1)
        what += f"  {note}" if note else ""
        found.append((shown(paths[0] if len(paths) == 1 else str(root)), shown(what)))
    return found
