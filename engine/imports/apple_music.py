"""Apple Music's privacy export: play activity and daily tracks.

A row of the play activity is a stretch of listening, not a listen: pausing and seeking begin a new one, so
stretches are joined. Most of its rows name no artist; the other tables of the export do. Facts: FORMATS.md,
Apple Music.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO

from engine.canonical_keys import track_key
from engine.imports import record as reasons
from engine.imports.head import Head
from engine.imports.record import Dropped, Options, Play, Record
from engine.imports.registry import Format
from engine.imports.stamps import Stamps
from engine.imports.text import Table, rows
from engine.imports.times import days_since_1970, iso, milliseconds, number
from engine.store.play import DAY

_MAX_A_DAY = 1440  # more plays of a track on one day are not plausible
_PAUSE = 1800  # a longer pause than this begins a new listen
_CLOSING = {"NATURAL_END_OF_TRACK", "TRACK_SKIPPED_FORWARDS", "TRACK_SKIPPED_BACKWARDS"}
_SKIPPING = {"TRACK_SKIPPED_FORWARDS", "TRACK_SKIPPED_BACKWARDS", "MANUALLY_SELECTED_PLAYBACK_OF_A_DIFF_ITEM"}
_NO_PLAY = {"LYRIC_DISPLAY", "PLAY_START"}
_NO_TRACK = {"AGGREGATE_NON_CATALOG_PLAY_TIME", "AD", "STREAM", "NON_SONG_CLIP", "TIMED_METADATA_PING"}


@dataclass(slots=True)
class Stretch:
    """One row of the play activity: times in seconds, lengths in milliseconds."""

    device: str
    title: str
    artist: str
    album: str
    start: float
    end: float
    ms: int
    length: int | None
    reason: str
    offset: int


# -- play activity ------------------------------------------------------------------------------------


def parse_activity(stream: IO[bytes], options: Options) -> Iterator[Record]:
    """`Apple Music Play Activity.csv`."""
    body = rows(stream)
    table = Table(next(body, []))
    found: list[Stretch] = []
    for row in body:
        one = _stretch(table.at(row))
        if isinstance(one, Dropped):
            yield one
        else:
            found.append(one)
    yield from _join(found, options.artists)


def _stretch(cells: Table) -> Stretch | Dropped:
    title = cells("song name", "content name", "track description", "original title")
    kind = cells("item type").upper()
    if cells("event type").upper() in _NO_PLAY:
        return Dropped(reasons.OTHER_EVENT)
    if cells("media type").upper() == "VIDEO":
        return Dropped(reasons.VIDEO)
    if kind in _NO_TRACK:
        return Dropped(reasons.ADVERT if kind == "AD" else reasons.RADIO)
    if not title:
        return Dropped(reasons.NO_NAMES)
    played = milliseconds(cells("play duration milliseconds")) or 0
    end = _moment(cells("event end timestamp", "event timestamp"))
    start = _moment(cells("event start timestamp"))
    if start is None:
        start = None if end is None else end - played / 1000
    if start is None:
        return Dropped(reasons.NO_TIME)
    return Stretch(
        device=cells("device identifier", "client device name"),
        title=title,
        artist=cells("artist name", "container artist name"),
        album=cells("album name", "container album name"),
        start=start,
        end=start + played / 1000 if end is None else end,
        ms=played,
        length=milliseconds(cells("media duration in milliseconds")) or None,
        reason=cells("end reason type").upper(),
        offset=number(cells("utc offset in seconds")) or 0,
    )


def _moment(text: str) -> float | None:
    seconds = iso(text) if text else None
    if seconds is None:
        return None
    # `iso` gives whole seconds; stretches follow one another within a fraction of one.
    fraction = text.partition(".")[2].rstrip("Zz")
    return seconds + (float(f"0.{fraction}") if fraction.isdigit() else 0.0)


def _join(found: list[Stretch], artists: Mapping[tuple[str, str], frozenset[str]]) -> Iterator[Record]:
    """Stretches of one device and track with short pauses between are one listen."""
    whole: list[Stretch] = []
    current: dict[str, Stretch] = {}
    for one in sorted(found, key=lambda one: (one.device, one.start, one.end)):
        if one.reason == "SCRUB_END":  # repeats what the rows before it said
            yield Dropped(reasons.SEGMENT)
            continue
        last = current.get(one.device)
        if (
            last is not None
            and (last.title, last.album) == (one.title, one.album)
            and last.reason not in _CLOSING
            and one.start - last.end < _PAUSE
        ):
            last.ms += one.ms
            last.end = max(last.end, one.end)
            last.reason = one.reason
            yield Dropped(reasons.SEGMENT)
        else:
            current[one.device] = one
            whole.append(one)
    for one in whole:
        yield _listen(one, artists)


def _listen(one: Stretch, artists: Mapping[tuple[str, str], frozenset[str]]) -> Record:
    artist = one.artist or _artist_of(one, artists)
    if not artist:
        return Dropped(reasons.NO_ARTIST)
    played = min(one.ms, one.length) if one.length else one.ms
    skipped = one.reason in _SKIPPING and played < 30_000
    return Play(artist, one.title, int(one.start), played, one.album or None, one.length, skip=skipped)


def _artist_of(one: Stretch, artists: Mapping[tuple[str, str], frozenset[str]]) -> str:
    """By title and local day, else by the title where all who have it are one. Never a guess between two."""
    day = datetime.fromtimestamp(one.start + one.offset, UTC).strftime("%Y-%m-%d")
    for key in ((track_key(one.title), day), (track_key(one.title), "")):
        names = artists.get(key, frozenset())
        if len(names) == 1:
            return next(iter(names))
    return ""


# -- daily tracks and track play history ----------------------------------------------------------------


def parse_daily(stream: IO[bytes], _options: Options) -> Iterator[Record]:
    """`Apple Music - Play History Daily Tracks.csv`: what was played on a day, to the day."""
    body = rows(stream)
    table = Table(next(body, []))
    for row in body:
        cells = table.at(row)
        artist, title = _split(cells("track description"))
        day = days_since_1970(cells("date played"))
        plays, skips = number(cells("play count")) or 0, number(cells("skip count")) or 0
        if cells("media type").upper() == "VIDEO":
            yield Dropped(reasons.VIDEO)
        elif not artist or not title:
            yield Dropped(reasons.NO_NAMES)
        elif day is None:
            yield Dropped(reasons.NO_TIME)
        elif plays <= 0 and skips <= 0:
            yield Dropped(reasons.NOTHING)
        else:
            played = milliseconds(cells("play duration milliseconds"))
            if plays > 1 and played is not None:
                played //= plays
            for _ in range(min(max(1, plays), _MAX_A_DAY)):
                yield Play(artist, title, day, played, precision=DAY, skip=plays <= 0)


def parse_last_played(stream: IO[bytes], _options: Options) -> Iterator[Record]:
    """`Apple Music - Track Play History.csv`: the last play of each track, once as asked for and once as it came.

    A row is a count of one play; two rows of one moment are one play.
    """
    body = rows(stream)
    table = Table(next(body, []))
    known: set[tuple[str, int]] = set()
    for row in body:
        cells = table.at(row)
        artist, title = _split(cells("track name"))
        stamp = number(cells("last played date"))
        if not artist or not title:
            yield Dropped(reasons.NO_NAMES)
        elif stamp is None:
            yield Dropped(reasons.NO_TIME)
        elif (cells("track name"), stamp) in known:
            yield Dropped(reasons.REPEATED)
        else:
            known.add((cells("track name"), stamp))
            yield Play(artist, title, stamp, counted=True)


def parse_recent(stream: IO[bytes], options: Options) -> Iterator[Record]:
    """`Apple Music - Recently Played Tracks.csv`: how often a track was played of late, dated by the last play."""
    body = rows(stream)
    table = Table(next(body, []))
    stamps = Stamps(options)
    for row in body:
        cells = table.at(row)
        artist, title = _split(cells("track description"))
        plays = number(cells("total plays")) or 0
        moment = stamps.read(
            cells("last event start timestamp", "last event end timestamp", "first event timestamp")
        )
        if cells("media type").upper() == "VIDEO":
            yield Dropped(reasons.VIDEO)
        elif not artist or not title:
            yield Dropped(reasons.NO_NAMES)
        elif plays <= 0:
            yield Dropped(reasons.NOTHING)
        else:
            length = milliseconds(cells("media duration in millis")) or None
            at, width = (moment.at, moment.width) if moment else (None, 1)
            yield Play(artist, title, at, None, None, length, precision=width, counted=True, plays=plays)


def artists_of_daily(stream: IO[bytes]) -> Iterator[tuple[str, str, str]]:
    """(title key, day, artist) of each row."""
    body = rows(stream)
    table = Table(next(body, []))
    for row in body:
        cells = table.at(row)
        artist, title = _split(cells("track description", "track name"))
        if artist and title:
            digits = cells("date played").replace("-", "")
            day = f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}" if len(digits) == 8 else ""
            yield track_key(title), day, artist


def _split(text: str) -> tuple[str, str]:
    """`Artist - Title` at the first ` - `."""
    artist, _, title = text.partition(" - ")
    return artist.strip(), title.strip()


def sniff_activity(head: Head) -> bool:
    """Its columns of when it ended and how long it was played."""
    return head.has_columns("event end timestamp", "play duration milliseconds")


def sniff_daily(head: Head) -> bool:
    """Its columns of day and description."""
    return head.has_columns("date played", "track description")


def sniff_recent(head: Head) -> bool:
    """Its columns of description and count; where it has a last event it has no day."""
    return head.has_columns("track description", "total plays")


def sniff_last_played(head: Head) -> bool:
    """Its columns of the last date and who asked for it."""
    return head.has_columns("last played date", "is user initiated")


FORMATS = (
    Format(
        "apple-activity", "Apple Music Play Activity", "apple", sniff_activity, parse_activity,
        marks=("event end timestamp", "play duration milliseconds", "song name"),
        order=20, wants_artists=True,
    ),
    Format(
        "apple-daily", "Apple Music Play History Daily Tracks", "apple-daily", sniff_daily, parse_daily,
        marks=("date played", "track description"), order=50, artists=artists_of_daily,
    ),
    Format(
        "apple-recent", "Apple Music Recently Played Tracks", "apple-recent", sniff_recent, parse_recent,
        marks=("track description", "total plays"), order=64, artists=artists_of_daily,
    ),
    Format(
        "apple-last-played", "Apple Music Track Play History", "apple-last-played", sniff_last_played,
        parse_last_played, order=65, artists=artists_of_daily, hint="has only each track's last play",
    ),
)  # fmt: skip
