"""The harness sees a library that was lost and words that say nothing, and a short run of it finds nothing."""

from __future__ import annotations

import argparse
import errno
import json
import math
import os
import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from engine.paths import Folders
from tests.reliability import __main__ as harness
from tests.reliability import commands, monkey, own, tamper, watching
from tests.reliability.commands import Command
from tests.reliability.fuzz import Found
from tests.reliability.reading import Readings, readers
from tests.reliability.trials import Found as Faults
from tests.reliability.trials import Trials
from tests.reliability.watching import KILL, Call, available, run
from tests.support.commands import EVERY_COMMAND

pytestmark = pytest.mark.skipif(not available(), reason="no process can be watched by seccomp here")

# The long run has all of them: python -m tests.reliability
_KILLED = ("import", "forget, all")
_FAILED = ("import",)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("reliability")
    commands.make(place, models=False)
    return place


def test_a_call_is_seen_failed_and_killed_before_it_takes_place(tmp_path: Path) -> None:
    def work() -> int:
        for name in ("one", "two", "three"):
            (tmp_path / name).touch()
        return 3

    assert [(call.name, Path(call.path).name) for call in run(work, tmp_path, lambda _: None).calls] == [
        ("openat", "one"), ("openat", "two"), ("openat", "three"),
    ]  # fmt: skip
    for name in ("one", "two", "three"):
        (tmp_path / name).unlink()
    assert run(work, tmp_path, lambda call: KILL if call.number == 2 else None).killed
    assert [path.name for path in tmp_path.iterdir()] == ["one"]
    (tmp_path / "one").unlink()
    failed = run(work, tmp_path, lambda call: errno.ENOSPC if call.number == 2 else None)
    assert "No space left" in failed.err
    assert not (tmp_path / "two").exists()


