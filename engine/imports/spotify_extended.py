"""Spotify's extended streaming history: `Streaming_History_Audio_*.json`, `endsong_*.json` and their video twins.

`ts` is the end of the stream; the start is worked out from the time played. Source: FORMATS section 3.1.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

import msgspec

from engine.imports import record as reasons
from engine.imports.head import Head
from engine.imports.json_stream import Broken, Records
from engine.imports.record import Dropped, Ids, Options, Play, Record
from engine.imports.registry import Format
from engine.imports.times import iso, milliseconds
from engine.store.play import END

# How a stream ends when a person moved on; only a short one is a skip (FORMATS 3.1).
_TRACK = "spotify:track:"


class Row(msgspec.Struct, gc=False):
    """The keys that are used. Addresses, user names and agents are not even read."""

    ts: str | None = None
    ms_played: int | float | str | None = None
    track: str | None = msgspec.field(default=None, name="master_metadata_track_name")
    artist: str | None = msgspec.field(default=None, name="master_metadata_album_artist_name")
    album: str | None = msgspec.field(default=None, name="master_metadata_album_album_name")
    uri: str | None = msgspec.field(default=None, name="spotify_track_uri")
    episode: str | None = msgspec.field(default=None, name="spotify_episode_uri")
    episode_name: str | None = None
    audiobook: str | None = msgspec.field(default=None, name="audiobook_uri")
    audiobook_title: str | None = None
    private: bool | None = msgspec.field(default=None, name="incognito_mode")


def parse(stream: IO[bytes], options: Options) -> Iterator[Record]:
    """Every row of one file."""
    keep_private = options.keep_private
    ids: dict[str, Ids] = {}
    for row in Records(Row).of_array(stream):
        if type(row) is Broken:
            yield Dropped(reasons.BROKEN, cut=row.cut)
            continue
        if row.private and not keep_private:
            yield Dropped(reasons.PRIVATE)
            continue
        artist, track, uri = row.artist, row.track, row.uri
        if not artist or not track:
            yield Dropped(_why_no_track(row))
            continue
        played = row.ms_played
        if type(played) is not int or played < 0:
            played = milliseconds(played)
        end = iso(row.ts) if row.ts else None
        if end is None:
            yield Dropped(reasons.NO_TIME)
            continue
        if uri:
            known = ids.get(uri)
            if known is None:
                known = ids[uri] = (("spotify", uri[14:]),) if uri.startswith(_TRACK) else ()
        else:
            known = ()
        yield Play(
            artist,
            track,
            end - (played or 0) // 1000,
            played,
            row.album,
            ids=known,
            basis=END,
            private=row.private or False,
        )


def _why_no_track(row: Row) -> str:
    if row.episode or row.episode_name:
        return reasons.PODCAST
    if row.audiobook or row.audiobook_title:
        return reasons.AUDIOBOOK
    return reasons.NO_NAMES


def sniff(head: Head) -> bool:
    """An array of rows with `ts` and `ms_played`."""
    return head.json == "array" and head.has_keys("ts", "ms_played")


FORMATS = (
    Format(
        "spotify",
        "Spotify extended streaming history",
        "spotify",
        sniff,
        parse,
        marks=("ts", "ms_played", "master_metadata_track_name"),
        covers=("spotify-account",),
        order=10,
    ),
)
