"""The tracks of the last mixes, so that each can be continued. Not stored in a private session."""

from __future__ import annotations

from collections.abc import Sequence

from engine.playlists.playlist import PlaylistTrack
from engine.session.library import Library

# How many of the latest mixes are stored.
MAX_MIXES = 50


class LastMixes:
    """The latest mixes, by the digest of their seeds."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def of(self, seeds: str) -> tuple[PlaylistTrack, ...]:
        """Artist and title of each track of the last mix of these seeds; empty if there was none."""
        return tuple(PlaylistTrack(artist, title) for artist, title in self._read().get(seeds, ()))

    def keep(self, seeds: str, tracks: Sequence[PlaylistTrack], since: str) -> None:
        """Store this as the last mix of these seeds; `since` was the mark of the last forgetting when it was begun."""
        import msgspec

        if self._library.private or not seeds:
            return
        mixes = self._read()
        mixes.pop(seeds, None)
        mixes[seeds] = [(track.artist, track.track) for track in tracks]
        kept = dict(list(mixes.items())[-MAX_MIXES:])
        self._library.keep_derived(self._library.folders.mixes, msgspec.json.encode(kept), since)

    def _read(self) -> dict[str, list[tuple[str, str]]]:
        import msgspec

        try:
            data = self._library.folders.mixes.read_bytes()
            return msgspec.json.decode(data, type=dict[str, list[tuple[str, str]]])
        # A damaged file is replaced: every mix starts over.
        except (OSError, ValueError, RecursionError):
            return {}
