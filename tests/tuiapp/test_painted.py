"""A row is painted once, and again when its data changes."""

from __future__ import annotations

from typing import Any

import pytest
from rich.style import Style
from textual.app import App, ComposeResult

from tests.support.driving import settled
from tuiapp.widgets.columns import Column
from tuiapp.widgets.painted import KEPT, Paint, PaintedRows
from tuiapp.widgets.table import Table

pytestmark = pytest.mark.usefixtures("painting")

ROWS = tuple(f"row {number}" for number in range(KEPT + 1))


class Counted:
    """A column's text, and the rows it was asked for."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.suffix = ""

    def __call__(self, row: Any) -> str:
        self.asked.append(row)
        return f"{row}{self.suffix}"


def paint(text: Counted, width: int = 20, **styles: str) -> Paint:
    plain, cursor, marked = (
        (Style.parse(styles.get(name, name_style)), Style.parse("red"))
        for name, name_style in (("plain", "none"), ("cursor", "bold"), ("marked", "italic"))
    )
    return Paint(width, [(Column("name", text, 10), width - 4)], plain, cursor, marked)


def test_a_row_is_painted_once() -> None:
    text = Counted()
    painted = PaintedRows(paint(text))
    first = painted.row(3, ROWS[3], marked=False, at_cursor=False)
    painted.use(paint(text))
    assert painted.row(3, ROWS[3], marked=False, at_cursor=False) is first
    assert text.asked == [ROWS[3]]


@pytest.mark.parametrize(
    ("change", "lead"),
    [
        ({"at_cursor": True}, "▸ "),
        ({"marked": True}, "✓ "),
        ({"row": "another"}, "  "),
        ({"paint": {"width": 24}}, "  "),
        ({"paint": {"plain": "on blue"}}, "  "),
        ({"forget": True}, "  "),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_it_is_painted_again_when_anything_it_is_painted_from_changes(
    change: dict[str, Any], lead: str
) -> None:
    text = Counted()
    painted = PaintedRows(paint(text))
    painted.row(3, ROWS[3], marked=False, at_cursor=False)
    text.asked.clear()
    if "paint" in change:
        painted.use(paint(text, **change["paint"]))
    if "forget" in change:
        text.suffix = "!"
        painted.forget()
    row = change.get("row", ROWS[3])
    strip = painted.row(3, row, marked=change.get("marked", False), at_cursor=change.get("at_cursor", False))
    assert text.asked == [row]
    assert strip.text.startswith(f"{lead}{row}{text.suffix}")
    assert strip.cell_length == change.get("paint", {}).get("width", 20)


def test_no_more_rows_are_kept_than_a_few_screenfuls() -> None:
    text = Counted()
    painted = PaintedRows(paint(text))
    for place, row in enumerate(ROWS):
        painted.row(place, row, marked=False, at_cursor=False)
    painted.row(0, ROWS[0], marked=False, at_cursor=False)
    assert text.asked == [*ROWS, ROWS[0]]


class TableApp(App[None]):
    """A table of six rows."""

    def __init__(self, text: Counted) -> None:
        super().__init__()
        self.list = Table((Column("name", text, 10),), key=str, words=str)

    def compose(self) -> ComposeResult:
        yield self.list

    def on_mount(self) -> None:
        self.list.show(ROWS[:6])
        self.list.focus()


async def test_a_move_of_the_cursor_paints_the_two_rows_it_is_about() -> None:
    text = Counted()
    app = TableApp(text)
    async with app.run_test(size=(30, 10)) as pilot:
        await settled(pilot, lambda: set(text.asked) == set(ROWS[:6]))
        text.asked.clear()
        await pilot.press("j")
        await settled(pilot, lambda: len(text.asked) > 1)
        assert sorted(text.asked) == [ROWS[0], ROWS[1]]


@pytest.mark.parametrize("what", ["rows", "theme", "width", "text"])
async def test_a_change_of_rows_theme_width_or_text_paints_every_row_in_sight(what: str) -> None:
    text = Counted()
    app = TableApp(text)
    async with app.run_test(size=(30, 10)) as pilot:
        await settled(pilot, lambda: set(text.asked) == set(ROWS[:6]))
        text.asked.clear()
        if what == "rows":
            app.list.show(ROWS[10:16])
        elif what == "theme":
            app.theme = "textual-light"
        elif what == "width":
            await pilot.resize_terminal(40, 10)
        else:
            text.suffix = "!"
            app.list.refresh()
        wanted = set(ROWS[10:16] if what == "rows" else ROWS[:6])
        await settled(pilot, lambda: set(text.asked) == wanted)


async def test_a_mark_is_painted() -> None:
    app = TableApp(Counted())
    async with app.run_test(size=(30, 10)) as pilot:
        await settled(pilot)
        await pilot.press("space")
        await settled(pilot)
        lines = [strip.text for strip in app.screen._compositor.render_strips()]
        assert [line[0] for line in lines[1:4]] == ["✓", "▸", " "]
