"""What the library knows of forgetting: a mark that changes with each, and how far the last one came.

What takes long is worked out of plays while others may forget some. It reads the mark before the plays, and looks again
under the library's write lock before it becomes a file: so a name that was forgotten meanwhile does not come back.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from engine.errors import DiscoverError

# How much of a forgetting is still to do: nothing; the bytes of the last log are still there, which another program
# reads; files and bytes are to be gone through.
NOTHING, THE_LOG, ALL = 0, 1, 2


class ForgottenError(DiscoverError):
    """Something was forgotten while a file was worked out of it: the file was thrown away."""


def mark(connection: sqlite3.Connection) -> str:
    """Another one after each forgetting."""
    return str(connection.execute("SELECT mark FROM forgetting").fetchone()[0])


def left_to_do(connection: sqlite3.Connection) -> int:
    """How much of the last forgetting is to be done: one of the constants above."""
    return int(connection.execute("SELECT to_do FROM forgetting").fetchone()[0])


def begin(connection: sqlite3.Connection) -> None:
    """Say, in the transaction that deletes, that something is forgotten."""
    connection.execute("UPDATE forgetting SET mark = lower(hex(randomblob(16))), to_do = ?", (ALL,))


def went_through(connection: sqlite3.Connection, since: str) -> None:
    """Say of a backup, in the transaction that deletes, that the forgetting of this mark went through it to its end."""
    connection.execute("UPDATE forgetting SET mark = ?, to_do = ?", (since, NOTHING))


def done_to(connection: sqlite3.Connection, to_do: int) -> None:
    """So much is left to do."""
    with connection:
        connection.execute("UPDATE forgetting SET to_do = ?", (to_do,))


@contextmanager
def unforgotten(connection: sqlite3.Connection, since: str) -> Iterator[None]:
    """Hold off whoever would forget while the block keeps what was worked out of plays read after `since` was the mark.

    Raises ForgottenError, before the block, where something was forgotten since.
    """
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        if mark(connection) != since:
            raise ForgottenError(
                "Some plays were forgotten meanwhile, so what was made of them was thrown away. Do it again."
            )
        yield
