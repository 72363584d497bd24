"""The list of Discover: artists, each with a track to begin with, or tracks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rich.cells import cell_len

from engine.wording import credited, quantity
from tuiapp.cells import names_within
from tuiapp.own_reasons import in_short
from tuiapp.tastes import ITSELF, percents_of
from tuiapp.text import age, bar, has_one, searchable
from tuiapp.widgets.columns import Column
from tuiapp.widgets.table import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.recommend.lists import DiscoverList, Recommendation

# From this width on the list has room for a track beside each artist.
WITH_TRACK = 100
# More cells than any names take.
MANY = 1 << 20


def _because(row: Recommendation, cells: int = MANY, words: Sequence[str] = ()) -> str:
    """The largest group: its share, and as many of its names as fit into `cells`; in solo mode as many reasons as
    fit. Those with one of the `words` come before others."""
    if row.own is not None:
        return in_short(row, cells, words)
    if not row.why:
        return row.standing
    before = f"{row.standing}: " if row.standing else ""
    if row.tastes.of_single_items:
        names, more = [credited(share.artist, share.track) for share in row.why], row.others
    else:
        first = row.tastes.named[0]
        names, more = list(first.names) or [ITSELF], first.more
        before += f"{percents_of(row.tastes)[0]} "
    if found := [name for name in names if has_one(words, name)]:
        names, more = found, more + len(names) - len(found)
    return before + names_within(names, more, cells - cell_len(before))


def _glyph(row: Recommendation) -> str:
    return "♥" if row.liked else "•" if row.known else ""


GLYPH: Column[Recommendation] = Column("", _glyph, 1, order=lambda row: (not row.liked, not row.known))
ARTIST: Column[Recommendation] = Column(
    "artist", lambda row: row.artist, 18, share=1, order=lambda row: row.key
)
ARTIST_OF_TRACK = replace(ARTIST, share=3)
TRACK: Column[Recommendation] = Column(
    "track", lambda row: row.track or "", 18, share=4, order=lambda row: row.key
)
BECAUSE: Column[Recommendation] = Column(
    "because of",
    _because,
    16,
    share=5,  # two names, rather than all of a long one
    least=50,
    order=lambda row: _because(row).casefold(),
)
# Beside artist and track it needs more room.
BECAUSE_OF_TRACKS = replace(BECAUSE, least=WITH_TRACK)
LISTENERS: Column[Recommendation] = Column(
    "listeners", lambda row: f"{row.listeners:,}", 9, right=True, order=lambda row: -row.listeners
)
# A solo model counts one's own sessions.
SESSIONS = replace(LISTENERS, title="sessions", text=lambda row: f"{row.own.sessions:,}" if row.own else "")
PLAYS: Column[Recommendation] = Column(
    "plays",
    lambda row: f"{row.plays:,}" if row.plays else "new",
    5,
    right=True,
    order=lambda row: -row.plays,
    least=88,
)
# Replaces them as of an earlier date.
LATER: Column[Recommendation] = Column(
    "later",
    lambda row: f"{row.later:,}" if row.later else "–",
    5,
    right=True,
    order=lambda row: -(row.later or 0),
)


class DiscoverTable(Table["Recommendation"]):
    """Rows are recommendations. `tracks` are those to begin with by an artist's key, `best` the highest score."""

    def __init__(self) -> None:
        self.tracks: dict[str, str] = {}
        self.best = 1.0
        self._start_with: Column[Recommendation] = Column(
            "start with",
            self._track,
            18,
            share=3,
            order=lambda row: self._track(row).casefold(),
            least=WITH_TRACK,
        )
        self._fit: Column[Recommendation] = Column(
            # In little room the reasons are more useful: the list is in this order anyway.
            "fit",
            lambda row: bar(row.score / self.best, 8),
            8,
            accent=True,
            order=lambda row: -row.score,
            least=88,
        )
        super().__init__(
            self._columns(of_tracks=False, earlier=False, solo=False),
            key=lambda row: row.key,
            words=self._in_sight,
            id="artists",
        )

    def _in_sight(self, row: Recommendation) -> str:
        """What a filter finds a row by: what is shown of it, with names that are shown instead of others if they
        match."""
        shown = {column.title: column for column in self.columns if self.has_room_for(column)}
        words = [row.artist, row.track or ""]
        if self._start_with.title in shown:
            words.append(self._track(row))
        if BECAUSE.title in shown:
            words.append(_because(row))
        return " ".join(words)

    def _reasons(self, row: Recommendation, cells: int) -> str:
        """The reasons that fit, first those a filter finds the row by: not by its names."""
        named = searchable(f"{row.artist} {row.track or ''}")
        return _because(row, cells, [word for word in searchable(self.filter).split() if word not in named])

    def show_as(self, *, of_tracks: bool, earlier: bool, solo: bool) -> None:
        """Take the columns for artists or tracks, for a list of now or of an earlier date, and for solo mode."""
        self.columns = self._columns(of_tracks=of_tracks, earlier=earlier, solo=solo)

    def _columns(self, *, of_tracks: bool, earlier: bool, solo: bool) -> tuple[Column[Recommendation], ...]:
        because = replace(BECAUSE_OF_TRACKS if of_tracks else BECAUSE, within=self._reasons)
        second = (TRACK, because) if of_tracks else (self._start_with, because)
        return (
            GLYPH,
            ARTIST_OF_TRACK if of_tracks else ARTIST,
            *second,
            SESSIONS if solo else LISTENERS,
            LATER if earlier else PLAYS,
            self._fit,
        )

    def _track(self, row: Recommendation) -> str:
        return self.tracks.get(row.key, "")


def made_from(found: DiscoverList, *, as_of: bool) -> str:
    """What a list is made from, or as of a past date what came of it."""
    if as_of:
        later = sum(bool(row.later) for row in found.items)
        return f"{later} of {len(found.items)} played later" if found.items else ""
    if found.solo:
        source = f"solo: {'half explored' if found.half_explored else 'your listening only'}"
    else:
        from engine.session.discover import Discover

        old = age(found.trained, Discover.today())
        source = f"{quantity(found.listeners, 'listeners')} · {old if old == 'today' else f'{old} old'}"
    if found.resting:
        source = f"{found.resting} resting · {source}"
    return f"comparing · {source}" if found.compared else source
