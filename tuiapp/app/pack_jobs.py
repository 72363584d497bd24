"""Packs, asked about and said: what to download, and what was added."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tuiapp.app.model_files import ask_model

if TYPE_CHECKING:
    from tuiapp.app.app import DiscoverApp


def ask_pack(app: DiscoverApp) -> None:
    """Ask for a pack: what can be downloaded, which is looked up first, or a file."""
    from tuiapp.screens.first_steps import MODEL, community_question

    def answered(what: str | None) -> None:
        if what == MODEL:
            ask_model(app)
        elif what:
            app.jobs.start("Looking what there is", "look", what)
        elif what is not None:
            app.jobs.ask_pack_file()

    app.push_screen(community_question(), answered)


def ask_to_download(app: DiscoverApp, what: str, said: str) -> None:
    """Ask before anything of it is downloaded; `said` is what it is, from when, how large, who sees what."""
    from engine.community.offers import SOURCES
    from tuiapp.screens.pick import Choice, Pick

    def answered(choice: str | None) -> None:
        if choice is not None:
            app.jobs.start("Download", choice, what)

    question = Pick(f"Download {SOURCES[what].title}?", [Choice("fetch", "Download")], more=said)
    app.push_screen(question, answered)


def added(app: DiscoverApp, result: dict[str, Any]) -> None:
    """Say what was added, and what to do with it next."""
    from tuiapp.import_report import packs_in_words

    model, train = app.keymap.label("view_model"), app.keymap.label("model.train")
    to_train = any(pack["kind"] in ("community", "genres") for pack in result["packs"])
    then = f"\nNow press {model} and {train} to train on it." if to_train else ""
    app.notify(packs_in_words(result) + then, title="Added", timeout=12)
