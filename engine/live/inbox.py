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

from engine.errors import DiscoverError, ForgottenError, disk_trouble
from engine.live.listenbrainz import Report
from engine.live.windows import Windows
from engine.paths import Folders
from engine.privacy import Door
from engine.privacy.log import note_error, where_it_happened
from engine.privacy.presence import may_have_missed_one, private_since
from engine.store.database import open_library
from engine.store.forgetting import mark, unforgotten
from engine.store.imported_likes import keep_verdict, track_with_id
from engine.store.logged_plays import add_logged_plays, live_source
from engine.store.play import MINUTE, Play

# Maximum plays from before a private session that wait for its end.
_MAX_WAITING = 5000
# Maximum verdicts that wait for the first play of their track.
_MAX_EARLY = 100


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A report and the caller waiting for it; null: nobody, and it is retried until stored or something is forgotten.
    `since`: the mark of the last forgetting when it began to wait; null if it is new, or that is unknown."""

    report: Report
    kept: asyncio.Future[None] | None
    since: str | None = None


class Inbox:
    """Stores reports in the library under `folders`. `now` returns seconds UTC; `private_since` when the session
    that is on began, null if none is; `clock` seconds by one that stops while the computer sleeps."""

    def __init__(
        self,
        folders: Folders,
        *,
        now: Callable[[], float] = time.time,
        private_since: Callable[[Folders], float | None] = private_since,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folders = folders
        self._now = now
        self._private_since = private_since
        self._windows = Windows()
        # When private sessions were looked for last, by a clock that stops while the computer sleeps.
        self._clock, self._looked = clock, clock()
        self._waiting: list[_Waiting] = []
        # Verdicts on tracks the library does not know, as during the first play of one.
        self._early: list[_Waiting] = []
        # The mark of the last forgetting when the library was last open; null if it was not yet.
        self._mark: str | None = None
        self._at_work: asyncio.Task[None] | None = None
        # How often something was stored.
        self.stored = 0
        self.look()

    @property
    def private(self) -> bool:
        """Whether a private session was on at the last check."""
        return self._windows.on

    def look(self) -> None:
        """Check whether a private session is on; to be called about once a second."""
        before, self._looked = self._looked, self._clock()
        unseen = may_have_missed_one(self._looked - before)
        self._windows.see(self._private_since(self._folders), self._now(), unseen=unseen)
        self._go_on()

    async def take(self, report: Report) -> None:
        """Store or drop a report; returns when done.

        Raises DiscoverError if it cannot be stored now and must be reported again.
        """
        self.look()
        report = self._windows.open_part(report, self._now())
        if not report.plays and not report.verdicts:
            return
        if self._windows.on:
            if sum(len(one.report.plays) for one in self._waiting) + len(report.plays) > _MAX_WAITING:
                raise DiscoverError("Too much waits for the end of a private session. Send it again later.")
            self._waiting.append(_Waiting(report, None, self._mark))
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
        report = self._windows.open_part(report, self._now())
        if report.plays or report.verdicts:
            self._waiting.append(_Waiting(report, None, self._mark if self._windows.on else None))
            self._go_on()

    def note(self, error: Exception) -> None:
        """Log an unexpected error."""
        note_error(Door(self._folders, private=self.private), "listening", error)

    async def end(self) -> None:
        """Wait until pending reports are stored."""
        self.look()
        while self._at_work is not None:
            await self._at_work

    def _date_by_arrival(self, plays: Sequence[Play]) -> None:
        """Date plays that were just made, if the client's clock cannot be right, by the minute they came in: of plays
        without a date a song counts once. To be called after `open_part`, which goes by the clock."""
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
                ids = {pair for one in batch for play in one.report.plays for pair in play.ids}
                due = [one for one in self._early if not ids.isdisjoint(one.report.verdicts[0].ids)]
                try:
                    early = await asyncio.to_thread(self._keep, [*batch, *due])
                except ForgottenError:
                    # Just as they were stored: they were made before.
                    _answer(batch)
                except DiscoverError as error:
                    self._waiting += [
                        replace(one, since=one.since or self._mark) for one in batch if one.kept is None
                    ]
                    _answer(batch, error)
                    return
                except Exception as error:  # noqa: BLE001 - the waiting caller is answered, whatever happens
                    self.note(error)
                    _answer(batch, DiscoverError(disk_trouble(error) or where_it_happened(error)))
                else:
                    others = [one for one in self._early if one not in due]
                    self._early = [*others, *early][-_MAX_EARLY:]
                    _answer(batch)
                self.stored += 1
        finally:
            self._at_work = None

    def _keep(self, waiting: Sequence[_Waiting]) -> list[_Waiting]:
        """Store reports; returns the verdicts on tracks the library does not know. Those that turn out to be on a
        secret track are dropped, and so is all that waited while something was forgotten.

        Raises ForgottenError if something is forgotten just now.
        """
        plays: dict[str, list[Play]] = {}
        early = []
        connection = open_library(Door(self._folders))
        try:
            since = self._mark = mark(connection)
            reports = [one.report for one in waiting if one.since in (None, since)]
            for report in reports:
                if report.plays:
                    plays.setdefault(live_source(report.client), []).extend(report.plays)
            if plays:
                add_logged_plays(connection, plays, since)
            for client, said in ((one.client, said) for one in reports for said in one.verdicts):
                named = said.named or track_with_id(connection, said.ids)
                if named is None:
                    early.append(_Waiting(Report(client, verdicts=(said,)), None, since))
                elif not self._windows.is_secret(replace(said, named=named)):
                    with unforgotten(connection, since):
                        keep_verdict(connection, live_source(client), *named, said.verdict)
        finally:
            connection.close()
        return early


def _answer(batch: Sequence[_Waiting], error: DiscoverError | None = None) -> None:
    for one in batch:
        if one.kept is not None and not one.kept.done():
            if error is None:
                one.kept.set_result(None)
            else:
                one.kept.set_exception(error)
