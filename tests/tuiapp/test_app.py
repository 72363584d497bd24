"""The app as a person meets it, key by key; the tests are named after what TUI.md promises."""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from textual.app import App
from textual.screen import ModalScreen, Screen
from textual.widget import Widget
from textual.widgets import Input

import tuiapp.screens
import tuiapp.widgets
from engine.paths import Folders
from engine.session import Session
from tests.engine.test_door import fingerprint
from tests.tuiapp.driving import screen_lines, screen_text, settled
from tuiapp.actions import VIEWS
from tuiapp.app import DiscoverApp
from tuiapp.screens.dialogs import AskText, Search, ShowText
from tuiapp.screens.view import View
from tuiapp.widgets.chrome import JobLine
from tuiapp.widgets.table import Table

NAMES = [name for name, _ in VIEWS]


def the_view(app: App[Any]) -> View:
    """The view in sight."""
    assert isinstance(app.screen, View)
    return app.screen


def the_list(app: App[Any]) -> Table:
    """The list in sight."""
    table = the_view(app).table
    assert table is not None
    return table


def verdicts(folders: Folders) -> dict[str, str]:
    """What the library on disk says was liked, hidden or blocked."""
    connection = sqlite3.connect(f"{folders.database.as_uri()}?mode=ro", uri=True)
    found = dict(connection.execute("SELECT artist, verdict FROM feedback"))
    connection.close()
    return found


def toasts(app: App[Any]) -> list[str]:
    return [f"{toast.title} {toast.message}".strip() for toast in app._notifications]


# -- views -------------------------------------------------------------------------------------------------


async def test_digits_go_to_the_views_and_escape_goes_back(folders: Folders) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        assert app.current_mode == "discover"
        for number, name in reversed(list(enumerate(NAMES, 1))):
            await pilot.press(str(number))
            await settled(pilot)
            assert app.current_mode == name
            assert the_list(app).counts[1], f"{name} shows nothing"
            assert the_list(app).has_focus, f"the keys of {name}'s list do not work at once"
        await pilot.press("escape", "escape")
        assert app.current_mode == "contexts", "back to the view before, and the one before that"


async def test_escape_backs_out_one_level_filter_then_marks_then_view(folders: Folders) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        await pilot.press("2")
        await settled(pilot)
        await pilot.press("space", "slash", *"art")
        await settled(pilot)
        table = the_list(app)
        assert table.filter == "art"
        await pilot.press("escape")
        await settled(pilot)
        assert (table.filter, len(table.marks), app.current_mode) == ("", 1, "related")
        assert table.has_focus
        await pilot.press("escape")
        assert (table.marks, app.current_mode) == (set(), "related")
        await pilot.press("escape")
        assert app.current_mode == "discover"


async def test_escape_closes_a_dialog_and_leaves_the_view(folders: Folders) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        for key, dialog in (("question_mark", ShowText), ("s", Search), ("e", AskText)):
            await pilot.press(key)
            await settled(pilot)
            assert isinstance(app.screen, dialog)
            await pilot.press("escape")
            await settled(pilot)
            assert app.screen is the_view(app)
        assert app.current_mode == "discover"


async def test_letter_keys_do_not_fire_while_a_filter_is_typed(folders: Folders) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        await pilot.press("slash")
        # Each of these does something in the list: quit, undo, import, private, block, a view, help.
        await pilot.press(*"quilxB3P0", "question_mark", "space")
        await settled(pilot)
        assert the_view(app).query_one(".filter Input", Input).value == "quilxB3P0? "
        assert app.current_mode == "discover"
        assert app.private_since is None
        assert app.is_running
    assert verdicts(folders) == {"Artist H33": "like", "Artist I34": "block"}


async def test_a_filter_counts_and_enter_goes_to_the_list(folders: Folders) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        await pilot.press("5", "slash", *"b27")
        await settled(pilot)
        assert "4 of 47" in screen_text(app)
        await pilot.press("enter")
        assert the_list(app).has_focus
        assert the_list(app).row.artist == "Artist B27"


async def test_search_finds_despite_a_typo_and_walks_there(folders: Folders) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        await pilot.press("s")
        app.screen.query_one(Input).value = "Artst B27"
        await settled(pilot)
        await pilot.press("enter")
        await settled(pilot)
        assert app.current_mode == "related"
        assert screen_lines(app)[1].strip() == "Artist B27"


