"""Only the modules named for it open connections, asyncio's ways included.

import-linter sees who imports `socket` and the like; asyncio's streams open connections for anybody who has a loop.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONNECTS = {
    "open_connection", "open_unix_connection", "start_server", "start_unix_server", "create_connection",
    "create_server", "create_unix_connection", "create_unix_server", "create_datagram_endpoint",
       "connect_accepted_socket", "sock_connect", "sock_accept", "sock_sendto", "socketpair",
}  # fmt: skip


def connecting(source: str) -> Iterator[str]:
    """What a module uses that connects or waits for connections."""
    # Few have any of the names at all: the others need not be taken apart.
    for node in ast.walk(ast.parse(source)) if any(name in source for name in CONNECTS) else ():
        if isinstance(node, ast.Attribute) and node.attr in CONNECTS:
            yield node.attr
        elif isinstance(node, ast.ImportFrom):
            yield from (alias.name for alias in node.names if alias.name in CONNECTS)


def test_only_two_modules_use_what_connects() -> None:
    found = {
        path.relative_to(ROOT).as_posix(): used
        for room in ("engine", "tuiapp", "sample_data")
        for path in (ROOT / room).rglob("*.py")
        if (used := {*connecting(path.read_text(encoding="utf-8"))})
    }
    assert {*found} == {"engine/community/fetch.py", "engine/live/connections.py"}


@pytest.mark.parametrize(
    ("source", "uses"),
    [
        ("await asyncio.open_connection('x', 1)", ["open_connection"]),
        ("from asyncio import start_server as s", ["start_server"]),
        ("asyncio.get_running_loop().create_connection", ["create_connection"]),
        ("ours, theirs = socket.socketpair()", ["socketpair"]),
        ("sqlite3.connect(path)", []),
    ],
)
def test_what_connects_is_found(source: str, uses: list[str]) -> None:
    assert [*connecting(source)] == uses
