"""Copies the readable rows of a damaged library, table by table, into a new one.

An undamaged table is copied as a whole. In others the rows between lost pages are searched from the middle of each gap,
upwards and downwards, until the gaps are empty (as SQLite's own `.recover` does without parsing pages itself:
https://www.sqlite.org/recovery.html). What is on lost pages is then read from the table's indexes, in part.
"""

from __future__ import annotations

import contextlib
import heapq
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path

from engine.errors import disk_trouble
from engine.progress import StageReport
from engine.store.guarded import MAGIC
from engine.store.indexed_rows import Nameless, add_indexed_rows, nameless, names_beside
from engine.store.integrity import definitions, is_of_this_version
from engine.store.lost_schema import rebuild_schema
from engine.store.schema import STEPS, migrate
from engine.wording import quantity

SALVAGING = "saving rows"
# The search stops after so many probes without a row: a lost page takes a few hundred.
_LOOKS = 2_000
# Minimum similarity (`SequenceMatcher`) of a damaged definition to the original.
_ALIKE = 0.8
# Bytes of a file's header, and of a page unless the header says otherwise.
_HEADER, _PAGE = 100, 4096
# Minimum bytes of a row, which bounds the number of rows in a file.
_MIN_ROW = 8


# Tables with the person's data, in words.
OWN_TABLES = {
    "listens": "listens",
    "feedback": "likes and blocks",
    "playlist_tracks": "tracks of playlists",
    "rules": "exclusions",
    "music_folders": "folders of music",
}
# Tables that a scan of music folders restores.
MUSIC = ("music_folders", "music_files")


@dataclass
class Salvage:
    """The rows saved by table; and for tables that lost some the total there was, null if no index knows it."""

    rows: dict[str, int] = field(default_factory=dict)
    lost: dict[str, int | None] = field(default_factory=dict)
    # Of the rows those that only indexes had, and of these the ones without a name as it is written.
    in_part: dict[str, int] = field(default_factory=dict)
    nameless: Nameless = field(default_factory=Nameless)

    @property
    def total(self) -> int:
        """The number of rows of the person's data."""
        return sum(self.rows[table] for table in OWN_TABLES)

    def in_words(self) -> str:
        """What was saved, and of how many.

        >>> Salvage({"listens": 9_900, "feedback": 3, "rules": 0}, {"listens": 10_000}).in_words()
        '9,900 of 10,000 listens, 3 likes and blocks'
        >>> Salvage({"listens": 9_900}, {}, {"listens": 20}, Nameless({"ida": 1, "koto": 2})).in_words()
        '9,900 listens, 20 of these by track and time alone, 2 names of artists in small letters'
        """
        found = []
        for table, name in OWN_TABLES.items():
            kept, all_ = self.rows.get(table, 0), self.lost.get(table)
            if all_ is not None and all_ > kept:
                found.append(f"{kept:,} of {all_:,} {name}")
            elif kept or table in self.lost:
                found.append(f"{kept:,} {name}")
            if table == "listens" and (count := self.in_part.get(table)):
                found.append(f"{count:,} of these by track and time alone")
        for count, name, plural in (
            (len(self.nameless.artists), "name of an artist", "names of artists"),
            (len(self.nameless.tracks), "name of a track", "names of tracks"),
        ):
            if count:
                found.append(f"{quantity(count, plural, name)} in small letters")
        return ", ".join(found)


