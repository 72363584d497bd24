"""Logs plays from players while the app is open, if that is switched on."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from engine.errors import DiscoverError

if TYPE_CHECKING:
    from engine.live.listener import Listener
    from engine.live.watched import Watched
    from engine.paths import Folders
    from tuiapp.app.app import DiscoverApp

ON = "on"


class Listening:
    """Runs a listener if `listen.in_app` is set, unless another process already listens for this library."""

    def __init__(self, app: DiscoverApp) -> None:
        self._app = app
        self._listener: Listener | None = None
        # The settings of what is watched.
        self._watches: tuple[str, str] | None = None
        # Kinds of players the person was told are not watched, and why.
        self._missed: dict[str, str] = {}
        self._lock = asyncio.Lock()

    async def follow(self) -> None:
        """Start or stop, by the current setting."""
        async with self._lock:
            # Plays do not belong in the demo.
            wanted = self._app.preferences.config["listen.in_app"] == ON and self._app.jobs.own is None
            if wanted and self._listener is None:
                await self._begin()
            elif not wanted:
                await self._end()
            self.watch()

    async def end(self) -> None:
        """Stop listening; store reported plays first."""
        async with self._lock:
            await self._end()

    async def rest(self) -> None:
        """Wait until reported plays are stored, except those during a private session."""
        if self._listener is not None:
            await self._listener.inbox.end()

    def watched(self, setting: str) -> str:
        """Whether the players a setting is about are watched here, and why not; empty where nothing listens here."""
        found = self._listener.watched if self._listener is not None else []
        return next((one.text for one in found if f"listen.{one.kind}" == setting), "")

    def watch(self) -> None:
        """Watch players that do not report by themselves, as set. In a private session, which connects to nobody, only
        once it is over."""
        config = self._app.preferences.config
        wanted = config["listen.mpd"], config["listen.mpris"]
        if self._listener is not None and self._watches != wanted and self._app.private_since is None:
            from engine.live.daemon import watchers

            self._missed.clear()
            self._listener.watch(watchers(*wanted, self._say))
            self._watches = wanted

    def _say(self, watched: Watched, text: str) -> None:
        """Say what is not watched, and when it is again; not that players come and go."""
        if text != watched.text:
            return
        # Nor that this machine has no MPD, unless it is set.
        set_up = watched.kind != "mpd" or bool(self._app.preferences.config["listen.mpd"])
        if not watched.on and (watched.was_on or set_up):
            self._missed[watched.kind] = text
            # All of them: a warning takes the place of the one before.
            text = "\n".join(self._missed.values())
            self._app.notify(text, title="Listening", severity="warning", timeout=10)
        elif watched.on and self._missed.pop(watched.kind, ""):
            self._app.notify(text, title="Listening")

    async def _begin(self) -> None:
        from engine.live.daemon import listener_for
        from engine.privacy.presence import Presence, Role, private_since

        app, folders = self._app, self._app.folders

        def private(folders: Folders) -> float | None:
            # The app's own is known on systems too that have no locks to ask.
            own = time.time() if app.private.is_turning else None
            if (since := app.private_since) is not None:
                own = time.time() - (time.monotonic() - since)
            return min((at for at in (own, private_since(folders)) if at is not None), default=None)

        def open_port() -> Listener | None:
            if Presence(folders).others(Role.LISTENS):
                return None
            return listener_for(folders, private=private)

        try:
            async with app.changes.turn:
                self._listener = await asyncio.to_thread(open_port)
        except DiscoverError as error:
            app.notify(str(error), title="Not listening", severity="warning", timeout=10)
        if self._listener is not None:
            await self._listener.begin()

    async def _end(self) -> None:
        if self._listener is not None:
            listener, self._listener, self._watches = self._listener, None, None
            await listener.end()
