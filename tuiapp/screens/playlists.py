"""Playlists: the saved ones, and what is in each."""

from __future__ import annotations

from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from tuiapp.exporting import ask_export
from tuiapp.safe import shown
from tuiapp.screens.view import View
from tuiapp.text import day, duration
from tuiapp.widgets.notice import Notice
from tuiapp.widgets.table import Column, Table


class PlaylistsView(View):
    """What was kept."""

    NAME: ClassVar[str] = "playlists"
    CSS_PATH = "playlists.tcss"

    def __init__(self) -> None:
        super().__init__()
        self._open: str | None = None

    def compose_body(self) -> ComposeResult:
        yield Static(id="which")
        yield Table(
            (
                Column("name", lambda row: row.name, 24, share=2, order=lambda row: row.name.casefold()),
                Column("for", lambda row: row.context, 10, order=lambda row: row.context),
                Column("tracks", lambda row: f"{row.tracks:,}", 6, right=True, order=lambda row: -row.tracks),
                Column("length", lambda row: duration(row.seconds), 8, right=True, order=lambda row: -row.seconds),
                Column("saved", lambda row: day(row.at), 12, right=True, order=lambda row: -row.at, least=60),
            ),
            key=lambda row: row.name,
            words=lambda row: f"{row.name} {row.context}",
            id="lists",
        ).add_class("body")  # fmt: skip
        yield Table(
            (
                Column("artist", lambda row: row.artist, 16, share=2),
                Column("track", lambda row: row.track, 18, share=3),
                Column("bpm", lambda row: f"{row.bpm:.0f}" if row.bpm else "", 5, right=True),
                Column("length", lambda row: duration(row.seconds), 8, right=True),
            ),
            key=lambda row: f"{row.artist}\x1f{row.track}",
            words=lambda row: f"{row.artist} {row.track}",
            id="tracks",
            markable=False,
        )
        yield Notice()

    @property
    def table(self) -> Table | None:
        return self.query_one("#tracks" if self._open else "#lists", Table)

    def load(self) -> None:
        self.ask("list", lambda session: session.playlists())

    @on(View.Loaded)
    def _loaded(self, message: View.Loaded) -> None:
        if message.what == "list":
            table = self.query_one("#lists", Table)
            table.show(message.result)
            self.set_aside(f"{len(message.result)} saved")
            if not message.result:
                how = f"Make one under {self.key('view_contexts')} Contexts and press {self.key('contexts.save')}"
                self.tell("empty", "No playlist is saved yet", f"{how} to keep it.")
            else:
                self.tell("")
                if self._open is None:
                    table.focus()
            self.listed()
        elif message.what == "tracks":
            name, tracks = message.result
            self._open = name
            self.add_class("-open")
            title = Content.styled(shown(name), "bold $text-accent")
            line = Content.assemble(title, f"   {len(tracks)} tracks   esc goes back")
            self.query_one("#which", Static).update(line)
            table = self.query_one("#tracks", Table)
            table.show(tracks)
            table.focus()
        elif message.what == "changed":
            self.load()

    def show_error(self, what: str, error: Any) -> None:
        if what in ("list", "tracks"):
            super().show_error(what, error)
        else:
            self.notify(str(error), severity="error", markup=False)

    def action_back(self) -> None:
        if self._open is not None and not self.clear_filter():
            self._open = None
            self.remove_class("-open")
            self.query_one("#which", Static).update("")
            self.query_one("#lists", Table).focus()
            return
        super().action_back()

    def _chosen(self) -> str | None:
        if self._open is not None:
            return self._open
        row = self.query_one("#lists", Table).row
        return row.name if row is not None else None

    @on(Table.Clicked)
    def action_show(self) -> None:
        name = self._chosen()
        if name is not None and self._open is None:
            self.ask("tracks", lambda session: (name, session.show_playlist(name)))

    def action_rename(self) -> None:
        name = self._chosen()
        if name is None:
            return

        def rename(new: str) -> None:
            self.ask("changed", lambda session: session.rename_playlist(name, new))
            self.home.changes.remember(
                f"renaming {name}",
                lambda: self.home.changes.make(lambda session: session.rename_playlist(new, name)),
            )

        self.home.ask_text("Rename the playlist to", name, rename)

    def action_remove(self) -> None:
        names = [row.name for row in self.query_one("#lists", Table).chosen]
        if self._open is not None or not names:
            return

        def remove(session: Any) -> None:
            gone = [session.take_playlist(name) for name in names]
            self.home.changes.remember(
                f"removing {', '.join(names)}",
                lambda: self.home.changes.make(lambda s: [s.put_playlist(playlist) for playlist in gone]),
            )

        self.ask("changed", remove)

    def action_export(self) -> None:
        name = self._chosen()
        if name is not None:
            ask_export(self.home, name, lambda session: session.show_playlist(name))
