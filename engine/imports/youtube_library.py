"""The library and playlists in YouTube's Takeout: songs the person kept, and lists of videos those songs name.

Headers are translated in part; where a title is not found by name, columns are taken by place. Source: FORMATS
section 3.5.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath
from typing import IO

from engine.imports import record as reasons
from engine.imports.head import Head
from engine.imports.record import Dropped, Ids, Like, Options, PlaylistEntry, Record
from engine.imports.registry import Format
from engine.imports.text import Table, rows

# As they follow one another in every language.
_BY_PLACE = ["video id", "song title", "album title", "artist name 1"]
_TOPIC = " - Topic"


def parse_songs(stream: IO[bytes], _options: Options) -> Iterator[Record]:
    """Every song of the library, as a like."""
    for video, artist, title in _songs(stream):
        ids: Ids = (("youtube", video),) if video else ()
        yield Like(artist, title, ids=ids) if artist and title else Dropped(reasons.NO_NAMES)


def names_of_songs(stream: IO[bytes]) -> Iterator[tuple[tuple[str, str], tuple[str, str]]]:
    """(("youtube", video id), (artist, title)) of each song."""
    for video, artist, title in _songs(stream):
        if video and artist and title:
            yield ("youtube", video), (artist, title)


def _songs(stream: IO[bytes]) -> Iterator[tuple[str, str, str]]:
    body = rows(stream)
    header = next(body, [])
    table = Table(header)
    if "song title" not in table:
        table = Table([*_BY_PLACE, *header[len(_BY_PLACE) :]])
    for row in body:
        cells = table.at(row)
        yield cells("video id"), cells("artist name 1").removesuffix(_TOPIC), cells("song title")


def parse_playlist(stream: IO[bytes], options: Options) -> Iterator[Record]:
    """One playlist: a line a video, after a block about the list itself in older exports."""
    name = PurePath(options.name).stem.removesuffix("-videos").strip() or "YouTube"
    begun = False
    for row in rows(stream):
        if not begun:
            begun = bool(row) and row[0].strip().lstrip("\ufeff").lower() == "video id"
            continue
        video = row[0].strip() if row else ""
        named = options.names.get(("youtube", video))
        yield PlaylistEntry(name, *named, ids=(("youtube", video),)) if named else Dropped(reasons.NO_NAMES)


def sniff_songs(head: Head) -> bool:
    """Its columns, or its name and an id in the first one."""
    columns = head.columns()
    named = head.name.lower().replace("-", " ").startswith("music library songs")
    return {"video id", "song title"} <= set(columns) or (named and len(columns) >= len(_BY_PLACE))


def sniff_playlist(head: Head) -> bool:
    """Two columns, the first of them ids of videos."""
    for number in range(min(12, len(head.lines))):
        columns = head.columns_of_line(number)
        if columns[:1] == ["video id"]:
            return len(columns) == 2
    return False


FORMATS = (
    Format("youtube-library", "YouTube Music library", "youtube", sniff_songs, parse_songs,
           marks=("video id", "song title", "artist name 1"), order=90, names=names_of_songs),
    Format("youtube-playlist", "YouTube playlist", "youtube", sniff_playlist, parse_playlist, order=91,
           wants_names=True),
)  # fmt: skip
