"""States, themes and sizes of the app, and what it is built on."""

from __future__ import annotations

import re
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from engine.community.pack import PackContent, write_pack
from engine.errors import DamagedDataError
from engine.paths import Folders
from engine.privacy import Door
from engine.session import Session
from engine.session.discover import Discover
from engine.taste.rules import Rule
from tests.support.driving import app_in, lines_of, screen_lines, screen_text, settled, the_list, the_view
from tests.support.listens import play
from tests.support.models import ARTISTS, names, write_model
from tests.support.places import made_up_plays
from tuiapp.app.app import DiscoverApp
from tuiapp.settings.actions import VIEWS
from tuiapp.widgets.table import Table

NAMES = [name for name, _ in VIEWS]


# -- the four states ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("plays", "artists"),
    [([None], 30), ([0, 90_000], 5), ([0], 15)],
    ids=["undated", "five artists", "one day"],
)
async def test_plays_too_few_to_learn_from_alone_are_not_sent_to_train(
    empty: Folders, plays: list[int | None], artists: int
) -> None:
    with Session(empty) as session:
        for number in range(artists):
            play(session.library.connection, ARTISTS[number], "A Song", *plays)
    app = DiscoverApp(empty)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        text = " ".join(screen_text(app).split())
        assert f"of {artists} artists imported: too few to learn from alone" in text
        assert "import more of your history" in text
        assert "build your recommendations" not in text
        await pilot.press("7")
        await settled(pilot)
        assert "too little to train on" in " ".join(screen_text(app).split())


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
    with Door(folders).new_folder(folders.packs / "crowd") as pack:
        content = PackContent(made_up_plays(60)[:20], names(60), tags=[], dropped={})
        write_pack(pack, content, name="crowd", source="made up", date="2026-01-01")
    app = DiscoverApp(folders)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        seen["offer"] = screen_text(app)
        await pilot.press("escape")
        await settled(pilot)
        seen["error"] = screen_text(app)
    app = DiscoverApp(Folders(tmp_path / "none yet"))
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        seen["empty"] = screen_text(app)
    assert "… Loading" in seen["loading"]
    assert "∅ No row matches “zz”" in seen["nomatch"]
    assert "Press esc to clear the filter." in seen["nomatch"]
    assert "Train again?" in seen["offer"]
    assert "stopping loses nothing" in " ".join(seen["offer"].split())
    assert "can't be shown" in seen["error"]
    # How long the path is that it begins with decides where lines are broken.
    assert "made-by-hand" in "".join(seen["error"].split())
    assert "Train again" in " ".join(seen["error"].split())
    assert "○ Welcome to discover" in seen["empty"]
    assert "import your listening history" in seen["empty"]


async def test_where_nothing_has_rested_solo_mode_lists_what_is_half_explored_and_says_so(
    tmp_path: Path,
) -> None:
    solo = write_model(tmp_path, solo=True)
    session = Session(solo)
    for number in range(4):
        play(
            session.library.connection, ARTISTS[number], "Song", *(day * 86_400 for day in range(number + 1))
        )
    session.close()
    app = DiscoverApp(solo)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        text = " ".join(screen_text(app).split())
        assert [row.artist for row in the_list(app).rows] == [ARTISTS[1], ARTISTS[0]]
        assert "None of the artists that may be listed had rested for 30 days" in text
        assert "sessions" in text
        assert "listeners" not in text
        assert "played in 2 sessions, more than 50 % of these" in text


