"""Beginning and ending a private session from the app: never beside a job, and nothing of it is remembered."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from engine.errors import DiscoverError

if TYPE_CHECKING:
    from tuiapp.app.app import DiscoverApp


class PrivateSession:
    """What `P` does. `was` says whether there was one: then the state stays as it was when that began."""

    def __init__(self, app: DiscoverApp, *, on: bool) -> None:
        self._app = app
        self.was = on

    def toggle(self) -> None:
        """Begin one, or end the one that is on; returns at once."""
        self._app.run_worker(self._toggle, thread=True, exclusive=True, group="private")

    def _toggle(self) -> None:
        app = self._app
        if app.job is not None:
            stop = app.keymap.label("cancel_job")
            text = f"{app.job.title} is running. Wait, or press {stop} to stop it."
            app.call_from_thread(app.notify, text, severity="warning")
            return
        try:
            session = app.engine()
            with app.changes.in_turn():
                on = not session.private
                if on:
                    session.library.write_state(app.call_from_thread(app.state_now))
                lost = session.set_private(on)
        except DiscoverError as error:
            app.call_from_thread(app.notify, str(error), severity="error", markup=False)
            return
        app.call_from_thread(self._turned, on, lost)

    def _turned(self, on: bool, lost: tuple[str, ...]) -> None:
        app = self._app
        app.private_since = time.monotonic() if on else None
        self.was = True
        if on:
            app.changes.private_began()
            app.opening.hush()
            app.notify(
                f"Nothing is written until you press {app.keymap.label('private')} again. Likes "
                "and playlists last until then.",
                title="Private session",
            )
        else:
            app.changes.private_ended()
            app.listening.watch()
            lost = (*lost, *app.preferences.reread())
            text = " ".join(lost) if lost else "Nothing to discard."
            app.notify(text, title="Private session ended", markup=False)
        for view in app.views.shown():
            view.age_marks()
        app.library_changed()
