"""Spotify URIs, one a line: copy them all, then paste them into an open playlist of Spotify on a desktop."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path

from engine.playlists.files.written import Written, spotify_id
from engine.playlists.playlist import PlaylistTrack


def write(
    tracks: Sequence[PlaylistTrack], _title: str, _date: datetime.datetime | None, _folder: Path | None
) -> Written:
    """A line for each track whose Spotify id is known; the others cannot be named here."""
    found = [spotify for track in tracks if (spotify := spotify_id(track))]
    left_out = len(tracks) - len(found)
    data = "".join(f"spotify:track:{spotify}\n" for spotify in found).encode()
    return Written(data, len(found), left_out, "no known Spotify id" if left_out else "")