@pytest.mark.parametrize("view", NAMES)
async def test_every_view_without_any_data_says_what_to_press(
    empty: Folders, view: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty.root.mkdir()
    monkeypatch.setattr("tuiapp.settings.state.read_file", lambda _path: {"view": view})
    app = DiscoverApp(empty)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert "○ " in screen_text(app)
        assert "Press " in screen_text(app) or " press " in screen_text(app) or view == "discover"
        # No filter hides what is said, and no key of an empty view breaks it.
        said = the_view(app).query_one("Notice").content
        await pilot.press("slash", "z", "z")
        await settled(pilot)
        assert the_view(app).query_one("Notice").content == said
        await pilot.press("escape")
        await settled(pilot)
        assert the_view(app).query_one("Notice").content == said
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


async def test_the_dials_are_redrawn_for_another_width(folders: Folders) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        dials = app.screen.query_one("#dials")
        for width in (60, 80):
            await pilot.resize_terminal(width, 24)
            await settled(pilot)
            assert dials.region.height == 2
            assert (" of " in lines_of(dials)[1]) is (width == 80), "the count, where there is room"


async def test_a_blocked_artist_is_in_no_view_and_an_excluded_one_only_in_the_history(
    folders: Folders,
) -> None:
    """Every row of every list, in sight or not, and all that is drawn; Taste's rules alone name them, to be undone."""
    blocked, excluded = ARTISTS[6], ARTISTS[9]
    session = Session(folders)
    session.verdicts.judge("block", blocked)
    session.taste.exclude(Rule(artist=excluded))
    session.close()
    app = DiscoverApp(folders)
    async with app.run_test(size=(140, 50)) as pilot:
        for number, view in enumerate(NAMES, 1):
            await pilot.press(str(number))
            await settled(pilot)
            text = screen_text(app)
            for table in app.screen.query(Table):
                text += "".join(
                    table._words(row) for row in table._rows if table.id not in ("marks", "rules")
                )
            for name, allowed in ((blocked, ""), (excluded, "history")):
                assert bool(re.search(rf"\b{name}\b", text)) == (view == allowed), (view, name)
        await pilot.press("6")
        await settled(pilot)
        await pilot.press("v")
        await settled(pilot)
        assert not re.search(rf"\b({blocked}|{excluded})\b", screen_text(app)), "in no year either"
        await pilot.press("v")
        await settled(pilot)
        assert all(name in screen_text(app) for name in (blocked, excluded))


async def test_a_filter_typed_after_an_error_leaves_the_error_in_sight(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        before = the_list(app).row.artist
        with monkeypatch.context() as broken:
            broken.setattr(Discover, "list", _fails)
            await pilot.press("ctrl+r")
            await settled(pilot)
            app.screen.action_filter()
            for text in (before, "zz"):
                app.screen.query_one(".filter Input").value = text
                await settled(pilot)
                assert "can't be shown" in screen_text(app)
                assert f"▸   {before}" not in screen_text(app)
        await pilot.press("ctrl+r")
        await settled(pilot)
        assert "∅ No row matches “zz”" in screen_text(app)


@pytest.mark.parametrize("view", ["2", "3", "4", "5", "6", "7"])
async def test_a_filter_can_be_typed_while_the_list_is_still_asked_for(folders: Folders, view: str) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        held, go = threading.Event(), threading.Event()

        def hold() -> None:
            with app.engine().library._lock:
                held.set()
                go.wait(20)

        holder = threading.Thread(target=hold)
        holder.start()
        held.wait(20)
        try:
            await pilot.press(view, "slash", "a", "n")
            line = the_view(app).query_one(".filter")
            assert line.has_class("-shown")
            assert line.query_one("Input").value == "an"
        finally:
            go.set()
            holder.join()
        await settled(pilot)
        assert the_view(app).focused is line.query_one("Input")
        await pilot.press("d")
        await settled(pilot)
        assert line.query_one("Input").value == "and"
        assert "esc clears" in screen_text(app)
        await pilot.press("escape")
        await settled(pilot)
        assert the_view(app).focused is the_list(app)
        await pilot.press("slash")
        assert line.has_class("-shown")


def _fails(*_arguments: object, **_named: object) -> None:
    raise DamagedDataError("The disk said no.")


async def test_the_panel_beside_discover_is_about_the_row_under_the_cursor_or_that_it_waits(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = DiscoverApp(folders)
    go, explain = threading.Event(), Discover.explain
    async with app.run_test(size=(140, 40)) as pilot:
        await settled(pilot)

        def panel() -> str:
            return "\n".join(lines_of(app.screen.query_one("#why")))

        assert "because of" in panel()
        monkeypatch.setattr(Discover, "explain", lambda *asked: (go.wait(20), explain(*asked))[1])
        the_list(app).move_to(1)
        await pilot.pause()
        assert the_list(app).row.artist in panel()
        assert "…" in panel()
        assert "because of" not in panel(), "another's reasons would be read as this one's"
        go.set()
        await settled(pilot)
        assert the_list(app).row.artist in panel()
        assert "because of" in panel()
        monkeypatch.setattr(Discover, "explain", _fails)
        the_list(app).move_to(2)
        await settled(pilot)
        assert "✗ The disk said no. ^r retries." in panel()
        monkeypatch.setattr(Discover, "explain", explain)
        await pilot.press("ctrl+r")
        await settled(pilot)
        assert "because of" in panel()


async def test_what_is_missing_is_said_with_the_key_that_gets_it_also_another_key(empty: Folders) -> None:
    empty.root.mkdir()
    empty.config.write_text('[keys]\nimport = "f3"\n')
    app = app_in("contexts", empty)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        assert "Import your history: press f3" in " ".join(screen_text(app).split())
        app.action_view("taste")
        await settled(pilot)
        assert "press i" not in screen_text(app)


async def test_a_run_that_nothing_has_a_tempo_for_names_the_key_of_other_contexts(
    filled: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "engine.playlists.offer.with_artists_tempo", lambda found: [replace(one, bpm=None) for one in found]
    )
    app = app_in("contexts", filled)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        said = " ".join(screen_text(app).split())
        assert "has a tempo." in said
        assert "Press c for another context." in said


@pytest.mark.usefixtures("demo_prepared")
async def test_there_is_a_way_back_from_the_sample(empty: Folders) -> None:
    app = DiscoverApp(empty)

    def leaving() -> list[str]:
        return [
            one.title for one in app.get_system_commands(app.screen) if one.title.startswith("Leave the demo")
        ]

    async with app.run_test(size=(120, 30)) as pilot:
        await settled(pilot)
        assert not leaving()
        await pilot.press("E")
        await settled(pilot)
        assert app.folders == empty.demo
        assert the_list(app).counts[0]
        assert "DEMO" in screen_lines(app)[0]
        assert leaving()
        await pilot.press("P")
        await settled(pilot, lambda: app.private_since is not None)
        app.jobs.leave_demo()
        assert app.folders == empty.demo, "what is private ends first"
        await pilot.press("P")
        await settled(pilot, lambda: app.private_since is None)
        app.jobs.leave_demo()
        await settled(pilot)
        assert app.folders == empty
        assert "Welcome to discover" in screen_text(app)
        assert "DEMO" not in screen_lines(app)[0]
        assert not leaving()
