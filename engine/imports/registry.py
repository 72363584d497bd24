"""The registry of formats, and recognizing a file's format by its content."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from itertools import chain
from typing import IO

from engine.canonical_keys import nearest
from engine.errors import UsageError
from engine.imports.head import Head
from engine.imports.nested import Way, later_records, lists_of, sequence_of
from engine.imports.record import Options, Record
from engine.imports.text import normal

# One module per service, in the order of recognition.
_MODULES = (
    "navidrome", "jellyfin", "tautulli", "strawberry", "spotify_extended", "spotify_account", "deezer", "itunes",
    "rhythmbox", "foobar2000", "youtube", "youtube_html", "youtube_library", "rockbox", "self_hosted", "listenbrainz",
    "lastfm_json", "lastfm_xml", "apple_music", "apple_library", "tidal", "exportify", "ifttt", "lastfm_csv",
    "playlist_objects", "playlist_lines", "table",
)  # fmt: skip


@dataclass(frozen=True)
class Format:
    """One kind of file. `sniff` says whether the beginning is one; `parse` reads it.

    `marks` are the keys or columns it has, for naming the nearest guess. Of the formats in one run, lower `order`
    is read first: the fuller history, so that the others only fill its gaps. `source` is what its listens are marked
    with. `hint` goes to the report of each such file.
    `artists` gives (title key, day, artist) to those formats of the same run that `wants_artists`; `names` gives
    ((scheme, id), (artist, title)) to those that `wants_names`.
    """

    name: str
    title: str
    source: str
    sniff: Callable[[Head], bool]
    parse: Callable[[IO[bytes], Options], Iterator[Record] | Iterator[list[Record]]]
    marks: tuple[str, ...] = ()
    order: int = 50
    hint: str = ""
    artists: Callable[[IO[bytes]], Iterator[tuple[str, str, str]]] | None = None
    wants_artists: bool = False
    names: Callable[[IO[bytes]], Iterator[tuple[tuple[str, str], tuple[str, str]]]] | None = None
    wants_names: bool = False


@cache
def formats() -> tuple[Format, ...]:
    """Every format, in the order of recognition; cached, since it is asked for with each file of an archive."""
    return tuple(one for name in _MODULES for one in import_module(f"engine.imports.{name}").FORMATS)


def format_named(name: str) -> Format:
    """The format of this name. Raises UsageError with the nearest ones when there is none."""
    known = {one.name: one for one in formats()}
    if name in known:
        return known[name]
    near = ", ".join(nearest(name, known)) or ", ".join(known)
    raise UsageError(f"Unknown format “{name}”. Did you mean {near}? All: {', '.join(known)}.")


def recognise(head: Head, columns: Mapping[str, str] | None = None) -> Format | None:
    """The format of a file that begins like this, None if unknown."""
    found = reading_of(head, columns)
    return found and found[0]


def reading_of(head: Head, columns: Mapping[str, str] | None = None) -> tuple[Format, Way] | None:
    """The format of a file that begins like this and the way to its records in a JSON document, None if unknown.

    With a mapping of `columns` given by the person, a file of no known format is read by that, and one that has those
    columns whatever else it might be.
    """
    if not head.data:
        return None
    named = {normal(column) for field, column in (columns or {}).items() if field != "user"}
    if found := _known(head, named):
        return found, ()
    for inner, way in lists_of(head):
        if found := _known(inner, named):
            return found, way
    for later in later_records(head):
        if found := _known(later, named):
            return found, ()
    for inner, way in sequence_of(head):
        if found := _known(inner, named):
            return found, way
    return (_by_columns(head), ()) if named else None


def reading_as(forced: Format, head: Head) -> tuple[Format, Way]:
    """The same for a format the person named."""
    inside = () if forced.sniff(head) else chain(lists_of(head), sequence_of(head))
    return forced, next((way for inner, way in inside if forced.sniff(inner)), ())


def _known(head: Head, named: Collection[str]) -> Format | None:
    """The format of a file that has the `named` columns, or is of a known one."""
    columns = head.keys if head.json else head.columns() if named else ()
    if named and set(named) <= {normal(column) for column in columns}:
        return _by_columns(head)
    return next((one for one in formats() if one.sniff(head)), None)


def _by_columns(head: Head) -> Format:
    return format_named("jsonl" if head.json else "csv")
