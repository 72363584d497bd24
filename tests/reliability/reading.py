"""Files that fail while they are read: a folder that is unmounted, a disk that fails, a permission that is taken away.

Each command is failed at each of its calls that look at what it was given, or from that call on. A fault is words that
name no file or are not our own, a library that is not as before or after, a next run that ends otherwise.
"""

from __future__ import annotations

import errno
import os
import random
import re
import tarfile
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.reliability.commands import Command, fresh
from tests.reliability.kept import Kept, kept
from tests.reliability.trials import Found
from tests.reliability.watching import Call, Ended, run
from tests.support.samples import SAMPLES, content_of

FAILURES = (errno.EIO, errno.ESTALE, errno.EACCES, errno.ENOENT)
# Tables that say what was read, and how far.
_PROGRESS = ("imports", "music_folders")
_FILES = "music_files"
# Errors as Python prints them, and what no sentence of ours says.
_RAW = re.compile(r"Unexpected error|Traceback|\[Errno|\bError\(|internal error")


def readers(files: Path) -> list[Command]:
    """Every command that reads what a person gives it; some files for them are made in `files`."""
    formats = files / "formats"
    for name in SAMPLES:
        (formats / name).mkdir(parents=True)
        data = content_of(files / "formats" / name, name)
        ending = ".xlsx" if data.startswith(b"PK") else ""
        (formats / name / f"export{ending}").write_bytes(data)
    plays, likes = files / "plays.csv", files / "likes" / "YourLibrary.json"
    packed = files / "packed"
    packed.mkdir()
    for name in ("history", "lists"):
        inside = {"history": [plays, likes], "lists": [files / "lists.csv"]}[name]
        with zipfile.ZipFile(packed / f"{name}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for path in inside:
                archive.write(path, path.name)
        with tarfile.open(packed / f"{name}.tar.gz", "w:gz") as tar:
            for path in inside:
                tar.add(path, path.name)
    lines = {
        **{f"import {name}": f"import|{formats / name}" for name in SAMPLES},
        "import zip": f"import|{packed}/history.zip",
        "import tar": f"import|{packed}/history.tar.gz",
        "community folder": f"community|add|{files}/made",
        "community table": f"community|add|{files}/lists.csv",
        "community zip": f"community|add|{packed}/lists.zip",
        "community tar": f"community|add|{packed}/lists.tar.gz",
        "features": f"features|add|{files}/other tempos.csv",
        "library add": f"library|add|{files}/more music",
        "library scan": "library|scan",
        "model add": f"model|add|{files}/model.zip|--yes",
    }
    if not (files / "model.zip").exists():
        del lines["model add"]
    return [Command(name, tuple(line.split("|")), start="solo", steps=True) for name, line in lines.items()]


class Readings:
    """Trials of one command, in `place`, where `commands.make` put what it takes."""

    def __init__(self, place: Path, command: Command) -> None:
        self._place, self._command = place, command
        self._data = fresh(place, command.start)
        self._before = self._kept()
        usual = self._run(lambda _: None)
        self._usual, self._after = usual, self._kept()
        self.found = Found(len(usual.calls))

    def trials(self, rng: random.Random) -> Iterator[None]:
        """Fail it once a step: each call, or from each on, with each error."""
        points = [
            (call.number, number, alone)
            for call in self._usual.calls
            for number in FAILURES
            for alone in (True, False)
        ]
        rng.shuffle(points)
        for at, number, alone in points:
            yield self._failed(at, number, alone)

    def _failed(self, at: int, number: int, alone: bool) -> None:
        fresh(self._place, self._command.start)
        ended = self._run(lambda call: number if self._fails(call, at, alone) else None)
        self.found.trials += 1
        call = self._usual.calls[at - 1]
        what = f"{errno.errorcode[number]} at {call.name} {'alone' if alone else 'on'}"
        when = f"call {at}, {Path(call.path).name}"
        now, said = self._kept(), ended.out + ended.err
        if _RAW.search(said) or ended.code < 0 or ended.code == 70:
            self._fault(f"{what}: {ended.code} {said.strip()[-300:]}", when)
        if now.damage:
            self._fault(f"{what}: {now.damage}", when)
        if now.litter:
            self._fault(f"{what}: left over: {now.litter[:3]}", when)
        done = _same(now, self._after)
        if ended.code == 0 and not done and not _names(said, call.path):
            self._fault(f"{what}: done, but {now.difference(self._after)}: {said.strip()[-300:]}", when)
        if ended.code and not _names(said, call.path):
            self._fault(f"{what}: does not name it: {said.strip()[-300:]}", when)
        for table, rows in self._before.rows.items():
            lost = rows - now.rows[table]
            if number == errno.ENOENT and table == _FILES:
                # What the system says is not there has been deleted, for all that a scan can know.
                told = {repr(os.fsencode(one.path)) for one in ended.calls if self._fails(one, at, alone)}
                lost = Counter(row for row in lost if not any(path in row for path in told))
            if table not in _PROGRESS and lost:
                self._fault(f"{what}: rows of {table} are lost", when)
        again = self._run()
        if again.code != self._usual.code or not _same(self._kept(), self._after):
            self._fault(f"{what}, then: {again.code} {self._kept().difference(self._after)}", when)

    @staticmethod
    def _fails(call: Call, at: int, alone: bool) -> bool:
        return call.number == at or (call.number > at and not alone)

    def _kept(self) -> Kept:
        # Of a file that was read in part there is one import more.
        return kept(self._data, ("mark", "id", "import_id"))

    def _run(self, decide: object = None) -> Ended:
        work = self._command.work(self._data, self._place / "files")
        return run(work, self._place / "files", decide, reads=True)  # type: ignore[arg-type]  # null, or one of those of `run`

    def _fault(self, what: str, when: str) -> None:
        self.found.faults[f"{what} ({when})"] += 1


def _same(one: Kept, other: Kept) -> bool:
    """Whether two hold the same."""
    return one.files == other.files and all(
        one.rows[table] == other.rows[table] for table in other.rows if table not in _PROGRESS
    )


def _names(said: str, path: str) -> bool:
    """Whether it is said of which file, by its name or that of what it is in."""
    words = " ".join(said.split())
    return any(part in words for part in (Path(path).name, Path(path).parent.name))
