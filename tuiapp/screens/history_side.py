"""History's side panel: a chart of a year, or a list of artists away for long or played most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tuiapp.text import bar, day
from tuiapp.widgets.columns import Column
from tuiapp.widgets.table import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.store.stats import Played
    from engine.taste.gate import TasteItem

# In the order of `v`: the chart first, then the lists.
PAGES = {
    "year": "",
    "fading": "unplayed for 6 months",
    "overdue": "longest gap yet",
    "artists": "most played artists",
    "tracks": "most played tracks",
}

# Messages for empty lists.
NONE = {
    "fading": "No favourite unplayed for 6 months.",
    "overdue": "No artist away for longer than ever.",
    "artists": "No plays.",
    "tracks": "No plays.",
}


@dataclass(frozen=True, slots=True)
class PlayCount:
    """One row: an artist or a track, its plays, and the last play if known."""

    artist: str
    track: str | None
    plays: float
    last: int | None = None


def of_items(items: Sequence[TasteItem]) -> list[PlayCount]:
    """From artists of the taste."""
    return [PlayCount(item.name, None, item.plays, item.last_played) for item in items]


def of_top(top: Sequence[Played]) -> list[PlayCount]:
    """From top lists."""
    return [PlayCount(played.artist, played.track, played.plays) for played in top]


class PlayCounts(Table[PlayCount]):
    """Rows in the given order, most played first; tracks with titles, artists with their last play."""

    def __init__(self) -> None:
        self._caption = ""
        self._track = Column[PlayCount](
            "track", lambda row: row.track or "", 14, share=3, order=lambda row: (row.track or "").casefold()
        )
        self._last = Column[PlayCount](
            "last", lambda row: day(row.last), 11, right=True, order=lambda row: -(row.last or 0)
        )
        # Names need the room more.
        plays = Column[PlayCount](
            "plays", lambda row: f"{row.plays:,.0f}", 6, right=True, order=lambda row: -row.plays
        )
        self._dated = (self._last, plays)
        self._others: tuple[Column[PlayCount], ...] = (
            Column("artist", lambda row: row.artist, 12, share=2, order=lambda row: row.artist.casefold()),
            Column("", lambda row: bar(row.plays / self._most(), 8), 8, accent=True, least=46),
            plays,
        )
        super().__init__(
            self._others,
            key=lambda row: f"{row.artist}\x1f{row.track or ''}",
            words=lambda row: f"{row.artist} {row.track or ''}",
            id="standings",
        )

    def show_page(self, caption: str, rows: list[PlayCount]) -> None:
        """Show a page's rows and columns; another page begins at its top."""
        artist, *others = self._others
        if any(row.track for row in rows):
            self.columns = (self._track, artist, *others)
        elif any(row.last for row in rows):
            self.columns = (artist, *self._dated)
        else:
            self.columns = self._others
        other, self._caption = caption != self._caption, caption
        if other:
            self.sort, self.reverse = None, False
        self.show(rows)
        if other:
            self.move_to(0)

    def _most(self) -> float:
        # They come most played first.
        return next((row.plays for row in self.rows), 0.0) or 1.0
