"""Keys act on what is in sight and say what they do: undo names its change, wherever it is pressed; panels, waits."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import pytest
from rich.cells import cell_len

from engine import job as engine_job
from engine.paths import Folders
from engine.session import Session
from engine.session.packs import Packs
from tests.support.driving import (
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
from tuiapp.job import STOPPING, Job, run_job
from tuiapp.screens.artist import ArtistDialog
from tuiapp.screens.history_side import NONE, PAGES, PlayCounts
from tuiapp.screens.search import Search
from tuiapp.settings.actions import VIEWS


def footer(app: DiscoverApp) -> str:
    return screen_lines(app)[-1]


async def test_what_was_done_before_a_private_session_is_undone_after_it_and_not_in_it(
    folders: Folders,
) -> None:
    app = DiscoverApp(folders)
    before = verdicts(folders)
    async with app.run_test(size=(110, 30)) as pilot:
        await settled(pilot)
        assert "undo" not in footer(app)
        first = the_list(app).rows[0].artist
        await pilot.press("l")
        await settled(pilot)
        assert f"u undo liked {first}" in footer(app)
        await pilot.press("P")
        await settled(pilot, lambda: app.private_since is not None)
        assert "undo" not in footer(app)
        await pilot.press("u")
        await settled(pilot)
        assert verdicts(folders) == before | {first: "like"}
        await pilot.press("x")
        await settled(pilot)
        assert "u undo hidden" in footer(app)
        await pilot.press("P")
        await settled(pilot, lambda: app.private_since is None)
        assert f"u undo liked {first}" in footer(app)
        await pilot.press("u")
        await settled(pilot)
        assert verdicts(folders) == before
        assert "undo" not in footer(app)


async def test_a_named_undo_takes_no_key_of_a_narrow_line(folders: Folders) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        before = dict.fromkeys((80, 100), 0)
        for width in before:
            await pilot.resize_terminal(width, 24)
            before[width] = len(footer(app).strip().split("  "))
        await pilot.press("l")
        await settled(pilot)
        for width in before:
            await pilot.resize_terminal(width, 24)
            assert "u undo  " in footer(app)
            # At most the one key that undo itself takes the place of.
            assert len(footer(app).strip().split("  ")) >= before[width], footer(app)


async def test_what_was_so_already_says_so_and_offers_no_undo_of_another_thing(folders: Folders) -> None:
    app = app_in("history", folders)
    async with app.run_test(size=(110, 30)) as pilot:
        await settled(pilot)
        before = verdicts(folders)
        names = [row.artist for row in the_list(app).rows[:40]]
        first = next(name for name in names if name.casefold() not in {other.casefold() for other in before})
        for expected in (f"Liked: {first}. u undoes it.", f"Already liked: {first}."):
            the_list(app).move_to(names.index(first))
            await pilot.press("l")
            await settled(pilot)
            assert toasts(app)[-1] == expected
        assert f"u undo liked {first[:8]}" in footer(app)
        await pilot.press("u")
        await settled(pilot)
        assert verdicts(folders) == before


async def test_a_page_and_the_search_undo_what_was_done_there_and_nothing_behind_them(
    folders: Folders,
) -> None:
    app = DiscoverApp(folders)
    before = verdicts(folders)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        first = the_list(app).rows[0].artist
        await pilot.press("l")
        await settled(pilot)
        await pilot.press("g", "enter", "u")
        await settled(pilot)
        assert isinstance(app.screen, ArtistDialog)
        assert toasts(app) == ["Nothing to undo here."]
        assert "undo" not in app.screen._hint.render().plain
        assert verdicts(folders) == before | {first: "like"}
        await pilot.press("x")
        await settled(pilot)
        page = app.screen._trail[-1]
        assert verdicts(folders) == before | {first: "like", page: "hide"}
        assert f"u undo hidden {page}" in app.screen._hint.render().plain
        await pilot.press("u")
        await settled(pilot)
        assert verdicts(folders) == before | {first: "like"}
        await pilot.press("escape", "s")
        await settled(pilot, lambda: isinstance(app.screen, Search))
        await pilot.press("a", "tab")
        await settled(pilot)
        await pilot.press("tab", "u")
        await settled(pilot)
        assert verdicts(folders) == before | {first: "like"}


async def test_who_blocked_all_is_told_how_to_take_it_back(folders: Folders) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        session = app.engine()
        for item in session.taste.read().items:
            session.verdicts.judge("block", item.name)
        app.changes.remember("blocked all", lambda: None)
        app.library_changed()
        await settled(pilot)
        text = screen_text(app)
        assert "Nothing is left to recommend from: 14 blocked" in text
        assert "u     undo blocked all" in text
        assert "6 v   see what you blocked, hid and excluded" in text
        assert "community" not in text
        assert "import your" not in text


async def test_in_history_a_key_brings_what_it_acts_on_into_sight(folders: Folders) -> None:
    app = app_in("history", folders)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        view: Any = the_view(app)
        plays, picture = view._table, view._year_panel
        await pilot.press("comma")
        await settled(pilot)
        assert picture.region.height
        assert not plays.region.height
        await pilot.press("d", *"2024-01-05", "enter")
        await settled(pilot)
        assert plays.has_focus
        assert plays.region.height
        assert plays.cursor
        await pilot.press("v")
        await settled(pilot)
        assert not plays.region.height
        plays.action_filter()  # a key that came before the focus had left it
        await settled(pilot)
        await pilot.press("b")
        await settled(pilot)
        assert plays.region.height
        assert 0 < plays.counts[0] < view._whole


async def test_a_list_of_nothing_has_no_heading(folders: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.session.taste.Tastes.standings", lambda _: {"fading": [], "overdue": []})
    app = app_in("history", folders)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("v")
        await settled(pilot)
        assert NONE["fading"] in screen_text(app)
        assert f"fading  {PAGES['fading']}" not in screen_text(app)
        assert not app.screen.query_one(PlayCounts).render_line(0).text.strip()


async def test_how_to_stop_a_job_is_never_cut_off(folders: Folders) -> None:
    app = DiscoverApp(folders)
    job = Job("Training", ["train"])
    job.take(
        {
            "stage": "tracks, looking back at what would have been found",
            "done": 1_234_567,
            "total": 9_000_000,
            "unit": "MB",
            "share": 0.5,
            "seconds_left": 3700.0,
            "per_second": 500_000.0,
        }
    )
    async with app.run_test(size=(120, 24)) as pilot:
        await settled(pilot)
        app.job = job
        for width in (120, 96, 80, 60, 40):
            await pilot.resize_terminal(width, 24)
            await settled(pilot)
            (line,) = [line for line in screen_lines(app) if line.strip().startswith("Training: tracks")]
            assert line.rstrip().endswith("^x to stop"), line
            assert cell_len(line) <= width
        app.job = None


async def test_a_wait_for_somebody_says_for_whom_and_escape_ends_it_at_once(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr(engine_job.Reporter, "send", lambda _self, **message: sent.append(message))
    monkeypatch.setattr(Packs, "offered", lambda *_arguments, **_options: SimpleNamespace(said="it"))
    app = DiscoverApp(folders)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        asked = engine_job._parser().parse_args(["--data-dir", str(folders.root), "look", "artists"])
        engine_job._COMMANDS[asked.command](asked, app.engine(), engine_job.Reporter(), lambda: False)
        job = Job("Checking what is offered", ["look", "artists"])
        job.take(sent[0])
        ended: list[str] = []
        job.process = SimpleNamespace(  # type: ignore[assignment]  # in place of the process
            returncode=None, kill=lambda: ended.append("kill"), terminate=lambda: ended.append("terminate")
        )
        app.job = job
        await pilot.pause()
        assert "waiting for data.metabrainz.org" in screen_text(app)
        assert "esc to stop" in screen_text(app)
        await pilot.press("escape")
        assert ended == ["kill"]
        assert job.stage == STOPPING
        app.job = None


async def test_a_wait_that_was_ended_did_not_fail(folders: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    job = Job("Checking what is offered", ["look", "artists"])

    class Killed:
        returncode = -9

        @property
        async def stdout(self) -> Any:
            job.stage = STOPPING
            for nothing in ():
                yield nothing

        async def communicate(self) -> tuple[bytes, bytes]:
            return b"", b""

    async def begin(*_arguments: Any, **_options: Any) -> Any:
        return Killed()

    monkeypatch.setattr("asyncio.create_subprocess_exec", begin)
    assert (await run_job(job, folders.root, lambda: None))["type"] == "cancelled"


async def test_while_a_list_is_loading_no_key_says_that_something_is_not_there(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Typed ahead, `4` `o` said it over the playlists that came next."""
    opened = threading.Event()
    engine = DiscoverApp.engine
    monkeypatch.setattr(DiscoverApp, "engine", lambda self: (opened.wait(20), engine(self))[1])
    app = DiscoverApp(folders)
    said: dict[str, set[str]] = {}
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        for view in ("playlists", "history", "browse", "model"):
            app.action_view(view)
            await pilot.pause()
            for key in ("o", "l", "e", "enter", "j", "space", "z") if view != "model" else ("v", "X", "D"):
                await pilot.press(key)
            said[view] = {one.message for one in app._notifications}
            await pilot.press("semicolon")
            of_the_player = {one.message for one in app._notifications} - said[view]
            assert any(message.startswith("Nothing is playing.") for message in of_the_player), view
            app.clear_notifications()
        opened.set()
        await settled(pilot)
    for view, messages in said.items():
        assert not any(message.startswith(("No", "Nothing")) for message in messages), (view, messages)
    assert all("The list is still loading." in messages for messages in said.values())