async def test_related_walks_with_a_trail_back_and_forward(folders: Folders) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        first = the_list(app).row.artist
        await pilot.press("r")
        await settled(pilot)
        second = the_list(app).row.artist
        await pilot.press("enter")
        await settled(pilot)
        assert screen_lines(app)[1].strip() == f"{first} › {second}"
        where = []
        for key in ("h", "right"):
            await pilot.press(key)
            await settled(pilot)
            view = the_view(app)
            where.append(view._trail[view._at])
        assert where == [first, second]


# -- verdicts ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("key", "verdict"), [("l", "like"), ("x", "hide"), ("B", "block")])
async def test_a_verdict_on_all_marked_is_undone_by_one_key(folders: Folders, key: str, verdict: str) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        before = verdicts(folders)
        names = [row.artist for row in the_list(app)._rows[:2]]
        await pilot.press("space", "space", key)
        await settled(pilot)
        assert verdicts(folders) == before | dict.fromkeys(names, verdict)
        shown = [row.artist for row in the_list(app)._rows]
        assert not set(names) & set(shown), "liked, hidden and blocked ones leave the list of new artists"
        assert the_list(app).marks == set()
        await pilot.press("u")
        await settled(pilot)
        assert verdicts(folders) == before
        assert [row.artist for row in the_list(app)._rows[:2]] == names


async def test_taking_back_in_taste_can_be_taken_back(folders: Folders) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        await pilot.press("6")
        await settled(pilot)
        await pilot.press("tab")
        name = the_list(app).row.artist
        before = verdicts(folders)
        await pilot.press("x")
        await settled(pilot)
        assert name not in verdicts(folders)
        await pilot.press("u")
        await settled(pilot)
        assert verdicts(folders) == before


async def test_without_an_artist_is_a_what_if_and_can_be_undone(folders: Folders) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        reason = the_list(app).row.why[0].artist
        before = list(the_list(app)._rows)
        await pilot.press("w")
        await settled(pilot)
        assert f"without {reason}" in screen_lines(app)[1]
        assert all(share.artist != reason for row in the_list(app)._rows for share in row.why)
        await pilot.press("u")
        await settled(pilot)
        assert list(the_list(app)._rows) == before


async def test_undo_with_nothing_to_undo_says_so(folders: Folders) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        await pilot.press("u")
        assert toasts(app) == ["Nothing to undo."]


# -- coming back -------------------------------------------------------------------------------------------


async def test_view_cursor_sort_filter_and_dials_come_back_at_the_next_start(folders: Folders) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        new = the_list(app).counts[1]
        for _ in range(5):
            the_view(app).action_familiarity(-0.1)
        await settled(pilot)
        assert the_list(app).counts[1] > new, "the dial lets artists one knows into the list"
        await pilot.press("o", "slash", *"artist")
        await settled(pilot)
        await pilot.press("enter", "j", "j")
        row = the_list(app).row
        await pilot.press("4")
        await settled(pilot)
        app.theme = "nord"
        await app.action_quit()
    app = DiscoverApp(folders)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        assert app.current_mode == "playlists"
        assert app.theme == "nord"
        await pilot.press("1")
        await settled(pilot)
        table = the_list(app)
        assert table.row == row
        assert (table.sort, table.reverse, table.filter) == (1, False, "artist")
        assert the_view(app)._dials == {"familiarity": 0.5, "popularity": 0.0}


@pytest.mark.parametrize(
    "state",
    [
        b"\x00 not json",
        b"[1, 2]",
        json.dumps({"version": 1, "view": "nowhere", "theme": "gone", "views": 7}).encode(),
        json.dumps(
            {
                "version": 1,
                "view": ["x"],
                "views": {
                    "discover": {"sort": 99, "filter": 3, "dials": {"familiarity": "x", "popularity": 9}},
                    "contexts": {"wishes": {"bpm": "x", "nothing": 1}},
                    "related": {"trail": [1, None, "Artist B27"]},
                },
            }
        ).encode(),
    ],
    ids=["no json", "a list", "unknown names", "wrong types"],
)
async def test_a_damaged_state_is_no_state(folders: Folders, state: bytes) -> None:
    folders.state.write_bytes(state)
    app = DiscoverApp(folders)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        assert app.current_mode == "discover"
        assert the_list(app).counts[0]
        await pilot.press("3")
        await settled(pilot)
        assert the_list(app).counts[0]


