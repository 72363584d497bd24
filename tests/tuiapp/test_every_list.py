"""Lists that can be entered (away for long, played most), and the same keys on every row of music."""

from __future__ import annotations

from typing import Any

import pytest
from textual.pilot import Pilot

from engine.paths import Folders
from tests.support.driving import app_in, screen_text, settled, the_list, the_view, verdicts
from tuiapp.app.app import DiscoverApp
from tuiapp.screens.artist import ArtistDialog
from tuiapp.screens.history_side import NONE, PAGES

SIZES = [(80, 24), (100, 30)]  # in place of the plays, and beside them in the least room


async def at_page(pilot: Pilot[Any], page: str) -> Any:
    pilot.app.action_view("history")
    await settled(pilot)
    view: Any = the_view(pilot.app)
    for _ in range(8):
        if view._page == page and view._standings.display and view._standings.region.width:
            break
        await pilot.press("v")
        await settled(pilot)
    if not view._standings.has_focus:
        await pilot.press("tab")
        await settled(pilot)
    return the_list(pilot.app)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("page", ["overdue", "fading", "artists", "tracks"])
async def test_lists_beside_the_history_can_be_entered(
    folders: Folders, page: str, size: tuple[int, int]
) -> None:
    before = verdicts(folders)
    app = DiscoverApp(folders)
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        table = await at_page(pilot, page)
        assert table.id == "standings"
        if page in ("overdue", "fading"):  # all of them, whether there are any in this library or not
            standings = app.engine().taste.standings()[page]
            assert [row.artist for row in table.rows] == [item.name for item in standings]
            if not table.rows:
                return
            titles = [column.title for column in table.columns]
            assert titles == ["artist", "last", "plays"], "the room is the name's"
        assert table.counts[0] > 3
        await pilot.press("j", "enter")
        await settled(pilot)
        assert isinstance(app.screen, ArtistDialog)
        await pilot.press("escape", "l")
        await settled(pilot)
        liked = table.rows[1].artist
        await pilot.press("slash", *liked[-2:].lower(), "enter")
        await settled(pilot)
        assert {row.artist for row in (table._rows[i] for i in table._order)} == {liked}, "its own filter"
    assert set(verdicts(folders)) - set(before) <= {liked}
    assert verdicts(folders)[liked] == "like"


@pytest.mark.parametrize("size", SIZES)
async def test_panels_of_the_history_go_around(folders: Folders, size: tuple[int, int]) -> None:
    app = app_in("history", folders)
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        caption = app.screen.query_one("#side .caption")
        for _ in range(5 if size[0] >= 100 else 6):
            await pilot.press("v")
            await settled(pilot)
            if room := caption.content_size.width:
                said = [f"{page}  {words}" for page, words in PAGES.items()] + [
                    f"○ {words}" for words in NONE.values()
                ]
                assert [words for words in said if len(words) > room] == [], f"cut at {room}"
        assert the_list(app).id == "listens"
        assert the_list(app).has_focus
        assert the_list(app).region.width > 0


async def test_history_goes_to_a_date_and_lists_one_alone(folders: Folders) -> None:
    app = app_in("history", folders)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        whole = the_list(app).counts[1]
        await pilot.press("d", *"2024-01-10", "enter")
        await settled(pilot)
        row = the_list(app).row
        assert screen_text(app).count("▸ 2024-01-10") == 1
        assert the_list(app).cursor > 0
        await pilot.press("slash", *"2024-01-10")
        await settled(pilot)
        rows = list(the_list(app).rows)
        assert 0 < len(rows) < whole
        assert row.id in {one.id for one in rows}
        assert f"{len(rows)} of {whole}" in screen_text(app)
        app.clear_notifications()
        await pilot.press("escape")
        await settled(pilot)
        assert the_list(app).counts[1] == whole


