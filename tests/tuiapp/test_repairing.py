"""A library that is damaged: the app opens, says so, and offers what mends it."""

from __future__ import annotations

import pytest

from engine.paths import Folders
from engine.session import Session
from engine.store.backups import IMPORT, make
from tests.support.driving import screen_text, settled, the_list, toasts
from tests.support.folders import fingerprint
from tuiapp.app.app import DiscoverApp
from tuiapp.app.repairing import Repairing


def damaged(folders: Folders) -> None:
    with Session(folders) as session:
        make(session.door, session.library.connection, IMPORT)
    data = folders.database.read_bytes()
    folders.database.write_bytes(data[:4096] + bytes(60_000) + data[64_096:])


async def test_a_damaged_library_is_repaired_when_that_is_chosen(folders: Folders) -> None:
    damaged(folders)
    folders.config.write_bytes(b'theme = "nord"\n[open]\nservice = "Band\xff"\n[download]\ncontact = "me"\n')
    app = DiscoverApp(folders)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        assert "The settings file is damaged" in screen_text(app)
        await pilot.press("enter")
        await settled(pilot)
        assert any("the defaults hold: [open]" in said for said in toasts(app))
        text = " ".join(screen_text(app).split())
        assert "The library is damaged" in text
        assert "is restored instead" in text
        await pilot.press("enter")
        await settled(pilot)
        assert any("is restored" in said for said in toasts(app))
        assert app.job is None
        assert (app.theme, app.preferences.config["download.contact"]) == ("nord", "me")
        assert the_list(app).counts[0]
    with Session(folders) as session:
        assert session.library.check() == "ok"


async def test_questions_wait_for_one_another_whichever_is_found_first(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    damaged(folders)
    folders.config.write_bytes(b'theme = "nord"\n[open]\nservice = "Band\xff"\n')
    found_late = []
    monkeypatch.setattr(Repairing, "offer_settings", lambda self: found_late.append(self))
    app = DiscoverApp(folders)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        assert "Repair it" not in screen_text(app), "the settings have not been looked at"
        monkeypatch.undo()
        found_late[0].offer_settings()
        await settled(pilot)
        assert "The settings file is damaged" in screen_text(app)
        assert len(app.screen_stack) == 2
        await pilot.press("escape")
        await settled(pilot)
        assert "The library is damaged" in screen_text(app)


async def test_it_is_left_as_it_is_where_nobody_chose_and_in_a_private_session_not_asked(
    folders: Folders,
) -> None:
    damaged(folders)
    before = fingerprint(folders.root)
    app = DiscoverApp(folders, private=True)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        assert "Repair it" not in screen_text(app)
        assert "damaged" in screen_text(app)
    assert fingerprint(folders.root) == before
    app = DiscoverApp(folders)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        await pilot.press("escape")
        await pilot.press("2")
        await settled(pilot)
        assert "Repair it" not in screen_text(app), "asked once"
    assert folders.database.read_bytes()[4096:64_096] == bytes(60_000)
