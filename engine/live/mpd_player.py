"""Plays songs with MPD: adds them to its queue after the current song, watches them, and removes them again.

The rest of the queue stays, and continues after them. Facts: MPD's protocol, 0.23.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence

from engine.live.clock import Clock, PlayedSong, Seen, Song
from engine.live.mpd import LOST, NAME, Conversation, Pairs, RefusedError, quoted, speaking, split, trouble
from engine.live.mpv import Failed, Notify, Now

# Seconds between polls, and maximum lines of an answer about songs.
TICK = 1.0
_LINES = 200_000

Wish = Callable[[Conversation], Awaitable[object]]


async def songs_of(place: str, wanted: Sequence[tuple[str, str | None]]) -> list[list[Song]]:
    """What MPD has of each track (artist, title), one song at most, and of each artist (title null), in capitals or
    not. Raises one of LOST."""
    found: list[list[Song]] = []
    async with speaking(place) as mpd:
        for artist, title in wanted:
            words = f"(artist == {quoted(artist)})"
            if title is not None:
                words = f"({words} AND (title == {quoted(title)}))"
            songs = [*_songs(await mpd.ask(f"search {quoted(words)}", lines=_LINES))]
            found.append(songs if title is None else songs[:1])
    return found


def _songs(answered: Pairs) -> Iterator[Song]:
    tags: dict[str, str] = {}
    for name, value in (*answered, ("file", "")):
        if name == "file" and tags:
            length = _number(tags.get("duration"))
            names = tags.get("Artist", ""), tags.get("Title", ""), tags.get("Album", "")
            yield Song(*names, length, tags["file"], tags.get("MUSICBRAINZ_TRACKID", ""))
            tags = {}
        if name == "file" or tags:
            tags.setdefault(name, value)


def _number(text: str | None) -> float | None:
    try:
        return float(text or "")
    except ValueError:
        return None


class MpdPlayer:
    """Songs played by MPD at a place, one after another, each by what MPD calls it or the file in its `place`."""

    name = NAME

    def __init__(self, songs: Sequence[Song], place: str) -> None:
        self._place, self._address = place, split(place)[1]
        self._upcoming = [*songs]
        # What was put in MPD's queue, by its number there.
        self._ours: dict[int, Song] = {}
        self._wishes: asyncio.Queue[Wish] = asyncio.Queue()
        self._clock = Clock()
        self._song: Song | None = None
        self._played = 0
        self._failed: list[Failed] = []
        self._error = ""
        self._volume: int | None = None
        self._paused = self._pressed = self._ended = False

    @property
    def upcoming(self) -> Sequence[Song]:
        """What is yet to be played, in order."""
        return self._upcoming

    @property
    def over(self) -> bool:
        """Whether nothing more comes of it."""
        return self._ended

    def follow_with(self, songs: Sequence[Song]) -> None:
        """Have these songs, and no others, follow the one that plays."""
        self._upcoming = [*songs]

        async def follow(mpd: Conversation) -> None:
            playing = dict(await mpd.ask("status")).get("songid")
            await self._take_out(mpd, [one for one in self._ours if str(one) != playing])
            await self._put_in(mpd, songs)

        self._wishes.put_nowait(follow)

    def pause(self) -> None:
        """Pause, or play on."""
        self._wishes.put_nowait(lambda mpd: mpd.ask(f"pause {int(not self._paused)}"))

    def next(self) -> None:
        """Go on to the next song."""
        self._wishes.put_nowait(lambda mpd: mpd.ask("next"))

    def seek(self, seconds: float) -> None:
        """Go on or back within the song."""
        self._wishes.put_nowait(lambda mpd: mpd.ask(f"seekcur {seconds:+.0f}"))

    def louder(self, by: int) -> None:
        """Louder, or quieter, by so many hundredths, where MPD sets the volume."""
        if self._volume is not None:
            self._volume = max(0, min(100, self._volume + by))
            self._wishes.put_nowait(lambda mpd: mpd.ask(f"setvol {self._volume}"))

    def end(self, *, pressed: bool) -> Sequence[PlayedSong]:
        """Stop it; returns what was played of the last song. `pressed` if something else was chosen."""
        self._ended, self._pressed = True, pressed
        self._wishes.put_nowait(_nothing)
        return self._clock.end(time.monotonic(), time.time(), pressed=pressed)

    async def run(self, notify: Notify) -> str:
        """Play to the end, and `notify` of what plays and what ended; returns a sentence if it failed before."""
        try:
            async with speaking(self._place) as mpd:
                if first := await self._put_in(mpd, self._upcoming):
                    await mpd.ask(f"playid {first[0]}")
                while not self._ended and await self._look(mpd, notify):
                    await self._do_wishes(mpd)
                await self._leave(mpd)
        except LOST as error:
            return f"MPD at {self._address} can't be used: {trouble(error)}."
        return ""

    async def _do_wishes(self, mpd: Conversation) -> None:
        """Execute pending requests, waiting for a while."""
        try:
            async with asyncio.timeout(TICK):
                wishes = [await self._wishes.get()]
        except TimeoutError:
            return
        while not self._wishes.empty():
            wishes.append(self._wishes.get_nowait())
        for wish in wishes:
            # It may have been done for another: the song is over, or there is no volume to set.
            with contextlib.suppress(RefusedError):
                await wish(mpd)

    async def _look(self, mpd: Conversation, notify: Notify) -> bool:
        """Poll what plays; false once it is another song."""
        status = dict(await mpd.ask("status"))
        at, wall = time.monotonic(), time.time()
        if self._ended:  # meanwhile
            return False
        state, number = status.get("state"), status.get("songid", "")
        song = self._ours.get(int(number)) if number and state != "stop" else None
        volume = _number(status.get("volume"))
        self._volume = None if volume is None or volume < 0 else round(volume)
        self._note_error(status.get("error", ""))
        if song is not None and song is not self._song:
            self._played += 1
            # Whatever was passed over does not come any more.
            after = next((n for n, one in enumerate(self._upcoming, 1) if one is song), 0)
            self._upcoming = self._upcoming[after:]
        self._song, now = song, None
        if song is None:
            ended = self._clock.see(Seen(at, wall, playing=state == "play"))
        else:
            playing, position = state == "play", _number(status.get("elapsed"))
            # As a song ends, it may be the next one's already.
            length = song.length or _number(status.get("duration"))
            self._paused = not playing
            shown = Song(song.artist, song.title, song.album, length, number, song.mbid)
            ended = self._clock.see(Seen(at, wall, shown, playing, position))
            count, volume = self._played + len(self._upcoming), 100 if self._volume is None else self._volume
            now = Now(song, self._played, count, position or 0.0, length, self._paused, volume)
        failed, self._failed = self._failed, []
        notify(now, (*ended, *failed))
        return song is not None

    def _note_error(self, error: str) -> None:
        if error and error != self._error and (song := self._song or next(iter(self._ours.values()), None)):
            self._failed.append(Failed(song, f"MPD says: {error}"))
        self._error = error

    async def _put_in(self, mpd: Conversation, songs: Sequence[Song]) -> list[int]:
        """Put songs into the queue after the one that plays; their numbers there."""
        status = dict(await mpd.ask("status"))
        # Without one that plays or did, they come last.
        at = int(status["song"]) + 1 if "song" in status else None
        numbers: list[int] = []
        for song in songs:
            place = "" if at is None else f" {at + len(numbers)}"
            try:
                answered = dict(await mpd.ask(f"addid {quoted(song.place)}{place}"))
            except RefusedError as error:
                self._failed.append(Failed(song, f"MPD says: {error}"))
                self._upcoming = [one for one in self._upcoming if one is not song]
                continue
            numbers.append(int(answered.get("Id", "")))
            self._ours[numbers[-1]] = song
        return numbers

    async def _take_out(self, mpd: Conversation, numbers: Sequence[int]) -> None:
        for number in numbers:
            del self._ours[number]
            with contextlib.suppress(RefusedError):  # another took it out
                await mpd.ask(f"deleteid {number}")

    async def _leave(self, mpd: Conversation) -> None:
        """Restore the queue; stops playing, unless something else is about to play."""
        playing = dict(await mpd.ask("status")).get("songid", "")
        ours = playing.isdigit() and int(playing) in self._ours
        if ours and self._ended and not self._pressed:
            await mpd.ask("stop")
        keep = playing if self._pressed else ""
        await self._take_out(mpd, [one for one in self._ours if str(one) != keep])


async def _nothing(_mpd: Conversation) -> None:
    """Wakes who waits for a wish."""
