"""What every playlist format shares: clean text, the identifiers of a track, and the result of writing."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath

from engine.playlists.playlist import PlaylistTrack

# Anything a reader may take for the end of a line or of a string: C0 and C1 controls, the Unicode separators.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
# What changes the order of the letters around it: in a name it can make a line, or an ending, read as another.
_REORDERING = re.compile("[\u202a-\u202e\u2066-\u2069]")
_SURROGATES = re.compile("[\ud800-\udfff]")
_SPOTIFY = re.compile(r"(?:^|track[:/])([0-9A-Za-z]{22})(?:[?#].*)?$")
_MUSICBRAINZ = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$")


@dataclass(frozen=True, slots=True)
class Written:
    """A playlist file: its bytes, how many tracks are in it, and which the format could not express."""

    data: bytes
    tracks: int
    missing: tuple[PlaylistTrack, ...] = ()


def clean(text: str | None) -> str:
    r"""A name as it is shown: one line that can be encoded, without what reorders letters; controls and line ends
    become a space, lone surrogates U+FFFD.

    >>> clean("Tin\nRoof\x00 "), clean("Roof\u202egpj.\u202c")
    ('Tin Roof', 'Roofgpj.')
    """
    return one_line(_REORDERING.sub("", text or ""))


def one_line(text: str) -> str:
    """Text that names something, such as a path: `clean`, but for its letters' order, which is a part of the name."""
    return _SURROGATES.sub("\ufffd", _CONTROLS.sub(" ", text)).strip()


def as_json(document: object) -> bytes:
    r"""A document as JSON in UTF-8; what reorders letters, which a path may hold, is escaped.

    >>> as_json({"file": "/m/\u202ea"})
    b'{\n "file": "/m/\\u202ea"\n}\n'
    """
    text = json.dumps(document, ensure_ascii=False, indent=1)
    return f"{_REORDERING.sub(lambda found: json.dumps(found[0])[1:-1], text)}\n".encode()


def display(track: PlaylistTrack) -> str:
    """The track as `Artist - Title`, or the one that is there (a list of artists has no titles)."""
    return " - ".join(part for part in (clean(track.artist), clean(track.track)) if part)


def identifier(track: PlaylistTrack, scheme: str) -> str | None:
    """The first identifier of that scheme, None when there is none."""
    return next((value for name, value in track.ids if name == scheme and value), None)


def spotify_id(track: PlaylistTrack) -> str | None:
    """The 22 characters by which Spotify knows the track; taken from an id, a URI or a link."""
    found = _SPOTIFY.search(identifier(track, "spotify") or "")
    return found[1] if found else None


def recording_url(track: PlaylistTrack) -> str | None:
    """The address of the MusicBrainz recording."""
    found = _MUSICBRAINZ.search((identifier(track, "mb_recording") or "").lower())
    return f"https://musicbrainz.org/recording/{found[1]}" if found else None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a list will lie: its folder, and the folder of music that is in, null where it is in none."""

    folder: Path
    music: Path | None = None

    @classmethod
    def of(cls, folder: Path, music: Sequence[Path] = ()) -> Place:
        """The place of a list in `folder`, beside folders of `music`."""
        folder = folder.absolute()
        for root in music:
            # Where a link leads out of the folder of music, two dots would not lead back into it.
            if folder.is_relative_to(root) and folder.resolve() == root.resolve() / folder.relative_to(root):
                return cls(folder, root)
        return cls(folder)

    def path_to(self, path: Path) -> str | None:
        """The way from the list to a file below it, or beside it in one folder of music; null for any other file."""
        if path.is_relative_to(self.folder):
            return path.relative_to(self.folder).as_posix()
        if self.music is not None and path.is_relative_to(self.music):
            return Path(os.path.relpath(path, self.folder)).as_posix()
        return None


def local_file(track: PlaylistTrack, place: Place | None) -> str | None:
    """The path of the track's file as playlists name it, relative if the list is beside it; else None.

    A path with a line end in it cannot be named in a line of text and counts as none.
    """
    path = identifier(track, "file")
    if not path or _CONTROLS.search(path) or _SURROGATES.search(path):
        return None
    path = _beside(path, place) or path
    # A leading # would make it a comment, a leading blank is lost on players that trim lines, and a leading - is an
    # option where lines are handed to a program.
    return f"./{path}" if path[0] in "#;[ -" else path


def _beside(path: str, place: Place | None) -> str | None:
    """The relative path from the list to a file beside it; else None."""
    return place.path_to(Path(path)) if place is not None and Path(path).is_absolute() else None


def file_uri(track: PlaylistTrack, place: Place | None) -> str | None:
    """The URI of the track's file, relative if the list is beside it; None unless its absolute path is known."""
    path = identifier(track, "file")
    if not path or _SURROGATES.search(path) or "\x00" in path:
        return None
    if (relative := _beside(path, place)) is not None:
        return Path("/", relative).as_uri().removeprefix("file:///")
    # A library of another system names its files as that system does: C:/Music/01.mp3.
    absolute = next((form for form in (Path(path), PureWindowsPath(path)) if form.is_absolute()), None)
    return absolute.as_uri() if absolute else None


def identifiers(track: PlaylistTrack) -> list[str]:
    """URIs that identify the track, MusicBrainz first: ListenBrainz reads only the first."""
    spotify = spotify_id(track)
    found = [recording_url(track), f"spotify:track:{spotify}" if spotify else None]
    return [uri for uri in found if uri]


def whole_seconds(track: PlaylistTrack) -> int:
    """Length in whole seconds, -1 when unknown or only assumed."""
    return round(track.seconds) if track.seconds and not track.seconds_estimated else -1


def milliseconds(track: PlaylistTrack) -> int | None:
    """Length in milliseconds, None when unknown or only assumed."""
    return round(track.seconds * 1000) if track.seconds and not track.seconds_estimated else None
