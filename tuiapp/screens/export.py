"""Asking where a list should go, and writing it there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import DiscoverError
from tuiapp.safe import shown
from tuiapp.typed_paths import paths_in

if TYPE_CHECKING:
    from engine.playlists.playlist import PlaylistTrack
    from engine.session import Session
    from tuiapp.shell import Shell


def ask_export(app: Shell, title: str, tracks: Callable[[Session], Sequence[PlaylistTrack]]) -> None:
    """Ask for a file, write `tracks` there in the format of its ending, and say where they went."""

    def export(text: str) -> None:
        path = paths_in(text)[0]

        def run() -> None:
            try:
                session = app.engine()
                report = session.tracks.export(tracks(session), title, path)
            except DiscoverError as error:
                app.call_from_thread(app.notify, str(error), severity="error", timeout=10)
                return
            said = f"{report.tracks} tracks exported to {report.file}. {report.note}".strip()
            app.call_from_thread(app.notify, shown(said), title="Exported", timeout=10)

        app.run_worker(run, thread=True, group="export")

    def ask() -> None:
        # In a thread: loading what knows all the formats takes longer than a key may wait.
        from engine.playlists.export import safe_file_name

        value = str(Path.cwd() / f"{safe_file_name(title)}.csv")
        what = "Export to (.csv .m3u8 .xspf .jspf .pls .json .txt .uris)"
        app.call_from_thread(app.ask_path, what, export, "", value)

    app.run_worker(ask, thread=True, exclusive=True, group="ask export")
