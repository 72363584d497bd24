"""mpv's protocol: commands to send, and the meaning of its messages. Pure.

Facts: mpv's JSON IPC, run with 0.35.1. Of a new process the first file loaded is entry 1 of its list, the next 2, and
no number comes again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from engine.live.clock import Clock, PlayedSong, Seen, Song

NAME = "mpv"
# `{fd}` is its end of a pair of sockets: it quits when the other end closes. No script of the system shows the desktop
# what it plays, which would be logged twice.
_ARGUMENTS = (
    "--idle=once",
    "--no-video",
    "--audio-display=no",
    "--no-terminal",
    "--no-config",
    "--load-scripts=no",
    "--volume-max=100",
    "--input-ipc-client=fd://{fd}",
)
# A file may be a playlist of addresses by what is in it: only what decodes sound looks at files, and opens no other.
_OF_A_FILE = {"ytdl": "no", "demuxer": "lavf", "demuxer-lavf-o": "protocol_whitelist=file"}
_ADDRESSES_TOO = ("--ytdl=yes", "--ytdl-format=bestaudio/best")
# How it exits where nothing happened: all, none or some of the files were played.
ENDED = (0, 2, 3)
# A message is not longer than this, in bytes.
MAX_LINE = 4 << 20
# So many seconds of a file may sound on after it was read to its end.
_BUFFERED = 2.0
# No position, length or volume is beyond this.
_LARGEST = 1e9
_OBSERVED = ("core-idle", "pause", "duration", "volume")
_POSITION = 1


def arguments(*, addresses: bool) -> tuple[str, ...]:
    """What mpv is started with; without `addresses` it opens files and nothing else."""
    files_alone = (f"--{name}={value}" for name, value in _OF_A_FILE.items())
    return (*(_ADDRESSES_TOO if addresses else files_alone), *_ARGUMENTS)


def command(*words: object, request: int = 0) -> bytes:
    """One command as it is sent."""
    return json.dumps({"command": words, "request_id": request}).encode() + b"\n"


ASK_POSITION = command("get_property", "time-pos", request=_POSITION)
PAUSE = command("cycle", "pause")
# Without `force` the last one does not end.
NEXT = command("playlist-next", "force")


def _loading(place: str) -> bytes:
    """What is sent to have a file, or an address, come after all others. Of a list that has both, a file opens no
    address either."""
    options = {} if "://" in place else _OF_A_FILE
    # By name: positions of arguments differ between versions.
    words = {"name": "loadfile", "url": place, "flags": "append-play", "options": options}
    return json.dumps({"command": words, "request_id": 0}).encode() + b"\n"


def seek(seconds: float) -> bytes:
    """On or back by so many seconds."""
    return command("seek", seconds, "relative")


def louder(by: int) -> bytes:
    """Louder, or with a negative number quieter, by so many hundredths."""
    return command("add", "volume", by)


@dataclass(frozen=True, slots=True)
class Now:
    """What plays: number `place` of `count`; position and length in seconds, null where not known; `volume` of 100."""

    song: Song
    place: int
    count: int
    position: float
    length: float | None
    paused: bool
    volume: int = 100


@dataclass(frozen=True, slots=True)
class Failed:
    """A song that could not be played, and a sentence why."""

    song: Song
    why: str


# Takes what plays now, and what came to its end.
Notify = Callable[[Now | None, Sequence[PlayedSong | Failed]], None]


class Playback:
    """Songs played one after another, each by the file in its `place`, as far as mpv's messages show.

    Times are as in `Seen`. Time counts while mpv sounds.
    """

    def __init__(self, songs: Sequence[Song], volume: int = 100) -> None:
        # What is in mpv's list, by its number there, and of that what is yet to come.
        self._songs: dict[int, Song] = {}
        self._waiting: list[int] = []
        self._loaded = self._played = 0
        self._first: Sequence[Song] = songs
        self._volume = volume
        self._clock = Clock()
        self._entry = 0
        self._song: Song | None = None
        self._sounds = self._paused = self._pressed = False
        self._length: float | None = None
        self._position, self._position_at = 0.0, 0.0

    @property
    def upcoming(self) -> Sequence[Song]:
        """What is yet to be played, in order."""
        return [self._songs[entry] for entry in self._waiting] if self._loaded else self._first

    @property
    def over(self) -> bool:
        """Whether all was played: mpv ends."""
        return self._loaded > 0 and self._song is None and not self._waiting

    def begin(self) -> bytes:
        """What is sent first."""
        observe = [command("observe_property", n, name) for n, name in enumerate(_OBSERVED, 1)]
        return b"".join([*observe, command("set_property", "volume", self._volume), *self._load(self._first)])

    def follow_with(self, songs: Sequence[Song]) -> bytes:
        """What is sent to have these songs, and no others, follow the one that plays."""
        if not self._loaded:
            self._first = songs
            return b""
        for entry in self._waiting:
            del self._songs[entry]
        self._waiting = []
        # All but the one that plays, whichever that is by now.
        return b"".join([command("playlist-clear"), *self._load(songs)])

    def _load(self, songs: Sequence[Song]) -> list[bytes]:
        for song in songs:
            self._loaded += 1
            self._songs[self._loaded] = song
            self._waiting.append(self._loaded)
        return [_loading(song.place) for song in songs]

    def next(self) -> bytes:
        """What is sent to go on to the next song."""
        self._pressed = True
        return NEXT

    def now(self, at: float) -> Now | None:
        """What plays at a moment; null before the first song and after the last."""
        if self._song is None:
            return None
        position, count = self._position_now(at), self._played + len(self._waiting)
        return Now(self._song, self._played, count, position, self._length, self._paused, self._volume)

    def take(self, line: bytes, at: float, wall: float) -> tuple[PlayedSong | Failed, ...]:
        """Process a message; returns songs that ended."""
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            return ()
        if not isinstance(message, dict):
            return ()
        match message:
            case {"event": "start-file", "playlist_entry_id": int(entry)} if entry in self._songs:
                self._entry, self._song = entry, self._songs[entry]
                self._played += 1
                self._waiting = [other for other in self._waiting if other > entry]
                self._length, self._position, self._position_at = self._song.length, 0.0, at
            case {"event": "end-file"}:
                return self._ended(message, at, wall)
            case {"event": "property-change", "name": str(name)}:
                return self._changed(name, message.get("data"), at, wall)
            case {"request_id": 1, "data": data} if (position := _number(data)) is not None:
                self._position, self._position_at = position, at
                return self._see(at, wall)
        return ()

    def end(self, at: float, wall: float, *, pressed: bool = False) -> tuple[PlayedSong, ...]:
        """Playback ended; `pressed` if something else was chosen."""
        self._song, self._sounds = None, False
        return self._clock.end(at, wall, pressed=pressed)

    def _position_now(self, at: float) -> float:
        position = self._position + (at - self._position_at if self._sounds else 0.0)
        return min(position, self._length) if self._length else position

    def _changed(self, name: str, value: Any, at: float, wall: float) -> tuple[PlayedSong, ...]:
        if name == "pause":
            self._paused = value is True
        elif name == "duration" and (length := _number(value)) is not None:
            self._length = length
        elif name == "volume" and (volume := _number(value)) is not None:
            self._volume = round(volume)
        elif name == "core-idle" and self._song is not None:
            self._position, self._position_at = self._position_now(at), at
            self._sounds = value is False
            return self._see(at, wall)
        return ()

    def _see(self, at: float, wall: float) -> tuple[PlayedSong, ...]:
        if self._song is None:
            return ()
        song = self._song
        shown = Song(song.artist, song.title, song.album, self._length, f"{self._entry}", song.mbid)
        # An entry plays once, wherever in it one seeks to: the clock need not know the position.
        return self._clock.see(Seen(at, wall, shown, self._sounds))

    def _ended(self, message: dict[str, Any], at: float, wall: float) -> tuple[PlayedSong | Failed, ...]:
        song, pressed = self._song, self._pressed
        self._pressed = False
        if message.get("reason") == "error" and song is not None:
            # It may have sounded until then: a sound device went away. Nobody went on from it.
            return (*self.end(at, wall), Failed(song, _why(song, message.get("file_error"))))
        rest = 0.0
        if message.get("reason") == "eof" and self._length:
            # It sounds to its end.
            rest = self._length - self._position_now(at)
            rest = rest if 0 < rest <= _BUFFERED else 0.0
            self._sounds = True
            self._see(at, wall)
        return self.end(at + rest, wall + rest, pressed=pressed)


def _number(value: object) -> float | None:
    """What is said, where it is a number one can count with; not an infinite one, which JSON does not have."""
    return float(value) if isinstance(value, int | float) and abs(value) < _LARGEST else None


def _why(song: Song, error: object) -> str:
    if isinstance(error, str) and "audio output" in error:
        return "mpv found no sound device it can use."
    if "://" not in song.place:
        return f"{song.place} is gone or damaged."
    return (
        f"nothing came of {song.place}. Are you online, and is yt-dlp installed where the address needs it?"
    )
