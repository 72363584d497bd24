"""What the app promises on the screen in every view: keys and mouse, filters, selections, states, and undo."""

from __future__ import annotations

import json
import subprocess
import sys
import threading

import pytest
from textual import events
from textual.widgets import Input

from engine.errors import DiscoverError
from engine.paths import Folders
from engine.session.artist_pages import ArtistPages
from tests.support.driving import (
    ASKED,
    app_in,
    screen_lines,
    screen_text,
    settled,
    the_list,
    the_view,
    toasts,
    verdicts,
)
from tuiapp.app.app import DiscoverApp
from tuiapp.app.help_texts import help_for, how_to_export
from tuiapp.screens.artist import ArtistDialog
from tuiapp.settings.actions import VIEWS
from tuiapp.widgets.chrome import KeyLine, TabStrip
from tuiapp.widgets.table import Table

NAMES = [name for name, _ in VIEWS]

# A thread that loads something has the paint before it: what is loaded is looked at when the first question is put.
FIRST_QUESTION = """
import sys
from pathlib import Path
from engine.paths import Folders
from tuiapp.app.app import DiscoverApp
from tuiapp.screens.discover import DiscoverView

def question(view):
    painted = bool(view._compositor.visible_widgets)
    view._settings()  # what a question names is made on the event loop
    heavy = {'numpy', 'scipy', 'annoy', 'msgspec', 'sqlite3', 'engine.session', 'engine.privacy'}
    print(painted, *sorted(heavy & set(sys.modules)), file=sys.__stdout__)
    view.app.exit(0)

DiscoverView.load = question
app = DiscoverApp(Folders(Path(sys.argv[1])))
with app.failures.warnings_noted():
    app.run(headless=True)
"""


def test_nothing_heavy_is_loaded_nor_asked_for_before_the_first_paint(tmp_path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FIRST_QUESTION, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["True"]


async def test_the_key_line_keeps_help_and_quit_in_every_view(folders: Folders) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(80, 24)) as pilot:
        for view in NAMES:
            app.action_view(view)
            await settled(pilot)
            for width in (60, 80):
                await pilot.resize_terminal(width, 24)
                line = app.screen.query_one(KeyLine)
                text = line.render_line(0).text
                assert app.screen.size.width == width
                assert "? help" in text, view
                assert "q quit" in text, view
                chief = sorted(
                    (a for a in line._actions if a.id not in ("help", "quit", "leave_demo")),
                    key=lambda a: a.footer,
                )
                assert all(f"{app.keymap.label(action)} {action.label}" in text for action in chief[:2]), text


async def test_views_rows_headings_and_keys_answer_to_the_mouse(folders: Folders) -> None:
    """The mouse: a tab, a row, a row again, a heading, the wheel, a key at the bottom. The keyboard's part is
    in every other test, and `escape` by one level in test_app.py."""
    app = DiscoverApp(folders)
    async with app.run_test(size=(112, 40)) as pilot:
        await settled(pilot)
        table = the_list(app)
        await pilot.click(Table, offset=(10, 4))
        await settled(pilot)
        assert (table.cursor, app.screen) == (3, the_view(app))
        await pilot.click(Table, offset=(10, 4))
        await settled(pilot)
        assert isinstance(app.screen, ArtistDialog), "again is as good as enter"
        near = app.screen._card.near[1]
        y = next(y for y, line in enumerate(screen_lines(app)) if f"2 {near}" in line)
        await pilot.click(offset=(screen_lines(app)[y].index(f"2 {near}") + 3, y))
        await settled(pilot)
        assert app.screen._card.artist == near
        await pilot.press("escape")
        heading = next(n for n, column in enumerate(table.columns) if column.title == "listeners")
        for reverse in (False, True):
            await pilot.click(Table, offset=(table.render_line(0).text.index("listene") + 2, 0))
            assert (table.sort, table.reverse) == (heading, reverse)
        await settled(pilot)
        top = table.scroll_y
        table.post_message(events.MouseScrollDown(table, 5, 5, 0, 1, 0, False, False, False))
        await settled(pilot, lambda: table.scroll_y > top)
        line = app.screen.query_one(KeyLine).render_line(0).text
        name = table.row.artist
        await pilot.click(KeyLine, offset=(line.index("l like") + 3, 0))
        await settled(pilot)
        assert verdicts(folders)[name] == "like"
        line = app.screen.query_one(KeyLine).render_line(0).text
        await pilot.click(KeyLine, offset=(line.index("/ filter") + 1, 0))
        await settled(pilot)
        assert app.screen.query_one(".filter Input").has_focus
        await pilot.click(
            TabStrip, offset=(app.screen.query_one(TabStrip).render_line(0).text.index("Taste"), 0)
        )
        await settled(pilot)
        assert app.current_mode == "taste"


