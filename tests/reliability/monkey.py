"""A seeded monkey at the app's terminal: every key the app knows, in any order, at any size, with jobs running.

The app runs as it does for a person, on a terminal of its own and without any network. What is recorded: how often it
began and how each ended, what its log says, how much memory it had, whether it went on painting, and private sessions
during which anything in the data folder changed.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import pty
import random
import re
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from engine.paths import Folders
from engine.privacy.presence import private_session_on
from tests.reliability.noting import Memory, Notes

_NEW_NETWORK, _NEW_USER = 0x40000000, 0x10000000
_BYTES = {
    "enter": b"\r", "escape": b"\x1b", "up": b"\x1b[A", "down": b"\x1b[B", "right": b"\x1b[C", "left": b"\x1b[D",
    "home": b"\x1b[H", "end": b"\x1b[F", "pageup": b"\x1b[5~", "pagedown": b"\x1b[6~", "delete": b"\x1b[3~",
    "backspace": b"\x7f", "space": b" ", "tab": b"\t", "shift+tab": b"\x1b[Z", "shift+up": b"\x1b[1;2A",
    "shift+down": b"\x1b[1;2B",
}  # fmt: skip
# What no key of the app is: the mouse, a paste, bytes that are no text, a terminal that says it was left.
_OTHERS = [
    b"\x1b[<0;20;10M\x1b[<0;20;10m", b"\x1b[<64;30;12M", b"\x1b[<65;30;12M",
    b"\x1b[200~pasted \x1b[31m text\n2\x1b[201~",
    b"\xc3\xa9", b"\xe6\xbc\xa2", b"\xff", b"\x00", b"\x1b[O", b"\x1b[I", b"\x1b[99;99;99~", b"\x1b[9999999u",
    b"\x1b[?62;4c",
]  # fmt: skip
_WORDS = [
    b"artist 7", b"2024-06", b"x", b"-1", b"99999", b"/no/such", b"..", b"22:00-06:00", b"[bold]", b"a'b\"c", b"~",
    b"{files}/more.csv", b"{files}/likes", b"{files}/music", b"{files}/other tempos.csv", b"out.m3u8",
]  # fmt: skip
_SIZES = [(24, 80), (40, 120), (60, 200), (5, 10), (1, 3), (12, 40), (30, 100)]
# A key, on the way back out of what was opened, more often than the rest.
_OFTEN = ["escape"] * 8 + ["enter"] * 6 + ["down", "up"] * 4 + ["tab"] * 2
# Seconds without a byte while keys are pressed, and between two looks at the memory.
_SILENT, _LOOK = 30.0, 15.0
# When it is over, it has so many seconds to go.
_LEAVES = 15.0


@dataclass
class Found:
    """What came of it. `memory` has (seconds from the beginning, number of the start, what `Memory` has)."""

    keys: int = 0
    starts: int = 0
    resizes: int = 0
    ended: list[int] = field(default_factory=list)
    memory: list[tuple[int, int, Memory]] = field(default_factory=list)
    private: int = 0
    faults: list[str] = field(default_factory=list)


def run(folders: Folders, files: Path, seed: int, minutes: float, *, keys: int = sys.maxsize) -> Found:
    """Press keys for so many minutes, or so many of them, over a data folder; `files` are what may be imported.

    Raises OSError where a process cannot be kept off the network.
    """
    found, rng, began = Found(), random.Random(seed), time.monotonic()
    ends = began + 60 * minutes
    folders.root.mkdir(parents=True, exist_ok=True)
    (folders.root / "config.toml").write_text('[open]\nplayer = "true {query}"\n')
    while time.monotonic() < ends and found.keys < keys:
        found.starts += 1
        with (
            tempfile.TemporaryDirectory() as notes,
            _Terminal(folders, files.parent, Path(notes)) as terminal,
        ):
            _press(terminal, found, rng, files, began, ends, keys)
            found.ended.append(terminal.left())
            if stacks := terminal.notes.stacks():
                found.faults.append(f"start {found.starts} hung: {stacks}")
            if errors := terminal.notes.errors():
                found.faults.append(f"start {found.starts} failed: {errors}")
        if found.ended[-1] not in (0, 130, 128 + signal.SIGTERM):
            found.faults.append(f"start {found.starts} ended with {found.ended[-1]}: {terminal.text[-600:]}")
            if found.ended[-1] == _Terminal.NOT_STARTED:
                break
    if folders.log.exists():
        found.faults += [
            one[-2000:] for one in re.split(r"\n(?=\d{4}-)", folders.log.read_text()) if one.strip()
        ]
    return found


def _press(
    terminal: _Terminal, found: Found, rng: random.Random, files: Path, began: float, ends: float, keys: int
) -> None:
    watch = _Private(terminal.folders, terminal.notes)
    looked = 0.0
    terminal.wait(10.0, until_painted=True)
    while not terminal.over and time.monotonic() < ends and found.keys < keys:
        chance = rng.random()
        if chance < 0.01:
            terminal.resize(rng.choice(_SIZES))
            found.resizes += 1
        elif chance < 0.03:
            terminal.write(rng.choice(_WORDS).replace(b"{files}", bytes(files)) + b"\r")
        elif chance < 0.06:
            terminal.write(rng.choice(_OTHERS))
        else:
            key = rng.choice(_OFTEN) if rng.random() < 0.4 else rng.choice(_keys())
            # Each start costs more than a hundred keys.
            if key in ("q", "ctrl+q") and rng.random() < 0.9:
                continue
            terminal.write(_BYTES.get(key) or _sent(key))
        found.keys += 1
        terminal.wait(rng.expovariate(12))
        terminal.go_on()
        found.faults += watch.look()
        now = time.monotonic()
        if now - looked > _LOOK:
            looked = now
            if memory := terminal.notes.memory():
                found.memory.append((round(now - began), found.starts, memory))
        if terminal.silent > _SILENT:
            found.faults.append(f"nothing painted for {_SILENT:g} s after {found.keys} keys")
            terminal.ask_where()
            terminal.silent_since = now
    found.private += watch.count


def _keys() -> list[str]:
    """Every key of every action."""
    from tuiapp.settings.actions import ACTIONS

    return list(dict.fromkeys(key for action in ACTIONS for key in action.keys.split(",")))


def _sent(key: str) -> bytes:
    """What a terminal sends of a key."""
    from tuiapp.settings.actions import written

    if key.startswith("ctrl+"):
        return bytes([ord(key[-1]) & 0x1F])
    return written(key).encode()


class _Private:
    """Looks whether anything in the data folder changes while one private session is on."""

    def __init__(self, folders: Folders, notes: Notes) -> None:
        self._folders, self._notes = folders, notes
        self._session = 0
        self._before: dict[str, tuple[int, int]] | None = None
        self._since = 0.0
        self.count = 0

    def look(self) -> Iterator[str]:
        """What is wrong, in words."""
        session = self._notes.sessions()
        if session != self._session:
            # Another one: what was written between the two is not of either. What was being written as it began is
            # finished.
            self._session, self._before, self._since = session, None, time.monotonic()
            return
        there = self._there()
        if not private_session_on(self._folders) or self._notes.sessions() != session:
            return
        if self._before is None:
            if time.monotonic() - self._since > 1.0:
                self._before = there
                self.count += 1
        elif there != self._before:
            names = sorted({name for name, _ in there.items() ^ self._before.items()})
            changed = [f"{name} {self._before.get(name)} {there.get(name)}" for name in names]
            self._before = there
            yield f"a private session wrote {', '.join(changed)}"

    def _there(self) -> dict[str, tuple[int, int]]:
        found = {}
        for folder, _, names in os.walk(self._folders.root):
            for name in names:
                with contextlib.suppress(FileNotFoundError):
                    about = (Path(folder) / name).stat()
                    found[f"{folder}/{name}"] = about.st_size, about.st_mtime_ns
        return found


class _Terminal:
    """The app at a terminal, off the network."""

    NOT_STARTED = 97

    def __init__(self, folders: Folders, home: Path, notes: Path) -> None:
        self.folders, self.notes = folders, Notes(notes)
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        environment = {
            **os.environ,
            "HOME": str(home),
            "TERM": "xterm-256color",
            "BROWSER": "true",
            "PYTHONPATH": os.pathsep.join(filter(None, (os.getcwd(), os.environ.get("PYTHONPATH")))),
        }
        self._child = subprocess.Popen(
            [sys.executable, "-m", "tests.reliability.noting", str(notes), "--data-dir", str(folders.root)],
            stdin=slave, stdout=slave, stderr=slave, cwd=home, env=environment, start_new_session=True,
            preexec_fn=_alone,
        )  # fmt: skip
        os.close(slave)
        os.set_blocking(self._master, False)
        self._painted = b""
        self.silent_since = time.monotonic()
        self._asked = self.silent_since
        self.over = False

    @property
    def silent(self) -> float:
        """Seconds that something was pressed and nothing painted."""
        return self._asked - self.silent_since

    @property
    def text(self) -> str:
        """What was painted last, without its colours."""
        return re.sub(rb"\x1b\[[0-9;?]*[a-zA-Z]", b" ", self._painted).decode(errors="replace")

    def write(self, data: bytes) -> None:
        self._asked = time.monotonic()
        with contextlib.suppress(OSError):
            os.write(self._master, data)

    def wait(self, seconds: float, *, until_painted: bool = False) -> None:
        """Take what is painted for so many seconds."""
        end = time.monotonic() + seconds
        while not self.over:
            left = end - time.monotonic()
            ready, _, _ = select.select([self._master], [], [], max(0.0, left))
            if not ready:
                return
            try:
                data = os.read(self._master, 1 << 16)
            except BlockingIOError:
                continue
            except OSError:
                data = b""
            self.over = not data
            self._painted = (self._painted + data)[-20_000:]
            self.silent_since = self._asked = time.monotonic()
            if until_painted and len(self._painted) > 2000:
                return

    def resize(self, size: tuple[int, int]) -> None:
        with contextlib.suppress(OSError):
            fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))

    def go_on(self) -> None:
        """What `ctrl+z` stopped goes on, as by the shell's `fg`."""
        with contextlib.suppress(OSError):
            if Path(f"/proc/{self._child.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T":
                os.killpg(self._child.pid, signal.SIGCONT)

    def ask_where(self) -> None:
        """Have it note where each of its threads is."""
        with contextlib.suppress(ProcessLookupError):
            self._child.send_signal(signal.SIGUSR1)

    def left(self) -> int:
        """Have it quit, by its key or else as the system asks it to, and return its exit code; that of one that would
        not is -9."""
        self.resize((24, 80))
        end = time.monotonic() + _LEAVES
        while not self.over and time.monotonic() < end:
            for key in (b"\x1b", b"\x1b", b"q", b"\r"):
                self.write(key)
                self.wait(0.3)
                self.go_on()
        if not self.over:
            self.ask_where()
            self._child.terminate()
            self.wait(_LEAVES)
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._child.wait(5)
        os.killpg(self._child.pid, signal.SIGKILL)
        return self._child.wait()

    def __enter__(self) -> _Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        if self._child.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._child.pid, signal.SIGKILL)
            self._child.wait()
        os.close(self._master)


