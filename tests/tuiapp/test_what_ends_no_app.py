"""Keys that come at once, a disk that is full or a library another program keeps, pages opened all day."""

from __future__ import annotations

import ctypes
import gc
import resource
import sqlite3
import sys
import threading
import weakref
from pathlib import Path

import pytest
from textual._styles_cache import StylesCache
from textual.events import Key
from textual.widgets import Input, OptionList

from tests.support.driving import screen_text, settled, the_view, toasts
from tests.support.places import fill
from tuiapp.app.app import DiscoverApp
from tuiapp.garbage import Garbage
from tuiapp.screens.dialogs import AskText
from tuiapp.settings.actions import SCREENS
from tuiapp.textual_internals.widgets import let_no_page_be_turned_without_room, let_painted_lines_go


@pytest.fixture
def app(tmp_path: Path) -> DiscoverApp:
    return DiscoverApp(fill(tmp_path / "data"))


async def test_two_enters_in_one_read_are_one(app: DiscoverApp) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        # What asks for a date, and what asks for a name.
        for view, key, typed in (("discover", "d", "2024-01"), ("playlists", "ctrl+n", "Twice")):
            app.action_view(view)
            await settled(pilot)
            await pilot.press(key)
            await settled(pilot)
            line = app.screen.query_one(Input)
            line.value = typed
            for _ in range(3):
                line.post_message(Input.Submitted(line, typed))
            await settled(pilot)
            assert app.return_code is None
            assert not isinstance(app.focused, Input)
        assert [one.name for one in app.engine().playlists.all()].count("Twice") == 1
        # What comes to nothing after its dialog was closed is said all the same.
        asked = AskText("Name", lambda *_: None)
        app.push_screen(asked)
        await settled(pilot)
        asked.dismiss(None)
        await settled(pilot)
        asked.refuse("There is one of that name.")
        await settled(pilot)
        assert "There is one of that name." in toasts(app)
        # And two escapes.
        await pilot.press("question_mark")
        await settled(pilot)
        help_screen = app.screen
        for _ in range(2):
            help_screen.dismiss(None)
        await settled(pilot)
        assert app.screen.NAME == "playlists"


async def test_two_enters_in_the_palette_are_one(app: DiscoverApp) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        app.action_command_palette()
        await settled(pilot)
        options = app.screen.query_one(OptionList)
        for _ in range(2):
            options.post_message(OptionList.OptionSelected(options, options.get_option_at_index(0), 0))
        await settled(pilot)
        assert app.return_code is None
        assert not app.folders.log.exists()


async def test_a_key_in_one_read_with_that_which_opens_help_ends_nothing(app: DiscoverApp) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        app.action_help()
        key = Key("down", None)
        # It went to what had the focus before, and comes from there.
        key._set_forwarded()
        await app.on_event(key)
        await settled(pilot)
        assert app.return_code is None


@pytest.mark.parametrize("read", ["/xBlu", "sxBlu"])
async def test_keys_in_one_read_go_where_the_first_of_them_leads(app: DiscoverApp, read: str) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        for key in read:
            app.post_message(Key("slash" if key == "/" else key, key))
        await settled(pilot, lambda: not app.keys_ahead)
        await settled(pilot)
        assert isinstance(app.focused, Input)
        assert app.focused.value == read[1:]
        assert not app.undoable


async def test_a_long_line_read_with_the_key_that_quits_is_no_failure(app: DiscoverApp) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        for key in ("q", *"j" * 3_000):
            app.post_message(Key(key, key))
        await settled(pilot, lambda: app.return_code is not None)
    assert app.return_code == 0


