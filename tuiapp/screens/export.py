"""Asks for a file, and exports a list to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from engine.paths import safe_file_name
from engine.wording import quantity
from tuiapp.safe import shown

if TYPE_CHECKING:
    from engine.playlists.export import ExportReport
    from engine.playlists.playlist import PlaylistTrack
    from engine.session import Session
    from tuiapp.screens.dialogs import AskText
    from tuiapp.shell import Shell


def ask_export(shell: Shell, title: str, tracks: Callable[[Session], Sequence[PlaylistTrack]]) -> None:
    """Ask for a file, write `tracks` there in the format of its ending, and show where it is."""
    from tuiapp.screens.dialogs import AskPath

    def submit(text: str, dialog: AskText) -> None:
        from tuiapp.screens.pick import Choice, Pick
        from tuiapp.typed_paths import a_folder, is_there, paths_in

        path = paths_in(text)[0]
        if is_there(path, Path.is_dir):
            dialog.refuse(a_folder(path))
            return

        def write(session: Session) -> ExportReport:
            return session.tracks.export(tracks(session), title, path)

        def written(report: ExportReport) -> None:
            dialog.accept()
            said = f"{quantity(report.tracks, 'tracks')} exported to {report.file}. {report.note}".strip()
            shell.notify(shown(said), title="Exported", timeout=10)

        def overwrite(choice: str | None) -> None:
            if choice is None:
                dialog.refuse()
            else:
                dialog.ask_each(write, written, group="export")

        def look(session: Session) -> ExportReport | None:
            # Existing files are not overwritten without asking.
            return None if is_there(path) else write(session)

        def looked(report: ExportReport | None) -> None:
            if report is not None:
                written(report)
            else:
                question = Pick(
                    "Overwrite it?", [Choice("overwrite", "Overwrite")], more=f"{path} is there already."
                )
                shell.push_screen(question, overwrite)

        dialog.ask_each(look, looked, group="export")

    value = str(Path.cwd() / f"{safe_file_name(title)}.csv")
    what = "Export to (.csv .m3u8 .xspf .jspf .pls .json .txt .uris)"
    shell.push_screen(AskPath(what, submit, value=value, proposed=True))
