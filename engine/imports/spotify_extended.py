"""Spotify's extended streaming history: `Streaming_History_Audio_*.json`, `endsong_*.json` and their video twins.

`ts` is the end of the stream; the start is computed from the time played. `offline_timestamp` is about when it began,
also for online plays: the difference of the two starts is a pause. Facts: FORMATS.md, Spotify, extended history.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import IO

from engine.imports import record as reasons
from engine.imports.head import Head
from engine.imports.json_stream import Broken, Records
from engine.imports.record import Dropped, Ids, Options, Play, Record
from engine.imports.registry import Format
from engine.imports.stamps import Stamps
from engine.imports.table import PRIVATE_COLUMNS
from engine.imports.times import days_since_1970
from engine.store.play import END

# Stamps from here on are milliseconds (old exports), seconds below.
_MILLISECONDS = 10**11
# Of seconds: less is the rounding of the two stamps, more is not a pause but some other event.
_MIN_PAUSE, _MAX_PAUSE = 3, 12 * 3600
_TRACK = "spotify:track:"
_HIDDEN = ("started_at", "duration_ms", "ids", "precision", "basis", "skip", "counted", "plays", "paused")


class _Days(dict[str, int]):
    """`2024-03-02T` -> its start, worked out once: half the cost of reading each stamp as a date."""

    def __missing__(self, day: str) -> int:
        found = days_since_1970(day[:10]) if day[4:5] == day[7:8] == "-" and day[10:] == "T" else None
        if found is None:
            raise KeyError(day)
        self[day] = found
        return found


_DAYS = _Days()
_MINUTES = {
    f"{hour:02d}:{minute:02d}": hour * 3600 + minute * 60 for hour in range(24) for minute in range(60)
}
_SECONDS = {f":{second:02d}Z": second for second in range(60)}


class Row(
    Play,
    gc=False,
    rename={
        "title": "master_metadata_track_name",
        "artist": "master_metadata_album_artist_name",
        "album": "master_metadata_album_album_name",
        "private": "incognito_mode",
        # Fields that the file does not have must not be set by a key of that name.
        **{name: f"(not in the file) {name}" for name in _HIDDEN},
    },
):
    """A row decoded as the play it is: a second object for each would cost a fifth of an import.

    Only keys that are used are read: no addresses, user names or agents.
    """

    # A field is renamed where it is declared, so those of `Play` are declared again. The file has null where a play
    # that is kept must not: its reader looks.
    artist: str | None = None  # type: ignore[assignment]
    title: str | None = None  # type: ignore[assignment]
    private: bool | None = None  # type: ignore[assignment]
    album: str | None = None
    started_at: int | None = None
    duration_ms: int | None = None
    ids: Ids = ()
    precision: int = 1
    basis: int = END
    skip: bool = False
    counted: bool = False
    plays: int = 1
    paused: int | None = None
    ts: str | None = None
    spotify_track_uri: str | None = None
    spotify_episode_uri: str | None = None
    episode_name: str | None = None
    audiobook_uri: str | None = None
    audiobook_title: str | None = None
    offline_timestamp: int | None = None


def parse(stream: IO[bytes], options: Options) -> Iterator[list[Record]]:
    """Every row of one file, in batches."""
    stamps = _stamps(options)
    return (_records(batch, options, stamps) for batch in Records(Row).of_array(stream))


def parse_lines(stream: IO[bytes], options: Options) -> Iterator[list[Record]]:
    """A row a line."""
    stamps = _stamps(options)
    return (_records(batch, options, stamps) for batch in Records(Row).of_lines(stream))


def parse_table(stream: IO[bytes], options: Options) -> Iterator[Record]:
    """A table whose columns are named like the keys."""
    stamps = _stamps(options)
    found = (row for batch in Records(Row).of_table(stream, _COLUMNS) for row in batch)
    for row, _ in stamps.settle(found, lambda row: "" if isinstance(row, Broken) else row.ts or ""):
        yield from _records([row], options, stamps)


def _stamps(options: Options) -> Stamps:
    """The service's stamps are in UTC, whatever the person's zone is."""
    return Stamps(replace(options, zone=None))


def _records(batch: Sequence[Row | Broken], options: Options, stamps: Stamps) -> list[Record]:
    keep_private = options.keep_private
    ids = options.ids
    found: list[Record] = []
    for row in batch:
        if type(row) is Broken:
            found.append(Dropped(reasons.BROKEN, cut=row.cut))
        elif row.private and not keep_private:
            found.append(Dropped(reasons.PRIVATE))
        elif not row.artist or not row.title:
            found.append(Dropped(_why_no_track(row)))
        else:
            played = row.ms_played or 0
            if played < 0:
                row.ms_played = played = 0
            ts = row.ts or ""
            try:
                end = _DAYS[ts[:11]] + _MINUTES[ts[11:16]] + _SECONDS[ts[16:]]
            except KeyError:
                moment = stamps.read(ts)
                if moment is None:
                    found.append(Dropped(stamps.why_not(ts)))
                    continue
                end, row.precision = moment.at, moment.width
            row.started_at = start = end - played // 1000
            begun = row.offline_timestamp
            if begun and not -_MIN_PAUSE <= start - begun <= _MIN_PAUSE:
                row.paused = _pause(start, begun)
            uri = row.spotify_track_uri
            if uri:
                known = ids.get(uri)
                if known is None:
                    known = ids[uri] = (("spotify", uri[14:]),) if uri.startswith(_TRACK) else ()
                row.ids = known
            found.append(row)
    return found


def _pause(start: int, begun: int) -> int | None:
    """Seconds from when a play began to the start worked out from its end, where that can be a pause."""
    pause = start - (begun if begun < _MILLISECONDS else begun // 1000)
    return pause if _MIN_PAUSE < pause < _MAX_PAUSE else None


def _why_no_track(row: Row) -> str:
    if row.spotify_episode_uri or row.episode_name:
        return reasons.PODCAST
    if row.audiobook_uri or row.audiobook_title:
        return reasons.AUDIOBOOK
    return reasons.NO_NAMES


def sniff(head: Head) -> bool:
    """An array of rows with `ts` and `ms_played`."""
    return head.json == "array" and head.has_keys("ts", "ms_played")


def sniff_lines(head: Head) -> bool:
    """The same a line, a single one too."""
    return head.json == "lines" and head.has_keys("ts", "ms_played")


def sniff_table(head: Head) -> bool:
    """The same as columns, with the names that Spotify gives them, or shorter ones."""
    found = {_COLUMNS.get(column, column) for column in head.columns()}
    return found >= {*_MARKS, "master_metadata_album_artist_name"}


# Column names of third-party tables.
_COLUMNS = {
    **dict.fromkeys(("track_name", "track name", "track"), "master_metadata_track_name"),
    **dict.fromkeys(
        ("artist_name", "artist name(s)", "artist name", "artist"), "master_metadata_album_artist_name"
    ),
    **dict.fromkeys(("album_name", "album name", "album"), "master_metadata_album_album_name"),
    **dict.fromkeys(PRIVATE_COLUMNS, "incognito_mode"),
}
_MARKS = ("ts", "ms_played", "master_metadata_track_name")
_TITLE = "Spotify extended streaming history"
FORMATS = (
    Format("spotify", _TITLE, "spotify", sniff, parse, marks=_MARKS, order=10),
    Format("spotify-lines", f"{_TITLE} (JSON lines)", "spotify", sniff_lines, parse_lines, order=10),
    Format("spotify-csv", f"{_TITLE} (CSV)", "spotify", sniff_table, parse_table, order=10),
)
