"""Records that parsers yield: plays, likes, playlist entries, and dropped rows with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from engine.store.play import Ids, Play

__all__ = ["Dropped", "Ids", "Like", "Names", "Options", "Play", "PlaylistEntry", "Record", "Unplayed"]

# Reasons for dropping a row, shown in the report.
PRIVATE = "private session"
PODCAST = "podcast"
AUDIOBOOK = "audiobook"
VIDEO = "video"
ADVERT = "advert"
SEARCH = "search"
POST = "post"
VISIT = "visit of a channel or page"
LIKED = "a like, not a play"
OTHER_ACTIVITY = "other activity"
RADIO = "radio or other non-track"
SKIPPED = "skipped"
NO_NAMES = "no artist or title"
NO_ARTIST = "no artist in the file"
NO_TIME = "unreadable time"
ROUNDED = "time rounded by a spreadsheet"
BROKEN = "unreadable record"
FILE_ONLY = "file without names"
NOW_PLAYING = "now playing"
NOTHING = "nothing to count"
REPEATED = "repeated in the file"
SEGMENT = "part of a longer play"
OTHER_EVENT = "not the end of a play"
AS_LIKE = "kept as a like"
AS_PLAYLIST = "kept as a playlist entry"
LIKE_WITHOUT_NAME = "like of an unknown track"
ENTRY_WITHOUT_NAME = "file or id of an unknown track"
LISTED = "library entry without plays"
OTHER_PERSON = "of another person"
SEVERAL_PEOPLE = "of several people: say whose with --map user=NAME"


class Dropped(msgspec.Struct, gc=False):
    """A row that became no listen. `row` is its position in the file from 1 where the parser knows better than by
    counting; `cut` says that the file ends inside it."""

    reason: str
    row: int | None = None
    cut: bool = False


class Like(msgspec.Struct, gc=False):
    """A track, or with `title` None an artist, the person marked: `verdict` is `like`, `hide` or `block`.

    Without an artist the track is the one of the library that goes by one of `ids`.
    """

    artist: str
    title: str | None = None
    verdict: str = "like"
    at: int | None = None
    ids: Ids = ()


class PlaylistEntry(msgspec.Struct, gc=False):
    """One track of a playlist, in order of appearance.

    Without an artist the track is the one of the library that goes by one of `ids`.
    """

    playlist: str
    artist: str
    title: str
    album: str | None = None
    duration_ms: int | None = None
    ids: Ids = ()


class Unplayed(msgspec.Struct, gc=False):
    """A track of a player's library without plays there: its ids, for matching."""

    artist: str
    title: str
    ids: Ids


# From (scheme, id) to artist and title.
Names = Mapping[tuple[str, str], tuple[str, str]]

Record = Play | Dropped | Like | PlaylistEntry | Unplayed


@dataclass(frozen=True)
class Options:
    """How to read. `name` is the file's own name, `columns` a mapping given by the person (`--map`), `folder` where the
    file is, None for one in an archive.

    `zone` is the IANA zone for stamps without one (None: UTC), `encoding` how text is written (None: it is found
    out). `artists` finds the artist of a title where a format leaves it out: from (title key, day `YYYY-MM-DD` or '')
    to the names found. `names` finds artist and title of an id, where a file holds ids only.
    """

    name: str = ""
    keep_private: bool = False
    columns: Mapping[str, str] = field(default_factory=dict)
    folder: Path | None = None
    zone: str | None = None
    encoding: str | None = None
    artists: Mapping[tuple[str, str], frozenset[str]] = field(default_factory=dict)
    names: Names = field(default_factory=dict)
    # Notes on the file for the report, added by the reader.
    notes: list[str] = field(default_factory=list)
    # Ids already seen, the same object for the same ids in all files of a run: a cheap check for new ones.
    ids: dict[str, Ids] = field(default_factory=dict)
