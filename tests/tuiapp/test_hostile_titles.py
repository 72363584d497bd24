"""Any title is safe, wherever it is shown: never markup, never a control, never a crash."""

from __future__ import annotations

import unicodedata
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from engine.canonical_keys import track_name
from engine.errors import UnknownNameError
from engine.paths import Folders
from engine.taste.rules import KeptRule, Rule
from tests.support.driving import screen_text, settled
from tests.support.hostile import CALLED, HOSTILE_TITLE, TITLES, assert_safe
from tests.support.models import write_model
from tests.support.places import fill
from tuiapp.app.app import DiscoverApp
from tuiapp.app.help_texts import import_report
from tuiapp.job import Job
from tuiapp.music import Music, copied
from tuiapp.screens.add_to import ask_add_to
from tuiapp.screens.dialogs import AskPath, AskText, ShowText
from tuiapp.screens.settings import choose
from tuiapp.screens.view import View
from tuiapp.settings.config import Config
from tuiapp.widgets.table import Table


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    """A library in which every name is hostile. The tests only read it: the app is not left by quitting."""
    folders = fill(tmp_path_factory.mktemp("hostile") / "data", CALLED, HOSTILE_TITLE)
    called = [track_name(name, f"{HOSTILE_TITLE} {n}") for n, name in enumerate(CALLED)]
    write_model(folders.root, level="tracks", called=called, items=len(called))
    return folders


async def view(pilot: Pilot[Any], name: str) -> None:
    app = pilot.app
    assert isinstance(app, DiscoverApp)
    app.action_view(name)
    await settled(pilot)


async def discover(pilot: Pilot[Any]) -> None:
    await pilot.press("0")
    for _ in range(10):
        pilot.app.screen.action_turn("familiarity", -0.1)
    await settled(pilot)
    assert_safe(pilot.app, "Aone [/intro] ", "Afive \x1b]0;owned\x07", "Athree [@click=app.q")
    pilot.app.screen.action_without()
    await settled(pilot)
    assert "without A" in screen_text(pilot.app)


async def tracks(pilot: Pilot[Any]) -> None:
    """The list, the panel beside it, and what is said of one that is hidden and taken back."""
    await pilot.resize_terminal(190, 40)
    await pilot.press("T")
    await settled(pilot)
    row = pilot.app.screen.query_one("#artists", Table).row
    assert_safe(pilot.app, row.track, f"{row.track} by {row.artist}", "Aone [/intro] ")
    await pilot.press("x")
    await settled(pilot)
    assert_safe(pilot.app, "Hidden: ")
    await pilot.press("u")
    await settled(pilot)
    assert_safe(pilot.app, "Undone: hidden ")


async def related(pilot: Pilot[Any]) -> None:
    pilot.app.views.related(CALLED[0])
    await settled(pilot)
    assert_safe(pilot.app, CALLED[0], "Atwo [Remastered 2011]", "Afive \x1b]0;owned\x07")
    pilot.app.screen.action_related()
    await settled(pilot)
    assert " › " in screen_text(pilot.app)


async def an_artists_card(pilot: Pilot[Any]) -> None:
    """Of one's own with its tracks and what it speaks for, of a new one with what speaks for it, and of none."""
    app = pilot.app
    assert isinstance(app, DiscoverApp)
    for name, listed in (
        (CALLED[0], "counts most towards"),
        (CALLED[33], "similar artists"),
        (TITLES[4], "No artist “"),
    ):
        app.views.artist(name)
        await settled(pilot)
        assert_safe(app, name[:20], listed, *([HOSTILE_TITLE[:28]] if name == CALLED[0] else []))
        await pilot.press("escape")


async def contexts(pilot: Pilot[Any]) -> None:
    await view(pilot, "contexts")
    assert_safe(pilot.app, HOSTILE_TITLE)


async def playlists(pilot: Pilot[Any]) -> None:
    await view(pilot, "playlists")
    assert_safe(pilot.app, f"{HOSTILE_TITLE} for the hill")
    await pilot.press("enter")
    await settled(pilot)
    assert_safe(pilot.app, f"{HOSTILE_TITLE} for the hill", HOSTILE_TITLE, CALLED[0])
    await pilot.press("R")
    await settled(pilot)
    assert_safe(pilot.app)


