"""Which songs of a server a playlist's tracks are: by MusicBrainz' recording, else by names and length."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from engine.canonical_keys import artist_key, played_alike, relaxed_pair, track_key
from engine.playlists.local_files import AS_LONG
from engine.playlists.playlist import PlaylistTrack


@dataclass(frozen=True, slots=True)
class Song:
    """What a server has: its `id` of it, each name it is credited to, `seconds` and `recording` where it says."""

    id: str
    artists: tuple[str, ...]
    title: str
    seconds: float | None = None
    recording: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """The server's `ids` of the tracks it has, in the playlist's order, and the tracks it has not."""

    ids: tuple[str, ...]
    missing: tuple[PlaylistTrack, ...]


class Server(Protocol):
    """A server playlists can be sent to. `address` is where, without a password."""

    service: str
    address: str

    def songs(self, tracks: Sequence[PlaylistTrack]) -> Iterable[Song]:
        """What the server has, among it all it has of `tracks`. Raises DiscoverError."""

    def put(
        self,
        name: str,
        ids: Sequence[str],
        there: str,
        note: Callable[[str], None],
        sent: Callable[[int], None],
    ) -> bool:
        """Have `ids` be the playlist the server knows as `there`, or a new one where that is empty or gone;
        returns whether it was there.

        `note` is called before anything of it is sent, and when more is known, with the server's id of it, empty
        where it has none yet; `sent` with how many ids are there so far. No other playlist is touched. Raises
        DiscoverError.
        """


def match(tracks: Sequence[PlaylistTrack], songs: Iterable[Song]) -> Match:
    """Find the tracks among a server's songs, as `engine.playlists.local_files` finds files: a remastered version
    counts where it is as long, a live one does not for the studio's."""
    pairs = [relaxed_pair(track.artist, track.track) for track in tracks]
    recordings = [dict(track.ids).get("mb_recording", "").lower() for track in tracks]
    wanted, known = set(pairs), {*recordings} - {""}
    by_recording: dict[str, list[Song]] = {}
    by_pair: dict[str, list[Song]] = {}
    for song in songs:
        if song.recording.lower() in known:
            by_recording.setdefault(song.recording.lower(), []).append(song)
        for pair in {relaxed_pair(artist, song.title) for artist in song.artists} & wanted:
            by_pair.setdefault(pair, []).append(song)
    found = [
        _nearest(by_recording.get(recording, ()), track) or _best(by_pair.get(pair, ()), track)
        for track, pair, recording in zip(tracks, pairs, recordings, strict=True)
    ]
    return Match(
        tuple(song.id for song in found if song is not None),
        tuple(track for track, song in zip(tracks, found, strict=True) if song is None),
    )


def _best(songs: Sequence[Song], track: PlaylistTrack) -> Song | None:
    artist, title = track.pair
    same = [one for one in songs if track_key(one.title) == title and artist in map(artist_key, one.artists)]
    alike = [
        one for one in songs if played_alike(title, track_key(one.title)) and _apart(one, track) <= AS_LONG
    ]
    return _nearest(same or alike, track)


def _nearest(songs: Sequence[Song], track: PlaylistTrack) -> Song | None:
    return min(songs, key=lambda one: _apart(one, track), default=None)


def _apart(song: Song, track: PlaylistTrack) -> float:
    """Seconds between the lengths; none where either is unknown."""
    known = song.seconds and track.seconds and not track.seconds_estimated
    return abs(song.seconds - track.seconds) if known and song.seconds and track.seconds else 0.0
