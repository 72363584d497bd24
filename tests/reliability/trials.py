"""Commands that are killed, or whose calls fail, at each step: what they leave is whole, the next run makes it good.

A fault is anything else: a library that is not whole, a row lost or doubled, a next run that ends otherwise than it
would have undisturbed, a file left over, a `doctor` that says other than is true, words that say nothing.
"""

from __future__ import annotations

import errno
import json
import os
import random
import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.reliability.commands import Command, fresh
from tests.reliability.kept import UNFINISHED, Kept, below, files_kept, kept
from tests.reliability.watching import KILL, Call, Decide, Ended, run

FAILURES = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES)
_WRITE = {
    "write",
    "pwrite",
    "writev",
    "pwritev",
    "ftruncate",
    "truncate",
    "fallocate",
    "copy_file_range",
    "sendfile",
}
_SAFE = {"fsync", "fdatasync"}
_NEW = {"openat", "open", "creat", "mkdir", "mkdirat", "rename", "renameat", "renameat2", "link", "linkat"}
# What the system refuses with each: a full disk lets what is there be deleted.
_REFUSED = {
    errno.ENOSPC: _WRITE | _SAFE | _NEW, errno.EDQUOT: _WRITE | _SAFE | _NEW, errno.EROFS: None,
    errno.EACCES: _NEW | {"unlink", "unlinkat", "rmdir", "chmod", "fchmod", "fchmodat"},
}  # fmt: skip
_CLEAR = re.compile(
    r"^error: .*(full|room|may not be|written to|[Rr]ead-only|Permission|space|quota|busy|[Cc]annot)",
    re.DOTALL | re.MULTILINE,
)

_COPY = "config.last.toml"
# Tables that say how far something came: they change while it is done.
_PROGRESS = {"forgetting", "imports", "music_folders"}


@dataclass
class Found:
    """What came of one command: how many of its calls change anything, trials, and faults with how often each was."""

    calls: int = 0
    trials: int = 0
    faults: Counter[str] = field(default_factory=Counter)


@dataclass
class _Undisturbed:
    """What one run makes of a data folder, and a second one."""

    before: Kept
    after: Kept
    twice: Kept
    codes: tuple[int, int]
    calls: list[Call]
    seconds: float
    # What `doctor` says is to be done, before and after.
    advice: tuple[list[str], list[str]]


