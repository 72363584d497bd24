"""Dialogs for model files: which to add, and where to export the model in use."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.community.offers import who_sees
from engine.wording import quantity
from tuiapp.safe import shown
from tuiapp.typed_paths import a_folder, is_address, is_there, paths_in

if TYPE_CHECKING:
    from textual.worker import Worker

    from engine.canonical_keys import Level
    from engine.job_messages import AddedModel
    from engine.session import Session
    from tuiapp.app.app import DiscoverApp
    from tuiapp.screens.dialogs import AskText

_ABOVE = (
    "A file exported here or by somebody else, or its https address. If its maker publishes the file's SHA-256, put it "
    "after that: it proves that the file is theirs.\n\n"
    "It replaces the model in use, which is kept. It needs no pack."
)
_DIGEST = re.compile(r"[0-9a-fA-F]{64}")


def ask_model(app: DiscoverApp, typed: str = "", wrong: str = "") -> None:
    """Ask for the file or address of a model, and add it; ask again with the typed text if that failed."""
    from tuiapp.screens.dialogs import AskPath

    def submit(text: str, dialog: AskText) -> None:
        source, digest = _parts(text)
        start = partial(_take, app, text, source, digest)
        if is_address(source):
            dialog.accept()
            app.call_later(_confirm, app, source, digest, start)
            return

        def looked(there: bool) -> None:
            if not there:
                dialog.refuse(f"{source} is not there.")
            elif obstacle := app.jobs.obstacle("Add model"):
                dialog.refuse(obstacle)
            else:
                dialog.accept()
                app.call_later(start)

        dialog.ask(lambda _session: is_there(Path(source), Path.is_file), looked, group="paths")

    app.push_screen(AskPath("Add a trained model", submit, _ABOVE, typed, wrong))


def _parts(text: str) -> tuple[str, str]:
    """The typed file or address, and the digest after it, empty if there is none."""
    before, _, last = text.rpartition(" ")
    digest = last.lower() if before and _DIGEST.fullmatch(last) else ""
    source = before.strip() if digest else text
    return source if is_address(source) else str(paths_in(source)[0]), digest


def _confirm(app: DiscoverApp, url: str, digest: str, start: Any) -> None:
    """Ask before downloading: what is downloaded, and who sees it."""
    from tuiapp.screens.pick import Choice, Pick

    vouched = "" if digest else " Without a SHA-256 it is not checked against its maker's digest."
    more = f"{url}\n\n{who_sees(app.preferences.config['download.contact'])}{vouched}"
    question = Pick("Download this model?", [Choice("yes", "Download")], more=more)
    app.push_screen(question, lambda choice: None if choice is None else start())


def _take(app: DiscoverApp, text: str, source: str, digest: str) -> None:
    more = [*(["--download"] if is_address(source) else []), *(["--sha256", digest] if digest else [])]
    app.jobs.start("Add model", "add-model", source, *more, typed=text)


def added(app: DiscoverApp, model: AddedModel, said: str) -> None:
    """Show what was added, and how to undo it; `said` is the coverage."""
    level = model["level"]
    what = f"{quantity(model['items'], level)} of {quantity(model['listeners'], 'listeners')}, from {model['from']}."
    if model["already"]:
        app.notify(f"{shown(what)} Nothing was changed.", title="In use already", timeout=12)
        return

    def back(session: Session) -> None:
        session.model_files.undo(level)

    app.changes.remember("adding the model", lambda: app.changes.make(back))
    undo = f"{app.keymap.label('undo')} restores the previous model."
    app.notify("\n".join(filter(None, (shown(what), said, undo))), title="Model added", timeout=12)


def trained(app: DiscoverApp, levels: Sequence[Level]) -> None:
    """Models of these levels were trained: the previous ones can be restored."""
    before = [level for level in levels if app.engine().models.has_before(level)]

    def back(session: Session) -> None:
        for level in before:
            session.model_files.undo(level)

    if before:
        app.changes.remember("training", lambda: app.changes.make(back))


def ask_model_export(app: DiscoverApp) -> None:
    """Ask for a file, and export the model in use there; of two, ask which."""
    from tuiapp.screens.pick import Choice, Pick

    def levels() -> list[Level]:
        session = app.engine()
        every: tuple[Level, ...] = ("artists", "tracks")
        return [level for level in every if session.models.manifest(level) is not None]

    def answered(level: str | None) -> None:
        if level is not None:
            _ask_file(app, level)

    async def ask() -> None:
        found = await asyncio.to_thread(levels)
        if len(found) > 1:
            question = Pick(
                "Export which model?", [Choice(level, f"The model of {level}") for level in found]
            )
            app.push_screen(question, answered)
        elif found:
            _ask_file(app, found[0])
        else:
            train = app.keymap.label("model.train")
            app.notify(f"No model yet. Press {train} to train one.")

    _: Worker[None] = app.run_worker(ask, exclusive=True, group="ask export")


def _ask_file(app: DiscoverApp, level: str) -> None:
    from engine.training.model_file import WHAT_IS_IN_IT
    from tuiapp.screens.dialogs import AskPath
    from tuiapp.screens.pick import Choice, Pick

    def submit(text: str, dialog: AskText) -> None:
        path = paths_in(text)[0]
        if is_there(path, Path.is_dir):
            dialog.refuse(a_folder(path))
            return

        def write(choice: str | None = "") -> None:
            if choice is None:
                dialog.refuse()
            elif obstacle := app.jobs.obstacle("Export model"):
                dialog.refuse(obstacle)
            else:
                dialog.accept()
                app.call_later(app.jobs.start, "Export model", "export-model", str(path), "--level", level)

        def looked(there: bool) -> None:
            # Existing files are not overwritten without asking.
            if there:
                question = Pick(
                    "Overwrite it?", [Choice("overwrite", "Overwrite")], more=f"{path} is there already."
                )
                app.push_screen(question, write)
            else:
                write()

        dialog.ask(lambda _session: is_there(path), looked, group="export")

    value = str(Path.cwd() / f"discover-{level}.zip")
    app.push_screen(AskPath("Export the model to", submit, WHAT_IS_IN_IT, value=value, proposed=True))


def exported(app: DiscoverApp, made: dict[str, Any]) -> None:
    """Show where the file is, and its digest."""
    text = f"{made['file']}: {made['bytes'] / 1e6:.1f} MB, SHA-256 {made['sha256']}."
    app.notify(shown(text), title="Exported", timeout=15)
