"""What is asked for in quick succession: the newest answer is the one shown, and every change is made, in order."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from textual.widgets import Input

from engine.errors import CancelledError
from engine.paths import Folders
from engine.session import Session
from engine.session.playlists import Playlists
from tests.support.driving import app_in, drained, screen_text, settled, the_list, toasts, verdicts
from tuiapp.app.app import DiscoverApp
from tuiapp.app.watching import Watching
from tuiapp.job import Job
from tuiapp.music import Music
from tuiapp.screens.search import Search

SIZE = (110, 30)


@contextlib.contextmanager
def released(event: threading.Event) -> Iterator[None]:
    """No thread waits any longer than the block, whatever fails in it."""
    try:
        yield
    finally:
        event.set()


async def heard(event: threading.Event) -> None:
    assert await asyncio.to_thread(event.wait, 20)


async def test_an_answer_whose_thread_comes_after_the_newer_one_is_not_shown(
    empty: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, answered = DiscoverApp(empty), list[str]()
    read, go_on, came = threading.Event(), threading.Event(), threading.Event()
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        view: Any = app.screen
        call_later = view.call_later

        def late(*what: Any) -> None:
            """The thread has let go of the library, and is not run for a while."""
            if what[-1] == "older":
                read.set()
                go_on.wait(20)
                call_later(*what)
                came.set()
            else:
                call_later(*what)

        with released(go_on):
            monkeypatch.setattr(view, "call_later", late)
            view.ask(lambda _: "older", answered.append, group="one")
            await heard(read)
            view.ask(lambda _: "newer", answered.append, group="one")
            await settled(pilot)
            assert answered == ["newer"]
        await heard(came)
        await settled(pilot)
        assert answered == ["newer"]


async def test_a_list_that_was_asked_for_before_a_dial_was_turned_is_not_shown_after_it(
    folders: Folders,
) -> None:
    app = app_in("discover", folders)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        view: Any = app.screen
        with app.engine().exclusive():
            view.action_turn("popularity", 1)
            view.action_switch_level()
            await drained(app)
            waiting = [worker for worker in app.workers if worker.group == "discover.list"]
            assert [worker.is_cancelled for worker in waiting if not worker.is_finished] == [False]
            assert not any(worker.group == "discover.turning" for worker in app.workers)
        await settled(pilot)


@pytest.mark.parametrize("quits", [False, True])
async def test_each_key_in_the_history_is_for_its_row_however_quickly_they_come(
    folders: Folders, quits: bool
) -> None:
    app = app_in("history", folders)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        table = the_list(app)
        named = [table.rows[n].artist for n in range(len(table.rows))]
        first = named[0]
        other = next(n for n, name in enumerate(named) if name != first)
        before = verdicts(folders)
        with app.engine().exclusive():
            await pilot.press("l")
            table.move_to(other)
            await pilot.press("l")
            table.move_to(0)
            await pilot.press("x")
            await drained(app)
            if quits:
                leaving = asyncio.create_task(app.leave())
                await asyncio.sleep(0)
        if quits:
            await leaving
        else:
            await settled(pilot)
    assert verdicts(folders) == before | {named[other]: "like", first: "hide"}


async def test_a_track_removed_does_not_come_back_at_the_place_of_another(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tracks are removed by their places."""
    app, go_on, remove = app_in("playlists", folders), threading.Event(), Playlists.remove_tracks

    def slowly(*given: Any) -> Any:
        go_on.wait(20)
        return remove(*given)

    def answered() -> bool:
        return not any(w.group.startswith("playlists.") and not w.is_finished for w in app.workers)

    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        await pilot.press("enter")
        await settled(pilot)
        monkeypatch.setattr(Playlists, "remove_tracks", slowly)
        titles = [row.track.track for row in the_list(app).rows]
        with released(go_on):
            await pilot.press("j", "D")
            app.library_changed()
            await drained(app, 20.0, answered)
            await drained(app)
            await pilot.press("j")
            chosen = the_list(app).row.track.track
            await pilot.press("D")
        await settled(pilot)
        left = [title for title in titles if title not in (titles[1], chosen)]
        assert [row.track.track for row in the_list(app).rows] == left


