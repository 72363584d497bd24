"""The listener: the endpoint for players, watchers, and the inbox for all plays."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from engine.errors import DiscoverError
from engine.imports.times import latest_possible
from engine.live.audioscrobbler import scrobbler_answer
from engine.live.clock import Judged, PlayedSong
from engine.live.connections import Socket
from engine.live.endpoint import Endpoint
from engine.live.inbox import Inbox
from engine.live.listenbrainz import Answer, Report, Request, Verdict, answer, failure, refused
from engine.live.memory import forget_and_give_back
from engine.live.token import Access
from engine.live.watched import Watched
from engine.privacy import Door
from engine.privacy.presence import Presence
from engine.store.play import START, Play

# Seconds between checks for a private session, the only activity while nothing plays.
LOOK_SECONDS = 1.0
# The call that tells `discover listen --status` what is watched.
WATCHED = "/discover/watched"


class Watcher(Protocol):
    """Watches players and passes on their plays, until cancelled."""

    watched: Watched

    async def watch(self, keep: Callable[[str, PlayedSong | Judged], None], /) -> None:
        """`keep` gets the player's name and a play, or a verdict."""


def report_of(player: str, played: PlayedSong | Judged) -> Report:
    """A report of a watched player: plays, or a verdict."""
    song = played.song
    if isinstance(played, Judged):
        said = Verdict(played.verdict, named=(song.artist, song.title))
        return Report(player, verdicts=(said,), watched=True)
    play = Play(
        artist=song.artist,
        title=song.title,
        started_at=int(played.started),
        ms_played=round(played.seconds * 1000),
        album=song.album or None,
        duration_ms=round(song.length * 1000) if song.length else None,
        ids=(("mb_recording", song.mbid),) if song.mbid else (),
        basis=START,
        skip=played.skipped,
    )
    return Report(player, (play,), single=True, watched=True)


class Listener:
    """Listens on a socket until ended; `access` is stored by the `door`, and `presence` makes it visible to other
    processes."""

    def __init__(
        self,
        listener: Socket,
        access: Access,
        inbox: Inbox,
        door: Door | None = None,
        presence: Presence | None = None,
        *,
        alone: bool = False,
    ) -> None:
        """With `alone` the process does nothing else: memory is returned, and no name stays in it."""
        self.inbox = inbox
        self.watched: list[Watched] = []
        self._presence = presence
        self._access = access
        # Where the port and the token are to be stored still.
        self._door = door
        # What was done when memory was last returned; null where it is not.
        self._returned = 0 if alone else None
        self._endpoint = Endpoint(listener, self._answer, inbox.note)
        self._tasks: list[asyncio.Task[None]] = []
        self._watching: list[asyncio.Task[None]] = []

    @property
    def port(self) -> int:
        """The port players send their plays to."""
        return self._endpoint.port

    async def begin(self) -> None:
        """Start listening."""
        await self._endpoint.begin()
        self._tasks.append(asyncio.create_task(self._look()))

    def keep_access(self) -> None:
        """Store the port and the token; during a private session nothing, until it is over. Raises DiscoverError."""
        if self._door is not None and not self.inbox.private:
            door, self._door = self._door, None
            self._access.keep(door)

    def watch(self, watchers: Sequence[Watcher | Watched]) -> None:
        """From now on watch these players too, and no others; of those that are not watched it is known why."""
        for task in self._watching:
            task.cancel()
        self._tasks += self._watching
        self.watched = [one if isinstance(one, Watched) else one.watched for one in watchers]
        self._watching = [
            asyncio.create_task(self._watch(one)) for one in watchers if not isinstance(one, Watched)
        ]

    async def end(self) -> None:
        """Stop listening; pending reports are stored first."""
        self.watch(())
        for task in self._tasks:
            task.cancel()
        # The current song ends with its watcher.
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._endpoint.end()
        await self.inbox.end()
        if self._presence is not None:
            self._presence.close()

    async def _watch(self, watcher: Watcher) -> None:
        try:
            await watcher.watch(self._keep)
        except Exception as error:  # noqa: BLE001 - the others go on
            self.inbox.note(error)
            name = watcher.watched.kind
            watcher.watched.fails(f"Watching {name} failed unexpectedly; discover.log says where.", error)

    def _keep(self, player: str, played: PlayedSong | Judged) -> None:
        self.inbox.keep(report_of(player, played))

    def look(self) -> None:
        """See whether a private session is on, and clear up after what was done since the last look."""
        self.inbox.look()
        try:
            self.keep_access()
        except DiscoverError as error:
            self.inbox.note(error)
        done = self._endpoint.done + self.inbox.stored
        if self._returned is not None and self._returned != done:
            self._returned = done
            forget_and_give_back()

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self.look()

    async def _answer(self, request: Request) -> Answer:
        if request.target == WATCHED:
            document = {"watched": [one.document() for one in self.watched]}
            return refused(request, self._access.token) or Answer(200, document)
        asked = request, self._access.token, latest_possible()
        found = scrobbler_answer(*asked) or answer(*asked)
        if found.report is not None:
            try:
                await self.inbox.take(found.report)
            except DiscoverError as error:
                return failure(503, str(error))
        return found
