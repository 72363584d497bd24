"""Logs plays from players while the app is open, if that is switched on."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from engine.errors import DiscoverError

if TYPE_CHECKING:
    from engine.live.listener import Listener
    from engine.paths import Folders
    from tuiapp.app.app import DiscoverApp

ON = "on"


class Listening:
    """Runs a listener if `listen.in_app` is set, unless another process already listens for this library."""

    def __init__(self, app: DiscoverApp) -> None:
        self._app = app
        self._listener: Listener | None = None
        self._watches = False
        self._turn = asyncio.Lock()

    async def follow(self) -> None:
        """Start or stop, by the current setting."""
        async with self._turn:
            # Plays do not belong in the demo.
            wanted = self._app.preferences.config["listen.in_app"] == ON and self._app.jobs.own is None
            if wanted and self._listener is None:
                await self._begin()
            elif not wanted:
                await self._end()

    async def end(self) -> None:
        """Stop listening; store reported plays first."""
        async with self._turn:
            await self._end()

    async def rest(self) -> None:
        """Wait until reported plays are stored, except those during a private session."""
        if self._listener is not None:
            await self._listener.inbox.end()

    def watch(self) -> None:
        """Watch players that do not report by themselves. In a private session, which connects to nobody, only once it
        is over."""
        if self._listener is not None and not self._watches and self._app.private_since is None:
            from engine.live.daemon import watchers

            config = self._app.preferences.config
            self._listener.watch(watchers(config["listen.mpd"], config["listen.mpris"], lambda _said: None))
            self._watches = True

    async def _begin(self) -> None:
        from engine.live.daemon import listener_for
        from engine.privacy.presence import Presence, Role, private_session_on

        app, folders, turn = self._app, self._app.folders, self._app.changes.turn()

        def is_private(folders: Folders) -> bool:
            # The app's own is known on systems too that have no locks to ask.
            return app.private_since is not None or app.private.is_turning or private_session_on(folders)

        def open_port() -> Listener | None:
            with turn:
                if Presence(folders).others(Role.LISTENS):
                    return None
                return listener_for(folders, private=is_private)

        try:
            self._listener = await asyncio.to_thread(open_port)
        except DiscoverError as error:
            app.notify(str(error), title="Not listening", severity="warning", timeout=10)
        if self._listener is not None:
            await self._listener.begin()
            self.watch()

    async def _end(self) -> None:
        if self._listener is not None:
            listener, self._listener, self._watches = self._listener, None, False
            await listener.end()
