"""The library and playlists in YouTube's Takeout: songs the person kept, and lists of videos those songs name.

Headers are translated, so columns are taken by place. Facts: FORMATS.md, YouTube.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePath
from typing import IO

from engine.imports import record as reasons
from engine.imports.head import Head
from engine.imports.record import Dropped, Ids, Like, Options, PlaylistEntry, Record
from engine.imports.registry import Format
from engine.imports.text import rows

# "Video" and an id in the first cell, in the languages of Takeout.
_VIDEO = re.compile(
    r"v[ií]d[eé][oóa]|wideo|filmu|видео|відео|відэа|動画|동영상|비디오|视频|視頻|影片|فيديو|ویدیو|וידאו|סרטון|वीडियो|व्हिडिओ|ভিডিও|วิดีโอ|βίντεο"
    r"|वीडियो|વિડિઓ|ਵੀਡੀਓ|வீடியோ|వీడియో|ವೀಡಿಯೊ|വീഡിയോ|වීඩියෝ|ভিডিঅ|ଭିଡିଓ|ଭିଡ଼ିଓ|વીડિયો|भिडियो|ویڈیو|ვიდეო|տեսանյութ|бейне|វីដេអូ|ວິດີໂອ|ဗီဒီယို|ቪዲዮ|bideo|vidiyo"
    r"|video|myndskeið|myndbands|vaizdo",
    re.IGNORECASE,
)
_ID = re.compile(r"\s?[\w-]{11}\s?", re.ASCII)
_OF_VIDEOS = re.compile(
    r"[- ]+(v[ií]d[eé][oóa]\w*|видео\w*|відео|動画|동영상|视频|影片|filmy)$", re.IGNORECASE
)
# Id, title, album, then artists: as they follow one another in every language.
_MIN_COLUMNS = 4
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
    next(body, None)
    for row in body:
        video, title, _, artist, *_ = [cell.strip() for cell in row] + [""] * _MIN_COLUMNS
        yield video, artist.removesuffix(_TOPIC), title


def parse_playlist(stream: IO[bytes], options: Options) -> Iterator[Record]:
    """One playlist: a line a video, after a block about the list itself in older exports."""
    name = _OF_VIDEOS.sub("", PurePath(options.name).stem).strip() or "YouTube"
    begun, about = False, False
    for row in rows(stream):
        if not begun:
            begun = _is_header(row)
            # Ids of list and channel, two dates, and the title.
            name = row[4].strip() or name if about and len(row) > _MIN_COLUMNS else name
            about = not about
            continue
        video = row[0].strip() if row else ""
        named = options.names.get(("youtube", video))
        yield PlaylistEntry(name, *named, ids=(("youtube", video),)) if named else Dropped(reasons.NO_NAMES)


def _is_header(row: Sequence[str]) -> bool:
    return bool(row) and len(row) != 1 and _VIDEO.search(row[0]) is not None


def _ids_from(head: Head, number: int) -> bool:
    """Whether the lines after a header begin with ids of videos."""
    first = [
        cells[0]
        for place in range(number + 1, min(number + 6, len(head.lines)))
        if (cells := head.columns_of_line(place))
    ]
    return all(_ID.fullmatch(cell) for cell in first)


def sniff_songs(head: Head) -> bool:
    """Ids of videos, each with a title, an album and artists."""
    return (
        len(head.columns()) >= _MIN_COLUMNS
        and _is_header(head.columns())
        and _ids_from(head, 0)
        and not any(cell.startswith("playlist") for cell in head.columns())
    )


def sniff_playlist(head: Head) -> bool:
    """Two columns, the first of them ids of videos."""
    for number in range(min(12, len(head.lines))):
        columns = head.columns_of_line(number)
        if len(columns) == 2 and _is_header(columns) and _ids_from(head, number):
            return True
    return False


FORMATS = (
    Format("youtube-library", "YouTube Music library", "youtube", sniff_songs, parse_songs,
           marks=("video id", "song title", "artist name 1"), order=90, names=names_of_songs),
    Format("youtube-playlist", "YouTube playlist", "youtube", sniff_playlist, parse_playlist, order=91,
           wants_names=True),
)  # fmt: skip