# What to look for in each view's list: it leaves some rows.
WORDS = {
    "discover": "art",
    "related": "art",
    "contexts": "art",
    "playlists": "song",
    "history": "art",
    "taste": "art",
    "model": "e",
    "settings": "e",
}


async def test_every_list_counts_what_a_filter_leaves_sorts_by_every_column_and_remembers(
    folders: Folders,
) -> None:
    left = {}
    app = DiscoverApp(folders)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        for view, word in WORDS.items():
            app.action_view(view)
            await settled(pilot)
            for table in app.screen.query(Table):
                unsorted = [column.title for column in table.columns if not column.sorts and column.title]
                assert not unsorted, f"{view} #{table.id}"
            table = the_list(app)
            able = [n for n, column in enumerate(table.columns) if column.sorts]
            whole = table.counts[1]
            table.set_sort(able[-1], reverse=True)
            the_view(app).action_filter()
            the_view(app).query_one(".filter Input").value = word
            await settled(pilot)
            assert f"{table.counts[0]} of {whole}  esc clears" in screen_text(app), view
            table.move_to(2)
            left[view] = (table.sort, table.reverse, table.counts, table.key_here)
        await app.action_quit()
    app = DiscoverApp(folders)
    async with app.run_test(size=(100, 30)) as pilot:
        # Each of these remembers more than the others do.
        for view in ("discover", "related", "playlists", "history", "taste"):
            app.action_view(view)
            await settled(pilot)
            table = the_list(app)
            assert (table.sort, table.reverse, table.counts, table.key_here) == left[view], view


@pytest.mark.parametrize("view", ["related", "history"])
async def test_what_is_marked_is_judged_at_once_and_undone_at_once(folders: Folders, view: str) -> None:
    """In Discover: test_app.py, in Playlists: test_playlists.py, in Taste: test_taste.py."""
    app = app_in(view, folders)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        before, table = verdicts(folders), the_list(app)
        if view == "history":
            table.set_sort(1)
            await settled(pilot)
        artists = []
        for place in (0, 1, table.counts[0] - 1):
            table.move_to(place)
            table.action_mark()
            artists.append(table._rows[table._order[place]].artist)
        await pilot.press("l")
        await settled(pilot)
        assert verdicts(folders) == before | dict.fromkeys(artists, "like")
        assert not table.marks
        await pilot.press("u")
        await settled(pilot)
        assert verdicts(folders) == before


async def test_the_list_is_drawn_while_the_library_is_busy(folders: Folders) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(180, 30)) as pilot:
        await settled(pilot)
        await pilot.press("5")
        await settled(pilot)
        table = the_list(app)
        row = table.row
        table._rows._blocks = {}
        # What a worker does that holds the library for seconds.
        lock = app._session.library._lock
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