async def add_to(pilot: Pilot[Any]) -> None:
    """The dialog's title and its lists, and what is said when there is nothing to add."""
    name = TITLES[4] + TITLES[2] + TITLES[6]
    ask_add_to(
        pilot.app,
        f"a track by {name}",
        lambda session: session.playlists.show(f"{HOSTILE_TITLE} for the hill"),
    )
    await settled(pilot)
    assert_safe(
        pilot.app,
        f"{HOSTILE_TITLE} for the hill",
        "a track by Afive \x1b]0;owned\x07Athree [@click=app.quit]hi",
    )
    pilot.app.screen.query_one(Input).value = name
    await settled(pilot)
    assert_safe(pilot.app, f"new playlist “{TITLES[4]}")
    pilot.app.screen.query_one(Input).value = "hill"
    await settled(pilot)
    await pilot.press("enter")
    await settled(pilot)
    assert_safe(pilot.app, "All 8 are in Tsong [/b] [@click=app.quit]q[/]")


async def a_continued_playlist(pilot: Pilot[Any]) -> None:
    """In memory: the place is only read. Names in the toast, the list and what undo says."""
    pilot.app._start_private = True
    pilot.app.engine().set_private(True)
    await view(pilot, "playlists")
    await pilot.press("C")
    await settled(pilot)
    assert_safe(
        pilot.app, "10 tracks added to Tsong [/b] [@click=app.quit]q[/]", f"{HOSTILE_TITLE} for the hill   18"
    )
    await pilot.press("u")
    await settled(pilot)
    assert_safe(pilot.app, "Undone: continuing Tsong [/b] [@click=app.quit]q[/]")


async def history(pilot: Pilot[Any]) -> None:
    await view(pilot, "history")
    # Beside the list, most played.
    assert_safe(pilot.app, "Anine 👩\u200d🚀")
    await pilot.resize_terminal(190, 40)
    await settled(pilot)
    assert_safe(pilot.app, HOSTILE_TITLE)


async def taste(pilot: Pilot[Any]) -> None:
    """The list, the artist pointed out on the map, the years, and what was said."""
    await view(pilot, "taste")
    assert_safe(pilot.app, f"{TITLES[0]} liked", f"● {TITLES[0]} liked")
    for row in range(1, 6):
        pilot.app.screen.query_one("#top").move_to(row)
        await pilot.pause()
        assert_safe(pilot.app)
    await pilot.press("v")
    await settled(pilot)
    assert_safe(pilot.app, "2024  Afour [b 0")
    await pilot.press("v")
    await settled(pilot)
    assert_safe(pilot.app, f"{TITLES[0]} liked", f"{TITLES[4]} blocked")


async def a_rule_to_exclude(pilot: Pilot[Any]) -> None:
    """The fields, what would change, what is wrong, and the rule in the list."""
    await view(pilot, "taste")
    await pilot.press("ctrl+n")
    fields = {
        name: pilot.app.screen.query_one(f"#{name}", Input) for name in ("artist", "track", "source", "hours")
    }
    fields["artist"].value, fields["track"].value = CALLED[12], TITLES[2]
    await settled(pilot)
    assert_safe(pilot.app, CALLED[12][:14], "would be excluded")
    for field, value in (("source", TITLES[4] + TITLES[0]), ("hours", TITLES[3] + TITLES[5])):
        fields[field].value = value
        await settled(pilot)
        assert_safe(pilot.app, f"“{TITLES[3]}" if field == "hours" else f"No plays from {TITLES[4][:8]}")
    await pilot.press("escape")
    row = KeptRule(1, Rule(artist=TITLES[4], track=TITLES[2], source=TITLES[0]), 3, 0)
    pilot.app.screen.query_one("#rules").show([row])
    await pilot.press("v", "v")
    await settled(pilot)
    assert_safe(pilot.app, f"{TITLES[2]} by {TITLES[4]}")


async def time_travel(pilot: Pilot[Any]) -> None:
    await pilot.press("d")
    await settled(pilot)
    pilot.app.screen.query_one(Input).value = f"{TITLES[0]} {TITLES[4]}"
    await pilot.press("enter")
    await settled(pilot)
    assert_safe(pilot.app, TITLES[0], "is not a valid date. Write 2019, 2019-06 or")


