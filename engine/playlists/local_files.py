"""Finds the person's file of a track: by MusicBrainz recording, else by names and length."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.canonical_keys import artist_key, joined_key, played_alike, relaxed_pair, track_key
from engine.store.feedback import marked
from engine.store.music_files import MusicFile, any_files, files_by, played_names, versions

# Another version of a song by its title is the same recording where it is as long, in seconds.
AS_LONG = 5.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """A track to find a file of; `seconds` and `recording` are null if unknown."""

    artist: str
    track: str
    seconds: float | None = None
    recording: str | None = None


def find_files(connection: sqlite3.Connection, wanted: Sequence[Wanted]) -> list[MusicFile | None]:
    """The file of each track, null where there is none.

    Of several that go by the track's names the one nearest in length counts, then the largest. A remastered version,
    or one with or without guests, counts where it is as long; a live one does not for the studio's.
    """
    if not any_files(connection):
        return [None] * len(wanted)
    recordings = files_by(connection, "recording", [one.recording.lower() for one in wanted if one.recording])
    pairs = [relaxed_pair(one.artist, one.track) for one in wanted]
    versions = files_by(connection, "relaxed", pairs)
    return [
        _nearest(recordings.get((one.recording or "").lower(), ()), one) or _best(versions.get(pair, ()), one)
        for one, pair in zip(wanted, pairs, strict=True)
    ]


def is_there(path: str) -> bool:
    """Whether a file is where it is said to be; one that cannot be looked at is not."""
    try:
        return Path(path).is_file()
    except (OSError, ValueError):
        return False


def files_to_play(
    connection: sqlite3.Connection, wanted: Sequence[tuple[str, str | None]]
) -> list[list[MusicFile] | None]:
    """The file of each track (artist, title), and all files of each artist (title null) by path; none of what is
    blocked, null if everything is."""
    tracks = [Wanted(artist, title) for artist, title in wanted if title]
    found = iter(find_files(connection, tracks))
    artists = files_by(
        connection, "artist_key", [artist_key(artist) for artist, title in wanted if not title]
    )
    blocked = marked(connection, "block")
    files: list[list[MusicFile] | None] = []
    for artist, title in wanted:
        key = artist_key(artist)
        if title:
            of_it = [file] if (file := next(found)) else []
        else:
            of_it = [one for one in artists.get(key, ()) if is_there(one.path)]
        playable = [
            one for one in of_it if not (blocked.holds(one.artist_key or "") or blocked.holds(_item(one)))
        ]
        named = blocked.holds(key) or (title and blocked.holds(joined_key(key, title)))
        files.append(None if named or (of_it and not playable) else playable)
    return files


def _item(file: MusicFile) -> str:
    return joined_key(file.artist_key or "", file.track or "")


def _best(files: Sequence[MusicFile], wanted: Wanted) -> MusicFile | None:
    keys = artist_key(wanted.artist), track_key(wanted.track)
    same = [one for one in files if (one.artist_key, one.track_key) == keys]
    alike = [
        one for one in files if played_alike(keys[1], one.track_key or "") and _apart(one, wanted) <= AS_LONG
    ]
    return _nearest(same or alike, wanted)


def _nearest(files: Sequence[MusicFile], wanted: Wanted) -> MusicFile | None:
    """The file nearest in length that is still there."""
    for one in sorted(files, key=lambda one: (_apart(one, wanted), -one.size, one.path)):
        if is_there(one.path):
            return one
    return None


def _apart(file: MusicFile, wanted: Wanted) -> float:
    """Seconds between the lengths; none where either is unknown."""
    return abs(file.seconds - wanted.seconds) if file.seconds and wanted.seconds else 0.0


def matched_tracks(connection: sqlite3.Connection) -> tuple[int, int]:
    """How many tracks of the history have a file by their names, of how many."""
    files, played = versions(connection), played_names(connection)
    matched = sum(
        any(played_alike(key, other) for other in files.get(relaxed_pair(artist, title), ()))
        for artist, title, key in played
    )
    return matched, len(played)
