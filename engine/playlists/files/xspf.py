"""XSPF 1: playlists as XML (xspf.org). Everything about a track is optional, so none is left out."""

from __future__ import annotations

import datetime
import html
import re
from collections.abc import Sequence

from engine.playlists.files.written import Place, Written, clean, file_uri, identifiers, milliseconds
from engine.playlists.playlist import PlaylistTrack
from engine.store.locations import path_of, unescaped

# Characters XML 1.0 does not allow at all, not even escaped.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write(
    tracks: Sequence[PlaylistTrack], title: str, date: datetime.datetime | None, place: Place | None
) -> Written:
    """One `track` element each, with the file's URI, identifiers, names and length where known."""
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<playlist version="1" xmlns="http://xspf.org/ns/0/">',
        f"  {_element('title', clean(title))}",
        f"  {_element('creator', 'discover')}",
    ]
    if date is not None:
        lines.append(f"  {_element('date', date.isoformat(timespec='seconds'))}")
    lines.append("  <trackList>")
    for track in tracks:
        lines += ["    <track>", *(f"      {element}" for element in _track(track, place)), "    </track>"]
    lines += ["  </trackList>", "</playlist>", ""]
    return Written("\n".join(lines).encode(), len(tracks))


def _track(track: PlaylistTrack, place: Place | None) -> list[str]:
    duration = milliseconds(track)
    elements = [_element("location", location) for location in _locations(track, place)]
    elements += [_element("identifier", uri) for uri in identifiers(track)]
    named = {
        "title": track.track,
        "creator": track.artist,
        "annotation": track.reason,
        "album": track.album,
    }
    elements += [_element(name, clean(text)) for name, text in named.items() if clean(text)]
    if duration is not None:
        elements.append(_element("duration", str(duration)))
    return elements


def _locations(track: PlaylistTrack, place: Place | None) -> list[str]:
    """The file's URI, and where signs of it are escaped, the same as it reads: MPD takes addresses as they stand, and
    the last of several. A path with signs that escape, or end it, would lead those who read URIs elsewhere."""
    uri = file_uri(track, place)
    if uri is None:
        return []
    absolute = uri.startswith("file://")
    path = path_of(uri) if absolute else unescaped(uri)
    if path is None or path.startswith("/") != absolute or set("%#?" if absolute else "%#?:") & set(path):
        return [uri]
    plain = f"file://{path}" if absolute else path
    return [uri] if plain == uri or clean(plain) != plain else [uri, plain]


def _element(name: str, text: str) -> str:
    return f"<{name}>{html.escape(_NOT_XML.sub('', text), quote=False)}</{name}>"
