"""Deletes for good, and proves that it is gone.

What is forgotten is deleted from every table; the file is rewritten without it and searched, byte by byte, for its
name. What a disk keeps below its files (snapshots, backups, spare blocks) no program can reach, and the messages say
so. The transaction that deletes also records that files remain to be cleaned (`engine.store.forgetting`): killed at any
step, the next start ends it.
"""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from engine.canonical_keys import SEPARATOR, artist_key, joined_key, track_key
from engine.community.features import own_packs
from engine.community.packs import list_packs
from engine.errors import DiscoverError, NothingYetError
from engine.paths import bytes_of
from engine.privacy import Door
from engine.privacy.atomic import OWN, PARTIAL
from engine.session.traces import (
    Names,
    named_texts,
    names_to_be_gone,
    places_of,
    search_files,
    stands_in,
    texts_in_backups,
    whole_artist,
    whole_track,
)
from engine.store.backups import FORGET, back_up, backups, remove, remove_unforgotten, rewrite
from engine.store.forgetting import ALL, NOTHING, THE_LOG, begin, done_to, left_to_do, mark, went_through
from engine.store.music_files import forget_artist, forget_track
from engine.taste.gate import Taste, read_taste
from engine.taste.rules import Rule, named_by
from engine.training.in_use import folder_named_by, pointers

# Public folders, which name all their artists: they contain nothing of the person.
_PUBLIC = ("packs", "downloads", "cache")
# Replaces the person's own names that contained a forgotten one.
_GONE = "(forgotten)"


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was deleted, by kind, and the proof of it.

    `backups` is how many contained it and were rewritten without it. `searched` files were read completely; `found_in`
    are those that still contain a forgotten name other than as a part of another, `places` parts of the library that
    do, in words (both empty: it is gone). They were searched for `names` names. `taste_is_as_if_never`: the taste is,
    to the bit, what it would be without those plays. `bytes_gone`: the library's file was rewritten; another program
    that reads it delays that. `public` folders name artists for everybody and were not searched. `resumed`: it finished
    an interrupted one. `no_backup` says why the library was not backed up before, if it was not.
    """

    deleted: dict[str, int]
    files: tuple[str, ...]
    searched: tuple[str, ...]
    found_in: tuple[str, ...]
    taste_is_as_if_never: bool
    public: tuple[str, ...] = field(default=())
    places: tuple[str, ...] = field(default=())
    names: int = 0
    bytes_gone: bool = True
    resumed: bool = False
    backups: int = 0
    no_backup: str = ""

    @property
    def holds(self) -> bool:
        """Whether the proof holds."""
        return not self.found_in and not self.places and self.taste_is_as_if_never and self.bytes_gone


def forget(
    connection: sqlite3.Connection, door: Door, rule: Rule, *, playlists: bool, resumed: bool = False
) -> Forgotten:
    """Delete what `rule` names, with `playlists` from those too. Raises PrivateSessionError in a private session,
    NothingYetError if nothing matches and no interrupted one was `resumed`."""
    door.require_writable("forget anything")
    held = texts_in_backups(backups(door.folders), rule)
    no_backup = back_up(door, connection, FORGET)
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        before = named_texts(connection, rule).union(*held.values())
        # In the transaction: what another writer changes meanwhile is none of this.
        expected = _as_if_never(connection, rule)
        deleted = _delete(connection, rule, playlists=playlists)
        as_if_never = expected == _content(read_taste(connection))
        if not any(deleted.values()) and not held and not resumed:
            named = places_of(connection, rule)
            still = " Saved playlists contain it: add --playlists." if "saved playlists" in named else ""
            raise NothingYetError(f"No plays match: {rule.in_words()}.{still}")
        begin(connection)
    names = names_to_be_gone(connection, rule, before)
    _forget_in_backups(door, rule, mark(connection), playlists=playlists)
    files, bytes_gone = finish(connection, door)
    public = public_folders(door)
    searched, found = _search(connection, door, names)
    places = tuple(places_of(connection, rule))
    if not places and door.folders.database.name not in found:
        # A backup with it in a place the library does not have is deleted.
        given_up = _given_up(door, found)
        files += given_up
        searched, found = (tuple(name for name in of if name not in given_up) for of in (searched, found))
    return Forgotten(
        deleted,
        files,
        searched,
        found,
        as_if_never,
        public,
        places,
        names=len(names.all),
        bytes_gone=bytes_gone,
        resumed=resumed,
        backups=sum((door.folders.backups / name).exists() for name in held),
        no_backup=no_backup,
    )


def _forget_in_backups(door: Door, rule: Rule, since: str, *, playlists: bool) -> None:
    """Delete what a rule names from every backup; `finish` deletes those in which that fails."""

    def change(copy: sqlite3.Connection) -> None:
        with copy:
            _delete(copy, rule, playlists=playlists)
            went_through(copy, since)

    for backup in backups(door.folders):
        with suppress(OSError, sqlite3.Error, DiscoverError):
            rewrite(door, backup, change)


def _given_up(door: Door, found: Collection[str]) -> tuple[str, ...]:
    gone = []
    for backup in backups(door.folders):
        if (name := str(backup.path.relative_to(door.folders.root))) in found:
            remove(door, backup)
            gone.append(name)
    return tuple(gone)


def finish(connection: sqlite3.Connection, door: Door) -> tuple[tuple[str, ...], bool]:
    """Clean files and bytes after rows were deleted, or after an interruption: returns the files deleted, and whether
    the library's own was completely rewritten."""
    files: tuple[str, ...] = ()
    try:
        if left_to_do(connection) == ALL:
            files = drop_derived(door)
            gone = remove_unforgotten(door, mark(connection))
            files += tuple(str(path.relative_to(door.folders.root)) for path in gone)
            connection.execute("VACUUM")
            done_to(connection, THE_LOG)
        busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        if not busy:
            done_to(connection, NOTHING)
            # Without that write in it the log is empty, where a short name might stand by chance.
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.OperationalError as error:
        # Another program has it open: the rest stays recorded as to be done.
        if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise
        return files, False
    return files, not busy


