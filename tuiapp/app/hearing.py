"""Hearing the person's own files: mpv as a child of the app, gone with it, and what is heard from it logged."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tuiapp.safe import shown

if TYPE_CHECKING:
    from engine.live.clock import Heard, Song
    from engine.live.mpv import Failed, Playback
    from engine.store.music_files import MusicFile
    from tuiapp.app.app import DiscoverApp

NAME = "mpv"
# How often it is asked where it is, and how long it may be silent, in seconds.
TICK, PATIENCE = 1.0, 10.0


def songs_of(files: Sequence[MusicFile]) -> list[Song]:
    """Files as songs, each in the place of its path."""
    from engine.live.clock import Song

    return [
        Song(
            file.artist or "",
            file.track or "",
            file.album or "",
            file.seconds,
            file.path,
            file.recording or "",
        )
        for file in files
    ]


@dataclass
class _Child:
    """An mpv that was started; `hushed`, a private session was on since its song began."""

    playback: Playback
    process: asyncio.subprocess.Process
    writer: asyncio.StreamWriter
    hushed: bool
    song: int = 0


class Hearing:
    """One list plays at a time: another takes its place."""

    def __init__(self, app: DiscoverApp) -> None:
        self._app = app
        self._child: _Child | None = None

    def play(self, songs: Sequence[Song]) -> None:
        """Play songs one after another; returns at once."""
        self._app.run_worker(self._play(songs), group="player")

    def pause(self) -> None:
        """Pause, or play on."""
        from engine.live.mpv import PAUSE

        self._send(PAUSE)

    def next(self) -> None:
        """Go on to the next song."""
        if self._child is not None:
            self._send(self._child.playback.next())

    def seek(self, seconds: float) -> None:
        """Go on or back within the song."""
        from engine.live.mpv import seek

        self._send(seek(seconds))

    def hush(self) -> None:
        """A private session began: the song that plays now is of it."""
        if self._child is not None:
            self._child.hushed = True

    def end(self, *, pressed: bool = False) -> None:
        """Stop; what was heard is kept. `pressed` where something else was chosen."""
        child, self._child = self._child, None
        if child is not None:
            self._keep(child, child.playback.end(time.monotonic(), time.time(), pressed=pressed))
            # It quits when this closes; one that hangs does not.
            child.writer.close()
            with contextlib.suppress(ProcessLookupError):
                child.process.kill()
            self._app.playing = None

    def _send(self, command: bytes) -> None:
        from engine.live.mpv import ASK_POSITION

        if self._child is not None:
            self._child.writer.write(command + ASK_POSITION)

    async def _play(self, songs: Sequence[Song]) -> None:
        from engine.live.connections import start_child
        from engine.live.mpv import ARGUMENTS, ENDED, MAX_LINE, Playback

        app = self._app
        self.end(pressed=True)
        try:
            process, reader, writer = await start_child((NAME, *ARGUMENTS), MAX_LINE)
        except OSError as error:
            app.notify(f"mpv can't be started ({error.strerror}).", severity="error", timeout=10)
            return
        self.end(pressed=True)  # another may have begun meanwhile
        child = self._child = _Child(Playback(songs), process, writer, app.private_since is not None)
        writer.write(child.playback.begin())
        ticks = asyncio.create_task(self._tick(child))
        said = ""
        try:
            while self._child is child:
                async with asyncio.timeout(PATIENCE):
                    try:
                        line = await reader.readline()
                    except OSError:  # it was killed before it had read what was sent
                        line = b""
                if not line:
                    break
                self._take(child, line)
        except TimeoutError:
            said = "mpv no longer answers and was stopped."
        except ValueError:
            said = "mpv says what cannot be read and was stopped."
        finally:
            ticks.cancel()
            if self._child is child and not said:
                # It ends by itself after the last song.
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(1.0):
                        code = await process.wait()
                        said = f"mpv ended unexpectedly ({code})." if code not in ENDED else ""
            if self._child is child:
                self.end()
        if said:
            app.notify(f"{said} What was heard until then counts.", severity="warning", timeout=10)

    async def _tick(self, child: _Child) -> None:
        from engine.live.mpv import ASK_POSITION

        while self._child is child:
            await asyncio.sleep(TICK)
            child.writer.write(ASK_POSITION)

    def _take(self, child: _Child, line: bytes) -> None:
        app, at = self._app, time.monotonic()
        self._keep(child, child.playback.take(line, at, time.time()))
        now = child.playback.now(at)
        if now is not None and now.place != child.song:
            child.song, child.hushed = now.place, app.private_since is not None
        app.playing = now

    def _keep(self, child: _Child, ended: Sequence[Heard | Failed]) -> None:
        """Log what was heard; in a private session nothing is."""
        from engine.live.mpv import Failed

        app = self._app
        for one in ended:
            if isinstance(one, Failed):
                name = shown(f"{one.song.artist} - {one.song.title}")
                app.notify(
                    f"{name} can't be played: {shown(one.song.place)} is gone or damaged.", severity="warning"
                )
            elif not child.hushed and app.private_since is None:
                self._log(one)

    def _log(self, heard: Heard) -> None:
        self._app.changes.make(lambda session: session.history.log_heard(NAME, heard))
