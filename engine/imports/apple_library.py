"""The library in Apple Music's privacy export: how often each track was played, favourites, playlists.

Counts, not listens. Playlists hold identifiers that the tracks of the same export name. Facts: FORMATS.md, Apple Music.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

import msgspec

from engine.canonical_keys import track_key
from engine.imports import record as reasons
from engine.imports.head import Head
from engine.imports.json_stream import Broken, Records
from engine.imports.record import Dropped, Like, Options, Play, PlaylistEntry, Record
from engine.imports.registry import Format
from engine.imports.text import Table, rows
from engine.imports.times import iso, milliseconds


class LibraryTrack(msgspec.Struct, gc=False):
    """An item of `Apple Music Library Tracks.json`."""

    number: int | None = msgspec.field(default=None, name="Track Identifier")
    title: str | None = msgspec.field(default=None, name="Title")
    artist: str | None = msgspec.field(default=None, name="Artist")
    album: str | None = msgspec.field(default=None, name="Album")
    length: int | float | None = msgspec.field(default=None, name="Track Duration")
    plays: int | float | None = msgspec.field(default=None, name="Track Play Count")
    last: str | None = msgspec.field(default=None, name="Last Played Date")
    liked: str | None = msgspec.field(default=None, name="Track Like Rating")


def parse_tracks(stream: IO[bytes], _options: Options) -> Iterator[Record]:
    """Counts dated by the last play, and likes."""
    for batch in Records(LibraryTrack).of_array(stream):
        for one in batch:
            if isinstance(one, Broken):
                yield Dropped(reasons.BROKEN, cut=one.cut)
                continue
            if not one.artist or not one.title:
                yield Dropped(reasons.NO_NAMES)
                continue
            if one.plays and one.plays > 0:
                length = milliseconds(one.length) or None
                yield Play(
                    one.artist,
                    one.title,
                    iso(one.last or ""),
                    None,
                    one.album or None,
                    length,
                    counted=True,
                    plays=int(one.plays),
                )
            else:
                yield Dropped(reasons.NOTHING)
            if one.liked in ("LIKED", "DISLIKED"):
                yield Like(one.artist, one.title, "like" if one.liked == "LIKED" else "hide")


def artists_of_library(stream: IO[bytes]) -> Iterator[tuple[str, str, str]]:
    """(title key, '', artist) of each track."""
    for batch in Records(LibraryTrack).of_array(stream):
        for one in batch:
            if not isinstance(one, Broken) and one.artist and one.title:
                yield track_key(one.title), "", one.artist


def names_of_library(stream: IO[bytes]) -> Iterator[tuple[tuple[str, str], tuple[str, str]]]:
    """(("apple", identifier), (artist, title)) of each track."""
    for batch in Records(LibraryTrack).of_array(stream):
        for one in batch:
            if not isinstance(one, Broken) and one.number is not None and one.artist and one.title:
                yield ("apple", str(one.number)), (one.artist, one.title)


class Playlist(msgspec.Struct, gc=False):
    """An item of `Apple Music Library Playlists.json`; folders hold no items."""

    title: str | None = msgspec.field(default=None, name="Title")
    items: list[int] | None = msgspec.field(default=None, name="Playlist Item Identifiers")


def parse_playlists(stream: IO[bytes], options: Options) -> Iterator[Record]:
    """The tracks of every playlist, in order."""
    for batch in Records(Playlist).of_array(stream):
        for one in batch:
            if isinstance(one, Broken):
                yield Dropped(reasons.BROKEN, cut=one.cut)
                continue
            if not one.items:
                yield Dropped(reasons.NOTHING)
            for item in one.items or ():
                named = options.names.get(("apple", str(item)))
                yield (
                    PlaylistEntry(one.title or "Apple Music", *named) if named else Dropped(reasons.NO_NAMES)
                )


def parse_favorites(stream: IO[bytes], _options: Options) -> Iterator[Record]:
    """`Apple Music - Favorites.csv`: likes of tracks and artists, and what the person wants less of."""
    body = rows(stream)
    table = Table(next(body, []))
    for row in body:
        cells = table.at(row)
        kind = cells("favorite type", "item type").upper()
        artist, dash, title = cells("item description").partition(" - ")
        verdict = "hide" if any(word in cells("preference").upper() for word in ("DIS", "LESS")) else "like"
        at = iso(cells("last modified"))
        if "ALBUM" in kind or "PLAYLIST" in kind or "VIDEO" in kind:
            yield Dropped(reasons.LISTED)
        elif "ARTIST" in kind and artist.strip():
            yield Like(cells("item description"), None, verdict, at)
        elif dash and artist.strip() and title.strip():
            yield Like(artist.strip(), title.strip(), verdict, at)
        else:
            yield Dropped(reasons.NO_NAMES)


def sniff_tracks(head: Head) -> bool:
    """An array of library tracks."""
    return (
        head.json == "array"
        and "Track Identifier" in head.keys
        and bool(head.keys & {"Content Type", "Track Play Count"})
    )


def sniff_playlists(head: Head) -> bool:
    """An array of playlists with their items' identifiers."""
    return head.json == "array" and "Playlist Item Identifiers" in head.text and "Title" in head.keys


def sniff_favorites(head: Head) -> bool:
    """Its columns of what is meant and what is thought of it."""
    return head.has_columns("item description", "preference")


FORMATS = (
    Format(
        "apple-library",
        "Apple Music Library Tracks",
        "apple-library",
        sniff_tracks,
        parse_tracks,
        order=60,
        artists=artists_of_library,
        names=names_of_library,
    ),
    Format(
        "apple-playlists",
        "Apple Music Library Playlists",
        "apple",
        sniff_playlists,
        parse_playlists,
        order=90,
        wants_names=True,
    ),
    Format("apple-favorites", "Apple Music Favorites", "apple", sniff_favorites, parse_favorites, order=90),
)
