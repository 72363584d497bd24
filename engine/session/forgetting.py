"""Deleting for good, and showing that it is gone.

What is forgotten leaves every table; the file is written anew without it and searched, byte by byte, for its name.
What a disk keeps below its files (snapshots, backups, spare blocks) no program can reach, and the words say so.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from engine.canonical_keys import SEPARATOR, artist_key
from engine.community.features import own_packs
from engine.community.packs import list_packs
from engine.errors import NothingYetError
from engine.privacy import Door
from engine.store.music_files import forget_artist, forget_track
from engine.taste.gate import Taste, read_taste
from engine.taste.rules import Rule, named_by
from engine.training.in_use import pointers

# Public tables, with the names of all their artists: they hold nothing of the person.
_PUBLIC = ("packs", "downloads", "cache")
# Where a title may be the same as a forgotten artist's name, and how often the file holds it: keys are indexed too.
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
)
_ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be")


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was deleted, by kind, and the proof of it.

    `searched` files were read to their ends; `found_in` are those that still hold a name that was forgotten other
    than as a part of another one (empty: it is gone). `taste_is_as_if_never`: what a model may know of the person is,
    to the bit, what it would be had the plays never been there. `public` are folders that name artists for everybody
    and were not searched.
    """

    deleted: dict[str, int]
    files: tuple[str, ...]
    searched: tuple[str, ...]
    found_in: tuple[str, ...]
    taste_is_as_if_never: bool
    public: tuple[str, ...] = field(default=())

    @property
    def holds(self) -> bool:
        """Whether the proof holds."""
        return not self.found_in and self.taste_is_as_if_never


def forget(connection: sqlite3.Connection, door: Door, rule: Rule, *, playlists: bool) -> Forgotten:
    """Delete what `rule` names, with `playlists` from those too. Raises PrivateSessionError in a private session,
    NothingYetError when nothing is named."""
    door.require_writable("forget anything")
    expected = _as_if_never(connection, rule)
    names = _names(connection, rule)
    deleted = _delete(connection, rule, names, playlists=playlists)
    if not any(deleted.values()):
        raise NothingYetError(f"No plays match: {rule.in_words()}.")
    files = drop_derived(door)
    connection.execute("VACUUM")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    after = read_taste(connection)
    searched, found = _search(connection, door, names)
    return Forgotten(deleted, files, searched, found, expected == _content(after), public_folders(door))


def forget_all(door: Door) -> tuple[str, ...]:
    """Delete everything of the person but settings; the connection must be closed. Returns what was deleted."""
    door.require_writable("forget anything")
    database = door.folders.database
    found = []
    for path in (
        database,
        *(database.with_name(database.name + end) for end in ("-wal", "-shm", "-journal")),
    ):
        if path.exists():
            found.append(path.name)
            door.remove(path)
    return (*found, *drop_derived(door))


def drop_derived(door: Door) -> tuple[str, ...]:
    """Delete what was worked out of the person's plays: where they were in the app, look-backs, solo models,
    packs made for their own tracks."""
    folders = door.folders
    paths = [
        folders.state,
        folders.hindsight,
        folders.log,
        folders.models / "unfinished",
        *_own_models(folders.models),
        *own_packs(folders),
    ]
    gone = tuple(str(path.relative_to(folders.root)) for path in paths if path.exists())
    for path in paths:
        door.remove(path)
    return gone


def public_folders(door: Door) -> tuple[str, ...]:
    """Packs and models of them: the same for everybody who has them."""
    packs = [f"packs/{pack.name}" for pack in list_packs(door.folders)]
    models = [
        f"models/{path.name}" for path in door.folders.models.glob("*") if (path / "manifest.json").exists()
    ]
    return (*packs, *models)


def _own_models(models: Path) -> Iterator[Path]:
    """Models trained on the person's own sessions, and the pointers that lead to them."""
    for manifest in sorted(models.glob("*/manifest.json")):
        try:
            content = msgspec.json.decode(manifest.read_bytes())
        # Besides its own DecodeError msgspec raises UnicodeDecodeError.
        except ValueError:
            # It may be one of their own, and is of no use to anybody.
            content = {"solo": True}
        if isinstance(content, dict) and content.get("solo"):
            yield manifest.parent
            for pointer in pointers(models):
                if pointer.read_text(errors="replace").strip() == manifest.parent.name:
                    yield pointer


def _as_if_never(connection: sqlite3.Connection, rule: Rule) -> object:
    """The content of the taste had the plays never been there, worked out from what is."""
    taste = read_taste(connection, also=(rule,))
    if rule.artist_key is not None and _whole_artist(rule):
        taste = taste.without(frozenset((rule.artist_key,)))
    return _content(taste)


def _content(taste: Taste) -> object:
    return [(item.key, item.plays, item.last_played, item.liked) for item in taste.items]


def _whole_artist(rule: Rule) -> bool:
    """Whether a rule names all of an artist, so that likes and rules go too."""
    return rule.artist is not None and rule == Rule(artist=rule.artist, artist_key=rule.artist_key)


def _whole_track(rule: Rule) -> bool:
    """Whether a rule names a track and nothing beside."""
    return rule.track_key is not None and rule == Rule(
        artist=rule.artist, artist_key=rule.artist_key, track=rule.track, track_key=rule.track_key
    )


