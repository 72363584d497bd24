"""What a private session changed in memory, which is discarded when it ends."""

from __future__ import annotations

import sqlite3

# Singular and plural messages; the tables concerned, with their key columns.
_IN_MEMORY = (
    ("{} like, hide or block", "{} likes, hides and blocks", (("feedback", "artist_key, track_key"),)),
    ("{} exclusion", "{} exclusions", (("rules", "id"),)),
    (
        "Changes to {} playlist",
        "Changes to {} playlists",
        (("playlists", "id"), ("playlist_tracks", "playlist_id")),
    ),
)


def changes_in_words(connection: sqlite3.Connection) -> tuple[str, ...]:
    """Sentences on what differs between the session's tables in memory and the library on disk."""
    if "temp" not in {row[1] for row in connection.execute("PRAGMA database_list")}:
        return ()
    sentences = []
    for one, several, tables in _IN_MEMORY:
        # A changed row differs in both directions, but is counted once.
        differ = " UNION ".join(
            f"SELECT {key} FROM (SELECT * FROM {mine}.{table} EXCEPT SELECT * FROM {other}.{table})"  # noqa: S608 - fixed names
            for table, key in tables
            for mine, other in (("temp", "main"), ("main", "temp"))
        )
        count = connection.execute(f"SELECT count(*) FROM ({differ})").fetchone()[0]  # noqa: S608 - fixed names
        if count:
            sentences.append(f"{(one if count == 1 else several).format(count)} discarded.")
    return tuple(sentences)