async def test_changes_wait_without_a_thread_each(folders: Folders) -> None:
    """Reported plays are stored in a thread of the same pool before a private session begins."""
    app, kept = DiscoverApp(folders), list[str]()
    pool = ThreadPoolExecutor(2)
    asyncio.get_running_loop().set_default_executor(pool)

    async def keep() -> None:
        await drained(app)
        await asyncio.to_thread(kept.append, "a play")

    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        names = [row.artist for row in the_list(app).rows[:3]]
        app.listening._listener = SimpleNamespace(inbox=SimpleNamespace(end=keep))
        app.action_private()
        for name in names:
            app.changes.judge("like", [Music(name)])
        try:
            await asyncio.wait_for(settled(pilot, lambda: app.private_since is not None), 20)
        finally:
            pool._max_workers = 9  # lets a run end that fails
            app.listening._listener = None
        assert kept == ["a play"]


@pytest.mark.parametrize("private", [False, True])
async def test_u_undoes_what_was_asked_for_as_a_private_session_begins_or_ends(
    folders: Folders, private: bool
) -> None:
    """What was liked since `P` is made after it, so it is undone there too."""
    app = DiscoverApp(folders, private=private)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        before, after = (row.artist for row in the_list(app).rows[:2])
        with app.engine().exclusive():
            app.changes.judge("like", [Music(before)])
            app.action_private()
            app.changes.judge("like", [Music(after)])
            await drained(app)
        await settled(pilot, lambda: (app.private_since is None) is private)
        assert app.undoable == f"liked {after}"
        app.action_undo()
        await settled(pilot)
        assert not app.undoable
        app.action_private()
        await settled(pilot, lambda: (app.private_since is None) is not private)
        assert app.undoable == ("" if private else f"liked {before}")


