"""PLS: numbered entries for old players and radios. Only tracks with a file can be entries."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from engine.playlists.files.written import Place, Written, display, local_file, whole_seconds
from engine.playlists.playlist import PlaylistTrack


def write(
    tracks: Sequence[PlaylistTrack], _title: str, _date: datetime.datetime | None, place: Place | None
) -> Written:
    """Entries for tracks with a local file, in its place a comment `; missing: Artist - Title` for each other."""
    lines = ["[playlist]"]
    missing = []
    count = 0
    for track in tracks:
        path = local_file(track, place)
        if path is None:
            missing.append(track)
            lines.append(f"; missing: {display(track)}")
            continue
        count += 1
        lines += [
            f"File{count}={path}",
            f"Title{count}={display(track)}",
            f"Length{count}={whole_seconds(track)}",
        ]
    lines += [f"NumberOfEntries={count}", "Version=2", ""]
    return Written("\n".join(lines).encode(), count, tuple(missing))
