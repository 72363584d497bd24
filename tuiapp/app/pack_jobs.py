"""Dialogs and messages for packs: downloads, files, what was added, what is new."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tuiapp.app.model_files import ask_model
from tuiapp.settings.in_keys import in_keys
from tuiapp.typed_paths import paths_in, with_options

if TYPE_CHECKING:
    from engine.community.packs import PackInfo
    from engine.job_messages import AddedData, Offered, Updated
    from tuiapp.app.app import DiscoverApp
    from tuiapp.screens.dialogs import AskText

_UPDATE = "Update"


def ask_pack(app: DiscoverApp) -> None:
    """Ask for a pack: a download, which is looked up first, or a file."""
    from tuiapp.screens.first_steps import MODEL, MUSIC, community_question

    def answered(what: str | None) -> None:
        if what == MODEL:
            ask_model(app)
        elif what == MUSIC:
            ask_music(app)
        elif what:
            app.jobs.start("Checking what is offered", "look", what)
        elif what is not None:
            ask_pack_file(app, question.pasted)

    question = community_question()
    question.file_answer = ""
    app.push_screen(question, answered)


def ask_pack_file(app: DiscoverApp, typed: str = "", wrong: str = "") -> None:
    """Ask for the file of a pack."""
    from tuiapp.screens.first_steps import COMMUNITY_FILES

    title = "Add community data or track features"
    ask_files(app, title, "Add pack", ["add"], COMMUNITY_FILES, typed, wrong)


def ask_music(app: DiscoverApp, typed: str = "", wrong: str = "") -> None:
    """Ask for folders of music."""
    from tuiapp.screens.first_steps import MUSIC_FILES

    title = "Add music files"
    ask_files(app, title, title, ["music", "add"], MUSIC_FILES, typed, wrong)


def ask_update(app: DiscoverApp, pack: PackInfo) -> None:
    """Ask where newer data for a pack is: a download, which is looked up first, or a file."""
    from engine.community.offers import SOURCES, newer_of
    from engine.wording import quantity
    from tuiapp.screens.pick import Choice, Pick

    if app.jobs.own is not None:
        app.notify(
            f"The demo's data is made up. Press {app.keymap.label('leave_demo')} to return to your own."
        )
        return
    if pack.kind != "community":
        add = app.keymap.label("model.add_pack")
        app.notify(f"{pack.name} is replaced whole: press {add} and add it again.")
        return
    choices, more = [Choice("", "A file or folder you have")], ""
    if name := newer_of(pack.source, pack.level):
        choices.insert(0, Choice(name, f"Download {SOURCES[name].title}", SOURCES[name].size))
        more = " Looking up the download shows your address to its host; you are asked before it starts."
    of = f"of {pack.collected}" if pack.collected else "of an unknown day"
    more = (
        f"It is {of}, from {quantity(pack.listeners, 'listeners')}. Newer data replaces it, and you see what is"
        f" new. What your model does not know is added to it at once.{more}"
    )
    arguments = ["update", "", "--pack", pack.name, "--level", pack.level]

    def answered(what: str | None) -> None:
        if what:
            app.jobs.start("Checking what is offered", "look", what, "--update", pack.name)
        elif what is not None:
            ask_update_file(app, arguments, question.pasted)

    question = Pick(f"Update {pack.name}?", choices, more=more)
    question.file_answer = ""
    app.push_screen(question, answered)


def ask_update_file(app: DiscoverApp, arguments: Sequence[str], typed: str = "", wrong: str = "") -> None:
    """Ask for the file with newer data; `arguments` are the job's, of whatever file."""
    from tuiapp.screens.first_steps import COMMUNITY_FILES

    command, _file, *of = arguments
    title = f"Newer data for {of[1]}"
    ask_files(app, title, _UPDATE, [command], COMMUNITY_FILES, typed, wrong, of)


def ask_to_download(app: DiscoverApp, looked: Sequence[str], found: Offered) -> None:
    """Ask before downloading what was `found` by the job with the arguments `looked`: what it is, its date and size,
    and who sees it."""
    from engine.community.offers import SOURCES
    from tuiapp.screens.pick import Choice, Pick

    _look, what, *of = looked
    if not found["newer"]:
        app.notify(found["said"], title="Nothing newer", timeout=12)
        return
    start = ["fetch", what]
    if of:
        start = ["update", what, "--pack", of[1], "--level", SOURCES[what].level or "artists", "--download"]

    def answered(choice: str | None) -> None:
        if choice is not None:
            app.jobs.start(_UPDATE if of else "Download", *start)

    question = Pick(f"Download {SOURCES[what].title}?", [Choice("fetch", "Download")], more=found["said"])
    app.dialog_queue.show(question, answered)


def ask_files(
    app: DiscoverApp,
    title: str,
    job: str,
    command: Sequence[str],
    above: str | Callable[[int], str],
    typed: str,
    wrong: str,
    behind: Sequence[str] = (),
) -> None:
    """Ask for files, and start a job with them between `command` and `behind`; again with the typed text if that failed
    (`wrong` says why)."""
    from tuiapp.screens.dialogs import AskPath

    def submit(text: str, dialog: AskText) -> None:
        try:
            typed, options = with_options(text) if command[0] == "import" else (text, list(behind))
        except ValueError as error:
            dialog.refuse(str(error))
            return
        paths = paths_in(typed)

        def looked(missing: list[str]) -> None:
            if missing:
                dialog.refuse(missing[0])
            elif behind and len(paths) > 1:
                dialog.refuse("Name one file or folder.")
            elif obstacle := app.jobs.obstacle(job):
                dialog.refuse(obstacle)
            else:
                dialog.accept()
                # Not from the dialog, which is closing: the next question would have no receiver.
                start = partial(app.jobs.start, job, *command, *map(str, paths), *options, typed=text)
                app.call_later(start)

        dialog.ask(lambda _session: _missing(paths), looked, group="paths")

    app.push_screen(AskPath(title, submit, above, typed, wrong))


def _missing(paths: Sequence[Path]) -> list[str]:
    """Sentences on those of the paths that cannot be read."""
    from engine.paths import why_not_read

    return [f"{path} {why}." for path in paths if (why := why_not_read(path))]


def added(app: DiscoverApp, result: AddedData) -> None:
    """Show what was added, and what to do next."""
    from tuiapp.import_report import packs_in_words

    model, train = app.keymap.label("view_model"), app.keymap.label("model.train")
    to_train = any(pack["kind"] in ("community", "genres") for pack in result["packs"])
    then = f"\nNow press {model} and {train} to train on it." if to_train else ""
    app.notify(packs_in_words(result, quoted=1) + then, title="Added", timeout=12)


def updated(app: DiscoverApp, result: Updated) -> None:
    """Show what is new, and suggest training if that is much."""
    then = f"\n{in_keys('Train again: discover train.', app.keymap)}" if result["rebuild"] else ""
    title = "Updated" if result["newer"] else "Nothing newer"
    app.notify(f"{result['pack']}: {result['said']}{then}", title=title, timeout=12)
