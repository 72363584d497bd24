"""Model, `A`: a comparison is begun, looked at, ended with a winner, and undone."""

from __future__ import annotations

from engine.evaluation.interleaving import Tally
from engine.paths import Folders
from engine.recommend.rankings import OTHERS, USUAL
from engine.session import Session
from engine.session.comparisons import Standing
from tests.support.driving import app_in, screen_text, settled
from tuiapp.app.app import DiscoverApp
from tuiapp.comparing import in_words
from tuiapp.screens.discover_table import DiscoverTable
from tuiapp.widgets.shelf import Shelf


async def test_a_ranking_is_compared_and_kept_and_each_step_undone(folders: Folders) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(120, 40)) as pilot:

        async def press(*keys: str) -> str:
            await pilot.press(*keys)
            await settled(pilot)
            return " ".join(screen_text(app).split())

        await settled(pilot)
        await press("7")
        assert "leans to the less known" in await press("A")
        await press("enter")
        assert app.engine().comparisons.running().name == "fewer hits"
        assert "comparing" in await press("1")
        await press("7")
        assert "Too early to tell" in await press("A")
        await press("3")
        assert app.engine().comparisons.in_force().name == "fewer hits"
        await press("u")
        assert app.engine().comparisons.running().name == "fewer hits"
        await press("u")
        assert app.engine().comparisons.standing() is None


async def test_what_is_shown_first_is_noted_with_who_picked_it_and_the_shelf_changes_nothing(
    folders: Folders,
) -> None:
    with Session(folders) as session:
        session.comparisons.begin("fewer hits")
    app = DiscoverApp(folders)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        table = app.screen.query_one(DiscoverTable)
        assert app.screen.query_one(Shelf).display
        standing = app.engine().comparisons.standing()
        assert standing is not None
        shown = standing.tally
        # The shelf, which takes a line, comes before or after.
        in_sight = len(table.rows_in_sight)
        assert in_sight == 8
        assert shown.shown_usual + shown.shown_other in (in_sight, in_sight + 1)
        assert abs(shown.shown_usual - shown.shown_other) <= 1, "they pick in turn"


async def test_what_is_liked_counts_in_a_comparison_begun_after_the_list_was_seen(folders: Folders) -> None:
    app = app_in("discover", folders)
    async with app.run_test(size=(80, 24)) as pilot:

        async def tally(*keys: str) -> Tally:
            await pilot.press(*keys)
            await settled(pilot)
            standing = app.engine().comparisons.standing()
            assert standing is not None
            return standing.tally

        await settled(pilot)
        await pilot.press("7")
        await settled(pilot)
        await pilot.press("A")
        await settled(pilot)
        await pilot.press("enter")
        await settled(pilot)
        shown = await tally("1")
        assert shown.shown_usual
        assert shown.shown_other
        rows = app.screen.query_one(DiscoverTable).rows_in_sight
        assert 0 < shown.shown_usual + shown.shown_other <= len(rows) < 24, "no more than the screen has"
        assert (await tally("l")).acts == 1
        # Beyond the first page, which alone is noted as seen.
        last = await tally("G", "l")
        assert last.acts == 2


def test_a_verdict_says_how_sure_it_is() -> None:
    def said(*counts: int) -> str:
        return in_words(Standing(USUAL, OTHERS[0], 1_700_000_000, None, USUAL, Tally(50, 50, *counts)))[-1]

    assert said(0, 0) == "Too early to tell: you have not opened, liked or played anything of either yet."
    assert said(2, 3) == (
        "Too early to tell: “fewer hits” picked 3 of the 5 you opened, liked or played "
        "(likely range 10 % to 97 %)."
    )
    assert said(2, 18).startswith("“fewer hits” is better for you: “fewer hits” picked 18 of the 20")
    assert said(18, 2).startswith("“usual” is better for you")