async def test_where_nothing_is_listed_no_key_below_is_for_what_a_list_holds(empty: Folders) -> None:
    shown = {
        "contexts": "c context",
        "playlists": "M mix  ^n new",
        "taste": "^n exclude",
        "model": "t train  L train larger  a add pack",
    }
    # A key that does nothing says why.
    silent = {
        "discover": {"semicolon": "Nothing is playing. o plays", "Q": "your own library", "l": "Nothing is listed",
                     "full_stop": "Nothing is listed", "0": "Nothing to reset", "e": "Nothing is listed",
                     "j": "Nothing is listed", "slash": "Nothing is listed"},
        "related": {"left": "No artist before", "e": "Nothing is listed", "9": "Nothing is playing",
                    "z": "Nothing is listed"},
        "contexts": {"v": "Nothing is listed", "H": "Nothing is listed"},
        "playlists": {"C": "Nothing is listed", "enter": "Nothing is listed"},
        "history": {"comma": "Nothing is listed", "v": "Nothing is listed", "d": "Nothing is listed"},
        "taste": {"v": "Nothing is listed"},
        "model": {"space": "can't be selected", "o": "No artists or tracks", "X": "a adds one", "v": "t trains one"},
        "browse": {"r": "No artist or track under", "e": "Nothing is listed", "enter": "Nothing is listed",
                   "minus": "Nothing is listed"},
    }  # fmt: skip
    app = DiscoverApp(empty)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        for view in (name for name, _ in VIEWS):
            app.action_view(view)
            await settled(pilot)
            for key, why in silent.get(view, {}).items():
                app.clear_notifications()
                await pilot.press(key)
                assert any(why in said.message for said in app._notifications), (view, key)
            line = screen_lines(app)[-1]
            assert line.strip().startswith(shown.get(view, "s search")), view
            assert "i import" in line, view
            for word in (
                "like",
                "hide",
                "open",
                "artist",
                "export",
                "remove",
                "filter",
                "select",
                "year",
                "panel",
            ):
                assert f" {word}" not in line, view
        Session(empty).history.log_play("Ida", "One", seconds=200)
        app.action_view("history")
        app.library_changed()
        await settled(pilot)
        assert "← previous year" in screen_lines(app)[-1]
