"""mpv as a child process: it plays what it is sent, and ends with the app."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from engine.live.mpv import (
    ASK_POSITION,
    ENDED,
    MAX_LINE,
    NAME,
    PAUSE,
    Playback,
    arguments,
    louder,
    seek,
)

if TYPE_CHECKING:
    from engine.live.clock import PlayedSong, Song
    from engine.live.mpv import Notify

# Seconds between queries of its position, and until it counts as hung.
TICK, PATIENCE = 1.0, 10.0


class MpvPlayer:
    """One mpv, and the songs it plays one after another; with `addresses` it may open more than files."""

    name = NAME

    def __init__(self, songs: Sequence[Song], volume: int, *, addresses: bool) -> None:
        self._playback = Playback(songs, volume)
        self._addresses = addresses
        self._process: asyncio.subprocess.Process | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._ended = False
        # Queries since its last answer.
        self._asked = 0

    @property
    def upcoming(self) -> Sequence[Song]:
        """The queue, in order."""
        return self._playback.upcoming

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self._ended or self._playback.over

    def follow_with(self, songs: Sequence[Song]) -> None:
        """Replace the queue."""
        self._send(self._playback.follow_with(songs))

    def pause(self) -> None:
        """Pause or resume."""
        self._send(PAUSE)

    def next(self) -> None:
        """Go on to the next song."""
        self._send(self._playback.next())

    def seek(self, seconds: float) -> None:
        """Go on or back within the song."""
        self._send(seek(seconds))

    def louder(self, by: int) -> None:
        """Change the volume by this many per cent."""
        self._send(louder(by))

    def end(self, *, pressed: bool) -> Sequence[PlayedSong]:
        """Stop it; returns what was played of the last song. `pressed` if something else was chosen."""
        self._ended = True
        if self._writer is not None and self._process is not None:
            # It quits when this closes, unless it hangs.
            self._writer.close()
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
        return self._playback.end(time.monotonic(), time.time(), pressed=pressed)

    def _send(self, commands: bytes) -> None:
        if self._writer is not None and not self._ended:
            self._writer.write(commands + ASK_POSITION)

    async def run(self, notify: Notify) -> str:
        """Play to the end, and `notify` of what plays and what ended; returns a sentence if it failed before.

        Raises OSError if it can't be started.
        """
        from engine.live.connections import start_child

        process, reader, writer = await start_child((NAME, *arguments(addresses=self._addresses)), MAX_LINE)
        self._process, self._writer = process, writer
        if self._ended:  # before it had begun
            self.end(pressed=False)
            return ""
        self._send(self._playback.begin())
        ticks = asyncio.create_task(self._tick())
        try:
            while not self._ended:
                try:
                    async with asyncio.timeout(PATIENCE):
                        line = await reader.readline()
                except TimeoutError:
                    # A suspended app has neither queried nor read what is available.
                    if self._asked < PATIENCE / TICK / 2:
                        continue
                    return "mpv no longer answers and was stopped."
                except OSError:  # it was killed before it had read what was sent
                    break
                if not line:
                    break
                self._asked, at = 0, time.monotonic()
                ended = self._playback.take(line, at, time.time())
                notify(self._playback.now(at), ended)
        except ValueError:
            return "mpv sent something unreadable and was stopped."
        finally:
            ticks.cancel()
        if not self._ended:
            # It ends by itself after the last song.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    code = await process.wait()
                    return f"mpv ended unexpectedly ({code})." if code not in ENDED else ""
        return ""

    async def _tick(self) -> None:
        while not self._ended:
            await asyncio.sleep(TICK)
            self._asked += 1
            self._send(b"")
