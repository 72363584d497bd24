"""Points of the fifteen that TUI.md asks for, each test named after its point."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from engine.errors import DamagedDataError
from engine.paths import Folders
from engine.session import Session
from tests.tuiapp.driving import screen_text, settled, the_list, the_view, verdicts
from tests.tuiapp.places import fill
from tuiapp.actions import VIEWS
from tuiapp.app import DiscoverApp
from tuiapp.screens.artist import ArtistDialog
from tuiapp.widgets.chrome import KeyLine

NAMES = [name for name, _ in VIEWS]

# A thread that loads something has the paint before it: what is loaded is looked at when the first question is put.
FIRST_QUESTION = """
import sys
from pathlib import Path
from engine.paths import Folders
from tuiapp.app import DiscoverApp
from tuiapp.screens.discover import DiscoverView

def question(view):
    painted = bool(view._compositor.visible_widgets)
    view._settings()  # what a question names is made on the event loop
    heavy = {'numpy', 'scipy', 'numba', 'annoy', 'msgspec', 'sqlite3', 'engine.session'} & set(sys.modules)
    print(painted, *sorted(heavy), file=sys.__stdout__)
    view.app.exit(0)

DiscoverView.load = question
DiscoverApp(Folders(Path(sys.argv[1]))).run(headless=True)
"""


def test_point_1_nothing_heavy_is_loaded_nor_asked_for_before_the_first_paint(tmp_path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FIRST_QUESTION, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["True"]


@pytest.mark.parametrize("width", [80, 60])
async def test_point_14_the_key_line_keeps_help_and_quit_in_every_view(folders: Folders, width: int) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(width, 24)) as pilot:
        await settled(pilot)
        for view in NAMES:
            app.action_view(view)
            await settled(pilot)
            line = app.screen.query_one(KeyLine)
            text = line.render_line(0).text
            assert "? help" in text, view
            assert "q quit" in text, view
            chief = sorted((a for a in line._actions if a.id not in ("help", "quit")), key=lambda a: a.footer)
            assert all(f"{app.keymap.label(action)} {action.label}" in text for action in chief[:2]), text


async def test_point_8_sort_filter_and_cursor_come_back_in_every_list(folders: Folders) -> None:
    views = ("discover", "related", "contexts", "history")
    left = {}
    app = DiscoverApp(folders)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        for view in views:
            app.action_view(view)
            await settled(pilot)
            table = the_list(app)
            able = [n for n, column in enumerate(table.columns) if column.sorts]
            assert len(able) == len(table.columns), f"a column of {view} does not sort"
            table.set_sort(able[-1], reverse=True)
            await settled(pilot)
            the_view(app)._open_filter()
            the_view(app).query_one(".filter Input").value = "art"
            await settled(pilot)
            table.move_to(2)
            await settled(pilot)
            left[view] = (table.sort, table.reverse, table.counts, table.key_here)
        await app.action_quit()
    app = DiscoverApp(folders)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        for view in views:
            app.action_view(view)
            await settled(pilot)
            table = the_list(app)
            assert (table.sort, table.reverse, table.counts, table.key_here) == left[view], view


async def test_point_9_the_list_is_drawn_while_the_library_is_busy(folders: Folders) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(180, 30)) as pilot:
        await settled(pilot)
        await pilot.press("5")
        await settled(pilot)
        table = the_list(app)
        row = table.row
        table._rows._blocks = {}
        # What a worker does that holds the library for seconds.
        lock = app._session._lock
        held, go = threading.Event(), threading.Event()

        def hold() -> None:
            with lock:
                held.set()
                go.wait(20)

        holder = threading.Thread(target=hold)
        holder.start()
        held.wait(20)
        table.refresh()
        await pilot.pause()
        assert "▸ … " in table.render_line(1).text
        assert table.key_here == str(row.id)
        go.set()
        holder.join()
        await settled(pilot)
        assert row.artist in table.render_line(1).text


@pytest.mark.parametrize("view", ["discover", "related", "contexts", "history"])
async def test_point_10_an_error_says_what_failed_and_one_key_tries_again(
    folders: Folders, monkeypatch: pytest.MonkeyPatch, view: str
) -> None:
    asked = {
        "discover": "discover",
        "related": "related",
        "contexts": "make_playlist",
        "history": "listen_ids",
    }

    def fails(*_args: object, **_named: object) -> None:
        raise DamagedDataError("The disk said no.")

    with monkeypatch.context() as broken:
        broken.setattr(Session, asked[view], fails)
        app = DiscoverApp(folders)
        app._state = {"view": view, "views": {"related": {"trail": ["Artist B27"]}}}
        async with app.run_test(size=(100, 30)) as pilot:
            await settled(pilot)
            assert "✗ That did not work" in screen_text(app)
            assert "The disk said no." in screen_text(app)
            assert "^r" in screen_text(app)
            broken.undo()
            await pilot.press("ctrl+r")
            await settled(pilot)
            assert "✗" not in screen_text(app)
            assert the_list(app).counts[0]


async def test_point_3_enter_tells_all_of_an_artist_and_says_it_safely(tmp_path) -> None:
    from tests.engine.models import names

    folders = fill(tmp_path / "data", [f"[b]{name}\x1b[31m" for name in names(60)], "[red]\x07Song")
    app = DiscoverApp(folders)
    async with app.run_test(size=(120, 60)) as pilot:
        await settled(pilot)
        await pilot.press("5")
        await settled(pilot)
        name = the_list(app).row.artist
        await pilot.press("enter")
        await settled(pilot)
        assert isinstance(app.screen, ArtistDialog)
        told = screen_text(app)
        for part in ("[b]Artist", "[red]", "plays of yours", "near"):
            assert part in told
        assert not {"\x1b", "\x07"} & set(told)
        await pilot.press("B")
        await settled(pilot)
        assert verdicts(folders)[name] == "block"
        assert "B unblock" in screen_text(app)
        await pilot.press("B")
        await settled(pilot)
        assert name not in verdicts(folders)
        first = app.screen._card.near[0]
        await pilot.press("1")
        await settled(pilot)
        assert app.screen._card.artist == first
        await pilot.press("escape")
        await settled(pilot)
        assert app.screen is the_view(app)
