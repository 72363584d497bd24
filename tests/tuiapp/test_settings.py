"""The settings screen: seen at once, kept with its comments, undone by u, and gone with a private session."""

from __future__ import annotations

from typing import Any

from textual.widgets import Input

from engine.paths import Folders
from tests.support.driving import screen_lines, screen_text, settled, the_list, the_view, toasts
from tests.support.folders import fingerprint
from tuiapp.app.app import DiscoverApp
from tuiapp.app.palette import commands
from tuiapp.settings.actions import ACTIONS
from tuiapp.settings.registry import SETTINGS

KEYS = """\
# keys I like
[keys]
undo = "U"
quit = "ctrl+w,f10"     # far from the others
view_discover = "f1"
"discover.like" = "L,ctrl+l"
"discover.turn_familiarity_minus" = "l"
"lists.filter" = "?"
help = "h"
related.trail_back = "left"
nonsense = "x"
"""


def put_cursor_on(app: Any, key: str) -> None:
    table = the_list(app)
    table.move_to(next(n for n, i in enumerate(table._order) if table._rows[i].key == key))


async def test_keys_given_by_id_work_and_are_shown_in_strip_footer_help_and_palette(folders: Folders) -> None:
    folders.config.write_text(KEYS)
    app = DiscoverApp(folders)
    async with app.run_test(size=(120, 30)) as pilot:
        await settled(pilot)
        (said,) = [toast for toast in toasts(app) if toast.startswith("Settings")]
        assert "keys.nonsense: unknown setting" in said
        assert str(folders.config) in said
        lines = screen_lines(app)
        assert " f1 Discover  2 Related " in lines[0]
        for shown in ("L like", "h help", "^w quit", "? filter"):
            assert shown in lines[-1], shown
        assert "l like" not in lines[-1].replace("L like", "")
        name = the_list(app).row.artist
        before = the_view(app)._dials.places["familiarity"]
        await pilot.press("u", "L")
        await settled(pilot)
        assert f"Liked: {name}. U undoes it." in toasts(app)
        await pilot.press("l", "U")
        await settled(pilot)
        assert f"Undone: liked {name}." in toasts(app)
        assert the_view(app)._dials.places["familiarity"] == before - 0.1
        names = [command.title for command in commands(app, app.screen)]
        assert {"Like (L)", "Undo (U)", "Go to discover (f1)"} & set(names) >= {"Like (L)", "Undo (U)"}
        await pilot.press("h")
        await settled(pilot)
        assert "L ^l" in screen_text(app)
        await pilot.press("escape", "2")
        await settled(pilot)
        await pilot.press("f1")
        await settled(pilot)
        assert app.current_mode == "discover"


async def test_a_setting_acts_at_once_keeps_the_comments_and_is_undone(folders: Folders) -> None:
    folders.config.write_text("# night\ntheme = 'nord' # calm\n")
    app = DiscoverApp(folders)
    async with app.run_test(size=(110, 34)) as pilot:
        await settled(pilot)
        assert app.theme == "nord"
        await pilot.press("S")
        await settled(pilot)
        assert len(the_list(app)._rows) == len(SETTINGS) > len(ACTIONS)
        await pilot.press("enter", "down")
        await pilot.pause()
        assert app.theme == "rose-pine", "the one under the cursor is tried on"
        await pilot.press("escape")
        assert app.theme == "nord"
        await pilot.press("enter", "down", "enter")
        await settled(pilot)
        assert app.theme == "rose-pine"
        assert folders.config.read_text() == '# night\ntheme = "rose-pine" # calm\n'
        put_cursor_on(app, "keys.discover.like")
        await pilot.press("enter", "s")
        await pilot.pause()
        assert "used by search. Press another" in screen_text(app)
        await pilot.press("L")
        await settled(pilot)
        assert "discover.like" in folders.config.read_text()
        assert app.keymap.label("discover.like") == "L"
        await pilot.press("D")
        await settled(pilot)
        assert app.keymap.label("discover.like") == "l"
        await pilot.press("D")
        assert toasts(app)[-1] == "This is the default already."
        await pilot.press("u", "u", "u")
        await settled(pilot)
        assert app.theme == "nord"
        assert folders.config.read_text().rstrip() == '# night\ntheme = "nord" # calm'


async def test_what_counts_as_known_changes_the_list(folders: Folders) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(110, 30)) as pilot:
        await settled(pilot)
        new = the_list(app).counts[1]
        await pilot.press("S")
        await settled(pilot)
        put_cursor_on(app, "discover.known_plays")
        await pilot.press("enter")
        app.screen.query_one(Input).value = "some"
        await pilot.press("enter")
        await settled(pilot)
        await settled(pilot, lambda: "enter a whole number, 1 or more" in screen_text(app))
        app.screen.query_one(Input).value = "4"
        await pilot.press("enter")
        await settled(pilot)
        await pilot.press("escape")
        await settled(pilot)
        assert the_list(app).counts[1] > new
        assert "known_plays = 4" in folders.config.read_text()


async def test_in_a_private_session_settings_last_as_long_as_it(folders: Folders) -> None:
    folders.config.write_text("theme = 'nord'\n")
    app = DiscoverApp(folders)
    async with app.run_test(size=(110, 30)) as pilot:
        await settled(pilot)
        await pilot.press("P", "S")
        await settled(pilot, lambda: app.private_since is not None)
        assert app.current_mode == "settings"
        before = fingerprint(folders.root)
        app.preferences.change("theme", "dracula")
        await settled(pilot)
        assert app.theme == "dracula"
        assert "theme applies until the private session ends; nothing is written." in toasts(app)
        assert "this session" in screen_text(app)
        assert fingerprint(folders.root) == before
        await pilot.press("P")
        await settled(pilot, lambda: app.private_since is None)
        assert app.theme == "nord"


async def test_a_file_with_nothing_right_in_it_does_not_keep_the_app_from_starting(folders: Folders) -> None:
    folders.config.write_bytes(b"\xff\xfe theme = [/b] [@click=app.quit]x[/]")
    app = DiscoverApp(folders)
    async with app.run_test(size=(110, 30), notifications=True) as pilot:
        await settled(pilot)
        assert app.theme == SETTINGS["theme"].default
        assert "is not valid TOML" in screen_text(app)
        app.preferences.change("theme", "nord")
        await settled(pilot)
        assert any(toast.startswith("Not saved") for toast in toasts(app))
    assert folders.config.read_bytes().startswith(b"\xff\xfe theme")
