"""Playlists kept in the library. In a private session the same statements act on copies in memory."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from engine.canonical_keys import nearest
from engine.errors import UnknownNameError, UsageError
from engine.playlists.playlist import PlaylistTrack
from engine.store.pushes import rename_in_pushes

if TYPE_CHECKING:
    from engine.playlists.contexts import Settings

_FIELDS = "artist, track, album, bpm, bpm_source, target_bpm, factor, seconds, estimated, known, ids"


@dataclass(frozen=True, slots=True)
class SavedPlaylist:
    """A playlist's entry: `at` is when it was saved (seconds UTC), `seconds` how long it is in all."""

    name: str
    context: str
    settings: Mapping[str, object]
    at: int
    tracks: int
    seconds: float


def save_playlist(
    connection: sqlite3.Connection,
    name: str,
    tracks: Sequence[PlaylistTrack],
    *,
    context: str = "",
    settings: Settings | Mapping[str, object] | None = None,
    at: int | None = None,
    replace: bool = False,
) -> SavedPlaylist:
    """Keep `tracks` under `name`, all or nothing. `context` and `settings` say how the list was made.

    Raises UsageError when the name is empty, or taken and `replace` is not asked for.
    """
    name = _name(name)
    values = dict(settings or {}) if settings is None or isinstance(settings, Mapping) else asdict(settings)
    moment = int(time.time()) if at is None else at
    with connection:
        there = _number(connection, name)
        if there is not None and not replace:
            raise _taken(connection, there)
        if there is not None:
            _delete(connection, there)
        number = connection.execute(
            "INSERT INTO playlists (name, context, settings, at) VALUES (?, ?, ?, ?)",
            (name, context, json.dumps(values, ensure_ascii=False), moment),
        ).lastrowid
        _insert(connection, number, tracks)
    length = sum(track.seconds or 0.0 for track in tracks)
    return SavedPlaylist(name, context, values, moment, len(tracks), length)


def saved_playlists(connection: sqlite3.Connection) -> list[SavedPlaylist]:
    """All saved playlists, newest first."""
    return _entries(connection, "1")


def one_playlist(connection: sqlite3.Connection, name: str) -> SavedPlaylist:
    """The entry of the playlist called `name`. Raises UnknownNameError."""
    return _entries(connection, "id = ?", _known_number(connection, name))[0]


def _entries(connection: sqlite3.Connection, which: str, *values: int) -> list[SavedPlaylist]:
    rows = connection.execute(
        f"""
        SELECT name, context, settings, at, count(position), coalesce(sum(seconds), 0.0)
        FROM playlists LEFT JOIN playlist_tracks ON playlist_id = id
        WHERE {which} GROUP BY id ORDER BY at DESC, id DESC
        """,  # noqa: S608 - made of fixed parts
        values,
    )
    return [
        SavedPlaylist(name, context, json.loads(settings), at, tracks, seconds)
        for name, context, settings, at, tracks, seconds in rows
    ]


def playlist_tracks(connection: sqlite3.Connection, name: str) -> list[PlaylistTrack]:
    """The tracks of the playlist called `name`, in order. Raises UnknownNameError."""
    rows = connection.execute(
        f"SELECT {_FIELDS} FROM playlist_tracks WHERE playlist_id = ? ORDER BY position",  # noqa: S608 - a constant
        (_known_number(connection, name),),
    )
    return [_track(row) for row in rows]


def change_tracks(
    connection: sqlite3.Connection,
    name: str,
    change: Callable[[list[PlaylistTrack]], Sequence[PlaylistTrack]],
) -> tuple[list[PlaylistTrack], list[PlaylistTrack]]:
    """Put in place of a playlist's tracks what `change` makes of them, in one transaction: (before, after).

    A list that came with an import is the person's own from then on: the next import leaves it alone. Raises
    UnknownNameError; when `change` raises, nothing has changed.
    """
    with connection:
        # Locked now, so that nobody writes between the read and the write.
        connection.execute("BEGIN IMMEDIATE")
        before = playlist_tracks(connection, name)
        after = change(list(before))
        if list(after) != before:
            number = _known_number(connection, name)
            connection.execute("DELETE FROM playlist_tracks WHERE playlist_id = ?", (number,))
            _insert(connection, number, after)
            connection.execute(
                "UPDATE playlists SET settings = json_remove(settings, '$.imported') WHERE id = ?", (number,)
            )
        return before, playlist_tracks(connection, name)


