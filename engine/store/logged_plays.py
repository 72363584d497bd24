"""Plays logged as they happen, reported by the person's players.

They are written like imported ones, so that a later import of the same play adds nothing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.errors import ForgottenError
from engine.store.forgetting import mark
from engine.store.ingest import Ingest
from engine.store.play import END, MIN_MS, Play, is_half

# The source of these listens, and the name of the import they belong to.
SOURCE = "discover"
_LIVE = "live:"


@dataclass(frozen=True, slots=True)
class LoggedPlay:
    """The outcome for a play: `kept`, `duplicate` (another source reported it), `skip` or `nameless`.

    `listen` is the row's id if it was kept.
    """

    outcome: str
    listen: int | None = None


@dataclass(frozen=True, slots=True)
class LoggedPlays:
    """Outcomes for several plays, in numbers."""

    kept: int = 0
    duplicates: int = 0
    skips: int = 0
    nameless: int = 0


def add_logged_play(
    connection: sqlite3.Connection,
    artist: str,
    title: str,
    at: int,
    seconds: float | None,
    since: str | None = None,
) -> LoggedPlay:
    """Keep one play that ended at `at` (seconds UTC) after `seconds`, null if unknown.

    Raises as `add_logged_plays`.
    """
    played = None if seconds is None else round(seconds * 1000)
    start = at - round(seconds or 0)
    play = Play(artist=artist, title=title, started_at=start, ms_played=played, basis=END)
    added = add_logged_plays(connection, {SOURCE: [play]}, since)
    if added.kept:
        return LoggedPlay("kept", newest(connection, SOURCE))
    return LoggedPlay("skip" if added.skips else "nameless" if added.nameless else "duplicate")


def add_logged_plays(
    connection: sqlite3.Connection, plays: Mapping[str, Sequence[Play]], since: str | None = None
) -> LoggedPlays:
    """Store the plays each source reported, those of one source all or none. Plays too short for a listen are stored as
    skips, as in an import. All plays of a source belong to one import of its name.

    Raises DiscoverError while another program writes to the library; ForgottenError, and stores none, if something was
    forgotten after the plays, when the mark was `since`.
    """
    kept = duplicates = skips = without_name = 0
    ingest = Ingest(connection, few=True)
    try:
        if since is not None and mark(connection) != since:
            raise ForgottenError("Something was forgotten since this was played, so it is not logged.")
        for source, reported in plays.items():
            short = [play for play in reported if _is_short(play)]
            new, there = 0, 0
            nameless: list[Play] = []
            ingest.begin_file(source, SOURCE, source)
            ingest.add_skips(short)
            if listens := [play for play in reported if not _is_short(play)]:
                new, there, nameless = ingest.add(listens)
            dropped = {"skipped": len(short)} if short else {}
            ingest.finish_file("", read=len(reported), kept=new, duplicates=there, dropped=dropped)
            _under_one_import(connection, source)
            kept, duplicates = kept + new, duplicates + there
            skips, without_name = skips + len(short), without_name + len(nameless)
    finally:
        ingest.close()
    return LoggedPlays(kept, duplicates, skips, without_name)


def newest(connection: sqlite3.Connection, source: str) -> int:
    """The id of the listen a source reported last."""
    (number,) = connection.execute("SELECT max(id) FROM listens WHERE source = ?", (source,)).fetchone()
    return int(number)


def _is_short(play: Play) -> bool:
    played = play.ms_played
    return play.skip or not (played is None or played >= MIN_MS or is_half(played, play))


def _under_one_import(connection: sqlite3.Connection, source: str) -> None:
    """Merge a source's newest import into its first."""
    first, new = connection.execute(
        "SELECT min(id), max(id) FROM imports WHERE format = ? AND file = ?", (SOURCE, source)
    ).fetchone()
    if new != first:
        for table in ("listens", "skips"):
            connection.execute(f"UPDATE {table} SET import_id = ? WHERE import_id = ?", (first, new))  # noqa: S608 - fixed names
        connection.execute(
            "UPDATE imports SET (read, kept, duplicates) = (SELECT sum(read), sum(kept), sum(duplicates) "
            "FROM imports WHERE id IN (?1, ?2)) WHERE id = ?1",
            (first, new),
        )
        connection.execute("DELETE FROM imports WHERE id = ?", (new,))


def remove_logged_play(connection: sqlite3.Connection, listen: int) -> None:
    """Undo a logged play: delete its listen, and its track and artist if nothing else refers to them. An imported one
    stays."""
    with connection:
        row = connection.execute(
            "SELECT l.track_id, l.import_id FROM listens AS l JOIN imports AS i ON i.id = l.import_id "
            "WHERE l.id = ? AND i.format = ?",
            (listen, SOURCE),
        ).fetchone()
        if row is None:
            return
        *row, under = row
        connection.execute("DELETE FROM listens WHERE id = ?", (listen,))
        connection.execute("UPDATE imports SET read = read - 1, kept = kept - 1 WHERE id = ?", (under,))
        artist = connection.execute("SELECT artist_id FROM tracks WHERE id = ?", row).fetchone()
        connection.execute(
            "DELETE FROM tracks WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM listens WHERE track_id = ?1) "
            "AND NOT EXISTS (SELECT 1 FROM skips WHERE track_id = ?1)",
            row,
        )
        connection.execute(
            "DELETE FROM artists WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM tracks WHERE artist_id = ?1)",
            artist,
        )


@dataclass(frozen=True, slots=True)
class Player:
    """A player: how many plays it reported, how many of them nobody else did, and when the last of these began (seconds
    UTC)."""

    name: str
    reported: int
    plays: int
    last: int | None


def live_source(player: str) -> str:
    """The source name of a player's reports, distinct from an export of that name, since the clock differs."""
    return f"{_LIVE}{player}"


def is_player(source: str | None) -> bool:
    """Whether a source is a player."""
    return source is not None and source.startswith(_LIVE)


def players(connection: sqlite3.Connection) -> list[Player]:
    """The players that reported plays, latest first."""
    rows = connection.execute(
        "SELECT i.file, max(i.read), count(l.id), max(l.started_at) FROM imports AS i "
        "LEFT JOIN listens AS l ON l.source = i.file "
        "WHERE i.format = ? AND i.file LIKE ? GROUP BY i.file ORDER BY max(l.started_at) DESC, i.file",
        (SOURCE, f"{_LIVE}%"),
    )
    return [Player(file.removeprefix(_LIVE), *numbers) for file, *numbers in rows]
