"""The database's tables, and the steps from each version to the next.

`PRAGMA user_version` counts the steps taken. A step once released is never edited; a change is a new step.
Times are whole seconds since 1970 in UTC; durations are milliseconds; keys come from `engine.canonical_keys`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from engine.errors import DamagedDataError
from engine.store.upgrades import name_files, settle_all_keys, settle_ends, settle_keys, settle_noted

# Indexes that a large first import drops and rebuilds, by name.
REBUILT = {
    "listens_by_time": "CREATE INDEX IF NOT EXISTS listens_by_time ON listens (started_at, track_id, plays)",
    "listens_by_track": "CREATE INDEX IF NOT EXISTS listens_by_track ON listens (track_id, started_at, plays)",
    "skips_by_track": "CREATE INDEX IF NOT EXISTS skips_by_track ON skips (track_id, started_at)",
    "listens_by_import": "CREATE INDEX IF NOT EXISTS listens_by_import ON listens (import_id)",
    "skips_by_import": "CREATE INDEX IF NOT EXISTS skips_by_import ON skips (import_id)",
}

_VERSION_1 = f"""
CREATE TABLE artists (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    key  TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE tracks (
    id          INTEGER PRIMARY KEY,
    artist_id   INTEGER NOT NULL REFERENCES artists (id) ON DELETE CASCADE,
    title       TEXT NOT NULL,
    key         TEXT NOT NULL,
    album       TEXT,
    duration_ms INTEGER,
    UNIQUE (artist_id, key)
) STRICT;

-- Identifiers other services know a track by: spotify, isrc, mb_recording, ...
CREATE TABLE track_ids (
    track_id INTEGER NOT NULL REFERENCES tracks (id) ON DELETE CASCADE,
    scheme   TEXT NOT NULL,
    value    TEXT NOT NULL,
    PRIMARY KEY (track_id, scheme, value)
) STRICT, WITHOUT ROWID;

-- One row a file that was read to its end. `dropped` is a JSON object {{reason: count}}.
CREATE TABLE imports (
    id          INTEGER PRIMARY KEY,
    file        TEXT NOT NULL,
    sha256      TEXT NOT NULL,
    format      TEXT NOT NULL,
    read        INTEGER NOT NULL,
    kept        INTEGER NOT NULL,
    duplicates  INTEGER NOT NULL,
    dropped     TEXT NOT NULL,
    imported_at INTEGER NOT NULL
) STRICT;
CREATE INDEX imports_by_digest ON imports (sha256);

-- `started_at` null: a real play whose date is unknown or impossible. `precision` is the width of the source's
-- clock in seconds (1, 60, 86400), null when undated. `plays` is above 1 only for sources that count
-- instead of dating. `flags`: 1 = the service marked it private, 2 = the source stamped its end, 4 = which of the
-- two cannot be told, 8 = a count, not one listen.
CREATE TABLE listens (
    id         INTEGER PRIMARY KEY,
    track_id   INTEGER NOT NULL REFERENCES tracks (id) ON DELETE CASCADE,
    import_id  INTEGER NOT NULL REFERENCES imports (id) ON DELETE CASCADE,
    started_at INTEGER,
    precision  INTEGER,
    ms_played  INTEGER,
    plays      INTEGER NOT NULL DEFAULT 1,
    source     TEXT NOT NULL,
    flags      INTEGER NOT NULL DEFAULT 0
) STRICT;
{REBUILT["listens_by_time"]};
{REBUILT["listens_by_track"]};

-- Rows too short to be a listen: evidence of what was skipped, never counted as plays.
CREATE TABLE skips (
    id         INTEGER PRIMARY KEY,
    track_id   INTEGER NOT NULL REFERENCES tracks (id) ON DELETE CASCADE,
    import_id  INTEGER NOT NULL REFERENCES imports (id) ON DELETE CASCADE,
    started_at INTEGER,
    ms_played  INTEGER,
    source     TEXT NOT NULL
) STRICT;
{REBUILT["skips_by_track"]};

-- What the person thinks. Held by key, not by id, since most of it is about music they never played.
-- `track_key` is empty for a verdict on the artist.
CREATE TABLE feedback (
    artist_key TEXT NOT NULL,
    track_key  TEXT NOT NULL DEFAULT '',
    artist     TEXT NOT NULL,
    track      TEXT,
    verdict    TEXT NOT NULL CHECK (verdict IN ('like', 'hide', 'block')),
    at         INTEGER NOT NULL,
    PRIMARY KEY (artist_key, track_key)
) STRICT, WITHOUT ROWID;

-- Rules that keep listens out of taste but in the history; `settings` is a JSON object.
CREATE TABLE rules (
    id       INTEGER PRIMARY KEY,
    kind     TEXT NOT NULL,
    settings TEXT NOT NULL,
    at       INTEGER NOT NULL
) STRICT;

CREATE TABLE playlists (
    id       INTEGER PRIMARY KEY,
    name     TEXT NOT NULL UNIQUE,
    context  TEXT NOT NULL,
    settings TEXT NOT NULL,
    at       INTEGER NOT NULL
) STRICT;

-- `target_bpm` and `factor`: the tempo asked for at that place and what the track's own is multiplied by to
-- meet it. `estimated`: the length is assumed. `ids` is a JSON list of [scheme, value] pairs.
CREATE TABLE playlist_tracks (
    playlist_id INTEGER NOT NULL REFERENCES playlists (id) ON DELETE CASCADE,
    position    INTEGER NOT NULL,
    artist      TEXT NOT NULL,
    track       TEXT NOT NULL,
    album       TEXT,
    bpm         REAL,
    bpm_source  TEXT,
    target_bpm  REAL,
    factor      REAL,
    seconds     REAL,
    estimated   INTEGER NOT NULL DEFAULT 0,
    known       INTEGER NOT NULL DEFAULT 1,
    ids         TEXT NOT NULL DEFAULT '[]',
    PRIMARY KEY (playlist_id, position)
) STRICT, WITHOUT ROWID;
"""

_VERSION_2 = """
-- Seconds the listener paused a play whose start was worked out from its end; null when there was no pause.
ALTER TABLE listens ADD COLUMN paused INTEGER;
-- Counts stand for plays that dated ones may tell too: taste asks for them by track.
CREATE INDEX listens_counted ON listens (track_id, plays) WHERE flags & 8;
"""

_VERSION_3 = """
-- Every download the person asked for, for `discover audit`.
CREATE TABLE fetches (
    url    TEXT NOT NULL,
    bytes  INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    at     INTEGER NOT NULL
) STRICT;
"""

_VERSION_4 = """
-- What Discover showed and what was opened from it, by day (days since 1970, local time): what is ignored rests.
CREATE TABLE encounters (
    artist_key TEXT NOT NULL,
    day        INTEGER NOT NULL,
    what       TEXT NOT NULL CHECK (what IN ('shown', 'opened')),
    PRIMARY KEY (artist_key, day, what)
) STRICT, WITHOUT ROWID;
"""

# A migration step: SQL, or a function where SQL does not suffice.
Step = str | Callable[[sqlite3.Connection], None]
_VERSION_7 = """
-- How the person said that a file is to be read, by its bytes: read again without a word, it is read so again.
CREATE TABLE readings (
    sha256   TEXT PRIMARY KEY,
    zone     TEXT,
    encoding TEXT
) STRICT;
CREATE TRIGGER readings_go_with_imports AFTER DELETE ON imports
WHEN NOT EXISTS (SELECT 1 FROM imports WHERE sha256 = old.sha256)
BEGIN
    DELETE FROM readings WHERE sha256 = old.sha256;
END;
"""

_VERSION_8 = """
-- Two rankings compared in Discover: which, from when until when, and which of them ranks since.
CREATE TABLE comparisons (
    id      INTEGER PRIMARY KEY,
    usual   TEXT NOT NULL,
    other   TEXT NOT NULL,
    started INTEGER NOT NULL,
    ended   INTEGER,
    kept    TEXT NOT NULL
) STRICT;
-- What was shown meanwhile, on which day first, and which of the two had picked it.
CREATE TABLE compared (
    comparison INTEGER NOT NULL REFERENCES comparisons(id) ON DELETE CASCADE,
    item_key   TEXT NOT NULL,
    day        INTEGER NOT NULL,
    side       TEXT NOT NULL CHECK (side IN ('usual', 'other')),
    PRIMARY KEY (comparison, item_key)
) STRICT, WITHOUT ROWID;
"""

_VERSION_9 = """
-- Where the person's own files lie: a folder, or the database of a program that keeps such files. `music`: the folder
-- the files of a database lie in, where the person said so. `scanned` null: never to its end. `left_out` is a JSON
-- object {reason: count} of what could not be named.
CREATE TABLE music_folders (
    id       INTEGER PRIMARY KEY,
    path     TEXT NOT NULL UNIQUE,
    kind     TEXT NOT NULL CHECK (kind IN ('folder', 'beets', 'navidrome')),
    music    TEXT,
    scanned  INTEGER,
    left_out TEXT NOT NULL DEFAULT '{}'
) STRICT;

-- One row a file, with its size and time (nanoseconds) when it was read. `problem`: why it stands for no track, null
-- where it does. `tag_bpm` is from the file's tags; `measured` the version of the estimator that heard it, null where
-- none did; `bpm`, `other_bpm` (the reading in another octave), `onset_rate` (a second), `loudness` (dB of full scale)
-- and `calm` (0..1) what it heard.
CREATE TABLE music_files (
    path       TEXT PRIMARY KEY,
    folder_id  INTEGER NOT NULL REFERENCES music_folders (id) ON DELETE CASCADE,
    size       INTEGER NOT NULL,
    modified   INTEGER NOT NULL,
    problem    TEXT,
    artist     TEXT,
    track      TEXT,
    album      TEXT,
    artist_key TEXT,
    track_key  TEXT,
    relaxed    TEXT,
    seconds    REAL,
    recording  TEXT,
    tag_bpm    REAL,
    measured   INTEGER,
    bpm        REAL,
    other_bpm  REAL,
    onset_rate REAL,
    loudness   REAL,
    calm       REAL
) STRICT, WITHOUT ROWID;
CREATE INDEX music_files_by_key ON music_files (artist_key, track_key);
CREATE INDEX music_files_by_relaxed ON music_files (relaxed);
CREATE INDEX music_files_by_recording ON music_files (recording);
CREATE INDEX music_files_by_folder ON music_files (folder_id);
"""

_VERSION_10 = """
-- One row: a mark that changes with each forgetting, and how much of the last one is to be done
-- (engine.store.forgetting).
CREATE TABLE forgetting (
    one   INTEGER PRIMARY KEY CHECK (one = 1),
    mark  TEXT NOT NULL,
    to_do INTEGER NOT NULL
) STRICT;
INSERT INTO forgetting VALUES (1, lower(hex(randomblob(16))), 0);
"""

_VERSION_11 = """
-- What was sent to servers of the person's own, for `discover audit`. `server_id`: by which the server knows the
-- playlist made there, empty until it said so.
CREATE TABLE pushes (
    playlist  TEXT NOT NULL,
    service   TEXT NOT NULL,
    address   TEXT NOT NULL,
    server_id TEXT NOT NULL,
    tracks    INTEGER NOT NULL,
    at        INTEGER NOT NULL
) STRICT;
"""

_VERSION_12 = f"""
-- All that a player tells stands under one import: each of its plays asks what came with the newest.
{REBUILT["listens_by_import"]};
{REBUILT["skips_by_import"]};
"""

_VERSION_13 = """
-- What a server had starred when it was asked, by the server's id of it: it is a like once, whatever the person says of
-- it since. `fetch` counts the askings; in `feedback` it is the one a like came by, null for what was said here.
CREATE TABLE stars (
    service   TEXT NOT NULL,
    address   TEXT NOT NULL,
    server_id TEXT NOT NULL,
    fetch     INTEGER NOT NULL,
    PRIMARY KEY (service, address, server_id)
) STRICT, WITHOUT ROWID;
ALTER TABLE feedback ADD COLUMN fetch INTEGER;
"""

_VERSION_14 = """
-- When the music of a file first came out, 0 where nothing says so, null where it was not asked for yet.
ALTER TABLE music_files ADD COLUMN year INTEGER;
"""

_VERSION_16 = """
-- What other programs (a player, a server, an export) last said of an artist or a track: what one repeats is not new,
-- also where the person has undone it. `verdict` null: nothing any more. `at`: when it was said, null where it does not
-- tell. In `feedback`, `source` is null for what the person said here.
CREATE TABLE imported_verdicts (
    source     TEXT NOT NULL,
    artist_key TEXT NOT NULL,
    track_key  TEXT NOT NULL DEFAULT '',
    verdict    TEXT,
    at         INTEGER,
    PRIMARY KEY (source, artist_key, track_key)
) STRICT, WITHOUT ROWID;
ALTER TABLE feedback ADD COLUMN source TEXT;
UPDATE feedback SET source = (SELECT min(service) FROM stars WHERE stars.fetch = feedback.fetch)
WHERE fetch IS NOT NULL;
INSERT INTO imported_verdicts
SELECT source, artist_key, track_key, verdict, at FROM feedback WHERE source IS NOT NULL;
DROP TABLE stars;
"""

_VERSION_17 = """
-- Plays whose day alone is known have another moment than is stored in other zones than UTC (engine.store.local_days).
CREATE INDEX listens_of_days ON listens (started_at) WHERE precision >= 86400;
"""

_VERSION_18 = """
-- The name a playlist had when it was sent; `playlist` is the one it has here now. Null for what was sent before.
ALTER TABLE pushes ADD COLUMN sent_as TEXT;
"""

# STEPS[n] takes a database from version n to n + 1.
STEPS: tuple[Step, ...] = (
    _VERSION_1,
    _VERSION_2,
    _VERSION_3,
    _VERSION_4,
    name_files,
    settle_keys,
    _VERSION_7,
    _VERSION_8,
    _VERSION_9,
    _VERSION_10,
    _VERSION_11,
    _VERSION_12,
    _VERSION_13,
    _VERSION_14,
    settle_all_keys,
    _VERSION_16,
    _VERSION_17,
    _VERSION_18,
    settle_ends,
    settle_noted,
)


def rebuild_indexes(connection: sqlite3.Connection) -> None:
    """Build the indexes that a stopped import dropped; does nothing if all exist."""
    for statement in REBUILT.values():
        connection.execute(statement)


def migrate(connection: sqlite3.Connection, steps: tuple[Step, ...] | None = None) -> None:
    """Bring the database to the newest version, or by these first steps alone, each in a transaction of its own.

    Waits for other processes that migrate it at the same time. Raises DamagedDataError if the file was written by a
    newer version of this program.
    """
    steps = STEPS if steps is None else steps
    while (version := _version(connection)) < len(steps):
        connection.execute("BEGIN IMMEDIATE")
        try:
            # Another process took this step meanwhile.
            if _version(connection) == version:
                step = steps[version]
                if isinstance(step, str):
                    _run(connection, step)
                else:
                    step(connection)
                connection.execute(f"PRAGMA user_version = {version + 1}")
            connection.commit()
        except BaseException:
            if connection.in_transaction:
                connection.rollback()
            raise
    if version > len(steps):
        raise DamagedDataError(
            f"The library is from a newer version of discover (format {version}, this one reads "
            f"{len(steps)}). Update discover."
        )


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _run(connection: sqlite3.Connection, sql: str) -> None:
    """Run several statements in the current transaction, which `executescript` would end."""
    statement = ""
    for part in sql.split(";"):
        statement += f"{part};"
        if sqlite3.complete_statement(statement):
            connection.execute(statement)
            statement = ""
