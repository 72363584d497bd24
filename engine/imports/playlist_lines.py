"""Playlists as lines of text: M3U and M3U8, PLS, `Artist - Title`, and Spotify's URIs.

Reads this program's exports and those of others. Facts: FORMATS.md, Playlist files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from os.path import normpath
from pathlib import PurePath
from typing import IO

from engine.imports import record as reasons
from engine.imports.head import Head
from engine.imports.record import Dropped, Ids, Options, PlaylistEntry, Record
from engine.imports.registry import Format
from engine.imports.spotify_local import local_file
from engine.imports.text import lines
from engine.store.locations import file_ids

# The source of such playlists.
SOURCE = "playlist"
# Between length and name there may be attributes, whose values may have commas.
_EXTINF = re.compile(r'#EXTINF:\s*(-?\d{1,9})(?:\.\d*)?(?:"[^"]*"|[^,])*+,(.*)', re.IGNORECASE)
_OF_PLS = re.compile(r"(File|Title|Length)(\d{1,9})(?:\s+=\s*|=)(.*)", re.IGNORECASE)
# Comments in which this program lists tracks without a file.
_MISSING_M3U, _MISSING_PLS = "# missing: ", "; missing: "
# A folder or an ending of a file.
_PATH = re.compile(r".*(?:[/\\]|\.\w{2,4}\s*$)")
# As Spotify copies it, or as its programs call it.
_URI = re.compile(
    r"(?:spotify:track:|https?://open\.spotify\.com/(?:[\w-]+/)?track/)([0-9A-Za-z]{22})(?:\?\S*)?"
)
# Streams in pieces have the same first line as lists of songs.
_STREAM = "#EXT-X-"
# What a list of names in JSON and a page begin with, and each line of a log.
_OF_ANOTHER = re.compile(r"\s*(?:\[\"|<(?:!|\?xml|html\b))", re.IGNORECASE)
_OF_LOG = re.compile(r"\[?\d{4}-\d\d-\d\d\b")
# A list in Markdown, a comment or a tag of M3U; but *NSYNC, -M- and #1 Dads are artists.
_MARKED = re.compile(r"([#*-])(?:\1|\s)|#EXT")
_DASH, _DASHES = " - ", re.compile(r"\s[\u2013\u2014]\s")


@dataclass
class _Entry:
    """What the lines before a file say of it; `artist` and `album` in the tags of M3U8."""

    seconds: int = -1
    display: str = ""
    artist: str = ""
    album: str = ""


def title_of(options: Options) -> str:
    """The name of a list that does not name itself: its file's."""
    return PurePath(options.name).stem.strip()


def entry(
    playlist: str,
    artist: str,
    title: str,
    *,
    album: str | None = None,
    seconds: float | None = None,
    ids: Ids = (),
) -> Record:
    """A track of a playlist by its names, else by what it is known by here, as it may be in the library.

    >>> entry("Evening", "", "Tin Roof").reason
    'no artist or title'
    """
    if not (artist and title):
        if not ids:
            return Dropped(reasons.NO_NAMES)
        artist = title = ""
    length = round(seconds * 1000) if seconds and 0 < seconds < 10**9 else None
    return PlaylistEntry(playlist, artist, title, album or None, length, ids)


def parse_m3u(stream: IO[bytes], options: Options) -> Iterator[Record]:
    """A record a file, and one a track that this program had no file of."""
    playlist, about = title_of(options), _Entry()
    for line in lines(stream):
        if found := _EXTINF.match(line):
            about.seconds, about.display = int(found[1]), found[2].strip()
        elif line.startswith(_MISSING_M3U):
            yield entry(playlist, *parted(line.removeprefix(_MISSING_M3U)))
            about = _Entry()
        elif line.startswith("#"):
            tag, _, value = line.partition(":")
            if tag == "#PLAYLIST":
                playlist = value.strip() or playlist
            elif tag == "#EXTART":
                about.artist = value.strip()
            elif tag == "#EXTALB":
                about.album = value.strip()
        elif line.strip():
            yield _of_file(playlist, about, located(line, options))
            about = _Entry()


def _of_file(playlist: str, about: _Entry, ids: Ids) -> Record:
    artist, title = about.artist, about.display.removeprefix(f"{about.artist}{_DASH}")
    if not artist:
        artist, title = parted(about.display)
    elif about.display == artist:  # a list of artists by name
        title = ""
    return entry(playlist, artist, title, album=about.album, seconds=about.seconds, ids=ids)


def located(path: str, options: Options) -> Ids:
    """The file's id; a relative path is relative to the list."""
    if ids := file_ids(path):
        return ids
    return file_ids(normpath(options.folder / path)) if options.folder and "://" not in path else ()