async def test_a_terminal_of_no_width_has_help_and_palette_too(
    app: DiscoverApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(OptionList, "_move_page", OptionList._move_page)
    let_no_page_be_turned_without_room()
    async with app.run_test(size=(2, 4)) as pilot:
        await settled(pilot)
        for key in ("question_mark", "escape", "i", "escape"):
            await pilot.press(key)
            await settled(pilot)
        app.action_command_palette()
        await settled(pilot)
        options = app.screen.query_one(OptionList)
        options.highlighted = 0
        options.action_page_up()
        palette = app.screen
        for _ in range(2):
            palette.dismiss(None)
        await settled(pilot)
        assert app.screen is not palette
        assert app.return_code is None
        assert not app.folders.log.exists()


async def test_pages_that_were_closed_are_gone(app: DiscoverApp) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        pages = []
        for _ in range(4):
            await pilot.press("enter")
            await settled(pilot)
            pages.append(weakref.ref(app.screen))
            await pilot.press("escape", "j")
            await settled(pilot)
        assert len({id(page) for page in pages}) == 4

        def are_gone() -> bool:
            if any(page() is not None for page in pages[:-1]):
                # A list that was queried again meanwhile may have frozen one: those are collected later.
                gc.unfreeze()
                gc.collect()
            return all(page() is None for page in pages[:-1])

        # One may be held for a moment by what is on its way, the last one for longer.
        await settled(pilot, are_gone)


@pytest.mark.usefixtures("painting")
async def test_what_was_painted_of_closed_pages_is_gone(
    app: DiscoverApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else each page opened costs a tenth of a megabyte, until 1,024 widgets are remembered."""
    monkeypatch.setattr(StylesCache, "get_inner_outer", StylesCache.get_inner_outer)
    let_painted_lines_go()

    def painted() -> int:
        gc.unfreeze()
        gc.collect()
        return sum(isinstance(one, StylesCache) for one in gc.get_objects())

    counts = []
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        for pages in (2, 6):
            for _ in range(pages):
                await pilot.press("enter")
                await settled(pilot)
                await pilot.press("escape", "j")
                await settled(pilot)
            counts.append(painted())
    # A few are held for a moment by what is on its way; the four pages more have thirty.
    assert counts[1] - counts[0] < 20, counts


@pytest.mark.parametrize(
    ("trouble", "message"), [("full", "The disk is full."), ("kept", "The library is busy: another program")]
)
async def test_a_disk_that_is_full_and_a_library_that_is_kept_are_said(
    app: DiscoverApp, trouble: str, message: str
) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        connection = app.engine().library.connection
        other = sqlite3.connect(app.folders.database)
        if trouble == "full":
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
            connection.execute(f"PRAGMA max_page_count = {pages}")
            connection.execute(
                "CREATE TRIGGER grow BEFORE INSERT ON feedback BEGIN "
                "UPDATE playlists SET settings = hex(zeroblob(1000000)); END"
            )
        else:
            connection.execute("PRAGMA busy_timeout = 0")
            other.execute("BEGIN IMMEDIATE")
        await pilot.press("l")
        await settled(pilot)
        other.close()
        assert [one.message[: len(message)] for one in app._notifications] == [message]
        assert app.undoable == ""
        assert "Unexpected error" not in screen_text(app)
        assert not app.folders.log.exists()


async def test_a_view_that_is_being_made_is_asked_for_nothing(
    app: DiscoverApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        for name, _ in SCREENS:
            app.action_view(name)
            app.preferences.change("theme", f"textual-{'light' if app.theme.endswith('dark') else 'dark'}")
            app.state_now()
            app.library_changed()
        await settled(pilot)
        assert app.return_code is None
        # Between two views there is no screen.
        view = the_view(app)
        with monkeypatch.context() as between:
            between.setattr(DiscoverApp, "screen_stack", property(lambda _app: []))
            between.setattr(type(view), "is_current", False)
            view.outdated()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="it is the C library's heap of Linux")
def test_what_a_thread_let_go_of_is_given_back_to_the_system() -> None:
    pieces = 16_000
    letting_go = threading.Thread(target=_half_kept, args=(pieces,))
    letting_go.start()
    letting_go.join()
    before = _megabytes()
    try:
        Garbage().set_apart()
    finally:
        gc.unfreeze()
    assert before - _megabytes() > pieces * 4400 / 2**20 / 2


def _half_kept(pieces: int) -> None:
    """Pages as SQLite has them, all but a few freed, in a heap of this thread."""
    system = ctypes.CDLL(None)
    system.malloc.restype, system.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
    taken = [system.malloc(4400) for _ in range(pieces)]
    for at in taken:
        ctypes.memset(at, 1, 4400)
    for number, at in enumerate(taken):
        if number % 500 and number < pieces - 1:
            system.free(at)


def _megabytes() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20
