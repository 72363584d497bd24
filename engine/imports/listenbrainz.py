"""ListenBrainz: `listens/<year>/<month>.jsonl` of the export, the older JSON array, and API pages.

Stamps are the start, except where a Spotify file was imported there (its ends were taken for starts). Facts:
FORMATS.md, ListenBrainz.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO
from itertools import chain
from typing import IO, Any

import msgspec

from engine.imports import record as reasons
from engine.imports.encoding import all_of
from engine.imports.head import Head
from engine.imports.json_stream import Broken, Records
from engine.imports.record import Dropped, Ids, Like, Options, Play, Record
from engine.imports.registry import Format
from engine.imports.times import iso, milliseconds, number
from engine.store.play import END, START, UNKNOWN

Number = int | float | str | None

_SPOTIFY = ("spotify.com", "open.spotify.com")
_PAYLOAD = re.compile(rb'"payload"\s*:')


class Info(msgspec.Struct, gc=False):
    """`additional_info`: whatever the player sent."""

    duration_ms: Number = None
    duration: Number = None
    duration_played: Number = None
    ms_played: Number = None
    recording_mbid: str | None = None
    isrc: str | None = None
    spotify_id: str | None = None
    music_service: str | None = None
    submission_client: str | None = None
    original_submission_client: str | None = None


class Mapping(msgspec.Struct, gc=False):
    """`mbid_mapping`: the server's match."""

    recording_mbid: str | None = None


class Metadata(msgspec.Struct, gc=False):
    """`track_metadata`."""

    track_name: str | None = None
    artist_name: str | None = None
    release_name: str | None = None
    recording_msid: str | None = None
    additional_info: Info | None = None
    mbid_mapping: Mapping | None = None


class Listen(msgspec.Struct, gc=False):
    """One listen."""

    listened_at: Number = None
    track_metadata: Metadata | None = None
    recording_msid: str | None = None


def parse_lines(stream: IO[bytes], _options: Options) -> Iterator[Record]:
    """One listen a line."""
    return (_record(row) for batch in Records(Listen).of_lines(stream) for row in batch)


def parse_array(stream: IO[bytes], _options: Options) -> Iterator[Record]:
    """One array of listens."""
    return (_record(row) for batch in Records(Listen).of_array(stream) for row in batch)


def parse_page(stream: IO[bytes], _options: Options) -> Iterator[Record]:
    """An answer of the API, or several."""
    return _of_payloads(stream, "listens")


def parse_submission(stream: IO[bytes], _options: Options) -> Iterator[Record]:
    """What is sent to the API: `{"listen_type": …, "payload": […]}`, or several."""
    return _of_payloads(stream, "payload")


def _of_payloads(stream: IO[bytes], key: str) -> Iterator[Record]:
    data = all_of(stream)
    if len(_PAYLOAD.findall(data)) > 1:
        return _of_several(Records(Several).of_documents(data))
    return (submitted(row) for batch in Records(Listen).of_array(BytesIO(data), key) for row in batch)


def submitted(listen: Listen | Broken) -> Record:
    """What one listen of a submission is; one without a time only plays now."""
    if not isinstance(listen, Broken) and listen.listened_at is None:
        return Dropped(reasons.NOW_PLAYING)
    return _record(listen)


class Several(msgspec.Struct, gc=False):
    """One of several submissions, whose `payload` is listens, or of several answers, whose `payload` has them."""

    payload: Any = None


def parse_several(stream: IO[bytes], _options: Options) -> Iterator[Record]:
    """An array of them."""
    return _of_several(Records(Several).of_array(stream))


def _of_several(batches: Iterable[Sequence[Several | Broken]]) -> Iterator[Record]:
    listens = Records(Listen)
    for one in chain.from_iterable(batches):
        if isinstance(one, Broken):
            yield Dropped(reasons.BROKEN, cut=one.cut)
            continue
        inside = one.payload.get("listens") if isinstance(one.payload, dict) else one.payload
        yield from (submitted(listens.of(listen)) for listen in (inside if isinstance(inside, list) else ()))


class Feedback(msgspec.Struct, gc=False):
    """A line of `feedback.jsonl`: `score` is 1 or -1."""

    recording_msid: str | None = None
    recording_mbid: str | None = None
    score: int | None = None
    created: Number = None


def parse_feedback(stream: IO[bytes], _options: Options) -> Iterator[Record]:
    """Loved and hated recordings, which go by ids alone: read after the listens that name them."""
    for batch in Records(Feedback).of_lines(stream):
        for row in batch:
            if isinstance(row, Broken) or row.score not in (1, -1):
                yield Dropped(reasons.BROKEN)
                continue
            pairs = (("lb_msid", row.recording_msid), ("mb_recording", row.recording_mbid))
            ids: Ids = tuple((scheme, value) for scheme, value in pairs if value)
            yield Like("", None, "like" if row.score == 1 else "hide", number(row.created), ids)


