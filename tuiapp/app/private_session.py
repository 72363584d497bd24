"""Beginning and ending a private session from the app: never during a job, and nothing of it is remembered.

Changes requested before `P` was pressed are made first, later ones wait until the session has begun or ended; jobs are
refused meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from engine.errors import DiscoverError, PrivateSessionError
from tuiapp.settings.in_keys import in_keys

if TYPE_CHECKING:
    from engine.paths import Folders
    from engine.session import Session
    from tuiapp.app.app import DiscoverApp


class PrivateSession:
    """Toggles a private session (`P`). `was` is whether there was one: then the saved state is that from before it."""

    def __init__(self, app: DiscoverApp, *, on: bool) -> None:
        self._app = app
        self.was = on
        # Pending toggles.
        self._pressed = 0

    @property
    def is_turning(self) -> bool:
        """Whether a toggle is pending."""
        return self._pressed > 0

    @property
    def may_be_on(self) -> bool:
        """Whether what is heard now is not to be logged: one is on here, or may be in another process, unseen."""
        return self._app.private_since is not None or self._app.watching.unseen

    def open(self, folders: Folders) -> Session:
        """Open the library, on a thread: as a private session too where it may not be written.

        Raises what `Session` does.
        """
        from engine.privacy.database_file import is_read_only, must_be_written
        from engine.session import Session

        private = self._app.private_since is not None
        may_not = not private and is_read_only(folders.database)
        try:
            return Session(folders, private=private or may_not)
        except PrivateSessionError as error:
            if may_not:
                raise must_be_written(folders) from error
            raise

    def read_only(self) -> None:
        """The library may not be written: it was opened as a private session."""
        app = self._app
        app.private_since, self.was = time.monotonic(), True
        app.notify(
            f"{app.folders.root} is read-only: you can look at everything, and nothing you do is kept.",
            title="Private session",
            severity="warning",
            timeout=15,
        )

    def toggle(self) -> None:
        """Begin one, or end the current one; returns at once."""
        app = self._app
        if app.job is not None:
            stop = app.keymap.label("cancel_job")
            app.notify(f"{app.job.title} is running. Wait, or press {stop} to stop it.", severity="warning")
            return
        self._pressed += 1
        made = app.changes.made
        app.changes.in_turn(lambda: self._toggle(made), "private")

    def _toggle(self, made: int) -> None:
        app = self._app
        try:
            session = app.engine()
            on = not session.private
            if on:
                state: Callable[[], bytes | Awaitable[bytes]] = self._state
                session.library.write_state(app.call_from_thread(state))
            lost = session.set_private(on)
            app.call_from_thread(self._turned, on, lost, made)
        except DiscoverError as error:
            said = in_keys(str(error), app.keymap)
            app.call_from_thread(app.notify, said, severity="error", markup=False)
        finally:
            app.call_from_thread(self._came_to_it)

    async def _state(self) -> bytes:
        """The views' state, once reported plays are stored."""
        await self._app.listening.rest()
        return self._app.state_now()

    def _came_to_it(self) -> None:
        self._pressed -= 1

    def _turned(self, on: bool, lost: tuple[str, ...], made: int) -> None:
        app = self._app
        app.private_since = time.monotonic() if on else None
        self.was = True
        if on:
            app.changes.private_began(made)
            app.opening.hush()
            app.notify(
                f"Nothing is written until you press {app.keymap.label('private')} again. Likes "
                "and playlists last until then.",
                title="Private session",
            )
        else:
            app.changes.private_ended(made)
            app.listening.watch()
            lost = (*lost, *app.preferences.reread())
            text = " ".join(lost) if lost else "Nothing to discard."
            app.notify(text, title="Private session ended", markup=False)
        for view in app.views.shown():
            view.age_marks()
        app.library_changed()
