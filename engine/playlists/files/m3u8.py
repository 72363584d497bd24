"""M3U8, the list local players read: UTF-8 without a byte-order mark, entries only for tracks with a file."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from engine.playlists.files.written import Place, Written, clean, display, local_file, whole_seconds
from engine.playlists.playlist import PlaylistTrack


def write(
    tracks: Sequence[PlaylistTrack], title: str, _date: datetime.datetime | None, place: Place | None
) -> Written:
    """Entries for tracks with a local file, a comment `# missing: Artist - Title` for each of the others, a comment
    `# because of: …` before what has a reason."""
    lines = ["#EXTM3U", f"#PLAYLIST:{clean(title)}"]
    missing = []
    for track in tracks:
        if clean(track.reason):
            lines.append(f"# because of: {clean(track.reason)}")
        path = local_file(track, place)
        if path is None:
            missing.append(track)
            lines.append(f"# missing: {display(track)}")
            continue
        lines.append(f"#EXTINF:{whole_seconds(track)},{display(track)}")
        if clean(track.album):
            lines.append(f"#EXTALB:{clean(track.album)}")
        lines += [f"#EXTART:{clean(track.artist)}", path]
    data = "\n".join([*lines, ""]).encode()
    return Written(data, len(tracks) - len(missing), tuple(missing))
