"""What screens and widgets may ask of the app they are in. `DiscoverApp` is it; they know no more of it than this.

A class rather than a Protocol, since a screen's `app` is an App: `app = getters.app(Shell)` says which.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual.reactive import reactive

from tuiapp.safe import shown
from tuiapp.textual_internals import Guarded

if TYPE_CHECKING:
    from textual.signal import Signal

    from engine.live.mpv import Now
    from engine.paths import Folders
    from engine.session import Session
    from tuiapp.app.crash import Failures
    from tuiapp.app.hearing import Hearing
    from tuiapp.app.job import Job
    from tuiapp.app.jobs import Jobs
    from tuiapp.app.player import Opening
    from tuiapp.app.preferences import Preferences
    from tuiapp.app.remembering import Remembering
    from tuiapp.app.repairing import Repairing
    from tuiapp.app.undo import Changes
    from tuiapp.app.views import Views
    from tuiapp.settings.keys import Keymap


class Shell(Guarded):
    """The app around the screens: the engine, what is said and asked everywhere, and what stands behind the keys."""

    folders: Folders
    keymap: Keymap
    changes: Changes
    jobs: Jobs
    opening: Opening
    hearing: Hearing
    failures: Failures
    preferences: Preferences
    remembering: Remembering
    repairing: Repairing
    views: Views
    # What stands over a view, and shows the library too, listens to it.
    library_signal: Signal[None]
    # Whoever draws them watches them: the app would paint its whole screen anew, several times a second in a training.
    job: reactive[Job | None] = reactive(None, always_update=True, repaint=False)
    # What plays here.
    playing: reactive[Now | None] = reactive(None, always_update=True, repaint=False)
    private_since: reactive[float | None] = reactive(None, repaint=False)
    # Whether plays come in from players, in this process or another.
    listens: reactive[bool] = reactive(False, repaint=False)
    # The last change in words, which undo takes back; empty for none.
    undoable: reactive[str] = reactive("", repaint=False)

    def engine(self) -> Session:
        """The session, for worker threads: never to be asked for on the event loop."""
        raise NotImplementedError

    def library_changed(self, only: str | None = None) -> None:
        """What was shown may no longer be true: every view, or the one named, asks anew."""
        raise NotImplementedError

    def action_pause(self) -> None:
        self.hearing.pause()

    def action_next_song(self) -> None:
        self.hearing.next()

    def action_stop_playing(self) -> None:
        self.hearing.end()

    def action_louder(self, by: int) -> None:
        self.hearing.louder(by)

    def action_queue(self) -> None:
        self.hearing.show_queue()

    def action_seek(self, seconds: int) -> None:
        self.hearing.seek(seconds)

    def notify(self, message: str, *, title: str = "", **options: Any) -> None:
        """Say something for a moment. Errors name files and artists: never markup, never a control character."""
        lines = map(shown, message.split("\n"))
        super().notify("\n".join(lines), title=shown(title), **(options | {"markup": False}))
