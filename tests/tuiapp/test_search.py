"""The search dialog in its four states, and the palette's artists."""

from __future__ import annotations

import pytest
from textual.command import CommandPalette
from textual.widgets import Input

from engine.errors import DamagedDataError
from engine.paths import Folders
from engine.session import Session
from engine.session.artists import Artists
from tests.support.driving import screen_text, settled, toasts, verdicts
from tuiapp.app.app import DiscoverApp
from tuiapp.app.palette import ArtistCommands, KeyCommands
from tuiapp.screens.add_to import AddTo
from tuiapp.screens.artist import ArtistDialog
from tuiapp.screens.search import Search
from tuiapp.settings.actions import on_music, scope_of
from tuiapp.widgets.table import Table


async def test_search_says_what_to_type_what_it_found_and_what_to_try(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        await pilot.press("s")
        await settled(pilot)
        assert "○ Type a name" in screen_text(app)
        line = app.screen.query_one(Input)
        line.value = "song 27"
        await settled(pilot)
        row = app.screen.query_one(Table).row
        assert (row.kind, row.track) == ("track", "Song 27")
        line.value = "xyzzy plugh"
        await settled(pilot)
        assert "∅ No artist or track matches “xyzzy plugh”" in screen_text(app)
        assert "fewer letters" in screen_text(app)

        def damaged(_self: Session, _text: str, _n: int) -> None:
            raise DamagedDataError("The catalog is torn.")

        monkeypatch.setattr(Artists, "search", damaged)
        line.value = "art"
        await settled(pilot)
        assert "✗ The search failed" in screen_text(app)
        assert "The catalog is torn." in screen_text(app)


async def test_enter_opens_what_was_typed_however_soon_it_is_pressed(folders: Folders) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        await pilot.press("s", *"song")
        await settled(pilot)
        before = app.screen.query_one(Table).row.artist
        with app.engine().exclusive():
            await pilot.press(*" 27", "enter")
        await settled(pilot, lambda: isinstance(app.screen, ArtistDialog))
        (found,) = app.engine().artists.search("song 27", 1)
        assert app.screen._trail == [found.artist]
        assert found.artist != before


async def test_a_search_where_there_is_no_music_yet_says_so(empty: Folders) -> None:
    app = DiscoverApp(empty)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        await pilot.press("s", *"radio")
        await settled(pilot)
        assert "There is no music here yet. Import your history: press i." in screen_text(app)


async def test_the_palette_knows_artists_and_acts_on_them(folders: Folders) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        await pilot.press("ctrl+p")
        assert isinstance(app.screen, CommandPalette)
        offered = [hit.display async for hit in KeyCommands(app.screen).discover()]
        assert [scope_of("discover")[n].label.capitalize() in offered[n] for n in range(2)] == [True, True]
        assert offered.index("Search (s)") < offered.index("Theme")
        provider = ArtistCommands(app.screen)
        hits = [hit async for hit in provider.search("artst b27")]
        assert [hit.text for hit in hits[:4]] == [
            "Artist B27: artist page",
            "Artist B27: similar artists",
            "Like Artist B27",
            "Block Artist B27",
        ]
        assert [hit async for hit in provider.search("a")] == []
        await pilot.press("escape")
        hits[1].command()
        await settled(pilot)
        assert app.current_mode == "related"


async def test_what_is_found_has_the_keys_of_every_row_of_music(folders: Folders) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        await settled(pilot)
        await pilot.press("s", *"artist")
        await settled(pilot)
        search = app.screen
        assert isinstance(search, Search)
        table = search.query_one(Table)
        assert "tab to the list and its keys" in screen_text(app)
        await pilot.press("l")
        assert search.query_one(Input).value == "artistl", "typed"
        await pilot.press("backspace", "tab")
        await settled(pilot)
        for action in on_music():
            assert f"{app.keymap.label(action)} {action.label}" in " ".join(screen_text(app).split())
        liked, hidden = (row.artist for row in list(table.rows)[:2])
        await pilot.press("l", "x")
        await settled(pilot)
        await pilot.press("space", "space")
        assert "2 selected" in screen_text(app)
        await pilot.press("a")
        await settled(pilot)
        assert isinstance(app.screen, AddTo)
        await pilot.press(*"mine", "enter")
        await settled(pilot)
        assert [one.tracks for one in app.engine().playlists.all() if one.name == "mine"] == [2]
        await pilot.press("B")
        await settled(pilot)
        gone = toasts(app)[-1].split(": ")[1].split(".")[0]
        assert gone not in [row.artist for row in table.rows], "the search runs again"
        await pilot.press("u")
        await settled(pilot)
        assert gone in [row.artist for row in table.rows]
        await pilot.press("question_mark")
        await settled(pilot)
        assert "Keys in search" in screen_text(app)
        await pilot.press("escape", "slash")
        await settled(pilot)
        assert search.query_one(Input).has_focus
        await pilot.press("tab", "M")
        await settled(pilot)
        assert app.current_mode == "playlists"
        assert app.screen is not search
    said = verdicts(folders)
    assert (said[liked], said[hidden]) == ("like", "hide")
    assert gone not in said


async def test_a_track_found_by_its_title_is_liked_itself(folders: Folders) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        await settled(pilot)
        await pilot.press("s", *"song 27")
        await settled(pilot)
        await pilot.press("tab", "l")
        await settled(pilot)
        assert "Liked: Artist B27 - Song 27." in toasts(app)[-1]


async def test_as_the_search_is_taken_apart_the_focus_goes_to_what_is_left(folders: Folders) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        await pilot.press("s")
        await settled(pilot)
        await app.screen.query_one(Input).remove()
        app.screen.query_one(Table).focus()
        await settled(pilot)
        assert app.return_code is None
