"""JSPF: XSPF as JSON, the form ListenBrainz reads. `location` and `identifier` are lists."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from engine.playlists.files.written import Place, Written, as_json, clean, file_uri, identifiers, milliseconds
from engine.playlists.playlist import PlaylistTrack

_PLAYLIST_EXTENSION = "https://musicbrainz.org/doc/jspf#playlist"


def write(
    tracks: Sequence[PlaylistTrack], title: str, date: datetime.datetime | None, place: Place | None
) -> Written:
    """A `playlist` object with a `track` list; marked as not public."""
    playlist: dict[str, object] = {"title": clean(title), "creator": "discover"}
    if date is not None:
        playlist["date"] = date.isoformat(timespec="seconds")
    playlist["extension"] = {_PLAYLIST_EXTENSION: {"public": False}}
    playlist["track"] = [_track(track, place) for track in tracks]
    return Written(as_json({"playlist": playlist}), len(tracks))


def _track(track: PlaylistTrack, place: Place | None) -> dict[str, object]:
    location = file_uri(track, place)
    fields: dict[str, object] = {
        "title": clean(track.track),
        "creator": clean(track.artist),
        "annotation": clean(track.reason),
        "album": clean(track.album),
        "duration": milliseconds(track),
        "location": [location] if location else [],
        "identifier": identifiers(track),
    }
    return {name: value for name, value in fields.items() if value or name in ("title", "creator")}
