"""Browse: from the tree to artists, whose rows have the keys of all music, in the order that fits the person."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from engine.paths import Folders
from tests.support.driving import screen_text, settled, the_view, toasts, verdicts
from tests.support.tagged import give_tags
from tuiapp.app.app import DiscoverApp
from tuiapp.screens.artist import ArtistDialog
from tuiapp.screens.browse import BrowseView


@pytest.fixture
def tagged(folders: Folders) -> Folders:
    give_tags(folders)
    return folders


async def at_browse(pilot: Pilot[Any]) -> BrowseView:
    await settled(pilot)
    await pilot.press("8")
    await settled(pilot)
    view = the_view(pilot.app)
    assert isinstance(view, BrowseView)
    return view


async def press(pilot: Pilot[Any], *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
        await settled(pilot)


async def test_from_the_tree_to_artists_and_back(tagged: Folders) -> None:
    app = DiscoverApp(tagged)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        view = await at_browse(pilot)
        assert [row.name for row in view._tree.rows] == ["all artists", "rock", "ambient", "1980s", "1990s"]
        await press(pilot, "j", "right", "j")
        assert [row.name for row in view._tree.rows][1:4] == ["rock", "post-punk", "ambient"]
        text = screen_text(app)
        assert "post-punk  10 artists, " in text
        assert "best fit first, by Discover's scores" in text
        scores = [row.score for row in view._artists.rows]
        assert scores == sorted(scores, reverse=True)
        assert all(f"•  {row.artist}" in text for row in view._artists.rows), "what is known is marked"
        # Nothing is done to a genre by a key of music.
        await press(pilot, "l")
        assert toasts(app)[-1] == "Choose an artist: enter goes to the list."
        assert view._tree.row.name == "post-punk"
        app.clear_notifications()
        await press(pilot, "enter", "enter")
        assert isinstance(app.screen, ArtistDialog)
        await press(pilot, "escape", "left", "k", "full_stop")
        assert view._list is not None
        assert len(view._artists.rows) == 30 - view._list.known
        assert not any(row.known for row in view._artists.rows)
        assert "only new to you" in " ".join(screen_text(app).split())
        await press(pilot, "escape")
        assert len(view._artists.rows) == 30
        await press(pilot, "j", "left")
        assert view._at == "#tree"
        assert view._tree.row.name == "rock", "up to what it is below"
        await press(pilot, "left")
        assert len(view._tree.rows) == 5
        await press(pilot, "slash", *"punk", "enter")
        assert [view._tree.rows[i].name for i in view._tree._order] == ["post-punk"], "though it was closed"


async def test_verdicts_hold_at_once_and_are_undone(tagged: Folders) -> None:
    app = DiscoverApp(tagged)
    async with app.run_test(size=(120, 40)) as pilot:
        view = await at_browse(pilot)
        await press(pilot, "j", "right", "j", "enter")
        before = [row.artist for row in view._artists.rows]
        await press(pilot, "j", "B")
        assert {row.artist for row in view._artists.rows} == set(before) - {before[1]}
        assert verdicts(tagged)[before[1]] == "block"
        await press(pilot, "u")
        assert [row.artist for row in view._artists.rows] == before
        await press(pilot, "0", "g", "l")
        assert next(row for row in view._artists.rows if row.artist == before[0]).liked
        order = [row.artist for row in view._artists.rows]
        await press(pilot, "v")
        assert [row.artist for row in view._artists.rows] != order
        assert "less known" in screen_text(app)
        await press(pilot, "0")
        assert [row.artist for row in view._artists.rows] == order


async def test_taste_leads_to_the_genre_of_a_taste_or_an_artist(tagged: Folders) -> None:
    app = DiscoverApp(tagged)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await press(pilot, "6")
        taste: Any = the_view(app)
        await press(pilot, "g", "ctrl+b")
        view = the_view(app)
        assert isinstance(view, BrowseView)
        found = view._tree.row.name
        assert found != "all artists"
        assert taste._top.row.name in {row.artist for row in view._artists.rows}, "the narrowest it is in"
        await press(pilot, "6")
        taste._modes.focus()
        await press(pilot, "ctrl+b")
        assert view._tree.row.name in {*taste._modes.row[1].tags, "post-punk", "rock"}


async def test_without_genres_groups_are_listed_and_what_to_press(folders: Folders) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(80, 24)) as pilot:
        view = await at_browse(pilot)
        assert [row.kind for row in view._tree.rows] == ["all", "group", "group", "group"]
        text = " ".join(screen_text(app).split())
        assert (
            "artists are grouped by who listens to them. For genres: press 7 then a, then press 7 then t."
            in text
        )


async def test_where_it_was_comes_back_and_a_list_is_exported(tagged: Folders, tmp_path: Path) -> None:
    app = DiscoverApp(tagged)
    async with app.run_test(size=(80, 24)) as pilot:
        view = await at_browse(pilot)
        await press(pilot, "j", "right", "full_stop")
        await press(pilot, "e")
        app.screen.query_one(Input).value = str(tmp_path / "x.csv")
        await press(pilot, "enter")
        listed = [row.artist for row in view._artists.rows]
        await app.leave()
    lines = (tmp_path / "x.csv").read_text().splitlines()
    assert len(lines) == 1 + len(listed)
    kept = json.loads(tagged.state.read_bytes())["views"]["browse"]
    assert (kept["open"], kept["only"], kept["cursor"]) == (["rock"], "new", "rock")
    app = DiscoverApp(tagged)
    async with app.run_test(size=(80, 24)) as pilot:
        view = await at_browse(pilot)
        assert view._tree.row.name == "rock"
        assert [row.artist for row in view._artists.rows] == listed
