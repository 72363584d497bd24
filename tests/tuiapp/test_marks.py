"""Selected rows: how many is always in sight, and those out of sight are never acted on unasked."""

from __future__ import annotations

from typing import Any

import pytest
from textual.pilot import Pilot

from engine.paths import Folders
from tests.support.driving import app_in, screen_lines, screen_text, settled, the_list, verdicts
from tuiapp.app.app import DiscoverApp
from tuiapp.screens.add_to import AddTo
from tuiapp.screens.pick import Pick

BEFORE = {"Artist H33": "like", "Artist I34": "block"}


async def filtered_away(pilot: Pilot[Any], view: str) -> tuple[str, str]:
    """Select two rows and filter to another: (an artist selected, the one under the cursor)."""
    pilot.app.action_view(view)
    await settled(pilot)
    table = the_list(pilot.app)
    artists = list(dict.fromkeys(row.artist for row in list(table.rows)[:40]))
    table.marks = [table._key(row) for row in table.rows if row.artist == artists[0]][:2]
    await pilot.press("slash", *artists[-1].split()[-1].lower(), "enter")
    await settled(pilot, lambda: the_list(pilot.app).counts[0] < 40)
    return artists[0], the_list(pilot.app).row.artist


@pytest.mark.parametrize("view", ["discover", "related", "history"])
async def test_rows_selected_and_filtered_away_are_asked_about(folders: Folders, view: str) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        selected, here = await filtered_away(pilot, view)
        assert "out of sight" in screen_lines(app)[-1]
        await pilot.press("l")
        await settled(pilot)
        assert isinstance(app.screen, Pick)
        await pilot.press("escape")
        await settled(pilot)
        assert the_list(app).marks, "who thinks better of it has them still"
        await pilot.press("l", "enter")
        await settled(pilot)
        assert not the_list(app).marks
    assert set(verdicts(folders)) == {*BEFORE, here}
    assert selected not in verdicts(folders)


async def test_all_that_is_selected_is_meant_when_said_so(folders: Folders) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        selected, here = await filtered_away(pilot, "related")
        await pilot.press("l", "down", "enter")
        await settled(pilot)
    assert set(verdicts(folders)) == {*BEFORE, selected, here}


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40)])
async def test_how_many_are_selected_is_always_in_sight(folders: Folders, size: tuple[int, int]) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        await pilot.press("space", "space", "G")
        await settled(pilot)
        assert "2 selected " in screen_lines(app)[-1]
        await pilot.press("escape")
        await settled(pilot)
        assert "selected" not in screen_lines(app)[-1]


@pytest.mark.parametrize("keys", [("3", "1"), ("P",), ("P", "P")])
async def test_what_was_selected_before_another_view_or_a_private_session_is_asked_about(
    folders: Folders, keys: tuple[str, ...]
) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("space")
        for key in keys:
            await pilot.press(key)
            await settled(pilot)
        assert "1 selected earlier" in screen_lines(app)[-1]
        await pilot.press("x")
        await settled(pilot)
        assert isinstance(app.screen, Pick)
        assert "before you turned to something else" in screen_text(app)
        await pilot.press("escape")
        await settled(pilot)
        await pilot.press("space", "x")
        await settled(pilot)
        assert not isinstance(app.screen, Pick), "who goes on selecting knows"
        assert not the_list(app).marks


async def test_nothing_stays_selected_after_what_was_done(folders: Folders) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(100, 24)) as pilot:
        await settled(pilot)
        await pilot.press("space", "space", "Y")
        await settled(pilot)
        assert not the_list(app).marks, "copied"
        await pilot.press("space", "space", "a")
        await settled(pilot)
        assert isinstance(app.screen, AddTo)
        await pilot.press("escape")
        await settled(pilot)
        assert the_list(app).marks, "nothing was done to them yet"
        await pilot.press("a", *"Mine", "enter")
        await settled(pilot)
        assert not the_list(app).marks, "added"


async def test_moving_and_removing_tracks_asks_about_those_selected_before(folders: Folders) -> None:
    app = app_in("playlists", folders)
    async with app.run_test(size=(100, 24)) as pilot:
        await settled(pilot)
        await pilot.press("enter")
        await settled(pilot)
        tracks = [row.track for row in the_list(app).rows]
        await pilot.press("space", "1", "4")
        await settled(pilot)
        await pilot.press("D")
        await settled(pilot)
        assert isinstance(app.screen, Pick)
        await pilot.press("enter")
        await settled(pilot)
        assert [row.track for row in the_list(app).rows] == [tracks[0], *tracks[2:]], (
            "the one under the cursor"
        )
