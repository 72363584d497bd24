"""Imported likes and playlists, stored beside the person's own and never over them."""

from __future__ import annotations

import itertools
import json
import sqlite3
import time
from dataclasses import dataclass
from typing import Any

from engine.canonical_keys import MAX_NAME, artist_key, stored_name, track_key
from engine.store.play import Ids


def track_named_by(
    connection: sqlite3.Connection, index: dict[tuple[str, str], int], ids: Ids
) -> tuple[str, str] | None:
    """Artist and title of the first of `ids` the library knows, or of the music file that one is."""
    for scheme, value in ids:
        row = connection.execute(
            "SELECT a.name, t.title FROM tracks AS t JOIN artists AS a ON a.id = t.artist_id WHERE t.id = ?",
            (index.get((scheme, value)),),
        ).fetchone()
        if row is None and scheme == "file":
            row = connection.execute(
                "SELECT artist, track FROM music_files WHERE path = ? AND problem IS NULL", (value,)
            ).fetchone()
        if row:
            return str(row[0]), str(row[1])
    return None


def ids_of_tracks(connection: sqlite3.Connection) -> dict[tuple[str, str], int]:
    """(scheme, value) -> track, for all tracks."""
    return {
        (scheme, value): track
        for track, scheme, value in connection.execute("SELECT track_id, scheme, value FROM track_ids")
    }


def track_with_id(connection: sqlite3.Connection, ids: Ids) -> tuple[str, str] | None:
    """Artist and title of the track with one of `ids`, in a library not indexed by them."""
    for pair in ids:
        row = connection.execute(
            "SELECT a.name, t.title FROM track_ids AS i JOIN tracks AS t ON t.id = i.track_id "
            "JOIN artists AS a ON a.id = t.artist_id WHERE i.scheme = ? AND i.value = ?",
            pair,
        ).fetchone()
        if row:
            return str(row[0]), str(row[1])
    return None


@dataclass(frozen=True, slots=True)
class SaidElsewhere:
    """What became of another program's verdict: `is_new` if it did not say the same before, `changed` if it is now in
    the library."""

    is_new: bool = False
    changed: bool = False


def keep_verdict(
    connection: sqlite3.Connection,
    source: str,
    artist: str,
    title: str | None,
    verdict: str | None,
    at: int | None = None,
    fetch: int | None = None,
) -> SaidElsewhere | None:
    """Keep what another program says of an artist or a track, `verdict` null for nothing any more; null if the names
    hold no key.

    What the person said here stays. What the program said before, by the same or an earlier date, is not new: so
    nothing comes back that the person has undone. Of several programs the latest counts, but a block stays. `fetch` as
    in `engine.store.stars`.
    """
    keys = artist_key(artist), track_key(title) if title else ""
    if not keys[0] or (title and not keys[1]):
        return None
    new = connection.execute(
        "INSERT INTO imported_verdicts AS said (source, artist_key, track_key, verdict, at) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT DO UPDATE SET verdict = excluded.verdict, at = excluded.at "
        "WHERE said.verdict IS NOT excluded.verdict OR excluded.at > said.at",
        (source, *keys, verdict, at),
    )
    if new.rowcount <= 0:
        return SaidElsewhere()
    if verdict is None:
        changed = connection.execute(
            "DELETE FROM feedback WHERE artist_key = ? AND track_key = ? AND source = ?", (*keys, source)
        )
    else:
        changed = connection.execute(
            "INSERT INTO feedback AS said (artist_key, track_key, artist, track, verdict, at, fetch, source) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET verdict = excluded.verdict, "
            "at = excluded.at, fetch = excluded.fetch, source = excluded.source WHERE said.source IS NOT NULL "
            "AND said.verdict NOT IN (excluded.verdict, 'block') AND excluded.at >= said.at",
            (
                *keys,
                stored_name(artist),
                title and stored_name(title),
                verdict,
                at or int(time.time()),
                fetch,
                source,
            ),
        )
    return SaidElsewhere(True, changed.rowcount > 0)


class ImportedPlaylists:
    """The playlists of one run of imports; a file's are kept once it is read to its end."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._of_file: dict[str, list[tuple[object, ...]]] = {}
        self._kept: dict[tuple[str, str], list[tuple[object, ...]]] = {}

    def add(
        self, playlist: str, artist: str, title: str, album: str | None, duration_ms: int | None, ids: Ids
    ) -> None:
        """Append a track to a playlist of the file."""
        seconds = None if duration_ms is None else duration_ms / 1000
        name = " ".join(playlist.replace("\x00", "").split())
        self._of_file.setdefault(name, []).append((artist, title, album, seconds, json.dumps(ids)))

    def keep(self, source: str) -> None:
        """Store the file's playlists. If two different ones in one run have the same name, the later one gets a number:
        a folder may hold a `playlist.m3u` for each album."""
        for name, tracks in self._of_file.items():
            name = name or source
            names = (name if number == 1 else f"{name} {number}" for number in itertools.count(1))
            free = next(one for one in names if self._kept.get((source, one), tracks) == tracks)
            self._kept[source, free] = tracks
            keep_playlist(self._db, free, source, tracks)
        self._of_file = {}


def keep_playlist(
    connection: sqlite3.Connection, name: str, source: str, entries: list[tuple[Any, ...]]
) -> None:
    """Write a playlist of (artist, title, album, seconds, ids as JSON). An earlier one from the same service is
    replaced; the person's own of that name stays, and this one is marked with its service."""
    name, mark = name[:MAX_NAME], json.dumps({"imported": source})
    row = connection.execute("SELECT settings FROM playlists WHERE name = ?", (name,)).fetchone()
    if row and row[0] != mark:
        name = f"{name} ({source})"
    connection.execute(
        "DELETE FROM playlist_tracks WHERE playlist_id IN (SELECT id FROM playlists WHERE name = ?)", (name,)
    )
    connection.execute("DELETE FROM playlists WHERE name = ?", (name,))
    number = connection.execute(
        "INSERT INTO playlists (name, context, settings, at) VALUES (?, '', ?, ?)",
        (name, mark, int(time.time())),
    ).lastrowid
    connection.executemany(
        "INSERT INTO playlist_tracks (playlist_id, position, artist, track, album, seconds, ids) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (number, place, stored_name(artist), stored_name(title), album and stored_name(album), *rest)
            for place, (artist, title, album, *rest) in enumerate(entries, 1)
        ],
    )
