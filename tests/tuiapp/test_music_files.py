"""Folders of music in the app: among the packs in Model, added, scanned and measured as jobs, removed and back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.job import _music, _parser
from engine.paths import Folders
from engine.session import Session
from tests.support.audio import measured_here, song
from tests.support.driving import screen_text, settled, the_list, toasts
from tuiapp.app.app import DiscoverApp
from tuiapp.app.jobs import Jobs
from tuiapp.job import Job


class _Silent:
    def expect(self, _parts: object) -> None: ...

    def progress(self, *_told: object) -> None: ...


def done(folders: Folders, *arguments: str) -> dict[str, Any]:
    """What a job of the engine says when it ends well, done in this process."""
    asked = _parser().parse_args(["--data-dir", str(folders.root), "music", *arguments])
    with Session(folders) as session:
        return {"type": "done", "result": _music(asked, session, _Silent(), lambda: False)}  # type: ignore[arg-type]  # stands for the connection


@pytest.fixture
def music(tmp_path: Path) -> Path:
    for title in ("Harbour Lights", "Tin Roof"):
        song(tmp_path / "Shelf", "Café Tundra", title)
    (tmp_path / "Shelf" / "empty.mp3").touch()
    return tmp_path / "Shelf"


async def test_a_folder_is_added_measured_removed_and_brought_back(
    folders: Folders, music: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[tuple[str, ...]] = []
    monkeypatch.setattr(Jobs, "start", lambda _self, _title, *arguments, **_typed: started.append(arguments))
    app = DiscoverApp(folders)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await settled(pilot)
        await pilot.press("7")
        await settled(pilot)
        await pilot.press("a", "end", "enter")
        await settled(pilot)
        assert "Navidrome" in screen_text(app)
        app.screen.query_one("Input").value = str(music)
        await pilot.press("enter")
        await settled(pilot, lambda: bool(started))
        assert started == [("music", "add", str(music))]
        # The job ends: what it found is said, and measuring offered.
        result = done(folders, "add", str(music))
        app.library_changed()
        app.jobs.ended(Job("Add music files", ["music", "add", str(music)]), result)
        await settled(pilot)
        assert "2 tracks found" in screen_text(app)
        assert "1 left out: empty file" in screen_text(app)
        await pilot.press("enter")
        await settled(pilot)
        assert started.pop() == ("music", "tempo")
        # The folder is listed among the packs, and their keys work on it.
        table = the_list(app)
        await settled(pilot, lambda: any(row.source == str(music) for row in table.rows))
        await pilot.press("end", "X", "enter")
        await settled(pilot)
        assert started.pop() == ("music", "scan", str(music))
        await pilot.press("D")
        await settled(pilot, lambda: not app.engine().music.folders())
        assert "its files are untouched" in " ".join(toasts(app))
        await pilot.press("u")
        await settled(pilot, lambda: bool(app.engine().music.folders()))
        assert app.engine().music.counts().files == 2


async def test_what_was_measured_is_said(
    folders: Folders, music: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine.audio import measure

    monkeypatch.setattr(measure, "measured_apart", measured_here)
    done(folders, "add", str(music))
    result = done(folders, "tempo")
    app = DiscoverApp(folders)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await settled(pilot)
        app.jobs.ended(Job("Measuring tempo", ["music", "tempo"]), result)
        await settled(pilot)
        assert "2 files measured, 0 with a tempo." in " ".join(toasts(app))
        again = done(folders, "scan")
        app.jobs.ended(Job("Looking through your music", ["music", "scan"]), again)
        await settled(pilot)
        assert "2 tracks found" in " ".join(toasts(app)), "nothing is left to measure, so nothing is asked"