# -- the private session -----------------------------------------------------------------------------------


async def through_every_view(pilot: Any, elsewhere: Path) -> None:
    """Like, filter, turn a dial, save a playlist, export: in a private session, none of it stays."""
    app = pilot.app
    await pilot.press("l", "full_stop", "slash", *"b")
    await settled(pilot)
    await pilot.press("escape", "e")
    await settled(pilot)
    app.screen.query_one(Input).value = str(elsewhere)
    await pilot.press("enter")
    await settled(pilot, lambda: elsewhere.exists())
    for key in "234567":
        await pilot.press(key)
        await settled(pilot)
        if key == "3":
            await pilot.press("a")
            await settled(pilot)
            app.screen.query_one(Input).value = "Not to be kept"
            await pilot.press("enter")
            await settled(pilot, lambda: any("Saved as" in toast for toast in toasts(app)))
        if key == "4":
            assert the_list(app).counts == (2, 2), "saved for as long as the session lasts"


async def test_a_private_session_through_every_view_changes_no_byte(folders: Folders, tmp_path: Path) -> None:
    before = fingerprint(folders.root)
    app = DiscoverApp(folders, private=True)
    async with app.run_test(size=(110, 30)) as pilot:
        await settled(pilot)
        assert "PRIVATE" in screen_lines(app)[0]
        await through_every_view(pilot, tmp_path / "list.csv")
        await app.action_quit()
    assert fingerprint(folders.root) == before
    assert (tmp_path / "list.csv").read_text().count("\n") > 10


async def test_leaving_a_private_session_says_what_was_not_kept(folders: Folders) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(110, 30)) as pilot:
        await settled(pilot)
        await pilot.press("P")
        await settled(pilot, lambda: app.private_since is not None)
        assert "PRIVATE 0:0" in screen_lines(app)[0]
        before = fingerprint(folders.root)
        names = [row.artist for row in the_list(app)._rows[:2]]
        await pilot.press("l", "l")
        await settled(pilot)
        assert fingerprint(folders.root) == before
        await pilot.press("P")
        await settled(pilot, lambda: app.private_since is None)
        assert "Private session ended 2 likes, hides and blocks not kept." in toasts(app)
        assert "PRIVATE" not in screen_lines(app)[0]
        assert [row.artist for row in the_list(app)._rows[:2]] == names
        app._notifications.clear()
        await pilot.press("u")
        assert toasts(app) == ["Nothing to undo."], "what was not kept is not undone either"


async def test_a_private_session_refuses_jobs_and_says_why(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_arguments: Any) -> dict[str, Any]:
        raise AssertionError("a job was started in a private session")

    monkeypatch.setattr("tuiapp.app.run_job", never)
    app = DiscoverApp(folders, private=True)
    async with app.run_test(size=(110, 30)) as pilot:
        await settled(pilot)
        app._notifications.clear()
        await pilot.press("7")
        await settled(pilot)
        await pilot.press("t")
        await settled(pilot)
        assert toasts(app) == ["A private session is on: training would write. End it with P first."]
        assert app.job is None


# -- jobs --------------------------------------------------------------------------------------------------


