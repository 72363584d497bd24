"""Histories of self-hosted scrobblers: Maloja, Koito, multi-scrobbler, and of Pano Scrobbler.

Their stamps are the start by definition, but plays imported from Spotify files have the end. Facts: FORMATS.md,
Self-hosted scrobblers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

import msgspec

from engine.imports import record as reasons
from engine.imports.json_stream import Broken, Records
from engine.imports.record import Dropped, Ids, Options, Play, Record
from engine.imports.registry import Format
from engine.imports.times import iso, milliseconds, number
from engine.store.play import END, START, UNKNOWN

Number = int | float | str | None


# -- Maloja -------------------------------------------------------------------------------------------


class MalojaAlbum(msgspec.Struct, gc=False):
    """An album."""

    albumtitle: str | None = None


class MalojaTrack(msgspec.Struct, gc=False):
    """A track; `length` in seconds."""

    artists: list[str] = []
    title: str | None = None
    album: MalojaAlbum | None = None
    length: Number = None


class MalojaScrobble(msgspec.Struct, gc=False):
    """A scrobble; `duration` is the seconds played."""

    time: Number = None
    track: MalojaTrack | None = None
    duration: Number = None
    origin: str | None = None


def parse_maloja(stream: IO[bytes], _options: Options) -> Iterator[Record]:
    """`maloja_export_….json`."""
    for batch in Records(MalojaScrobble).of_array(stream, "scrobbles"):
        for one in batch:
            yield Dropped(reasons.BROKEN, cut=one.cut) if isinstance(one, Broken) else _of_maloja(one)


def _of_maloja(one: MalojaScrobble) -> Record:
    track = one.track or MalojaTrack()
    artist = _first_of_dotted(track.artists)
    stamp = number(one.time)
    if not artist or not track.title:
        return Dropped(reasons.NO_NAMES)
    if stamp is None:
        return Dropped(reasons.NO_TIME)
    album = track.album.albumtitle if track.album else None
    basis = UNKNOWN if (one.origin or "").startswith("import:spotify") else START
    return Play(artist, track.title, stamp, seconds(one.duration), album, seconds(track.length), basis=basis)


def _first_of_dotted(artists: list[str]) -> str:
    """Lists from YouTube read `["B", "A • B"]`: the dotted entry has the order right."""
    dotted = next((name for name in artists if " • " in name), None)
    return dotted.split(" • ")[0].strip() if dotted else (artists[0] if artists else "")


def seconds(value: Number) -> int | None:
    """Seconds as milliseconds, None when unknown."""
    found = milliseconds(value)
    return found * 1000 if found else None


# -- Koito --------------------------------------------------------------------------------------------


class Alias(msgspec.Struct, gc=False):
    """One name of a thing."""

    alias: str = ""
    is_primary: bool = False


class KoitoThing(msgspec.Struct, gc=False):
    """A track, album or artist with its names; `duration` in seconds."""

    mbid: str | None = None
    duration: Number = None
    aliases: list[Alias] = []
    is_primary: bool = False

    @property
    def name(self) -> str:
        """The primary name, else the first."""
        return next(
            (one.alias for one in self.aliases if one.is_primary),
            self.aliases[0].alias if self.aliases else "",
        )


class KoitoListen(msgspec.Struct, gc=False):
    """A listen."""

    listened_at: str | None = None
    client: str | None = None
    track: KoitoThing | None = None
    album: KoitoThing | None = None
    artists: list[KoitoThing] = []


def parse_koito(stream: IO[bytes], _options: Options) -> Iterator[Record]:
    """`koito_export.json`, version 1; rows of another version are read as far as they look alike."""
    for batch in Records(KoitoListen).of_array(stream, "listens"):
        for one in batch:
            yield Dropped(reasons.BROKEN, cut=one.cut) if isinstance(one, Broken) else _of_koito(one)


def _of_koito(one: KoitoListen) -> Record:
    artist = next(
        (it.name for it in one.artists if it.is_primary), one.artists[0].name if one.artists else ""
    )
    title = one.track.name if one.track else ""
    stamp = iso(one.listened_at or "")
    if not artist or not title or one.track is None:
        return Dropped(reasons.NO_NAMES)
    if stamp is None:
        return Dropped(reasons.NO_TIME)
    ids: Ids = (("mb_recording", one.track.mbid),) if one.track.mbid else ()
    album = (one.album.name if one.album else "") or None
    # Its Spotify import stores the end as the start, and marks such listens by no client.
    basis = START if one.client else UNKNOWN
    return Play(artist, title, stamp, None, album, seconds(one.track.duration), ids, basis=basis)


# -- Pano Scrobbler -----------------------------------------------------------------------------------


class Pano(msgspec.Struct, gc=False, rename="camel"):
    """A line."""

    time_ms: Number = None
    artist: str | None = None
    track: str | None = None
    album: str | None = None
    duration_ms: Number = None
    event: str | None = None


def parse_pano(stream: IO[bytes], _options: Options) -> Iterator[Record]:
    """JSON lines."""
    return (_of_pano(row) for batch in Records(Pano).of_lines(stream) for row in batch)


def parse_pano_table(stream: IO[bytes], _options: Options) -> Iterator[Record]:
    """The same as a table."""
    return (_of_pano(row) for batch in Records(Pano).of_table(stream) for row in batch)


def _of_pano(row: Pano | Broken) -> Record:
    if isinstance(row, Broken):
        return Dropped(reasons.BROKEN)
    if row.event not in (None, "", "scrobble"):
        return Dropped(reasons.OTHER_EVENT)
    if not row.artist or not row.track:
        return Dropped(reasons.NO_NAMES)
    stamp = number(row.time_ms)
    if stamp is None:
        return Dropped(reasons.NO_TIME)
    length = milliseconds(row.duration_ms) or None
    return Play(row.artist, row.track, stamp, None, row.album or None, length)


# -- multi-scrobbler ----------------------------------------------------------------------------------


class MultiData(msgspec.Struct, gc=False, rename="camel"):
    """What was played; lengths in seconds."""

    artists: list[dict[str, object] | str] = []
    track: str | None = None
    album: str | None = None
    duration: Number = None
    play_date: str | int | None = None
    listened_for: Number = None


class MultiMeta(msgspec.Struct, gc=False):
    """`scrobbleTsSOC`: 1 the start, 2 the end was stamped."""

    stamped: int | None = msgspec.field(default=None, name="scrobbleTsSOC")


class Multi(msgspec.Struct, gc=False):
    """A stored play."""

    data: MultiData | None = None
    meta: MultiMeta | None = None


def parse_multi(stream: IO[bytes], _options: Options) -> Iterator[Record]:
    """A list of plays."""
    for batch in Records(Multi).of_array(stream):
        for row in batch:
            yield Dropped(reasons.BROKEN, cut=row.cut) if isinstance(row, Broken) else _of_multi(row)


def _of_multi(row: Multi) -> Record:
    data = row.data or MultiData()
    first = data.artists[0] if data.artists else ""
    artist = str(first.get("name") or "") if isinstance(first, dict) else first
    if not artist or not data.track:
        return Dropped(reasons.NO_NAMES)
    stamp = iso(data.play_date) if isinstance(data.play_date, str) else number(data.play_date)
    if stamp is None:
        return Dropped(reasons.NO_TIME)
    played, length = seconds(data.listened_for), seconds(data.duration)
    basis = START
    if row.meta and row.meta.stamped == 2:
        basis = END if played else UNKNOWN
        stamp -= (played or 0) // 1000
    return Play(artist, data.track, stamp, played, data.album or None, length, basis=basis)


FORMATS = (
    Format(
        "maloja", "Maloja export", "maloja",
        lambda head: head.json in ("object", "lines") and head.has_keys("maloja", "scrobbles"),
        parse_maloja, marks=("maloja", "scrobbles"), order=30,
    ),
    Format(
        "koito", "Koito export", "koito",
        lambda head: head.json in ("object", "lines") and head.has_keys("version", "listens"),
        parse_koito, marks=("version", "exported_at", "listens"), order=30,
    ),
    Format(
        "pano", "Pano Scrobbler", "pano",
        lambda head: head.json == "lines" and head.has_keys("timeMs", "track"),
        parse_pano, marks=("timeMs", "timeHuman", "track"), order=30,
    ),
    Format(
        "pano-csv", "Pano Scrobbler (CSV)", "pano",
        lambda head: head.has_columns("timems", "artist", "track"),
        parse_pano_table, order=30,
    ),
    Format(
        "multi-scrobbler", "multi-scrobbler plays", "multi-scrobbler",
        lambda head: head.json == "array" and head.has_keys("data") and "playDate" in head.inner_keys,
        parse_multi, marks=("data", "meta", "playDate"), order=30,
    ),
)  # fmt: skip
