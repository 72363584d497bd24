"""`.scrobbler.log` of Rockbox and other players without a network: eight fields between tabs.

Many devices write their own clock as if it were UTC (`#TZ/UNKNOWN`, or no header): such stamps are read in the
person's zone. Facts: FORMATS.md, Rockbox.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import IO

from engine.imports import record as reasons
from engine.imports.head import Head
from engine.imports.record import Dropped, Ids, Options, Play, Record
from engine.imports.registry import Format
from engine.imports.text import lines
from engine.imports.times import number, to_epoch

# Artist, album, title, number, length, rating, stamp and, in newer logs, an id.
_LINE = re.compile(
    r"[^\t]*\t[^\t]*\t[^\t]*\t[^\t]*\t\s*-?\d+\s*\t\s*[LS]\s*\t\s*\d+\s*(\t[^\t]*)?$", re.IGNORECASE
)
_PLAYBACK = re.compile(r"\d+:\d+:\d+:[/<A-Za-z]")
_UUID = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", re.IGNORECASE)


def parse(stream: IO[bytes], options: Options) -> Iterator[Record]:
    """Every line that is not a comment."""
    own_clock = True
    for line in lines(stream):
        if line.startswith("#"):
            if line.upper().startswith("#TZ/"):
                own_clock = line.strip().upper() != "#TZ/UTC"
        elif line.strip():
            yield _record(line.split("\t"), options.zone if own_clock else None)
    if own_clock and not options.zone:
        options.notes.append(
            "times are by the player's own clock, read as UTC; give its time zone with --zone NAME"
        )


def parse_playback(stream: IO[bytes], _options: Options) -> Iterator[Record]:
    """`playback.log`: a line a file that was played."""
    for line in lines(stream):
        if line.strip() and not line.startswith("#"):
            yield Dropped(reasons.FILE_ONLY)


def _record(fields: list[str], zone: str | None) -> Record:
    if not 7 <= len(fields) <= 8:
        return Dropped(reasons.BROKEN)
    artist, album, title, _, length, rating, stamp, *rest = (field.strip() for field in fields)
    if not artist or not title or "<untagged>" in (artist.lower(), title.lower()):
        return Dropped(reasons.NO_NAMES)
    at = number(stamp)
    if at is None:
        return Dropped(reasons.NO_TIME)
    if zone and at > 0:
        at = to_epoch(datetime.fromtimestamp(at, UTC).replace(tzinfo=None), zone)
    ids: Ids = (("mb_track", rest[0].lower()),) if rest and _UUID.match(rest[0]) else ()
    seconds = number(length)
    return Play(
        artist,
        title,
        at,
        None,
        album or None,
        seconds * 1000 if seconds and seconds > 0 else None,
        ids,
        skip=rating.upper() == "S",
    )


def sniff(head: Head) -> bool:
    """A line that names the format, or lines of its fields."""
    if any(line.upper().startswith("#AUDIOSCROBBLER/") for line in head.lines[:5]):
        return True
    entries = [line for line in head.lines[:20] if line.strip() and not line.startswith("#")]
    return bool(entries) and sum(bool(_LINE.match(line)) for line in entries) * 2 > len(entries)


def sniff_playback(head: Head) -> bool:
    """Lines of three numbers and the path of a file."""
    entries = [line for line in head.lines[:20] if line.strip() and not line.startswith("#")]
    return bool(entries) and all(_PLAYBACK.match(line) for line in entries[:-1] or entries)


FORMATS = (
    Format("rockbox", "Rockbox .scrobbler.log", "rockbox", sniff, parse, order=30),
    Format(
        "rockbox-playback",
        "Rockbox playback.log",
        "rockbox",
        sniff_playback,
        parse_playback,
        order=95,
        hint="names files, not songs: run the player's own plugin lastfm_scrobbler and import the "
        ".scrobbler.log it writes",
    ),
)
