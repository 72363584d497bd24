"""What screens and widgets may ask of the app they are in. `DiscoverApp` is it; they know no more of it than this."""

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
    from tuiapp.app.garbage import Garbage
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

T = TypeVar("T")


class Shell(Protocol):
    """The app around the screens: the engine, what is said and asked everywhere, and what stands behind the keys."""

    folders: Folders
    keymap: Keymap
    changes: Changes
    jobs: Jobs
    opening: Opening
    hearing: Hearing
    failures: Failures
    garbage: Garbage
    preferences: Preferences
    remembering: Remembering
    repairing: Repairing
    views: Views
    # What stands over a view, and shows the library too, listens to it.
    library_signal: Signal[None]

    @property
    def job(self) -> Job | None:
        """What runs in the background."""

    @property
    def playing(self) -> Now | None:
        """What plays here."""

    @property
    def private_since(self) -> float | None:
        """When the private session began, by the monotonic clock; null without one."""

    @property
    def listens(self) -> bool:
        """Whether plays come in from players, in this process or another."""

    @property
    def undoable(self) -> str:
        """The last change in words, which undo reverts; empty for none."""

    def engine(self) -> Session:
        """The session, for worker threads: never to be asked for on the event loop."""

    def library_changed(self, only: str | None = None) -> None:
        """What was shown may no longer be true: every view, or the one named, asks anew."""

    def notify(
        self, message: str, *, title: str = "", severity: SeverityLevel = "information", timeout: float = 5
    ) -> None:
        """Say something for a moment. Errors name files and artists: never markup, never a control character."""

    def push_screen(self, screen: Screen[T], callback: Callable[[T | None], None] | None = None) -> object:
        """Textual's: show a screen over this one, and take what it is closed with."""


class InShell(MessagePump):
    """A screen or widget that asks the app for what is the house's own; what is Textual's, it has by `app`."""

    @property
    def shell(self) -> Shell:
        """The app it is in. Not checked as it runs, which takes a Protocol 50 microseconds: the type checker did."""
        return cast("Shell", self.app)