def _alone() -> None:
    """In the child: the terminal is its own, and there is no network, not even of this machine."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    system = ctypes.CDLL(None, use_errno=True)
    user, group = os.getuid(), os.getgid()
    if system.unshare(_NEW_NETWORK) == 0:
        return
    if system.unshare(_NEW_NETWORK | _NEW_USER) != 0:
        os._exit(_Terminal.NOT_STARTED)
    # It stays who it was.
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")


def available() -> bool:
    """Whether a process can be kept off the network here."""
    child = os.fork()
    if child == 0:
        system = ctypes.CDLL(None)
        os._exit(
            0 if system.unshare(_NEW_NETWORK) == 0 or system.unshare(_NEW_NETWORK | _NEW_USER) == 0 else 1
        )
    return os.waitpid(child, 0)[1] == 0


def many_listens(path: Path, count: int, seed: int = 0) -> Path:
    """A made-up history of so many plays, as Last.fm's exports write it: few artists often, many rarely."""
    rng = random.Random(seed)
    artists = [f"Artist {int(rng.paretovariate(0.7)) % 6000}" for _ in range(20_000)]
    with path.open("w", encoding="utf-8") as file:
        at = 1_700_000_000 - count * 220
        for number in range(count):
            at += 180 + number % 80
            artist = artists[rng.randrange(20_000)]
            when = time.strftime("%d %b %Y %H:%M", time.gmtime(at))
            file.write(f"{artist},Album {number % 9},Song {rng.randrange(12)},{when}\n")
    return path
