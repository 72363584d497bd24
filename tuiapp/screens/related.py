"""Related: similar artists of one after another, with a history to go back and forward in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual import getters, on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from tuiapp.safe import shown
from tuiapp.screens.acting import NO_ARTIST, NOTHING_LISTED
from tuiapp.screens.export import ask_export
from tuiapp.screens.view import View
from tuiapp.text import bar, counted_among
from tuiapp.widgets.columns import Column
from tuiapp.widgets.notice import Notice
from tuiapp.widgets.table import Table

if TYPE_CHECKING:
    from engine.recommend.lists import RelatedArtist, RelatedList
    from engine.session import Session

LENGTH = 100
MAX_TRAIL = 50


class RelatedView(View):
    """Who sounds like whom, by who listens to whom."""

    NAME: ClassVar[str] = "related"
    _table: getters.query_one[Table[RelatedArtist]] = getters.query_one(Table)
    _trail_line = getters.query_one("#trail", Static)

    def __init__(self) -> None:
        super().__init__()
        self._trail: list[str] = []
        self._at = -1
        # Whose list is shown: that of another begins at its top.
        self._listed = ""
        # What to say of that list beside whose it is.
        self._note = ""

    def compose_body(self) -> ComposeResult:
        yield Static(id="trail")
        yield Table["RelatedArtist"](
            _columns(solo=False), key=lambda row: row.key, words=lambda row: row.artist
        ).add_class("body")
        yield Notice()

    # -- the history -----------------------------------------------------------------------------------

    def start_at(self, name: str) -> None:
        """Show an artist: what lay ahead in the history is forgotten."""
        if self._at >= 0 and self._trail[self._at] == name:
            return
        self._trail = [*self._trail[: self._at + 1], name][-MAX_TRAIL:]
        self._at = len(self._trail) - 1
        if self.is_mounted:
            self.load()

    def load(self) -> None:
        if self._at < 0:
            self.ask(_favourite, self._begin, group="first")
            return
        name = self._trail[self._at]
        self._show_trail()
        self.ask(lambda session: session.artists.related(name, LENGTH), self._show_list, group="list")

    def of_another_library(self) -> None:
        self._trail, self._at = [], -1
        self._show_trail()

    def _begin(self, favourite: str | None) -> None:
        if favourite is None:
            walk = f"{self.key('discover.related')} on a row of Discover"
            how = f"Press {self.key('search')} to search for one, or {walk}."
            self.set_state("empty", "No artist chosen", how)
        else:
            self.start_at(favourite)

    def _show_list(self, found: RelatedList) -> None:
        self._trail[self._at] = found.artist
        known = sum(row.known for row in found.items)
        self.set_status(f"you know {known} of {len(found.items)}" if found.items else "")
        table = self._table
        self.set_state(
            "" if found.items else "empty",
            "No similar artists",
            f"Too few listeners played this artist.\n{self.key('related.trail_back')} goes back, "
            f"{self.key('search')} finds another.",
        )
        other = found.artist != self._listed and table.wanted is None
        self._listed = found.artist
        self._note = found.note or counted_among(found)
        table.columns = _columns(solo=found.solo)
        table.show(found.items)
        if other:
            table.move_to(0)
        self.focus_list(table)
        self._show_trail()
        self.listed()

    def _show_trail(self) -> None:
        parts: list[Content | str] = []
        for number, name in enumerate(self._trail):
            if number:
                parts.append(Content.styled(" › ", "$foreground-muted"))
            parts.append(
                Content.styled(
                    shown(name), "bold $text-accent" if number == self._at else "$foreground-muted"
                )
            )
        # Of another artist's list it says nothing, as while the next is on its way.
        if self._note and self._trail[self._at] == self._listed:
            parts.append(Content.styled(f"   {self._note}", "$warning"))
        line = Content.assemble(*parts)
        # Keep the end of a long trail in sight: that is where the person is.
        width = max(10, self.size.width - 2)
        if line.cell_length > width:
            line = Content.assemble("…", line[line.cell_length - width + 1 :])
        self._trail_line.update(line)

    def _go(self, by: int) -> None:
        at = self._at + by
        if 0 <= at < len(self._trail):
            self._at = at
            self.load()
        else:
            self.remark(f"No artist {'before' if by < 0 else 'after'} this one.")

    def action_trail_back(self) -> None:
        self._go(-1)

    def action_trail_forward(self) -> None:
        self._go(1)

    @on(Table.Clicked)
    def _clicked(self) -> None:
        self.action_artist()

    def action_related(self) -> None:
        """On to the artist under the cursor."""
        row = self._table.row
        if row is not None:
            self.start_at(row.artist)
        else:
            self.remark(NO_ARTIST)

    def action_export(self) -> None:
        if self._at >= 0:
            name = self._trail[self._at]
            ask_export(
                self.shell, f"Related to {name}", lambda session: session.tracks.of_related(name, LENGTH)
            )
        else:
            self.remark(NOTHING_LISTED)

    def remembered(self) -> dict[str, Any]:
        return super().remembered() | {"trail": self._trail[: self._at + 1]}

    def recall(self, state: dict[str, Any]) -> None:
        super().recall(state)
        trail = state.get("trail")
        if isinstance(trail, list) and not self._trail:
            self._trail = [name for name in trail if isinstance(name, str)][-MAX_TRAIL:]
            self._at = len(self._trail) - 1


def _columns(*, solo: bool) -> tuple[Column[RelatedArtist], ...]:
    """A model of one's own listening counts one's own sessions."""
    return (
        Column("", lambda row: "•" if row.known else "", 1, order=lambda row: not row.known),
        Column("artist", lambda row: row.artist, 20, share=3, order=lambda row: row.key),
        Column("similarity", lambda row: bar(row.similarity, 12), 12, accent=True,
               order=lambda row: -row.similarity),
        Column("", lambda row: f"{row.similarity:z.2f}", 5, right=True, least=60,
               order=lambda row: -row.similarity),
        Column("sessions" if solo else "listeners", lambda row: f"{row.listeners:,}", 9, right=True,
               order=lambda row: -row.listeners),
        Column("in common", lambda row: "–" if row.in_common is None else f"{row.in_common:,}", 9, right=True,
               order=lambda row: -(row.in_common or 0), least=72),
        Column("plays", lambda row: f"{row.plays:,}" if row.plays else "new", 6, right=True,
               order=lambda row: -row.plays),
    )  # fmt: skip


def _favourite(session: Session) -> str | None:
    """The artist to start from when none was chosen: the top of Discover."""
    from engine.recommend.settings import DiscoverSettings

    items = session.discover.list(DiscoverSettings(n=1)).items
    return items[0].artist if items else None
