"""What takes longer than a moment is shown from the start until its end: in the line of keys, or in the dialog."""

from __future__ import annotations

import pytest

from engine.paths import Folders
from tests.support.driving import ASKED, app_in, drained, screen_lines, screen_text, settled, the_list
from tuiapp.app.app import DiscoverApp
from tuiapp.screens.dialogs import AskText


async def test_a_slow_change_is_shown_in_the_line_of_keys_until_it_is_made(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tuiapp.working.OF_CHANGE", 0.0)
    app = app_in("playlists", folders)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        name = the_list(app).row.name
        keys = screen_lines(app)[-1]
        with app.engine().exclusive():
            await pilot.press("C")
            await drained(app)
            assert screen_lines(app)[-1].rstrip().endswith(f"… continuing {name}")
            assert screen_lines(app)[-1][:30] == keys[:30], "no key has moved"
        await settled(pilot)
        assert "… continuing" not in screen_text(app)


@pytest.mark.parametrize("view", sorted(ASKED))
async def test_slow_queries_of_a_view_are_shown_until_the_last_is_answered(
    folders: Folders, monkeypatch: pytest.MonkeyPatch, view: str
) -> None:
    monkeypatch.setattr("tuiapp.working.OF_QUERY", 0.0)
    app = app_in(view, folders)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert "… loading" not in screen_text(app)
        with app.engine().exclusive():
            app.library_changed()
            app.library_changed()
            await drained(app)
            assert screen_lines(app)[-1].rstrip().endswith("… loading")
        await settled(pilot)
        assert "… loading" not in screen_text(app)


async def test_a_dialog_says_that_it_checks_what_was_typed(folders: Folders) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("e")
        await drained(app)
        with app.engine().exclusive():
            await pilot.press(*"/no/where.csv", "enter")
            # Laid out by a timer of Textual's, which no wait for messages sees.
            await drained(app, 10.0, lambda: "One moment …" in screen_text(app))
            assert "One moment …" in screen_text(app)
        await settled(pilot)
        assert "One moment …" not in screen_text(app)
        assert isinstance(app.screen, AskText)
        assert "Cannot write" in screen_text(app)