async def model(pilot: Pilot[Any]) -> None:
    await view(pilot, "model")
    assert_safe(pilot.app)


async def search(pilot: Pilot[Any]) -> None:
    await pilot.press("s")
    await settled(pilot)
    pilot.app.screen.query_one(Input).value = "Aone"
    await settled(pilot)
    assert_safe(pilot.app, "Aone [/intro] ")


async def search_for_markup(pilot: Pilot[Any]) -> None:
    await pilot.press("s")
    pilot.app.screen.query_one(Input).value = "[/intro] [b \u202e"
    await settled(pilot)
    assert_safe(pilot.app, "[/intro] [b")


async def filter_without_match(pilot: Pilot[Any]) -> None:
    await pilot.press("slash")
    pilot.app.screen.query_one(".filter Input", Input).value = "[/nothing] [b \u202e"
    await settled(pilot)
    assert_safe(pilot.app, "No row matches “[/nothing] [b \u202e”")


async def filter_history_without_match(pilot: Pilot[Any]) -> None:
    await view(pilot, "history")
    await pilot.press("slash")
    pilot.app.screen.query_one(".filter Input", Input).value = "[/nothing] [b zz"
    await settled(pilot)
    assert_safe(pilot.app, "No plays match “[/nothing] [b zz”")


async def notices(pilot: Pilot[Any]) -> None:
    screen = pilot.app.screen
    assert isinstance(screen, View)
    for state in ("loading", "empty", "nomatch", "error"):
        screen.set_state(state, TITLES[0] + TITLES[4], f"{TITLES[2]}\n{TITLES[5]}")
        await pilot.pause()
        assert_safe(pilot.app, TITLES[0], TITLES[2], TITLES[5])


async def an_error(pilot: Pilot[Any]) -> None:
    screen = pilot.app.screen
    assert isinstance(screen, View)
    screen.show_error(UnknownNameError(f"No artist is called {TITLES[2]}{TITLES[4]}."))
    await pilot.pause()
    assert_safe(pilot.app, f"No artist is called {TITLES[2]}")


async def verdict_toasts(pilot: Pilot[Any]) -> None:
    for name, listed in ((CALLED[0], "Aone [/intro]"), (CALLED[6], "Athree [@click=app.quit]hi[/]")):
        pilot.app.changes.judge(None, [Music(name)])
        await settled(pilot)
        assert_safe(pilot.app, f"Already cleared: {listed}")


async def error_toasts(pilot: Pilot[Any]) -> None:
    """What an error names comes from outside too: a file, a playlist, an artist."""
    name = TITLES[4] + TITLES[2] + TITLES[6]
    pilot.app.changes.make(lambda session: session.playlists.rename(name, "x"))
    await settled(pilot)
    assert_safe(pilot.app, "No playlist", "[@click=app.quit]hi[/]")


async def job_toasts(pilot: Pilot[Any]) -> None:
    message = f"{TITLES[0]} {TITLES[4]} cannot be read."
    pilot.app.jobs.ended(Job("Import", ["import", "x"]), {"type": "error", "message": message})
    await settled(pilot)
    assert_safe(pilot.app, TITLES[0])


async def a_job(pilot: Pilot[Any]) -> None:
    job = Job("Import", ["import", TITLES[0]], stage=f"{TITLES[0]} {TITLES[4]}", done=1, total=2)
    pilot.app.job = job
    await settled(pilot)
    assert_safe(pilot.app, TITLES[0])
    pilot.app.job = None


async def ask_text(pilot: Pilot[Any]) -> None:
    pilot.app.push_screen(AskText(f"Rename {TITLES[0]} {TITLES[4]}", lambda *_: None, TITLES[4] + TITLES[2]))
    await settled(pilot)
    assert_safe(pilot.app, TITLES[0], "[@click=app.quit]hi[/]")


async def ask_path(pilot: Pilot[Any]) -> None:
    pilot.app.push_screen(AskPath(TITLES[0], lambda *_: None, f"{TITLES[2]}", TITLES[3]))
    await settled(pilot)
    assert_safe(pilot.app, TITLES[0], TITLES[2], TITLES[3])


