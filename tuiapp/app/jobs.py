"""Long work as a child process speaking JSON lines (`engine.job`): a busy thread in this process would slow every
key."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Literal

from engine.errors import CancelledError, DiscoverError
from tuiapp.job import Job, run_job
from tuiapp.safe import shown
from tuiapp.settings.in_keys import in_keys

if TYPE_CHECKING:
    from textual.worker import Worker

    from engine.community.packs import PackInfo
    from engine.job_messages import Ended, Imported, ImportedFile, ServerTask
    from engine.paths import Folders
    from engine.taste.coverage import Coverage
    from tuiapp.app.app import DiscoverApp

# Jobs that import a person's own data.
_OWN_DATA = ("import", "add", "look", "fetch", "update", "add-model", "music", "stars")


class Jobs:
    """Starts, shows and ends jobs, one at a time."""

    def __init__(self, app: DiscoverApp) -> None:
        self._app = app
        # The person's own data folder, while the demo is open.
        self.own: Folders | None = None

    def start(self, title: str, *arguments: str, typed: str = "", task: ServerTask | None = None) -> None:
        """Start a job, if none runs and no private session is on, since it writes.

        `typed` is the text of the dialog that started it, which reopens with it on failure; `task` goes to standard
        input. A person's own data is never imported into the demo's library: the person is asked, and the demo left
        first.
        """
        app = self._app
        if obstacle := self.obstacle(title):
            app.notify(obstacle, severity="warning")
        elif self.own is not None and arguments[0] in _OWN_DATA:
            self._ask_to_leave(title, arguments, typed, task)
        else:
            contact = app.preferences.config["download.contact"]
            # Set now, so that nothing else starts before its worker does.
            app.job = job = Job(title, list(arguments), task=task, contact=contact, typed=typed)
            _: Worker[None] = app.run_worker(partial(self._run, job), group="job")

    def obstacle(self, title: str) -> str:
        """Why no job can be started now, in a sentence; empty if one can."""
        app = self._app
        if app.job is not None:
            stop = app.keymap.label("cancel_job")
            return f"{app.job.title} is running. Wait, or press {stop} to stop it."
        if app.private_since is not None:
            return f"{title} can't run in a private session. Press {app.keymap.label('private')} to end it."
        if app.private.is_turning:
            return f"{title} can't run while a private session begins. Try again in a moment."
        return ""

    def _ask_to_leave(
        self, title: str, arguments: Sequence[str], typed: str, task: ServerTask | None
    ) -> None:
        """Leave the demo first, then start the job in the person's own library."""
        from tuiapp.screens.pick import Choice, Pick

        def answered(choice: str | None) -> None:
            if choice is not None and self.leave_demo():
                self.start(title, *arguments, typed=typed, task=task)

        question = Pick(
            f"{title} into your own library?",
            [Choice("own", "Leave the demo, then go on")],
            more="The demo's library is made up; your own music can't be added to it.",
        )
        self._app.push_screen(question, answered)

    def ask_import(self, typed: str = "", wrong: str = "") -> None:
        """Ask what to import, with how to export it from each service."""
        from tuiapp.app.help_texts import how_to_export
        from tuiapp.app.pack_jobs import ask_files

        title = "Import listening history"
        ask_files(self._app, title, "Import", ["import"], how_to_export, typed, wrong)

    def ask_pack(self) -> None:
        """Ask for a pack: what can be downloaded, or a file."""
        from tuiapp.app.pack_jobs import ask_pack

        ask_pack(self._app)

    def ask_model_export(self) -> None:
        """Ask where the model in use should be written."""
        from tuiapp.app.model_files import ask_model_export

        ask_model_export(self._app)

    def ask_update(self, pack: PackInfo) -> None:
        """Ask where newer data for a pack is."""
        from tuiapp.app.pack_jobs import ask_update

        ask_update(self._app, pack)

    def ask_push(self, playlist: str) -> None:
        """Ask to which server of the person's own a playlist should go."""
        from tuiapp.app.pushing import ask_push

        ask_push(self._app, playlist)

    def ask_stars(self) -> None:
        """Ask on which server of the person's own stars are to become likes."""
        from tuiapp.app.pushing import ask_stars

        ask_stars(self._app)

    def ask_music_files(self, path: str, unmeasured: int) -> None:
        """Ask what to do with a music folder; `unmeasured` files have not been measured."""
        from tuiapp.app.music_jobs import ask_what_to_do

        ask_what_to_do(self._app, path, unmeasured)

    def start_demo(self) -> None:
        """Fill the demo's data folder, then open it."""
        self.start("Preparing the demo", "demo")

    def leave_demo(self) -> bool:
        """Return from the demo to the person's own library, unless a job of the demo runs; returns whether that is open
        now."""
        app = self._app
        if self.own is None:
            return True
        if app.job is not None or app.private_since is not None or app.private.is_turning:
            what = f"{app.job.title} is running" if app.job is not None else "A private session is on"
            end = app.keymap.label("cancel_job" if app.job is not None else "private")
            app.notify(f"{what}: press {end} to stop it first.", severity="warning")
            return False
        own, self.own = self.own, None
        self._go_to(own)
        app.preferences.of(own)
        app.notify("Back in your library.")
        app.library_changed()
        return True

    def _go_to(self, folders: Folders) -> None:
        self._app.open_folders(folders)
        for view in self._app.views.shown():
            view.of_another_library()
            view.clear_filter()
            view.widen()
            view.settings_changed()  # the strip on top says where one is

    def cancel(self) -> None:
        """Stop the running job, if any."""
        if self._app.job is None:
            self._app.notify("No job is running.")
        else:
            self._app.job.cancel()

    def stop_waiting(self) -> bool:
        """Stop waiting for the network; false if no job waits for it."""
        job = self._app.job
        if job is None or not job.waits:
            return False
        job.cancel()
        return True

    async def _run(self, job: Job) -> None:
        app = self._app

        def changed() -> None:
            app.job = job

        root = app.folders.demo.root if job.arguments[0] == "demo" else app.folders.root
        try:
            result = await run_job(job, root, changed)
            if (session := app.session_in_use) is not None:
                # A child process changed the library: drop caches, once no call is running.
                with contextlib.suppress(CancelledError):
                    await asyncio.to_thread(session.reload)
            if job.arguments[0] == "demo" and result["type"] == "done":
                self.own = app.folders
                self._go_to(app.folders.demo)
        finally:
            app.job = None
        community = await asyncio.to_thread(self._has_community)
        coverage = await asyncio.to_thread(self._coverage)
        self.ended(job, result, community=community, coverage=coverage)
        app.library_changed()

    def ended(
        self, job: Job, result: Ended, *, community: bool = False, coverage: Coverage | None = None
    ) -> None:
        """Show how a job ended: for an import the whole report, and whether there is `community` data.

        After an import and a training also the coverage.
        """
        from tuiapp.app import model_files, music_jobs, pack_jobs, pushing

        app = self._app
        if job.arguments[0] in ("push", "stars"):
            pushing.ended(app, job, result)
        elif result["type"] == "error":
            message = in_keys(result["message"], app.keymap)
            if job.typed and app.job is None and len(app.screen_stack) == 1:
                # No other job was started meanwhile: the dialog reopens with the typed text.
                again: dict[str, Callable[[str, str], None]] = {
                    "import": self.ask_import,
                    "add-model": partial(model_files.ask_model, app),
                    "music": partial(pack_jobs.ask_music, app),
                    "update": partial(pack_jobs.ask_update_file, app, job.arguments),
                }
                again.get(job.arguments[0], partial(pack_jobs.ask_pack_file, app))(job.typed, message)
            else:
                app.notify(message, title=f"{job.title} failed", severity="error", timeout=15)
        elif result["type"] == "cancelled":
            app.notify("Nothing was lost.", title=f"{job.title} stopped")
        elif job.arguments[0] == "import":
            self._show_report(result["result"], community, coverage, job.typed)
        elif job.arguments[0] == "look":
            pack_jobs.ask_to_download(app, job.arguments, result["result"])
        elif job.arguments[0] == "update":
            pack_jobs.updated(app, result["result"])
        elif job.arguments[0] in ("add", "fetch"):
            pack_jobs.added(app, result["result"])
        elif job.arguments[0] == "add-model":
            model_files.added(app, result["result"], self._said(coverage))
        elif job.arguments[0] == "music":
            music_jobs.ended(app, result["result"])
        elif job.arguments[0] == "export-model":
            model_files.exported(app, result["result"])
        elif job.arguments[0] == "demo":
            key = app.keymap.label("leave_demo")
            text = f"Everything here is demo data. Press {key} to return to your library."
            app.notify(text, title="Demo", timeout=12)
        else:
            severity: Literal["information", "warning"] = (
                "warning" if coverage and coverage.low else "information"
            )
            app.notify(
                f"Done. {self._said(coverage)}".strip(), title=job.title, severity=severity, timeout=12
            )
            model_files.trained(app, [model["level"] for model in result["result"]])

    def _said(self, coverage: Coverage | None) -> str:
        """The coverage and, if it is low, the key to press; empty without community data."""
        if coverage is None:
            return ""
        return shown(in_keys(f"{coverage.in_words()} {coverage.advice}".strip(), self._app.keymap))

    def _show_report(self, report: Imported, community: bool, coverage: Coverage | None, typed: str) -> None:
        """An import's report, and what to do next: without community data nothing new can be found.

        Ambiguous files can be imported again, from the line that was `typed`, with the option that resolves it.
        """
        from textual.content import Content

        from tuiapp.app.help_texts import import_report, options_named
        from tuiapp.screens.dialogs import ShowText

        keymap = self._app.keymap
        label = keymap.label
        # Without a key it is in the palette of its own view only.
        train, add = (
            keymap.first(name) or f"{label('view_model')} {label(name)}"
            for name in ("model.train", "model.add_pack")
        )
        steps = {train: "train next, to get recommendations"}
        if not community:
            steps = {
                add: "add community data next, to find new music",
                train: "or train on your listening only, to resurface what you played",
            }
        elif coverage is not None and coverage.low:
            steps = {
                add: "add community data that knows more of it, to find new music",
                train: "or train on what there is",
            }

        if not report["totals"]["kept"]:
            steps = {}
        options, again = options_named(report), label("import")
        if options:
            steps |= {again: f"import again, with {' or '.join(options)} after the path"}

        def go_on(key: str | None) -> None:
            if key == again:
                self.ask_import(f"{typed} {options[0]}")
            elif key is not None:
                self._app.views.go("model")
                self.ask_pack() if key == add else self.start("Training", "train")

        files: list[ImportedFile] = [
            {**file, "note": in_keys(file["note"], self._app.keymap)} for file in report["files"]
        ]
        totals = report["totals"]
        dropped = {in_keys(reason, self._app.keymap): count for reason, count in totals["dropped"].items()}
        text = import_report({**report, "files": files, "totals": {**totals, "dropped": dropped}}, steps)
        if said := self._said(coverage):
            text = Content.assemble(f"{said}\n\n", text)
        unread = not totals["read"] and any(file["unread"] for file in report["files"])
        found = any(file["format"] for file in report["files"]) and not unread
        title = "Imported" if found else "Nothing imported"
        self._app.dialog_queue.show(ShowText(title, text, also=tuple(steps)), go_on)

    def _coverage(self) -> Coverage | None:
        try:
            return self._app.engine().coverage.of()
        except DiscoverError:
            return None

    def _has_community(self) -> bool:
        try:
            return any(pack.kind == "community" for pack in self._app.engine().packs.all())
        except DiscoverError:
            return False
