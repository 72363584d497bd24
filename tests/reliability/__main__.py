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

The minutes are those of all parts together: each has its share of what is left. `--only NAME` takes those with this in
their name, `--part 2/3` every third of them from the second on, so that several can run at once; `--seed N` other files
and an other order.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import functools
import gc
import importlib
import io
import json
import pkgutil
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from importlib import metadata
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
    results: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as folder:
        _all(asked.what or list(_ALL), Path(folder), asked, results)
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


def _all(
    parts: list[str], folder: Path, asked: argparse.Namespace, results: dict[str, dict[str, Any]]
) -> None:
    """Each part has its share of the minutes that are left when it begins, and makes ready what it needs in it."""
    of = {"fuzz": _fuzz, "tamper": _tamper, "monkey": _monkey, "reads": _reads, "own": _own}
    over = time.monotonic() + 60 * asked.minutes
    for number, what in enumerate(parts):
        now = time.monotonic()
        ends = now + max(0.0, over - now) / (len(parts) - number)
        if what == "monkey" and not monkey.available():
            print("monkey: this system keeps no process off the network.", file=sys.stderr)
        elif what not in ("fuzz", "tamper", "monkey") and not available():
            print(f"{what}: this system lets no process be watched by seccomp.", file=sys.stderr)
        elif what in of:
            results[what] = of[what](folder, asked, ends)
        else:
            results[what] = _trials(folder, what, asked, ends)


def _place(folder: Path) -> Path:
    """What commands are tried over, made for the first part that needs it."""
    place = folder / "place"
    if not place.exists():
        place.mkdir()
        load_all()
        commands.make(place)
    return place


def _trials(folder: Path, what: str, asked: argparse.Namespace, ends: float) -> dict[str, Faults]:
    """A trial of each command in turn, until the time is over or there were enough."""
    place, rng = _place(folder), random.Random(asked.seed)

    def begun(command: Command) -> tuple[Trials, Iterator[None]]:
        trials = Trials(place, command)
        return trials, getattr(trials, what)(rng)

    return _in_turn({command.name: command for command in commands.COMMANDS}, begun, asked, ends)


def _reads(folder: Path, asked: argparse.Namespace, ends: float) -> dict[str, Faults]:
    """The same for each command that reads what it is given."""
    place, rng = _place(folder), random.Random(asked.seed)

    def begun(command: Command) -> tuple[Readings, Iterator[None]]:
        tried = Readings(place, command)
        return tried, tried.trials(rng)

    return _in_turn({command.name: command for command in readers(place / "files")}, begun, asked, ends)


def _own(folder: Path, asked: argparse.Namespace, ends: float) -> dict[str, Faults]:
    """The same where the data folder itself is read, by commands and the app."""
    place, rng = _place(folder), random.Random(asked.seed)

    def begun(command: Command) -> tuple[OwnReadings, Iterator[None]]:
        tried = OwnReadings(place, command, at_the_app if command.name == "app" else None)
        return tried, tried.trials(rng)

    return _in_turn(owned(), begun, asked, ends)


def _chosen(names: Iterable[str], asked: argparse.Namespace) -> list[str]:
    part, of = map(int, asked.part.split("/"))
    return [name for name in names if asked.only in name][part - 1 :: of]


def _in_turn(
    commands_: dict[str, Command],
    begun: Callable[[Command], tuple[Any, Iterator[None]]],
    asked: argparse.Namespace,
    ends: float,
) -> dict[str, Faults]:
    """A step of each in turn. Each is begun, which takes seconds, when its first turn comes: in the time."""
    left = _chosen(commands_, asked)
    results = {name: Faults() for name in left}
    under_way = {}
    while left:
        for name in list(left):
            if time.monotonic() >= ends:
                return results
            if name not in under_way:
                under_way[name] = begun(commands_[name])
                results[name] = under_way[name][0].found
            trials, steps = under_way[name]
            if trials.found.trials >= asked.points or next(steps, steps) is steps:
                left.remove(name)
    return results


def _monkey(folder: Path, asked: argparse.Namespace, ends: float) -> dict[str, monkey.Found]:
    """Over a data folder with everything in it, and many plays."""
    place = _place(folder)
    history = monkey.many_listens(folder / "many.csv", asked.listens, asked.seed)
    data = shutil.copytree(place / "whole", folder / "monkey", symlinks=True)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        # In this process: it takes longer than a child is given.
        code = Command("", ("import", str(history))).work(data, place / "files")()
    if code:
        raise OSError("The history was not imported.")
    minutes = max(0.0, ends - time.monotonic()) / 60
    return {"monkey": monkey.run(Folders(data), place / "files", asked.seed, minutes)}


def load_all() -> None:
    """Have every module loaded: a child is a process of its own in a moment then."""
    import engine
    import tuiapp.cli

    for package in (engine, tuiapp.cli):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__") and "spark" not in module.name:
                importlib.import_module(module.name)
    # What is installed stays as it is meanwhile, and takes a fifth of a `doctor` to look up.
    metadata.version = functools.cache(metadata.version)
    with contextlib.redirect_stdout(io.StringIO()), tempfile.TemporaryDirectory() as empty:
        Command("", ("doctor", "--json")).work(Path(empty) / "none", Path(empty))()
    gc.collect()
    gc.freeze()


def _fuzz(folder: Path, asked: argparse.Namespace, ends: float) -> dict[str, Found]:
    """Each reader in turn, until the time is over."""
    rng = random.Random(asked.seed)
    results: dict[str, Found] = {}
    (folder / "fuzz").mkdir()
    targets = all_targets(folder / "fuzz")
    others = [seed for target in targets for seed in target.seeds]
    names = _chosen([target.name for target in targets], asked)
    chosen = [target for target in targets if target.name in names]
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
    chosen = _chosen(names, asked)
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
