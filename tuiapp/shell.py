"""The app's interface for screens and widgets, implemented by `DiscoverApp`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar, cast

from textual.message_pump import MessagePump

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from textual.notifications import SeverityLevel
    from textual.screen import Screen
    from textual.signal import Signal

    from engine.live.clock import Song
    from engine.live.mpv import Now
    from engine.paths import Folders
    from engine.session import Session
    from tuiapp.app.jobs import Jobs
    from tuiapp.app.undo import Changes
    from tuiapp.garbage import Garbage
    from tuiapp.job import Job
    from tuiapp.music import Music
    from tuiapp.settings.config import Config
    from tuiapp.settings.keys import Keymap
    from tuiapp.settings.remembering import Remembering
    from tuiapp.working import Working

T = TypeVar("T")


class Navigation(Protocol):
    """The views, to be shown with what is under the cursor."""

    def taste(self, number: int, name: str) -> None:
        """Discover for one of the person's tastes."""

    def as_of(self, date: str) -> None:
        """Discover as of a typed date; empty means now."""

    def related(self, name: str) -> None:
        """Artists similar to one."""

    def browse(self, genres: Sequence[str], artist: str) -> None:
        """Browse the first of these genres that exists, else the artist's narrowest."""

    def playlist(self, name: str) -> None:
        """A saved playlist, open."""

    def artist(self, name: str) -> None:
        """An artist page, over the view."""


class LastFailure(Protocol):
    """What failed unexpectedly."""

    report: str


class OfferingRepair(Protocol):
    """Asks once per run whether damaged data is repaired."""

    def offer(self, *, library: bool) -> None:
        """Ask about the library, or else models and packs; returns at once."""


class WatchedPlayers(Protocol):
    """The players plays are logged from."""

    def watched(self, setting: str) -> str:
        """Whether the players a setting is about are watched here, and why not; empty where nothing listens here."""


class PlayingQueue(Protocol):
    """The songs to come."""

    @property
    def upcoming(self) -> Sequence[Song]:
        """The queue, in order."""

    def drop(self, songs: Collection[Song]) -> None:
        """Remove songs from the queue; can be undone."""

    def go_to(self, song: Song) -> None:
        """Play a song of the queue now, and then those after it."""


class OpeningMusic(Protocol):
    """Plays music, or opens it elsewhere."""

    def open(self, music: Music | None, config: Config, wanted: Sequence[Music] = ()) -> None:
        """Play music from files if possible, else open it as set; returns at once."""

    def play_next(self, config: Config, wanted: Sequence[Music]) -> None:
        """Queue music next, or play it if nothing plays; returns at once."""

    def plays(self, config: Config) -> bool:
        """Whether songs can be played from here."""


class SettingsInUse(Protocol):
    """The settings, applied at once and saved."""

    config: Config

    @property
    def file(self) -> Path:
        """The file they are in."""

    def where(self, key: str) -> str:
        """A value's origin: `default`, `file`, or `session` if it ends with the private session."""

    def change(self, key: str, value: Any) -> None:
        """Change a setting, or with None put it back to its default. Raises ValueError with what is expected."""

    def change_all(self, changes: Mapping[str, Any], words: str) -> object:
        """Change several settings at once; undo calls them `words`."""

    def show_theme(self, theme: str) -> None:
        """Preview a theme."""


class Shell(Protocol):
    """The app around the screens: the engine, shared services, and Textual's methods they use."""

    folders: Folders
    keymap: Keymap
    changes: Changes
    under_way: Working
    jobs: Jobs
    garbage: Garbage
    remembering: Remembering
    # Whether the app is quitting: nobody will see an answer.
    leaving: bool
    # Published on changes of the library, for dialogs that show it.
    library_signal: Signal[None]

    @property
    def views(self) -> Navigation: ...

    @property
    def failures(self) -> LastFailure: ...

    @property
    def listening(self) -> WatchedPlayers: ...

    @property
    def opening(self) -> OpeningMusic: ...

    @property
    def playback(self) -> PlayingQueue: ...

    @property
    def preferences(self) -> SettingsInUse: ...

    @property
    def repairing(self) -> OfferingRepair: ...

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

    def remark(self, message: str) -> None:
        """Show a notification about what is in sight, which goes with it: why a key does nothing here."""

    def push_screen(self, screen: Screen[T], callback: Callable[[T | None], None] | None = None) -> object:
        """Textual's: show a screen over this one; the callback gets its result."""


class InShell(MessagePump):
    """A screen or widget with typed access to the app's own services; Textual's are on `app`."""

    @property
    def shell(self) -> Shell:
        """The app. A cast, since a run-time check of a Protocol takes 50 microseconds."""
        return cast("Shell", self.app)

    def remark(self, message: str) -> None:
        """Show why a key does nothing here, until another view or dialog is shown."""
        self.shell.remark(message)
