"""The person's own music: folders and files."""

from __future__ import annotations

import json
import sqlite3
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from engine.canonical_keys import artist_key

Kind = Literal["folder", "beets", "navidrome"]
CHUNK = 500  # values per statement
AGAIN = -1
# Loudness in dB of full scale that counts as energy 0 and 1, as far as loudness shows energy.
# The 24 dB between are from 28,356 tracks of Spotify, chosen on half of their artists: .11 from the stated energy on
# the other half on average, .15 where all had the same. Spotify's dB lie some 4 above a file's, by one published pair.
QUIET, LOUD = -28.0, -4.0
# Of what `engine.audio.tempo` hears; increase it when results change: files are then measured again.
SOUND_VERSION = 2


@dataclass(frozen=True, slots=True)
class MusicFolder:
    """A music folder, or a database that lists files; `music` is the folder these are in, if the person gave it.
    `scanned` is seconds since 1970, null before the first complete scan. `files` are those with a track; of these
    `tagged` have a tempo in their tags, `measured` were measured by this version, `with_tempo` have either. `left_out`
    counts the others by reason.
    """

    id: int
    path: str
    kind: Kind
    music: str | None
    scanned: int | None
    left_out: Mapping[str, int]
    files: int
    bytes: int
    tagged: int
    measured: int
    with_tempo: int


@dataclass(frozen=True, slots=True)
class MusicFile:
    """A file and its track; `problem` says why it has none. Sizes in bytes, `modified` in nanoseconds, `recording` is
    MusicBrainz' id, `tag_bpm` from its tags, `year` of the original release: 0 if unknown, null if not read yet."""

    path: str
    size: int
    modified: int
    problem: str | None = None
    artist: str | None = None
    track: str | None = None
    album: str | None = None
    artist_key: str | None = None
    track_key: str | None = None
    relaxed: str | None = None
    seconds: float | None = None
    recording: str | None = None
    tag_bpm: float | None = None
    year: int | None = None


_FILE = (
    "path, size, modified, problem, artist, track, album, artist_key, track_key, relaxed, seconds, recording, "
    "tag_bpm, year"
)
# Measurements stay while the file is the same; its tags may change.
_PUT = f"""
INSERT INTO music_files (folder_id, {_FILE}) VALUES (?, {", ".join("?" * 14)})
ON CONFLICT (path) DO UPDATE SET
    measured   = iif(size = excluded.size AND modified = excluded.modified, measured, NULL),
    bpm        = iif(size = excluded.size AND modified = excluded.modified, bpm, NULL),
    other_bpm  = iif(size = excluded.size AND modified = excluded.modified, other_bpm, NULL),
    onset_rate = iif(size = excluded.size AND modified = excluded.modified, onset_rate, NULL),
    loudness   = iif(size = excluded.size AND modified = excluded.modified, loudness, NULL),
    calm       = iif(size = excluded.size AND modified = excluded.modified, calm, NULL),
    folder_id = excluded.folder_id, size = excluded.size, modified = excluded.modified, problem = excluded.problem,
    artist = excluded.artist, track = excluded.track, album = excluded.album, artist_key = excluded.artist_key,
    track_key = excluded.track_key, relaxed = excluded.relaxed, seconds = excluded.seconds,
    recording = excluded.recording, tag_bpm = excluded.tag_bpm, year = excluded.year
"""  # noqa: S608 - fixed names


def music_folders(connection: sqlite3.Connection) -> list[MusicFolder]:
    """The folders and databases that were added, by path."""
    rows = connection.execute(
        """
        SELECT o.id, o.path, o.kind, o.music, o.scanned, o.left_out, count(f.artist_key), coalesce(sum(f.size), 0),
               count(f.tag_bpm), count(iif(f.measured = ?, 1, NULL)), count(coalesce(f.tag_bpm, f.bpm))
        FROM music_folders AS o LEFT JOIN music_files AS f ON f.folder_id = o.id AND f.problem IS NULL
        GROUP BY o.id ORDER BY o.path
        """,
        (SOUND_VERSION,),
    )
    return [
        MusicFolder(number, path, kind, music, scanned, json.loads(left_out), *counts)
        for number, path, kind, music, scanned, left_out, *counts in rows
    ]


