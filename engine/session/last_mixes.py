"""The last mixes: the tracks of each, to continue it, and when each of the day was begun. Not stored in a private
session."""

from __future__ import annotations

from collections.abc import Sequence

from engine.paths import bytes_of
from engine.playlists.playlist import PlaylistTrack
from engine.session.library import Library

# How many of the latest mixes are stored.
MAX_MIXES = 50


class LastMixes:
    """The latest mixes, by the digest of their seeds: their tracks, or when one was begun."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def of(self, seeds: str) -> tuple[PlaylistTrack, ...]:
        """Artist and title of each track of the last mix of these seeds; empty if there was none."""
        there = self._read().get(seeds)
        return (
            tuple(PlaylistTrack(artist, title) for artist, title in there) if isinstance(there, list) else ()
        )

    def keep(self, seeds: str, tracks: Sequence[PlaylistTrack], since: str) -> None:
        """Store this as the last mix of these seeds; `since` was the mark of the last forgetting when it was begun."""
        if seeds:
            self._write(seeds, [(track.artist, track.track) for track in tracks], since)

    def begun(self, seeds: str, now: int, since: str) -> int:
        """When the mix of these seeds was begun (seconds UTC): `now`, if it was not before; `since` as in `keep`."""
        there = self._read().get(seeds)
        if not isinstance(there, int):
            self._write(seeds, now, since)
            return now
        return there

    def _write(self, seeds: str, mix: list[tuple[str, str]] | int, since: str) -> None:
        import msgspec

        if self._library.private:
            return
        mixes = self._read()
        mixes.pop(seeds, None)
        mixes[seeds] = mix
        kept = dict(list(mixes.items())[-MAX_MIXES:])
        self._library.keep_derived(self._library.folders.mixes, msgspec.json.encode(kept), since)

    def _read(self) -> dict[str, list[tuple[str, str]] | int]:
        import msgspec

        try:
            data = bytes_of(self._library.folders.mixes)
            return msgspec.json.decode(data, type=dict[str, list[tuple[str, str]] | int])
        # A damaged file is replaced: every mix starts over.
        except (OSError, ValueError, RecursionError):
            return {}