def parse_pls(stream: IO[bytes], options: Options) -> Iterator[Record]:
    """A record an entry, by number; tracks this program had no file of come after the entry they follow."""
    playlist = title_of(options)
    entries: dict[int, dict[str, str]] = {0: {}}
    missing: dict[int, list[str]] = {}
    number = 0
    for line in lines(stream):
        if found := _OF_PLS.match(line):
            number = int(found[2])
            entries.setdefault(number, {})[found[1].lower()] = found[3]
        elif line.startswith(_MISSING_PLS):
            missing.setdefault(number, []).append(line.removeprefix(_MISSING_PLS))
    for number in sorted(entries):
        if fields := entries[number]:
            yield _of_pls(playlist, fields, options)
        for display in missing.get(number, ()):
            yield entry(playlist, *parted(display))


def _of_pls(playlist: str, fields: Mapping[str, str], options: Options) -> Record:
    length = fields.get("length", "")
    about = _Entry(int(length) if re.fullmatch(r"\d{1,9}", length) else -1, fields.get("title", "").strip())
    file = fields.get("file", "")
    return _of_file(playlist, about, located(file, options) if file else ())


def parse_names(stream: IO[bytes], options: Options) -> Iterator[Record]:
    """A record a line."""
    for line in lines(stream):
        if line.strip():
            yield entry(title_of(options), *parted(line.strip()))


def parse_uris(stream: IO[bytes], options: Options) -> Iterator[Record]:
    """One record per line: tracks by id, named by the library, and files of the person's own by their names."""
    for line in lines(stream):
        address = line.strip()
        if file := local_file(address):
            yield entry(title_of(options), file.artist, file.title, album=file.album, seconds=file.seconds)
        elif address:
            found = _URI.fullmatch(address)
            yield entry(title_of(options), "", "", ids=(("spotify", found[1]),) if found else ())


def parted(display: str) -> tuple[str, str]:
    """Artist and title of one line, split at its first dash; without one the title is empty.

    >>> parted("Burel - Tin Roof - Live"), parted("Burel \u2013 Tin Roof"), parted("Burel")
    (('Burel', 'Tin Roof - Live'), ('Burel', 'Tin Roof'), ('Burel', ''))
    """
    artist, dash, title = display.partition(_DASH)
    if not dash and (found := _DASHES.search(display)):
        artist, title = display[: found.start()], display[found.end() :]
    return artist.strip(), title.strip()


def _sniff_m3u(head: Head) -> bool:
    """By its first line; the simplest form has only paths, as MPD and cmus write it, and is known by its name and
    them."""
    named = head.name.lower().endswith((".m3u", ".m3u8"))
    paths = named and bool(head.text.strip()) and not (head.is_database or head.is_binary or head.json)
    written = [line for line in head.lines if line.strip() and not line.startswith("#")]
    names = [line for line in written if not _PATH.match(line)]
    # A file may have no ending; a line that is a name makes it a list of names.
    listed = not written or (len(names) < len(written) and not any(all(parted(line)) for line in names))
    known = paths and _OF_ANOTHER.match(head.text) is None and listed
    return (known or head.text.startswith("#EXTM3U")) and _STREAM not in head.text


def _sniff_pls(head: Head) -> bool:
    return bool(head.lines) and head.lines[0].strip().lower() == "[playlist]"


def _sniff_names(head: Head) -> bool:
    """Text each of whose lines has an artist and a title, and that is no table, JSON, page or log."""
    written = [line for line in head.lines if line.strip()]
    named = all(all(parted(line)) and not _MARKED.match(line) for line in written)
    other = head.is_database or head.is_binary or head.json or _is_table(head)
    unlike = _OF_ANOTHER.match(head.text) is not None or all(map(_OF_LOG.match, written))
    return bool(written) and named and not other and not unlike


def _is_table(head: Head) -> bool:
    """Whether lines have the cells of a header; an artist with commas has as many in two lines, and begins alike."""
    rows = [head.columns_of_line(place, head.delimiter) for place in range(1, min(6, len(head.lines)))]
    names = head.header
    return bool(names) and all(len(row) == len(names) and row[0] != names[0] for row in rows)


def _sniff_uris(head: Head) -> bool:
    first = head.lines[0].strip() if head.lines else ""
    return _URI.fullmatch(first) is not None or local_file(first) is not None


FORMATS = (
    Format("m3u", "M3U playlist", SOURCE, _sniff_m3u, parse_m3u, order=95),
    Format("pls", "PLS playlist", SOURCE, _sniff_pls, parse_pls, order=95),
    Format("spotify-uris", "list of Spotify URIs", SOURCE, _sniff_uris, parse_uris, order=95),
    Format("artist-title", "list of Artist - Title", SOURCE, _sniff_names, parse_names, order=95),
)
