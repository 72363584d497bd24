"""JSON with everything this program knows of each track, for scripts."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from engine.playlists.files.written import Place, Written, as_json, clean, one_line
from engine.playlists.playlist import PlaylistTrack


def write(
    tracks: Sequence[PlaylistTrack], title: str, date: datetime.datetime | None, _place: Place | None
) -> Written:
    """An object with `title`, `date` and `tracks`; what is unknown is left out."""
    document: dict[str, object] = {"title": clean(title)}
    if date is not None:
        document["date"] = date.isoformat(timespec="seconds")
    document["tracks"] = [_track(track) for track in tracks]
    return Written(as_json(document), len(tracks))


def _track(track: PlaylistTrack) -> dict[str, object]:
    fields: dict[str, object] = {
        "artist": clean(track.artist),
        "track": clean(track.track),
        "album": clean(track.album) or None,
        "bpm": track.bpm,
        "bpm_source": track.bpm_source,
        "target_bpm": track.target_bpm,
        "factor": track.factor,
        "seconds": track.seconds,
        "seconds_estimated": track.seconds_estimated or None,
        "known": track.known,
        "reason": clean(track.reason) or None,
        "ids": {clean(scheme): one_line(value) for scheme, value in track.ids} or None,
    }
    return {name: value for name, value in fields.items() if value is not None}
