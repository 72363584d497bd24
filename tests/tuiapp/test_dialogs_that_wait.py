"""A dialog whose answers the engine has to be asked for is open at once: what is typed by then is not for the view."""

from __future__ import annotations

import pytest
from textual.events import Paste
from textual.widgets import Input

from engine.errors import NothingYetError
from engine.paths import Folders
from tests.support.driving import (
    app_in,
    drained,
    screen_lines,
    screen_text,
    settled,
    the_list,
    toasts,
    verdicts,
)
from tuiapp.app.app import DiscoverApp
from tuiapp.screens.dialogs import AskPath
from tuiapp.screens.pick import Offering, Pick


@pytest.mark.parametrize(
    ("view", "key", "typed", "offered"),
    [
        ("discover", "c", "x", "any time"),
        ("discover", "m", "x", "Your artists form one taste"),
        ("contexts", "c", "B", "Running"),
        ("playlists", "M", "D", "Forgotten favourites"),
        ("model", "A", "D", "leans to the less known"),
    ],
)
async def test_a_dialog_opens_before_its_answers_and_takes_what_is_typed(
    folders: Folders, view: str, key: str, typed: str, offered: str
) -> None:
    app = app_in(view, folders)
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        await settled(pilot)
        before = verdicts(folders)
        with app.engine().exclusive():
            await pilot.press(key)
            await drained(app)
            assert isinstance(app.screen, Offering)
            assert "Loading" in screen_text(app)
            await pilot.press(typed, "enter")
            await drained(app)
            assert isinstance(app.screen, Offering), "there is nothing to choose yet"
        if lines := app.screen.query(Input):
            lines.first().value = ""
        await settled(pilot)
        assert offered in screen_text(app)
        assert "Loading" not in screen_text(app)
        assert not app.undoable
        assert verdicts(folders) == before
        await pilot.press("escape")
        await settled(pilot)
        assert not isinstance(app.screen, Offering)


async def test_what_is_typed_meanwhile_filters_what_comes_and_a_failure_is_said_in_the_dialog(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = app_in("discover", folders)
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        await settled(pilot)
        with app.engine().exclusive():
            await pilot.press("c", *"evening")
            await drained(app)
        await settled(pilot)
        assert "evening" in screen_text(app)
        assert "commute" not in screen_text(app)
        await pilot.press("enter")
        await settled(pilot)
        assert "evening" in screen_text(app)

        def none(*_: object) -> None:
            raise NothingYetError("Nothing to tell tastes by. Import your history: discover import PATH.")

        monkeypatch.setattr("engine.session.taste.Tastes.modes", none)
        await pilot.press("m")
        await settled(pilot)
        assert "Nothing to tell tastes by." in screen_text(app)
        assert "Loading" not in screen_text(app)
        assert isinstance(app.screen, Offering)
        assert not toasts(app)


async def test_the_dialog_of_an_export_is_open_with_the_key(folders: Folders) -> None:
    app = app_in("discover", folders)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        first, before = the_list(app).cursor, verdicts(folders)
        await pilot.press("e", "j", "x")
        await drained(app)
        assert isinstance(app.screen, AskPath)
        assert app.screen.query_one(Input).value == "jx"
        await pilot.press("escape")
        await settled(pilot)
        assert the_list(app).cursor == first
    assert verdicts(folders) == before


async def test_text_pasted_on_a_question_answers_nothing_and_a_dropped_file_is_typed(empty: Folders) -> None:
    app = app_in("model", empty)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await settled(pilot)
        # As a terminal without bracketed paste hands it over.
        await pilot.press("a", "slash", "m", "1", "enter")
        assert isinstance(app.screen, Pick)
        assert app.job is None
        app.screen.post_message(Paste("/no/songs 1.csv"))
        await settled(pilot, lambda: isinstance(app.screen, AskPath))
        assert app.screen.query_one(Input).value == "/no/songs 1.csv"


@pytest.mark.parametrize("keys", [("question_mark",), ("i",), ("enter",)])
async def test_a_dialog_is_laid_out_anew_where_the_terminal_changes(
    folders: Folders, keys: tuple[str, ...]
) -> None:
    def drawn(app: DiscoverApp) -> list[str]:
        """The panel's lines; around it the view has its own."""
        return [line for line in screen_lines(app) if line.strip()]

    seen = []
    for sizes in (((60, 20),), ((100, 20), (60, 20))):
        app = app_in("related", folders)
        async with app.run_test(size=sizes[0]) as pilot:
            await settled(pilot)
            await pilot.press(*keys)
            await settled(pilot)
            for size in sizes[1:]:
                await pilot.resize_terminal(*size)
                await settled(pilot)
            seen.append(drawn(app))
    assert seen[0] == seen[1]


async def test_why_there_is_nothing_to_choose_stays_as_one_types(folders: Folders) -> None:
    app = app_in("discover", folders)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        await pilot.press("m")
        await settled(pilot)
        for key in ("x", "backspace"):
            await pilot.press(key)
            await settled(pilot)
            assert "Your artists form one taste" in screen_text(app)