def forget_all(connection: sqlite3.Connection, door: Door) -> tuple[tuple[str, ...], bool]:
    """Delete all the person's data except settings: returns the names of its files, and whether the library's was
    rewritten. The library stays, empty, so that other programs that have it open see that."""
    door.require_writable("forget anything")
    tables = [
        row[0] for row in connection.execute("SELECT name FROM main.sqlite_schema WHERE type = 'table'")
    ]
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("PRAGMA defer_foreign_keys = ON")
        held = False
        for table in tables:
            if table != "forgetting":
                held |= connection.execute(f'DELETE FROM main."{table}"').rowcount > 0  # noqa: S608 - from the schema
        begin(connection)
    files, bytes_gone = finish(connection, door)
    return ((door.folders.database.name,) * held + files, bytes_gone)


def drop_derived(door: Door) -> tuple[str, ...]:
    """Delete what was derived from the person's plays: the app's state, backtests, solo models, packs for their own
    tracks, and leftovers of killed processes."""
    folders = door.folders
    paths = [
        folders.state,
        folders.hindsight,
        folders.mixes,
        folders.log,
        folders.models / "unfinished",
        *folders.models.glob(f".*{OWN}"),
        *folders.packs.glob(f".*{OWN}"),
        *_own_models(folders.models),
        *own_packs(folders),
    ]
    gone = tuple(str(path.relative_to(folders.root)) for path in paths if path.exists())
    for path in paths:
        door.remove(path)
    door.settle()
    return gone


def public_folders(door: Door) -> tuple[str, ...]:
    """Packs and models of them: the same for everybody."""
    packs = [f"packs/{pack.name}" for pack in list_packs(door.folders)]
    models = [
        f"models/{path.name}" for path in door.folders.models.glob("*") if (path / "manifest.json").exists()
    ]
    return (*packs, *models)


