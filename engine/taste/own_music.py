"""What music a person has: the tracks they have files of, or without music folders what they played or kept."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from engine.canonical_keys import Level, artist_key, key_at, played_alike, relaxed_pair, track_key
from engine.store.history import played_tracks
from engine.store.music_files import MusicFile, tracks_with_files
from engine.taste.kept_tracks import kept_tracks
from engine.taste.rules import counted_listens


class _Named(Protocol):
    @property
    def artist(self) -> str: ...
    @property
    def track(self) -> str: ...


Named = TypeVar("Named", bound=_Named)


@dataclass(frozen=True, eq=False)
class OwnMusic:
    """The (artist key, title) of what a person has; `files` are theirs, if any folder was added."""

    tracks: tuple[tuple[str, str], ...]
    files: tuple[MusicFile, ...]
    versions: dict[str, list[str]]

    @classmethod
    def of(cls, tracks: Iterable[tuple[str, str]], files: Iterable[MusicFile] = ()) -> OwnMusic:
        """Of these (artist key, title), and the files of them."""
        tracks, versions = tuple(tracks), dict[str, list[str]]()
        for artist, title in tracks:
            versions.setdefault(relaxed_pair(artist, title), []).append(track_key(title))
        return cls(tracks, tuple(files), versions)

    def holds(self, artist_key: str, title: str) -> bool:
        """Whether the person has a track, in a version of the same performance."""
        return self.is_version(relaxed_pair(artist_key, title), track_key(title))

    def is_version(self, relaxed: str, track_key: str) -> bool:
        """Whether one of the tracks is a version of the one with these keys."""
        return any(played_alike(track_key, one) for one in self.versions.get(relaxed, ()))

    def lacking(self, tracks: Iterable[Named]) -> tuple[Named, ...]:
        """Those of some tracks the person does not have."""
        return tuple(one for one in tracks if not self.holds(artist_key(one.artist), one.track))

    def keys(self, level: Level) -> frozenset[str]:
        """The items of a level that the person has, for artists any track of."""
        return frozenset(key_at(level, artist, title) for artist, title in self.tracks)


def own_music(connection: sqlite3.Connection) -> OwnMusic:
    """What music the person has. Blocks and exclusions are left to the caller."""
    if files := tracks_with_files(connection):
        return OwnMusic.of(((str(one.artist_key), str(one.track)) for one in files), files)
    played = played_tracks(connection, counted_listens(connection))
    tracks = [(one.artist_key, one.track) for one in played]
    return OwnMusic.of(tracks + [(one.artist_key, one.track) for one in kept_tracks(connection)])
