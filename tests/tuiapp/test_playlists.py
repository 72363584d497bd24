"""The Playlists view and adding to lists, by keys: done, seen on the screen and in the library, and taken back."""

from __future__ import annotations

import json
from typing import Any

from textual.pilot import Pilot
from textual.widgets import Input

from engine.paths import Folders
from tests.support.driving import app_in, screen_lines, screen_text, settled, the_list, the_view, toasts
from tuiapp.app.app import DiscoverApp

NAME = "Song for the hill"


def kept(app: DiscoverApp) -> dict[str, list[str]]:
    """Every saved playlist with its titles, as the library has them."""
    session = app.engine()
    return {
        one.name: [track.track for track in session.playlists.show(one.name)]
        for one in session.playlists.all()
    }


def drawn(app: DiscoverApp) -> list[str]:
    """The titles in sight, in the order shown."""
    table = the_list(app)
    return [table._rows[place].track.track for place in table._order]


async def opened(pilot: Pilot[Any]) -> None:
    """The first of the saved lists, open."""
    await settled(pilot)
    pilot.app.action_view("playlists")
    await settled(pilot)
    await pilot.press("enter")
    await settled(pilot, lambda: the_list(pilot.app).counts[1] > 0)


async def named(pilot: Pilot[Any], text: str) -> None:
    """Type into the dialog in sight and accept."""
    await settled(pilot)
    pilot.app.screen.query_one(Input).value = text
    await settled(pilot)
    await pilot.press("enter")
    await settled(pilot)


async def test_tracks_are_moved_taken_out_and_continued_and_undo_restores_each_order_exactly(
    folders: Folders,
) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot)
        states = [kept(app)]
        a, b, c, d, *rest = states[0][NAME]

        async def press(*keys: str) -> list[str]:
            await pilot.press(*keys)
            await settled(pilot)
            states.append(kept(app))
            assert drawn(app) == states[-1][NAME], "the screen shows what is kept"
            return drawn(app)

        assert await press("J") == [b, a, c, d, *rest]
        assert await press("shift+down") == [b, c, a, d, *rest]
        assert the_list(app).row.track.track == a, "the cursor goes with the track"
        # Two that are marked move together, and stay at the top when there.
        assert await press("space", "space", "K") == [b, a, d, c, *rest]
        assert await press("K") == [a, d, b, c, *rest]
        before = states[-1]
        assert await press("K") == drawn(app)
        assert states.pop() == before, "nothing changed, and there is nothing to take back"
        assert await press("D") == [b, c, *rest]
        assert the_list(app).marks == set()
        longer = await press("C")
        assert longer[: len(rest) + 2] == [b, c, *rest]
        assert len(longer) == len(rest) + 12
        assert f"10 tracks added to {NAME}. u undoes it." in toasts(app)
        assert f"{len(longer)} tracks" in screen_lines(app)[1]
        while states:
            assert kept(app) == states.pop()
            app.action_undo()
            await settled(pilot)
        assert toasts(app)[-1] == "Nothing to undo."


async def test_lists_are_made_renamed_and_removed_and_an_empty_one_says_what_to_do(folders: Folders) -> None:
    app = app_in("playlists", folders)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        before = kept(app)
        await pilot.press("ctrl+n")
        await named(pilot, "Night  drive")
        assert "This playlist is empty" in screen_text(app)
        assert "Night drive" in screen_lines(app)[1]
        app._notifications.clear()
        await pilot.press("C")
        await settled(pilot)
        assert "is empty. Add a track" in toasts(app)[-1]
        await pilot.press("R")
        await named(pilot, "Day")
        assert "Day" in screen_lines(app)[1]
        await pilot.press("u")
        await settled(pilot)
        assert "Night drive" in screen_lines(app)[1], "undo follows the open list"
        app.clear_notifications()
        await pilot.press("escape", "D")
        await settled(pilot)
        assert kept(app) == before, "the cursor was on the newest"
        the_list(app).action_mark()
        await pilot.press("D")
        await settled(pilot)
        assert "No playlists yet" in screen_text(app)
        for _ in range(3):
            app.action_undo()
            await settled(pilot)
        assert kept(app) == before
        assert NAME in screen_text(app)


