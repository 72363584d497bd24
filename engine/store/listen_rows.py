"""Statements that write listens, skips and ids, and the packing of several values of a listen."""

from __future__ import annotations

from engine.store.play import BASIS_FLAGS, PRIVATE_FLAG, Play

# Each bound value costs a tenth of a row: what all rows of a file share is part of the statement, and flags, further
# plays and the pause are packed into one number (bits 0 to 7, 8 to 39, 40 and up), mostly only flags.
LISTEN = (
    "INSERT INTO listens (track_id, started_at, ms_played, flags, plays, paused, import_id, source, precision) "
    "VALUES (?1, ?2, ?3, ?4 & 255, iif(?4 < 256, 1, 1 + (?4 >> 8 & 4294967295)), "
    "iif(?4 < 256, NULL, nullif(?4 >> 40, 0)), {import_id}, '{source}', iif(?2 IS NULL, NULL, {precision}))"
)
_PLAYS_BIT, _PAUSE_BIT = 8, 40
_MAX_PLAYS = (1 << 32) - 1
IDS = (
    "INSERT OR IGNORE INTO track_ids SELECT t.id, ?, ? FROM tracks AS t JOIN artists AS a ON a.id = t.artist_id "
    "WHERE a.key = ? AND t.key = ?"
)
SKIP = (
    "INSERT INTO skips (track_id, started_at, ms_played, import_id, source) "
    "VALUES (?, ?, ?, {import_id}, '{source}')"
)


def details_of(play: Play) -> int:
    """Flags, further plays and the pause of a play as `LISTEN` takes them."""
    value = BASIS_FLAGS[play.basis]
    if play.private:
        value |= PRIVATE_FLAG
    if play.plays > 1:
        value |= min(play.plays - 1, _MAX_PLAYS) << _PLAYS_BIT
    if play.paused:
        value |= play.paused << _PAUSE_BIT
    return value