# What each view asks the engine for its list.
async def test_loading_no_match_and_error_differ_in_every_view_and_say_the_key(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fourth, never filled: test_app_states.py, which also draws all four of Discover. Unexpected errors and their
    log: test_failing.py."""

    def fails(*_args: object, **_named: object) -> None:
        raise DiscoverError("The disk said no.")

    opened, engine = threading.Event(), DiscoverApp.engine
    app = DiscoverApp(folders)
    app.remembering._state = {"views": {"related": {"trail": ["Artist B27"]}}}
    with monkeypatch.context() as busy:
        busy.setattr(DiscoverApp, "engine", lambda self: (opened.wait(20), engine(self))[1])
        async with app.run_test(size=(100, 30)) as pilot:
            for view in NAMES:
                app.action_view(view)
                await pilot.pause()
                assert "… Loading" in screen_text(app), view
            opened.set()
            await settled(pilot)
            for view, question in ASKED.items():
                app.action_view(view)
                the_view(app).action_filter()
                the_view(app).query_one(".filter Input").value = "zz"
                await settled(pilot)
                assert "∅ No " in screen_text(app), view
                assert "Press esc to clear the filter." in screen_text(app), view
                the_view(app).action_back()
                await settled(pilot)
                with monkeypatch.context() as broken:
                    broken.setattr(question, fails)
                    the_view(app).load()
                    await settled(pilot)
                    assert "can't be shown" in screen_text(app), view
                    assert "The disk said no." in screen_text(app), view
                    assert "Press ^r to try again." in screen_text(app), view
                    assert "∅" not in screen_text(app), view
                await pilot.press("ctrl+r")
                await settled(pilot)
                assert "✗" not in screen_text(app), view
                assert the_list(app).counts[0], view


async def test_an_artists_card_has_its_states_too_and_its_keys_do_what_they_say(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(100, 40)) as pilot:
        await settled(pilot)
        before, artist, go = verdicts(folders), ArtistPages.of, threading.Event()

        def fails(*_args: object) -> None:
            go.wait(20)
            raise DiscoverError("The disk said no.")

        monkeypatch.setattr(ArtistPages, "of", fails)
        await pilot.press("enter")
        await pilot.pause()
        assert "… Loading" in screen_text(app)
        go.set()
        await settled(pilot)
        assert "can't be shown" in screen_text(app)
        assert "^r retry" in screen_text(app)
        monkeypatch.setattr(ArtistPages, "of", artist)
        await pilot.press("ctrl+r")
        await settled(pilot)
        assert "recommended because of" in screen_text(app)
        name, near = app.screen._card.artist, app.screen._card.near[0]
        await pilot.press("question_mark")
        assert "Keys in artist" in screen_text(app)
        assert "Filter the list" not in screen_text(app)
        await pilot.press("escape", "l")
        await settled(pilot)
        assert verdicts(folders) == before | {name: "like"}
        assert "♥ liked" in screen_text(app)
        assert "of your taste" in screen_text(app), "one that is liked speaks for others"
        await pilot.press("B")
        await settled(pilot)
        assert "✗ blocked" in screen_text(app)
        assert "B unblock" in screen_text(app)
        assert app.screen._card.near == app.screen._card.why == ()
        await pilot.press("u", "u")
        await settled(pilot)
        assert verdicts(folders) == before
        await pilot.press("1")
        await settled(pilot)
        await pilot.press("a")
        await settled(pilot)
        assert f"Add a track by {near} to" in screen_text(app)
        await pilot.press("escape", "r")
        await settled(pilot)
        assert the_view(app)._trail[-1] == near


@pytest.mark.parametrize("began", [True, False], ids=["from the start", "later"])
async def test_nothing_typed_privately_is_in_the_state_of_the_next_start(
    folders: Folders, began: bool
) -> None:
    """What comes back, and that it is kept apart from the settings: test_app.py, test_settings.py."""
    app = DiscoverApp(folders, private=began)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        if not began:
            the_list(app).set_sort(3)
            await pilot.press("P")
            await settled(pilot, lambda: app.private_since is not None)
        kept = folders.state.read_bytes() if folders.state.exists() else None
        the_view(app).action_filter()
        the_view(app).query_one(".filter Input").value = "27"
        await settled(pilot)
        app.views.related("Artist B27")
        await settled(pilot)
        await pilot.press("P")
        await settled(pilot, lambda: app.private_since is None)
        # Another one, whose beginning writes the state too.
        for private in (True, False):
            await pilot.press("P")
            await settled(pilot, lambda private=private: (app.private_since is not None) == private)
        await app.action_quit()
    state = json.loads(folders.state.read_bytes())
    assert "27" not in folders.state.read_text()
    assert kept is None or json.loads(kept) == state
    if not began:
        assert (state["view"], state["views"]["discover"]["sort"]) == ("discover", 3)


async def test_an_export_says_where_it_went(folders: Folders, tmp_path) -> None:
    """Copying: test_opening.py. The doctor and the log: test_failing.py."""
    app = DiscoverApp(folders)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        for number, view in enumerate(("discover", "playlists")):
            app.action_view(view)
            await settled(pilot)
            the_view(app).action_export()
            await settled(pilot)
            file = tmp_path / f"{number}.csv"
            app.screen.query_one(Input).value = str(file)
            await pilot.press("enter")
            await settled(pilot)
            tracks = file.read_text().count("\n") - 1
            assert f"Exported {tracks} tracks exported to {file}." in toasts(app)


async def test_help_and_how_to_export_keep_their_indent_in_a_narrow_terminal(folders: Folders) -> None:
    """Their lines are shown as they are made, none broken once more at the panel's edge."""
    app = DiscoverApp(folders)
    async with app.run_test(size=(60, 50)) as pilot:
        await settled(pilot)
        for key, text in (("question_mark", help_for("discover", width=51).plain), ("i", how_to_export(51))):
            await pilot.press(key)
            await settled(pilot)
            seen = {line.strip() for line in screen_text(app).splitlines()}
            lines = [line.rstrip() for line in text.splitlines() if line.strip()]
            assert max(map(len, lines)) <= 51
            assert all(any(line.strip() in one for one in seen) for line in lines[:20])
            await pilot.press("escape")
            await settled(pilot)
