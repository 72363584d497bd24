"""The long runs: `python -m tests.reliability [kills|failures|reads|own|fuzz|tamper|monkey] --minutes N --json`,
all in turn by default.

`kills` kills each writing command at each of its calls that write, and at any moment; `failures` has each of them fail
from some call on as a full, a read-only or a denied disk does. Their figures, by command: `calls` that write, `trials`,
and `faults`, of which there should be none. `--points N` is enough trials of each command.

`reads` has each command that reads what a person gives it fail at its calls that look there, as a drive that is taken
out, a disk that fails or a permission that is lost does: the same figures. `own` does so where commands and the app
look into the data folder.

`tamper` damages each file of a data folder in turn: cut short, a block zeroed, bits flipped (in a database's schema
too) or blocks swapped. Then all is asked for, now and then by the command line, which mends it at last, and in the app.
Its figures, by file: `tried`, `said` (how often it was noticed), and `faults`, of which there should be none.

`fuzz` gives each reader changed files, `--points N` of them. Its figures, by reader: `tried`, `refused` (errors of our
own), `seconds` of CPU in all and `slowest` for one file, `memory` as the MB one file added at most, and `findings`, of
which there should be none; the first file of each is kept in `--keep DIR`.

`monkey` presses keys of the app over a library of `--listens N` made-up plays. Its figures: `keys`, `starts`, `memory`
as (seconds, number of the start, what `noting.Memory` has), `private` sessions, and `faults`, of which there should be
none.

`--only NAME` takes those with this in their name, `--part 2/3` every third of them from the second on, so that several
can run at once; `--seed N` other files and an other order.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import importlib
import io
import json
import pkgutil
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from engine.paths import Folders
from tests.reliability import commands, monkey
from tests.reliability.commands import Command
from tests.reliability.fuzz import Found, fuzz
from tests.reliability.own import OwnReadings, at_the_app, owned
from tests.reliability.readers import all_targets
from tests.reliability.reading import Readings, readers
from tests.reliability.tamper import DAMAGES, Damaged, command_lines, in_the_app, made, tamper
from tests.reliability.trials import Found as Faults
from tests.reliability.trials import Trials
from tests.reliability.watching import available

_ALL = ("kills", "failures", "reads", "own", "fuzz", "tamper", "monkey")
_TURN = 50
_BY_COMMANDS, _IN_THE_APP = 0.2, 0.02


def _part(name: str) -> str:
    if name not in _ALL:
        raise argparse.ArgumentTypeError(f"{name} is none of {', '.join(_ALL)}")
    return name


def main() -> int:
    """Run, and return 1 where something was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.reliability", description=__doc__)
    # Not by `choices`, which Python 3.11 wants the absent to be one of.
    parser.add_argument("what", nargs="*", type=_part, metavar=f"{{{','.join(_ALL)}}}")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--points", type=int, default=sys.maxsize)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="")
    parser.add_argument("--part", default="1/1", metavar="N/OF")
    parser.add_argument("--listens", type=int, default=1_000_000)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    if asked.keep:
        asked.keep.mkdir(parents=True, exist_ok=True)
    chosen = asked.what or list(_ALL)
    results: dict[str, dict[str, Any]] = {}
    for what in chosen:
        ends = time.monotonic() + 60 * asked.minutes / len(chosen)
        with tempfile.TemporaryDirectory() as folder:
            if what == "fuzz":
                results[what] = _fuzz(Path(folder), asked, ends)
            elif what == "tamper":
                results[what] = _tamper(Path(folder), asked, ends)
            elif what == "monkey" and monkey.available():
                results[what] = {"monkey": _monkey(Path(folder), asked, asked.minutes / len(chosen))}
            elif what == "monkey":
                print("monkey: this system keeps no process off the network.", file=sys.stderr)
            elif what == "reads" and available():
                results[what] = _reads(Path(folder), asked, ends)
            elif what == "own" and available():
                results[what] = _own(Path(folder), asked, ends)
            elif available():
                results[what] = _trials(Path(folder), what, asked, ends)
            else:
                print(f"{what}: this system lets no process be watched by seccomp.", file=sys.stderr)
    if asked.json:
        print(
            json.dumps(
                {what: {name: _plain(one) for name, one in of.items()} for what, of in results.items()}
            )
        )
    else:
        _print(results)
    faults = [
        one.findings if isinstance(one, Found) else one.faults
        for of in results.values()
        for one in of.values()
    ]
    return int(any(faults))


def _trials(folder: Path, what: str, asked: argparse.Namespace, ends: float) -> dict[str, Faults]:
    """A trial of each command in turn, until the time is over or there were enough."""
    load_all()
    commands.make(folder)
    rng = random.Random(asked.seed)
    under_way = {}
    for command in commands.COMMANDS:
        if asked.only in command.name:
            trials = Trials(folder, command)
            under_way[command.name] = trials, getattr(trials, what)(rng)
    _in_turn(under_way, asked, ends)
    return {name: trials.found for name, (trials, _) in under_way.items()}


