"""The private session and long jobs, as a person meets them in the app."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input

from engine.paths import Folders
from tests.support.driving import screen_lines, screen_text, settled, the_list, toasts
from tests.support.folders import fingerprint, make_read_only
from tuiapp.app.app import DiscoverApp
from tuiapp.job import STOPPING, Job
from tuiapp.screens.dialogs import ShowText
from tuiapp.settings.actions import VIEWS
from tuiapp.widgets.chrome import JobLine, KeyLine

NAMES = [name for name, _ in VIEWS]


# -- the private session -----------------------------------------------------------------------------------


async def through_every_view(pilot: Any, elsewhere: Path) -> None:
    """Like, filter, turn a dial, save a playlist, export: in a private session, none of it stays."""
    app = pilot.app
    await pilot.press("l", "full_stop", "slash", *"b")
    await settled(pilot)
    app.clear_notifications()
    await pilot.press("escape", "e")
    await settled(pilot)
    app.screen.query_one(Input).value = str(elsewhere)
    await pilot.press("enter")
    await settled(pilot, lambda: elsewhere.exists())
    for key in "234567":
        await pilot.press(key)
        await settled(pilot)
        if key == "3":
            await pilot.press("W")
            await settled(pilot)
            app.screen.query_one(Input).value = "Not to be kept"
            await pilot.press("enter")
            await settled(pilot, lambda: any("Saved as" in toast for toast in toasts(app)))
            assert any("Find it in Playlists (4)." in toast for toast in toasts(app))
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
        for _ in range(2):
            await pilot.press("l")
            await settled(pilot)
        assert fingerprint(folders.root) == before
        await pilot.press("P")
        await settled(pilot, lambda: app.private_since is None)
        assert "Private session ended 2 likes, hides and blocks discarded." in toasts(app)
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

    monkeypatch.setattr("tuiapp.app.jobs.run_job", never)
    app = DiscoverApp(folders, private=True)
    async with app.run_test(size=(110, 30)) as pilot:
        await settled(pilot)
        app._notifications.clear()
        await pilot.press("7")
        await settled(pilot)
        await pilot.press("t")
        await settled(pilot)
        assert toasts(app) == ["Training can't run in a private session. Press P to end it."]
        assert app.job is None


# -- jobs --------------------------------------------------------------------------------------------------


async def test_a_job_shows_how_far_it_is_survives_views_and_refuses_a_private_session(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Count, rate and time left, in every view; stopping it is test_job.py's."""
    import asyncio

    begun, ended, started = asyncio.Event(), asyncio.Event(), []

    async def training(job: Any, data_dir: Path, changed: Any) -> dict[str, Any]:
        started.append((job.arguments, data_dir))
        begun.set()
        job.take(
            {"stage": "fitting", "done": 3, "total": 9, "seconds_left": 61.0, "loss": 5.0, "per_second": 10.0}
        )
        changed()
        await ended.wait()
        return {"type": "done", "result": {}}

    monkeypatch.setattr("tuiapp.app.jobs.run_job", training)
    app = DiscoverApp(folders)
    async with app.run_test(size=(110, 30)) as pilot:
        await settled(pilot)
        await pilot.press("7")
        await settled(pilot)
        await pilot.press("t")
        await settled(pilot)
        await pilot.press("enter")  # the pack of the model is not there: that is asked about
        await asyncio.wait_for(begun.wait(), 60)
        await pilot.pause()
        assert [(list(arguments), place) for arguments, place in started] == [(["train"], folders.root)]
        for key in "71":
            await pilot.press(key)
            await pilot.pause()
            text = screen_text(app)
            assert "Training: fitting" in text
            assert re.search(r"3 of 9  10 a second  0:0\d, 1:01 left", text)
            assert "^x to stop" in text
        app.jobs.start("Import", "import", "x")
        assert len(started) == 1, "one job at a time"
        await pilot.press("P")
        await pilot.pause()
        ended.set()
        await settled(pilot, lambda: app.job is None)
        assert any("Training is running. Wait" in toast for toast in toasts(app))
        assert app.private_since is None
        assert not app.screen.query_one(JobLine).display
        assert any(toast.startswith("Training Done.") for toast in toasts(app))


