"""Where plays arrive as they are reported: kept in the library at once, or let go where they were heard in private.

Nothing is open between two arrivals: no connection to the library, no lock, so that a private session may begin at any
moment. The client is answered when the play is safe on disk; while the library cannot be written to, that it must send
it again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from engine.canonical_keys import forget_keys
from engine.errors import DiscoverError, disk_trouble
from engine.live.listenbrainz import Report
from engine.live.memory import give_back_memory
from engine.live.windows import Windows
from engine.paths import Folders
from engine.privacy import Door
from engine.privacy.log import note_error, where_it_happened
from engine.privacy.presence import private_session_on
from engine.store.database import open_library
from engine.store.imported_likes import judge
from engine.store.logged_plays import add_logged_plays, live_source
from engine.store.play import Play

# Plays from before a private session that arrive in it wait for its end, so many at most.
_MAX_WAITING = 5000
# Seconds after which what plays took in memory is given back.
_BREATH = 1.0
# A session that was on already when it was first looked is taken to have begun so long before, in seconds.
_UNKNOWN = 86_400.0


@dataclass(frozen=True, slots=True)
class _Waiting:
    """What was reported and who waits for it to be kept; null: nobody, and it is tried again until it is."""

    report: Report
    kept: asyncio.Future[None] | None


class Inbox:
    """Keeps reports in the library under `folders`. `now` gives seconds UTC; `private` whether a session is on.
    `alone`, the process has no other use for names: none stays in memory."""

    def __init__(
        self,
        folders: Folders,
        *,
        now: Callable[[], float] = time.time,
        private: Callable[[Folders], bool] = private_session_on,
        alone: bool = False,
    ) -> None:
        self._folders = folders
        self._now = now
        self._private = private
        self._alone = alone
        self._windows = Windows()
        # When it was last looked and no session was on.
        self._clear: float | None = None
        self._waiting: list[_Waiting] = []
        # PlayedSong in a private session that began just now: gone unless that is over in a moment.
        self._doubtful: list[Report] = []
        self._at_work: asyncio.Task[None] | None = None
        self.look()

    @property
    def private(self) -> bool:
        """Whether a private session was on when it was last looked."""
        return self._windows.on

    def look(self) -> None:
        """Take note of whether a private session is on; to be asked about once a second."""
        now = self._now()
        if self._private(self._folders):
            self._windows.begin(now - _UNKNOWN if self._clear is None else self._clear)
        else:
            if self._windows.end(now):
                self._waiting += [_Waiting(report, None) for report in self._doubtful]
            self._clear = now
            self._go_on()
        if not self._windows.began_just_now(now):
            self._doubtful.clear()

    async def take(self, report: Report) -> None:
        """Keep what was reported, or let it go; returns when that is done.

        Raises DiscoverError where it cannot be kept now and must be reported again.
        """
        self.look()
        if not (report := self._without_private(report)).plays and not report.verdicts:
            return
        if self._windows.on:
            if sum(len(one.report.plays) for one in self._waiting) + len(report.plays) > _MAX_WAITING:
                raise DiscoverError("Too much waits for the end of a private session. Send it again later.")
            self._waiting.append(_Waiting(report, None))
            return
        kept: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(report, kept))
        self._go_on()
        await kept

    def keep(self, report: Report) -> None:
        """Keep what a watcher reports, whom nobody asks again: as soon as it can be."""
        self.look()
        if (report := self._without_private(report)).plays or report.verdicts:
            self._waiting.append(_Waiting(report, None))
            self._go_on()

    def note(self, error: Exception) -> None:
        """Put what nobody expected in the log."""
        note_error(Door(self._folders, private=self.private), "listening", error)

    async def end(self) -> None:
        """Wait until what can be kept is."""
        self.look()
        while self._at_work is not None:
            await self._at_work

    def _without_private(self, report: Report) -> Report:
        hide, on = self._windows.hide, self._windows.on
        hidden = [hide(play, single=report.single) for play in report.plays]
        plays = tuple(play for play, is_hidden in zip(report.plays, hidden, strict=True) if not is_hidden)
        kept = replace(report, plays=plays, verdicts=() if on else report.verdicts)
        if (
            kept != report
            and self._windows.began_just_now(self._now())
            and len(self._doubtful) < _MAX_WAITING
        ):
            gone = tuple(play for play, is_hidden in zip(report.plays, hidden, strict=True) if is_hidden)
            self._doubtful.append(replace(report, plays=gone))
        return kept

    def _go_on(self) -> None:
        if self._waiting and self._at_work is None and not self._windows.on:
            self._at_work = asyncio.get_running_loop().create_task(self._work())

    async def _work(self) -> None:
        """Keep what waits, all of it in one go; what comes meanwhile is the next."""
        try:
            while self._waiting and not self._windows.on:
                batch, self._waiting = self._waiting, []
                try:
                    await asyncio.to_thread(_keep, self._folders, [one.report for one in batch])
                except DiscoverError as error:
                    self._waiting += [one for one in batch if one.kept is None]
                    _answer(batch, error)
                    return
                except Exception as error:  # noqa: BLE001 - whoever waits is answered, whatever happens
                    self.note(error)
                    _answer(batch, DiscoverError(disk_trouble(error) or where_it_happened(error)))
                else:
                    _answer(batch)
                if self._alone:
                    forget_keys()
                    # Once who sent it is answered and what they sent let go of.
                    asyncio.get_running_loop().call_later(_BREATH, give_back_memory)
        finally:
            self._at_work = None


def _answer(batch: Sequence[_Waiting], error: DiscoverError | None = None) -> None:
    for one in batch:
        if one.kept is not None and not one.kept.done():
            if error is None:
                one.kept.set_result(None)
            else:
                one.kept.set_exception(error)


def _keep(folders: Folders, reports: Sequence[Report]) -> None:
    plays: dict[str, list[Play]] = {}
    for report in reports:
        if report.plays:
            plays.setdefault(live_source(report.client), []).extend(report.plays)
    connection = open_library(Door(folders))
    try:
        if plays:
            add_logged_plays(connection, plays)
        for report in reports:
            for one in report.verdicts:
                judge(connection, one.verdict, one.ids, one.named)
    finally:
        connection.close()