async def test_sorting_is_for_looking_and_comes_back_with_the_open_list_and_its_cursor(
    folders: Folders,
) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot)
        table, before = the_list(app), kept(app)
        for column in range(len(table.columns)):
            table.set_sort(column, reverse=True)
            the_view(app).action_shift(1)
            await pilot.pause()
            assert "The list is sorted" in toasts(app)[-1]
        table.set_sort(None)
        table.move_to(0)
        the_view(app).action_shift(-1)
        await pilot.pause()
        assert toasts(app)[-1] == "Already at the top."
        assert not app.undoable
        table.set_filter("artist")
        the_view(app).action_shift(-1)
        await pilot.pause()
        assert "Clear the filter" in toasts(app)[-1]
        table.set_filter("")
        await settled(pilot)
        assert kept(app) == before
        await pilot.press("j", "j", "z")
        row = the_list(app).row
        await app.action_quit()
    app = DiscoverApp(folders)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        assert NAME in screen_lines(app)[1]
        table = the_list(app)
        assert (table.row, table.sort, table.has_focus) == (row, 1, True)
        await pilot.press("escape")
        assert the_list(app).row.name == NAME


async def test_a_private_lists_name_is_not_remembered(folders: Folders) -> None:
    app = DiscoverApp(folders, private=True)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        app.action_view("playlists")
        await settled(pilot)
        await pilot.press("ctrl+n")
        await named(pilot, "Secret songs")
        app.action_view("discover")
        await settled(pilot)
        app.action_private()
        await settled(pilot)
        await app.action_quit()
    assert json.loads(folders.state.read_bytes()) == {"version": 1}
    assert "Secret" not in folders.state.read_text()


async def test_rows_of_discover_related_and_history_are_added(folders: Folders) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(120, 30)) as pilot:
        await settled(pilot)
        before = kept(app)
        artists = [row.artist for row in the_list(app)._rows[:2]]
        await pilot.press("space", "space", "a")
        await settled(pilot)
        assert "one track by each of 2 artists" in screen_text(app)
        assert "new playlist…" in screen_text(app)
        await named(pilot, "Later on")
        assert "2 tracks added to Later on. u undoes it." in toasts(app)
        assert [track.artist for track in app.engine().playlists.show("Later on")] == artists
        app.views.related(artists[1])
        await settled(pilot)
        the_list(app).move_to(3)
        one = the_list(app).row.artist
        await pilot.press("a")
        # Typing chooses the list that holds it.
        await named(pilot, "lat")
        assert [track.artist for track in app.engine().playlists.show("Later on")] == [*artists, one]
        app.action_view("history")
        await settled(pilot)
        listen = the_list(app).row
        for _ in range(2):
            await pilot.press("a")
            await settled(pilot)  # until the lists to choose from have come
            await pilot.press("down", "enter")
            await settled(pilot)
        assert app.engine().playlists.show("Later on")[-1].track == listen.track
        assert toasts(app)[-1] == "It is in Later on already."
        for _ in range(3):
            app.action_undo()
            await settled(pilot)
        assert kept(app) == before


async def test_marked_tracks_go_to_another_list_and_twice_when_asked(folders: Folders) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        app.engine().playlists.create("Other")
        app.action_view("playlists")
        await settled(pilot)
        the_list(app).move_to(1)
        await pilot.press("enter")
        await settled(pilot)
        first, second = drawn(app)[:2]
        await pilot.press("space", "space", "a")
        await settled(pilot)
        assert "Add 2 tracks to" in screen_text(app)
        await pilot.press("down", "enter")
        await settled(pilot)
        assert kept(app)["Other"] == [first, second], "not the open one, which is not offered"
        await pilot.press("g", "space", "space", "a")
        await settled(pilot)
        await pilot.press("down", "ctrl+t")
        await settled(pilot)
        assert kept(app)["Other"] == [first, second, first, second]
        # A track that is in a list twice is two rows.
        app.clear_notifications()
        await pilot.press("escape")
        the_list(app).move_to(0)
        await pilot.press("enter")
        await settled(pilot)
        the_list(app).move_to(2)
        await pilot.press("D")
        await settled(pilot)
        assert drawn(app) == kept(app)["Other"] == [first, second, second]


async def test_the_line_of_keys_says_what_enter_does_here(folders: Folders) -> None:
    app = app_in("playlists", folders)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert "enter open" in screen_lines(app)[-1]
        assert "K move" not in screen_lines(app)[-1], "there are no tracks to move"
        await pilot.press("enter")
        await settled(pilot)
        assert "enter artist" in screen_lines(app)[-1]
        await pilot.press("escape")
        await settled(pilot)
        assert "enter open" in screen_lines(app)[-1]
