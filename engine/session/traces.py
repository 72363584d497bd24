"""Finds remaining occurrences of a forgotten name: in the library's rows, and in the bytes of every file.

Any text of the library that is not itself a name of music is searched by words, in any spelling; other names may
contain the forgotten one as a part.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from engine.canonical_keys import SEPARATOR, artist_key, track_key
from engine.store.backups import Backup, opened
from engine.taste.rules import Rule, named_by

# Columns that name music, or the identifiers of it: a longer value in one of them is another name.
_NAMES = {
    "sqlite_schema": ("sql",),
    "artists": ("name", "key"),
    "tracks": ("title", "key", "album"),
    "track_ids": ("scheme", "value"),
    "feedback": ("artist_key", "track_key", "artist", "track", "verdict", "source"),
    "imported_verdicts": ("source", "artist_key", "track_key", "verdict"),
    "playlist_tracks": ("artist", "track", "album", "bpm_source", "ids"),
    "music_files": ("artist", "track", "album", "artist_key", "track_key", "relaxed", "recording"),
    "encounters": ("artist_key", "what"),
    "compared": ("item_key", "side"),
    "imports": ("sha256", "format", "dropped"),
    "readings": ("sha256",),
    "listens": ("source",),
    "skips": ("source",),
    "rules": ("kind",),
    "fetches": ("sha256",),
    "pushes": ("service",),
    "forgetting": ("mark",),
}
# The same of a rule's settings, which are one text.
_NAMES_IN_RULES = ("artist", "artist_key", "track", "track_key")
# Columns where a title may equal a forgotten artist's name, and how often the file contains it: keys are indexed too.
_TITLES = (
    ("tracks", "title", 1),
    ("tracks", "album", 1),
    ("tracks", "key", 2),
    ("playlist_tracks", "track", 1),
    ("playlist_tracks", "album", 1),
    ("music_files", "track", 1),
    ("music_files", "album", 1),
    ("music_files", "track_key", 2),
    ("feedback", "track", 1),
    ("feedback", "track_key", 1),
    ("imported_verdicts", "track_key", 1),
)
_ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be")
# Shorter names occur in any file by chance; and the maximum number of names searched for.
MIN_BYTES, MAX_NAMES = 6, 100
# Texts are searched in pieces of this many characters, which keys do not cut (`MAX_NAME`), and which overlap by more
# than an artist's name has.
_PIECE, _OVERLAP = 750, 250


@dataclass(frozen=True, slots=True)
class Names:
    """Names to be deleted: an artist by `key` (empty if none is forgotten as a whole) and by each spelling, and names
    that `went` with the plays."""

    key: str
    artist: tuple[str, ...]
    went: tuple[str, ...]

    @property
    def all(self) -> tuple[str, ...]:
        """Every name as it was written."""
        return self.artist + self.went


def whole_artist(rule: Rule) -> bool:
    """Whether a rule names a whole artist, so that likes and rules are deleted too."""
    return rule.artist is not None and rule == Rule(artist=rule.artist, artist_key=rule.artist_key)


def whole_track(rule: Rule) -> bool:
    """Whether a rule names a whole track, or all tracks of a title, so that likes and rules are deleted too."""
    return rule.track is not None and rule == Rule(
        artist=rule.artist, artist_key=rule.artist_key, track=rule.track, track_key=rule.track_key
    )


def named_texts(connection: sqlite3.Connection, rule: Rule) -> set[str]:
    """The names of artists, titles and albums among the plays a rule names."""
    found: set[str] = set()
    for table in ("listens", "skips"):
        sql, values = named_by(rule, table)
        rows = connection.execute(
            "SELECT DISTINCT a.name, t.title, t.album FROM tracks AS t JOIN artists AS a ON a.id = t.artist_id "  # noqa: S608 - fixed names
            f"WHERE t.id IN (SELECT track_id FROM {table} WHERE id IN ({sql}))",
            values,
        )
        found.update(text for row in rows for text in row if text)
    return found


def texts_in_backups(backups: Iterable[Backup], rule: Rule) -> dict[str, set[str]]:
    """What `named_texts` finds in backups, by the file of each that holds any: after a restore they may hold plays that
    the library does not."""
    found: dict[str, set[str]] = {}
    for backup in backups:
        with suppress(sqlite3.Error), opened(backup) as copy:
            texts = named_texts(copy, rule)
            if rule.artist and rule.artist_key and whole_artist(rule) and in_rows(copy, rule.artist_key):
                texts.add(rule.artist)
            if texts:
                found[backup.path.name] = texts
    return found


def names_to_be_gone(connection: sqlite3.Connection, rule: Rule, before: Iterable[str]) -> Names:
    """The names that no file may contain after `rule`: an artist's own, and of those `before` the ones no row has any
    more, longest first."""
    texts = [text for text in before if len(text.encode(errors="replace")) >= MIN_BYTES]
    with connection:
        connection.execute("CREATE TEMP TABLE IF NOT EXISTS named (text TEXT PRIMARY KEY)")
        connection.execute("DELETE FROM temp.named")
        connection.executemany("INSERT OR IGNORE INTO temp.named VALUES (?)", ((text,) for text in texts))
        for table, columns in _NAMES.items():
            for column in columns:
                connection.execute(
                    f"DELETE FROM temp.named WHERE text IN (SELECT {column} FROM main.{table})"  # noqa: S608 - fixed names
                )
        # Rules were written by the person.
        connection.execute(
            "DELETE FROM temp.named WHERE text IN (SELECT j.atom FROM main.rules, json_tree(rules.settings) AS j)"
        )
        left = [
            str(row[0])
            for row in connection.execute("SELECT text FROM temp.named ORDER BY length(text) DESC, text")
        ]
        connection.execute("DELETE FROM temp.named")
    own: list[str] = []
    if rule.artist_key is not None and whole_artist(rule):
        same = [text for text in before if artist_key(text) == rule.artist_key]
        own = [*dict.fromkeys([str(rule.artist), rule.artist_key, *same])]
    key = rule.artist_key if own else None
    return Names(key or "", tuple(own), tuple(text for text in left if text not in own)[:MAX_NAMES])


def stands_in(key: str, text: str | None) -> bool:
    """Whether a text contains a name, by its key, as whole words, in any spelling.

    >>> stands_in("quiet vesper", "Best of QUIET_VESPER.csv"), stands_in("air", "Airplanes")
    (True, False)
    """
    if not text:
        return False
    if not any(map(str.isalnum, key)):
        return key in text.casefold()
    whole = artist_key.__wrapped__
    for at in range(0, max(1, len(text) - _OVERLAP), _PIECE - _OVERLAP):
        # A piece may begin or end within a word: what is at an end of it is inside another piece.
        before, after = " " * (at == 0), " " * (at + _PIECE >= len(text))
        if f" {key} " in f"{before}{whole(text[at : at + _PIECE])}{after}":
            return True
    return False


def in_rows(connection: sqlite3.Connection, key: str) -> list[str]:
    """Where the library's rows still name an artist, in words; empty if nowhere."""
    found = []
    for what, table, column in (
        ("likes, hides and blocks", "feedback", "artist_key"),
        ("verdicts of players", "imported_verdicts", "artist_key"),
        ("days shown", "encounters", "artist_key"),
        ("comparisons", "compared", "item_key"),
        ("artists", "artists", "key"),
        ("music files", "music_files", "artist_key"),
        ("exclusions", "rules", "json_extract(settings, '$.artist_key')"),
    ):
        rows = connection.execute(f"SELECT {column} FROM {table} WHERE instr({column}, ?) = 1", (key,))  # noqa: S608 - fixed names
        if any(str(row[0]).partition(SEPARATOR)[0] == key for row in rows):
            found.append(what)
    artists = connection.execute("SELECT DISTINCT artist FROM playlist_tracks")
    if any(artist_key(row[0]) == key for row in artists):
        found.append("saved playlists")
    for table, column, text in _free_texts(connection):
        if any(stands_in(key, part) for part in _strings(text)):
            called = {"playlists": "the name of a playlist"} if column == "name" else {}
            found.append(called.get(table, f"{table}.{column}") + f" (“{text}”)" * (column == "name"))
    return list(dict.fromkeys(found))


