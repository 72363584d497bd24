"""What the commands print about many files."""

from __future__ import annotations

import io
import sys
import threading
import time
from typing import Any

import pytest
from rich.cells import cell_len

from engine.progress import Progress
from engine.store.history import ListenRow
from tuiapp.cli.group import Options
from tuiapp.cli.output import print_table, progress_bar, progress_line
from tuiapp.import_report import files_in_words
from tuiapp.screens.history import _when


def entry(path: str, kind: str | None, kept: int = 0, note: str = "", undated: int = 0) -> dict[str, Any]:
    return {
        "path": path,
        "root": "in",
        "format": kind,
        "kept": kept,
        "dropped": {},
        "note": note,
        "undated": undated,
        "unread": False,
    }


def test_files_of_one_archive_that_went_alike_are_one_line() -> None:
    files = [
        entry("in/a.pdf", None, note="is none"),
        entry("in/1.json", "spotify", 5),
        entry("in/2.json", "spotify", 7),
        entry("in/3.json", "spotify", 1, "cut off"),
        entry("in/b.pdf", None, note="is none"),
    ]
    assert files_in_words(files) == [
        ("in", "spotify, 2 files, 12 kept"),
        ("in/3.json", "spotify, 1 kept  cut off"),
        ("in", "not a listening history, ignored, 2 files: a.pdf, b.pdf  is none"),
    ]


def test_plays_without_a_date_are_reported() -> None:
    files = [entry("in/a.log", "rockbox", 5, undated=3), entry("in/b.log", "rockbox", 7, undated=1)]
    assert files_in_words(files) == [("in", "rockbox, 2 files, 12 kept (4 without a date)")]


def test_many_unknown_files_are_named_as_far_as_one_can_read() -> None:
    ((_, what),) = files_in_words([entry(f"in/{number}.pdf", None) for number in range(1200)])
    assert what.startswith("not a listening history, ignored, 1,200 files: 0.pdf, 1.pdf, ")
    assert what.endswith("19.pdf and 1,180 more (discover import --dry-run --json PATH lists all)")


class Terminal(io.TextIOWrapper):
    """A terminal that says when it was drawn on."""

    def __init__(self, encoding: str = "utf-8") -> None:
        super().__init__(io.BytesIO(), encoding=encoding, errors="backslashreplace", write_through=True)
        self.drawn = threading.Event()

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if "%" in text or "rows" in text:
            self.drawn.set()
        return super().write(text)

    def lines(self) -> list[str]:
        return self.buffer.getvalue().decode(self.encoding).split("\r\x1b[K")


def test_one_bar_goes_over_all_stages_in_units(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    with progress_bar(Options(), {"importing": 1, "training": 3}) as bar:
        for listed in (("importing", 2_000_000, 4_000_000), ("training", 5, 20)):
            terminal.drawn.clear()
            bar(*listed)
            assert terminal.drawn.wait(timeout=20)
    listed = [line for line in terminal.lines() if "%" in line]
    assert any("importing" in line and "2.0 of 4.0 MB" in line and " 12 %" in line for line in listed)
    assert any("training" in line and "5 of 20 sweeps" in line and " 44 %" in line for line in listed)
    assert terminal.lines()[-1] == "", "the line is gone when the work is done"


def test_a_bar_goes_on_while_nothing_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    with progress_bar(Options(), {"weighing": 1}) as bar:
        bar("weighing", 1, 10)
        terminal.drawn.clear()
        assert terminal.drawn.wait(timeout=20), "drawn by the clock alone"


@pytest.mark.parametrize("encoding", ["cp437", "latin-1", "utf-8"])
def test_a_bar_is_drawn_with_what_the_encoding_has(monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    monkeypatch.setattr(sys, "stderr", terminal := Terminal(encoding))
    with progress_bar(Options(), {"weighing": 1}) as bar:
        bar("weighing", 1, 2)
        assert terminal.drawn.wait(timeout=20)
    (line,) = [line for line in terminal.lines() if "50 %" in line][:1]
    assert "\\u" not in line
    assert ("━" * 14 if encoding == "utf-8" else "#" * 14) in line


@pytest.mark.parametrize(
    ("columns", "said"), [(80, "107 of 127 trials  0:18, 0:06 left"), (45, "0:18, 0:06 left")]
)
def test_no_word_of_a_bar_is_cut_off(monkeypatch: pytest.MonkeyPatch, columns: int, said: str) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    drawn = progress_line(Progress("tracks, tuning", 107, 127, "trials", 0.76, 18.0, 6.0))
    assert drawn.startswith("tracks, tuning ")
    assert " 76 %  " in drawn
    assert drawn.endswith(said)
    assert len(drawn) < columns


def test_history_shows_a_day_without_a_time_in_every_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    def row(start: int | None, precision: int | None) -> ListenRow:
        return ListenRow(1, start, "A", "B", None, None, "csv", 1, precision)

    for zone in ("UTC", "America/New_York", "Asia/Tokyo"):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        assert _when(row(1_709_337_600, 86_400)) == "2024-03-02"
    assert _when(row(1_709_337_600, 1)) == "2024-03-02 09:00"
    assert _when(row(None, None)) == "undated"
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize("terminal", [True, False])
def test_a_table_is_cut_to_a_terminal_and_whole_for_a_program(
    monkeypatch: pytest.MonkeyPatch, terminal: bool
) -> None:
    monkeypatch.setattr(sys, "stdout", out := (Terminal() if terminal else io.StringIO()))
    monkeypatch.setenv("COLUMNS", "60")
    rows = [("1", "L" * 300, "Moire\x1b[2J", "1,000"), ("2", "Burel", "音" * 90, "7")]
    print_table(("", "artist", "track", "plays"), rows, right=frozenset({0, 3}))
    written = out.buffer.getvalue().decode() if isinstance(out, Terminal) else out.getvalue()
    lines = written.splitlines()
    assert max(map(cell_len, lines)) == (60 if terminal else 300 + 180 + len("1") + len("1,000") + 6)
    assert ("L" * 300 in written) is not terminal
    assert "\x1b" not in written
    assert all(line.rstrip().endswith(number) for line, number in zip(lines[1:], ("1,000", "7"), strict=True))