async def an_import_report(pilot: Pilot[Any]) -> None:
    same = {"root": "/x", "undated": 0, "unread": False, "dropped": {}}
    report = {
        "totals": {"read": 3, "kept": 1, "duplicates": 0, "dropped": {"private session": 1, TITLES[3]: 1}},
        "files": [
            {**same, "path": f"/x/{TITLES[0]}.json", "format": None, "kept": 0, "note": TITLES[2]},
            {**same, "path": f"/x/{TITLES[4]}.json", "format": "spotify", "kept": 1, "note": None},
        ],
        "no_backup": f"/x/{TITLES[4]} may not be written.",
    }
    pilot.app.push_screen(ShowText(TITLES[2], import_report(report)))
    await settled(pilot)
    assert_safe(pilot.app, *TITLES[:1], TITLES[2], TITLES[3], TITLES[4])


async def palette(pilot: Pilot[Any]) -> None:
    await pilot.press("ctrl+p")
    pilot.app.screen.query_one(Input).value = "[/intro] [b"
    await settled(pilot)
    assert_safe(pilot.app)


async def settings(pilot: Pilot[Any]) -> None:
    """A settings file may come from anywhere, and its mistakes are quoted."""
    app = pilot.app
    assert isinstance(app, DiscoverApp)
    values = {"open.player": f"{TITLES[2]} {{query}}", "open.service": f"https://x/{TITLES[4]}{{query}}"}
    app.preferences.config = Config(values, (f"config.toml: {TITLES[0]} unknown setting.",))
    app.preferences.begin()
    await view(pilot, "settings")
    assert_safe(app, TITLES[2], TITLES[4], TITLES[0])
    for key in ("open.player", "open.service", "theme"):
        choose(app, key)
        await settled(pilot)
        assert_safe(app)
        await pilot.press("escape")


async def opening_and_copying(pilot: Pilot[Any]) -> None:
    app = pilot.app
    assert isinstance(app, DiscoverApp)
    app.notify(copied([Music(TITLES[2], TITLES[4])]))
    await settled(pilot)
    assert_safe(app, f"Copied: {TITLES[2]}")
    app.preferences.config = Config({"open.player": "no-such-player {query}"})
    app.opening.open(Music(TITLES[0], TITLES[5]), app.preferences.config)
    await settled(pilot)
    assert_safe(app, "no-such-player can't be started")
    table = app.screen.query_one(Table)
    table.move_to(next(n for n, row in enumerate(table._rows) if row.artist.startswith(TITLES[4])))
    await pilot.press("Y")
    await settled(pilot)
    assert_safe(app)
    assert all(unicodedata.category(character) != "Cc" for character in app.clipboard)


PLACES: list[Callable[[Pilot[Any]], Awaitable[None]]] = [
    discover, tracks, related, an_artists_card, contexts, playlists, add_to, a_continued_playlist, history, taste,
    a_rule_to_exclude,
    time_travel, model, search, search_for_markup, filter_without_match, filter_history_without_match, notices,
    an_error, verdict_toasts, error_toasts, job_toasts, a_job, ask_text, ask_path, an_import_report, palette, settings,
    opening_and_copying,
]  # fmt: skip


@pytest.mark.parametrize("show", PLACES, ids=lambda show: show.__name__)
async def test_a_name_is_shown_to_the_letter_and_obeyed_nowhere(place: Folders, show: Any) -> None:
    app = DiscoverApp(place)
    async with app.run_test(size=(140, 40), notifications=True) as pilot:
        await settled(pilot)
        await show(pilot)
        assert_safe(app)
        # A title with a link in it: a click must not follow it.
        assert "click" not in str(getattr(app.screen, "_links", ""))
    assert app.return_code in (None, 0)


def test_a_path_of_an_export_has_no_control_characters(tmp_path: Path) -> None:
    from engine.paths import safe_file_name

    for title in (*TITLES, HOSTILE_TITLE):
        name = safe_file_name(title)
        assert all(unicodedata.category(character)[0] != "C" or character == "\u200d" for character in name)
        assert "/" not in name
