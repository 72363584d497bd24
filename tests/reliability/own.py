"""The data folder's own files failing while they are read: a disk that fails, a permission that is lost, a file gone.

Commands and the app are failed at each of their calls that look there, or from that call on. A fault is words that are
not our own or call a failing disk damage, an app that ends, rows that are lost, a next run that ends otherwise.
"""

from __future__ import annotations

import asyncio
import errno
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from engine.paths import Folders
from tests.reliability.commands import Command, fresh
from tests.reliability.kept import kept
from tests.reliability.tamper import Damaged, in_the_app
from tests.reliability.trials import Found
from tests.reliability.watching import Call, Ended, run

FAILURES = (errno.EIO, errno.EACCES, errno.ENOENT)
# Errors as Python prints them, and what no sentence of ours says.
_RAW = re.compile(r"Unexpected error|Traceback|\[Errno|\bError\(|internal error|Error: ")
# What is said of damage, which a disk that fails is not.
_DAMAGE = re.compile(r"is damaged|move it away|[Rr]emove it|is deleted")
_PACK = re.compile(r"^  (\w+) +(?:community|features), ", re.MULTILINE)
# These change what is kept on the way.
_PROGRESS = ("imports", "music_folders", "forgetting")


class OwnReadings:
    """Trials of one command, in `place`, where `commands.make` put what it takes; `work` is done in its stead."""

    def __init__(
        self, place: Path, command: Command, work: Callable[[Path], Callable[[], int]] | None = None
    ) -> None:
        self._place, self._command = place, command
        self._work = work or (lambda data: command.work(data, place / "files"))
        self._data = fresh(place, command.start)
        self._before = kept(self._data)
        usual = self._run(lambda _: None)
        self._usual, self._after = usual, kept(self._data)
        self.found = Found(len(usual.calls))

    def trials(self, rng: random.Random) -> Iterator[None]:
        """Fail it once a step: each call, or each of that file from then on, with each error."""
        points = [
            (call, number, alone)
            for call in self._usual.calls
            for number in FAILURES
            for alone in (True, False)
            # What is open is there.
            if number != errno.ENOENT or "open" in call.name or "stat" in call.name
        ]
        rng.shuffle(points)
        for call, number, alone in points:
            yield self._failed(call, number, alone)

    def _failed(self, at: Call, number: int, alone: bool) -> None:
        fresh(self._place, self._command.start)

        def decide(call: Call) -> int | None:
            fails = call.number == at.number or (
                call.number > at.number and not alone and call.path == at.path
            )
            return number if fails else None

        ended = self._run(decide)
        self.found.trials += 1
        name = re.sub(r"\d{6,}[^/]*", "…", at.path.removeprefix(f"{self._data}/"))
        what = f"{errno.errorcode[number]} at {at.name} of {name} {'alone' if alone else 'on'}"
        said = ended.out + ended.err
        if _RAW.search(said) or ended.code < 0 or ended.code == 70:
            self._fault(f"{what}: {ended.code} {said.strip()[-400:]}", at)
        if number == errno.EIO and not alone and _damages(said) > _damages(self._usual.out + self._usual.err):
            self._fault(f"{what}: is said to be damage: {said.strip()[-400:]}", at)
        # The doctor names each pack, or says what is wrong with it or with the folder of all.
        named = _PACK.findall(self._usual.out) if self._command.name == "doctor" and ended.code == 0 else []
        if f"{Folders(self._data).packs}: " not in said and (
            left := [pack for pack in named if pack not in said]
        ):
            self._fault(f"{what}: nothing is said of {left}", at)
        now = kept(self._data)
        if more := dict(now.damage.items() - self._before.damage.items()):
            self._fault(f"{what}: {more}", at)
        for table, rows in self._before.rows.items():
            if table not in _PROGRESS and (rows & self._after.rows.get(table, rows)) - now.rows.get(
                table, rows
            ):
                self._fault(f"{what}: rows of {table} are lost", at)
        again = self._run(lambda _: None)
        if again.code not in (self._usual.code, 3):
            self._fault(f"{what}, then: {again.code} {(again.out + again.err).strip()[-300:]}", at)

    def _run(self, decide: Callable[[Call], int | None]) -> Ended:
        return run(self._work(self._data), self._data, decide, reads=True)

    def _fault(self, what: str, at: Call) -> None:
        self.found.faults[what] += 1


def _damages(said: str) -> int:
    """How often damage is spoken of."""
    return len(_DAMAGE.findall(said))


def at_the_app(data: Path) -> Callable[[], int]:
    """Look at every view of the app; what ends it is printed, and what it logged."""

    def work() -> int:
        found = Damaged()
        asyncio.run(in_the_app(data, "read", found))
        print(*found.faults, sep="\n")
        log = Folders(data).log
        if log.exists():
            print(log.read_text())
        return 70 if found.faults else 0

    return work


def owned() -> dict[str, Command]:
    """What reads the data folder, by name."""
    lines = {
        "who listens": "listen|--status", "recommend": "recommend|-n|5", "doctor": "doctor", "stats": "stats",
        "related": "related|Artist 3", "running": "playlist|running|--minutes|10|--seed|1", "taste": "taste",
        "search": "search|artist 3", "playlists": "playlists", "community list": "community|list",
        "backup list": "backup|list", "config": "config", "train": "train|--factors|8|--iterations|2|--no-tune",
        "played": "played|Artist 3|New Song|--seconds|200", "like": "like|Artist 5",
        "forget": "forget|--artist|Artist 7|--yes", "import": "import|{files}/more.csv", "evaluate": "evaluate",
        "model export": "model|export|{data}/../out.zip", "library scan": "library|scan",
    }  # fmt: skip
    of = {name: Command(name, tuple(line.split("|"))) for name, line in lines.items()}
    return {
        **of,
        "restore": Command("restore", ("backup", "restore"), start="backed up"),
        "repair": Command("repair", ("doctor", "--repair"), start="damaged"),
        "app": Command("app", ()),
    }
