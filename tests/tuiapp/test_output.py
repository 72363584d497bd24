"""What the commands print about many files."""

from __future__ import annotations

from typing import Any

from tuiapp.import_report import files_in_words


def entry(path: str, kind: str | None, kept: int = 0, note: str = "", undated: int = 0) -> dict[str, Any]:
    return {"path": path, "root": "in", "format": kind, "kept": kept, "note": note, "undated": undated}


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


def test_plays_without_a_date_are_told() -> None:
    files = [entry("in/a.log", "rockbox", 5, undated=3), entry("in/b.log", "rockbox", 7, undated=1)]
    assert files_in_words(files) == [("in", "rockbox, 2 files, 12 kept (4 without a date)")]


def test_many_unknown_files_are_named_as_far_as_one_can_read() -> None:
    ((_, what),) = files_in_words([entry(f"in/{number}.pdf", None) for number in range(1200)])
    assert what.startswith("not a listening history, ignored, 1,200 files: 0.pdf, 1.pdf, ")
    assert what.endswith("19.pdf and 1,180 more (all with --json)")
