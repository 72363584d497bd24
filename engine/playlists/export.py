"""Writes a playlist to a file the person names."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.errors import NothingYetError
from engine.playlists.files import format_of, write
from engine.playlists.files.written import display, identifier
from engine.playlists.local_files import is_there
from engine.playlists.playlist import PlaylistTrack
from engine.privacy import Door
from engine.wording import few, one_or_many, quantity

# The formats whose entries are files.
_WITH_FILES = ("m3u8", "pls", "xspf", "jspf")


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What was written: `tracks` are in the file, `left_out` could not be expressed in its format.

    `note` are sentences about these, may be empty; `missing` are tracks without a file (where the person has files, or
    the format needs them), or without the id it needs; `not_there` are those whose file does not exist now.
    """

    file: Path
    format: str
    tracks: int
    left_out: int
    note: str
    missing: tuple[PlaylistTrack, ...] = ()
    not_there: tuple[PlaylistTrack, ...] = ()


def export_playlist(
    door: Door,
    path: Path,
    tracks: Sequence[PlaylistTrack],
    title: str,
    format: str | None = None,  # noqa: A002 - the option's name
    date: datetime.datetime | None = None,
    music: Sequence[Path] = (),
) -> ExportReport:
    """Write `tracks` to `path`, in the format of its ending unless `format` says otherwise.

    A list in one of the folders of `music` names the files in it relative to itself.

    Entries without a title are left out, since a playlist names tracks. If no title is known at all, it is a list of
    artists, in the formats that can hold one. Allowed in a private session, since the person names the file. An
    existing file is replaced in one step. Raises UsageError for an unknown format, NothingYetError if nothing could be
    in the file, which is then left as it is, DiscoverError if it cannot be written.
    """
    kind = format.lower() if format else format_of(path)
    if not tracks:
        raise NothingYetError(f"{title} has no tracks. Nothing was written.")
    titled = [track for track in tracks if track.track]
    named = titled or tracks
    written = write(named, title, kind, date=date, folder=path.parent, music=music)
    if not written.tracks:
        raise NothingYetError(
            _none_in(kind, titled) if titled else _no_titles(len(tracks), "nothing was written")
        )
    door.export(path, written.data)
    by_name = _by_name(len(tracks) - len(named))
    if not titled:
        by_name = _no_titles(len(tracks), f"{kind.upper()} names the artists alone")
    not_there = tuple(filter(_is_away, named)) if kind in _WITH_FILES else ()
    missing = written.missing
    if kind != "uris" and not missing and (music or any(identifier(one, "file") for one in named)):
        missing = tuple(one for one in named if not identifier(one, "file"))
    notes = by_name, _note(kind, len(named), missing, written.tracks), _note_on_away(not_there)
    left_out = len(tracks) - written.tracks
    said = " ".join(filter(None, notes))
    return ExportReport(path, kind, written.tracks, left_out, said, missing, not_there)


def _is_away(track: PlaylistTrack) -> bool:
    """Whether a track's file is not where it is said to be; a path of another system says nothing of this one."""
    path = identifier(track, "file")
    return path is not None and Path(path).is_absolute() and not is_there(path)


def _note_on_away(tracks: Sequence[PlaylistTrack]) -> str:
    if not tracks:
        return ""
    files = f"{quantity(len(tracks), 'files')} {one_or_many(len(tracks), 'are', 'is')}"
    return (
        f"{files} not there now, and listed all the same: {few([display(one) for one in tracks])}. If they are on a "
        "drive, connect it."
    )


def _no_titles(artists: int, so: str) -> str:
    return (
        f"No track by any of the {quantity(artists, 'artists')} is known here, so {so}. "
        "Add data that names tracks: discover community fetch tracks, or from a file: discover community add PATH."
    )


def _none_in(kind: str, tracks: Sequence[PlaylistTrack]) -> str:
    if kind != "uris" and any(identifier(one, "file") for one in tracks):
        return (
            f"{_unwritable(kind, tracks)} Nothing else could be listed, so nothing was written. Rename the files, or "
            "export as XSPF or JSPF."
        )
    what = "a Spotify id" if kind == "uris" else "a file on this machine"
    other = (
        "import a history of Spotify's or add data with its ids"
        if kind == "uris"
        else "add the folder your music is in: discover library add DIR"
    )
    return (
        f"None of the {quantity(len(tracks), 'tracks')} has {what}, which is what {kind.upper()} lists, so nothing was "
        f"written. Export as CSV, XSPF, JSPF, JSON or TXT, which name tracks; or {other}."
    )


def _by_name(artists: int) -> str:
    if not artists:
        return ""
    return f"{quantity(artists, 'artists')} of whom no track is known {one_or_many(artists, 'were', 'was')} left out."


def _unwritable(kind: str, tracks: Sequence[PlaylistTrack]) -> str:
    """Tracks whose file has a path that a line of text cannot hold."""
    files = tuple(one for one in tracks if identifier(one, "file"))
    what = one_or_many(len(files), "files have", "file has")
    return (
        f"{len(files):,} {what} a line break or another control character in the path, which {kind.upper()} cannot "
        f"hold: {few([display(one) for one in files])}."
    )


def _note(kind: str, tracks: int, missing: Sequence[PlaylistTrack], written: int) -> str:
    if not missing:
        return ""
    unwritable = () if kind == "uris" else tuple(one for one in missing if identifier(one, "file"))
    if unwritable:
        rest = [one for one in missing if one not in unwritable]
        return f"{_unwritable(kind, unwritable)} {_note(kind, tracks, rest, written)}".strip()
    number = len(missing)
    of, named = quantity(tracks, "tracks have", "track has"), few([display(one) for one in missing])
    if kind == "uris":
        left_out = f"{one_or_many(number, 'were', 'was')} left out"
        return f"{number:,} of {of} no Spotify id and {left_out}: {named}."
    so = f"{kind.upper()} lists them by name."
    if written < tracks:
        so = f"{kind.upper()} can only list them as comments. For a streaming service, export CSV, TXT or uris."
    return f"{number:,} of {of} no local file: {named}. {so}"