def _record(listen: Listen | Broken) -> Record:
    if isinstance(listen, Broken):
        return Dropped(reasons.BROKEN, cut=listen.cut)
    track = listen.track_metadata
    if track is None or not track.artist_name or not track.track_name:
        return Dropped(reasons.NO_NAMES)
    info = track.additional_info or Info()
    stamp = number(listen.listened_at)
    if stamp is None and isinstance(listen.listened_at, str):
        stamp = iso(listen.listened_at)
    if stamp is None:
        return Dropped(reasons.NO_TIME)
    played, basis = _first(info.ms_played, info.duration_played), _basis(info)
    return Play(
        track.artist_name,
        track.track_name,
        stamp - (played or 0) // 1000 if basis == END else stamp,
        played,
        track.release_name or None,
        _first(info.duration_ms, info.duration),
        _ids(track, info, listen.recording_msid),
        basis=basis,
    )


def _first(in_ms: Number, in_seconds: Number) -> int | None:
    length = milliseconds(in_ms)
    if length is None and in_seconds is not None:
        seconds = milliseconds(in_seconds)
        length = None if seconds is None else seconds * 1000
    return length or None


def _basis(info: Info) -> int:
    """Listens imported there from a Spotify file have the end as stamp, those of another scrobbler perhaps, and those
    that are from Spotify in any other way: what it says of when a track was played is the start or the end."""
    from_spotify = info.music_service in _SPOTIFY
    if not (info.submission_client or "").startswith("ListenBrainz Archive Importer"):
        return UNKNOWN if from_spotify else START
    # Of all files it reads only Spotify's have how long a track was played.
    return END if from_spotify and info.ms_played is not None else UNKNOWN


def _ids(track: Metadata, info: Info, msid: str | None) -> Ids:
    recording = (track.mbid_mapping and track.mbid_mapping.recording_mbid) or info.recording_mbid
    msid = track.recording_msid or msid
    spotify = (info.spotify_id or "").rpartition("/")[2].rpartition(":")[2]
    pairs = (("mb_recording", recording), ("lb_msid", msid), ("isrc", info.isrc), ("spotify", spotify))
    return tuple((scheme, value) for scheme, value in pairs if value)


def sniff_lines(head: Head) -> bool:
    """Lines with `listened_at` and `track_metadata`."""
    return head.json == "lines" and head.has_keys("listened_at", "track_metadata")


def sniff_array(head: Head) -> bool:
    """An array of the same."""
    return head.json == "array" and head.has_keys("listened_at", "track_metadata")


def sniff_feedback(head: Head) -> bool:
    """Lines with a score and a recording's id."""
    return (
        head.json == "lines"
        and head.has_keys("score")
        and bool(head.keys & {"recording_msid", "recording_mbid"})
    )


def sniff_page(head: Head) -> bool:
    """`{"payload": {"listens": …}}`."""
    return head.json in ("object", "lines") and head.has_keys("payload") and "listens" in head.inner_keys


def sniff_submission(head: Head) -> bool:
    """`{"payload": […]}` of listens."""
    inside = "track_metadata" in head.inner_keys and "listens" not in head.inner_keys
    return head.json in ("object", "lines") and head.has_keys("payload") and inside


def sniff_several(head: Head) -> bool:
    """An array of submissions or answers."""
    return head.json == "array" and head.has_keys("payload") and "track_metadata" in head.inner_keys


_MARKS = ("listened_at", "track_metadata")
FORMATS = (
    Format("listenbrainz", "ListenBrainz export", "listenbrainz", sniff_lines, parse_lines, _MARKS, order=20),
    Format(
        "listenbrainz-json",
        "ListenBrainz export (JSON array)",
        "listenbrainz",
        sniff_array,
        parse_array,
        order=20,
    ),
    Format(
        "listenbrainz-feedback",
        "ListenBrainz loves and hates",
        "listenbrainz",
        sniff_feedback,
        parse_feedback,
        order=95,
    ),
    Format(
        "listenbrainz-submissions",
        "ListenBrainz submissions or API pages (JSON array)",
        "listenbrainz",
        sniff_several,
        parse_several,
        order=20,
    ),
    Format(
        "listenbrainz-submission",
        "ListenBrainz submission",
        "listenbrainz",
        sniff_submission,
        parse_submission,
        order=20,
    ),
    Format("listenbrainz-api", "ListenBrainz API page", "listenbrainz", sniff_page, parse_page, order=20),
)