def _own_models(models: Path) -> Iterator[Path]:
    """Solo models, and pointers to solo or missing models."""
    own = []
    for manifest in sorted(models.glob("*/manifest.json")):
        try:
            content = msgspec.json.decode(bytes_of(manifest))
        # Besides its own DecodeError msgspec raises UnicodeDecodeError.
        except (ValueError, RecursionError):
            # Unreadable: it may be a solo model, and is of no use.
            content = {"solo": True}
        if isinstance(content, dict) and content.get("solo"):
            own.append(manifest.parent)
    for pointer in pointers(models):
        folder = models / folder_named_by(pointer)
        if folder in own or not folder.is_dir():
            yield pointer
    yield from own


def _as_if_never(connection: sqlite3.Connection, rule: Rule) -> object:
    """The taste's content as if the plays had never been there, derived from the current one."""
    taste = read_taste(connection, also=(rule,))
    if rule.artist_key is not None and whole_artist(rule):
        taste = taste.without(frozenset((rule.artist_key,)))
    return _content(taste)


def _content(taste: Taste) -> object:
    # Tracks only kept in playlists may be removed from there too, and are not plays.
    return [
        (item.key, item.plays, item.last_played, item.liked)
        for item in taste.items
        if item.plays or item.liked
    ]


def _search(
    connection: sqlite3.Connection, door: Door, names: Names
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Files read, and those that still contain a name; unfinished downloads and packs are public."""
    folders = door.folders
    making = [path.relative_to(folders.root) for path in folders.models.glob(f".*{PARTIAL}")]
    making += [path.relative_to(folders.root) for path in folders.root.glob(".scratch-*")]
    public = (*_PUBLIC, *public_folders(door), *map(str, making))
    copies = backups(folders)
    return search_files(connection, folders.root, folders.database, copies, public, names)


def _delete(connection: sqlite3.Connection, rule: Rule, *, playlists: bool) -> dict[str, int]:
    """Delete the rows, in the open transaction; returns how many, by kind."""
    connection.create_function("artist_key", 1, artist_key, deterministic=True)
    connection.create_function("track_key", 1, track_key, deterministic=True)
    connection.create_function("stands_in", 2, stands_in, deterministic=True)
    deleted: dict[str, int] = {}

    def delete(kind: str, sql: str, *values: str | int | None) -> None:
        deleted[kind] = deleted.get(kind, 0) + connection.execute(sql, values).rowcount

    imports: set[int] = set()
    for table in ("listens", "skips"):
        sql, values = named_by(rule, table)
        query = f"SELECT DISTINCT import_id FROM {table} WHERE id IN ({sql})"  # noqa: S608 - fixed names
        imports.update(row[0] for row in connection.execute(query, values))
        delete(table, f"DELETE FROM {table} WHERE id IN ({sql})", *values)  # noqa: S608 - fixed names
    if whole_artist(rule):
        _delete_artist(connection, rule, delete, deleted, playlists=playlists)
    elif whole_track(rule):
        _delete_track(connection, rule, delete, deleted, playlists=playlists)
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


_Delete = Callable[..., None]


def _delete_artist(
    connection: sqlite3.Connection, rule: Rule, delete: _Delete, deleted: dict[str, int], *, playlists: bool
) -> None:
    """Delete an artist's data beside plays, in any spelling."""
    key = rule.artist_key
    delete("likes, hides and blocks", "DELETE FROM feedback WHERE artist_key = ?", key)
    of_theirs = "artist_key = ?1 OR substr(artist_key, 1, length(?1) + 1) = ?1 || ?2"
    delete("days shown", f"DELETE FROM encounters WHERE {of_theirs}", key, SEPARATOR)  # noqa: S608 - fixed text
    of_items = of_theirs.replace("artist_key", "item_key")
    delete("days shown", f"DELETE FROM compared WHERE {of_items}", key, SEPARATOR)  # noqa: S608 - fixed text
    delete("rules", "DELETE FROM rules WHERE settings ->> 'artist_key' = ?", key)
    deleted["music files"] = forget_artist(connection, frozenset((str(key),)))
    # The playlist on the server stays; without the record its id is no longer known.
    in_any = " OR ".join(
        f"stands_in(?1, {column})" for column in ("playlist", "sent_as", "server_id", "address")
    )
    delete("notes of what was sent", f"DELETE FROM pushes WHERE {in_any}", key)  # noqa: S608 - fixed names
    delete("verdicts of players", "DELETE FROM imported_verdicts WHERE artist_key = ?", key)
    # A file's name may be the artist's: it is replaced by its digest, also in rules.
    connection.execute("UPDATE imports SET file = ? WHERE stands_in(?, file)", (_GONE, key))
    connection.execute(
        "UPDATE rules SET settings = json_set(settings, '$.source', ?) WHERE stands_in(?, settings ->> 'source')",
        (_GONE, key),
    )
    if playlists:
        delete("playlist tracks", "DELETE FROM playlist_tracks WHERE artist_key(artist) = ?", key)
        deleted["names of playlists"] = _rename_playlists(connection, str(key))


def _rename_playlists(connection: sqlite3.Connection, key: str) -> int:
    """Remove a name from playlists' titles and descriptions; returns how many."""
    count = 0
    taken = {str(row[0]).casefold() for row in connection.execute("SELECT name FROM playlists")}
    for number, name in connection.execute("SELECT id, name FROM playlists").fetchall():
        if stands_in(key, name):
            numbered = itertools.chain([_GONE], (f"{_GONE} {n}" for n in itertools.count(2)))
            free = next(new for new in numbered if new not in taken)
            taken.add(free)
            count += connection.execute("UPDATE playlists SET name = ? WHERE id = ?", (free, number)).rowcount
    for column, empty in (("context", ""), ("settings", "{}")):
        sql = f"UPDATE playlists SET {column} = ? WHERE stands_in(?, {column})"  # noqa: S608 - fixed names
        count += connection.execute(sql, (empty, key)).rowcount
    return count


def _delete_track(
    connection: sqlite3.Connection, rule: Rule, delete: _Delete, deleted: dict[str, int], *, playlists: bool
) -> None:
    """Delete a track's data beside plays; data shared with other versions stays while one exists."""
    title, artist = str(rule.track_key), rule.artist_key
    deleted["music files"] = forget_track(connection, title, artist)
    whose = "(?2 IS NULL OR {} = ?2)".format
    for what, table in (
        ("likes, hides and blocks", "feedback"),
        ("verdicts of players", "imported_verdicts"),
    ):
        of_track = f"DELETE FROM {table} WHERE track_key = ?1 AND {whose('artist_key')}"  # noqa: S608 - fixed text
        delete(what, of_track, title, artist)
    delete(
        "rules",
        "DELETE FROM rules WHERE settings ->> 'track_key' = ?1 AND (?2 IS NULL OR settings ->> 'artist_key' = ?2 "
        # One of a title alone is of this track, unless others are called so.
        "OR (settings ->> 'artist_key' IS NULL AND NOT EXISTS (SELECT 1 FROM tracks AS t "
        "JOIN artists AS a ON a.id = t.artist_id WHERE t.key = ?1 AND a.key <> ?2)))",
        title,
        artist,
    )
    named = connection.execute(
        "SELECT a.key, t.title FROM tracks AS t JOIN artists AS a ON a.id = t.artist_id "  # noqa: S608 - fixed text
        f"WHERE t.key = ?1 AND {whose('a.key')}",
        (title, artist),
    ).fetchall()
    for of, called in named:
        others = connection.execute(
            "SELECT t.title FROM tracks AS t JOIN artists AS a ON a.id = t.artist_id WHERE a.key = ? AND t.key <> ?",
            (of, title),
        )
        item = joined_key(of, called)
        if not any(joined_key(of, other) == item for (other,) in others):
            delete("days shown", "DELETE FROM encounters WHERE artist_key = ?", item)
            delete("days shown", "DELETE FROM compared WHERE item_key = ?", item)
    if playlists:
        delete(
            "playlist tracks",
            f"DELETE FROM playlist_tracks WHERE track_key(track) = ?1 AND {whose('artist_key(artist)')}",  # noqa: S608 - fixed names
            title,
            artist,
        )
