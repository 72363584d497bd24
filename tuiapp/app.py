"""The app: which view is shown, the session behind all of them, undo, the private session, the running job."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual import work
from textual.app import App, SystemCommand
from textual.reactive import reactive
from textual.screen import Screen
from textual.worker import NoActiveWorker, Worker, get_current_worker

from engine.errors import DiscoverError
from engine.paths import Folders
from tuiapp import state as remembered
from tuiapp.actions import ACTIONS, EVERYWHERE, VIEWS, bindings
from tuiapp.jobs import Job, run_job
from tuiapp.safe import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from engine.playlists.playlist import PlaylistTrack
    from engine.session import Session
    from tuiapp.screens.view import View

UNDO_DEPTH = 50


def _view(name: str) -> Callable[[], Screen[Any]]:
    """Loads a view's module when it is first shown."""

    def make() -> Screen[Any]:
        module = importlib.import_module(f"tuiapp.screens.{name}")
        screen: Screen[Any] = getattr(module, f"{name.title()}View")()
        return screen

    return make


class DiscoverApp(App[int]):
    """Discover, in a terminal."""

    TITLE = "discover"
    CSS_PATH = "app.tcss"
    ENABLE_COMMAND_PALETTE = True
    MODES: ClassVar[dict[str, Any]] = {name: _view(name) for name, _ in VIEWS}
    BINDINGS: ClassVar[list[Any]] = bindings(EVERYWHERE)
    job: reactive[Job | None] = reactive(None, always_update=True)
    private_since: reactive[float | None] = reactive(None)

    def __init__(self, folders: Folders, *, private: bool = False) -> None:
        super().__init__()
        self.folders = folders
        self._start_private = private
        self._session: Session | None = None
        self._opening = threading.Lock()
        # Changes happen in the order asked for: an undo waits for what it undoes.
        self._changing = threading.Lock()
        self._leaving = False
        self._undo: list[tuple[str, Callable[[], None]]] = []
        self._before: list[str] = []
        # Only read here; written through the session's door when the app is left.
        self._state = remembered.read(_bytes(folders.state))
        self.set_reactive(DiscoverApp.private_since, time.monotonic() if private else None)

    # -- starting and leaving --------------------------------------------------------------------------

    def engine(self) -> Session:
        """The session, opened by whichever worker thread asks first: never on the event loop."""
        with self._opening:
            if self._session is None:
                from engine.session import Session

                self._session = Session(self.folders, private=self._start_private)
            return self._session

    def on_mount(self) -> None:
        theme = self._state.get("theme")
        if isinstance(theme, str) and theme in self.available_themes:
            self.theme = theme
        view = self._state.get("view")
        self.switch_mode(view if isinstance(view, str) and view in self.MODES else "discover")

    async def action_quit(self) -> None:
        self._remember_views()
        # What the last keys asked for is done first: a like must not be lost to a quick q.
        self._leaving = True
        while running := [w for w in self.workers if w.is_running and w.group != "job" and w is not _here()]:
            await asyncio.gather(*(worker.wait() for worker in running), return_exceptions=True)
        session = self._session
        if session is not None:
            with contextlib.suppress(DiscoverError):
                session.write_state(remembered.written(self._state))
            session.close()
        if self.job is not None:
            self.job.cancel()
        self.exit(0)

    # -- views -----------------------------------------------------------------------------------------

    def action_view(self, name: str) -> None:
        """Show a view; where the person came from is one escape away."""
        if name != self.current_mode:
            self._before = [*self._before, self.current_mode][-20:]
            self.switch_mode(name)

    def action_view_back(self) -> None:
        """Back to the view before."""
        if self._before:
            self.switch_mode(self._before.pop())

    def views(self) -> Iterable[View]:
        """The views shown so far."""
        from tuiapp.screens.view import View

        for stack in self._screen_stacks.values():
            yield from (screen for screen in stack if isinstance(screen, View))

    def library_changed(self) -> None:
        """What was shown may no longer be true: every view asks anew, those out of sight when they come back."""
        if not self._leaving:
            for view in self.views():
                view.outdated()

    def show_taste(self, number: int, name: str) -> None:
        """Discover for one of the person's tastes."""
        self.action_view("discover")
        from tuiapp.screens.discover import DiscoverView

        screen = self.screen_stack[0]
        if isinstance(screen, DiscoverView):
            screen.show_taste(number, name)

    def show_related(self, name: str) -> None:
        """Walk to an artist."""
        self.action_view("related")
        from tuiapp.screens.related import RelatedView

        screen = self.screen_stack[0]
        if isinstance(screen, RelatedView):
            screen.start_at(name)

    # -- remembering -----------------------------------------------------------------------------------

    def state_of(self, view: str) -> dict[str, Any]:
        """What a view remembered at the last end."""
        return remembered.part(self._state, "views", view)

    def recall_cursor(self, view: str) -> str | None:
        """The key of the row that had the cursor."""
        key = self.state_of(view).get("cursor")
        return key if isinstance(key, str) else None

    def _remember_views(self) -> None:
        views = remembered.part(self._state, "views") | {
            view.NAME: view.remembered() for view in self.views()
        }
        self._state = {"view": self.current_mode, "theme": self.theme, "views": views}

    # -- undo and verdicts -----------------------------------------------------------------------------

    def remember_undo(self, what: str, undo: Callable[[], None]) -> None:
        """Something was done that can be taken back."""
        self._undo = [*self._undo, (what, undo)][-UNDO_DEPTH:]

    def action_undo(self) -> None:
        if not self._undo:
            self.notify("Nothing to undo.")
            return
        what, undo = self._undo.pop()
        undo()
        self.notify(f"Undone: {shown(what)}.", markup=False)

    def in_thread(self, change: Callable[[Session], Any]) -> None:
        """Change the library off the event loop, then let every view ask anew."""

        def run() -> None:
            try:
                with self._changing:
                    change(self.engine())
            except DiscoverError as error:
                self.call_from_thread(self.notify, str(error), severity="error", markup=False)
            self.call_from_thread(self.library_changed)

        self.run_worker(run, thread=True, group="change")

    async def judge(self, verdict: str | None, names: Sequence[str]) -> None:
        """Set a verdict on artists, remember one undo for all, say so."""
        if not names:
            return
        before: dict[str, str | None] = {}

        def change(session: Session) -> None:
            for name in names:
                before[name] = session.judge(verdict, name)

        def restore(session: Session) -> None:
            for name, earlier in before.items():
                session.judge(earlier, name)

        words = {"like": "Liked", "hide": "Hidden", "block": "Blocked", None: "Taken back"}[verdict]
        what = names[0] if len(names) == 1 else f"{len(names)} artists"
        self.in_thread(change)
        self.remember_undo(f"{words.lower()} {what}", lambda: self.in_thread(restore))
        self.notify(f"{words}: {shown(what)}. u takes it back.", markup=False)

    # -- the private session ---------------------------------------------------------------------------

    @work(thread=True, exclusive=True, group="private")
    def action_private(self) -> None:
        if self.job is not None:
            text = f"{self.job.title} is running and writes. Wait for it, or stop it with ^x first."
            self.call_from_thread(self.notify, text, severity="warning")
            return
        try:
            session = self.engine()
            on = not session.private
            if on:
                self.call_from_thread(self._remember_views)
                session.write_state(remembered.written(self._state))
            lost = session.set_private(on)
        except DiscoverError as error:
            self.call_from_thread(self.notify, str(error), severity="error", markup=False)
            return
        self.call_from_thread(self._private_changed, on, lost)

    def _private_changed(self, on: bool, lost: tuple[str, ...]) -> None:
        self.private_since = time.monotonic() if on else None
        self._undo.clear()
        if on:
            self.notify("Nothing is written until you press P again. Likes and playlists last as long as this.",
                        title="Private session")  # fmt: skip
        else:
            text = " ".join(lost) if lost else "There was nothing to keep."
            self.notify(text, title="Private session ended", markup=False)
        self.library_changed()

    def notify(self, message: str, *, title: str = "", **options: Any) -> None:
        """Say something for a moment. Errors name files and artists: never markup, never a control character."""
        text = "\n".join(shown(line) for line in message.split("\n"))
        super().notify(text, title=shown(title), **(options | {"markup": False}))

    # -- asking ----------------------------------------------------------------------------------------

    def ask_text(self, title: str, value: str, then: Callable[[str], None]) -> None:
        """Ask for a line; `then` gets it unless the person thought better."""
        from tuiapp.screens.dialogs import AskText

        self.push_screen(AskText(title, value), lambda text: then(text) if text else None)

    def ask_path(self, title: str, then: Callable[[str], None], above: str = "") -> None:
        """Ask for a path, typed or picked."""
        from tuiapp.screens.dialogs import AskPath

        self.push_screen(AskPath(title, above), lambda text: then(text) if text else None)

    def ask_export(self, title: str, tracks: Callable[[Session], Sequence[PlaylistTrack]]) -> None:
        """Ask where to, and write tracks there in the format of the ending."""
        from engine.playlists.export import safe_file_name

        def export(text: str) -> None:
            def run() -> None:
                try:
                    session = self.engine()
                    report = session.export_tracks(tracks(session), title, Path(text).expanduser())
                except DiscoverError as error:
                    self.call_from_thread(self.notify, str(error), severity="error", markup=False, timeout=10)
                    return
                text_ = f"{report.tracks} tracks written to {report.file}. {report.note}".strip()
                self.call_from_thread(self.notify, shown(text_), title="Exported", markup=False, timeout=10)

            self.run_worker(run, thread=True, group="export")

        value = str(Path.cwd() / f"{safe_file_name(title)}.csv")
        self.ask_text("Export to (ending: csv m3u8 xspf jspf pls json txt uris)", value, export)

    def action_search(self) -> None:
        from tuiapp.screens.dialogs import Search

        self.push_screen(Search(self.engine), lambda name: self.show_related(name) if name else None)

    def action_help(self) -> None:
        from tuiapp.reports import help_for
        from tuiapp.screens.dialogs import ShowText
        from tuiapp.screens.view import View

        view = self.screen_stack[0]
        marks = isinstance(view, View) and view.MARKS
        self.push_screen(
            ShowText(f"Keys in {self.current_mode.title()}", help_for(self.current_mode, marks=marks))
        )

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """The palette: what the keys do here, then Textual's own commands."""
        here = {EVERYWHERE, self.current_mode}
        for action in ACTIONS:
            if action.scope in here and action.id not in {"palette", "back"}:
                target = screen if action.scope == self.current_mode else self
                name = f"{action.label.capitalize()} ({action.key_label})"
                yield SystemCommand(name, action.help, self._runner(action.command or action.id, target))
        yield from super().get_system_commands(screen)

    def _runner(self, action: str, target: Any) -> Callable[[], Any]:
        return lambda: self.run_worker(self.run_action(action, target), exit_on_error=True)

    # -- jobs ------------------------------------------------------------------------------------------

    def action_import(self) -> None:
        from tuiapp.reports import EXPORTS

        how = "\n".join(f"{service:<14} {how} ({wait})" for service, how, wait in EXPORTS)
        self.ask_path(
            "Import listening history", lambda text: self.start_job("Import", "import", text),
            f"Files, folders and archives; the format is found by content.\n\n{how}",
        )  # fmt: skip

    def start_pack_job(self, path: Path) -> None:
        """Add a pack; what it is of is told by content."""
        from engine.community.packs import readers

        known = any(reader.recognises(path) for reader in readers().values()) if path.exists() else True
        self.start_job("Adding a pack", "community" if known else "features", str(path))

    def start_job(self, title: str, *arguments: str) -> None:
        """Start long work in a child process, one at a time and never in a private session."""
        if self.job is not None:
            self.notify(f"{self.job.title} is running. Wait for it, or stop it with ^x.", severity="warning")
        elif self.private_since is not None:
            self.notify(f"A private session is on: {title.lower()} would write. End it with P first.",
                        severity="warning", markup=False)  # fmt: skip
        else:
            expanded = [str(Path(a).expanduser()) if a.startswith("~") else a for a in arguments]
            self._run_job(Job(title, expanded))

    @work(group="job")
    async def _run_job(self, job: Job) -> None:
        self.job = job
        try:
            result = await run_job(job, self.folders.root, lambda: self._job_changed(job))
        finally:
            self.job = None
        session = self._session
        if session is not None:
            session.reload()
        self._job_ended(job, result)
        self.library_changed()

    def _job_changed(self, job: Job) -> None:
        self.job = job
        from tuiapp.screens.model import ModelView

        for view in self.views():
            if isinstance(view, ModelView) and job.losses:
                view.draw_loss(job.losses, job.total)

    def watch_job(self, job: Job | None) -> None:
        from tuiapp.widgets.chrome import JobLine

        for stack in self._screen_stacks.values():
            for screen in stack:
                for line in screen.query(JobLine):
                    line.job = job

    def _job_ended(self, job: Job, result: dict[str, Any]) -> None:
        if result["type"] == "error":
            self.notify(
                result["message"], title=f"{job.title} failed", severity="error", timeout=15, markup=False
            )
        elif result["type"] == "cancelled":
            self.notify("What was whole before is whole now.", title=f"{job.title} stopped")
        elif job.arguments[0] == "import":
            from tuiapp.reports import import_report
            from tuiapp.screens.dialogs import ShowText

            self.push_screen(ShowText("Imported", import_report(result["result"])))
        else:
            self.notify("Done.", title=job.title)

    def action_cancel_job(self) -> None:
        if self.job is None:
            self.notify("Nothing is running.")
        else:
            self.job.cancel()


def _here() -> Worker[Any] | None:
    """The worker this runs in: the palette runs actions in one."""
    try:
        return get_current_worker()
    except NoActiveWorker:
        return None


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def run_app(folders: Folders, *, private: bool = False) -> int:
    """Open the app over a data folder; returns the exit code."""
    return DiscoverApp(folders, private=private).run() or 0