def put_folder(connection: sqlite3.Connection, path: str, kind: Kind, music: str | None) -> int:
    """Insert or update a folder; returns its id."""
    with connection:
        (number,) = connection.execute(
            "INSERT INTO music_folders (path, kind, music) VALUES (?, ?, ?) ON CONFLICT (path) DO UPDATE SET "
            "kind = excluded.kind, music = coalesce(excluded.music, music) RETURNING id",
            (path, kind, music),
        ).fetchone()
    return int(number)


@dataclass(frozen=True, slots=True)
class TakenFolder:
    """A removed folder, with the data of its files."""

    folder: tuple[object, ...]
    files: tuple[tuple[object, ...], ...]


def take_folder(connection: sqlite3.Connection, number: int) -> TakenFolder:
    """Remove a folder and its files, and return their data for `put_back`."""
    folder = connection.execute("SELECT * FROM music_folders WHERE id = ?", (number,)).fetchone()
    files = connection.execute("SELECT * FROM music_files WHERE folder_id = ?", (number,)).fetchall()
    remove_folder(connection, number)
    return TakenFolder(folder, tuple(files))


def put_back(connection: sqlite3.Connection, taken: TakenFolder) -> None:
    """Restore a removed folder; newer data stays."""
    with connection:
        connection.execute(
            f"INSERT OR IGNORE INTO music_folders VALUES ({_marks(taken.folder)})",  # noqa: S608 - marks only
            taken.folder,
        )
        for row in taken.files:
            connection.execute(f"INSERT OR IGNORE INTO music_files VALUES ({_marks(row)})", row)  # noqa: S608 - marks only


def _marks(row: Sequence[object]) -> str:
    return ", ".join("?" * len(row))


def remove_folder(connection: sqlite3.Connection, number: int) -> None:
    """Remove a folder and its files."""
    with connection:
        connection.execute("DELETE FROM music_folders WHERE id = ?", (number,))


def files_seen(connection: sqlite3.Connection, again: str) -> dict[str, tuple[int, int, int]]:
    """Path -> size, time in nanoseconds, and folder of every scanned file; with the problem `again` the size is AGAIN,
    which no file has."""
    rows = connection.execute(
        "SELECT path, iif(problem IS ?, ?, size), modified, folder_id FROM music_files", (again, AGAIN)
    )
    return {path: (size, modified, folder) for path, size, modified, folder in rows}


def files_without_year(connection: sqlite3.Connection) -> set[str]:
    """The paths of files last read by a version that did not read their year."""
    rows = connection.execute("SELECT path FROM music_files WHERE problem IS NULL AND year IS NULL")
    return {path for (path,) in rows}


def files_left_out(connection: sqlite3.Connection, folder: int) -> dict[str, list[str]]:
    """The files of a folder without a track, by reason and path."""
    found: dict[str, list[str]] = {}
    rows = connection.execute(
        "SELECT problem, path FROM music_files WHERE folder_id = ? AND problem IS NOT NULL ORDER BY path",
        (folder,),
    )
    for problem, path in rows:
        found.setdefault(problem, []).append(path)
    return found


def put_files(connection: sqlite3.Connection, folder: int, files: Iterable[MusicFile]) -> None:
    """Store files of a folder, in one transaction."""
    with connection:
        connection.executemany(
            _PUT,
            (
                (folder, one.path, one.size, one.modified, one.problem, one.artist, one.track, one.album,
                 one.artist_key, one.track_key, one.relaxed, one.seconds, one.recording, one.tag_bpm,
                 one.year)
                for one in files
            ),
        )  # fmt: skip


