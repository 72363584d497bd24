"""M on any row of music: a new playlist of what goes with it, opened; u undoes it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from textual.widgets import Input

from engine.paths import Folders
from tests.support.driving import app_in, screen_text, settled, the_list, the_view, toasts
from tests.support.tagged import give_tags
from tuiapp.app.app import DiscoverApp
from tuiapp.screens.artist import ArtistDialog
from tuiapp.screens.dialogs import AskText
from tuiapp.screens.pick import Pick
from tuiapp.settings.actions import MUSIC
from tuiapp.widgets.table import Table


def playlists(app: DiscoverApp) -> list[str]:
    return [one.name for one in app.engine().playlists.all()]


async def test_a_mix_is_made_from_a_row_of_every_view_opened_and_undone(folders: Folders) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        await settled(pilot)
        before = playlists(app)
        for view in MUSIC:
            app.action_view(view)
            await settled(pilot)
            if view in ("playlists", "browse"):
                await pilot.press("enter")
                await settled(pilot)
            seed = the_view(app).music_of(the_list(app).row)
            assert seed is not None
            await pilot.press("M")
            await settled(pilot)
            (made,) = set(playlists(app)) - set(before)
            assert made == f"Mix: {seed.track or seed.artist}", view
            assert app.current_mode == "playlists"
            rows: list[Any] = list(the_list(app).rows)
            assert len(rows) > 10
            assert rows[0].track.artist == seed.artist
            assert made in screen_text(app)
            assert f"{made}: {len(rows)} tracks" in toasts(app)[-1]
            await pilot.press("u")
            await settled(pilot)
            assert playlists(app) == before
            assert "esc back" not in screen_text(app), "the lists again"


async def test_a_mix_is_made_from_what_is_selected_and_from_the_artist_page(folders: Folders) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        first = the_list(app).rows[0].artist
        await pilot.press("space", "space", "M")
        await settled(pilot)
        assert f"Mix: {first} and 1 more" in playlists(app)
        app.action_view("discover")
        await settled(pilot)
        assert not the_list(app).marks
        await pilot.press("g", "enter")
        await settled(pilot)
        assert isinstance(app.screen, ArtistDialog)
        await pilot.press("M")
        await settled(pilot)
        assert app.screen is the_view(app)
        assert f"Mix: {first}" in playlists(app)


async def test_a_taste_is_mixed_as_its_mix_of_the_day(folders: Folders) -> None:
    app = app_in("taste", folders)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await settled(pilot)
        await pilot.press("v", "tab")
        await settled(pilot)
        assert the_list(app).id == "modes"
        taste = the_list(app).row[1].name
        await pilot.press("M")
        await settled(pilot)
        assert app.current_mode == "playlists"
        assert taste in [name.partition(": ")[2] for name in playlists(app)]


async def test_a_mix_that_comes_late_takes_nobody_away(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine.session.playlists import Playlists

    go, whole = asyncio.Event(), Playlists.mix

    def late(self: Playlists, *arguments: Any, **named: Any) -> Any:
        asyncio.run_coroutine_threadsafe(go.wait(), loop).result()
        return whole(self, *arguments, **named)

    monkeypatch.setattr(Playlists, "mix", late)
    app = DiscoverApp(folders)
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        loop = asyncio.get_running_loop()
        await settled(pilot)
        await pilot.press("M", "s")
        app.screen.query_one(Input).value = "typed meanwhile"
        go.set()
        await settled(pilot)
        assert app.screen.query_one(Input).value == "typed meanwhile"
        assert "in Playlists (4)" in toasts(app)[-1]


async def test_what_cannot_be_mixed_says_why(folders: Folders) -> None:
    (folders.models / "current").unlink()
    app = app_in("history", folders)
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        await settled(pilot)
        await pilot.press("M")
        await settled(pilot)
        assert "Press" in toasts(app)[-1] or "press" in toasts(app)[-1]
        assert app.current_mode == "history"


async def pick(pilot: Any, app: DiscoverApp, value: str) -> list[str]:
    """Open the kinds of mixes and choose one; what they were."""
    await pilot.press("M")
    await settled(pilot)
    assert isinstance(app.screen, Pick)
    rows: list[Any] = list(app.screen.query_one(Table).rows)
    app.screen.query_one(Table).move_to([row.value for row in rows].index(value))
    await pilot.press("enter")
    await settled(pilot)
    return [row.words for row in rows]


async def test_among_playlists_any_kind_of_mix_is_made_opened_and_undone(folders: Folders) -> None:
    give_tags(folders)
    app = app_in("playlists", folders)
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        await settled(pilot)
        (before,) = playlists(app)
        kinds = await pick(pilot, app, "daily 1")
        assert kinds[0] == f"From {before}"
        assert kinds[1].startswith("Daily mix: ")
        daily = next(name for name in playlists(app) if name != before)
        assert daily.startswith("4 October 2024: ")
        assert daily in screen_text(app), "it is open"
        await pilot.press("u")
        await settled(pilot)
        assert playlists(app) == [before]
        await pick(pilot, app, "playlist")
        assert f"Mix: {before}" in playlists(app)
        await pilot.press("escape", "escape")
        await settled(pilot)
        await pick(pilot, app, "genre")
        assert isinstance(app.screen, Pick)
        assert "post-punk" in screen_text(app)
        app.screen.query_one(Table).move_to(1)
        genre = app.screen.query_one(Table).row.value
        await pilot.press("enter")
        await settled(pilot)
        assert f"Mix: {genre}" in playlists(app)
        await pilot.press("escape", "escape")
        await settled(pilot)
        app.action_view("browse")
        await settled(pilot)
        await pilot.press("j", "M")
        await settled(pilot)
        assert "Mix: rock" in playlists(app), "a genre in the tree"
        await pilot.press("escape", "escape")
        await settled(pilot)
        await pick(pilot, app, "on-this-day")
        assert "Nothing was played on 4 October" in toasts(app)[-1]
        assert app.screen is the_view(app)


async def test_a_bridge_asks_for_both_ends_and_keeps_what_was_typed(folders: Folders) -> None:
    app = app_in("playlists", folders)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await settled(pilot)
        await pick(pilot, app, "bridge")
        first = app.screen
        assert isinstance(first, AskText)
        first.query_one(Input).value = "Nobody at all"
        await pilot.press("enter")
        await settled(pilot)
        assert app.screen is first
        assert "No artist, track, playlist or genre" in screen_text(app)
        first.query_one(Input).value = "Artist A0"
        await pilot.press("enter")
        await settled(pilot)
        second = app.screen
        assert isinstance(second, AskText)
        assert second is not first
        second.query_one(Input).value = "artist a0"
        await pilot.press("enter")
        await settled(pilot)
        assert app.screen is second
        assert "are the same" in screen_text(app)
        second.query_one(Input).value = "Artist B1"
        await pilot.press("enter")
        await settled(pilot)
        assert app.screen is the_view(app)
        assert "From Artist A0 to Artist B1" in playlists(app)
        assert "the widest is from" in toasts(app)[-1]
        await pilot.press("u")
        await settled(pilot)
        assert "From Artist A0 to Artist B1" not in playlists(app)


async def test_without_a_model_what_needs_none_is_offered(folders: Folders) -> None:
    (folders.models / "current").unlink()
    app = app_in("playlists", folders)
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        await settled(pilot)
        kinds = await pick(pilot, app, "forgotten")
        assert not any("Daily" in kind for kind in kinds)
        assert "Nothing is forgotten" in toasts(app)[-1]