def test_what_only_reads_is_not_asked_about_nor_who_was_killed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each question costs two changes of process, and until a killed one is gone the system has no more to say."""
    (tmp_path / "old").write_text("old")
    asked: list[int] = []
    usual = watching.fcntl.ioctl
    monkeypatch.setattr(
        watching.fcntl, "ioctl", lambda handle, what, data: asked.append(what) or usual(handle, what, data)
    )

    def work() -> int:
        for _ in range(5):
            os.close(os.open(tmp_path / "old", os.O_RDONLY))
        os.close(os.open(tmp_path / "old", os.O_RDWR))
        os.close(os.open(tmp_path / "new", os.O_RDONLY | os.O_CREAT))
        return 0

    ended = run(work, tmp_path, lambda call: KILL if call.number == 2 else None)
    assert [Path(call.path).name for call in ended.calls] == ["old", "new"]
    assert ended.killed
    assert len(asked) == 3  # two questions and one answer


def _loses(data: Path) -> int:
    """A program that is not careful: writes a file in place, the library too."""
    (data / "config.toml").write_text("")
    (data / "config.toml").write_text("theme = 'nord'\n")
    half = data / f".half-{os.getpid()}"
    half.touch()
    half.unlink()
    return 0


def test_the_harness_finds_what_is_lost_and_left_over(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def careless(self: Command, data: Path, files: Path) -> Callable[[], int]:
        if self.name != "careless":
            return usual(self, data, files)
        return lambda: _loses(data)

    usual = Command.work
    monkeypatch.setattr(Command, "work", careless)
    tried = Trials(place, Command("careless", (), start="solo"))
    for _ in zip(range(tried.found.calls), tried.kills(random.Random(1)), strict=False):
        pass
    for what in ("config.toml is neither the old nor the new", "left over"):
        assert any(what in fault for fault in tried.found.faults)


@pytest.mark.parametrize("name", _KILLED)
def test_killed_anywhere_nothing_is_lost_and_the_next_run_makes_it_good(place: Path, name: str) -> None:
    _short(place, name, "kills")


@pytest.mark.parametrize("name", _FAILED)
def test_a_disk_that_is_full_or_denied_is_said_and_nothing_lost(place: Path, name: str) -> None:
    _short(place, name, "failures")


def _short(place: Path, name: str, what: str, points: int = 1) -> None:
    (command,) = (one for one in commands.COMMANDS if one.name == name)
    tried = Trials(place, command)
    for _ in getattr(tried, what)(random.Random(name)):
        if tried.found.trials >= points:
            break
    assert tried.found.trials == points
    assert not tried.found.faults, f"python -m tests.reliability {what} --only '{name}'"


@pytest.fixture(scope="module")
def given(place: Path) -> dict[str, Command]:
    return {command.name: command for command in readers(place / "files")}


@pytest.mark.parametrize("name", ["import zip", "library scan"])
def test_a_file_that_goes_away_while_it_is_read_is_named_and_nothing_lost(
    place: Path, given: dict[str, Command], name: str
) -> None:
    command = given[name]
    tried = Readings(place, command)
    next(tried.trials(random.Random(name)))
    assert not tried.found.faults, f"{tried.found.faults}: python -m tests.reliability reads --only '{name}'"


def test_of_a_file_that_is_told_to_be_gone_nothing_need_be_kept(
    place: Path, given: dict[str, Command]
) -> None:
    tried = Readings(place, given["library scan"])
    looked_at = next(call for call in tried._usual.calls if call.path.endswith("/3.wav"))
    for number in (errno.ENOENT, errno.EIO):
        tried._failed(looked_at.number, number, alone=True)
    assert not tried.found.faults


def test_models_that_go_while_they_are_looked_through_end_nothing(place: Path) -> None:
    data = commands.fresh(place, "solo")
    (data / "models").mkdir(exist_ok=True)

    def gone(call: Call) -> int | None:
        return errno.ENOENT if call.name == "openat" and call.path == str(data / "models") else None

    ended = run(Command("", ("community", "list")).work(data, place), data, gone, reads=True)
    assert any(gone(call) for call in ended.calls)
    assert (ended.code, ended.err) == (0, "")


def test_each_line_the_harness_tries_is_a_command() -> None:
    """One that is none ends at once, and is never found at fault."""
    tried = [*commands.COMMANDS, *own.owned().values()]
    lines = [command.line for command in tried if any(command.line)] + [
        tuple(line.split(" ")) for line in tamper.LINES
    ]
    unknown = {
        line for line in lines if line[0] not in EVERY_COMMAND and " ".join(line[:2]) not in EVERY_COMMAND
    }
    assert not unknown


def test_what_was_found_is_printed_as_json(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = {"kills": Faults(3, 2, Counter({"lost": 1})), "fuzz": Found(1, 0, Counter({"it hangs": 1}))}
    monkeypatch.setattr(harness, "_trials", lambda *_: {"import": found["kills"]})
    monkeypatch.setattr(harness, "_fuzz", lambda *_: {"csv": found["fuzz"]})
    monkeypatch.setattr("sys.argv", ["reliability", "kills", "fuzz", "--json"])
    assert harness.main() == 1
    printed = json.loads(capsys.readouterr().out)
    assert printed["kills"]["import"]["faults"] == {"lost": 1}
    assert printed["fuzz"]["csv"]["findings"] == {"it hangs": 1}


def test_named_nothing_the_long_run_is_all_of_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    begun: list[str] = []
    for name in ("_trials", "_reads", "_own", "_fuzz", "_tamper"):
        monkeypatch.setattr(harness, name, lambda *_, name=name: begun.append(name) or {})
    monkeypatch.setattr(monkey, "available", lambda: False)
    monkeypatch.setattr("sys.argv", ["reliability", "--minutes", "1", "--json"])
    assert harness.main() == 0
    assert Counter(begun) == Counter(_trials=2, _reads=1, _own=1, _fuzz=1, _tamper=1)
    assert {"kills", "failures", "fuzz"} <= json.loads(capsys.readouterr().out).keys()
    monkeypatch.setattr("sys.argv", ["reliability", "nonsense"])
    with pytest.raises(SystemExit):
        harness.main()


class _Slow:
    """Trials that take time by a clock of their own."""

    def __init__(self, clock: list[float], begun: float, name: str) -> None:
        clock[0] += begun
        self._clock, self.found, self.name = clock, Faults(), name

    def kills(self, _: random.Random) -> Iterator[None]:
        while True:
            self._clock[0] += 1
            self.found.trials += 1
            yield

    failures = trials = kills


def test_all_of_it_keeps_its_minutes_and_each_part_has_its_share(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = [1000.0]

    def takes(seconds: float) -> None:
        clock[0] += seconds

    monkeypatch.setattr(harness, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    monkeypatch.setattr(harness, "load_all", lambda: None)
    monkeypatch.setattr(harness, "available", lambda: True)
    monkeypatch.setattr(commands, "make", lambda place: (place / "whole").mkdir() or takes(10))
    monkeypatch.setattr(harness, "readers", lambda _: {one.name: one for one in commands.COMMANDS}.values())
    for name in ("Trials", "Readings", "OwnReadings"):
        monkeypatch.setattr(harness, name, lambda _, command, *__: _Slow(clock, 3, command.name))
    monkeypatch.setattr(harness, "all_targets", lambda _: [])
    monkeypatch.setattr(harness, "made", lambda root: root.mkdir() or Folders(root))
    monkeypatch.setattr(monkey, "available", lambda: True)
    monkeypatch.setattr(monkey, "many_listens", lambda file, *_: file)
    monkeypatch.setattr(Command, "work", lambda *_: lambda: takes(60) or 0)
    monkeypatch.setattr(monkey, "run", lambda *given: takes(60 * given[3]) or monkey.Found(keys=1))
    monkeypatch.setattr("sys.argv", ["reliability", "--minutes", "7", "--json"])
    assert harness.main() == 0
    printed = json.loads(capsys.readouterr().out)
    assert 6.9 * 60 < clock[0] - 1000 <= 7 * 60 + 5
    for what in ("kills", "failures", "reads", "own"):
        assert sum(one["trials"] for one in printed[what].values()) > 9
    assert printed["monkey"]["monkey"]["keys"]


def test_a_part_of_the_commands_is_every_so_many_of_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(harness, "_place", lambda folder: folder)
    monkeypatch.setattr(harness, "Trials", lambda _, command: _Slow([0.0], 0, command.name))
    asked = argparse.Namespace(seed=0, points=1, only="")
    tried = []
    for asked.part in ("1/2", "2/2"):
        found = harness._trials(tmp_path, "kills", asked, math.inf)
        assert {one.trials for one in found.values()} == {1}
        tried += [*found]
    assert sorted(tried) == sorted(one.name for one in commands.COMMANDS)


@pytest.mark.skipif(not monkey.available(), reason="no process can be kept off the network here")
def test_a_monkey_at_the_keys_brings_nothing_down(place: Path, tmp_path: Path) -> None:
    shutil.copytree(place / "solo", tmp_path / "data")
    found = monkey.run(Folders(tmp_path / "data"), place / "files", 3, 0.5, keys=25)
    assert not found.faults, "python -m tests.reliability monkey"
    assert (found.keys, found.ended) == (25, [0])