def scan_ended(
    connection: sqlite3.Connection,
    folder: int,
    *,
    gone: Iterable[str],
    moved: Iterable[str],
    left_out: Mapping[str, int],
) -> None:
    """Complete a folder's scan: delete the paths `gone`, reassign those `moved` unchanged from another folder;
    `left_out` counts by reason what has no row of its own."""
    with connection:
        connection.executemany("DELETE FROM music_files WHERE path = ?", ((path,) for path in gone))
        connection.executemany(
            "UPDATE music_files SET folder_id = ? WHERE path = ?", ((folder, path) for path in moved)
        )
        problems = connection.execute(
            "SELECT problem, count(*) FROM music_files WHERE folder_id = ? AND problem IS NOT NULL GROUP BY problem",
            (folder,),
        )
        counts = Counter(left_out)
        counts.update(dict(problems.fetchall()))
        connection.execute(
            "UPDATE music_folders SET scanned = ?, left_out = ? WHERE id = ?",
            (int(time.time()), json.dumps(counts, ensure_ascii=False), folder),
        )


# -- what they sound like -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Measured:
    """Measurements of a file, null if there are none: `bpm` and the reading in another octave, onsets per second, dB of
    full scale, and calm (0..1)."""

    bpm: float | None = None
    other_bpm: float | None = None
    onset_rate: float | None = None
    loudness: float | None = None
    calm: float | None = None


def unmeasured(connection: sqlite3.Connection) -> list[MusicFile]:
    """The files that were not measured by this version, those without a tempo in their tags first."""
    rows = connection.execute(
        f"SELECT {_FILE} FROM music_files "  # noqa: S608 - fixed names
        "WHERE problem IS NULL AND measured IS NOT ? ORDER BY tag_bpm IS NOT NULL, path",
        (SOUND_VERSION,),
    )
    return [MusicFile(*row) for row in rows]


def put_measured(connection: sqlite3.Connection, measured: Iterable[tuple[MusicFile, Measured]]) -> None:
    """Store measurements of files, as they were then, in one transaction."""
    with connection:
        connection.executemany(
            "UPDATE music_files SET measured = ?, bpm = ?, other_bpm = ?, onset_rate = ?, loudness = ?, calm = ? "
            "WHERE path = ? AND size = ? AND modified = ?",
            (
                (
                    SOUND_VERSION,
                    one.bpm,
                    one.other_bpm,
                    one.onset_rate,
                    one.loudness,
                    one.calm,
                    file.path,
                    file.size,
                    file.modified,
                )
                for file, one in measured
            ),
        )


def waiting_files(connection: sqlite3.Connection) -> int:
    """How many files were never measured."""
    query = "SELECT count(*) FROM music_files WHERE problem IS NULL AND measured IS NULL"
    return int(connection.execute(query).fetchone()[0])


def tagged_and_measured(connection: sqlite3.Connection) -> list[tuple[float, float]]:
    """(tempo in tags, tempo measured) of every file that has both."""
    return connection.execute(
        "SELECT tag_bpm, bpm FROM music_files WHERE problem IS NULL AND tag_bpm IS NOT NULL AND bpm IS NOT NULL"
    ).fetchall()


# -- which file a track is ---------------------------------------------------------------------------------------


def any_files(connection: sqlite3.Connection) -> bool:
    """Whether any file has a track."""
    return (
        connection.execute("SELECT 1 FROM music_files WHERE problem IS NULL LIMIT 1").fetchone() is not None
    )


def files_by(
    connection: sqlite3.Connection,
    column: Literal["recording", "relaxed", "artist_key"],
    values: Sequence[str],
) -> dict[str, list[MusicFile]]:
    """The files, by path, whose MusicBrainz recording, artist, or artist and title in any version (`relaxed_pair`), is
    in `values`."""
    found: dict[str, list[MusicFile]] = {}
    wanted = list(dict.fromkeys(values))
    for start in range(0, len(wanted), CHUNK):
        chunk = wanted[start : start + CHUNK]
        rows = connection.execute(
            f"SELECT {column}, {_FILE} FROM music_files "  # noqa: S608 - fixed names
            f"WHERE {column} IN ({','.join('?' * len(chunk))}) AND problem IS NULL ORDER BY path",
            chunk,
        )
        for value, *row in rows:
            found.setdefault(value, []).append(MusicFile(*row))
    return found


