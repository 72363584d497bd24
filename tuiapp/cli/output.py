"""Printing: JSON documents, aligned plain tables, and narration with progress bars on standard error."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.errors import UsageError
from engine.progress import Progress, Whole
from engine.wording import percent
from tuiapp.cli.group import Options
from tuiapp.cli.streams import ERASE_LINE
from tuiapp.safe import shown

if TYPE_CHECKING:
    from engine.community.fetch import Web
    from engine.taste.coverage import Coverage
from tuiapp.text import counted, duration

STANDARD_OUTPUT = Path("/dev/stdout")
_NOT_PLAIN = re.compile(r"[^\n -~]")


def print_json(document: Any) -> None:
    """One indented JSON document on standard output; escaped if the encoding lacks characters, or a terminal would
    interpret them."""
    text = json.dumps(document, ensure_ascii=False, indent=2)
    text = _NOT_PLAIN.sub(
        lambda char: char[0] if shown(char[0]) == char[0] else json.dumps(char[0])[1:-1], text
    )
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        text = json.dumps(document, indent=2)
    click.echo(text)


class OutFile(click.Path):
    """A file to write. `-` is standard output; a file of that name is `./-`."""

    def __init__(self) -> None:
        super().__init__(path_type=Path, dir_okay=False)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path."""
        return super().convert(STANDARD_OUTPUT if value == "-" else value, param, ctx)


def new_folder(_context: click.Context, _parameter: click.Parameter, value: Any) -> Any:
    """The callback of an option that names a folder to write. Raises BadParameter for standard output."""
    if str(value) == "-":
        raise click.BadParameter("standard output is no folder. Name a new one.")
    return value


def is_output(options: Options, path: Path) -> bool:
    """Whether a file to be written is where standard output goes: then nothing else is printed there.

    Raises UsageError with --json, whose document would be mixed with it.
    """
    try:
        file = path.stat()
        here = os.path.samestat(file, os.fstat(sys.stdout.fileno()))
        here = here and not os.path.samestat(file, Path(os.devnull).stat())
    # No such file yet, or no standard output that is one.
    except (OSError, ValueError):
        here = path == STANDARD_OUTPUT
    if here and options.json:
        raise UsageError(
            f"--json prints its document where {path} leads: standard output. Name another file, or leave --json out."
        )
    return here


def say(options: Options, text: str) -> None:
    """A message on standard error, unless quiet."""
    if not options.quiet:
        click.echo(shown(text), err=True)


def web_for(options: Options, instead: str) -> Web:
    """The HTTP client, with the contact of the settings, which says what it waits for; to be closed.

    `instead` is the command for a file the person downloads.
    """
    from engine.community.fetch import Web
    from tuiapp.settings.config import read

    def report(text: str) -> None:
        # Replaces a progress bar, which is redrawn.
        if sys.stderr.isatty() and not options.quiet:
            click.echo(ERASE_LINE, err=True, nl=False)
        say(options, text)

    return Web(contact=read(options.folders.config)["download.contact"], report=report, instead=instead)


def only_what_you_have(options: Options, asked: bool | None) -> bool:
    """Whether a list is restricted to what the person has: by option, else by setting."""
    from tuiapp.settings.config import read

    return bool(read(options.folders.config).discover["from_library"]) if asked is None else asked


def say_coverage(options: Options, coverage: Coverage | None) -> None:
    """Print the coverage, and if it is low what to do."""
    if coverage is not None:
        say(options, shown(coverage.in_words()))
        if coverage.advice:
            say(options, coverage.advice)


def print_table(
    headings: Sequence[str], rows: Iterable[Sequence[str]], *, right: frozenset[int] = frozenset()
) -> None:
    """Columns aligned by terminal cells, two spaces apart; `right` holds the numbers of right-aligned ones.

    On a terminal the widest columns of names are cut to its width; in a pipe names are whole. Of no rows nothing is
    printed.
    """
    from rich.cells import cell_len

    from tuiapp.cells import fitted

    table = [[shown(cell) for cell in row] for row in (headings, *rows)]
    if len(table) == 1:
        return
    widths = [max(cell_len(row[i]) for row in table) for i in range(len(headings))]
    if sys.stdout.isatty():
        room = shutil.get_terminal_size().columns - 2 * (len(widths) - 1)
        widths = _narrowed(widths, room, frozenset(range(len(widths))) - right)
    for row in table:
        cells = [fitted(cell, widths[i], right=i in right) for i, cell in enumerate(row)]
        click.echo("  ".join(cells).rstrip())