def test_a_library_that_opens_while_another_is_chosen_is_not_used(
    empty: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, other = DiscoverApp(empty), Folders(tmp_path / "other")
    opens, go_on = threading.Event(), threading.Event()

    def slowly(folders: Folders, *, private: bool) -> Session:
        if folders is empty:
            opens.set()
            go_on.wait(20)
        return Session(folders, private=private)

    monkeypatch.setattr("engine.session.Session", slowly)
    thread = threading.Thread(target=app.engine)
    with released(go_on):
        thread.start()
        assert opens.wait(20)
        app.open_folders(other)
    thread.join()
    session = app.engine()
    assert session.folders is other
    session.close()


async def test_nothing_begins_beside_a_repair_that_waits_for_its_turn(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.session.repair.repair", lambda *_: ["Repaired."])
    monkeypatch.setattr("tuiapp.app.jobs.run_job", lambda *_: pytest.fail("a job began"))
    app = DiscoverApp(folders)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        with app.engine().exclusive():
            app.changes.judge("like", [Music(the_list(app).row.artist)])
            app.repairing._answered("yes")
            app.jobs.start("Import", "import", "x")
            app.action_private()
        await settled(pilot)
        assert any("Repair is running" in said for said in toasts(app))
        assert app.job is None
        assert app.private_since is None
        assert any("Repaired." in said for said in toasts(app))


async def test_quitting_stops_a_repair(folders: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, stopped = threading.Event(), threading.Event()

    def repair(_door: Any, _report: Any, is_stopped: Any) -> list[str]:
        begun.set()
        while not is_stopped():
            stopped.wait(0.01)
        raise CancelledError("Stopped.")

    monkeypatch.setattr("engine.session.repair.repair", repair)
    app = DiscoverApp(folders)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        app.repairing._answered("yes")
        await heard(begun)
        await pilot.press("q", "1")
        await drained(app, 20.0, lambda: app.job is None)
        assert app.job is None
    assert app.return_value == 0


async def test_what_was_typed_for_another_job_is_not_asked_again_for_one_that_fails(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = asyncio.Event()

    async def run_job(*_: Any) -> dict[str, Any]:
        await ends.wait()
        return {"type": "error", "message": "No memory."}

    monkeypatch.setattr("tuiapp.app.jobs.run_job", run_job)
    app = DiscoverApp(folders)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        app.jobs.start("Training", "train")
        app.jobs.start("Import", "import", "x", typed="x")
        ends.set()
        await settled(pilot)
        assert len(app.screen_stack) == 1
        assert toasts(app)[-1] == "Training failed No memory."


async def test_what_is_played_last_is_what_was_asked_for_last(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, played, go_on = DiscoverApp(folders), list[str](), threading.Event()

    def songs(_config: Any, wanted: Any, _say: Any) -> tuple[Any, Any]:
        if wanted[0].artist == "first":
            go_on.wait(20)
        return [wanted[0].artist], []

    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        monkeypatch.setattr(app.opening, "_songs", songs)
        monkeypatch.setattr(app.opening, "plays", lambda _config: True)
        monkeypatch.setattr(app.opening, "_hear", lambda _config, songs, *_: played.extend(songs))
        with released(go_on):
            for name in ("first", "second"):
                app.opening.open(Music(name), app.preferences.config)
            await drained(app, 0.2, lambda: bool(played))
        await settled(pilot)
    assert played == ["first", "second"]


async def test_a_key_held_leaves_one_player_running(folders: Folders, tmp_path: Path) -> None:
    file = tmp_path / "player.py"
    file.write_text("import sys; sys.stdin.close(); import signal; signal.pause()")
    app = DiscoverApp(folders)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        app.preferences.change("open.player", f"{sys.executable} -S {file} {{query}}")
        await settled(pilot)
        for name in ("one", "two", "three"):
            app.opening.open(Music(name), app.preferences.config)
        said = "Playing three with"

        def one_is_left() -> bool:
            return len(app.opening._players) == 1 and any(said in toast for toast in toasts(app))

        await drained(app, 20.0, one_is_left)
        assert one_is_left()


async def test_a_library_that_is_locked_is_looked_at_once_at_a_time(folders: Folders) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        watching = Watching(app)
        with app.engine().exclusive():
            before = {worker for worker in app.workers if worker.group == "watching"}
            for _ in range(5):
                watching.look()
            new = {worker for worker in app.workers if worker.group == "watching"} - before
            assert len(new) == 1
            assert not any(worker.is_cancelled for worker in before | new)
            # What sounds is logged all the same: private sessions are looked for, also where all threads wait.
            over = threading.Event()
            loop = asyncio.get_running_loop()
            waiting = [loop.run_in_executor(None, over.wait) for _ in range(40)]
            for _ in range(2):
                looked = watching._looked

                def looked_again(looked: float = looked) -> bool:
                    watching.look()
                    return watching._looked > looked

                await drained(app, 20.0, looked_again)
                assert looked_again()
            over.set()
            await asyncio.gather(*waiting)
        await settled(pilot)
        assert "error" not in screen_text(app)


async def test_a_question_that_comes_by_itself_waits_for_the_dialogs_that_are_open(folders: Folders) -> None:
    """What is typed into one would answer the other: its choices have digits for keys."""
    app = DiscoverApp(folders)
    found = {"files": 1, "tracks": 0, "matched": 0, "left_out": {}, "unmeasured": 1}
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        await pilot.press("s", "1")
        for _ in range(2):
            app.jobs.ended(Job("Add music files", ["music", "add"]), {"type": "done", "result": found})
        await pilot.press("1", "1")
        await settled(pilot)
        assert isinstance(app.screen, Search)
        assert app.screen.query_one(Input).value == "111"
        for left in (2, 2, 1):
            await pilot.press("escape")
            await settled(pilot, lambda left=left: len(app.screen_stack) == left)
            assert ("Measure tempo" in screen_text(app)) is (left == 2)
        assert app.job is None
