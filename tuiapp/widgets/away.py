"""Favourites that have been away: once much played and fading, or overdue by their own rhythm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from textual.content import Content

from tuiapp.safe import shown
from tuiapp.text import bar, day, fitted
from tuiapp.widgets.drawn import Drawn

if TYPE_CHECKING:
    from engine.taste.gate import TasteItem

Standings = Mapping[str, "Sequence[TasteItem]"]
_TITLES = {
    "overdue": ("overdue", "away for three times their usual gap"),
    "fading": ("fading", "favourites not heard for half a year"),
}


class AwayPanel(Drawn[Standings]):
    """Both lists, as much of each as there is room for."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(away, id=id)


def away(told: Standings, width: int, height: int) -> Content:
    """Artists by plays, with the day they were last heard."""
    rows: list[Content] = []
    for name, (title, meaning) in _TITLES.items():
        items = told.get(name, ())
        room = max(1, (height - 5) // 2)
        rows += [
            Content.assemble(
                Content.styled(title, "bold $text-accent"),
                Content.styled(f"  {meaning}"[: max(0, width - len(title))], "$foreground-muted"),
            ),
            *(_line(item, items[0].plays, width) for item in items[:room]),
        ]
        if not items:
            rows.append(Content.styled("nobody", "$foreground-muted"))
        elif len(items) > room:
            rows.append(Content.styled(f"and {len(items) - room:,} more", "$foreground-muted"))
        rows.append(Content(""))
    return Content("\n").join(rows[:-1])


def _line(item: TasteItem, most: float, width: int) -> Content:
    names = min(24, max(6, width - 24))
    cells = max(4, width - names - 20)
    return Content.assemble(
        fitted(shown(item.name), names), " ",
        Content.styled(bar(item.plays / most if most else 0.0, cells), "$text-accent"),
        f" {item.plays:>6,.0f}",
        Content.styled(f" {day(item.last_played):>11}", "$foreground-muted"),
    )  # fmt: skip
