"""Spotify's account data of the last twelve months: short histories, the library and playlists.

Stamps are the end of the stream to the minute, in UTC. Facts: FORMATS.md, Spotify, account data.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from typing import IO

import msgspec

from engine.imports import record as reasons
from engine.imports.encoding import all_of
from engine.imports.head import Head
from engine.imports.json_stream import Broken, Records
from engine.imports.local_dates import Moment
from engine.imports.playlist_lines import entry
from engine.imports.record import Dropped, Ids, Like, Options, Play, Record
from engine.imports.registry import Format
from engine.imports.spotify_local import local_file
from engine.imports.stamps import Stamps
from engine.imports.table import PRIVATE_COLUMNS
from engine.imports.times import iso, milliseconds
from engine.store.play import END, MINUTE


class Row(msgspec.Struct, gc=False, rename="camel"):
    """A row of `StreamingHistory*.json`."""

    end_time: str | None = None
    artist_name: str | None = None
    track_name: str | None = None
    ms_played: int | float | str | None = None
    podcast_name: str | None = None
    audiobook_name: str | None = None
    # Only in tables that others made of both histories.
    private: bool | None = msgspec.field(default=None, name="incognito_mode")


class LibraryTrack(msgspec.Struct, gc=False):
    """An item of `YourLibrary.json`."""

    artist: str | None = None
    track: str | None = None
    name: str | None = None
    uri: str | None = None


class Library(msgspec.Struct, rename="camel"):
    """`YourLibrary.json`: what is liked and what is banned."""

    tracks: list[LibraryTrack] = []
    artists: list[LibraryTrack] = []
    banned_tracks: list[LibraryTrack] = []
    banned_artists: list[LibraryTrack] = []


class ListedTrack(msgspec.Struct, gc=False, rename="camel"):
    """A track in a playlist."""

    track_name: str | None = None
    artist_name: str | None = None
    album_name: str | None = None
    track_uri: str | None = None


class ListedFile(msgspec.Struct, gc=False):
    """A file of the person's own in a playlist."""

    uri: str | None = None


class Item(msgspec.Struct, gc=False, rename="camel"):
    """An entry of a playlist: one of these."""

    track: ListedTrack | None = None
    local_track: ListedFile | None = None
    episode: object = None
    audiobook: object = None


class Playlist(msgspec.Struct):
    """A playlist; older exports say `tracks` for `items`."""

    name: str | None = None
    items: list[Item] = []
    tracks: list[Item] = []


def parse_history(stream: IO[bytes], options: Options) -> Iterator[Record]:
    """`StreamingHistory_music_0.json` and its podcast and audiobook twins."""
    return (_play(row, options) for batch in Records(Row).of_array(stream) for row in batch)


def parse_history_lines(stream: IO[bytes], options: Options) -> Iterator[Record]:
    """A row a line."""
    return (_play(row, options) for batch in Records(Row).of_lines(stream) for row in batch)


def parse_history_table(stream: IO[bytes], options: Options) -> Iterator[Record]:
    """A table whose columns are named like the keys, its stamps perhaps as a spreadsheet writes them."""
    stamps = Stamps(replace(options, zone=None))
    found = (row for batch in Records(Row).of_table(stream, _COLUMNS) for row in batch)
    for row, text in stamps.settle(found, lambda row: "" if isinstance(row, Broken) else row.end_time or ""):
        yield _play(row, options, stamps.read(text))


def _play(row: Row | Broken, options: Options, moment: Moment | None = None) -> Record:
    if isinstance(row, Broken):
        return Dropped(reasons.BROKEN, cut=row.cut)
    if row.private and not options.keep_private:
        return Dropped(reasons.PRIVATE)
    if row.podcast_name:
        return Dropped(reasons.PODCAST)
    if row.audiobook_name:
        return Dropped(reasons.AUDIOBOOK)
    if not row.artist_name or not row.track_name or (row.artist_name, row.track_name) == _UNKNOWN:
        return Dropped(reasons.NO_NAMES)
    end = moment.at if moment else iso(row.end_time or "")
    if end is None:
        return Dropped(reasons.NO_TIME)
    played = milliseconds(row.ms_played)
    width = max(MINUTE, moment.width) if moment else MINUTE
    start = end if width > MINUTE else end - (played or 0) // 1000
    return Play(
        row.artist_name,
        row.track_name,
        start,
        played,
        precision=width,
        basis=END,
        private=bool(row.private),
    )


