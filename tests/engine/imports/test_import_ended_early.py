"""An import that ends before its end, by a key, a signal or a full disk: whole files are kept, and that is said."""

from __future__ import annotations

import errno
import io
import os
import re
import resource
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from engine.errors import CancelledError, DiscoverError, disk_trouble
from engine.imports.run import import_paths
from engine.paths import Folders
from engine.privacy import Door
from engine.store.database import open_library
from engine.store.schema import REBUILT
from tests.support.importing import START, lastfm, library, write
from tuiapp.cli.main import INTERRUPTED, run

FEW, MANY = 100, 9_000


def table(plays: int, first: int) -> str:
    return lastfm(
        *((first + number * 300, (f"Artist {number % 7}", f"Song {number}")) for number in range(plays))
    )


@pytest.fixture(autouse=True)
def _indexes_are_dropped_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """As for a history of megabytes."""
    monkeypatch.setattr("engine.imports.run._LARGE_BYTES", 1 << 16)


@pytest.fixture(autouse=True)
def _control_c_interrupts() -> Iterator[None]:
    """As in every command; a job run by another test in this process takes the signal for itself."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """A small history and a large one."""
    return [
        write(tmp_path, "a.csv", table(FEW, START - 300_000_000)),
        write(tmp_path, "b.csv", table(MANY, START - 200_000_000)),
    ]


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """As on a full disk: nothing is written beyond this size."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def is_whole(folders: Folders, listens: int) -> None:
    """The library holds so many listens, of files imported whole, and is in order."""
    db = open_library(Door(folders))
    assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    assert db.execute("SELECT count(*) FROM listens").fetchone()[0] == listens
    assert db.execute("SELECT coalesce(sum(kept), 0) FROM imports").fetchone()[0] == listens
    assert not db.execute("SELECT 1 FROM imports WHERE sha256 = ''").fetchone()
    indexes = {row[0] for row in db.execute("SELECT name FROM sqlite_schema WHERE type = 'index'")}
    assert set(REBUILT) <= indexes
    db.close()


@pytest.mark.parametrize("how", ["signal", "cancelled"])
def test_stopped_in_the_middle_of_a_file(tmp_path: Path, files: list[Path], how: str) -> None:
    db = library(tmp_path)
    seen = [0]

    def progress(done: int, total: int) -> None:
        seen[0] = done
        if how == "signal" and done > total // 2:
            signal.raise_signal(signal.SIGINT)

    stop = (lambda: seen[0] > 100_000) if how == "cancelled" else None
    with pytest.raises(CancelledError, match=r"^Stopped\. 1 file was imported completely, none partly\.$"):
        import_paths(db, files, progress=progress, cancelled=stop)
    db.close()
    is_whole(Folders(tmp_path / "data"), FEW)


def test_a_dry_run_stopped_has_imported_nothing(tmp_path: Path, files: list[Path]) -> None:
    db = library(tmp_path)
    with pytest.raises(CancelledError, match=r"^Stopped\. Nothing was imported\.$"):
        import_paths(db, files, dry_run=True, progress=lambda done, total: signal.raise_signal(signal.SIGINT))
    db.close()
    is_whole(Folders(tmp_path / "data"), 0)


@pytest.mark.parametrize("room", [150_000, 900_000])
def test_a_full_disk_keeps_what_is_whole_and_says_so(tmp_path: Path, files: list[Path], room: int) -> None:
    folders = Folders(tmp_path / "data")
    library(tmp_path).close()
    db = open_library(Door(folders))
    said = r"Make room, then try again\. .* imported"
    with files_no_larger_than(room), pytest.raises(DiscoverError, match=said) as found:
        import_paths(db, files)
    db.close()
    # Where the last write alone fails all of it may be there.
    kept = {"Nothing": 0, "1 file was": FEW, "2 files were": FEW + MANY}
    is_whole(folders, next(count for words, count in kept.items() if words in str(found.value)))
    # With room again the rest comes.
    db = open_library(Door(folders))
    import_paths(db, files)
    db.close()
    is_whole(folders, FEW + MANY)


