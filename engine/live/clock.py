"""Decides what counts as a play from a player's states: half a song or four minutes of it.

Pure: it gets states with times, and reads no clock itself. Only how much of a song sounded makes a play, never the
position, so that seeking has no effect; where it was left, whether it was skipped. The rule is that of Last.fm and
ListenBrainz.
"""

from __future__ import annotations

from dataclasses import dataclass

# Half of a song makes a play, or this many seconds of a long one or one of unknown length.
ENOUGH = 240.0
# A song left within this many seconds was skipped; below the first it was only shown, as by a player that opens a list.
_SKIPPED, _SHOWN = 30.0, 1.0
# A song left this near to its end ran out, also where one sought there: crossfading players go on that early.
_END = 5.0
# A song that already counted begins again if it is this near to its beginning, in seconds.
_BEGINNING = 2.0
# Seconds a polled player is assumed to sound after its last answer: beyond, it hangs.
_UNSEEN = 2.0
# A pause longer than this ends the play.
_FORGOTTEN = 1800.0


@dataclass(frozen=True, slots=True)
class Song:
    """A song; `place` (an address, a position in a queue) distinguishes two of one name. `length` in seconds."""

    artist: str
    title: str
    album: str = ""
    length: float | None = None
    place: str = ""
    mbid: str = ""

    @property
    def name(self) -> tuple[str, str, str]:
        """The identity of a song: some players report length and album later."""
        return self.artist, self.title, self.place


@dataclass(frozen=True, slots=True)
class Seen:
    """A player's state: `at` by a clock that stops while the computer sleeps, `wall` in seconds UTC.

    `song` is null without artist and title. `position` is in the song, null if unknown. At a `rate` of 2 twice as much
    of the song is heard.
    """

    at: float
    wall: float
    song: Song | None = None
    playing: bool = False
    position: float | None = None
    rate: float = 1.0


@dataclass(frozen=True, slots=True)
class PlayedSong:
    """A song of which `seconds` were heard from `started` (seconds UTC) on; `skipped` if that is not a play."""

    song: Song
    started: float
    seconds: float
    skipped: bool = False


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict given in the player: `like`, `hide`, or null for neither."""

    song: Song
    verdict: str | None


def enough(length: float | None) -> float:
    """The seconds of a song of this length that make a play."""
    return min(length / 2, ENOUGH) if length else ENOUGH


class Clock:
    """The clock of one player. Deterministic."""

    def __init__(self) -> None:
        self._last: Seen | None = None
        self._started = 0.0
        self._played = self._position = 0.0
        # The current song, with the most complete metadata seen.
        self._song: Song | None = None

    def see(self, seen: Seen) -> tuple[PlayedSong, ...]:
        """Process a player's state; returns songs that ended."""
        before, self._last = self._last, seen
        if before is None:
            # A song already playing when first seen began earlier.
            self._begin(seen, seen.wall - (seen.position or 0.0))
            return ()
        passed = max(0.0, seen.at - before.at)
        if before.playing:
            self._played += passed * before.rate
            self._position += passed * before.rate
        same = self._song is not None and seen.song is not None and seen.song.name == self._song.name
        forgotten = not before.playing and passed > _FORGOTTEN
        if same and not forgotten and not self._begins_again(seen):
            if seen.song is not None and seen.song.length:
                self._song = seen.song
            if seen.position is not None:
                self._position = seen.position
            return ()
        ended = self._end(pressed_on=seen.playing and not same and not self._ran_out())
        self._begin(seen, seen.wall)
        return ended

    def end(self, at: float, wall: float, *, pressed: bool) -> tuple[PlayedSong, ...]:
        """A polled player ended; `pressed` if something else was chosen."""
        late = max(0.0, at - self._last.at - _UNSEEN) if self._last is not None else 0.0
        return self.see(Seen(at - late, wall - late, playing=pressed))

    def _begins_again(self, seen: Seen) -> bool:
        if not seen.playing or seen.position is None or self._song is None:
            return False
        plays = enough(self._song.length)
        # In a song of seconds a play comes before the two are over: where it just goes on it is beyond half of that.
        return self._played >= plays and seen.position < min(_BEGINNING, plays / 2)

    def _ran_out(self) -> bool:
        length = self._song.length if self._song is not None else None
        return length is not None and self._position >= length - _END

    def _begin(self, seen: Seen, started: float) -> None:
        self._song, self._started, self._played = seen.song, started, 0.0
        self._position = seen.position or 0.0

    def _end(self, *, pressed_on: bool) -> tuple[PlayedSong, ...]:
        song = self._song
        if song is None:
            return ()
        # A buffering player reports that it plays.
        played = min(self._played, song.length) if song.length else self._played
        if played >= enough(song.length):
            return (PlayedSong(song, self._started, played),)
        if pressed_on and _SHOWN <= played < _SKIPPED:
            return (PlayedSong(song, self._started, played, skipped=True),)
        return ()