def places_of(connection: sqlite3.Connection, rule: Rule) -> list[str]:
    """Where the library's rows still name the artist or the track a rule is of, in words; empty if nowhere."""
    if rule.artist_key and whole_artist(rule):
        return in_rows(connection, rule.artist_key)
    if not whole_track(rule):
        return []
    # Their names are not searched: a title may be a word like any other.
    kept = connection.execute("SELECT DISTINCT artist, track FROM playlist_tracks")
    named = any(
        rule.track_key == track_key(track) and rule.artist_key in (None, artist_key(artist))
        for artist, track in kept
    )
    return ["saved playlists"] * named


def _free_texts(connection: sqlite3.Connection) -> Iterator[tuple[str, str, str]]:
    """(table, column, text) of everything except names of music: new columns are searched too."""
    tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
    for (table,) in tables:
        # Not `pragma_table_info`, whose virtual table a private session may not make.
        for _, column, *_ in connection.execute(f'PRAGMA main.table_info("{table}")').fetchall():
            if column in _NAMES.get(table, ()):
                continue
            of_rules = (table, column) == ("rules", "settings")
            named = "".join(f", '$.{name}'" for name in _NAMES_IN_RULES)
            value = f"json_remove(settings{named})" if of_rules else f'"{column}"'
            rows = connection.execute(
                f'SELECT DISTINCT {value} FROM main."{table}" WHERE typeof("{column}") = \'text\''  # noqa: S608 - fixed names
            )
            yield from ((table, column, str(row[0])) for row in rows)


