"""Tracks a person kept, played or not: in imported playlists, or liked by title.

Each without plays counts as one play: someone with only playlists or likes has a taste too.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from dataclasses import dataclass

from engine.canonical_keys import AnySpelling, Level, artist_key, joined_key, key_at, track_key
from engine.store.feedback import marked
from engine.store.play import Ids
from engine.taste.rules import rules_in_force


@dataclass(frozen=True, slots=True)
class KeptTrack:
    """One track, however often it was kept; `seconds` is null if its length is unknown."""

    artist: str
    artist_key: str
    track: str
    track_key: str
    album: str | None
    seconds: float | None
    ids_json: str

    @property
    def pair(self) -> tuple[str, str]:
        """Its keys: the artist's and the title's."""
        return self.artist_key, self.track_key

    @property
    def ids(self) -> Ids:
        """(scheme, value) pairs, read on demand: taste does not need them."""
        return tuple((str(scheme), str(value)) for scheme, value in json.loads(self.ids_json))


def kept_tracks(connection: sqlite3.Connection) -> list[KeptTrack]:
    """Every kept track that is neither blocked nor excluded from taste by its artist or title."""
    rows = connection.execute(
        """
        SELECT t.artist, t.track, t.album, t.seconds, t.ids FROM playlist_tracks AS t
        JOIN playlists AS p ON p.id = t.playlist_id WHERE p.settings LIKE '{"imported":%'
        UNION ALL
        SELECT artist, track, NULL, NULL, '[]' FROM feedback WHERE verdict = 'like' AND track IS NOT NULL
        """
    ).fetchall()
    if not rows:
        return []
    out = AnySpelling(marked(connection, "block").keys.union(_excluded(connection)))
    found: dict[tuple[str, str], KeptTrack] = {}
    for artist, track, album, seconds, ids in rows:
        keys = artist_key(artist), track_key(track)
        if all(keys) and keys not in found and not (out and out.holds(joined_key(keys[0], track))):
            found[keys] = KeptTrack(artist, keys[0], track, keys[1], album, seconds, ids)
    return list(found.values())


def kept_by_item(
    connection: sqlite3.Connection, level: Level
) -> tuple[Counter[str], dict[str, tuple[str, str | None]]]:
    """How many kept tracks each artist has, or 1 if items are tracks; and the items' names."""
    count: Counter[str] = Counter()
    names: dict[str, tuple[str, str | None]] = {}
    for one in kept_tracks(connection):
        key = key_at(level, one.artist_key, one.track)
        count[key] += 1
        names.setdefault(key, (one.artist, one.track if level == "tracks" else None))
    return (count if level == "artists" else Counter(dict.fromkeys(count, 1))), names


def _excluded(connection: sqlite3.Connection) -> set[str]:
    """Keys of the artists and tracks that rules exclude without further conditions."""
    keys: set[str] = set()
    for _, rule in rules_in_force(connection):
        wider = (rule.source, rule.hours, rule.since, rule.until, rule.burst)
        if rule.artist_key and all(part is None for part in wider):
            keys.add(joined_key(rule.artist_key, rule.track) if rule.track else rule.artist_key)
    return keys
