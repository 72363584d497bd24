"""The queue: what plays, and what follows it, to be played from there or taken out."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from textual import getters, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.events import Resize
from textual.widgets import Static

from engine.wording import quantity
from tuiapp.music import Music
from tuiapp.screens.music_dialog import MusicDialog
from tuiapp.settings.actions import LEADING_ON, bindings_too, on_music
from tuiapp.settings.keys import BY_NAME
from tuiapp.text import duration
from tuiapp.widgets.art import Art, way_of
from tuiapp.widgets.columns import Column
from tuiapp.widgets.table import Table

if TYPE_CHECKING:
    from engine.live.clock import Song


@dataclass(frozen=True, slots=True)
class Waiting:
    """A song at its place in the queue, from 1."""

    place: int
    song: Song


class Queue(MusicDialog):
    """Closed when nothing plays any more."""

    NAME: ClassVar[str] = "queue"
    _list: getters.query_one[Table[Waiting]] = getters.query_one(Table)
    _heading = getters.query_one(".title", Static)
    _hint = getters.query_one(".hint", Static)
    BINDINGS: ClassVar[list[Any]] = [
        *(Binding(one.keys, one.id, show=False, id=one.name) for one in on_music() if one.id != "artist"),
        Binding(
            BY_NAME["playlists.remove"].keys,
            "take_out",
            show=False,
            id="playlists.remove",
            tooltip="Take the selected songs out of the queue; can be undone.",
        ),
        Binding(BY_NAME["undo"].keys, "undo", show=False, id="undo"),
        Binding(BY_NAME["queue"].keys, "dismiss(None)", show=False, id="queue", tooltip="Close."),
        *bindings_too(*LEADING_ON),
        Binding("enter", "go_to", show=False, tooltip="Play from here."),
        Binding("q", "dismiss(None)", show=False, tooltip="Close."),
    ]
    DEFAULT_CSS = """
    Queue > .panel { height: 80%; }
    Queue Horizontal { height: 1fr; }
    Queue Table { width: 1fr; height: 1fr; }
    """

    def compose(self) -> ComposeResult:
        with Vertical(classes="panel"):
            yield Static(classes="title", markup=False)
            with Horizontal():
                yield Table[Waiting](
                    (
                        Column("", lambda row: f"{row.place:,}", 4, right=True, order=lambda row: row.place),
                        Column("artist", lambda row: row.song.artist, 16, share=2,
                               order=lambda row: row.song.artist.casefold()),
                        Column("track", lambda row: row.song.title, 18, share=3,
                               order=lambda row: row.song.title.casefold()),
                        Column("length", lambda row: duration(row.song.length), 8, right=True,
                               order=lambda row: -(row.song.length or 0.0)),
                    ),
                    # The song itself: the same file may be there twice, and places change as songs are played.
                    key=lambda row: str(id(row.song)),
                    words=lambda row: f"{row.song.artist} {row.song.title}",
                    filterable=False,
                )  # fmt: skip
                setting = self.shell.preferences.config["open.art"]
                if way := way_of(setting, os.environ):
                    yield Art(way, named=setting == way)
            yield Static(classes="hint", markup=False)

    def on_mount(self) -> None:
        # Changes made before the queue are not undone from it.
        self._made = self.shell.changes.made
        self._shown: list[Song] = []
        self.watch(self.app, "playing", self._changed)
        self.watch(self.app, "undoable", self._show_hint, init=False)
        self._show_hint()
        self._list.focus()

    def _changed(self) -> None:
        if self.shell.playing is None:
            self.dismiss(None)
            return
        self._show_art()
        now = [*self.shell.playback.upcoming]
        if not self._shown or now != self._shown:
            self._show(now)

    @on(Resize)
    def _resized(self) -> None:
        for art in self.query(Art):
            art.resized()
        self._show_art()

    def _show_art(self) -> None:
        """Show the cover of what plays, where it is wanted and leaves the list its room."""
        playing, (width, height) = self.shell.playing, self.app.size
        for art in self.query(Art):
            art.show(playing.song.place if playing is not None else "", room=width >= 90 and height >= 24)

    def _show(self, now: list[Song]) -> None:
        self._shown = now
        self._list.show([Waiting(place, song) for place, song in enumerate(now, 1)])
        lengths = [song.length for song in now]
        long = f", {duration(sum(filter(None, lengths)))}" if all(lengths) and now else ""
        self._heading.update(f"Queue: {quantity(len(now), 'songs')} to come{long}")

    @on(Table.Marked)
    def _show_hint(self) -> None:
        marks = len(self._list.marks)
        words = {"playlists.remove": "take out", "lists.mark": "select", "lists.mark_all": "all"}
        if self.shell.changes.since(self._made):
            words["undo"] = "undo"
        words["help"] = "help"
        keys = ["enter play from here", *self.shell.keymap.hints(words), "esc close"]
        self._hint.update("  ".join(([f"{marks:,} selected"] if marks else []) + keys))

    def music_of(self, row: Any) -> Music | None:
        return Music(row.song.artist, row.song.title or None) if isinstance(row, Waiting) else None

    @on(Table.Clicked)
    def action_go_to(self) -> None:
        """Play the song under the cursor now, and then what follows it."""
        if self._list.row is not None:
            self.shell.playback.go_to(self._list.row.song)

    def action_open(self) -> None:
        """Play it where it is: opened as in another list it would take the queue's place."""
        self.action_go_to()

    def action_take_out(self) -> None:
        """Take songs out: those selected, or the one under the cursor."""

        def take_out(keys: list[str]) -> None:
            self.shell.playback.drop([row.song for row in self._list.rows_of(keys)])
            self._show([*self.shell.playback.upcoming])

        self.choose(take_out)

    def action_undo(self) -> None:
        """Undo what was done in the queue."""
        self.shell.changes.undo(self._made)
        self._show([*self.shell.playback.upcoming])
