"""Dialogs and messages for music folders: which, what was found, and whether to measure tempo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.wording import few, quantity

if TYPE_CHECKING:
    from engine.job_messages import FoundMusic, MeasuredTempo
    from tuiapp.app.app import DiscoverApp

MEASURING = "Tempo"
# Maximum files named per reason for being left out.
_NAMED = 2


def ask_what_to_do(app: DiscoverApp, path: str, unmeasured: int) -> None:
    """Ask whether to scan or measure an added folder."""
    from tuiapp.screens.pick import Choice, Pick

    choices = [Choice("scan", "Look for new, changed and deleted files")]
    if unmeasured:
        choices.append(Choice("tempo", "Measure tempo", quantity(unmeasured, "files")))

    def answered(what: str | None) -> None:
        if what == "scan":
            app.jobs.start("Looking through your music", "music", "scan", path)
        elif what == "tempo":
            app.jobs.start(MEASURING, "music", "tempo")

    app.push_screen(Pick("Your music files", choices, more=path), answered)


def ended(app: DiscoverApp, result: FoundMusic | MeasuredTempo) -> None:
    """Show what was found or measured, and offer the next step."""
    if "tempo" in result:
        found = result["tempo"]
        lines = [
            f"{quantity(found['measured'], 'files')} measured, {found['with_tempo']:,} with a tempo.",
            *(
                f"{quantity(len(paths), 'files')} not measured: {reason}: {few(paths, _NAMED)}."
                for reason, paths in found["left_out"].items()
            ),
            result["agreement"],
        ]
        app.notify("\n".join(filter(None, lines)), title="Tempo measured", timeout=12)
        return
    lines = [f"{quantity(result['files'], 'tracks')} found."]
    if result["tracks"]:
        lines.append(
            f"{result['matched']:,} of the {quantity(result['tracks'], 'tracks')} you played have a file."
        )
    lines += [
        f"{len(paths):,} left out: {reason}: {few(paths, _NAMED)}."
        for reason, paths in result["left_out"].items()
    ]
    if not result["unmeasured"]:
        app.notify("\n".join(lines), title="Your music", timeout=12)
        return
    from tuiapp.screens.pick import Choice, Pick

    def answered(what: str | None) -> None:
        if what is not None:
            app.jobs.start(MEASURING, "music", "tempo")

    lines.append(
        "\nTempo is for running and other contexts. About a second per file; you can stop it and continue later."
    )
    choice = Choice("tempo", "Measure tempo", quantity(result["unmeasured"], "files"))
    app.dialog_queue.show(Pick("Your music", [choice], more="\n".join(lines)), answered)
