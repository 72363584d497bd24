"""Reads an audio file's tags, or else its file name."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Iterable
from pathlib import PurePath
from typing import NamedTuple

from tinytag import TinyTag, TinyTagException

from engine.canonical_keys import artist_key, relaxed_pair, track_key
from engine.store.music_files import MusicFile

NO_NAMES = "no artist or title in tags or file name"
EMPTY = "empty file"
UNREADABLE = "file that cannot be read"
NOT_AUDIO = "not the audio its extension says"
# Tags can be arbitrarily long; names are not.
MAX_NAME = 500
MIN_BPM, MAX_BPM = 30.0, 400.0
# The first sound recording is from 1860.
MIN_YEAR = 1860

# Line ends, invisible characters, lone surrogates, and the NUL between several values of a tag.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")
_NUMBERED = re.compile(r"^(?:\d{1,2}[-.])?\d{1,3}(?:\.|\s-)?\s+")
_DASH = re.compile(r"\s+[-–—]\s+")
_MBID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
# A year, or a date that begins or ends with one; 19840502 is a date too.
_YEAR = re.compile(r"(?<![0-9])([0-9]{4})(?:[0-9]{4})?(?![0-9])")
# TinyTag's names for the original date (ID3, Vorbis comments and MP4, ASF) and for the release date.
_ORIGINAL = (
    "tdor",
    "tory",
    "tor",
    "originalyear",
    "originaldate",
    "originalreleaseyear",
    "originalreleasetime",
)
_RELEASED = ("year", "_year", "date", "tdrl", "releasedate")
_RECORDING = ("musicbrainz_trackid", "musicbrainz track id", "musicbrainz/track id", "ufid")


class Tags(NamedTuple):
    """A file's tags; `seconds` and `bpm` are null without a plausible value. `dates` are release dates as written, the
    original's first."""

    artist: str
    title: str
    album: str
    seconds: float | None
    bpm: float | None
    recording: str | None
    dates: tuple[str, ...] = ()


def read_file(path: str, size: int, modified: int) -> MusicFile:
    """A file with its track, or with the reason why it has none."""
    if not size:
        return MusicFile(path, size, modified, problem=EMPTY)
    tags = Tags("", "", "", None, None, None)
    try:
        tags = _tags(TinyTag.get(path))
    except OSError:
        return MusicFile(path, size, modified, problem=UNREADABLE)
    except (TinyTagException, UnicodeError) as error:
        # TinyTag raises the same error for a damaged file and for a read error.
        if isinstance(error.__cause__, OSError):
            return MusicFile(path, size, modified, problem=UNREADABLE)
        # If the format's tags cannot be read, the file name is used; a damaged file is not playable either.
        if TinyTag.is_supported(path):
            return MusicFile(path, size, modified, problem=NOT_AUDIO)
    return music_file(path, size, modified, tags)


def music_file(path: str, size: int, modified: int, tags: Tags) -> MusicFile:
    """A file by its tags, or if these lack artist or title by its name: `Artist - Title`, optionally numbered."""
    artist, title = name(tags.artist), name(tags.title)
    if not (artist and title):
        parts = _DASH.split(_NUMBERED.sub("", PurePath(path).stem), maxsplit=1)
        if len(parts) == 2:
            artist, title = map(name, parts)
    keys = artist_key(artist), track_key(title)
    if not all(keys):
        return MusicFile(path, size, modified, problem=NO_NAMES)
    return MusicFile(
        path,
        size,
        modified,
        artist=artist,
        track=title,
        album=name(tags.album) or None,
        artist_key=keys[0],
        track_key=keys[1],
        relaxed=relaxed_pair(artist, title),
        seconds=length(tags.seconds),
        recording=recording_id(tags.recording),
        tag_bpm=tempo(tags.bpm),
        year=year(tags.dates),
    )


def _tags(read: TinyTag) -> Tags:
    more = read.other
    found = next((one for key in _RECORDING for one in more.get(key, ()) if _MBID.search(one)), None)
    bpm = next(iter(more.get("bpm", ())), None)
    return Tags(
        read.artist or read.albumartist or "",
        read.title or "",
        read.album or "",
        read.duration,
        _number(bpm),
        found,
        (
            *(date for key in _ORIGINAL for date in more.get(key, ())),
            *filter(None, [read.year]),
            *(date for key in _RELEASED for date in more.get(key, ())),
        ),
    )


def name(text: str) -> str:
    r"""A tag as a name: one line, the first of several values, no longer than names are.

    >>> name(" Tin\nRoof "), name("Tin Roof\x00Live"), len(name("la " * 9_000))
    ('Tin Roof', 'Tin Roof', 500)
    """
    first = text[: 2 * MAX_NAME].strip("\x00 \t\r\n").split("\x00", 1)[0]
    return " ".join(_CONTROLS.sub(" ", first).split())[:MAX_NAME].strip()


def tempo(bpm: float | None) -> float | None:
    """A plausible tempo in beats per minute; null for any other number.

    >>> tempo(128.5), tempo(0.0), tempo(12_800.0)
    (128.5, None, None)
    """
    return bpm if bpm is not None and MIN_BPM < bpm < MAX_BPM else None


def year(dates: Iterable[str]) -> int:
    """The first plausible year among dates, up to next year; 0 if there is none.

    >>> year(["1984-05-02"]), year(["0", "2.5.1984"]), year(["19840502"]), year(["1066", "84", "9999"])
    (1984, 1984, 1984, 0)
    """
    latest = datetime.datetime.now(datetime.UTC).year + 1
    years = (int(found) for date in dates for found in _YEAR.findall(date[:32]))
    return next((one for one in years if MIN_YEAR <= one <= latest), 0)


def length(seconds: float | None) -> float | None:
    """A length in seconds; null where it is not one."""
    return seconds if seconds is not None and 0 < seconds < math.inf else None


def recording_id(text: str | None) -> str | None:
    """The MusicBrainz recording id in a tag, in lower case."""
    found = _MBID.search(text or "")
    return found[0].lower() if found else None


def _number(text: str | None) -> float | None:
    try:
        return float((text or "").strip()[:32].replace(",", "."))
    except ValueError:
        return None
