"""Plays songs from the command line until the last, or until interrupted; plays are logged, except those during which a
private session was on in any window."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from engine.errors import DiscoverError, PrivateSessionError
from tuiapp.cli.group import Options
from tuiapp.cli.output import say

if TYPE_CHECKING:
    from engine.live.clock import PlayedSong
    from engine.live.mpv import Failed, Now
    from tuiapp.app.songs import Player

# Seconds between two looks for private sessions.
LOOK_SECONDS = 1.0


class Privacy:
    """Whether a private session is on, in any window; to be looked for about once a second while something plays."""

    def __init__(self, options: Options) -> None:
        self._options, self._looked = options, time.monotonic()
        self._lock = threading.Lock()
        # Whether one was, or may have been, on at any look.
        self.hushed = False

    def look(self) -> bool:
        """Whether one is on, or may have begun and ended since the last look: the process was stopped meanwhile."""
        from engine.privacy import private_session_on
        from engine.privacy.presence import may_have_missed_one

        with self._lock:
            before, self._looked = self._looked, time.monotonic()
            unseen = may_have_missed_one(self._looked - before)
            private = self._options.private or unseen or private_session_on(self._options.folders)
            self.hushed |= private
        return private


class Playing:
    """A running player: shows what plays and logs plays."""

    def __init__(self, options: Options, player: Player) -> None:
        self._options, self._player, self._privacy = options, player, Privacy(options)
        self._place = 0
        self._failed = 0
        # Why a song could not be logged, the last such reason.
        self._unlogged = ""
        self._stopped: signal.Signals | None = None

    def run(self) -> None:
        """Play to the end. Raises KeyboardInterrupt if stopped by that, DiscoverError if nothing could be played."""
        try:
            said = asyncio.run(self._run())
        except OSError as error:
            raise DiscoverError(f"{self._player.name} can't be started ({error.strerror}).") from error
        if self._stopped is signal.SIGINT:
            raise KeyboardInterrupt
        if said and self._stopped is None:
            raise DiscoverError(said)
        if self._failed >= self._place:
            raise DiscoverError("None of it can be played.")
        if self._unlogged:
            raise DiscoverError(self._unlogged)

    async def _run(self) -> str:
        for number in (signal.SIGINT, signal.SIGTERM):
            with suppress(NotImplementedError):  # Windows: ctrl+c ends the process, and mpv with it
                asyncio.get_running_loop().add_signal_handler(number, self._stop, number)
        said = await self._player.run(self._tell)
        if self._stopped is None:
            # A player that was killed does not say what it played until then.
            self._keep(self._player.end(pressed=False))
        return said

    def _stop(self, number: signal.Signals) -> None:
        if self._stopped is None:
            self._stopped = number
            self._keep(self._player.end(pressed=False))

    def _tell(self, now: Now | None, ended: Sequence[PlayedSong | Failed]) -> None:
        private = self._privacy.look()
        self._keep(ended)
        if now is not None and now.place != self._place:
            self._place, self._privacy.hushed = now.place, private
            number = f" ({now.place} of {now.count})" if now.count > 1 else ""
            say(self._options, f"Playing {now.song.artist} - {now.song.title}{number}.")

    def _may_log(self) -> bool:
        from engine.privacy.database_file import is_read_only

        database = self._options.folders.database
        return database.exists() and not is_read_only(database)

    def _keep(self, ended: Sequence[PlayedSong | Failed]) -> None:
        from engine.live.mpv import Failed

        self._privacy.look()
        for one in ended:
            if isinstance(one, Failed):
                self._failed += 1
                say(self._options, f"{one.song.artist} - {one.song.title} can't be played: {one.why}")
            elif not self._privacy.hushed and self._may_log():
                try:
                    # Opened only for this: others may write while a song plays.
                    with self._options.session() as session, suppress(PrivateSessionError):
                        session.history.log_played_song(self._player.name, one)
                except DiscoverError as error:
                    # A full disk ends no music.
                    self._unlogged = f"{one.song.artist} - {one.song.title} is not logged. {error}"
