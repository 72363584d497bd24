"""Selects one person's plays from a server's database, or a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from engine.imports.record import OTHER_PERSON, SEVERAL_PEOPLE, Dropped, Options, Record

# Columns of tables that name a person.
_COLUMNS = ("user", "username", "user name", "user_name", "user_id", "userid", "user id", "listener")


def column_of_people(columns: Sequence[str]) -> str | None:
    """The column, of these as `normal` writes them, that says whose row it is."""
    return next((column for column in columns if column in _COLUMNS), None)


def of_one_person(rows: Iterable[tuple[str, Record]], options: Options) -> Iterator[Record]:
    """The records of the one person there is, or of the one named by `--map user=NAME`.

    Where there are several and none is named, every row is left out, with a reason that says what to do. Rows are held
    back until a second person appears.
    """
    wanted = options.columns.get("user", "").strip().casefold()
    first: str | None = None
    held: list[Record] = []
    several = False
    for person, record in rows:
        if wanted:
            yield record if person.strip().casefold() == wanted else Dropped(OTHER_PERSON)
        elif several:
            yield Dropped(SEVERAL_PEOPLE)
        elif first is None or person == first:
            first = person
            held.append(record)
        else:
            several = True
            yield from (Dropped(SEVERAL_PEOPLE) for _ in range(len(held) + 1))
            held.clear()
    yield from held