# A name cut shorter than this is not recognizable.
_NARROWEST = 8


def _narrowed(widths: list[int], room: int, may: frozenset[int]) -> list[int]:
    """Widths with at most this sum, cutting the widest of those that `may` be cut first."""
    widths = list(widths)
    while sum(widths) > room:
        wide = sorted({widths[i] for i in may if widths[i] > _NARROWEST})
        if not wide:
            break
        widest = [i for i in may if widths[i] == wide[-1]]
        # Down to the next widest, or by the excess.
        goal = max(_NARROWEST, *(wide[-2:-1]), wide[-1] - -(-(sum(widths) - room) // len(widest)))
        for i in widest:
            widths[i] = goal
    return widths


def thousands(number: int) -> str:
    """A count with separators."""
    return f"{number:,}"


# Called with stage, done, total (0: unknown), and a further remark.
Bar = Callable[..., None]
# Cells of a bar, and by how many it is shorter in a narrower terminal, so that it does not change with every digit.
_WIDTH, _STEP = 28, 7


@contextmanager
def progress_bar(options: Options, parts: Mapping[str, float]) -> Iterator[Bar]:
    """A `report(stage, done, total)` that draws one bar over all stages on standard error where that is a terminal.

    `parts` are the stages to come with their shares of the time. The elapsed time is updated by itself. Nothing is
    drawn if quiet or not on a terminal.
    """
    if options.quiet or not sys.stderr.isatty():
        yield lambda *_: None
        return
    whole, lock, ended = Whole(parts), threading.Lock(), threading.Event()
    drawn = 0.0
    begun = ("", 0.0, 0)  # the stage, its start time, and the amount done then

    def draw() -> None:
        nonlocal drawn
        with lock:
            drawn = time.monotonic()
            taken = drawn - begun[1]
            at = whole.now()
            rate = round((at.done - begun[2]) / taken) if at.unit == "MB" and taken > 1 else 0
            click.echo(ERASE_LINE, err=True, nl=False)
            click.echo(progress_line(at, rate), err=True, nl=False)

    def report(stage: str, done: int, total: int, *_more: object) -> None:
        nonlocal begun
        whole.at(stage, done, total)
        if stage != begun[0]:
            begun = (stage, time.monotonic(), done)
        if time.monotonic() - drawn > 0.05:
            draw()

    def draw_on() -> None:
        while not ended.wait(0.5):
            draw()

    clock = threading.Thread(target=draw_on, name="progress", daemon=True)
    clock.start()
    try:
        yield report
    finally:
        ended.set()
        clock.join()
        click.echo(ERASE_LINE, err=True, nl=False)


def progress_line(at: Progress, rate: int = 0) -> str:
    """The line, at most as wide as the terminal: the bar gives way to the words, then the counts to the times. `rate`
    in bytes per second, 0 if it is too early to say."""
    room = shutil.get_terminal_size().columns - 1
    stage, times = f"{at.stage:<16}", duration(at.seconds)
    if at.seconds_left is not None and at.seconds_left >= 1:
        times += f", {duration(at.seconds_left)} left"
    counts = [counted(at.done, at.total, at.unit), f"{counted(rate, 0, 'MB')}/s" if rate else ""]
    if at.share is None:
        lines = [[stage, *counts, times], [stage, times]]
    else:
        share = f"{percent(at.share):>5}"
        bars = [_bar(at.share, cells) for cells in range(_WIDTH, 0, -_STEP)]
        lines = [[stage, f"{bar} {share}", *counts, times] for bar in bars]
        lines += [[stage, share, *counts, times], [stage, share, times], [stage, share]]
    fitting = ("  ".join(filter(None, line)) for line in lines)
    return next((line for line in fitting if len(line) <= room), at.stage[:room])


def _bar(share: float, cells: int) -> str:
    full, empty = "━╌" if _can_write("━╌") else "#-"
    done = round(cells * share)
    return full * done + empty * (cells - done)


def _can_write(text: str) -> bool:
    try:
        text.encode(sys.stderr.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True