def _names(connection: sqlite3.Connection, rule: Rule) -> tuple[str, ...]:
    """The names to be gone: an artist's, in every spelling the library has; the files' of a source."""
    if rule.artist_key is not None and _whole_artist(rule):
        found = connection.execute("SELECT name FROM artists WHERE key = ?", (rule.artist_key,)).fetchall()
        return tuple(dict.fromkeys([str(rule.artist), rule.artist_key, *(str(row[0]) for row in found)]))
    return ()


def _delete(
    connection: sqlite3.Connection, rule: Rule, names: tuple[str, ...], *, playlists: bool
) -> dict[str, int]:
    deleted: dict[str, int] = {}

    def delete(kind: str, sql: str, *values: str | int | None) -> None:
        deleted[kind] = deleted.get(kind, 0) + connection.execute(sql, values).rowcount

    with connection:
        imports: set[int] = set()
        for table in ("listens", "skips"):
            sql, values = named_by(rule, table)
            query = f"SELECT DISTINCT import_id FROM {table} WHERE id IN ({sql})"  # noqa: S608 - fixed names
            imports.update(row[0] for row in connection.execute(query, values))
            delete(table, f"DELETE FROM {table} WHERE id IN ({sql})", *values)  # noqa: S608 - fixed names
        if _whole_artist(rule):
            key = rule.artist_key
            delete("likes, hides and blocks", "DELETE FROM feedback WHERE artist_key = ?", key)
            of_theirs = "artist_key = ?1 OR substr(artist_key, 1, length(?1) + 1) = ?1 || ?2"
            delete("days shown", f"DELETE FROM encounters WHERE {of_theirs}", key, SEPARATOR)  # noqa: S608 - fixed text
            of_items = of_theirs.replace("artist_key", "item_key")
            delete("days shown", f"DELETE FROM compared WHERE {of_items}", key, SEPARATOR)  # noqa: S608 - fixed text
            delete("rules", "DELETE FROM rules WHERE settings ->> 'artist_key' = ?", key)
            deleted["music files"] = forget_artist(connection, frozenset(map(artist_key, names)))
            for name in names:
                # A file's name may be the artist's: what was read stays known by its digest.
                connection.execute(
                    "UPDATE imports SET file = '(forgotten)' WHERE instr(lower(file), lower(?)) > 0", (name,)
                )
                if playlists:
                    delete("playlist tracks", "DELETE FROM playlist_tracks WHERE artist = ?", name)
        elif _whole_track(rule):
            deleted["music files"] = forget_track(connection, str(rule.track_key), rule.artist_key)
        unplayed = (
            "NOT EXISTS (SELECT 1 FROM listens AS l WHERE l.track_id = tracks.id) "
            "AND NOT EXISTS (SELECT 1 FROM skips AS s WHERE s.track_id = tracks.id)"
        )
        delete("tracks", f"DELETE FROM tracks WHERE {unplayed}")  # noqa: S608 - fixed text
        delete("artists", "DELETE FROM artists WHERE id NOT IN (SELECT artist_id FROM tracks)")
        for number in imports:
            delete(
                "imports",
                "DELETE FROM imports WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM listens WHERE import_id = ?1) "
                "AND NOT EXISTS (SELECT 1 FROM skips WHERE import_id = ?1)",
                number,
            )
    return deleted


def _search(
    connection: sqlite3.Connection, door: Door, names: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Files read, and those in which a name stands other than inside another name the library keeps."""
    root = door.folders.root
    public = {*_PUBLIC, *public_folders(door)}
    longer = {name: list(_longer(connection, name)) for name in names}
    searched: list[str] = []
    found: list[str] = []
    for path in sorted(root.rglob("*")):
        inside = path.relative_to(root)
        if not path.is_file() or any(str(inside).startswith(f"{folder}/") for folder in public):
            continue
        searched.append(str(inside))
        data = path.read_bytes()
        for name in names:
            titles = _titles(connection, name) if path == door.folders.database else 0
            if any(_alone(data, name, longer[name], encoding) > titles for encoding in _ENCODINGS):
                found.append(str(inside))
                break
    return tuple(searched), tuple(found)


def _alone(data: bytes, name: str, longer: list[str], encoding: str) -> int:
    """How often a name is in the data other than as a part of a longer text the library keeps."""
    wanted = name.encode(encoding)
    kept = [(text, text.find(wanted)) for text in (text.encode(encoding) for text in longer)]
    count = 0
    at = data.find(wanted)
    while at >= 0:
        if not any(data[max(0, at - place) : at - place + len(text)] == text for text, place in kept):
            count += 1
        at = data.find(wanted, at + 1)
    return count


def _longer(connection: sqlite3.Connection, name: str) -> Iterator[str]:
    """Every text of the library that holds the name as a part of more; what is not a name (settings) apart."""
    for table in [
        row[0] for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
    ]:
        for column in [
            row[0] for row in connection.execute("SELECT name FROM pragma_table_info(?)", (table,))
        ]:
            if column != "settings":
                rows = connection.execute(
                    f'SELECT DISTINCT "{column}" FROM "{table}" '  # noqa: S608 - names from the schema
                    f'WHERE typeof("{column}") = \'text\' AND instr("{column}", ?1) > 0 AND "{column}" <> ?1',
                    (name,),
                )
                yield from (str(row[0]) for row in rows)


def _titles(connection: sqlite3.Connection, name: str) -> int:
    """How often the database holds a title, album or key of a title that happens to be the same."""
    count = 0
    for table, column, times in _TITLES:
        sql = f"SELECT count(*) FROM {table} WHERE {column} = ?"  # noqa: S608 - fixed names
        count += times * connection.execute(sql, (name,)).fetchone()[0]
    return count
