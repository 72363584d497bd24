"""Long work as a child process speaking JSON lines (`engine.job`): a busy thread here would slow every key."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuiapp.settings.in_keys import in_keys
from tuiapp.typed_paths import paths_in

if TYPE_CHECKING:
    from engine.paths import Folders
    from tuiapp.app.app import DiscoverApp

# A training's result carries every trial: far beyond asyncio's 64 KiB a line.
_LONGEST_LINE = 32 * 1024 * 1024


@dataclass
class Job:
    """One child process and what it last said."""

    title: str
    arguments: Sequence[str]
    stage: str = "starting"
    done: int = 0
    total: int = 0
    seconds_left: float | None = None
    per_second: float | None = None
    losses: list[float] = field(default_factory=list)
    process: asyncio.subprocess.Process | None = None

    def command(self, data_dir: Path) -> list[str]:
        """The module to run and its arguments. The demo stands above the engine, so it is a program of its own."""
        of_demo = self.arguments[0] == "demo"
        module, arguments = ("sample_data.demo", ()) if of_demo else ("engine.job", self.arguments)
        return [module, "--data-dir", str(data_dir), *arguments]

    def cancel(self) -> None:
        """Ask it to stop at the next whole step."""
        if self.process is not None and self.process.returncode is None:
            self.stage = "stopping"
            with contextlib.suppress(ProcessLookupError):
                self.process.terminate()

    def take(self, message: dict[str, Any]) -> None:
        """Remember one progress message."""
        self.stage, self.done, self.total = message["stage"], message["done"], message["total"]
        self.seconds_left, self.per_second = message.get("seconds_left"), message.get("per_second")
        if message.get("loss") is not None:
            if self.done == 1:
                self.losses.clear()  # another fit began
            self.losses.append(message["loss"])


async def run_job(job: Job, data_dir: Path, changed: Callable[[], None]) -> dict[str, Any]:
    """Run a job to its end and return its last message: `done`, `error` or `cancelled`.

    `changed` is called after each progress message. A child that dies without a word gives an `error`.
    """
    job.process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", *job.command(data_dir),
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        limit=_LONGEST_LINE,
    )  # fmt: skip
    assert job.process.stdout is not None  # noqa: S101 - asked for above
    last: dict[str, Any] = {}
    try:
        async for line in job.process.stdout:
            message = json.loads(line)
            if message["type"] == "progress":
                job.take(message)
                changed()
            else:
                last = message
        _, narration = await job.process.communicate()
    except asyncio.CancelledError:
        # The app is closing: leave no child behind.
        job.cancel()
        raise
    if not last:
        tail = narration.decode(errors="replace").strip().splitlines()[-1:]
        last = {
            "type": "error",
            "message": f"{job.title} stopped without a result. {' '.join(tail)}",
            "exit_code": 1,
        }
    return last


class Jobs:
    """The one job that may run at a time, begun, shown and ended."""

    def __init__(self, app: DiscoverApp) -> None:
        self._app = app
        # The person's own data folder, while the sample stands in its place.
        self.own: Folders | None = None

    def start(self, title: str, *arguments: str) -> None:
        """Start long work, never beside another nor in a private session: it writes."""
        app = self._app
        if app.job is not None:
            stop = app.keymap.label("cancel_job")
            app.notify(f"{app.job.title} is running. Wait, or press {stop} to stop it.", severity="warning")
        elif app.private_since is not None:
            end = app.keymap.label("private")
            app.notify(
                f"{title} can't run in a private session. Press {end} to end it.",
                severity="warning",
            )
        else:
            app.run_worker(self._run(Job(title, arguments)), group="job")

    def ask_import(self) -> None:
        """Ask what to import, saying how to get it from each service."""
        from tuiapp.app.help_texts import how_to_export

        self._app.ask_path(
            "Import listening history",
            lambda text: self.start("Import", "import", *map(str, paths_in(text))),
            how_to_export(),
        )

    def _train_if_asked(self, key: str | None) -> None:
        if key is not None:
            self.start("Training", "train")

    def start_pack(self, text: str) -> None:
        """Add all that the files named on a line hold."""
        self.start("Add pack", "add", *map(str, paths_in(text)))

    def start_demo(self) -> None:
        """Fill the sample's own data folder, then open it in place of this one."""
        self.start("Preparing the demo", "demo")

    def leave_demo(self) -> None:
        """Back from the sample to the person's own library, when nothing is going on that is the sample's."""
        app = self._app
        if self.own is None:
            return
        if app.job is not None or app.private_since is not None:
            what = f"{app.job.title} is running" if app.job is not None else "A private session is on"
            end = app.keymap.label("cancel_job" if app.job is not None else "private")
            app.notify(f"{what}: press {end} to stop it first.", severity="warning")
            return
        own, self.own = self.own, None
        self._go_to(own)
        app.notify("Back in your library.")
        app.library_changed()

    def _go_to(self, folders: Folders) -> None:
        self._app.open_folders(folders)
        for view in self._app.views():
            view.settings_changed()  # the strip on top says where one is

    def cancel(self) -> None:
        """Stop what runs, if anything does."""
        if self._app.job is None:
            self._app.notify("No job is running.")
        else:
            self._app.job.cancel()

    async def _run(self, job: Job) -> None:
        app = self._app
        app.job = job

        def changed() -> None:
            app.job = job

        root = app.folders.demo.root if job.arguments[0] == "demo" else app.folders.root
        try:
            result = await run_job(job, root, changed)
        finally:
            app.job = None
        app.reload()
        if job.arguments[0] == "demo" and result["type"] == "done":
            self.own = app.folders
            self._go_to(app.folders.demo)
        self.ended(job, result)
        app.library_changed()

    def ended(self, job: Job, result: dict[str, Any]) -> None:
        """Say how a job ended: an import with its whole report."""
        app = self._app
        if result["type"] == "error":
            message = in_keys(result["message"], app.keymap)
            app.notify(message, title=f"{job.title} failed", severity="error", timeout=15)
        elif result["type"] == "cancelled":
            app.notify("Nothing was lost.", title=f"{job.title} stopped")
        elif job.arguments[0] == "import":
            from tuiapp.app.help_texts import import_report

            key = app.keymap.label("model.train")
            from tuiapp.screens.dialogs import ShowText

            report = import_report(result["result"], key)
            app.push_screen(ShowText("Imported", report, also=key), self._train_if_asked)
        elif job.arguments[0] == "add":
            from tuiapp.import_report import packs_in_words

            app.notify(packs_in_words(result["result"]), title="Added", timeout=12)
        elif job.arguments[0] == "demo":
            key = app.keymap.label("palette")
            text = f"Everything here is demo data. To return to your library: {key}, then “leave the demo”."
            app.notify(text, title="Demo", timeout=12)
        else:
            app.notify("Done.", title=job.title)
