"""The lists of Taste: one's artists, one's tastes, the rules, and what was said."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import TYPE_CHECKING, Any

from engine.wording import percents
from tuiapp.text import bar, day, has_one, searchable
from tuiapp.widgets.columns import Column
from tuiapp.widgets.table import Table

if TYPE_CHECKING:
    from engine.recommend.modes import Mode
    from engine.store.feedback import Feedback
    from engine.taste.gate import TasteItem
    from engine.taste.rules import KeptRule

_GLYPHS = {"like": "♥ liked", "hide": "○ hidden", "block": "✗ blocked"}


def top_table(mode_of: Mapping[str, int], unknown: Set[str]) -> Table[TasteItem]:
    """One's artists by what they weigh; `mode_of` gives the number of an artist's taste by its key.

    What counts for nothing says why in place of its weight: `unknown` keys are not in the community data.
    """
    table = Table["TasteItem"](
        (
            Column("artist", lambda row: row.name, 18, share=1, order=lambda row: row.key),
            Column("taste", lambda row: str(mode_of.get(row.key, "")), 5, right=True,
                   order=lambda row: mode_of.get(row.key, len(mode_of) + 1), least=44),
            Column("plays", lambda row: f"{row.plays:,.0f}", 7, right=True, order=lambda row: -row.plays),
            Column("weight", lambda row: weight(row), 10, accent=True,
                   order=lambda row: (row.key in unknown, -row.weight)),
            Column("last", lambda row: day(row.last_played), 11, right=True,
                   order=lambda row: -(row.last_played or 0), least=60),
        ),
        key=lambda row: row.key,
        words=lambda row: row.name,
        id="top",
    )  # fmt: skip

    def weight(row: TasteItem) -> str:
        if row.key in unknown:
            return "not known"
        return bar(row.weight / most(), 10) if row.weight else "skipped"

    def most() -> float:
        # The rows come heaviest first.
        return next((row.weight for row in table.rows if row.key not in unknown), 0.0) or 1.0

    return table


def modes_table() -> Table[tuple[int, Mode]]:
    """One's tastes as (number, mode)."""
    such_as = Column["tuple[int, Mode]"](
        "such as",
        lambda row: ", ".join(row[1].artists),
        16,
        share=3,
        least=66,
        order=lambda row: row[1].artists,
        within=lambda row, _cells: artists(row[1]),
    )
    table = Table["tuple[int, Mode]"](
        (
            Column("", lambda row: str(row[0]), 2, right=True, order=lambda row: row[0]),
            Column("taste", lambda row: row[1].name, 14, share=2, order=lambda row: row[1].name.casefold()),
            Column("plays", lambda row: plays()[row[0] - 1], 6, right=True, order=lambda row: -row[1].share),
            Column("", lambda row: bar(row[1].share / most(), 8), 8, accent=True),
            such_as,
        ),
        key=lambda row: row[1].name,
        words=lambda row: " ".join((row[1].name, *(row[1].artists if table.has_room_for(such_as) else ()))),
        id="modes",
        markable=False,
    )

    def artists(mode: Mode) -> str:
        """Those a filter finds the taste by, which are not in its name, come first."""
        words = [word for word in searchable(table.filter).split() if word not in searchable(mode.name)]
        return ", ".join(sorted(mode.artists, key=lambda name: not has_one(words, name)))

    def most() -> float:
        return max((row[1].share for row in table.rows), default=1.0) or 1.0

    def plays() -> list[str]:
        """By number; they add up however the rows are sorted."""
        return percents([mode.share for _, mode in sorted(table.rows, key=lambda row: row[0])])

    return table


def rules_table() -> Table[KeptRule]:
    """The rules that leave plays out of taste."""
    return Table(
        (
            Column("plays", lambda row: f"{row.listens:,}", 7, right=True, order=lambda row: -row.listens),
            Column(
                "excluded",
                lambda row: row.rule.in_words(),
                20,
                share=1,
                order=lambda row: row.rule.in_words().casefold(),
            ),
            Column("since", lambda row: day(row.at), 11, right=True, order=lambda row: -row.at, least=48),
        ),
        key=lambda row: str(row.id),
        words=lambda row: row.rule.in_words(),
        id="rules",
    )


def marks_table() -> Table[Feedback]:
    """What was said about artists and tracks."""
    track = Column["Feedback"](
        "track",
        lambda row: row.track or "",
        8,
        share=1,
        order=lambda row: (row.track or "").casefold(),
        least=56,
    )
    table = Table["Feedback"](
        (
            Column("artist", lambda row: row.artist, 18, share=2, order=lambda row: row.artist.casefold()),
            track,
            Column("", lambda row: _GLYPHS[row.verdict], 9, accent=True, order=lambda row: row.verdict),
            Column("since", lambda row: day(row.at), 11, right=True, order=lambda row: -row.at),
        ),
        key=lambda row: f"{row.artist}\x1f{row.track or ''}",
        words=lambda row: f"{row.artist} {(table.has_room_for(track) and row.track) or ''} {row.verdict}",
        id="marks",
    )
    return table


def first_with_rows(*lists: Table[Any], otherwise: Table[Any]) -> Table[Any]:
    """The first of a panel's lists that has rows. An empty one never has the keys, which would act on nothing while the
    other is in sight."""
    for table in lists:
        table.can_focus = bool(table.rows)
    first = next((table for table in lists if table.rows), otherwise)
    if any(table.has_focus and not table.rows for table in lists):
        first.focus()
    return first
