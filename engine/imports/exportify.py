"""Playlists from Exportify in its three shapes and from TuneMyMusic; tempo and energy are read by `features add`.

A file is a playlist and its name the playlist's. Facts: FORMATS.md, Exportify.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePath
from typing import IO

from engine.canonical_keys import first_artist
from engine.imports import record as reasons
from engine.imports.head import Head
from engine.imports.record import Dropped, Ids, Options, PlaylistEntry, Record
from engine.imports.registry import Format
from engine.imports.text import Table, rows
from engine.imports.times import milliseconds
from engine.spreadsheet import is_guarded, is_own, unguarded

_URI = re.compile(r"^spotify:(track|episode|local):")
# Where things are in watsonbox' table, whose header is translated.
_BY_PLACE = ["track uri", "track name", "artist uri(s)", "artist name(s)", "album uri", "album name"]


def parse(stream: IO[bytes], options: Options) -> Iterator[Record]:
    """Every row of one playlist."""
    body = rows(stream)
    header = next(body, [])
    table = Table(header)
    if "track name" not in table:
        table = Table([*_BY_PLACE, *header[len(_BY_PLACE) :]])
    name = PurePath(options.name).stem.replace("_", " ").strip() or "Exportify"
    as_written, own = unguarded if is_guarded(header) else str, is_own(header)
    for row in body:
        cells = table.at([as_written(cell) for cell in row])
        uri = cells("track uri", "spotify id", "track id", "spotify - id")
        artist, title = cells("artist name(s)", "artist name"), cells("track name")
        album = cells("album name", "album")
        if not own:
            artist = first_artist(artist, cells("artist uri(s)", "artist ids"))
            title = title.replace("\\,", ",")
            album = "" if album == "undefined" else album
        if uri.startswith("spotify:episode:"):
            yield Dropped(reasons.PODCAST)
        elif not artist or not title:
            yield Dropped(reasons.NO_NAMES)
        else:
            isrc = cells("isrc")
            # A file of the person's own has no id.
            value = "" if uri.startswith("spotify:local:") else uri.rpartition(":")[2]
            ids: Ids = tuple(pair for pair in (("spotify", value), ("isrc", isrc)) if pair[1])
            length = milliseconds(cells("track duration (ms)", "duration (ms)")) or None
            yield PlaylistEntry(cells("playlist name") or name, artist, title, album or None, length, ids)


def sniff(head: Head) -> bool:
    """A header with a track's id and the artists' names, TuneMyMusic's, or rows that begin with a Spotify URI."""
    columns = set(head.columns())
    if columns & {"track uri", "spotify id", "track id"} and "artist name(s)" in columns:
        return True
    if {"track name", "artist name", "playlist name"} <= columns:
        return True
    second = head.columns_of_line(1)
    return len(second) >= 18 and bool(_URI.match(second[0]))


FORMATS = (
    Format(
        "exportify",
        "Exportify or TuneMyMusic playlist",
        "exportify",
        sniff,
        parse,
        marks=("track uri", "track name", "artist name(s)"),
        order=90,
    ),
)
