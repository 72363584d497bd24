"""Evidence of what a private session did: every file's digest before and after, every connection it opened.

Held in memory only. Python reports each connection and each child as it happens (audit events, PEP 578); a child is
named, not followed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from engine.paths import digest_of, size_of

# Digest, time stamp in nanoseconds, permissions.
_Trace = tuple[str, int, int]
_OUTWARD = {"socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo", "socket.bind"}
_CHILDREN = {"subprocess.Popen", "os.system", "os.posix_spawn", "os.exec"}


@dataclass
class Evidence:
    """`files` with `bytes` were digested; `changed` are the names of those that differ, were added or removed, by
    content, time stamp or permissions. `connections` and `children` are what was opened and started, in words;
    `listening` the loopback ports open to players, whose plays were dropped."""

    files: int = 0
    bytes: int = 0
    changed: list[str] = field(default_factory=list)
    connections: list[str] = field(default_factory=list)
    children: list[str] = field(default_factory=list)
    listening: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether nothing was written and no connection was made."""
        return not self.changed and not self.connections


@cache
def _watching() -> list[Evidence]:
    """The current watchers, with one audit hook for all: Python cannot remove one."""
    watching: list[Evidence] = []

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if not watching:
            return
        if event == "socket.bind" and (port := _on_loopback(arguments[1])):
            for evidence in watching:
                evidence.listening.append(port)
        elif event in _OUTWARD:
            words = f"{event} {arguments[1:] if event != 'socket.getaddrinfo' else arguments[:2]}"
            for evidence in watching:
                evidence.connections.append(words)
        elif event in _CHILDREN:
            for evidence in watching:
                evidence.children.append(str(arguments[0]))

    sys.addaudithook(hook)
    return watching


def _on_loopback(address: object) -> str:
    """The port of a socket bound to loopback."""
    return f"{address[0]}:{address[1]}" if isinstance(address, tuple) and address[0] == "127.0.0.1" else ""


@contextmanager
def watched(folder: Path) -> Iterator[Evidence]:
    """Collect evidence while the block runs; its files are compared after the block."""
    evidence, watching = Evidence(), _watching()
    before = traces(folder)
    evidence.files = sum(1 for digest, _, _ in before.values() if digest)
    evidence.bytes = size_of(folder)
    watching.append(evidence)
    try:
        yield evidence
    finally:
        watching.remove(evidence)
        after = traces(folder)
        names = before.keys() | after.keys()
        evidence.changed = sorted(name for name in names if before.get(name) != after.get(name))


def traces(folder: Path) -> dict[str, _Trace]:
    """Name -> digest (of files), time stamp and permissions of everything in a folder, and of the folder itself."""
    if not folder.exists():
        return {}
    found = {}
    for path in [folder, *sorted(folder.rglob("*"))]:
        status = path.stat()
        digest = digest_of(path) if path.is_file() else ""
        found[str(path.relative_to(folder))] = (digest, status.st_mtime_ns, status.st_mode)
    return found
