"""Escape undoes what narrows Discover, the last first; dialogs stay open on an error; a key held does nothing twice."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from engine.paths import Folders
from engine.taste.window import time_of_week
from tests.support.driving import app_in, screen_text, settled, the_list, the_view, toasts, verdicts
from tuiapp.app.app import DiscoverApp
from tuiapp.music import Music
from tuiapp.screens.dialogs import AskPath, AskText
from tuiapp.screens.filters import Filters
from tuiapp.screens.pick import Pick


async def test_escape_undoes_what_if_taste_time_and_travel_and_stops(folders: Folders) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        view: Any = the_view(app)
        whole = Filters(
            without=("Artist A0", "Artist D3"),
            taste=(1, "one"),
            times=time_of_week("morning"),
            as_of="2024-02",
        )
        view._ask_for(whole)
        await settled(pilot)
        for left in (
            {"without": ("Artist A0",)},
            {"without": ()},
            {"taste": None},
            {"times": None},
            {"as_of": ""},
            {},
        ):
            app.clear_notifications()
            await pilot.press("escape")
            await settled(pilot)
            for name, value in left.items():
                assert getattr(view._filters, name) == value
        assert view._filters == Filters()
        assert app.current_mode == "discover"


async def test_a_time_in_a_tastes_place_is_seen_and_escape_brings_the_taste_back(folders: Folders) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        view: Any = the_view(app)
        view._ask_for(Filters(taste=(1, "dub")), "the taste")
        view._ask_for(view._filters.at_times(time_of_week("morning")), "the time of the week")
        await settled(pilot)
        assert toasts(app) == ["No longer only for dub. u undoes it."]
        assert not view._filters.taste
        await pilot.press("escape", "escape")
        await settled(pilot)
        assert view._filters == Filters(taste=(1, "dub"))
        await pilot.press("escape")
        await settled(pilot)
        assert view._filters == Filters()
        app.clear_notifications()
        await pilot.press("u")
        await settled(pilot)
        assert (view._filters, toasts(app)) == (Filters(taste=(1, "dub")), ["Undone: the wider list."])


async def typed(pilot: Pilot[Any], text: str) -> None:
    await settled(pilot, lambda: isinstance(pilot.app.screen, AskText))
    pilot.app.screen.query_one(Input).value = text
    await pilot.press("enter")
    await settled(pilot)


@pytest.mark.parametrize(
    ("keys", "text", "wrong"),
    [
        (("4", "ctrl+n"), "Song for the hill", "already"),
        ("i", "/no/such/file.json", "/no/such/file.json does not exist."),
        ("7a6", "'/no such/pack'", "/no such/pack does not exist."),
        ("e", "/no/such/folder/list.csv", "/no/such/folder"),
        ("e", "/", "/ is a folder. Add a file name."),
        ("7e", "/", "/ is a folder. Add a file name."),
        ("e", "list.docx", "docx"),
    ],
)
async def test_a_dialog_stays_open_on_an_error_with_what_was_typed(
    folders: Folders, keys: Sequence[str], text: str, wrong: str
) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        for key in keys:
            await pilot.press(key)
            await settled(pilot)
        await typed(pilot, text)
        assert isinstance(app.screen, AskText)
        assert app.screen.query_one(Input).value == text
        assert wrong in screen_text(app)


async def test_a_job_that_fails_brings_its_dialog_back_with_what_was_typed(
    folders: Folders, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def fails(*_: Any) -> dict[str, Any]:
        return {"type": "error", "message": "No listening history found.", "exit_code": 1}

    monkeypatch.setattr("tuiapp.app.jobs.run_job", fails)
    app = DiscoverApp(folders)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        await pilot.press("i")
        await typed(pilot, str(tmp_path))
        await settled(pilot, lambda: isinstance(app.screen, AskPath))
        assert app.screen.query_one(Input).value == str(tmp_path)
        assert "No listening history found." in screen_text(app)


async def test_an_export_writes_over_nothing_unasked(folders: Folders, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text("mine")
    app = DiscoverApp(folders)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        await pilot.press("e")
        await typed(pilot, str(file))
        assert isinstance(app.screen, Pick)
        await pilot.press("escape")
        await settled(pilot)
        assert isinstance(app.screen, AskPath), "another name can be typed"
        assert file.read_text() == "mine"
        await pilot.press("enter")
        await settled(pilot)
        await pilot.press("enter")
        await settled(pilot, lambda: any("exported to" in toast for toast in toasts(app)))
        assert not isinstance(app.screen, AskText)
    assert file.read_text() != "mine"


@pytest.mark.parametrize(
    ("view", "key"), [("discover", "l"), ("discover", "x"), ("discover", "B"), ("related", "l")]
)
async def test_a_key_pressed_three_times_is_for_three_rows(folders: Folders, view: str, key: str) -> None:
    app = DiscoverApp(folders)
    before = verdicts(folders)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        app.action_view(view)
        await settled(pilot)
        rows = list(the_list(app).rows)
        start = next(n for n in range(len(rows)) if not {row.artist for row in rows[n : n + 3]} & set(before))
        names = [row.artist for row in rows[start : start + 3]]
        the_list(app).move_to(start)
        await pilot.press(key, key, key)
        await settled(pilot)
        assert set(verdicts(folders)) - set(before) == set(names)
        for _ in range(3):
            await pilot.press("u")
            await settled(pilot)
        assert verdicts(folders) == before
        app.clear_notifications()
        await pilot.press("u")
        assert toasts(app) == ["Nothing to undo."]


async def test_what_is_so_already_leaves_nothing_to_undo(folders: Folders) -> None:
    app = app_in("history", folders)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        artist = the_list(app).rows[0].artist
        plays = sum(row.artist == artist for row in list(the_list(app).rows)[:10])
        assert plays > 1, "several rows of one artist"
        await pilot.press(*"l" * plays)
        await settled(pilot)
        await pilot.press("u")
        await settled(pilot)
        app.clear_notifications()
        await pilot.press("u")
        assert toasts(app) == ["Nothing to undo."]


async def test_the_same_what_if_asked_thrice_is_one(folders: Folders) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        await pilot.press("w", "w", "w")
        await settled(pilot)
        view: Any = the_view(app)
        assert len(view._filters.without) == len(set(view._filters.without))


async def test_playlists_and_tracks_removed_by_a_held_key_are_as_many_as_it_was_pressed(
    folders: Folders,
) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        for name in ("One", "Two"):
            app.engine().playlists.create(name)
        app.action_view("playlists")
        await settled(pilot)
        app.clear_notifications()
        await pilot.press("D", "D")
        await settled(pilot)
        assert [row.name for row in the_list(app).rows] == ["Song for the hill"]
        assert toasts(app) == ["Removed: One. u undoes it."]
        await pilot.press("enter")
        await settled(pilot)
        tracks = [row.track for row in the_list(app).rows]
        await pilot.press("D", "D")
        await settled(pilot)
        assert [row.track for row in the_list(app).rows] == tracks[2:]
        assert list(app.engine().playlists.show("Song for the hill")) == tracks[2:]
        assert toasts(app) == ["Removed 1 track from Song for the hill. u undoes it."]


async def test_a_hide_that_replaced_a_like_gives_it_back_with_its_date(folders: Folders) -> None:
    app = app_in("taste", folders)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        with app.engine().exclusive():
            before = app.engine().verdicts.all()
        mark = next(one for one in before if one.verdict == "like")
        app.changes.judge("hide", [Music(mark.artist, mark.track)])
        await settled(pilot, lambda: app.engine().verdicts.all() != before)
        await pilot.press("u")
        await settled(pilot, lambda: app.engine().verdicts.all() == before)
        await pilot.press("v", "v", "tab", "ctrl+a", "D")
        await settled(pilot, lambda: not app.engine().verdicts.all())
        await pilot.press("u")
        await settled(pilot, lambda: app.engine().verdicts.all() == before)
