"""Watches for changes of library and settings by other processes: another window, a command, the app's own jobs."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from engine.errors import DiscoverError

if TYPE_CHECKING:
    from textual.worker import Worker

    from engine.session import Session
    from engine.store.feedback import Feedback
    from tuiapp.app.app import DiscoverApp

# Seconds between checks.
LOOK_SECONDS = 1.0
# Jobs that write continuously: their changes are shown once they are done.
_WRITES_ON = ("import", "demo")


class Watching:
    """Checks whether another process wrote, and reloads every view. A training is shown model by model."""

    def __init__(self, app: DiscoverApp) -> None:
        self._app = app
        # Since when what is said in players can be undone here, and all that was said at the last look.
        self._began = int(time.time())
        self._said: tuple[Feedback, ...] | None = None
        # The library looked at last, and the mark of the last forgetting then.
        self._forgetting: tuple[Session, str] | None = None
        self._check: Worker[None] | None = None
        self._private_check: Worker[None] | None = None
        # All other threads may wait for the library.
        self._own_thread = ThreadPoolExecutor(1)
        # When private sessions were looked for last, by a clock that stops while the computer sleeps.
        self._looked = time.monotonic()

    @property
    def unseen(self) -> bool:
        """Whether a private session elsewhere may have been missed."""
        from engine.privacy.presence import may_have_missed_one

        return may_have_missed_one(time.monotonic() - self._looked)

    def begin(self) -> None:
        """Start checking."""
        self._app.set_interval(LOOK_SECONDS, self.look)

    def look(self) -> None:
        """Check once, in a thread, since the library may be locked by another call; not while the last check waits for
        that, or each would take a thread. Private sessions are looked for beside it, in a thread of its own."""
        if self.unseen:
            self._app.opening.hush()
        self._app.changes.log_late()
        if self._private_check is None or self._private_check.is_finished:
            look = partial(self._look_for_private_sessions, time.monotonic())
            self._private_check = self._app.run_worker(look, group="private sessions")
        if self._check is None or self._check.is_finished:
            self._check = self._app.run_worker(self._look, thread=True, group="watching")

    async def _look_for_private_sessions(self, asked: float) -> None:
        """See whether one is on, as is known of the moment in which it was asked: the app may be stopped since."""
        from engine.privacy import private_session_on

        app = self._app
        # In the demo the person's own music may play on.
        watched = [folders for folders in (app.folders, app.jobs.own) if folders is not None]
        on = await asyncio.get_running_loop().run_in_executor(
            self._own_thread, lambda: any(map(private_session_on, watched))
        )
        if on and app.private_since is None:
            # As one that begins here: the current song is not logged when it is over.
            app.opening.hush()
        self._looked = asked

    def _look(self) -> None:
        self._app.preferences.look()
        self._look_who_listens()
        session, job = self._app.session_in_use, self._app.job
        if session is None:
            return
        if job is not None and job.arguments[0] in _WRITES_ON:
            return
        try:
            first = self._said is None
            if first:
                self._said = tuple(one for one in session.verdicts.all() if one.at < self._began)
            changed = session.library.changed_elsewhere()
            if changed or first:
                self._look_what_players_said(session)
        except DiscoverError:
            return  # it is closing
        self._look_what_is_forgotten(session)
        if changed:
            self._app.call_from_thread(self._app.library_changed)

    def _look_what_players_said(self, session: Session) -> None:
        """Make what was said in players meanwhile undoable, as if it had been said here."""
        before = {(one.artist, one.track): one for one in self._said or ()}
        self._said = session.verdicts.all()
        new = session.verdicts.of_players().difference(before.values())
        for one in sorted((one for one in new if one.at >= self._began), key=lambda one: one.at):
            earlier = before.get((one.artist, one.track))
            self._app.call_from_thread(self._app.changes.judged_in_player, one, earlier)

    def _look_what_is_forgotten(self, session: Session) -> None:
        """What was forgotten elsewhere is not brought back from memory: not by undo, nor by the current song."""
        before, self._forgetting = self._forgetting, (session, session.library.seen_mark)
        if before is not None and before[0] is session and before != self._forgetting:
            self._app.call_from_thread(self._app.changes.forget)
            self._app.call_from_thread(self._app.opening.hush)

    def _look_who_listens(self) -> None:
        """Show in the header whether plays are logged, here or by another process."""
        from engine.privacy.presence import Presence, Role

        app = self._app
        listens = Presence(app.folders).others(Role.LISTENS)
        if listens != app.listens:
            app.call_from_thread(setattr, app, "listens", listens)
