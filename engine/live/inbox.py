"""The inbox for reported plays: stored in the library at once, or dropped if played in a private session.

Between two reports nothing is open: no connection to the library, no lock, so that a private session may begin at any
moment. The client is answered when the play is on disk; while the library cannot be written to, it is asked to send it
again.
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
from engine.store.play import MINUTE, Play

# Maximum plays from before a private session that wait for its end.
_MAX_WAITING = 5000
# Seconds after which memory is returned to the system.
_BREATH = 1.0
# A session already on at the first check is assumed to have begun this many seconds before.
_UNKNOWN = 86_400.0


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A report and the caller waiting for it; null: nobody, and it is retried until stored."""

    report: Report
    kept: asyncio.Future[None] | None


class Inbox:
    """Stores reports in the library under `folders`. `now` returns seconds UTC; `private` whether a session is on. With
    `alone` no names stay in memory."""

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
        # The last check without a session.
        self._clear: float | None = None
        self._waiting: list[_Waiting] = []
        # Plays in a private session that began just now: dropped unless that is over in a moment.
        self._doubtful: list[Report] = []
        self._at_work: asyncio.Task[None] | None = None
        self.look()

    @property
    def private(self) -> bool:
        """Whether a private session was on at the last check."""
        return self._windows.on

    def look(self) -> None:
        """Check whether a private session is on; to be called about once a second."""
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
        """Store or drop a report; returns when done.

        Raises DiscoverError if it cannot be stored now and must be reported again.
        """
        self.look()
        if not (report := self._without_private(report)).plays and not report.verdicts:
            return
        if self._windows.on:
            if sum(len(one.report.plays) for one in self._waiting) + len(report.plays) > _MAX_WAITING:
                raise DiscoverError("Too much waits for the end of a private session. Send it again later.")
            self._waiting.append(_Waiting(report, None))
            return
        if report.single:
            self._date_by_arrival(report.plays)
        kept: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(report, kept))
        self._go_on()
        await kept

    def keep(self, report: Report) -> None:
        """Store a watcher's report as soon as possible; it is not reported again."""
        self.look()
        if (report := self._without_private(report)).plays or report.verdicts:
            self._waiting.append(_Waiting(report, None))
            self._go_on()

    def note(self, error: Exception) -> None:
        """Log an unexpected error."""
        note_error(Door(self._folders, private=self.private), "listening", error)

    async def end(self) -> None:
        """Wait until pending reports are stored."""
        self.look()
        while self._at_work is not None:
            await self._at_work

    def _without_private(self, report: Report) -> Report:
        plays: list[Play] = []
        gone: list[Play] = []
        for play in report.plays:
            (gone if self._windows.hide(play, single=report.single) else plays).append(play)
        # What is said of a play along with it goes with it, also after the session.
        secret = {(play.artist, play.title) for play in gone}
        said = () if self._windows.on else report.verdicts
        verdicts = tuple(one for one in said if one.named not in secret)
        kept = replace(report, plays=tuple(plays), verdicts=verdicts)
        if (
            kept != report
            and self._windows.began_just_now(self._now())
            and len(self._doubtful) < _MAX_WAITING
        ):
            self._doubtful.append(replace(report, plays=tuple(gone)))
        return kept

    def _date_by_arrival(self, plays: Sequence[Play]) -> None:
        """Date plays that were just made, if the client's clock cannot be right, by the minute they came in: of plays
        without a date a song counts once. To be called after `hide`, which goes by the clock."""
        for play in plays:
            if play.started_at is None:
                play.started_at, play.precision = int(self._now()) // MINUTE * MINUTE, MINUTE

    def _go_on(self) -> None:
        if self._waiting and self._at_work is None and not self._windows.on:
            self._at_work = asyncio.get_running_loop().create_task(self._work())

    async def _work(self) -> None:
        """Store all pending reports at once; later ones are the next batch."""
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
