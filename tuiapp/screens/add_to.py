"""Adding to a playlist: which one, chosen by typing or with the arrows, or a new one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import Input, Static

from engine.wording import quantity
from tuiapp.safe import shown
from tuiapp.screens.dialogs import AskText
from tuiapp.screens.typed_list import TypedList
from tuiapp.text import duration, searchable
from tuiapp.widgets.columns import Column
from tuiapp.widgets.line import Line
from tuiapp.widgets.table import Table

if TYPE_CHECKING:
    from engine.errors import DiscoverError
    from engine.playlists.playlist import PlaylistTrack
    from engine.playlists.saved import SavedPlaylist
    from engine.session import PlaylistEdit, Session
    from tuiapp.music import Music
    from tuiapp.shell import Shell

Tracks = Callable[["Session"], "Sequence[PlaylistTrack]"]


@dataclass(frozen=True, slots=True)
class Target:
    """Where to add: a playlist by name, or a new one, whose name may still have to be asked. `again` also adds
    duplicates."""

    name: str
    new: bool = False
    tracks: int = 0
    seconds: float = 0.0
    again: bool = False


class AddTo(TypedList):
    """The playlists, a new one first; typing filters them. Dismissed with a Target or None.

    The only list that cannot be sorted: letters are typed text, the new one stays first, and typing moves the cursor to
    the first, that is newest, match.
    """

    NAME: ClassVar[str] = "add to"
    BINDINGS: ClassVar[list[Any]] = [
        Binding(
            "ctrl+t", "choose(True)", show=False, priority=True, tooltip="Add what is there already, too."
        )
    ]
    DEFAULT_CSS = "AddTo > .panel { height: 60%; min-height: 12; }"

    def __init__(self, what: str, but: str | None = None) -> None:
        """`what` is added, in words; the playlist named `but` is not offered."""
        super().__init__()
        self._what, self._but = what, but
        self._there: list[Target] = []

    def compose(self) -> ComposeResult:
        with Vertical(classes="panel"):
            yield Static(shown(f"Add {self._what} to"), classes="title", markup=False)
            yield Line(placeholder="filter, or name a new playlist")
            yield Table[Target](
                (
                    Column("playlist", _drawn, 20, share=1),
                    Column("tracks", lambda row: "" if row.new else f"{row.tracks:,}", 6, right=True),
                    Column("length", lambda row: duration(row.seconds or None), 8, right=True),
                ),
                key=lambda row: f"{row.new}\x1f{row.name}",
                words=lambda row: row.name,
                markable=False,
            )
            yield Static(
                "enter add, ↑ ↓ choose, ^t allow duplicates, esc close",
                classes="hint",
                markup=False,
            )

    def on_mount(self) -> None:
        self._list.can_focus = False
        self._show("")
        self.ask(lambda session: session.playlists.all(), self._take, group="playlists")

    def _take(self, there: Sequence[SavedPlaylist]) -> None:
        self._there = [
            Target(one.name, False, one.tracks, one.seconds) for one in there if one.name != self._but
        ]
        self._show(self._line.value)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self._show(event.value)

    def _show(self, text: str) -> None:
        words = searchable(text).split()
        found = [one for one in self._there if all(word in searchable(one.name) for word in words)]
        table = self._list
        table.show([Target(" ".join(text.split()), new=True), *found])
        # The typed text selects the first match, if there is one.
        table.move_to(1 if words and found else 0)

    @on(Input.Submitted)
    @on(Table.Clicked)
    def _done(self) -> None:
        self.action_choose(False)

    def action_choose(self, again: bool) -> None:
        row = self._list.row
        if row is not None:
            self.dismiss(Target(row.name, row.new, again=again))


def _drawn(row: Target) -> str:
    if not row.new:
        return row.name
    return f"new playlist “{row.name}”" if row.name else "new playlist…"


def ask_add_to(
    shell: Shell,
    what: str,
    tracks: Tracks,
    *,
    but: str | None = None,
    then: Callable[[], None] = lambda: None,
) -> None:
    """Ask for a playlist, add `tracks` to it, show where they went, and call `then`; `what` names them."""

    def add(target: Target, dialog: AskText | None = None) -> None:
        def done() -> None:
            then()
            if dialog is not None:
                dialog.accept()

        _add(shell, target, tracks, done, dialog.refuse if dialog is not None else None)

    def chosen(target: Target | None) -> None:
        if target is None:
            return
        if target.new and not target.name:
            shell.push_screen(
                AskText("New playlist's name", lambda name, dialog: add(Target(name, new=True), dialog))
            )
        else:
            add(target)

    shell.push_screen(AddTo(what, but), chosen)


def _add(
    shell: Shell,
    target: Target,
    tracks: Tracks,
    done: Callable[[], None],
    failed: Callable[[DiscoverError], None] | None,
) -> None:
    def change(session: Session) -> PlaylistEdit:
        if target.new:
            return session.playlists.create(target.name, tracks(session))
        return session.playlists.add(target.name, tracks(session), again=target.again)

    def said(edit: PlaylistEdit | None) -> None:
        if edit is not None:
            done()
            shell.notify(in_words(edit, shell.keymap.label("undo")))

    shell.changes.edit(
        f"adding to {target.name}",
        change,
        lambda session, edit: session.playlists.restore(edit),
        said,
        failed,
    )


def in_words(edit: PlaylistEdit, undo: str) -> str:
    """Where the tracks went, and which did not; `undo` is the key that undoes it."""
    count, already = len(edit.added), len(edit.already)
    if not count:
        return f"{'It is' if already == 1 else f'All {already:,} are'} in {edit.name} already."
    parts = [f"{quantity(count, 'tracks')} added to {edit.name}. {undo} undoes it."]
    if already:
        parts.append(f"{quantity(already, 'were', 'was')} in it already.")
    if unknown := sum(not track.track for track in edit.added):
        parts.append(f"{quantity(unknown, 'artists')} by name only: no track known.")
    return " ".join(parts)


def in_short(chosen: Sequence[Music]) -> str:
    """What is added, in words: the track, a track of the artist, or of this many artists."""
    first, more = chosen[0], len(chosen) > 1
    if first.track:
        return f"{len(chosen):,} tracks" if more else first.track
    return f"one track by each of {len(chosen):,} artists" if more else f"a track by {first.artist}"


def named(chosen: Sequence[Music]) -> Tracks:
    """These tracks, and of artists one each."""
    return lambda session: session.tracks.to_add([(music.artist, music.track) for music in chosen])
