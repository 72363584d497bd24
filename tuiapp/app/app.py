"""The app: views, the session behind them, undo, the private session, the running job."""

from __future__ import annotations

import importlib
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.app import SystemCommand
from textual.reactive import reactive
from textual.screen import Screen
from textual.signal import Signal
from textual.worker import Worker

from engine.mapped import end_by
from engine.paths import Folders
from tuiapp.app.crash import Failures
from tuiapp.app.dialog_queue import DialogQueue
from tuiapp.app.jobs import Jobs
from tuiapp.app.listening import Listening
from tuiapp.app.playback import Playback
from tuiapp.app.player import Opening
from tuiapp.app.player_keys import PlayerKeys
from tuiapp.app.preferences import Preferences
from tuiapp.app.private_session import PrivateSession
from tuiapp.app.quit import ask_whether_to_stop, leave, leave_on_signals, leave_with_the_terminal
from tuiapp.app.repairing import Repairing
from tuiapp.app.title import window_title
from tuiapp.app.undo import Changes
from tuiapp.app.views import Views
from tuiapp.app.watching import Watching
from tuiapp.garbage import Garbage
from tuiapp.job import STOPPING, Job
from tuiapp.safe import shown
from tuiapp.settings.actions import EVERYWHERE, SCREENS, bindings
from tuiapp.settings.keys import Keymap
from tuiapp.settings.remembering import Remembering
from tuiapp.textual_internals.terminal import end_at_once, hear_answers, mark_what_is_not_utf8
from tuiapp.textual_internals.widgets import (
    begin_styled,
    let_no_page_be_turned_without_room,
    let_painted_lines_go,
)
from tuiapp.working import Working

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.command import Provider

    from engine.session import Session

_SCREENS = Path(__file__).parents[1] / "screens"


def _view(name: str) -> Callable[[], Screen[Any]]:
    """Loads a view's module and stylesheet when it is first shown."""

    def make() -> Screen[Any]:
        module = importlib.import_module(f"tuiapp.screens.{name}")
        screen: Screen[Any] = getattr(module, f"{name.title()}View")()
        begin_styled(screen, _SCREENS / f"{name}.tcss")
        return screen

    return make


def _commands(name: str) -> Callable[[], type[Provider]]:
    """Loads the palette's commands when it is first opened."""

    def load() -> type[Provider]:
        provider: type[Provider] = getattr(importlib.import_module("tuiapp.app.palette"), name)
        return provider

    return load


