"""A library whose file was lost beside its backups: what is there to bring it back is said where a list is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.paths import Folders
from engine.session import Session
from engine.store.backups import IMPORT, make
from tests.support.driving import app_in, screen_text, settled
from tests.support.importing import lastfm, write
from tuiapp.app.app import DiscoverApp
from tuiapp.cli.main import run

OFFER = "There is a backup of your library from"


@pytest.fixture
def lost(tmp_path: Path) -> Folders:
    plays = ((1_600_000_000 + 300 * n, (f"Artist {n % 5}", f"Song {n}")) for n in range(50))
    with Session(Folders(tmp_path / "data")) as session:
        session.history.import_paths([write(tmp_path, "plays.csv", lastfm(*plays))])
        make(session.door, session.library.connection, IMPORT)
    session.folders.database.write_bytes(b"")
    return session.folders


@pytest.mark.parametrize(
    "command",
    [
        ["stats"],
        ["recommend"],
        ["doctor"],
        ["playlist", "focus"],
        ["search", "abc"],
        ["playlists"],
        ["artist", "Abc"],
    ],
)
def test_a_command_offers_the_backup_and_restoring_it_brings_all_back(
    lost: Folders, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    run(["--data-dir", str(lost.root), *command])
    assert OFFER in "".join(capsys.readouterr())
    assert run(["--data-dir", str(lost.root), "backup", "restore"]) == 0
    with Session(lost) as session:
        assert session.status().listens == 50


async def test_the_welcome_offers_it_too(lost: Folders) -> None:
    app = DiscoverApp(lost)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert OFFER in " ".join(screen_text(app).split())


def test_without_a_backup_nothing_is_offered(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["--data-dir", str(tmp_path), "stats"])
    assert OFFER not in "".join(capsys.readouterr())


@pytest.mark.parametrize("view", ["contexts", "playlists", "history", "taste"])
async def test_every_view_that_has_nothing_offers_it(lost: Folders, view: str) -> None:
    app = app_in(view, lost)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert OFFER in " ".join(screen_text(app).split())


async def test_a_search_that_finds_nothing_offers_it(lost: Folders) -> None:
    app = DiscoverApp(lost)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("s", *"abc")
        await settled(pilot)
        assert OFFER in " ".join(screen_text(app).split())
