"""Plays that players send, taken in while the app is open, where the person switched that on."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from engine.errors import DiscoverError

if TYPE_CHECKING:
    from engine.live.listener import Listener
    from tuiapp.app.app import DiscoverApp

ON = "on"


class Listening:
    """Listens by the setting `listen.in_app`, unless a process of its own does so for this library already."""

    def __init__(self, app: DiscoverApp) -> None:
        self._app = app
        self._listener: Listener | None = None
        self._turn = asyncio.Lock()

    async def follow(self) -> None:
        """Begin or end as the setting says now."""
        async with self._turn:
            # What is played is no part of the demo.
            wanted = self._app.preferences.config["listen.in_app"] == ON and self._app.jobs.own is None
            if wanted and self._listener is None:
                await self._begin()
            elif not wanted:
                await self._end()

    async def end(self) -> None:
        """Listen no more; what was told is kept first."""
        async with self._turn:
            await self._end()

    async def _begin(self) -> None:
        from engine.live.daemon import OFF, listener_for
        from engine.privacy.presence import Presence, Role

        app, config = self._app, self._app.preferences.config
        private = app.private_since is not None
        # In a private session nothing is watched: there is nothing to keep.
        mpd, mpris = (OFF, OFF) if private else (config["listen.mpd"], config["listen.mpris"])

        def open_port() -> Listener | None:
            if Presence(app.folders).others(Role.LISTENS):
                return None
            return listener_for(app.folders, None, mpd, mpris, lambda _said: None, private=private)

        try:
            self._listener = await asyncio.to_thread(open_port)
        except DiscoverError as error:
            app.notify(str(error), title="Not listening", severity="warning", timeout=10)
        if self._listener is not None:
            await self._listener.begin()

    async def _end(self) -> None:
        if self._listener is not None:
            listener, self._listener = self._listener, None
            await listener.end()