_COLUMNS = dict.fromkeys(PRIVATE_COLUMNS, "incognito_mode")
# How the service writes rows whose names it lost.
_UNKNOWN = ("Unknown Artist", "Unknown Track")


def parse_library(stream: IO[bytes], _options: Options) -> Iterator[Record]:
    """Liked and banned tracks and artists."""
    library = Records(Library).one(all_of(stream))
    if isinstance(library, Broken):
        yield Dropped(reasons.BROKEN)
        return
    for tracks, verdict in ((library.tracks, "like"), (library.banned_tracks, "block")):
        for one in tracks:
            yield (
                Like(one.artist, one.track, verdict)
                if one.artist and one.track
                else Dropped(reasons.NO_NAMES)
            )
    for artists, verdict in ((library.artists, "like"), (library.banned_artists, "block")):
        for one in artists:
            yield Like(one.name, None, verdict) if one.name else Dropped(reasons.NO_NAMES)


def parse_playlists(stream: IO[bytes], _options: Options) -> Iterator[Record]:
    """The person's playlists."""
    for playlist in chain.from_iterable(Records(Playlist).of_array(stream, "playlists")):
        if isinstance(playlist, Broken):
            yield Dropped(reasons.BROKEN, cut=playlist.cut)
            continue
        for item in playlist.items or playlist.tracks:
            yield _entry(playlist.name or "Spotify", item)


def _entry(playlist: str, item: Item) -> Record:
    track = item.track
    if track is None:
        file = local_file((item.local_track and item.local_track.uri) or "")
        if file is None:
            talk = reasons.PODCAST if item.episode else reasons.AUDIOBOOK if item.audiobook else ""
            return Dropped(talk or reasons.RADIO)
        return entry(playlist, file.artist, file.title, album=file.album, seconds=file.seconds)
    uri = (track.track_uri or "").rpartition(":")[2]
    ids: Ids = (("spotify", uri),) if uri else ()
    if not track.artist_name or not track.track_name:
        return Dropped(reasons.NO_NAMES)
    return entry(playlist, track.artist_name, track.track_name, album=track.album_name, ids=ids)


def sniff_history(head: Head) -> bool:
    """An array of rows with `endTime` and `msPlayed`."""
    return head.json == "array" and head.has_keys("endTime", "msPlayed")


def sniff_history_lines(head: Head) -> bool:
    """The same a line."""
    return head.json == "lines" and head.has_keys("endTime", "msPlayed", "trackName")


def sniff_history_table(head: Head) -> bool:
    """The same as columns, with the names that Spotify gives them."""
    return head.has_columns(*(mark.lower() for mark in _MARKS))


def sniff_library(head: Head) -> bool:
    """An object with `tracks` and `bannedTracks`, or named so and with albums and shows."""
    return head.json in ("object", "lines") and (
        head.has_keys("tracks", "bannedTracks")
        or (head.name == "YourLibrary.json" and head.has_keys("tracks", "albums"))
    )


def sniff_playlists(head: Head) -> bool:
    """An object of playlists with items; those of the Million Playlist Dataset are other people's."""
    inner = head.inner_keys
    return (
        head.json in ("object", "lines")
        and head.has_keys("playlists")
        and bool({"items", "tracks"} & inner)
        and "pid" not in inner
    )


_MARKS = ("endTime", "msPlayed", "trackName", "artistName")
_TITLE, _SOURCE = "Spotify account data", "spotify-account"
_HINT = "covers one year; the full one is called Extended streaming history"
FORMATS = (
    Format(_SOURCE, _TITLE, _SOURCE, sniff_history, parse_history, marks=_MARKS, order=40, hint=_HINT),
    Format(
        "spotify-account-lines", f"{_TITLE} (JSON lines)", _SOURCE, sniff_history_lines, parse_history_lines,
        order=40, hint=_HINT,
    ),
    Format(
        "spotify-account-csv", f"{_TITLE} (CSV)", _SOURCE, sniff_history_table, parse_history_table,
        order=40, hint=_HINT,
    ),
    Format("spotify-library", "Spotify library", "spotify", sniff_library, parse_library, order=90),
    Format("spotify-playlists", "Spotify playlists", "spotify", sniff_playlists, parse_playlists, order=90),
)  # fmt: skip
