"""The one table: what it costs, where its cursor stays, how it sorts, filters, marks and cuts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from rich.cells import cell_len
from textual.app import App, ComposeResult

from tests.support.driving import lines_of
from tuiapp.widgets.columns import Column
from tuiapp.widgets.table import Table


@dataclass(frozen=True)
class Row:
    name: str
    plays: int


ROWS = tuple(Row(name, plays) for name, plays in (("Moire", 3), ("Burel", 9), ("Anthene", 1), ("Calder", 5)))
COLUMNS = (
    Column("name", lambda row: row.name, 10, share=1, order=lambda row: row.name),
    Column("plays", lambda row: str(row.plays), 5, right=True, order=lambda row: -row.plays),
    Column("twice", lambda row: str(row.plays * 2), 5, least=60),
)


class TableApp(App[None]):
    """One table and nothing else."""

    def __init__(
        self, rows: Sequence[Any] = ROWS, columns: Sequence[Column[Any]] = COLUMNS, **options: Any
    ) -> None:
        super().__init__()
        options = {"key": lambda row: row.name, "words": lambda row: row.name} | options
        self.rows, self.list = rows, Table(columns, **options)
        self.heard: list[Any] = []

    def compose(self) -> ComposeResult:
        yield self.list

    def on_mount(self) -> None:
        self.list.show(self.rows)
        self.list.focus()

    def on_table_highlighted(self, message: Table.Highlighted) -> None:
        self.heard.append(message.table.row)


@pytest.mark.usefixtures("painting")
async def test_a_million_rows_cost_what_a_screenful_does() -> None:
    asked = []

    def text(row: int) -> str:
        asked.append(row)
        return str(row)

    app = TableApp(range(1_000_000), (Column("n", text, 10),), key=str, words=str)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert set(asked) == set(range(23)), "only the rows in sight are drawn"
        assert len(asked) < 200
        asked.clear()
        await pilot.press("G")
        assert app.list.row == 999_999
        assert lines_of(app.list)[-1].split() == ["▸", "999999"]
        assert min(asked) >= 999_977
        assert len(asked) < 200


async def test_the_cursor_stays_on_its_row_when_rows_change() -> None:
    app = TableApp()
    async with app.run_test() as pilot:
        app.list.move_to(2)
        app.list.show((Row("New", 0), *reversed(ROWS)))
        assert app.list.row == Row("Anthene", 1)
        app.list.show(ROWS, cursor_key="Calder")
        assert app.list.row == Row("Calder", 5)
        app.list.show(ROWS[:2])
        assert app.list.row == ROWS[1], "where its row is gone it stays as near as it can"
        await pilot.pause()
        assert app.heard[-1] == ROWS[1]


async def test_sorting_goes_through_the_columns_and_back_to_the_order_given() -> None:
    app = TableApp()
    async with app.run_test() as pilot:
        orders = []
        for key in "zzzZ":
            await pilot.press(key)
            orders.append([app.list._rows[i].name for i in app.list._order])
        assert orders == [
            ["Anthene", "Burel", "Calder", "Moire"],
            ["Burel", "Calder", "Moire", "Anthene"],
            ["Moire", "Burel", "Anthene", "Calder"],
            ["Calder", "Anthene", "Burel", "Moire"],
        ]
        assert app.list.row == ROWS[0], "the cursor went along"


async def test_only_columns_in_sight_sort_and_one_key_goes_back_to_the_order_given() -> None:
    hidden = Column("far", lambda row: row.name, 5, least=90, order=lambda row: row.name)
    app = TableApp(columns=(*COLUMNS[:2], hidden))
    async with app.run_test(size=(60, 8)) as pilot:
        sorts = []
        for _ in range(3):
            await pilot.press("z")
            sorts.append(app.list.sort)
        assert sorts == [0, 1, None]
        await pilot.press("z", "Z", "equals_sign")
        assert (app.list.sort, app.list.reverse) == (None, False)
        assert list(app.list._order) == [0, 1, 2, 3]
        await pilot.resize_terminal(100, 8)
        await pilot.press("z", "z", "z")
        assert app.list.sort == 2


async def test_the_key_passes_over_columns_without_a_title_which_would_not_say_what_sorts() -> None:
    marks = Column("", lambda row: "•" if row.plays > 4 else "", 1, order=lambda row: row.plays <= 4)
    app = TableApp(columns=(marks, *COLUMNS[:2]))
    async with app.run_test(size=(60, 8)) as pilot:
        await pilot.press("z")
        assert app.list.sort == 1
        assert "name▴" in lines_of(app.list)[0]
        await pilot.press("z", "z")
        assert app.list.sort is None
        await pilot.click(Table, offset=(2, 0))
        assert app.list.sort == 0, "the mouse says which"


async def test_a_heading_says_which_column_sorts_and_which_way() -> None:
    app = TableApp()
    async with app.run_test(size=(40, 10)) as pilot:
        await pilot.click(Table, offset=(4, 0))
        assert "name▴" in lines_of(app.list)[0]
        await pilot.click(Table, offset=(4, 0))
        assert "name▾" in lines_of(app.list)[0]
        assert lines_of(app.list)[1].startswith("▸ Moire"), "from Z to A, the cursor still on its row"


async def test_a_title_as_wide_as_its_column_keeps_its_letters_and_has_its_arrow() -> None:
    app = TableApp()
    async with app.run_test(size=(40, 10)) as pilot:
        before = lines_of(app.list)[0]
        await pilot.press("z", "z")
        assert lines_of(app.list)[0] == before.replace(" plays", "plays▴"), "nothing else moves"


async def test_a_filter_takes_every_word_in_any_case_and_counts() -> None:
    app = TableApp((*ROWS, Row("Burel and Calder", 2)))
    async with app.run_test() as pilot:
        app.list.set_filter("CÁLDER bur")
        assert app.list.counts == (1, 5)
        assert app.list.row == Row("Burel and Calder", 2)
        app.list.set_filter("nobody")
        assert app.list.counts == (0, 5)
        assert app.list.row is None
        assert app.list.chosen_keys == []
        await pilot.press("j", "G", "pagedown", "space", "z", "Z")
        assert app.list.row is None, "no key breaks on an empty list"
        app.list.set_filter("")
        assert app.list.counts == (5, 5)


async def test_the_cursor_follows_its_row_through_filter_and_back() -> None:
    app = TableApp()
    async with app.run_test():
        app.list.move_to(3)
        app.list.set_filter("e")
        assert app.list.row == ROWS[3]
        app.list.set_filter("")
        assert app.list.row == ROWS[3]


async def test_marks_choose_rows_and_survive_sort_filter_and_update() -> None:
    app = TableApp()
    async with app.run_test() as pilot:
        assert app.list.rows_of(app.list.chosen_keys) == [ROWS[0]], (
            "without marks the row under the cursor is meant"
        )
        await pilot.press("space", "j", "space")
        assert app.list.marks == {"Moire", "Anthene"}
        assert app.list.rows_of(app.list.chosen_keys) == [ROWS[0], ROWS[2]]
        assert [line[0] for line in lines_of(app.list)[1:5]] == ["✓", " ", "✓", "▸"]
        app.list.set_sort(0)
        assert app.list.rows_of(app.list.chosen_keys) == [ROWS[2], ROWS[0]]
        app.list.show(ROWS[1:])
        assert app.list.marks == {"Anthene"}, "a row that is gone is not marked"
        app.list.move_to(0)
        await pilot.press("space")
        assert app.list.marks == set(), "a second press takes the mark away"


async def test_marks_hidden_by_a_filter_are_not_acted_on() -> None:
    app = TableApp()
    async with app.run_test() as pilot:
        await pilot.press("space")
        app.list.set_filter("burel")
        assert app.list.marks_in_sight == []
        assert app.list.marks == {"Moire"}, "and are not lost"


async def test_space_is_not_a_key_where_marks_mean_nothing() -> None:
    app = TableApp(markable=False)
    async with app.run_test() as pilot:
        await pilot.press("space")
        assert app.list.marks == set()
        assert app.list.cursor == 0


async def test_sort_is_not_a_key_where_no_column_sorts() -> None:
    app = TableApp(columns=(Column("name", lambda row: row.name, 10),))
    async with app.run_test() as pilot:
        await pilot.press("z")
        assert app.list.sort is None
        assert app.list.check_action("sort", ()) is False


async def test_pages_and_edges() -> None:
    app = TableApp(range(100), (Column("n", str, 5),), key=str, words=str)
    async with app.run_test(size=(40, 12)) as pilot:
        places = []
        for key in (
            "j",
            "down",
            "k",
            "pagedown",
            "ctrl+u",
            "ctrl+d",
            "G",
            "pagedown",
            "j",
            "g",
            "k",
            "end",
            "home",
        ):
            await pilot.press(key)
            places.append(app.list.cursor)
            assert any(line.startswith("▸") for line in lines_of(app.list)), f"{key} lost sight of the cursor"
        assert places == [1, 2, 1, 11, 1, 11, 99, 99, 99, 0, 0, 99, 0]


async def test_an_empty_table_draws_nothing_and_takes_every_key() -> None:
    app = TableApp(())
    async with app.run_test(size=(40, 5)) as pilot:
        await pilot.press("j", "k", "g", "G", "space", "z", "Z", "pageup")
        assert app.list.row is None
        assert app.list.chosen_keys == []
        assert app.list.counts == (0, 0)
        assert not "".join(lines_of(app.list)).strip()


HOSTILE = [
    "日本語のとても長い名前のアーティスト",
    "👩\u200d🚀 Rocket 👨\u200d👩\u200d👧\u200d👦",
    "Zo\u0308e\u0301 \u0301\u0301\u0301",
    "🏳️\u200d🌈 flag",
    "[/intro] [@click=app.quit]hi",
    "\x1b[31mred\x1b[0m",
    "",
    "עברית والعربية",
]


@pytest.mark.parametrize("width", [20, 33, 80])
async def test_every_line_is_as_wide_as_the_table_whatever_the_script(width: int) -> None:
    rows = [Row(name, n) for n, name in enumerate(HOSTILE)]
    app = TableApp(rows, key=lambda row: str(row.plays))
    async with app.run_test(size=(width, 12)) as pilot:
        await pilot.pause()
        lines = lines_of(app.list)
        assert {cell_len(line) for line in lines} == {width}
        # The numbers stand under each other, so nothing before them is wider than it is said to be.
        cells = {cell_len(line[: line.rstrip().rfind(str(n))]) for n, line in enumerate(lines[1:9])}
        if width < 60:
            assert len(cells) == 1


@pytest.mark.parametrize("width", [30, 45, 60, 61, 200])
async def test_names_give_way_before_numbers_are_cut(width: int) -> None:
    columns = (
        Column("name", lambda row: row.name, 16, share=3),
        Column("again", lambda row: row.name, 10, share=2, least=40),
        Column("bar", lambda row: "━" * 8, 8),
    )
    app = TableApp(columns=columns)
    async with app.run_test(size=(width, 6)):
        assert all(line.rstrip().endswith(" ━━━━━━━━") for line in lines_of(app.list)[1:5])


async def test_a_narrow_table_leaves_out_columns_that_ask_for_room() -> None:
    for width, there in ((59, False), (60, True)):
        app = TableApp()
        async with app.run_test(size=(width, 6)):
            assert ("twice" in lines_of(app.list)[0]) is there


async def test_a_click_moves_the_cursor_and_a_second_one_opens() -> None:
    opened = []

    class Opening(TableApp):
        def on_table_clicked(self, message: Table.Clicked) -> None:
            opened.append(message.table.row)

    app = Opening()
    async with app.run_test() as pilot:
        await pilot.click(Table, offset=(5, 3))
        assert app.list.row == ROWS[2]
        assert opened == []
        await pilot.click(Table, offset=(5, 3))
        assert opened == [ROWS[2]]
        await pilot.click(Table, offset=(5, 15))
        assert app.list.row == ROWS[2], "a click below the rows is no click on a row"
