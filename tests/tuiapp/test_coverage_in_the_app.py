"""Where community data knows too little: Discover says it first, Taste marks what counts for nothing, jobs say it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.paths import Folders
from engine.privacy import Door
from engine.store.database import open_library
from tests.support.driving import screen_text, settled, the_list, toasts
from tests.support.listens import play
from tests.support.models import write_model
from tests.support.places import MONDAY
from tuiapp.app.app import DiscoverApp
from tuiapp.job import Job
from tuiapp.widgets.coverage import ListNote

REPORT: dict[str, Any] = {
    "files": [
        {"path": "a.csv", "root": "", "format": "lastfm", "note": "", "kept": 1, "dropped": {}, "undated": 0}
    ],
    "totals": {"read": 1, "kept": 1, "duplicates": 0, "dropped": {}},
    "no_backup": "",
}


def play_unknown(folders: Folders, times: int) -> None:
    """Plays of an artist the model does not know, beside the dozen it knows."""
    connection = open_library(Door(folders))
    play(connection, "The Lanterns", "Slow Ferry", *range(MONDAY, MONDAY + times * 1000, 1000))
    connection.close()


def words(app: DiscoverApp) -> str:
    """What is drawn, however it is broken into lines."""
    return " ".join(screen_text(app).split())


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (160, 48)])
async def test_discover_says_first_that_the_data_knows_little_and_which_keys_help(
    folders: Folders, size: tuple[int, int]
) -> None:
    play_unknown(folders, 400)
    app = DiscoverApp(folders)
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        text = words(app)
        assert "knows 12 of your 13 artists, 10 % of your plays. Press 7 a for data that knows more" in text
        line = app.screen.query_one(ListNote).region
        assert line.bottom <= app.screen.query_one("#dials").region.y, "before all else"
        assert the_list(app).counts[1] > 0


async def test_discover_says_nothing_of_data_that_knows_enough_or_of_a_solo_model(folders: Folders) -> None:
    play_unknown(folders, 3)
    app = DiscoverApp(folders)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        assert not app.screen.query_one(ListNote).display
    play_unknown(folders, 400)
    write_model(folders.root, solo=True)
    app = DiscoverApp(folders)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        assert "community data (" not in words(app)


async def test_taste_marks_what_counts_for_nothing(folders: Folders) -> None:
    play_unknown(folders, 400)
    app = DiscoverApp(folders)
    async with app.run_test(size=(160, 40)) as pilot:
        await settled(pilot)
        await pilot.press("6")
        await settled(pilot)
        rows = [line for line in screen_text(app).splitlines() if "━" in line or "not known  " in line]
        first, second = rows[:2]
        assert "The Lanterns" in first
        assert "not known" in first
        assert "━━━━━━━━━━" in second, "the heaviest that counts"
        assert "14 artists, 1 not known" in words(app)


async def test_an_import_and_a_training_end_with_it(folders: Folders, tmp_path: Path) -> None:
    file = tmp_path / "history.csv"
    rows = "".join(f"The Lanterns,Slow Ferry,{MONDAY + number * 1000}\n" for number in range(400))
    file.write_text(f"artist,track,uts\n{rows}")
    app = DiscoverApp(folders)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await settled(pilot)
        app.jobs.start("Import", "import", str(file))
        await settled(pilot, lambda: "Imported" in screen_text(app))
        text = words(app)
        assert "knows 12 of your 13 artists, 10 % of your plays" in text
        assert "press 7 then a" in text
        app.jobs.ended(
            Job("Training", ["train"]), {"type": "done", "result": []}, coverage=app.engine().coverage.of()
        )
        await settled(pilot)
        [said] = [text for text in toasts(app) if "Training" in text]
        assert "knows 12 of your 13 artists, 10 % of your plays" in said


async def test_after_an_import_better_data_is_offered_first(folders: Folders) -> None:
    play_unknown(folders, 400)
    app = DiscoverApp(folders)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        done = {"type": "done", "result": REPORT}
        app.jobs.ended(Job("Import", ["import"]), done, community=True, coverage=app.engine().coverage.of())
        await settled(pilot)
        assert "add community data that knows more of it" in words(app)
