"""What the last mixes were made of, so that each can go on where it ended. In a private session nothing is kept."""

from __future__ import annotations

from collections.abc import Sequence

from engine.playlists.playlist import PlaylistTrack
from engine.session.library import Library

# Of so many mixes, the ones made last.
MAX_MIXES = 50


class LastMixes:
    """The mixes made last, by the digest of their seeds."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def of(self, seeds: str) -> tuple[PlaylistTrack, ...]:
        """Artist and title of each track of the last mix of these seeds; none where there was none."""
        return tuple(PlaylistTrack(artist, title) for artist, title in self._read().get(seeds, ()))

    def keep(self, seeds: str, tracks: Sequence[PlaylistTrack], since: str) -> None:
        """The last mix of these seeds is this one now; `since` was the mark of the last forgetting as it was begun."""
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
        # One that is damaged is made anew: every mix begins again.
        except (OSError, ValueError, RecursionError):
            return {}