def salvage(database: Path, to: Path, report: StageReport) -> Salvage | None:
    """Copy the readable rows of the library's file at `database` to a new one at `to`; null if there are none, or its
    version differs.

    The file is changed: it is a copy of the damaged one. Raises sqlite3.Error for errors of the disk.
    """
    _write_header(database)
    with (
        contextlib.closing(sqlite3.connect(database)) as damaged,
        contextlib.suppress(sqlite3.DatabaseError, UnicodeDecodeError),
    ):
        _define_again(damaged)
    rebuild_schema(database)
    with (
        contextlib.closing(sqlite3.connect(to)) as rebuilt,
        contextlib.closing(sqlite3.connect(database)) as damaged,
    ):
        # On failure the whole file is deleted.
        rebuilt.execute("PRAGMA journal_mode = OFF")
        rebuilt.execute("PRAGMA synchronous = OFF")
        migrate(rebuilt)
        rebuilt.execute("PRAGMA foreign_keys = OFF")
        damaged.text_factory = lambda raw: raw.decode("utf-8", "replace")
        try:
            (version,) = damaged.execute("PRAGMA user_version").fetchone()
            # An older library has other tables; a changed bit of the number leaves them as they are.
            if version != len(STEPS) and not is_of_this_version(damaged):
                return None
            # If SQLite allows no change of definitions, the other tables can still be read.
            with contextlib.suppress(sqlite3.DatabaseError):
                _define_again(damaged)
            damaged.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            _refuse(error)
            return None
        found = Salvage()
        tables = [row[0] for row in rebuilt.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        for number, table in enumerate(tables):
            report(SALVAGING, number, len(tables))
            _Table(rebuilt, damaged, table).save(found)
        added = add_indexed_rows(damaged, rebuilt) if found.lost else {}
        for table, numbers in added.items():
            found.in_part[table] = len(numbers)
            found.rows[table] += len(numbers)
        _stand_in_for_imports(rebuilt)
        _drop_orphans(rebuilt, tables, found)
        found.nameless = nameless(rebuilt, added)
        found.nameless.name(rebuilt, names_beside(rebuilt))
        rebuilt.commit()
        return found if any(found.rows[table] for table in OWN_TABLES) else None


def _write_header(database: Path) -> None:
    """Write what every library's header has, and the size that the file has: without them SQLite reads nothing of it.

    Source: https://www.sqlite.org/fileformat2.html#the_database_header.
    """
    with database.open("r+b") as file:
        header = bytearray(file.read(_HEADER))
        size = file.seek(0, os.SEEK_END)
        if len(header) < _HEADER:
            return
        page = int.from_bytes(header[16:18], "big")
        if page < 512 or page & (page - 1):
            page = _PAGE
        pages = -(-size // page)
        header[:16] = MAGIC
        header[16:18] = page.to_bytes(2, "big")
        # The formats to read and write, the bytes unused on a page, and the fractions of it a key takes.
        header[18:24] = bytes((2, 2, 0, 64, 32, 32))
        header[28:32] = pages.to_bytes(4, "big")
        header[44:48] = (4).to_bytes(4, "big")
        # UTF-8, and no page that moves others.
        header[52:60] = (1).to_bytes(8, "big")
        # That number of pages is of the last change.
        header[92:96] = header[24:28]
        file.seek(0)
        file.write(header)
        file.truncate(pages * page)


def _define_again(damaged: sqlite3.Connection) -> None:
    """Write the definitions that are damaged as every library has them: the rows they describe are as they were.

    Each lost definition takes the place of the unknown one most like it.
    """
    # From here on SQLite opens a database whose schema it cannot read.
    damaged.execute("PRAGMA writable_schema = ON")
    with contextlib.suppress(sqlite3.DatabaseError, UnicodeDecodeError):  # once it says so
        damaged.execute("SELECT 1 FROM sqlite_schema").fetchone()
    there = {
        tuple(row): number
        for number, *row in damaged.execute(
            "SELECT rowid, type, name, tbl_name, sql FROM sqlite_schema WHERE sql IS NOT NULL"
        )
    }
    known = {(*of, table, sql) for of, (table, sql) in definitions(len(STEPS)).items()}
    pairs = (
        (SequenceMatcher(None, repr(unknown), repr(lost), autojunk=False).ratio(), unknown, lost)
        for unknown in there.keys() - known
        for lost in known - there.keys()
    )
    # What is damaged may be null in any place, which compares with no text.
    for alike, unknown, lost in sorted(pairs, key=lambda pair: (pair[0], repr(pair)), reverse=True):
        if alike > _ALIKE and unknown in there and lost in known:
            damaged.execute(
                "UPDATE sqlite_schema SET type = ?, name = ?, tbl_name = ?, sql = ? WHERE rowid = ?",
                (*lost, there.pop(unknown)),
            )
            known.discard(lost)
    damaged.commit()
    # Reads the schema again, and again whatever it says: of a file cut short the indexes may be beyond its end.
    damaged.execute("PRAGMA writable_schema = RESET")
    damaged.execute("PRAGMA writable_schema = ON")


class _Table:
    """One table of the damaged library."""

    def __init__(self, rebuilt: sqlite3.Connection, damaged: sqlite3.Connection, name: str) -> None:
        self._rebuilt, self._damaged, self._name = rebuilt, damaged, name
        self._rows = 0
        columns = rebuilt.execute(f'PRAGMA table_info("{name}")').fetchall()
        self._columns = ", ".join(f'"{row[1]}"' for row in columns)
        self._keys = [column for _, column in sorted((row[5], row[1]) for row in columns if row[5])]
        marks = ", ".join("?" * len(columns))
        self._insert = f'INSERT OR IGNORE INTO "{name}" ({self._columns}) VALUES ({marks})'  # noqa: S608 - the schema's
        (schema,) = rebuilt.execute("SELECT sql FROM sqlite_schema WHERE name = ?", (name,)).fetchone()
        self._has_rowid = "WITHOUT ROWID" not in schema

    def save(self, found: Salvage) -> None:
        """Copy all readable rows, and record what was lost."""
        before = self._rebuilt.execute(f'SELECT {self._columns} FROM "{self._name}"').fetchall()  # noqa: S608 - as above
        self._rebuilt.execute(f'DELETE FROM "{self._name}"')  # noqa: S608 - as above
        if self._read("1") is not None:
            if self._has_rowid:
                self._by_gaps()
            else:
                self._read("1 ORDER BY " + ", ".join(f'"{key}" DESC' for key in self._keys))
            found.lost[self._name] = self._in_all()
        (count,) = self._rebuilt.execute(f'SELECT count(*) FROM "{self._name}"').fetchone()  # noqa: S608 - as above
        if count < self._rows:
            # Of a page that is lost in part, rows without values were read.
            found.lost.setdefault(self._name, self._in_all())
        if not count:
            # A new library may already have rows.
            self._rebuilt.executemany(self._insert, before)
            count = len(before)
        found.rows[self._name] = count

    def _by_gaps(self) -> None:
        """Rows by rowid: each gap between rows read, widest first, is searched from its middle."""
        last = self._last()
        gaps = [(-last, 1, last)]
        looks, rows = 0, self._rows
        while gaps and looks < _LOOKS:
            _, low, high = heapq.heappop(gaps)
            middle = (low + high) // 2
            above = self._read("rowid BETWEEN ? AND ? ORDER BY rowid", middle, high)
            below = self._read("rowid BETWEEN ? AND ? ORDER BY rowid DESC", low, middle - 1)
            for first, to in (
                (max(middle, above) + 1 if above is not None else high + 1, high),
                (low, min(middle, below or middle) - 1 if below is not None else low - 1),
            ):
                if first <= to:
                    heapq.heappush(gaps, (first - to, first, to))
            looks, rows = (looks + 1, rows) if rows == self._rows else (0, self._rows)

    def _last(self) -> int:
        """The highest possible rowid."""
        for of in ("NOT INDEXED", *self._indexes()):
            with contextlib.suppress(sqlite3.DatabaseError):
                asked = f'SELECT max(rowid) FROM "{self._name}" {of}'  # noqa: S608 - fixed names
                return int(self._damaged.execute(asked).fetchone()[0] or 0)
        (pages,) = self._damaged.execute("PRAGMA page_count").fetchone()
        (size,) = self._damaged.execute("PRAGMA page_size").fetchone()
        return int(pages * size // _MIN_ROW)

    def _read(self, where: str, *bounds: int) -> int | None:
        """Copy rows until one cannot be read; returns the last rowid read, 0 if none, and null if all were."""
        number = "rowid" if self._has_rowid else "0"
        asked = f'SELECT {number}, {self._columns} FROM "{self._name}" NOT INDEXED WHERE {where}'  # noqa: S608 - as above
        last = 0
        try:
            for last, *row in self._damaged.execute(asked, bounds):  # noqa: B007 - the last one read
                # A row that violates the table's constraints is damaged.
                with contextlib.suppress(sqlite3.IntegrityError):
                    self._rebuilt.execute(self._insert, row)
                self._rows += 1
        except sqlite3.DatabaseError as error:
            _refuse(error)
            return last
        return None

    def _in_all(self) -> int | None:
        """The number of rows there were, if an index still has it."""
        for of in self._indexes():
            with contextlib.suppress(sqlite3.DatabaseError):
                asked = f'SELECT count(*) FROM "{self._name}" {of}'  # noqa: S608 - fixed names
                return int(self._damaged.execute(asked).fetchone()[0])
        return None

    def _indexes(self) -> Iterator[str]:
        """The indexes that contain every row."""
        with contextlib.suppress(sqlite3.DatabaseError):
            for _, index, _, _, partial in self._rebuilt.execute(
                f'PRAGMA index_list("{self._name}")'
            ).fetchall():
                if not partial:
                    yield f'INDEXED BY "{index}"'


def _stand_in_for_imports(rebuilt: sqlite3.Connection) -> None:
    """Make the imports again that were lost while their listens were not: only which file it was is not known."""
    made = "source = 'discover' OR source LIKE 'live:%'"
    rebuilt.execute(
        "INSERT INTO imports (id, file, sha256, format, read, kept, duplicates, dropped, imported_at) "  # noqa: S608 - fixed text
        f"SELECT import_id, min(source), iif({made}, source, ''), iif({made}, 'discover', source), "
        "sum(listen), sum(listen), 0, '{}', coalesce(max(started_at), 0) FROM "
        "(SELECT import_id, source, 1 AS listen, started_at FROM listens "
        "UNION ALL SELECT import_id, source, 0, started_at FROM skips) "
        "WHERE import_id NOT IN (SELECT id FROM imports) GROUP BY import_id"
    )


def _drop_orphans(rebuilt: sqlite3.Connection, tables: list[str], found: Salvage) -> None:
    """Delete rows that refer to lost ones: a listen without its track names nothing."""
    belongs = [
        (table, column, parent, key)
        for table in tables
        for _, _, parent, column, key, *_ in rebuilt.execute(f'PRAGMA foreign_key_list("{table}")').fetchall()
    ]
    dropped = True
    while dropped:
        dropped = False
        for table, column, parent, key in belongs:
            gone = rebuilt.execute(
                f'DELETE FROM "{table}" WHERE "{column}" IS NOT NULL AND NOT EXISTS '  # noqa: S608 - fixed names
                f'(SELECT 1 FROM "{parent}" AS p WHERE p."{key or "id"}" = "{table}"."{column}")'
            ).rowcount
            if gone:
                dropped = True
                found.lost.setdefault(table, found.rows[table])
                found.rows[table] -= gone


def _refuse(error: Exception) -> None:
    """Continue if the file is damaged, raise if the disk fails."""
    if disk_trouble(error):
        raise error