async def test_a_running_job_is_shown_as_one_whole_in_units_and_time_goes_on_without_it(
    folders: Folders,
) -> None:
    job = Job("Import", ["import"])
    job.take(
        {
            "stage": "importing",
            "done": 2_500_000,
            "total": 9_000_000,
            "unit": "MB",
            "share": 0.28,
            "seconds_left": 31.0,
            "per_second": 500_000.0,
        }
    )
    app = DiscoverApp(folders)
    async with app.run_test(size=(120, 30)) as pilot:
        await settled(pilot)
        job.began = time.monotonic() - 600.4
        app.job = job
        await pilot.pause()
        assert re.search(r"28 %  2\.5 of 9\.0 MB  0\.5 MB a second  10:0\d, 0:31 left", screen_text(app))
        job.began -= 90
        for line in app.screen.query(JobLine):
            line.tick()
        await pilot.pause()
        assert re.search(r"11:3\d, 0:31 left", screen_text(app)), (
            "no message came, and it is seen that it works"
        )
        job.take({"stage": "weighing", "done": 432, "total": 1000, "unit": None, "share": 0.5})
        app.job = job
        await pilot.pause()
        assert "Import: weighing" in screen_text(app)
        assert "432" not in screen_text(app)
        app.job = None


async def test_no_toast_covers_the_running_job_or_the_keys(folders: Folders) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(120, 30), notifications=True) as pilot:
        await settled(pilot)
        app.job = Job("Training", ["train"])
        for number in range(4):
            app.notify(f"Toast {number}", timeout=60)
        await settled(pilot, lambda: len(app.screen.query("Toast")) == 1)
        assert toasts(app) == ["Toast 3"], "the newest in the place of those before"
        covered = {
            y for toast in app.screen.query("Toast") for y in range(toast.region.y, toast.region.bottom)
        }
        assert covered
        for kind in (JobLine, KeyLine):
            assert app.screen.query_one(kind).region.y not in covered, kind
        app.job = None


def test_a_job_that_was_asked_to_stop_says_so_until_it_does() -> None:
    job = Job("Training", ["train"], stage=STOPPING)
    job.take({"stage": "weighing", "done": 1, "total": 2})
    assert job.stage == STOPPING


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ({"type": "error", "message": "The disk is full."}, "Training failed The disk is full."),
        ({"type": "cancelled"}, "Training stopped Nothing was lost."),
    ],
)
async def test_a_job_that_fails_or_is_stopped_says_so(
    folders: Folders, monkeypatch: pytest.MonkeyPatch, result: dict[str, Any], said: str
) -> None:
    async def ending(*_arguments: Any) -> dict[str, Any]:
        return result

    monkeypatch.setattr("tuiapp.app.jobs.run_job", ending)
    app = DiscoverApp(folders)
    async with app.run_test(size=(110, 30)) as pilot:
        await settled(pilot)
        app.jobs.start("Training", "train")
        await settled(pilot)
        assert toasts(app) == [said]
        assert the_list(app).counts[0]


async def test_an_import_by_a_real_child_process_fills_the_app(empty: Folders, tmp_path: Path) -> None:
    rows = [
        {
            "ts": f"2024-01-0{day}T10:00:00Z",
            "ms_played": 200_000,
            "master_metadata_track_name": "Song [b",
            "master_metadata_album_artist_name": "Burel",
            "master_metadata_album_album_name": None,
            "spotify_track_uri": f"spotify:track:{day:022d}",
            "incognito_mode": day == 3,
            "platform": "x",
            "reason_start": "trackdone",
            "reason_end": "trackdone",
            "shuffle": False,
            "skipped": False,
        }
        for day in (1, 2, 3)
    ]
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
        assert "private-session plays skipped" in text
        assert "2  kept" in text
        await pilot.press("escape", "5")
        await settled(pilot)
        assert the_list(app).counts == (2, 2)
        assert app._session is not None
        app._session.close()


async def test_a_library_that_may_not_be_written_is_shown_as_a_private_session(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_read_only(folders, monkeypatch)
    before = fingerprint(folders.root)
    app = DiscoverApp(folders)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot, lambda: app.private_since is not None)
        assert "PRIVATE" in screen_lines(app)[0]
        assert "can't be shown" not in screen_text(app)
        assert any("is read-only: you can look at everything" in toast for toast in toasts(app))
        await pilot.press("l")
        await settled(pilot)
        await pilot.press("P")
        await settled(pilot, lambda: any("See that you may write there" in toast for toast in toasts(app)))
        assert app.private_since is not None
        assert app.engine().verdicts.all(), "the like is lost only as the session ends"
        assert "--" not in "".join(toasts(app))
        await app.action_quit()
    assert fingerprint(folders.root) == before
