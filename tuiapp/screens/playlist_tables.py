"""The two tables of the Playlists view: the saved lists, and the tracks of one; and what is asked for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.content import Content

from engine.wording import quantity
from tuiapp.music import Music
from tuiapp.safe import shown
from tuiapp.text import day, duration, tempo
from tuiapp.widgets.columns import Column
from tuiapp.widgets.table import Table

if TYPE_CHECKING:
    from engine.playlists.playlist import PlaylistTrack
    from engine.playlists.saved import SavedPlaylist
    from engine.session import Session


@dataclass(frozen=True, slots=True)
class Row:
    """A track at its place in a list, from 1: a track may be in a list twice, a place is there once."""

    place: int
    track: PlaylistTrack


def rows_of(tracks: Sequence[PlaylistTrack]) -> list[Row]:
    """The tracks with their places."""
    return [Row(place, track) for place, track in enumerate(tracks, 1)]


def tracks_in_words(count: int) -> str:
    """`1 track`, `2 tracks`."""
    return quantity(count, "tracks")


def heading(name: str, tracks: Sequence[PlaylistTrack], blocked: int) -> Content:
    """The line above a list's tracks, with the number of blocked ones."""
    seconds = sum(track.seconds or 0.0 for track in tracks)
    parts = [tracks_in_words(len(tracks)), duration(seconds) if seconds else ""]
    if blocked:
        parts.append(f"{blocked:,} blocked not shown")
    said = "   ".join(part for part in (*parts, "esc back") if part)
    return Content.assemble(Content.styled(shown(name), "bold $text-accent"), f"   {said}")


def music_in(track: PlaylistTrack) -> Music:
    """A track of a list, as it is opened and liked."""
    return Music(track.artist, track.track)


def none_yet(backup: str, key: Callable[[str], str]) -> str:
    """How to get a first list, by the keys of actions; of an empty library first its `backup`, in a sentence."""
    return (f"{backup}\n\n" if backup else "") + (
        f"Press {key('playlists.new')} to create one, {key('playlists.mix')} for a mix, or "
        f"{key('discover.add_to')} on a row of Discover, Related or History.\nFor a context press "
        f"{key('view_contexts')}, then {key('contexts.save')} to save it."
    )


def how_to_fill(key: Callable[[str], str]) -> str:
    """How to fill an empty list, by the keys of actions."""
    return (
        f"Press {key('discover.add_to')} on rows of Discover, Related or History to add tracks; then "
        f"{key('playlists.continue')} adds matching ones."
    )


def tracks_of(names: Sequence[str]) -> Callable[[Session], list[PlaylistTrack]]:
    """What asks for the tracks of saved lists, one list after the other."""
    return lambda session: [track for name in names for track in session.playlists.show(name)]


def lists_table() -> Table[SavedPlaylist]:
    """The saved lists."""
    return Table(
        (
            Column("name", lambda row: row.name, 24, share=2, order=lambda row: row.name.casefold()),
            Column("for", lambda row: row.context, 10, order=lambda row: row.context),
            Column("tracks", lambda row: f"{row.tracks:,}", 6, right=True, order=lambda row: -row.tracks),
            Column(
                "length",
                lambda row: duration(row.seconds or None),
                8,
                right=True,
                order=lambda row: -row.seconds,
            ),
            Column("saved", lambda row: day(row.at), 12, right=True, order=lambda row: -row.at, least=60),
        ),
        key=lambda row: row.name,
        words=lambda row: f"{row.name} {row.context}",
        id="lists",
    )


def tracks_table() -> Table[Row]:
    """The tracks of one list. Sorting is for looking only: places stay what they are."""
    return Table(
        (
            Column("", lambda row: f"{row.place:,}", 3, right=True, order=lambda row: row.place),
            Column("artist", lambda row: row.track.artist, 16, share=2, order=lambda row: row.track.artist.casefold()),
            Column("track", lambda row: row.track.track or "any track", 18, share=3,
                   order=lambda row: row.track.track.casefold()),
            Column("", lambda row: "" if row.track.known else "new", 3, order=lambda row: row.track.known, least=60),
            Column("bpm", lambda row: tempo(row.track.bpm, row.track.factor), 6, right=True,
                   order=lambda row: row.track.bpm or 0.0),
            Column("length", _length, 8, right=True, order=lambda row: -(row.track.seconds or 0.0)),
        ),
        key=lambda row: str(row.place),
        words=lambda row: f"{row.track.artist} {row.track.track}",
        id="tracks",
    )  # fmt: skip


def _length(row: Row) -> str:
    seconds = row.track.seconds
    return ("~" if row.track.seconds_estimated else "") + duration(seconds) if seconds else ""