def test_a_library_that_cannot_be_opened_for_a_full_disk_is_not_called_damaged(tmp_path: Path) -> None:
    with files_no_larger_than(2_000), pytest.raises(DiscoverError, match="Make room") as found:
        open_library(Door(Folders(tmp_path / "data")))
    assert "Restore a backup" not in str(found.value)
    is_whole(Folders(tmp_path / "data"), 0)


def test_the_command_says_it_in_a_line(
    tmp_path: Path, files: list[Path], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = ["--data-dir", str(tmp_path / "data")]
    assert run([*data, "stats"]) == 3
    capsys.readouterr()
    with files_no_larger_than(200_000):
        assert run([*data, "import", *map(str, files)]) == 1
    output = capsys.readouterr().err
    assert output.startswith("error: The disk")
    assert output.count("\n") == 1

    def stopped(*_: object, **__: object) -> None:
        raise CancelledError("Stopped. Nothing was imported.")

    monkeypatch.setattr("engine.imports.run.import_paths", stopped)
    assert run([*data, "import", *map(str, files)]) == INTERRUPTED
    assert capsys.readouterr().err == "interrupted: Stopped. Nothing was imported.\n"


def test_other_errors_are_not_the_disks() -> None:
    with pytest.raises(sqlite3.OperationalError) as wrong:
        sqlite3.connect(":memory:").execute("SELECT nothing")
    assert (
        disk_trouble(wrong.value) == disk_trouble(OSError(2, "gone")) == disk_trouble(ValueError("x")) == ""
    )
    assert "is full" in disk_trouble(OSError(28, "No space left on device"))
    assert "is full" in disk_trouble(OSError("1000 requested and 12 written"))


def test_a_file_that_grows_while_it_is_read_is_named(tmp_path: Path, files: list[Path]) -> None:
    def grow() -> None:
        with files[0].open("a") as file:
            file.write("more\n")

    db = library(tmp_path)
    (grown,) = import_paths(db, files[:1], begin=grow).files
    assert "it changed while it was read; import it again" in grown.note
    assert "changed" not in import_paths(db, files[:1]).files[0].note
    db.close()


def test_a_disk_that_fails_is_said_of_the_file_it_failed_at_and_the_others_are_read(
    tmp_path: Path, files: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    many = write(tmp_path, "exports/many.csv", files[1].read_bytes())
    (tmp_path / "exports" / "lost").mkdir()
    beginning = many.read_bytes()[:200_000]
    opened, looked = Path.open, os.scandir
    times: list[Path] = []

    def failing(path: Path, *how: Any) -> Any:
        if path != many or (times.append(path) or len(times)) < 3:
            return opened(path, *how)

        class Failing(io.RawIOBase):
            left = beginning

            def read(self, size: int = -1) -> bytes:
                if not self.left:
                    raise OSError(errno.EIO, "Input/output error", str(many))
                data, self.left = self.left[:size], self.left[size:]
                return data

        return Failing()

    def gone(folder: Path) -> Any:
        if Path(folder).name == "lost":
            raise OSError(errno.ESTALE, "Stale file handle", str(folder))
        return looked(folder)

    monkeypatch.setattr(Path, "open", failing)
    monkeypatch.setattr("engine.imports.walk.os.scandir", gone)
    db = library(tmp_path)
    report = import_paths(db, [many.parent, files[0]])
    notes = {Path(file.path).name: file.note for file in report.files}
    assert notes["lost"] == "cannot be read: Stale file handle; skipped"
    assert re.fullmatch(
        r"could not be read after record \d+ \(Input/output error\); imported up to there", notes["many.csv"]
    )
    assert report.files[-1].kept == FEW
    db.close()
