"""Printing: JSON documents, aligned plain tables, and narration with progress bars on standard error."""

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click

from tuiapp.cli.group import Options
from tuiapp.safe import shown


def print_json(document: Any) -> None:
    """One JSON document on standard output, readable; escaped where its encoding has no room for all of it."""
    text = json.dumps(document, ensure_ascii=False, indent=2)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        text = json.dumps(document, indent=2)
    click.echo(text)


def mark_what_cannot_be_written() -> None:
    """Have standard output write a question mark for what its encoding lacks (cp437, Latin-1), and raise nothing."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


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