async def test_a_filter_takes_a_date_and_words_together(folders: Folders) -> None:
    app = app_in("history", folders)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        view: Any = the_view(app)
        assert view._dated("2024-01 b27")[0] == "b27"
        assert view._dated("2024")[1] is not None
        assert view._dated("1979") == ("1979", None), "a title, where nothing was played that year"
        view.filter_by("2024-01 b27")
        await settled(pilot)
        assert {row.artist for row in the_list(app).rows} == {"Artist B27"}


async def test_n_goes_from_match_to_match_of_the_last_filter_and_around(folders: Folders) -> None:
    app = app_in("related", folders)
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        await settled(pilot)
        table = the_list(app)
        await pilot.press("n", "4", "enter")  # there was no filter: it asks for one
        await settled(pilot)
        found = [row.key for row in (table._rows[i] for i in table._order)]
        assert 2 < len(found) < table.counts[1]
        app.clear_notifications()
        await pilot.press("escape", "g")
        assert table.counts[0] == table.counts[1]
        places = [place for place, row in enumerate(table.rows) if row.key in found]
        seen = []
        for _ in found:
            await pilot.press("n")
            seen.append(table.cursor)
        assert sorted(seen) == places
        await pilot.press("N")
        assert table.cursor == seen[-2]


async def test_in_history_the_library_says_which_plays_match(folders: Folders) -> None:
    app = app_in("history", folders)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        await pilot.press("slash", *"b27", "enter")
        await settled(pilot)
        count = the_list(app).counts[0]
        await pilot.press("escape", "g")
        await settled(pilot)
        seen = set()
        for _ in range(count):
            await pilot.press("n")
            await settled(pilot)
            assert the_list(app).row.artist == "Artist B27"
            seen.add(the_list(app).cursor)
        assert len(seen) == count < the_list(app).counts[1]


async def test_most_played_stops_at_nothing_and_keeps_its_place(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.store.stats.TOP", 3)
    app = DiscoverApp(folders)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        table = await at_page(pilot, "artists")
        assert len(table.rows) == app.engine().history.counts().artists > 3
        await pilot.press("j", "j", "l", "l")
        await settled(pilot)
        assert table.cursor == 4
        liked = {row.artist for row in table.rows[2:4]}
    assert {name for name, verdict in verdicts(folders).items() if verdict == "like"} >= liked


@pytest.mark.parametrize("view", ["contexts", "playlists", "taste", "related"])
async def test_rows_of_every_view_open_like_hide_and_lead_on(folders: Folders, view: str) -> None:
    app = app_in(view, folders)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        if view == "playlists":
            await pilot.press("enter")
            await settled(pilot)
        table = the_list(app)
        artist = the_view(app).music_of(table.row).artist  # type: ignore[union-attr]  # a row is there
        await pilot.press("enter")
        await settled(pilot)
        assert isinstance(app.screen, ArtistDialog)
        assert artist in screen_text(app)
        await pilot.press("escape")
        await settled(pilot)
        table.move_to(0)
        await pilot.press("x")
        await settled(pilot)
        table.move_to(0)
        await pilot.press("r")
        await settled(pilot)
        assert app.current_mode == "related"
    assert verdicts(folders)[artist] == "hide"


async def test_a_range_and_all_are_selected(folders: Folders) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        table = the_list(app)
        await pilot.press("j", "space", "j", "j", "V")
        assert table.marks_in_sight == [row.key for row in list(table.rows)[1:5]]
        await pilot.press("ctrl+a")
        assert len(table.marks) == table.counts[0]
        await pilot.press("ctrl+a")
        assert not table.marks


async def test_no_key_acts_on_plays_that_are_out_of_sight(folders: Folders) -> None:
    """Where only one panel fits, the year may stand in the list's place."""
    before = verdicts(folders)
    app = DiscoverApp(folders)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("5")
        await settled(pilot)
        await pilot.press("v")
        await settled(pilot)
        view: Any = the_view(app)
        assert view._page == "year"
        assert not view._table.region
        for key in ("l", "B", "x"):
            await pilot.press(key)
            await settled(pilot)
    assert verdicts(folders) == before