async def test_a_job_shows_how_far_it_is_survives_views_and_refuses_a_private_session(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    import asyncio

    ended, started = asyncio.Event(), []

    async def training(job: Any, data_dir: Path, changed: Any) -> dict[str, Any]:
        started.append((job.arguments, data_dir))
        job.take({"stage": "fitting", "done": 3, "total": 9, "seconds_left": 61.0, "loss": 5.0})
        changed()
        await ended.wait()
        return {"type": "done", "result": {}}

    monkeypatch.setattr("tuiapp.app.run_job", training)
    app = DiscoverApp(folders)
    async with app.run_test(size=(110, 30)) as pilot:
        await settled(pilot)
        await pilot.press("7")
        await settled(pilot)
        await pilot.press("t")
        await pilot.pause()
        assert started == [(["train"], folders.root)]
        for key in "71":
            await pilot.press(key)
            await pilot.pause()
            text = screen_text(app)
            assert "Training: fitting" in text
            assert "3 of 9  1:01 left" in text
            assert "^x stops it" in text
        app.start_job("Import", "import", "x")
        assert len(started) == 1, "one job at a time"
        await pilot.press("P")
        await pilot.pause()
        ended.set()
        await settled(pilot, lambda: app.job is None)
        assert any("Training is running and writes" in toast for toast in toasts(app))
        assert app.private_since is None
        assert not app.screen.query_one(JobLine).display
        assert "Training Done." in toasts(app)


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ({"type": "error", "message": "The disk is full."}, "Training failed The disk is full."),
        ({"type": "cancelled"}, "Training stopped What was whole before is whole now."),
    ],
)
async def test_a_job_that_fails_or_is_stopped_says_so(
    folders: Folders, monkeypatch: pytest.MonkeyPatch, result: dict[str, Any], said: str
) -> None:
    async def ending(*_arguments: Any) -> dict[str, Any]:
        return result

    monkeypatch.setattr("tuiapp.app.run_job", ending)
    app = DiscoverApp(folders)
    async with app.run_test(size=(110, 30)) as pilot:
        await settled(pilot)
        app.start_job("Training", "train")
        await settled(pilot)
        assert toasts(app) == [said]
        assert the_list(app).counts[0]


async def test_an_import_by_a_real_child_process_fills_the_app(empty: Folders, tmp_path: Path) -> None:
    rows = [
        {
            "ts": f"2024-01-0{day}T10:00:00Z", "ms_played": 200_000, "master_metadata_track_name": "Song [b",
            "master_metadata_album_artist_name": "Burel", "master_metadata_album_album_name": None,
            "spotify_track_uri": f"spotify:track:{day:022d}", "incognito_mode": day == 3, "platform": "x",
            "reason_start": "trackdone", "reason_end": "trackdone", "shuffle": False, "skipped": False,
        }
        for day in (1, 2, 3)
    ]  # fmt: skip
    file = tmp_path / "Streaming_History_Audio_2024.json"
    file.write_text(json.dumps(rows))
    app = DiscoverApp(empty)
    async with app.run_test(size=(110, 30)) as pilot:
        await settled(pilot)
        await pilot.press("i")
        await settled(pilot)
        app.screen.query_one(Input).value = str(file)
        await pilot.press("enter")
        await settled(pilot, lambda: isinstance(app.screen, ShowText))
        text = screen_text(app)
        assert "of private sessions" in text
        assert "2  kept" in text
        await pilot.press("escape", "5")
        await settled(pilot)
        assert the_list(app).counts == (2, 2)
        assert app._session is not None
        app._session.close()


# -- the four states ---------------------------------------------------------------------------------------