def rename_playlist(connection: sqlite3.Connection, name: str, new_name: str) -> None:
    """Give a playlist another name; a server it was sent to gets that with the next sending.

    Raises UnknownNameError, or UsageError when the new name is taken.
    """
    number, new_name = _known_number(connection, name), _name(new_name)
    there = _number(connection, new_name)
    if there not in (None, number):
        raise _taken(connection, there)
    with connection:
        (old,) = connection.execute("SELECT name FROM playlists WHERE id = ?", (number,)).fetchone()
        connection.execute("UPDATE playlists SET name = ? WHERE id = ?", (new_name, number))
        rename_in_pushes(connection, old, new_name)


def _taken(connection: sqlite3.Connection, number: int | None) -> UsageError:
    """That there is a playlist of this name, in its own spelling."""
    (name,) = connection.execute("SELECT name FROM playlists WHERE id = ?", (number,)).fetchone()
    return UsageError(f"A playlist “{name}” already exists. Choose another name.")


def remove_playlist(connection: sqlite3.Connection, name: str) -> None:
    """Delete a playlist. Raises UnknownNameError when there is none of that name."""
    number = _known_number(connection, name)
    with connection:
        _delete(connection, number)


def _name(name: str) -> str:
    name = " ".join(name.replace("\x00", "").split())
    if not name:
        raise UsageError("Enter a name for the playlist.")
    return name


def _number(connection: sqlite3.Connection, name: str) -> int | None:
    """The playlist of that name, in capitals or not: of two that differ by them alone, the one spelled so."""
    rows = connection.execute("SELECT name, id FROM playlists ORDER BY id")
    alike = {known: int(number) for known, number in rows if known.casefold() == name.casefold()}
    return alike.get(name, next(iter(alike.values()), None))


def _known_number(connection: sqlite3.Connection, name: str) -> int:
    number = _number(connection, _name(name))
    if number is None:
        names = [str(row[0]) for row in connection.execute("SELECT name FROM playlists ORDER BY name")]
        near = ", ".join(nearest(name, names)) or ", ".join(names[:3])
        raise UnknownNameError(
            f"No playlist “{name}”." + (f" Did you mean {near}?" if near else " There are none yet.")
        )
    return number


def _insert(connection: sqlite3.Connection, number: int | None, tracks: Sequence[PlaylistTrack]) -> None:
    connection.executemany(
        f"INSERT INTO playlist_tracks (playlist_id, position, {_FIELDS}) "  # noqa: S608 - a constant
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [(number, position, *_cells(track)) for position, track in enumerate(tracks, 1)],
    )


def _delete(connection: sqlite3.Connection, number: int) -> None:
    # Tracks by hand too: the library in memory of a private session's first start enforces no foreign keys.
    connection.execute("DELETE FROM playlist_tracks WHERE playlist_id = ?", (number,))
    connection.execute("DELETE FROM playlists WHERE id = ?", (number,))


def _cells(track: PlaylistTrack) -> tuple[object, ...]:
    return (
        track.artist,
        track.track,
        track.album,
        track.bpm,
        track.bpm_source,
        track.target_bpm,
        track.factor,
        track.seconds,
        int(track.seconds_estimated),
        int(track.known),
        json.dumps(track.ids, ensure_ascii=False),
    )


def _track(row: Sequence[object]) -> PlaylistTrack:
    artist, track, album, bpm, source, target, factor, seconds, estimated, known, ids = row
    return PlaylistTrack(
        artist=str(artist),
        track=str(track),
        album=None if album is None else str(album),
        bpm=_real(bpm),
        bpm_source=None if source is None else str(source),
        target_bpm=_real(target),
        factor=_real(factor),
        seconds=_real(seconds),
        seconds_estimated=bool(estimated),
        known=bool(known),
        ids=tuple((str(scheme), str(value)) for scheme, value in json.loads(str(ids))),
    )


def _real(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
