"""The app as a person meets it, key by key."""

from __future__ import annotations

import json
import threading

import pytest
from textual.widgets import Input

from engine.defaults import LESS_KNOWN
from engine.paths import Folders
from engine.recommend.settings import DiscoverSettings
from engine.session.verdicts import Verdicts
from tests.support.driving import screen_lines, screen_text, settled, the_list, the_view, toasts, verdicts
from tuiapp.app.app import DiscoverApp
from tuiapp.music import Music
from tuiapp.screens.artist import ArtistDialog
from tuiapp.screens.dialogs import AskText, ShowText
from tuiapp.screens.search import Search
from tuiapp.settings.actions import VIEWS
from tuiapp.widgets.table import Table

NAMES = [name for name, _ in VIEWS]


# -- views -------------------------------------------------------------------------------------------------


async def test_digits_go_to_the_views_and_backspace_goes_back(folders: Folders) -> None:
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
        await pilot.press("backspace", "ctrl+o")
        assert app.current_mode == "contexts", "back to the view before, and the one before that"


async def test_escape_undoes_one_narrowing_message_marks_filter_and_stops(folders: Folders) -> None:
    """A dialog is the next test's, what Discover narrows is `test_narrowing`'s."""
    app = DiscoverApp(folders)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        await pilot.press("2")
        await settled(pilot)
        await pilot.press("Y", "space", "slash", *"art", "enter")
        await settled(pilot)
        table = the_list(app)
        assert (len(toasts(app)), len(table.marks), table.filter) == (1, 1, "art")
        for left in ((0, 1, "art"), (0, 0, "art"), (0, 0, ""), (0, 0, "")):
            await pilot.press("escape")
            await settled(pilot)
            assert (len(toasts(app)), len(table.marks), table.filter) == left
            assert app.current_mode == "related"
        assert table.has_focus


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
        await pilot.press("5")
        await settled(pilot)
        await pilot.press("slash", *"b27")
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
        assert isinstance(app.screen, ArtistDialog)
        assert app.screen._card.artist == "Artist B27"
        await pilot.press("escape")
        assert isinstance(app.screen, Search)
        await pilot.press("tab", "r")
        await settled(pilot)
        assert app.current_mode == "related"
        assert app.screen is the_view(app), "the search is done with"
        assert screen_lines(app)[1].strip() == "Artist B27"
        app.action_view("discover")
        await settled(pilot)
        assert app.screen is the_view(app)


async def test_the_less_known_are_a_key_away_and_their_rows_have_all_keys(folders: Folders, tmp_path) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        plain = [row.artist for row in the_list(app).rows]
        (shelf,) = [line for line in screen_lines(app) if line.strip().startswith("v less known")]
        await pilot.press("v")
        await settled(pilot)
        on_it = shelf.split("known", 1)[1].split(", ")
        leading = [row.artist for row in the_list(app).rows if row.artist not in plain[:24]]
        assert [name.strip() for name in on_it] == leading[: len(on_it)]
        assert not [line for line in screen_lines(app) if line.strip().startswith("v less known  ")]
        asked = app.preferences.config.for_discover(DiscoverSettings(n=200, popularity=LESS_KNOWN))
        less = [row.artist for row in the_list(app).rows]
        assert less == [row.artist for row in app.engine().discover.list(asked).items] != plain
        assert any("less known" in line for line in screen_lines(app)[1:4])
        first = the_list(app).row.artist
        await pilot.press("l")
        await settled(pilot)
        assert (first, "like") in {(one.artist, one.verdict) for one in app.engine().verdicts.all()}
        the_view(app).action_export()
        await settled(pilot)
        app.screen.query_one(Input).value = str(tmp_path / "less.csv")
        await pilot.press("enter")
        await settled(pilot)
        header, row, *_ = (tmp_path / "less.csv").read_text().splitlines()
        assert header.endswith("Reason,Guarded names")
        assert ",Less known," in row
        await pilot.press("v")
        await settled(pilot)
        assert not any("less known" in line for line in screen_lines(app)[1:4])


