"""Which plays there were, by what a player was seen to do: half a song or four minutes of it make a play.

Pure: it gets what is seen and when, and asks no clock itself. What counts is the time a song sounded, never where
in it the player stands, so that seeking neither adds nor takes. The rule is that of Last.fm and ListenBrainz.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

# Half of a song makes a play, so many seconds of a long one, or of one whose length is not known.
ENOUGH = 240.0
# Pressed on within so many seconds, a song was skipped; a player that opens a list shows some for an instant.
_SKIPPED, _SHOWN = 30.0, 1.0
# So near to its beginning, in seconds, a song that was a play already begins again.
_BEGINNING = 2.0
# A player that is asked every second sounds no longer than this after it was last seen to: beyond, it hangs.
_UNSEEN = 2.0
# A pause longer than this ends the play.
_FORGOTTEN = 1800.0


@dataclass(frozen=True, slots=True)
class Song:
    """What plays; `place` (an address, a place in a queue) distinguishes two of one name. `length` in seconds."""

    artist: str
    title: str
    album: str = ""
    length: float | None = None
    place: str = ""
    mbid: str = ""

    @property
    def name(self) -> tuple[str, str, str]:
        """What makes it the same song as before: some players know the length and the album later."""
        return self.artist, self.title, self.place


@dataclass(frozen=True, slots=True)
class Seen:
    """What a player shows: `at` by a clock that stands still while the computer sleeps, `wall` in seconds UTC.

    `song` is null where nothing plays that has an artist and a title. `position` is where in the song, null where it
    is not known.
    """

    at: float
    wall: float
    song: Song | None = None
    playing: bool = False
    position: float | None = None


@dataclass(frozen=True, slots=True)
class PlayedSong:
    """A song that was played from `started` (seconds UTC) for `seconds`; `skipped` where that makes no play."""

    song: Song
    started: float
    seconds: float
    skipped: bool = False


@dataclass(frozen=True, slots=True)
class Judged:
    """What the person said of a song in the player: `like`, `hide`, or null for neither."""

    song: Song
    verdict: str | None


def enough(length: float | None) -> float:
    """The seconds of a song of this length that make a play."""
    return min(length / 2, ENOUGH) if length else ENOUGH


class Clock:
    """One player's. Given the same twice, it counts the same."""

    def __init__(self) -> None:
        self._last: Seen | None = None
        self._started = 0.0
        self._heard = 0.0
        # Of the song under way the fullest that was shown.
        self._song: Song | None = None

    def see(self, seen: Seen) -> tuple[PlayedSong, ...]:
        """Take note of what a player shows now; what thereby came to its end."""
        before, self._last = self._last, seen
        if before is None:
            # A song that played already when it was first looked at began earlier.
            self._begin(seen, seen.wall - (seen.position or 0.0))
            return ()
        passed = max(0.0, seen.at - before.at)
        if before.playing:
            self._heard += passed
        same = self._song is not None and seen.song is not None and seen.song.name == self._song.name
        forgotten = not before.playing and passed > _FORGOTTEN
        if same and not forgotten and not self._begins_again(seen):
            if seen.song is not None and seen.song.length:
                self._song = seen.song
            return ()
        ended = self._end(pressed_on=seen.playing and not same)
        self._begin(seen, seen.wall)
        return ended

    def end(self, at: float, wall: float, *, pressed: bool) -> tuple[PlayedSong, ...]:
        """One that is asked every second is not any more; `pressed` where something else was chosen."""
        late = max(0.0, at - self._last.at - _UNSEEN) if self._last is not None else 0.0
        return self.see(Seen(at - late, wall - late, playing=pressed))

    def _begins_again(self, seen: Seen) -> bool:
        if not seen.playing or seen.position is None or self._song is None:
            return False
        plays = enough(self._song.length)
        # In a song of seconds a play comes before the two are over: where it just goes on it is beyond half of that.
        return self._heard >= plays and seen.position < min(_BEGINNING, plays / 2)

    def _begin(self, seen: Seen, started: float) -> None:
        self._song, self._started, self._heard = seen.song, started, 0.0

    def _end(self, *, pressed_on: bool) -> tuple[PlayedSong, ...]:
        song = self._song
        if song is None:
            return ()
        # A player that waits for its source shows that it plays.
        heard = min(self._heard, song.length) if song.length else self._heard
        if heard >= enough(song.length):
            return (PlayedSong(song, self._started, heard),)
        if pressed_on and _SHOWN <= heard < _SKIPPED:
            return (PlayedSong(song, self._started, heard, skipped=True),)
        return ()


def played_songs(seen: Iterable[Seen]) -> Iterator[PlayedSong]:
    """All that came to its end while a player was looked at."""
    clock = Clock()
    for one in seen:
        yield from clock.see(one)
