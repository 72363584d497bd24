"""Spotify URIs, one a line: copy them all, then paste them into an open playlist of Spotify on a desktop."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from engine.playlists.files.written import Place, Written, spotify_id
from engine.playlists.playlist import PlaylistTrack


def write(
    tracks: Sequence[PlaylistTrack], _title: str, _date: datetime.datetime | None, _place: Place | None
) -> Written:
    """A line for each track whose Spotify id is known; the others cannot be named here."""
    found = [spotify for track in tracks if (spotify := spotify_id(track))]
    data = "".join(f"spotify:track:{spotify}\n" for spotify in found).encode()
    return Written(data, len(found), tuple(track for track in tracks if not spotify_id(track)))
