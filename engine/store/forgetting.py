"""The state of forgetting: a mark that changes with each, and how far the last one got.

Long computations read plays while another process may forget some. They read the mark before the plays, and check it
under the library's write lock before their result becomes a file: so a name that was forgotten meanwhile does not come
back.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from engine.errors import ForgottenError, corruption

# What remains of a forgetting: nothing; the bytes in the last log, which another program reads; files and bytes to be
# cleaned.
NOTHING, THE_LOG, ALL = 0, 1, 2
WITHOUT_A_ROW = "the row of its table forgetting is missing"


def mark(connection: sqlite3.Connection) -> str:
    """The mark, which changes with each forgetting."""
    return str(_the_row(connection)[0])


def left_to_do(connection: sqlite3.Connection) -> int:
    """What remains of the last forgetting: one of the constants above."""
    return int(_the_row(connection)[1])


def _the_row(connection: sqlite3.Connection) -> tuple[str, int]:
    """Raises sqlite3.DatabaseError, as of a damaged library, if it is missing or of another table."""
    row: tuple[str, int] | None = connection.execute("SELECT mark, to_do FROM forgetting").fetchone()
    if row is None or not isinstance(row[1], int):
        raise corruption(WITHOUT_A_ROW)
    return row


def begin(connection: sqlite3.Connection) -> None:
    """Change the mark, in the transaction that deletes."""
    connection.execute("UPDATE forgetting SET mark = lower(hex(randomblob(16))), to_do = ?", (ALL,))


def went_through(connection: sqlite3.Connection, since: str) -> None:
    """Set a backup's mark, in the transaction that deletes: the forgetting with this mark was applied to all of it."""
    connection.execute("UPDATE forgetting SET mark = ?, to_do = ?", (since, NOTHING))


def done_to(connection: sqlite3.Connection, to_do: int) -> None:
    """Store what remains to be done."""
    with connection:
        connection.execute("UPDATE forgetting SET to_do = ?", (to_do,))


@contextmanager
def unforgotten(connection: sqlite3.Connection, since: str) -> Iterator[None]:
    """Block forgetting while the block stores results of plays read when the mark was `since`.

    Raises ForgottenError, before the block, if something was forgotten since.
    """
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        if mark(connection) != since:
            raise ForgottenError(
                "Some plays were forgotten meanwhile, so what was made of them was thrown away. Do it again."
            )
        yield
