"""An artist or a track, as it is opened, copied, liked and added to playlists."""

from __future__ import annotations

from typing import NamedTuple

from tuiapp.safe import shown


class Music(NamedTuple):
    """An artist, or a track of theirs."""

    artist: str
    track: str | None = None

    @property
    def name(self) -> str:
        """The name shown and copied: `artist - track`."""
        return f"{self.artist} - {self.track}" if self.track else self.artist

    @property
    def words(self) -> dict[str, str]:
        """The values for placeholders of an address or a command."""
        artist, track = plain(self.artist), plain(self.track or "")
        return {"artist": artist, "track": track, "query": f"{artist} {track}".strip()}


def plain(text: str) -> str:
    """Without control characters and line ends."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def copied(music: list[Music]) -> str:
    """The message after copying: a few names, or their number."""
    names = [shown(one.name) for one in music]
    return f"Copied: {names[0]}." if len(names) == 1 else f"Copied: {names[0]} and {len(names) - 1} more."
