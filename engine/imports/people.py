"""Whose plays a server's database holds: a library is one person's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from engine.imports.record import OTHER_PERSON, SEVERAL_PEOPLE, Dropped, Options, Record


def of_one_person(rows: Iterable[tuple[str, Record]], options: Options) -> Iterator[Record]:
    """The records of the one person there is, or of the one named by `--map user=NAME`.

    Where there are several and none is named, every row is left out, for a reason that says what to do.
    """
    wanted = options.columns.get("user", "").strip().casefold()
    found = list(rows)
    several = len({person for person, _ in found}) > 1
    for person, record in found:
        if wanted:
            yield record if person.casefold() == wanted else Dropped(OTHER_PERSON)
        else:
            yield Dropped(SEVERAL_PEOPLE) if several else record
