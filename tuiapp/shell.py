"""The app's interface for screens and widgets, implemented by `DiscoverApp`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar, cast

from textual.message_pump import MessagePump

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.notifications import SeverityLevel
    from textual.screen import Screen
    from textual.signal import Signal

    from engine.live.mpv import Now
    from engine.paths import Folders
    from engine.session import Session
    from tuiapp.app.crash import Failures
    from tuiapp.app.jobs import Jobs
    from tuiapp.app.listening import Listening
    from tuiapp.app.playback import Playback
    from tuiapp.app.player import Opening
    from tuiapp.app.preferences import Preferences
    from tuiapp.app.repairing import Repairing
    from tuiapp.app.undo import Changes
    from tuiapp.app.views import Views
    from tuiapp.garbage import Garbage
    from tuiapp.job import Job
    from tuiapp.settings.keys import Keymap
    from tuiapp.settings.remembering import Remembering
    from tuiapp.working import Working

T = TypeVar("T")


class Shell(Protocol):
    """The app around the screens: the engine, shared services, and Textual's methods they use."""

    folders: Folders
    keymap: Keymap
    changes: Changes
    under_way: Working
    jobs: Jobs
    listening: Listening
    opening: Opening
    playback: Playback
    failures: Failures
    garbage: Garbage
    preferences: Preferences
    remembering: Remembering
    repairing: Repairing
    views: Views
    # Whether the app is quitting: nobody will see an answer.
    leaving: bool
    # Published on changes of the library, for dialogs that show it.
    library_signal: Signal[None]

    @property
    def job(self) -> Job | None:
        """The running job."""

    @property
    def playing(self) -> Now | None:
        """The current song."""

    @property
    def private_since(self) -> float | None:
        """When the private session began, by the monotonic clock; null without one."""

    @property
    def listens(self) -> bool:
        """Whether plays are logged from players, in this process or another."""

    @property
    def undoable(self) -> str:
        """The last change in words, which undo reverts; empty for none."""

    @property
    def working(self) -> str:
        """What takes longer than a moment, in words; empty for nothing."""

    def engine(self) -> Session:
        """The session, for worker threads: never to be called on the event loop."""

    def library_changed(self, only: str | None = None) -> None:
        """Data changed: every view, or the one named, reloads."""

    def notify(
        self, message: str, *, title: str = "", severity: SeverityLevel = "information", timeout: float = 5
    ) -> None:
        """Show a notification. Errors name files and artists: never markup, never a control character."""

    def push_screen(self, screen: Screen[T], callback: Callable[[T | None], None] | None = None) -> object:
        """Textual's: show a screen over this one; the callback gets its result."""


class InShell(MessagePump):
    """A screen or widget with typed access to the app's own services; Textual's are on `app`."""

    @property
    def shell(self) -> Shell:
        """The app. A cast, since a run-time check of a Protocol takes 50 microseconds."""
        return cast("Shell", self.app)
