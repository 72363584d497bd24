"""What others do to library and settings while the app is open: another window, a command, the app's own jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import DiscoverError

if TYPE_CHECKING:
    from engine.session import Session
    from tuiapp.app.app import DiscoverApp

# How often it is looked.
LOOK_SECONDS = 1.0
# Jobs that write all the time: what they did is shown once they are done.
_WRITES_ON = ("import", "demo")


class Watching:
    """Looks whether another process wrote, and lets every view ask anew. Training is seen model by model."""

    def __init__(self, app: DiscoverApp) -> None:
        self._app = app

    def begin(self) -> None:
        """Look from now on."""
        self._app.set_interval(LOOK_SECONDS, self.look)

    def look(self) -> None:
        """Look once, in a thread: whoever asks the library something holds it for as long."""
        self._app.run_worker(self._look, thread=True, exclusive=True, group="watching")

    def _look(self) -> None:
        self._app.preferences.look()
        self._look_who_listens()
        session, job = self._app.session_in_use, self._app.job
        if session is None or (job is not None and job.arguments[0] in _WRITES_ON):
            return
        if not session.private and _private_elsewhere(session):
            # As one that begins here: what plays now is not reported when it is over.
            self._app.call_from_thread(self._app.opening.hush)
        try:
            changed = session.library.changed_elsewhere()
        except DiscoverError:
            return  # it is closing
        if changed:
            self._app.call_from_thread(self._app.library_changed)

    def _look_who_listens(self) -> None:
        """Plays come in, here or by a process of its own: that is said on top."""
        from engine.privacy.presence import Presence, Role

        app = self._app
        listens = Presence(app.folders).others(Role.LISTENS)
        if listens != app.listens:
            app.call_from_thread(setattr, app, "listens", listens)


def _private_elsewhere(session: Session) -> bool:
    from engine.privacy import private_session_on

    return private_session_on(session.folders)
