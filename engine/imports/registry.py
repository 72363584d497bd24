"""The registry of formats, and recognizing a file's format by its content."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import IO

from engine.canonical_keys import nearest
from engine.errors import UsageError
from engine.imports.head import Head
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


def formats() -> tuple[Format, ...]:
    """Every format, in the order of recognition."""
    return tuple(one for name in _MODULES for one in import_module(f"engine.imports.{name}").FORMATS)


def format_named(name: str) -> Format:
    """The format of this name. Raises UsageError with the nearest ones when there is none."""
    known = {one.name: one for one in formats()}
    if name in known:
        return known[name]
    near = ", ".join(nearest(name, known)) or ", ".join(known)
    raise UsageError(f"Unknown format “{name}”. Did you mean {near}? All: {', '.join(known)}.")


def recognise(head: Head, columns: Mapping[str, str] | None = None) -> Format | None:
    """The format of a file that begins like this, None if unknown.

    With a mapping of `columns` given by the person, a file of no known format is read by that, and one that has those
    columns whatever else it might be.
    """
    named = {normal(column) for field, column in (columns or {}).items() if field != "user"}
    has_them = named <= {normal(key) for key in (head.keys if head.json else head.columns(head.delimiter))}
    found = None if named and has_them else next((one for one in formats() if one.sniff(head)), None)
    if found is None and named and head.data:
        return format_named("jsonl" if head.json else "csv")
    return found