class Trials:
    """Trials of one command, in `place`, where `commands.make` put what it takes."""

    def __init__(self, place: Path, command: Command) -> None:
        self._place, self._command, self._ended = place, command, 0.0
        self._data = fresh(place, command.start)
        before, advice = self._kept(), self._doctor()["next"]
        fresh(place, command.start)
        began = time.monotonic()
        first = self._run(lambda _: None)
        seconds, after = time.monotonic() - began, self._kept()
        _pass_a_second(time.time())
        second = self._run()
        twice = self._kept()
        self._as_it_is = _Undisturbed(
            before, after, twice, (first.code, second.code), first.calls, seconds, (advice, [])
        )
        fresh(place, command.start)
        self._run()
        self._as_it_is.advice = (advice, self._doctor()["next"])
        self.found = Found(len(first.calls))
        self._makes_models = any("/models/" in call.path and "rename" in call.name for call in first.calls)

    def kills(self, rng: random.Random) -> Iterator[None]:
        """Kill it once a step: at each call, in any order, then again and again at any moment."""
        calls = list(range(1, len(self._as_it_is.calls) + 1))
        rng.shuffle(calls)
        for number in calls:
            yield self._killed(
                lambda call, at=number: KILL if call.number == at else None, f"call {number}", rng
            )
        while True:
            moment = rng.uniform(0, self._as_it_is.seconds)
            done = self.found.trials
            yield self._killed(None, f"{moment:.3f} s", rng, kill_after=moment)
            if calls and self.found.trials == done:
                # It was over before, as a short one mostly is: a call has it be in the middle of something.
                number = rng.choice(calls)
                yield self._killed(
                    lambda call, at=number: KILL if call.number == at else None, f"call {number}", rng
                )

    def failures(self, rng: random.Random) -> Iterator[None]:
        """Fail it once a step: from each call on, in any order, with each kind of failure; to the end of them."""
        points = [
            (call.number, number)
            for call in self._as_it_is.calls
            for number in FAILURES
            if _fails(call, number)
        ]
        rng.shuffle(points)
        for at, number in points:
            yield self._failed(at, number)

    # -- one trial -------------------------------------------------------------------------------------------

    def _killed(
        self, decide: Decide | None, when: str, rng: random.Random, kill_after: float | None = None
    ) -> None:
        fresh(self._place, self._command.start)
        began = time.time()
        ended, self._ended = self._run(decide, kill_after), time.time()
        if not ended.killed:
            # It was done before: unwatched, or beside less, it takes less time.
            self._as_it_is.seconds = min(self._as_it_is.seconds, 1.25 * (self._ended - began))
            return
        self.found.trials += 1
        at = f"killed at {ended.calls[-1].name if kill_after is None else 'any moment'}"
        now = self._kept()
        self._is_between(now, at, when)
        for number in re.findall(r"kept (\d)", ended.out):
            if not any(f"Told {number}" in row for row in now.rows.get("tracks", ())):
                self._fault(f"{at}: a play that was answered is lost", when)
        _age(self._data.parent)
        look_first = rng.random() < 0.5
        if look_first:
            self._doctor_is_right(now, at, when)
        self._goes_on(now, at, when)
        if not look_first:
            self._doctor_is_right(None, at, when)

    def _failed(self, at: int, number: int) -> None:
        fresh(self._place, self._command.start)
        ended = self._run(lambda call: number if call.number >= at and _fails(call, number) else None)
        self._ended = time.time()
        self.found.trials += 1
        call = self._as_it_is.calls[at - 1].name
        what, when = f"{errno.errorcode[number]} at {call}", f"call {at}"
        now = self._kept()
        # The next command makes the copy of the settings.
        left = {name: content for name, content in self._as_it_is.after.files.items() if name == _COPY}
        done = replace(now, files=now.files | left) == self._as_it_is.after
        if ended.code == 0 and not done and not self._command.listens:
            self._fault(f"{what}: done, but {now.difference(self._as_it_is.after)}", when)
        said = ended.err.strip()
        if ended.code not in (0, self._as_it_is.codes[0]) and (
            "Unexpected" in said or "Traceback" in said or not _CLEAR.search(said)
        ):
            self._fault(f"{what}: {ended.code} {said[-200:]}", when)
        self._is_between(now, what, when)
        _age(self._data.parent)
        self._goes_on(now, what, when)

    # -- what is to be true ------------------------------------------------------------------------------------

    def _is_between(self, now: Kept, at: str, when: str) -> None:
        """Nothing was lost or doubled: the library is as before or after, or with `steps` between the two."""
        before, after = self._as_it_is.before, self._as_it_is.after
        if more := dict(now.damage.items() - before.damage.items()):
            self._fault(f"{at}: {more}", when)
        for table in now.rows.keys() - _PROGRESS if before.rows else ():
            here, least, most = (one.rows.get(table, Counter()) for one in (now, before, after))
            between = not (least & most) - here and not here - (least | most)
            if not (between if self._command.steps else here in (least, most)):
                self._fault(f"{at}: rows of {table}", when)
        for name in before.files.keys() - {"hindsight.json"}:
            if name in after.files and name not in now.files and "-before" not in name:
                self._fault(f"{at}: {name} is lost", when)
        for name, content in now.files.items():
            known = {one.files.get(name) for one in (before, after)}
            if (
                content not in known
                and not name.startswith((UNFINISHED, "models/<nobody's>"))
                and "-before" not in name
            ):
                self._fault(f"{at}: {name} is neither the old nor the new", when)

    def _goes_on(self, now: Kept, at: str, when: str) -> None:
        """The next run ends as one does that nobody disturbed, and leaves nothing over."""
        usual = self._as_it_is
        if now != usual.before and self._makes_models:
            _pass_a_second(self._ended)
        ended = self._run()
        after = self._kept()
        # What was half done may have been as good as done.
        done, begun = now == usual.after, now != usual.before
        expected = usual.twice if done or (begun and after == usual.twice) else usual.after
        # Nothing may be left to do.
        if ended.code not in (*usual.codes, 3):
            self._fault(f"{at}, then: {ended.code} {ended.err.strip()[-200:]}", when)
        if after != expected:
            self._fault(f"{at}, then: {after.difference(expected)}", when)
        if after.litter:
            self._fault(f"{at}, then: left over: {_kinds(after.litter)}", when)
        for form in (self._command.gone, self._command.gone.casefold()):
            holds = [
                path.name
                for path in self._data.rglob("*")
                if path.is_file() and form.encode() in path.read_bytes()
            ]
            if form and holds:
                self._fault(f"{at}, then: {', '.join(holds)} still holds the name", when)

    def _doctor_is_right(self, now: Kept | None, at: str, when: str) -> None:
        """It says what is to be done before or after, whichever this is, and of models not in use; and clears up."""
        usual = self._as_it_is
        said = self._doctor()
        library = said.get("library", "")
        is_whole = isinstance(library, dict) and library["integrity"] == "ok"
        if is_whole != (now is None or "library.sqlite" not in now.damage):
            self._fault(f"{at}, doctor: {library or said}", when)
        advice = said.get("next", [])
        unused = [one for one in advice if "not in use" in one]
        then = files_kept(self._data)
        if now is not None:
            listed = [one for one in advice if one not in unused]
            either = set(usual.advice[0]) | set(usual.advice[1])
            if not (
                listed == usual.advice[0]
                if now == usual.before
                else listed == usual.advice[1]
                if now == usual.after
                else set(listed) <= either
            ):
                self._fault(f"{at}, doctor: {advice}", when)
            # One that was whole and had no name yet has it now.
            if bool(unused) != any(name.endswith("<nobody's>/manifest.json") for name in then.files):
                self._fault(f"{at}, doctor: {unused} of models not in use", when)
        # Not what was to be a file of the person's elsewhere.
        if litter := [name for name in then.litter if (self._data / name).exists()]:
            self._fault(f"{at}, doctor: left over: {_kinds(litter)}", when)

    # -- processes ---------------------------------------------------------------------------------------------

    def _run(self, decide: Decide | None = None, kill_after: float | None = None) -> Ended:
        work = self._command.work(self._data, self._place / "files")
        return run(work, self._place / "trial", decide, kill_after=kill_after)

    def _kept(self) -> Kept:
        found = kept(self._data)
        if self._command.listens:
            # A play that is sent again was there already, and is counted as a duplicate.
            found.rows["imports"] = Counter(len(found.rows.get("imports", ())) * ["one"])
        return found

    def _doctor(self) -> dict[str, Any]:
        ended = run(Command("", ("doctor", "--json")).work(self._data, self._place), self._place)
        try:
            said: dict[str, Any] = json.loads(ended.out)
        except ValueError:
            return {"library": f"{ended.code} {ended.err}"}
        return said

    def _fault(self, what: str, when: str) -> None:
        self.found.faults[f"{what} ({when})" if what not in self._seen() else what] += 1

    def _seen(self) -> set[str]:
        return {fault.rsplit(" (", 1)[0] for fault in self.found.faults}


def _fails(call: Call, number: int) -> bool:
    refused = _REFUSED[number]
    return refused is None or call.name in refused


def _kinds(litter: list[str]) -> str:
    """Names without what is random in them."""
    return ", ".join(sorted({re.sub(r"-[0-9a-f]{8,16}", "-…", name.split("/.")[-1]) for name in litter}))


def _age(folder: Path) -> None:
    """What is a moment old might still be being made: have it be older."""
    for entry in reversed(list(below(folder))):
        then = entry.stat(follow_symlinks=False).st_mtime_ns - 3600 * 10**9
        os.utime(entry.path, ns=(then, then), follow_symlinks=False)


def _pass_a_second(since: float) -> None:
    """A model is named for the second it was made in: have another one come."""
    if int(since) == int(time.time()):
        time.sleep(1.01 - time.time() % 1)
