"""Rows of the Million Playlist Dataset: slices of playlists in JSON (`mpd.slice.*.json`).

They may be in a folder, in an archive or alone. A slice is read whole, 33 MB, one after the other. The challenge's set
has the same form.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec

from engine.community.bad_lines import UNREADABLE
from engine.community.files import DataFile, files
from engine.community.rows import Gathering, Row, Rows
from engine.errors import UnreadableFileError

_WORDS = (b'"playlists"', b'"pid"', b'"track_name"')
_NAME = re.compile(r"(^|/)mpd\.slice\.[^/]*\.json(\.gz|\.zst)?$")
_Name = Annotated[str, msgspec.Meta(min_length=1)]


class _Track(msgspec.Struct, gc=False):
    artist_name: _Name
    track_name: _Name


class _Playlist(msgspec.Struct, gc=False):
    tracks: list[_Track]
    pid: int | None = None


class _LoosePlaylist(msgspec.Struct, gc=False):
    tracks: list[msgspec.Raw]
    pid: object = None


class _Slice(msgspec.Struct, gc=False):
    playlists: list[msgspec.Raw]


_slice, _playlist = msgspec.json.Decoder(_Slice).decode, msgspec.json.Decoder(_Playlist).decode
_loose_playlist, _track = msgspec.json.Decoder(_LoosePlaylist).decode, msgspec.json.Decoder(_Track).decode


def _slices(path: Path) -> Iterator[DataFile]:
    for file in files(path):
        if path.is_file() or file.name.removesuffix(".gz").removesuffix(".zst").endswith(".json"):
            start = file.beginning()
            # A slice begins with a description of itself. One whose beginning is damaged is recognized by its name.
            known = _NAME.search(file.name) or all(word in start for word in _WORDS)
            if known and start.lstrip(b"\xef\xbb\xbf \r\n").startswith(b"{"):
                yield file


def _recognises(path: Path) -> bool:
    try:
        return next(_slices(path), None) is not None
    except UnreadableFileError:
        return False


def _rows(path: Path, into: Gathering) -> Iterator[Row]:
    """The tracks of every playlist; a playlist's number in its slice is its line."""
    # Of playlists made from 2010 on; on its terms it may not be passed on.
    into.collected, into.licence = "2017", "for research only"
    reading = into.reading
    for file in _slices(path):
        reading.enter(file.shown, "playlist")
        with file.opened() as opened:
            text = opened.read()
        try:
            playlists = _slice(text).playlists
        except UNREADABLE:
            reading.took("")
            reading.refuse("slice that is not JSON, or cut short")
            continue
        for number, raw in enumerate(playlists):
            reading.took(bytes(raw))
            yield from _tracks(raw, f"{file.shown} {number}", into)


def _tracks(raw: msgspec.Raw, unnamed: str, into: Gathering) -> Iterator[Row]:
    """Those of one playlist. Without an id of its own it is that place in its slice."""
    try:
        playlist = _playlist(raw)
        listener = unnamed if playlist.pid is None else str(playlist.pid)
        tracks = playlist.tracks
    except UNREADABLE:
        listener, tracks = _salvaged(raw, unnamed, into)
    into.reading.lines += len(tracks)
    for track in tracks:
        yield listener, track.artist_name, track.track_name, None


def _salvaged(raw: msgspec.Raw, unnamed: str, into: Gathering) -> tuple[str, list[_Track]]:
    """What can be used of a playlist that is not as it should be."""
    tracks: list[_Track] = []
    try:
        playlist = _loose_playlist(raw)
    except UNREADABLE:
        into.reading.refuse("playlist of another layout")
        return unnamed, tracks
    for entry in playlist.tracks:
        try:
            tracks.append(_track(entry))
        except UNREADABLE:
            into.reading.lines += 1
            into.reading.refuse("no artist or title")
    return (str(playlist.pid) if isinstance(playlist.pid, int) else unnamed), tracks


MILLION_PLAYLISTS = Rows(
    "million-playlists",
    "slices of the Million Playlist Dataset (mpd.slice.*.json)",
    "tracks",
    _recognises,
    _rows,
    "has no playlist with tracks.",
)