class DiscoverApp(PlayerKeys):
    """Discover, in a terminal: the `Shell` around its screens."""

    TITLE = "discover"
    CSS_PATH = "app.tcss"
    ENABLE_COMMAND_PALETTE = True
    COMMANDS: ClassVar[set[Any]] = {_commands("KeyCommands"), _commands("ArtistCommands")}
    MODES: ClassVar[dict[str, Any]] = {name: _view(name) for name, _ in SCREENS}
    BINDINGS: ClassVar[list[Any]] = bindings(EVERYWHERE)

    # Watched by the widgets that draw them: the app would repaint its whole screen, several times a second during a
    # training.
    job: reactive[Job | None] = reactive(None, always_update=True, repaint=False)
    private_since: reactive[float | None] = reactive(None, repaint=False)
    listens: reactive[bool] = reactive(False, repaint=False)
    undoable: reactive[str] = reactive("", repaint=False)
    working: reactive[str] = reactive("", repaint=False)

    def __init__(self, folders: Folders, *, private: bool = False) -> None:
        self.remembering = Remembering(folders.state)
        view = self.remembering.view
        # Shown from the start: no empty screen is made first. Textual declares it of the class and reads it of the app.
        self.DEFAULT_MODE = view if view in self.MODES else "discover"  # type: ignore[misc]
        super().__init__()
        self.folders = folders
        self._session: Session | None = None
        # Held while one is opened, and for the moment in which one takes the place of another.
        self._opening, self._switching = threading.Lock(), threading.Lock()
        self.leaving = False
        # The question whether to quit, as long as it is on the screen.
        self._question: Screen[Any] | None = None
        self.garbage = Garbage()
        self.changes = Changes(self)
        self.under_way = Working(lambda words: setattr(self, "working", words))
        self.jobs = Jobs(self)
        self.opening = Opening(self)
        self.playback = Playback(self)
        self.listening = Listening(self)
        self.watching = Watching(self)
        self.failures = Failures(self)
        self.dialog_queue = DialogQueue(self)
        self.repairing = Repairing(self)
        self.preferences = Preferences(self)
        self.keymap = Keymap()
        self.library_signal: Signal[None] = Signal(self, "library changed")
        self.views = Views(self)
        self.private = PrivateSession(self, on=private)
        self.set_reactive(DiscoverApp.private_since, time.monotonic() if private else None)

    # -- starting and leaving --------------------------------------------------------------------------

    def engine(self) -> Session:
        """The session, opened by the first worker thread that needs it: never on the event loop."""
        with self._opening:
            while (found := self._session) is None:
                folders = self.folders
                opened = self.private.open(folders)
                with self._switching:
                    if folders is self.folders:
                        self._session = opened
                if self._session is not opened:
                    opened.close()  # another folder was chosen meanwhile
                    continue
                if opened.private and self.private_since is None:
                    self.call_later(self.private.read_only)
                for warning in opened.library.warnings:
                    self.notify(warning, severity="warning", timeout=15)
                # What is loaded by now stays: excluded from garbage collection, which would delay a key.
                self.garbage.set_apart()
            return found

    @property
    def session_in_use(self) -> Session | None:
        """The session, if it is open."""
        return self._session

    def open_folders(self, folders: Folders) -> None:
        """Switch to another data folder; earlier changes can no longer be undone."""
        with self._switching:
            before, self._session, self.folders = self._session, None, folders
        self.remembering = Remembering(folders.state)
        self.changes.forget()
        if before is not None:
            # Waits for running calls.
            self.run_worker(before.close, thread=True, group="change")

    def on_load(self) -> None:
        self.preferences.begin()

    def on_ready(self) -> None:
        """The first paint is done."""
        self.garbage.begin()
        leave_with_the_terminal(self)
        # The terminal is empty after `fg`, and Textual paints only what changes.
        self.app_resume_signal.subscribe(self, lambda _app: self.refresh(layout=True))
        if not self.is_headless:
            leave_on_signals(self)
        self.screen_change_signal.subscribe(self, self.forget_remarks)
        self.watching.begin()
        _: Worker[None] = self.run_worker(self.listening.follow, group="listening")
        self.repairing.offer_settings()

    async def action_quit(self) -> None:
        """Quit; during a job that was not asked to stop ask first. In the question the key closes it, as any other:
        twice the same key ends no job."""
        if self.job is None or self.job.stage == STOPPING:
            await self.leave()
        elif self._question not in self.screen_stack:
            self._question = ask_whether_to_stop(self, self.job.title)

    async def leave(self, code: int = 0) -> None:
        """Quit with an exit code, whatever is running."""
        if not self.leaving:
            self.leaving = True
            await leave(self, code)

    def action_help_quit(self) -> None:
        """Ctrl+C: say which key quits."""
        self.notify(f"Press {self.keymap.label('quit')} to quit.")

    # -- views -----------------------------------------------------------------------------------------

    def action_view(self, name: str) -> None:
        """Show a view."""
        self.views.go(name)

    def action_view_back(self) -> None:
        self.views.back()

    def library_changed(self, only: str | None = None) -> None:
        """Data changed: every view (or the one named) reloads, hidden ones when shown again."""
        if not self.leaving:
            for view in self.views.shown():
                if only in (None, view.NAME):
                    view.outdated()
            if only is None:
                self.library_signal.publish(None)

    # -- remembering -----------------------------------------------------------------------------------

    def state_now(self) -> bytes:
        """The state of all views; after a private session as before it, since they may still show what was typed in
        it."""
        if not self.private.was:
            self.remembering.take(
                self.current_mode, {view.NAME: view.remembered() for view in self.views.shown()}
            )
        return self.remembering.written()

    # -- actions available everywhere -----------------------------------------------------------------------

    def action_undo(self) -> None:
        self.changes.undo()

    def action_private(self) -> None:
        self.private.toggle()

    def action_search(self) -> None:
        from tuiapp.screens.search import Search

        self.push_screen(Search())

    def action_help(self) -> None:
        from tuiapp.app.help_texts import help_for, help_in
        from tuiapp.screens.dialogs import Dialog, ShowText
        from tuiapp.screens.view import View

        here = self.screen
        if isinstance(here, Dialog):
            self.push_screen(ShowText(f"Keys in {here.NAME}", partial(help_in, here, self.keymap)))
        elif isinstance(here, View):
            text = partial(help_for, here.NAME, self.keymap, absent=here.absent)
            self.push_screen(ShowText(f"Keys in {here.NAME.title()}", lambda width: text(width=width)))

    def action_command_palette(self) -> None:
        from tuiapp.app.palette import open_palette

        open_palette(self)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """The palette: what the keys do here, then Textual's own commands."""
        from tuiapp.app.palette import commands

        yield from commands(self, screen)
        yield from super().get_system_commands(screen)

    def search_themes(self) -> None:
        """Choose a theme, the way the settings do: previewed, and saved in the settings file."""
        from tuiapp.screens.settings import choose

        choose(self, "theme")

    def notify(self, message: str, *, title: str = "", **options: Any) -> None:
        """Show a notification. Errors name files and artists: never markup, never a control character."""
        lines = map(shown, message.split("\n"))
        super().notify("\n".join(lines), title=shown(title), **(options | {"markup": False}))

    @on(Worker.StateChanged)
    def _worker_changed(self) -> None:
        self.under_way.look()

    def unexpected(self, error: Exception) -> None:
        self.failures.take(error)

    def action_import(self) -> None:
        self.jobs.ask_import()

    def action_cancel_job(self) -> None:
        self.jobs.cancel()

    def action_leave_demo(self) -> None:
        self.jobs.leave_demo()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Disables actions without effect: leaving the demo outside it."""
        if action == "leave_demo":
            return self.jobs.own is not None
        return super().check_action(action, parameters)


def run_app(folders: Folders, *, private: bool = False, own: Folders | None = None) -> int:
    """Open the app over a data folder, `own` is the person's beside the demo's; returns the exit code."""
    mark_what_is_not_utf8()
    let_no_page_be_turned_without_room()
    let_painted_lines_go()
    hear_answers()
    app = DiscoverApp(folders, private=private)
    app.jobs.own = own
    # The interpreter's switch interval: the default of 5 ms, times the threads, delays keys noticeably.
    sys.setswitchinterval(0.0005)
    end_by(lambda said: end_at_once(app, said))
    with app.failures.warnings_noted(), window_title(app.title):
        code = app.run() or 0
        return 1 if app.failures.over else code
