"""Rules that keep plays out of taste while they stay in the history.

A rule names plays by artist, track, source, hours of the day, dates and bursts; a play is excluded if it matches
everything a rule names. The excluded plays are computed into a temporary table, which every reader of listens for taste
joins (`counted_listens`), in a private session too.
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Sequence

import msgspec

from engine.errors import UnknownNameError, UsageError
from engine.store.counts import beyond_dated

_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
# How names of archives end: what is in one is of it.
_ARCHIVES = (".zip", ".tar", ".tgz", ".tbz2", ".txz", ".gz", ".bz2", ".xz")
# Fewer plays in a row are not a burst.
MIN_BURST = 3


class Rule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A rule's conditions; null for those it does not have. Raises UsageError if there are none, or an invalid one.

    `hours` are local times of day ("22:00", "06:00"), the first included, the second not; over midnight if the first is
    the later one. `since` and `until` are seconds since 1970 UTC, `until` excluded. `source` is a service, or an
    imported file, archive or folder. `burst` n excludes all but the first of n or more plays of one track in a row.
    """

    artist: str | None = None
    artist_key: str | None = None
    track: str | None = None
    track_key: str | None = None
    source: str | None = None
    hours: tuple[str, str] | None = None
    since: int | None = None
    until: int | None = None
    burst: int | None = None

    def __post_init__(self) -> None:
        """Check what is named."""
        if not any(value is not None for value in msgspec.structs.astuple(self)):
            raise UsageError("Choose at least one of: artist, track, source, hours, dates, repeats.")
        if self.hours is not None and (
            not all(_CLOCK.fullmatch(clock) for clock in self.hours) or self.hours[0] == self.hours[1]
        ):
            raise UsageError(f"Enter two different times, such as 22:00-06:00, not {'-'.join(self.hours)}.")
        if self.since is not None and self.until is not None and self.since >= self.until:
            raise UsageError("It ends before it starts.")
        if self.burst is not None and self.burst < MIN_BURST:
            raise UsageError(f"Enter {MIN_BURST} or more repeats in a row, not {self.burst}.")

    def in_words(self) -> str:
        """The rule as a person would say it."""
        parts = [
            f"{self.track} by {self.artist or 'any artist'}" if self.track else self.artist or "all plays"
        ]
        if self.burst is not None:
            parts.append(f"but the first of {self.burst} or more in a row")
        if self.source is not None:
            parts.append(f"from {self.source}")
        if self.hours is not None:
            parts.append(f"between {self.hours[0]} and {self.hours[1]}")
        for word, second in (("from", self.since), ("before", self.until)):
            if second is not None:
                parts.append(f"{word} {time.strftime('%Y-%m-%d', time.gmtime(second))}")
        return ", ".join(parts)


class KeptRule(msgspec.Struct, frozen=True):
    """A rule in force: its number, how many listens it excludes by itself, and since when it exists."""

    id: int
    rule: Rule
    listens: int
    at: int


def add_rule(connection: sqlite3.Connection, rule: Rule) -> int:
    """Put a rule in force; returns its number. Raises UnknownNameError for an unknown source."""
    check_source(connection, rule)
    return _keep(connection, None, rule, int(time.time()))


def restore_rule(connection: sqlite3.Connection, kept: KeptRule) -> int:
    """Restore a removed rule, under its old number if that is free; returns the number."""
    taken = kept.id in dict(rules_in_force(connection))
    return _keep(connection, None if taken else kept.id, kept.rule, kept.at)


def _keep(connection: sqlite3.Connection, number: int | None, rule: Rule, at: int) -> int:
    with connection:
        return int(
            connection.execute(
                "INSERT INTO rules (id, kind, settings, at) VALUES (?, 'exclude', ?, ?)",
                (number, msgspec.json.encode(rule).decode(), at),
            ).lastrowid
            or 0
        )


def remove_rule(connection: sqlite3.Connection, number: int) -> Rule:
    """Remove a rule; its plays count again. Raises UnknownNameError if there is no such number."""
    rules = dict(rules_in_force(connection))
    if number not in rules:
        there = f"They are numbered {', '.join(map(str, rules))}." if rules else "There are none."
        raise UnknownNameError(f"No exclusion {number}. {there}")
    with connection:
        connection.execute("DELETE FROM rules WHERE id = ?", (number,))
    return rules[number]


