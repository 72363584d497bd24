"""CSV with the columns TuneMyMusic and Soundiiz map by themselves, for putting a list into a service."""

from __future__ import annotations

import csv
import datetime
import io
from collections.abc import Callable, Sequence

from engine.playlists.files.written import Place, Written, clean, identifier, spotify_id
from engine.playlists.playlist import PlaylistTrack
from engine.spreadsheet import EXACT, GUARDED, PLAYLIST_COLUMNS, REASON, guarded


def write(
    tracks: Sequence[PlaylistTrack], title: str, _date: datetime.datetime | None, _place: Place | None
) -> Written:
    """One row a track, quoted where needed (RFC 4180), no byte-order mark.

    Cells that begin like a formula have an apostrophe before them, which `discover import` takes away again: a title
    from anywhere must not run in a spreadsheet. The last column's name tells it that they do.
    """
    return _written(tracks, title, guarded, GUARDED)


def write_as_is(
    tracks: Sequence[PlaylistTrack], title: str, _date: datetime.datetime | None, _place: Place | None
) -> Written:
    """The same without the apostrophes, which a service would take for a part of the name."""
    return _written(tracks, title, str, EXACT)


def _written(tracks: Sequence[PlaylistTrack], title: str, cell: Callable[[str], str], how: str) -> Written:
    text = io.StringIO(newline="")
    rows = csv.writer(text, lineterminator="\n")
    reasons = any(track.reason for track in tracks)
    rows.writerow((*PLAYLIST_COLUMNS, *([REASON] if reasons else []), how))
    for track in tracks:
        isrc, spotify = clean(identifier(track, "isrc")), spotify_id(track) or ""
        names = clean(track.track), clean(track.artist), clean(track.album), clean(title)
        reason = [clean(track.reason)] if reasons else []
        rows.writerow(map(cell, (*names, "Playlist", isrc, spotify, *reason, "")))
    return Written(text.getvalue().encode(), len(tracks))
