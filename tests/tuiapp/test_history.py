"""History: rows that arrive when they can, in any order, remembered; and the favourites that are away."""

from __future__ import annotations

import threading

from rich.cells import cell_len

from engine.paths import Folders
from engine.session import Session
from engine.taste.gate import TasteItem
from tests.tuiapp.driving import screen_text, settled, the_list
from tests.tuiapp.places import DAY, MONDAY
from tuiapp.app import DiscoverApp
from tuiapp.widgets.away import away


async def test_the_list_is_drawn_while_the_library_is_busy(folders: Folders, monkeypatch) -> None:
    """Point 2: a key never waits for the library; rows not read yet are a mark, then themselves."""
    busy, listens = threading.Event(), Session.listens
    monkeypatch.setattr(Session, "listens", lambda self, ids: (busy.wait(20), listens(self, ids))[1])
    app = DiscoverApp(folders)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("5")
        while not the_list(app).counts[1]:
            await pilot.pause()
        await pilot.press("j", "G", "g")
        assert the_list(app).row is None
        assert "…" in screen_text(app)
        busy.set()
        await settled(pilot)
        assert the_list(app).row.track.startswith("Song")


async def test_order_and_filter_of_the_history_are_the_engines_and_come_back(folders: Folders) -> None:
    """Point 8: sorting on every column and a filter, both remembered."""
    app = DiscoverApp(folders)
    async with app.run_test(size=(120, 30)) as pilot:
        await settled(pilot)
        await pilot.press("5")
        await settled(pilot)
        # After the order given, which is by time, each column in turn.
        for column in range(5):
            await pilot.press("z")
            await settled(pilot)
            rows = list(the_list(app)._rows)
            keys = [the_list(app).columns[column].order(row) for row in rows]
            assert keys == sorted(keys), f"column {column}"
        the_list(app).set_sort(2, reverse=True)
        await pilot.press("slash", *"song 2")
        await settled(pilot)
        tracks = [row.track for row in the_list(app)._rows]
        assert tracks == sorted(tracks, reverse=True)
        assert len(set(tracks)) > 1
        await pilot.press("enter", "q")
    again = DiscoverApp(folders)
    async with again.run_test(size=(120, 30)) as pilot:
        await settled(pilot)
        assert again.current_mode == "history"
        assert (the_list(again).sort, the_list(again).reverse) == (2, True)
        assert [row.track for row in the_list(again)._rows] == tracks


async def test_marked_listens_are_judged_together_and_undone(folders: Folders) -> None:
    """Point 9, where the list is too long to hold."""
    app = DiscoverApp(folders)
    async with app.run_test(size=(120, 30)) as pilot:
        await settled(pilot)
        await pilot.press("5")
        await settled(pilot)
        await pilot.press("space", "G", "space")
        names = {row.artist for row in the_list(app).chosen}
        assert len(names) == 2
        await pilot.press("l")
        await settled(pilot)
        session = app.engine()
        assert names <= {mark.artist for mark in session.feedback() if mark.verdict == "like"}
        await pilot.press("u")
        await settled(pilot)
        assert not names & {mark.artist for mark in session.feedback() if mark.verdict == "like"}


async def test_the_picture_goes_from_the_year_to_favourites_that_are_away(folders: Folders) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(120, 30)) as pilot:
        await settled(pilot)
        await pilot.press("5")
        await settled(pilot)
        assert "plays" in screen_text(app)
        await pilot.press("y")
        await settled(pilot)
        assert "overdue" in screen_text(app)
        assert "fading" in screen_text(app)


def test_away_names_as_many_as_there_is_room_for_and_no_line_is_too_wide() -> None:
    items = [
        TasteItem(f"k{n}", "[/intro] ソキツコ\x1b[31m" * 2, 30.0 - n, MONDAY - n * DAY) for n in range(30)
    ]
    for width, height in ((30, 12), (58, 20), (58, 40)):
        lines = away({"overdue": items, "fading": []}, width, height).plain.split("\n")
        assert len(lines) <= height
        assert max(map(cell_len, lines)) <= width
        assert "nobody" in lines[-1]
        assert "\x1b" not in "".join(lines)
