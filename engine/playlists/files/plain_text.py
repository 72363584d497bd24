"""Plain text, `Artist - Title` a line: what the text boxes of playlist services take."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from engine.playlists.files.written import Place, Written, display
from engine.playlists.playlist import PlaylistTrack


def write(
    tracks: Sequence[PlaylistTrack], _title: str, _date: datetime.datetime | None, _place: Place | None
) -> Written:
    """One line a track, no numbers, no title."""
    return Written("".join(f"{display(track)}\n" for track in tracks).encode(), len(tracks))