async def test_related_walks_with_a_trail_back_and_forward(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        first = the_list(app).row.artist
        await pilot.press("r")
        await settled(pilot)
        second = the_list(app).row.artist
        await pilot.press("r")
        await settled(pilot)
        assert screen_lines(app)[1].strip() == f"{first} › {second}"
        where = []
        for key in ("h", "right"):
            await pilot.press(key)
            await settled(pilot)
            view = the_view(app)
            where.append(view._trail[view._at])
        assert where == [first, second]
        row = the_list(app).row
        assert f"{row.in_common} " in next(line for line in screen_lines(app) if row.artist in line)
        # As if hundreds of listeners were few.
        monkeypatch.setattr("engine.recommend.related.FEW", 1_000)
        await pilot.press("h")
        await settled(pilot)
        assert screen_lines(app)[1].strip().endswith("listeners in the community: little is known")


# -- verdicts ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("key", "verdict"), [("l", "like"), ("x", "hide"), ("B", "block")])
async def test_a_verdict_on_all_marked_is_undone_by_one_key(folders: Folders, key: str, verdict: str) -> None:
    """In Discover."""
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
        await pilot.press("v", "v", "tab")  # past the exclusions: there are none
        await settled(pilot)
        assert the_list(app).id == "marks"
        name = the_list(app).row.artist
        before = verdicts(folders)
        await pilot.press("D")
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
        assert f"without {reason}" in "".join(screen_lines(app)[1:3])
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
    """The state is not a part of the settings."""
    app = DiscoverApp(folders)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        new = the_list(app).counts[1]
        for _ in range(5):
            the_view(app).action_turn("familiarity", -0.1)
        await settled(pilot)
        assert the_list(app).counts[1] > new, "the dial lets artists one knows into the list"
        await pilot.press("z", "slash", *"artist")
        await settled(pilot)
        await pilot.press("enter", "j", "j")
        row = the_list(app).row
        await pilot.press("4")
        await settled(pilot)
        app.preferences.change("theme", "nord")
        await app.action_quit()
    assert folders.config.read_text().split() == ["theme", "=", '"nord"']
    assert b"nord" not in folders.state.read_bytes()
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
        assert the_view(app)._dials.places == {
            "familiarity": 0.5,
            "popularity": 0.0,
            "recency": -1,
            "variety": 0.0,
        }


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
async def test_a_damaged_state_is_not_a_state(folders: Folders, state: bytes) -> None:
    folders.state.write_bytes(state)
    app = DiscoverApp(folders)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        assert app.current_mode == "discover"
        assert the_list(app).counts[0]
        await pilot.press("3")
        await settled(pilot)
        assert the_list(app).counts[0]


async def test_quitting_right_after_a_key_keeps_what_it_did(folders: Folders) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        name = the_list(app).row.artist
        app.changes.judge("like", [Music(name)])
        await app.action_quit()
    assert app._exception is None
    assert verdicts(folders)[name] == "like"


async def test_undo_pressed_at_once_takes_back_what_is_still_being_done(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = threading.Event()
    judge = Verdicts.judge
    monkeypatch.setattr(Verdicts, "judge", lambda self, *args: (go.wait(20), judge(self, *args))[1])
    app = DiscoverApp(folders)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        before = verdicts(folders)
        app.changes.judge("like", [Music("Artist T45"), Music("Artist F57")])
        app.action_undo()
        go.set()
        await settled(pilot)
    assert verdicts(folders) == before


async def test_a_time_of_the_week_is_chosen_by_typing_and_any_time_again(folders: Folders) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(140, 40)) as pilot:
        await settled(pilot)
        before = [row.key for row in the_list(app)._rows]
        await pilot.press("c")
        await settled(pilot)
        await pilot.press(*"orni")
        assert "morning" in screen_text(app)
        assert "commute" not in screen_text(app)
        await pilot.press("enter")
        await settled(pilot)
        text = screen_text(app)
        # Everything in this library is played at night, and no source has minutes.
        assert "No plays: morning" in text
        assert "Press c for another time, 0 for any time." in text
        await pilot.press("u")
        await settled(pilot)
        assert [row.key for row in the_list(app)._rows] == before
        await pilot.press("c")
        await settled(pilot)
        await pilot.press("down", "down", "enter")
        await settled(pilot)
        assert "No plays: commute" in screen_text(app)
        await pilot.press("c")
        await settled(pilot)
        assert app.screen.query_one(Table).row.value == "commute", "the cursor is on what is chosen"
        await pilot.press("up", "up", "enter")
        await settled(pilot)
        assert [row.key for row in the_list(app)._rows] == before