def _strings(text: str) -> Iterator[str]:
    """The texts in a value: those of a JSON document, else what it is, addresses as they are read."""
    if text[:1] in ("{", "["):
        try:
            yield from _within(json.loads(text))
            return
        except ValueError:
            pass
    yield text.replace("%20", " ")


def _within(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, part in value.items():
            yield str(key)
            yield from _within(part)
    elif isinstance(value, list):
        for part in value:
            yield from _within(part)


def search_files(
    connection: sqlite3.Connection,
    root: Path,
    database: Path,
    backups: Iterable[Backup],
    public: Iterable[str],
    names: Names,
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Files read completely, and those that contain a name other than inside another name of the library, or for a
    backup of that backup. A folder that cannot be looked into counts among those: nobody knows.

    Without a name nothing is searched.
    """
    if not names.all:
        return (), ()
    away, others = tuple(f"{folder}/" for folder in public), _Others(connection)
    copies = {backup.path: backup for backup in backups}
    searched: list[str] = []
    found: list[str] = []
    # A log that another process keeps filled has pages of the library; its index has only their numbers.
    log, index = (database.with_name(f"{database.name}-{end}") for end in ("wal", "shm"))
    for path in sorted(_files(root, away, found)):
        if path == index:
            continue
        inside = str(path.relative_to(root))
        with suppress(FileNotFoundError):  # another program's, gone meanwhile
            data = path.read_bytes()
            searched.append(inside)
            if path in copies:
                holds = _in_backup(copies[path], data, names)
            elif path in (database, log):
                holds = others.in_database(data, names)
            else:
                holds = others.in_file(data, names)
            if holds:
                found.append(inside)
    return tuple(searched), tuple(found)


def _files(root: Path, away: tuple[str, ...], denied: list[str]) -> Iterator[Path]:
    """The files in a folder, except those below `away`; adds to `denied` the folders that cannot be looked into.

    Not by `Path.rglob`, which passes over those.
    """

    def note(error: OSError) -> None:
        inside = str(Path(error.filename).relative_to(root))
        if not isinstance(error, FileNotFoundError) and not f"{inside}/".startswith(away):
            denied.append(inside)

    for folder, _, names in os.walk(root, onerror=note):
        for path in (Path(folder, name) for name in names):
            if not str(path.relative_to(root)).startswith(away) and path.is_file():
                yield path


def _in_backup(backup: Backup, data: bytes, names: Names) -> bool:
    try:
        with opened(backup) as copy:
            return _Others(copy).in_database(data, names) or bool(names.key and in_rows(copy, names.key))
    except sqlite3.Error:
        return True  # nobody knows


class _Others:
    """The other names in a library, which may contain a forgotten one."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        # Asked for where a name is found: most are nowhere.
        self.longer = lru_cache(maxsize=None)(self._longer)
        self.places = lru_cache(maxsize=None)(self._places)

    def in_database(self, data: bytes, names: Names) -> bool:
        """Whether a name is in the library's file more often than its rows say."""
        return any(
            name.encode(errors="replace") in data
            and self._alone(data, name, "utf-8") > _titles(self._connection, name)
            for name in names.all
            if len(name.encode(errors="replace")) >= MIN_BYTES
        )

    def in_file(self, data: bytes, names: Names) -> bool:
        """Whether a name is in another file."""
        return any(
            any(self._alone(data, name, encoding) for name in names.all)
            or (names.key and self._spelled_otherwise(data.decode(encoding, "replace"), names))
            for encoding in _ENCODINGS
        )

    def _spelled_otherwise(self, text: str, names: Names) -> bool:
        if not stands_in(names.key, text):
            return False
        for other in {one for name in names.artist for one in self.longer(name)}:
            text = text.replace(other, "\n")
        return stands_in(names.key, text)

    def _alone(self, data: bytes, name: str, encoding: str) -> int:
        """How often the data contains a name, not counting those inside a longer one."""
        wanted = name.encode(encoding, "replace")
        count, at = 0, data.find(wanted)
        while at >= 0:
            if not any(
                data[max(0, at - place) : at - place + len(text)] == text
                for text, place in self.places(name, encoding)
            ):
                count += 1
            at = data.find(wanted, at + 1)
        return count

    def _places(self, name: str, encoding: str) -> list[tuple[bytes, int]]:
        """The longer names, and where this one is in each."""
        wanted = name.encode(encoding, "replace")
        texts = [text.encode(encoding, "replace") for text in self.longer(name)]
        return [(text, text.find(wanted)) for text in texts]

    def _longer(self, name: str) -> list[str]:
        columns = [(column, f"main.{table}") for table, columns in _NAMES.items() for column in columns]
        of_rules = ", ".join(f"'{key}'" for key in _NAMES_IN_RULES)
        columns.append(
            (
                "atom",
                f"(SELECT j.atom FROM main.rules, json_tree(rules.settings) AS j WHERE j.key IN ({of_rules}))",  # noqa: S608 - fixed names
            )
        )
        return [
            str(row[0])
            for column, table in columns
            for row in self._connection.execute(
                f"SELECT DISTINCT {column} FROM {table} "  # noqa: S608 - fixed names
                f"WHERE typeof({column}) = 'text' AND instr({column}, ?1) > 0 AND {column} <> ?1",
                (name,),
            )
        ]


def _titles(connection: sqlite3.Connection, name: str) -> int:
    """How often the database holds a title, album or key of a title that happens to be the same."""
    count = 0
    for table, column, times in _TITLES:
        sql = f"SELECT count(*) FROM {table} WHERE {column} = ?"  # noqa: S608 - fixed names
        count += times * connection.execute(sql, (name,)).fetchone()[0]
    return count
