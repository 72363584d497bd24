"""Playing files with mpv: what is sent to it, and what its messages mean. Pure.

Facts: mpv's JSON IPC, run with 0.35.1. Of a new process the first file loaded is entry 1 of its list, the next 2.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from engine.live.clock import Clock, Heard, Seen, Song

# `{fd}` is its end of a pair of sockets: it quits when the other end closes. No script of the system shows the desktop
# what it plays, which would be logged twice. A file may be a playlist of addresses by what is in it: only what decodes
# sound looks at files, and opens nothing else.
ARGUMENTS = (
    "--idle=once",
    "--no-video",
    "--audio-display=no",
    "--no-terminal",
    "--no-config",
    "--load-scripts=no",
    "--ytdl=no",
    "--demuxer=lavf",
    "--demuxer-lavf-o=protocol_whitelist=file",
    "--input-ipc-client=fd://{fd}",
)
# How it exits where nothing happened: all, none or some of the files were played.
ENDED = (0, 2, 3)
# A message is not longer than this, in bytes.
MAX_LINE = 4 << 20
# So many seconds of a file may sound on after it was read to its end.
_BUFFERED = 2.0
_OBSERVED = ("core-idle", "pause", "duration")
_POSITION = 1


def command(*words: object, request: int = 0) -> bytes:
    """One command as it is sent."""
    return json.dumps({"command": words, "request_id": request}).encode() + b"\n"


ASK_POSITION = command("get_property", "time-pos", request=_POSITION)
PAUSE = command("cycle", "pause")
# Without `force` the last one does not end.
NEXT = command("playlist-next", "force")


def seek(seconds: float) -> bytes:
    """On or back by so many seconds."""
    return command("seek", seconds, "relative")


@dataclass(frozen=True, slots=True)
class Now:
    """What plays: number `place` of `count`; position and length in seconds, null where not known."""

    song: Song
    place: int
    count: int
    position: float
    length: float | None
    paused: bool


@dataclass(frozen=True, slots=True)
class Failed:
    """A song whose file could not be played."""

    song: Song


class Playback:
    """Songs played one after another, each by the file in its `place`, as far as mpv's messages show.

    Moments are as in `Seen`. What is heard counts while mpv sounds.
    """

    def __init__(self, songs: Sequence[Song]) -> None:
        self._songs = songs
        self._clock = Clock()
        self._entry = 0
        self._song: Song | None = None
        self._sounds = self._paused = self._pressed = False
        self._length: float | None = None
        self._position, self._position_at = 0.0, 0.0

    def begin(self) -> bytes:
        """What is sent first."""
        observe = [command("observe_property", n, name) for n, name in enumerate(_OBSERVED, 1)]
        return b"".join([*observe, *(command("loadfile", song.place, "append-play") for song in self._songs)])

    def next(self) -> bytes:
        """What is sent to go on to the next song."""
        self._pressed = True
        return NEXT

    def now(self, at: float) -> Now | None:
        """What plays at a moment; null before the first song and after the last."""
        if self._song is None:
            return None
        return Now(
            self._song, self._entry, len(self._songs), self._position_now(at), self._length, self._paused
        )

    def take(self, line: bytes, at: float, wall: float) -> tuple[Heard | Failed, ...]:
        """Take note of a message; what thereby came to its end."""
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            return ()
        if not isinstance(message, dict):
            return ()
        match message:
            case {"event": "start-file", "playlist_entry_id": int(entry)} if 0 < entry <= len(self._songs):
                self._entry, self._song = entry, self._songs[entry - 1]
                self._length, self._position, self._position_at = self._song.length, 0.0, at
            case {"event": "end-file"}:
                return self._ended(message, at, wall)
            case {"event": "property-change", "name": str(name)}:
                return self._changed(name, message.get("data"), at, wall)
            case {"request_id": 1, "data": int(position) | float(position)}:
                self._position, self._position_at = float(position), at
                return self._see(at, wall)
        return ()

    def end(self, at: float, wall: float, *, pressed: bool = False) -> tuple[Heard, ...]:
        """Nothing plays any more; `pressed` where something else was chosen."""
        self._song, self._sounds = None, False
        return self._clock.see(Seen(at, wall, playing=pressed))

    def _position_now(self, at: float) -> float:
        position = self._position + (at - self._position_at if self._sounds else 0.0)
        return min(position, self._length) if self._length else position

    def _changed(self, name: str, value: Any, at: float, wall: float) -> tuple[Heard, ...]:
        if name == "pause":
            self._paused = value is True
        elif name == "duration" and isinstance(value, int | float):
            self._length = float(value)
        elif name == "core-idle" and self._song is not None:
            self._position, self._position_at = self._position_now(at), at
            self._sounds = value is False
            return self._see(at, wall)
        return ()

    def _see(self, at: float, wall: float) -> tuple[Heard, ...]:
        if self._song is None:
            return ()
        song = self._song
        shown = Song(song.artist, song.title, song.album, self._length, f"{self._entry}", song.mbid)
        # An entry plays once, wherever in it one seeks to: the clock need not know where it stands.
        return self._clock.see(Seen(at, wall, shown, self._sounds))

    def _ended(self, message: dict[str, Any], at: float, wall: float) -> tuple[Heard | Failed, ...]:
        song, pressed = self._song, self._pressed
        self._pressed = False
        if message.get("reason") == "error" and song is not None:
            self._song = None
            return (Failed(song),)
        rest = 0.0
        if message.get("reason") == "eof" and self._length:
            # It sounds to its end.
            rest = self._length - self._position_now(at)
            rest = rest if 0 < rest <= _BUFFERED else 0.0
            self._sounds = True
            self._see(at, wall)
        return self.end(at + rest, wall + rest, pressed=pressed)