async def test_the_four_states_are_drawn_differently(
    folders: Folders, empty: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = {}
    opened = threading.Event()
    engine = DiscoverApp.engine
    monkeypatch.setattr(DiscoverApp, "engine", lambda self: (opened.wait(20), engine(self))[1])
    app = DiscoverApp(folders)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        seen["loading"] = screen_text(app)
        opened.set()
        await settled(pilot)
        await pilot.press("slash", *"zz")
        await settled(pilot)
        seen["nomatch"] = screen_text(app)
        await pilot.press("escape")
        await settled(pilot)
        assert "∅" not in screen_text(app)
        assert the_list(app).counts[0]
    (folders.models / "made-by-hand" / "manifest.json").write_text("{ damaged")
    app = DiscoverApp(folders)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        seen["error"] = screen_text(app)
    app = DiscoverApp(Folders(tmp_path / "nothing yet"))
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        seen["empty"] = screen_text(app)
    assert "… One moment" in seen["loading"]
    assert "∅ No row holds “zz”" in seen["nomatch"]
    assert "Press escape to clear the filter." in seen["nomatch"]
    assert "✗ That did not work" in seen["error"]
    assert "made-by-hand" in seen["error"]
    assert "Train again" in seen["error"]
    assert "○ Welcome to discover" in seen["empty"]
    assert "import your listening history" in seen["empty"]


@pytest.mark.parametrize("view", NAMES)
async def test_every_view_without_any_data_says_what_to_press(empty: Folders, view: str) -> None:
    empty.root.mkdir()
    app = DiscoverApp(empty)
    app._state = {"view": view}
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert "○ " in screen_text(app)
        assert "Press " in screen_text(app) or " press " in screen_text(app) or view == "discover"
        # No key of an empty view breaks it.
        for action in ("filter", "mark", "sort"):
            await the_list(app).run_action(action)
        await pilot.press("l", "x", "enter")
        await settled(pilot)
        assert app.is_running


# -- themes, colours, sizes --------------------------------------------------------------------------------


async def test_every_theme_draws_every_view(folders: Folders) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        for name in NAMES:
            app.action_view(name)
            await settled(pilot)
            text = screen_text(app)
            assert text.strip()
        # All views are there now, so each theme has to draw all of them.
        for theme in app.available_themes:
            app.theme = theme
            await pilot.pause()
        assert screen_text(app) == text


async def test_without_colour_every_state_has_a_glyph_or_a_word(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = DiscoverApp(folders, private=True)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        assert app.no_color
        await pilot.press("space")
        lines = screen_lines(app)
        assert "PRIVATE" in lines[0]
        assert sum(line.startswith("✓") for line in lines) == 1, "marked"
        assert sum(line.startswith("▸") for line in lines) == 1, "under the cursor"


@pytest.mark.parametrize(("width", "height"), [(60, 20), (20, 6)])
async def test_usable_at_every_size(folders: Folders, width: int, height: int) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(width, height)) as pilot:
        await settled(pilot)
        for name in NAMES:
            app.action_view(name)
            await settled(pilot)
            lines = screen_lines(app)
            assert len(lines) == height
            if width >= 60:
                assert "? help  q quit" in lines[-1], f"{name} hides help and quit"
                assert f" {NAMES.index(name) + 1} {name.title()} " in lines[0]
                assert any(line.startswith("▸") for line in lines), f"no list in sight in {name}"


# -- what it is built on -----------------------------------------------------------------------------------


def test_nothing_heavy_is_loaded_before_the_first_paint() -> None:
    code = (
        "import sys, tuiapp.app, tuiapp.screens.discover\n"
        "print(*sorted({name for name in sys.modules} & "
        "{'numpy', 'scipy', 'numba', 'annoy', 'msgspec', 'engine.session', 'engine.recommend', 'textual_fspicker'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_no_private_name_of_textual_is_taken() -> None:
    """Textual keeps its own state in `_name` and the like: a method of that name would never be called."""
    made = {Screen: vars(Screen()), ModalScreen: vars(ModalScreen()), Widget: vars(Widget()), Table: {}}
    modules = [
        importlib.import_module(f"{package.__name__}.{module.name}")
        for package in (tuiapp.screens, tuiapp.widgets)
        for module in pkgutil.iter_modules(package.__path__)
    ]
    checked = 0
    for module in [*modules, importlib.import_module("tuiapp.app")]:
        for name, found in vars(module).items():
            if not (inspect.isclass(found) and found.__module__ == module.__name__):
                continue
            if not issubclass(found, Widget | App):
                continue
            own = {
                key for key, value in vars(found).items() if key.startswith("_") and inspect.isfunction(value)
            }
            for base, state in made.items():
                if issubclass(found, base):
                    assert not own & set(state), f"{name} takes {own & set(state)} of {base.__name__}"
            textuals = [base for base in found.__mro__ if base.__module__.startswith("textual")]
            for base in textuals:
                taken = {key for key in own & set(vars(base)) if not key.startswith("__")}
                assert not taken, f"{name} takes {taken} of {base.__name__}"
            checked += 1
    assert checked > 15


async def test_quitting_right_after_a_key_keeps_what_it_did(folders: Folders) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        name = the_list(app).row.artist
        await app.judge("like", [name])
        await app.action_quit()
    assert app._exception is None
    assert verdicts(folders)[name] == "like"


async def test_undo_pressed_at_once_takes_back_what_is_still_being_done(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = threading.Event()
    judge = Session.judge
    monkeypatch.setattr(Session, "judge", lambda self, *args: (go.wait(20), judge(self, *args))[1])
    app = DiscoverApp(folders)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        before = verdicts(folders)
        await app.judge("like", ["Artist T45", "Artist F57"])
        app.action_undo()
        go.set()
        await settled(pilot)
    assert verdicts(folders) == before
