"""Playlists: the saved ones, and one of them open, to be put in order, added to and continued."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual import getters, on
from textual.app import ComposeResult
from textual.widgets import Static

from engine.errors import UnknownNameError
from tuiapp.music import Music
from tuiapp.screens.acting import NOTHING_LISTED
from tuiapp.screens.add_to import ask_add_to, in_words
from tuiapp.screens.dialogs import AskText
from tuiapp.screens.export import ask_export
from tuiapp.screens.mix import ask_mix
from tuiapp.screens.playlist_tables import (
    Row,
    heading,
    how_to_fill,
    lists_table,
    music_in,
    none_yet,
    rows_of,
    tracks_in_words,
    tracks_of,
    tracks_table,
)
from tuiapp.screens.view import View
from tuiapp.widgets.notice import Notice
from tuiapp.widgets.table import Table

if TYPE_CHECKING:
    from engine.errors import DiscoverError
    from engine.playlists.playlist import PlaylistTrack
    from engine.playlists.saved import SavedPlaylist
    from engine.session import PlaylistEdit, Session

# How many tracks a list is continued by.
MORE = 10


class PlaylistsView(View):
    """What was kept."""

    NAME: ClassVar[str] = "playlists"
    ORDERED: ClassVar[bool] = True
    _lists: getters.query_one[Table[SavedPlaylist]] = getters.query_one("#lists", Table)
    _tracks: getters.query_one[Table[Row]] = getters.query_one("#tracks", Table)
    _which = getters.query_one("#which", Static)

    def __init__(self) -> None:
        super().__init__()
        self._open: str | None = None
        self._seed = 0
        # Steps asked for while a move is on its way: a held key makes few long moves rather than many.
        self._steps = 0
        self._moving = False
        # Where the cursors were at the last end, until the lists are first shown.
        self._recalled: tuple[str | None, str | None] = (None, None)
        self._backup = ""  # of an empty library its newest one, in a sentence

    def compose_body(self) -> ComposeResult:
        yield Static(id="which")
        yield lists_table().add_class("body")
        yield tracks_table().add_class("body")
        yield Notice()

    @property
    def table(self) -> Table[Any]:
        return self._tracks if self._open is not None else self._lists

    # -- loading ---------------------------------------------------------------------------------------

    def load(self) -> None:
        def question(session: Session) -> tuple[Sequence[SavedPlaylist], str]:
            return (lists := session.playlists.all()), "" if lists else session.status().backup

        self.ask(question, self._show_lists, group="list")
        if self._open is not None:
            self._ask_tracks(self._open)

    def _ask_tracks(self, name: str) -> None:
        def question(session: Session) -> tuple[Sequence[PlaylistTrack], int]:
            kept = next((one.tracks for one in session.playlists.all() if one.name == name), 0)
            return session.playlists.show(name), kept

        def then(answer: tuple[Sequence[PlaylistTrack], int]) -> None:
            if name == self._open and not self.shell.changes.is_to_reload(self.NAME):
                tracks, kept = answer
                cursor, self._recalled = self._recalled[1], (self._recalled[0], None)
                self._show_tracks(tracks, cursor=cursor, blocked=kept - len(tracks))

        self.ask(question, then, group="tracks", failed=self._no_tracks)

    def _show_lists(self, answer: tuple[Sequence[SavedPlaylist], str]) -> None:
        if self.shell.changes.is_to_reload(self.NAME):
            return  # what was removed would come back, tracks at the places of others
        (lists, self._backup), cursor = answer, self._recalled[0]
        self._recalled = (None, self._recalled[1])
        first_time = not self._lists.counts[1]
        self._lists.show(lists, cursor_key=cursor)
        self.set_status(f"{len(lists)} saved")
        if self._open is None:
            self._lists_or_none()
            if first_time:
                self.focus_list(self._lists)
            self.listed()

    def _lists_or_none(self) -> None:
        if self._lists.counts[1]:
            self.set_state("")
        else:
            self.set_state("empty", "No playlists yet", none_yet(self._backup, self.key))

    def _show_tracks(self, tracks: Sequence[PlaylistTrack], cursor: str | None, blocked: int = 0) -> None:
        self._tracks.show(rows_of(tracks), cursor_key=cursor)
        self._which.update(heading(self._open or "", tracks, blocked))
        if tracks:
            self.set_state("")
        else:
            self.set_state("empty", "This playlist is empty", how_to_fill(self.key))
        self.listed()

    def _no_tracks(self, error: DiscoverError) -> None:
        if isinstance(error, UnknownNameError):
            # Deleted, taken back, or kept in a private session that has ended.
            self._close()
        else:
            self.show_error(error)

    # -- opening and closing ---------------------------------------------------------------------------

    def open_list(self, name: str) -> None:
        """Open a list, also in a view that is being made."""
        if self.is_mounted:
            self._enter(name)
        else:
            self._open = name

    def _enter(self, name: str) -> None:
        if self._open != name:
            self.clear_filter()
            self._open = name
            self._show_which()
            self._lists.age_marks()
            self._tracks.clear_marks()
            self._tracks.sort, self._tracks.reverse = None, False
            self._tracks.show(())
            self._tracks.move_to(0)
            # Where the cursor of the lists is found on the way back.
            self._recalled = (name, self._recalled[1])
        self._tracks.focus()
        self._ask_tracks(name)

    def _show_which(self) -> None:
        """The tracks of the open list in place of the lists, and what the keys do with them."""
        self.set_class(self._open is not None, "-open")
        of_lists = {"shift(1)": "", "shift(-1)": ""}
        self._keys.called = {"artist": "artist"} if self._open is not None else of_lists

    def _close(self) -> None:
        """Back to the lists."""
        self.clear_filter()
        self._open = None
        self._show_which()
        self.show_marks()
        self._which.update("")
        self._lists_or_none()
        self._lists.focus()

    def widen(self) -> None:
        """From one list back to all of them."""
        if self._open is not None:
            self._close()

    def music_of(self, row: Any) -> Music | None:
        """A track of the open list; a list is not music to open."""
        return music_in(row.track) if isinstance(row, Row) else None

    def _chosen(self) -> str | None:
        """The open list, or the one under the cursor; that there is none is said."""
        if self._open is None and self._lists.row is None:
            self.remark(NOTHING_LISTED)
        return self._open or getattr(self._lists.row, "name", None)

    @on(Table.Clicked)
    def action_artist(self) -> None:
        """The page of what is under the cursor: a list, or in one an artist."""
        if self._open is not None:
            super().action_artist()
        elif (name := self._chosen()) is not None:
            self._enter(name)

    # -- whole lists -----------------------------------------------------------------------------------

    def action_new(self) -> None:
        def make(name: str, dialog: AskText) -> None:
            def made(edit: PlaylistEdit | None) -> None:
                if edit is not None:
                    dialog.accept()
                    self._enter(edit.name)

            self.shell.changes.edit(
                f"creating {name}",
                lambda session: session.playlists.create(name),
                _restore,
                made,
                dialog.refuse,
            )

        self.app.push_screen(AskText("New playlist's name", make))

    def action_rename(self) -> None:
        if (name := self._chosen()) is None:
            return

        def rename(text: str, dialog: AskText) -> None:
            new = " ".join(text.split())

            def change(session: Session, old: str = name, to: str = new) -> str:
                session.playlists.rename(old, to)
                self.app.call_from_thread(self._follow, old, to)
                return to

            self.shell.changes.edit(
                f"renaming {name}",
                change,
                lambda session, _: change(session, new, name),
                lambda done: dialog.accept() if done is not None else None,
                dialog.refuse,
            )

        self.app.push_screen(AskText("Rename playlist to", rename, name))

    def _follow(self, old: str, new: str) -> None:
        self._recalled = (new, self._recalled[1])
        if self._open == old:
            self._open = new

    def action_remove(self) -> None:
        if self._open is None:
            self.choose(self._remove_lists)
        else:
            self._remove_tracks(self._open)

    def _remove_lists(self, names: list[str]) -> None:
        self._lists.drop(names)
        self.shell.changes.edit_each(
            f"removing {', '.join(names)}",
            names,
            lambda session, name: session.playlists.take(name),
            lambda session, gone: session.playlists.put(gone),
            self.shell.changes.says(f"Removed: {', '.join(names)}."),
            view=self.NAME,
        )

    def action_export(self) -> None:
        if (name := self._chosen()) is not None:
            ask_export(self.shell, name, lambda session: session.playlists.show(name))

    def action_push(self) -> None:
        if (name := self._chosen()) is not None:
            self.shell.jobs.ask_push(name)

    def action_mix(self) -> None:
        """A mix from the tracks chosen, or among the lists one of any kind."""
        lists = self._open is None
        ask_mix(self, getattr(self._lists.row, "name", None)) if lists else super().action_mix()

    # -- the tracks of a list --------------------------------------------------------------------------

    def action_continue(self) -> None:
        if (name := self._chosen()) is None:
            return
        # Another seed each time: what was taken back does not come again.
        seed, self._seed = self._seed, self._seed + 1
        only = self.shell.preferences.config.discover["from_library"]

        def continued(edit: PlaylistEdit | None) -> None:
            if edit is not None:
                self._recalled = (self._recalled[0], str(edit.places[0]))
                self._enter(edit.name)
                self.notify(" ".join([in_words(edit, self.key("undo")), *edit.notes]))

        self.shell.changes.edit(
            f"continuing {name}",
            lambda session: session.playlists.extend(name, MORE, seed, from_library=only),
            _restore,
            continued,
        )

    def action_add_to(self) -> None:
        """Add the tracks chosen to another list, or all tracks of the lists chosen."""
        self.choose(self._add_tracks if self._open is not None else self._add_lists, keep=True)

    def _add_tracks(self, keys: list[str]) -> None:
        tracks = [row.track for row in self._tracks.rows_of(keys)]
        what = "the track" if len(tracks) == 1 else tracks_in_words(len(tracks))
        ask_add_to(self.shell, what, lambda _session: tracks, but=self._open, then=self._tracks.clear_marks)

    def _add_lists(self, names: list[str]) -> None:
        but = names[0] if len(names) == 1 else None
        what = f"the tracks of {but or f'{len(names)} playlists'}"
        ask_add_to(self.shell, what, tracks_of(names), but=but, then=self._lists.clear_marks)

    def to_play(self, keys: list[str], then: Callable[[list[Music]], None]) -> None:
        """The tracks chosen, or all tracks of the lists chosen."""
        if self._open is not None:
            super().to_play(keys, then)
        else:
            self.ask_each(tracks_of(keys), lambda tracks: then([*map(music_in, tracks)]), group="to play")

    def _remove_tracks(self, name: str) -> None:
        def remove(keys: list[str]) -> None:
            places = sorted(map(int, keys))
            # The others have their new places at once: what is removed next is named by them.
            self._tracks.show(rows_of([row.track for row in self._tracks.rows if row.place not in places]))
            self.shell.changes.edit(
                f"removing {tracks_in_words(len(places))} from {name}",
                lambda session: session.playlists.remove_tracks(name, places),
                _restore,
                self.shell.changes.says(f"Removed {tracks_in_words(len(places))} from {name}."),
            )

        self.choose(remove)

    def action_shift(self, by: int) -> None:
        name = self._open
        if name is None:
            self.remark("Open a playlist to move its tracks.")
        elif self._tracks.filter:
            self.remark("Clear the filter to move tracks.")
        elif self._tracks.sort is not None or self._tracks.reverse:
            self.remark(f"The list is sorted. To move tracks, press {self.key('lists.sort_none')} first.")
        else:
            self._steps += by
            if not self._moving:
                self.choose(lambda keys: self._move(name, keys), keep=True)

    def _move(self, name: str, keys: list[str]) -> None:
        by, self._steps = self._steps, 0
        table = self._tracks
        places, here = sorted(row.place for row in table.rows_of(keys)), table.row
        if not by or here is None or not places:
            return
        edge = 1 if by < 0 else len(table.rows) + 1 - len(places)
        if places == list(range(edge, edge + len(places))):
            self.remark("Already at the top." if by < 0 else "Already at the end.")
            return
        marked, at = bool(table.marks), here.place
        self._moving = True

        def moved(edit: PlaylistEdit | None) -> None:
            self._moving = False
            if edit is None or self._open != edit.name:
                self._steps = 0
                return
            now = [str(place) for place in edit.places]
            table.marks = now if marked else ()
            cursor = dict(zip(places, edit.places, strict=True)).get(at, at)
            self._show_tracks(edit.tracks, cursor=str(cursor), blocked=len(edit.after) - len(edit.tracks))
            self._move(edit.name, now)

        self.shell.changes.edit(
            f"moving {tracks_in_words(len(places))} in {name}",
            lambda session: session.playlists.shift(name, places, by),
            _restore,
            moved,
        )

    # -- remembering -----------------------------------------------------------------------------------

    def remembered(self) -> dict[str, Any]:
        name, track = self._lists.row, self._tracks.row
        return super().remembered() | {
            "open": self._open,
            "cursor": name.name if name is not None else None,
            "place": str(track.place) if isinstance(track, Row) and self._open is not None else None,
            "lists": [self._lists.sort, self._lists.reverse],
        }

    def recall(self, state: dict[str, Any]) -> None:
        texts = {name: value for name, value in state.items() if isinstance(value, str)}
        self._recalled = texts.get("cursor"), texts.get("place")
        match state.get("lists"):
            case [int(sort), bool(reverse)]:
                super().recall({"sort": sort, "reverse": reverse})
        if self._open is None:  # another view may have asked for one by now
            self._open = texts.get("open")
            super().recall(state)
        self._show_which()
        if self._open is not None:
            self._tracks.focus()


def _restore(session: Session, edit: PlaylistEdit) -> None:
    session.playlists.restore(edit)
