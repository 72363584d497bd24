"""Browse: a tree of genres and decades, and beside it the artists of one, in the order they fit the person."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from textual import getters, on
from textual.app import ComposeResult
from textual.containers import Container
from textual.content import Content
from textual.widgets import Static

from engine.wording import percent, quantity
from tuiapp.safe import shown
from tuiapp.screens.acting import NOTHING_LISTED
from tuiapp.screens.dials import FADING, NOTHING_TO_RESET, Dials
from tuiapp.screens.export import ask_export
from tuiapp.screens.mix import mix_of_genre
from tuiapp.screens.several_lists import SeveralLists
from tuiapp.text import bar
from tuiapp.widgets.columns import Column
from tuiapp.widgets.notice import Notice
from tuiapp.widgets.table import Table

if TYPE_CHECKING:
    from engine.errors import DiscoverError
    from engine.recommend.browse import BrowseList, BrowseNode, BrowseTree, Only
    from engine.recommend.lists import Ranked
    from engine.recommend.settings import DiscoverSettings
    from engine.session import Session

LENGTH = 500
ORDER = "best fit first, by Discover's scores"
_ONLY = {"new": "only new to you", "known": "only those you know"}


class BrowseView(SeveralLists):
    """The catalog by genre and decade."""

    NAME: ClassVar[str] = "browse"
    _tree: getters.query_one[Table[BrowseNode]] = getters.query_one("#tree", Table)
    _artists: getters.query_one[Table[Ranked]] = getters.query_one("#artists", Table)
    _order_line = getters.query_one("#order", Static)
    _notes_line = getters.query_one("#notes", Static)

    def __init__(self) -> None:
        super().__init__()
        self._at = "#tree"
        self._dials = Dials()
        self._only: Only | None = None
        self._sections: tuple[BrowseNode, ...] = ()
        self._parents: frozenset[str | None] = frozenset()
        # The expanded sections, by name.
        self._open: set[str] = set()
        self._list: BrowseList | None = None
        # The target set by another view: genres, and an artist.
        self._asked_for: tuple[Sequence[str], str] | None = None

    def compose_body(self) -> ComposeResult:
        yield Static(id="order", markup=False)
        yield Static(id="notes", markup=False)
        with Container(id="body", classes="body"):
            yield Table["BrowseNode"](
                (
                    Column("genre", self._titled, 16, share=1),
                    Column(
                        "yours",
                        lambda row: percent(row.plays_share) if row.plays_share else "",
                        5,
                        right=True,
                    ),
                    Column("known", lambda row: f"{row.known:,}", 6, right=True, least=44),
                    Column("artists", lambda row: f"{row.artists:,}", 7, right=True, least=36),
                ),
                key=lambda row: row.name,
                words=lambda row: row.name,
                markable=False,
                id="tree",
            )
            yield Table["Ranked"](
                _columns(solo=False, best=1.0),
                key=lambda row: row.key,
                words=lambda row: row.artist,
                id="artists",
            )
        yield Notice()

    def _titled(self, row: BrowseNode) -> str:
        sign = " " if row.name not in self._parents else "–" if row.name in self._open else "+"
        return f"{'  ' * row.depth}{sign} {row.name}"

    # -- the tree --------------------------------------------------------------------------------------

    def load(self) -> None:
        settings, asked = self._settings(), self._asked_for

        def question(session: Session) -> tuple[BrowseTree, str]:
            there = session.browse.section_of(*asked, settings) if asked is not None else ""
            return session.browse.tree(settings), there

        self.ask(question, self._show_tree, group="tree")

    def start_at(self, genres: Sequence[str], artist: str) -> None:
        """Go to the first of these genres that exists, else to the artist's narrowest."""
        self._asked_for = (genres, artist)
        if self.is_mounted:
            self.load()

    def _show_tree(self, answer: tuple[BrowseTree, str]) -> None:
        found, there = answer
        first_time = not self._sections
        self._sections = found.nodes
        self._parents = frozenset(node.parent for node in found.nodes)
        notes = " ".join(self.in_keys(note) for note in found.notes)
        self._notes_line.update(shown(notes))
        self._notes_line.set_class(bool(notes), "-shown")
        self.set_state("")
        if there:
            self._asked_for = None
            self._reveal(there)
        tree = self._tree
        kinds = {node.kind for node in found.nodes}
        tree.columns = (
            replace(tree.columns[0], title="group" if "group" in kinds else "genre"),
            *tree.columns[1:],
        )
        tree.show(self._rows(), cursor_key=there or None)
        if first_time or self.focused is None:
            self.focus_list(self.table)
            self.another_list()
        self.listed()

    def of_another_library(self) -> None:
        self._show_nothing()

    def show_error(self, error: DiscoverError) -> None:
        """Instead of the tree and of what is said of it."""
        self._show_nothing()
        super().show_error(error)

    def _show_nothing(self) -> None:
        """What is above the list is of what was listed."""
        self._list, self._sections = None, ()
        self._order_line.update("")
        self._notes_line.update("")
        self._notes_line.set_class(False, "-shown")

    def _reveal(self, name: str) -> None:
        """Expand the sections above, and clear the filter."""
        above = {node.name: node.parent for node in self._sections}
        while (parent := above.get(name)) is not None:
            self._open.add(parent)
            name = parent
        if self._tree.filter:
            self._tree.set_filter("")
            self.show_filter_of(self.table)

    def _rows(self) -> list[BrowseNode]:
        """The visible sections: all while a filter is set."""
        if self._tree.filter:
            return list(self._sections)
        rows: list[BrowseNode] = []
        closed: int | None = None
        for node in self._sections:
            if closed is None or node.depth <= closed:
                rows.append(node)
                closed = None if node.name in self._open else node.depth
        return rows

    def filter_by(self, text: str) -> None:
        if self._at == "#tree":
            self._tree.filter = text
            self._tree.show(self._rows())
        super().filter_by(text)

    def action_fold(self, by: int) -> None:
        """Expand or collapse a section; at its end move to the artists, or back to the tree."""
        row = self._tree.row
        if self._at != "#tree":
            if by < 0:
                self._tree.focus()
            else:
                self.remark("These are the artists already.")
        elif row is None:
            self.remark(NOTHING_LISTED)
        elif by > 0 and (row.name not in self._parents or row.name in self._open):
            self._artists.focus()
        elif by > 0:
            self._fold(row, closed=False)
        elif row.name in self._open:
            self._fold(row, closed=True)
        elif row.parent is not None:
            self._tree.show(self._rows(), cursor_key=row.parent)
        else:
            self.remark("No genre above this one.")

    def _fold(self, row: BrowseNode, *, closed: bool) -> None:
        (self._open.discard if closed else self._open.add)(row.name)
        self._tree.show(self._rows(), cursor_key=row.name)

    @on(Table.Clicked)
    def _clicked(self, message: Table.Clicked) -> None:
        row = self._tree.row
        if message.table is self._artists:
            self.action_artist()
        elif row is not None and row.name in self._parents:
            self._fold(row, closed=row.name in self._open)

    # -- the artists -----------------------------------------------------------------------------------

    @on(Table.Highlighted, "#tree")
    def _ask_list(self) -> None:
        row = self._tree.row
        if row is not None:
            name, only, settings = row.name, self._only, self._settings()
            self.ask(lambda session: session.browse.list(name, settings, only), self._show_list, group="list")

    def _settings(self) -> DiscoverSettings:
        return self.shell.preferences.config.for_discover(self._dials.settings(LENGTH))

    def _show_list(self, found: BrowseList) -> None:
        row = self._tree.row
        if row is None or row.name != found.name:
            return  # the cursor has moved
        another = self._list is None or self._list.name != found.name
        self._list = found
        self._dials.measured = found.half_life
        self.set_status(f"{len(found.items):,} of {quantity(found.artists, 'artists')}")
        table = self._artists
        table.columns = _columns(solo=found.solo, best=max((one.score for one in found.items), default=1.0))
        table.show(found.items)
        if another:
            table.move_to(0)
        self._show_order()
        self.listed()

    def _show_order(self) -> None:
        found = self._list
        if found is None:
            return
        parts = [f"{quantity(found.artists, 'artists')}, {found.known:,} known", ORDER, *self._leaning()]
        if self._only:
            parts.append(_ONLY[self._only] if found.items else f"{_ONLY[self._only]}: none")
        self._order_line.update(
            Content.assemble(
                Content.styled(shown(found.name), "bold $text-accent"),
                Content.styled(f"  {' · '.join(parts)}", "$foreground-muted"),
            ),
            layout=False,
        )

    def _leaning(self) -> list[str]:
        """The dials that affect the order, in words."""
        popularity, recency = self._dials.places["popularity"], int(self._dials.places["recency"])
        words = []
        if popularity:
            words.append(
                "less known"
                if self._dials.at_less_known
                else f"leaning to {'popular' if popularity > 0 else 'obscure'}"
            )
        if recency >= 0:
            days = FADING[recency]
            words.append(f"plays fade by half in {days:.0f} days" if days else "all plays count the same")
        return words

    def _ask_again(self) -> None:
        self.says_nothing_is_listed()
        self._ask_list()

    def action_turn(self, name: str, by: float) -> None:
        if said := self._dials.turn(name, by):
            self.remark(said)
        else:
            self._ask_again()

    def action_less_known(self) -> None:
        self._dials.toggle_less_known()
        self._ask_again()

    def action_show_only(self, which: Only) -> None:
        """Filter by new or known; again for all."""
        self._only = None if self._only == which else which
        self._ask_again()

    def action_reset_dials(self) -> None:
        if self._dials.at_rest and self._only is None:
            self.remark(NOTHING_TO_RESET)
        self._dials, self._only = Dials(), None
        self._ask_list()

    def widen(self) -> None:
        if self._only is not None:
            self.action_show_only(self._only)

    def another_list(self) -> None:
        no_artists = dict.fromkeys(("like", "add_to", "related", "mark"), "")
        self._keys.called = {} if self._at == "#artists" else {"artist": "artists"} | no_artists

    def action_artist(self) -> None:
        """From a section to its artists, from an artist to their page."""
        if self.says_nothing_is_listed():
            return
        if self._at == "#tree":
            self._artists.focus()
        else:
            super().action_artist()

    def choose(self, then: Callable[[list[str]], None], *, keep: bool = False, moves: bool = False) -> None:
        """Actions on music apply to artists."""
        if self._at == "#tree":
            self.remark(f"Choose an artist: {self.key('browse.artist')} goes to the list.")
        else:
            super().choose(then, keep=keep, moves=moves)

    def action_mix(self) -> None:
        """A mix from a genre in the tree, or from the artists chosen."""
        row = self._tree.row
        if self._at == "#tree" and row is not None and row.kind != "all":
            mix_of_genre(self, row.name)
        else:
            super().action_mix()

    def action_export(self) -> None:
        found = self._list
        if found is not None:
            artists = [(one.artist, one.key) for one in found.items]
            ask_export(self.shell, found.name, lambda session: session.tracks.of_artists(artists))
        else:
            self.remark(NOTHING_LISTED)

    # -- remembering -----------------------------------------------------------------------------------

    def remembered(self) -> dict[str, Any]:
        return super().remembered() | {
            "cursor": self._tree.key_here,
            "open": sorted(self._open),
            "only": self._only,
            "dials": self._dials.places,
        }

    def recall(self, state: dict[str, Any]) -> None:
        opened, only = state.get("open"), state.get("only")
        if isinstance(opened, list):
            self._open = {name for name in opened if isinstance(name, str)}
        if only in _ONLY:
            self._only = only
        self._dials.recall(state.get("dials"))
        self._tree.wanted = self.shell.remembering.cursor(self.NAME)
        super().recall(state)


def _columns(*, solo: bool, best: float) -> tuple[Column[Ranked], ...]:
    """A solo model counts one's own sessions; `best` is the highest score."""
    return (
        Column("", lambda row: "♥" if row.liked else "•" if row.known else "", 1,
               order=lambda row: (not row.liked, not row.known)),
        Column("artist", lambda row: row.artist, 16, share=1, order=lambda row: row.key),
        Column("sessions" if solo else "listeners", lambda row: f"{row.listeners:,}", 9, right=True,
               order=lambda row: -row.listeners, least=40),
        Column("plays", lambda row: f"{row.plays:,}" if row.plays else "new", 6, right=True,
               order=lambda row: -row.plays),
        Column("fit", lambda row: bar(max(0.0, row.score) / max(best, 1e-9), 8), 8, accent=True,
               order=lambda row: -row.score, least=56),
    )  # fmt: skip