def tracks_with_files(connection: sqlite3.Connection) -> list[MusicFile]:
    """Every track there is a file of, once by its keys."""
    rows = connection.execute(
        f"SELECT {_FILE} FROM music_files WHERE problem IS NULL GROUP BY artist_key, track_key"  # noqa: S608 - fixed names
    )
    return [MusicFile(*row) for row in rows]


def artist_of_files(connection: sqlite3.Connection, key: str) -> str | None:
    """The name of the artist with this key that files go by; null where none do."""
    row = connection.execute(
        "SELECT artist FROM music_files WHERE artist_key = ? AND problem IS NULL ORDER BY path LIMIT 1",
        (key,),
    ).fetchone()
    return str(row[0]) if row else None


def tracks_by_decade(connection: sqlite3.Connection) -> list[tuple[int, str, str]]:
    """(first year of a decade, artist key, title) of every file that says when its music came out."""
    return connection.execute(
        "SELECT year / 10 * 10, artist_key, track FROM music_files WHERE problem IS NULL AND year > 0"
    ).fetchall()


def versions(connection: sqlite3.Connection) -> dict[str, list[str]]:
    """`relaxed_pair` -> the track keys there are files of."""
    found: dict[str, list[str]] = {}
    for relaxed, key in connection.execute(
        "SELECT relaxed, track_key FROM music_files WHERE problem IS NULL"
    ):
        found.setdefault(relaxed, []).append(key)
    return found


def played_names(connection: sqlite3.Connection) -> list[tuple[str, str, str]]:
    """Artist, title and track key of every track that was played."""
    return connection.execute(
        "SELECT a.name, t.title, t.key FROM tracks AS t JOIN artists AS a ON a.id = t.artist_id "
        "WHERE EXISTS (SELECT 1 FROM listens WHERE track_id = t.id)"
    ).fetchall()


# -- forgetting --------------------------------------------------------------------------------------------------


def forget_artist(connection: sqlite3.Connection, keys: frozenset[str]) -> int:
    """Forget the files by an artist of these keys, or with their name in the path, and folders with nothing else;
    returns how many files.

    Part of the caller's transaction. The files themselves stay, and the next scan finds them again.
    """
    roots = dict(connection.execute("SELECT id, path FROM music_folders").fetchall())
    gone = [
        (path,)
        for path, folder, key in connection.execute("SELECT path, folder_id, artist_key FROM music_files")
        if key in keys or keys & _named_in(path.removeprefix(roots[folder]))
    ]
    connection.executemany("DELETE FROM music_files WHERE path = ?", gone)
    for folder, path in roots.items():
        if keys & _named_in(path.rpartition("/")[2]):
            connection.execute(
                "DELETE FROM music_folders WHERE id = ?1 "
                "AND NOT EXISTS (SELECT 1 FROM music_files WHERE folder_id = ?1)",
                (folder,),
            )
    return len(gone)


def forget_track(connection: sqlite3.Connection, track: str, artist: str | None) -> int:
    """Forget the files of a track by its key, of one artist's key or of all; returns how many. As `forget_artist`."""
    return connection.execute(
        "DELETE FROM music_files WHERE track_key = ?1 AND (?2 IS NULL OR artist_key = ?2)", (track, artist)
    ).rowcount


def _named_in(path: str) -> set[str]:
    """Keys of the names in a path: its folders, and the parts of the file name."""
    parts = path.split("/")
    parts[-1] = parts[-1].rpartition(".")[0] or parts[-1]
    return {artist_key(text) for part in parts for text in part.split(" - ") if text}