def all_rules(connection: sqlite3.Connection) -> tuple[KeptRule, ...]:
    """The rules in force, oldest first."""
    since = dict(connection.execute("SELECT id, at FROM rules"))
    return tuple(
        KeptRule(number, rule, _count(connection, [rule]), int(since[number]))
        for number, rule in rules_in_force(connection)
    )


def listens_excluded(connection: sqlite3.Connection, rules: Sequence[Rule] | None = None) -> int:
    """How many listens the rules in force, or those given, exclude together."""
    if rules is not None:
        return _count(connection, rules)
    counted_listens(connection)
    sql = "SELECT coalesce(sum(plays), 0) FROM main.listens WHERE id IN (SELECT listen_id FROM temp.left_out)"
    return int(connection.execute(sql).fetchone()[0])


def counted_listens(connection: sqlite3.Connection, also: Sequence[Rule] = ()) -> str:
    """The SQL source of listens for taste: those not excluded by any rule or by `also`.

    For a count these are the plays beyond the dated ones (`engine.store.counts`).
    """
    rules = [*(rule for _, rule in rules_in_force(connection)), *also]
    _leave_out(connection, rules)
    source = "main.listens"
    if rules:
        source = "(SELECT * FROM main.listens WHERE id NOT IN (SELECT listen_id FROM temp.left_out))"
    return beyond_dated(connection, source)


def _leave_out(connection: sqlite3.Connection, rules: Sequence[Rule]) -> None:
    """Fill the table of the excluded listens, unless it is still that of these rules and listens: with a million it
    takes most of a second, and one list asks for it several times."""
    connection.execute("CREATE TEMP TABLE IF NOT EXISTS left_out (listen_id INTEGER PRIMARY KEY)")
    connection.execute("CREATE TEMP TABLE IF NOT EXISTS left_out_for (what TEXT, changes INTEGER)")
    # Changes by others are in the one, those by this connection in the other; hours are of the local time zone.
    (version,) = connection.execute("PRAGMA main.data_version").fetchone()
    what = f"{version} {time.tzname} {msgspec.json.encode(rules).decode()}"
    if (what, connection.total_changes) in connection.execute("SELECT what, changes FROM temp.left_out_for"):
        return
    with connection:
        connection.execute("DELETE FROM temp.left_out_for")
        connection.execute("DELETE FROM temp.left_out")
        # Plays excluded by other rules do not interrupt a burst: they are ignored.
        for some in ([rule for rule in rules if rule.burst is None], [rule for rule in rules if rule.burst]):
            parts = [named_by(rule, beside=True) for rule in some]
            if parts:
                connection.execute(
                    f"INSERT OR IGNORE INTO temp.left_out {' UNION '.join(sql for sql, _ in parts)}",
                    [value for _, values in parts for value in values],
                )
        # The row itself is one more.
        row = what, connection.total_changes + 1
        connection.execute("INSERT INTO temp.left_out_for VALUES (?, ?)", row)


def rules_in_force(connection: sqlite3.Connection) -> list[tuple[int, Rule]]:
    """The rules in force with their numbers, oldest first."""
    rows = connection.execute("SELECT id, settings FROM rules WHERE kind = 'exclude' ORDER BY id")
    return [(int(number), msgspec.json.decode(settings, type=Rule)) for number, settings in rows]


def _count(connection: sqlite3.Connection, rules: Sequence[Rule]) -> int:
    if not rules:
        return 0
    parts = [named_by(rule) for rule in rules]
    union = " UNION ".join(sql for sql, _ in parts)
    values = [value for _, some in parts for value in some]
    return int(
        connection.execute(
            f"SELECT coalesce(sum(plays), 0) FROM listens WHERE id IN ({union})",  # noqa: S608 - fixed parts
            values,
        ).fetchone()[0]
    )


