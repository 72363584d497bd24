"""A filter finds rows by what is seen of them, and says so where it finds none."""

from __future__ import annotations

from dataclasses import replace

from textual.widgets import Input

from engine.paths import Folders
from engine.recommend.lists import OwnPlays, Recommendation, Share, TasteShare, TasteShares
from tests.support.driving import app_in, drained, screen_text, settled, the_list
from tuiapp.own_reasons import in_short
from tuiapp.screens.discover_table import DiscoverTable, _because
from tuiapp.screens.typed_list import Choose

NAMES = ("Junarifield Orchestra", "Moire", "Glacier Jaxinix")


ROW = Recommendation(
    rank=1, artist="Lark", key="lark", item=0, score=1.0, listeners=10, plays=0, known=False, liked=False,
    why=(Share("Moire", 0.4),), others=38, others_share=0.6, tastes=TasteShares((TasteShare(NAMES, 36, 0.4),), 0.6),
)  # fmt: skip


def test_the_artists_a_row_is_found_by_are_shown_in_place_of_others() -> None:
    assert "Jaxinix" not in _because(ROW, 32)
    assert _because(ROW, 32, ["jaxinix"]) == "40 % Glacier Jaxinix +38"
    # Cut, rather than another that is shorter.
    assert _because(ROW, 12, ["jaxinix"]) == "40 % Glacier Jaxinix"


def test_a_share_stands_beside_all_it_is_of() -> None:
    for cells in range(len("40 % Moire +38"), 60):
        assert "+" in _because(ROW, cells), f"40 % is of 39 artists, at {cells} cells too"


def test_without_a_model_of_others_the_reason_a_row_is_found_by_comes_first() -> None:
    own = OwnPlays(41, 0.9, 0.05, None, None, rested=True)
    found = replace(ROW, own=own, members={"sessions": 0.6})
    assert in_short(found, 12) == "60 % often"
    assert (
        in_short(found, 12, ["junarifield"])
        == "40 % goes with Junarifield Orchestra, Moire and 37 more like them"
    )


async def test_a_column_out_of_sight_finds_nothing_and_one_in_sight_does(folders: Folders) -> None:
    app = app_in("discover", folders)
    async with app.run_test(size=(200, 40)) as pilot:
        await settled(pilot)
        table = the_list(app)
        assert isinstance(table, DiscoverTable)
        reason = _because(table.rows[0]).split(" % ")[-1].split(",")[0].split(" +")[0]
        begin = next(iter(table.tracks.values()))
        await pilot.press("slash")
        for words in (reason, begin):
            app.screen.query_one(".filter Input", Input).value = words
            await settled(pilot)
            assert table.counts[0], f"{words} is in sight"
            assert all(words in line for line in screen_text(app).splitlines() if "▸" in line)
        await pilot.resize_terminal(44, 24)
        await settled(pilot)
        for words in (reason, begin):
            app.screen.query_one(".filter Input", Input).value = words
            await settled(pilot)
            assert all(words in row.artist for row in table.rows_from_here), words


async def test_a_picker_without_a_match_says_so(folders: Folders) -> None:
    app = app_in("discover", folders)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        await pilot.press("c", *"zzz")
        await settled(pilot)
        assert isinstance(app.screen, Choose)
        assert "No row matches “zzz”." in screen_text(app)
        await pilot.press("enter")
        await drained(app)
        assert isinstance(app.screen, Choose)
        await pilot.press(*["backspace"] * 3, *"evening")
        await settled(pilot)
        assert "No row matches" not in screen_text(app)
        assert "evening" in screen_text(app)