def _reads(folder: Path, asked: argparse.Namespace, ends: float) -> dict[str, Faults]:
    """The same for each command that reads what it is given."""
    load_all()
    commands.make(folder)
    rng = random.Random(asked.seed)
    under_way = {}
    for command in readers(folder / "files"):
        if asked.only in command.name:
            tried = Readings(folder, command)
            under_way[command.name] = tried, tried.trials(rng)
    _in_turn(under_way, asked, ends)
    return {name: tried.found for name, (tried, _) in under_way.items()}


def _own(folder: Path, asked: argparse.Namespace, ends: float) -> dict[str, Faults]:
    """The same where the data folder itself is read, by commands and the app."""
    load_all()
    commands.make(folder)
    rng = random.Random(asked.seed)
    under_way = {}
    for name, command in owned().items():
        if asked.only in name:
            tried = OwnReadings(folder, command, at_the_app if name == "app" else None)
            under_way[name] = tried, tried.trials(rng)
    _in_turn(under_way, asked, ends)
    return {name: tried.found for name, (tried, _) in under_way.items()}


def _in_turn(
    commands_: dict[str, tuple[Any, Iterator[None]]], asked: argparse.Namespace, ends: float
) -> None:
    under_way = dict(commands_)
    while under_way and time.monotonic() < ends:
        for name, (trials, steps) in list(under_way.items()):
            if trials.found.trials >= asked.points or next(steps, steps) is steps or time.monotonic() > ends:
                del under_way[name]


def _monkey(folder: Path, asked: argparse.Namespace, minutes: float) -> monkey.Found:
    """Over a data folder with everything in it, and many plays."""
    commands.make(folder)
    history = monkey.many_listens(folder / "many.csv", asked.listens, asked.seed)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        # In this process: it takes longer than a child is given.
        code = Command("", ("import", str(history))).work(folder / "whole", folder / "files")()
    if code:
        raise OSError("The history was not imported.")
    return monkey.run(Folders(folder / "whole"), folder / "files", asked.seed, minutes)


def load_all() -> None:
    """Have every module loaded: a child is a process of its own in a moment then."""
    import engine
    import tuiapp.cli

    for package in (engine, tuiapp.cli):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__") and "spark" not in module.name:
                importlib.import_module(module.name)
    gc.collect()
    gc.freeze()


def _fuzz(folder: Path, asked: argparse.Namespace, ends: float) -> dict[str, Found]:
    """Each reader in turn, until the time is over."""
    rng = random.Random(asked.seed)
    results: dict[str, Found] = {}
    targets = all_targets(folder)
    others = [seed for target in targets for seed in target.seeds]
    part, of = map(int, asked.part.split("/"))
    chosen = [target for target in targets if asked.only in target.name][part - 1 :: of]
    while time.monotonic() < ends and chosen:
        for target in chosen:
            found = fuzz(
                target, rng, others, lambda tried: tried < _TURN and time.monotonic() < ends, asked.keep
            )
            results.setdefault(target.name, Found()).add(found)
        chosen = [target for target in chosen if results[target.name].tried < asked.points]
    return results


def _tamper(folder: Path, asked: argparse.Namespace, ends: float) -> dict[str, Damaged]:
    """Each file in turn in each way, until the time is over or there were enough."""
    base, rng = made(folder / "whole").root, random.Random(asked.seed)
    names = [str(path.relative_to(base)) for path in sorted(base.rglob("*")) if path.is_file()]
    chosen = [name for name in names if asked.only in name]
    results = {name: Damaged() for name in chosen}
    turn = 0
    while chosen and time.monotonic() < ends and turn < asked.points:
        for name in chosen:
            how = rng.choice(list(DAMAGES))
            at = folder / "damaged"
            if time.monotonic() < ends and tamper(base, at, rng, name, how, results[name]):
                what = f"{name} {how}"
                if rng.random() < _IN_THE_APP:
                    asyncio.run(in_the_app(at, what, results[name]))
                if rng.random() < _BY_COMMANDS:
                    command_lines(at, what, results[name])
        turn += 1
    return results


def _plain(one: Found | Faults | Damaged | monkey.Found) -> dict[str, Any]:
    """Its figures. A Counter is no dict to `dataclasses.asdict`."""
    return {name: dict(value) if isinstance(value, Counter) else value for name, value in vars(one).items()}


def _print(results: dict[str, dict[str, Any]]) -> None:
    for what, of in results.items():
        print(f"{what}:")
        for name, one in of.items():
            if isinstance(one, monkey.Found):
                line = (
                    f"{one.keys} keys, {one.starts} starts, {one.private} private, {one.memory}; {one.faults}"
                )
            elif isinstance(one, Found):
                line = (
                    f"{one.tried:>8,} tried, {one.refused:,} refused, {one.slowest:.2f} s, {one.memory} MB; "
                )
                line += f"{dict(one.findings)}"
            elif isinstance(one, Damaged):
                line = f"{one.tried:>8,} tried, {one.said:,} noticed; {dict(one.faults)}"
            else:
                line = f"{one.trials:>5} trials, {one.calls} calls that write; {dict(one.faults)}"
            print(f"  {name:25} {line}")


if __name__ == "__main__":
    sys.exit(main())