def named_by(rule: Rule, table: str = "listens", *, beside: bool = False) -> tuple[str, list[str | int]]:
    """A query for the ids of the listens (or `skips`) a rule names, and its values.

    Bursts are found among all listens, or with `beside` among those not in the table of excluded ones.
    """
    conditions: list[tuple[str, list[str | int]]] = []
    if rule.artist_key is not None:
        conditions.append(("a.key = ?", [rule.artist_key]))
    if rule.track_key is not None:
        conditions.append(("t.key = ?", [rule.track_key]))
    if rule.source is not None:
        from_file, values = _from_file(rule.source)
        of_imports = f"l.import_id IN (SELECT id FROM imports WHERE {from_file})"  # noqa: S608 - fixed parts
        conditions.append((f"(l.source = ? OR {of_imports})", [rule.source, *values]))
    if rule.hours is not None:
        first, last = rule.hours
        joined = "AND" if first < last else "OR"
        clock = "strftime('%H:%M', l.started_at, 'unixepoch', 'localtime')"
        # A play whose day alone is known has no hour.
        timed = "coalesce(l.precision, 1) < 86400 AND " if table == "listens" else ""
        conditions.append((f"{timed}({clock} >= ? {joined} {clock} < ?)", [first, last]))
    for comparison, second in ((">=", rule.since), ("<", rule.until)):
        if second is not None:
            conditions.append((f"l.started_at {comparison} ?", [second]))
    if rule.burst is not None:
        among = "AND id NOT IN (SELECT listen_id FROM temp.left_out)" if beside else ""
        conditions.append((f"l.id IN ({_BURSTS.format(among=among)})", [rule.burst]))
    return (
        f"SELECT l.id FROM {table} AS l JOIN tracks AS t ON t.id = l.track_id JOIN artists AS a "  # noqa: S608 - fixed parts
        f"ON a.id = t.artist_id WHERE {' AND '.join(sql for sql, _ in conditions)}",
        [value for _, some in conditions for value in some],
    )


# Consecutive plays of one track have the same difference of the two counts.
_BURSTS = """
SELECT id FROM (
    SELECT id, row_number() OVER run AS place, count(*) OVER (PARTITION BY track_id, difference) AS length
    FROM (
        SELECT id, track_id, started_at,
               row_number() OVER (ORDER BY started_at, id)
               - row_number() OVER (PARTITION BY track_id ORDER BY started_at, id) AS difference
        FROM listens WHERE started_at IS NOT NULL {among}
    )
    WINDOW run AS (PARTITION BY track_id, difference ORDER BY started_at, id)
) WHERE place > 1 AND length >= ?
"""


def _from_file(source: str) -> tuple[str, list[str | int]]:
    """A condition for the `imports` of a file of that name or path, of an archive with what is in it, or of what is in
    a folder of that path; and its values."""
    source = source.rstrip("/") or source
    place = "> 0" if source.lower().endswith(_ARCHIVES) else "= 1"
    return (
        f"(substr('/' || file, -1 - length(?)) = '/' || ? OR instr('/' || file, '/' || ? || '/') {place})",
        [source] * 3,
    )


def sources(connection: sqlite3.Connection) -> tuple[str, ...]:
    """Valid sources of a rule: the services, archives and files that listens came from, by name."""
    services = [str(row[0]) for row in connection.execute("SELECT DISTINCT source FROM listens ORDER BY 1")]
    paths = [
        str(row[0]).split("/") for row in connection.execute("SELECT DISTINCT file FROM imports ORDER BY 1")
    ]
    archives = [part for path in paths for part in path[:-1] if part.lower().endswith(_ARCHIVES)]
    return tuple(dict.fromkeys([*services, *archives, *(path[-1] for path in paths)]))


def check_source(connection: sqlite3.Connection, rule: Rule) -> None:
    """Raise UnknownNameError if a rule names an unknown source."""
    if rule.source is None or rule.source in (known := sources(connection)):
        return
    condition, values = _from_file(rule.source)
    if not connection.execute(f"SELECT 1 FROM imports WHERE {condition}", values).fetchone():  # noqa: S608 - fixed parts
        names = ", ".join(known[:12]) or "none yet"
        raise UnknownNameError(f"No plays from {rule.source}. Sources: {names}.")
