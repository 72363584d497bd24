"""On a disk that is full or beside another writer: what could not be undone now is not lost."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from textual.widgets import Input

from engine.errors import BusyError, DiscoverError
from engine.paths import Folders
from engine.session import Session
from engine.session.comparisons import Comparisons
from engine.session.packs import Packs
from engine.session.playlists import Playlists
from engine.session.taste import Tastes
from engine.session.verdicts import Verdicts
from engine.taste.rules import Rule
from tests.support.driving import kept_by_another, settled, the_view, toasts
from tuiapp.app.app import DiscoverApp
from tuiapp.music import Music
from tuiapp.screens import compare
from tuiapp.settings import config_file

FULL = "The disk is full. Make room, then try again."


@pytest.mark.parametrize("change", ["list", "like", "clearing", "rule", "pack"])
async def test_what_could_not_be_undone_is_undone_by_the_next_u(
    folders: Folders, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Session(folders) as session:
        session.verdicts.judge("hide", "Artist H33")
        before = _all_there_is(session)
    app = DiscoverApp(folders)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        match change:
            case "list":
                await pilot.press("4")
                await settled(pilot)
                await pilot.press("D")
            case "like":
                await pilot.press("l")
            case "clearing":
                await pilot.press("6")
                await settled(pilot)
                app.screen._clear_verdicts(app.engine().verdicts.all())
            case "rule":
                await pilot.press("6")
                await settled(pilot)
                app.screen._exclude(Rule(artist="Artist H33"))
            case _:
                await pilot.press("7")
                await settled(pilot)
                await pilot.press("D")
        await settled(pilot)
        changed = app.undoable
        assert changed
        assert _all_there_is(app.engine()) != before
        said = len(toasts(app))
        if change == "pack":

            def refuses(_self: Packs, _name: str) -> None:
                raise DiscoverError(FULL)

            with monkeypatch.context() as patch:
                patch.setattr(Packs, "restore", refuses)
                await pilot.press("u")
                await settled(pilot)
        else:
            with kept_by_another(app):
                await pilot.press("u")
                await settled(pilot)
        assert app.undoable == changed
        assert not [toast for toast in toasts(app)[said:] if toast.startswith("Undone")]
        await pilot.press("u")
        await settled(pilot)
        assert f"Undone: {changed}." in toasts(app)
        assert app.undoable == ""
        assert _all_there_is(app.engine()) == before


def _all_there_is(session: Session) -> object:
    lists = session.playlists.all()
    tracks = [[(track.artist, track.track) for track in session.playlists.show(one.name)] for one in lists]
    rules = [kept.rule for kept in session.taste.rules()]
    return lists, tracks, session.verdicts.all(), rules, sorted(pack.name for pack in session.packs.all())


async def test_of_several_lists_those_removed_before_one_failed_come_back(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Session(folders) as session:
        for name in ("One", "Two", "Three"):
            session.playlists.create(name)
        before = len(session.playlists.all())
    take, left = Playlists.take, [True, False]

    def fails_the_second_time(self: Playlists, name: str) -> object:
        if left and not left.pop(0):
            raise BusyError(FULL)
        return take(self, name)

    monkeypatch.setattr(Playlists, "take", fails_the_second_time)
    app = DiscoverApp(folders)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("4")
        await settled(pilot)
        await pilot.press("ctrl+a", "D")
        await settled(pilot)
        assert len(app.engine().playlists.all()) == before - 1
        assert not [toast for toast in toasts(app) if toast.startswith("Removed")]
        await pilot.press("u")
        await settled(pilot)
        assert len(app.engine().playlists.all()) == before


@pytest.mark.parametrize("change", ["clearing", "including", "pack", "comparing"])
async def test_nothing_is_said_to_be_done_that_was_not(
    folders: Folders, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Session(folders) as session:
        session.verdicts.judge("hide", "Artist H33")
        session.taste.exclude(Rule(artist="Artist B27"))

    def refuses(*_arguments: object, **_named: object) -> None:
        raise DiscoverError(FULL)

    for kind, name in (
        (Verdicts, "replace"),
        (Tastes, "include"),
        (Packs, "stash"),
        (Comparisons, "begin"),
    ):
        monkeypatch.setattr(kind, name, refuses)
    app = DiscoverApp(folders)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("7" if change == "pack" else "6")
        await settled(pilot)
        match change:
            case "clearing":
                app.screen._clear_verdicts(app.engine().verdicts.all())
            case "including":
                app.screen._include(list(app.engine().taste.rules()))
            case "pack":
                await pilot.press("D")
            case _:
                compare._begin(app, "popularity")
        await settled(pilot)
        assert toasts(app) == [FULL]
        assert app.undoable == ""


async def test_a_setting_that_could_not_be_written_is_as_it_was(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = DiscoverApp(folders)
    write = config_file.write

    def full(*_arguments: object) -> None:
        raise DiscoverError(FULL)

    async with app.run_test(size=(110, 30)) as pilot:
        await settled(pilot)
        await pilot.press("S")
        await settled(pilot)
        monkeypatch.setattr(config_file, "write", full)
        app.preferences.change("theme", "nord")
        await settled(pilot)
        assert app.preferences.where("theme") == "default"
        assert app.theme == app.preferences.config["theme"] != "nord"
        assert app.undoable == ""
        monkeypatch.setattr(config_file, "write", write)
        app.preferences.change("theme", "nord")
        await settled(pilot)
        monkeypatch.setattr(config_file, "write", full)
        await pilot.press("u")
        await settled(pilot)
        assert app.theme == "nord"
        assert app.undoable == "the setting theme"
        monkeypatch.setattr(config_file, "write", write)
        await pilot.press("u")
        await settled(pilot)
        assert app.preferences.where("theme") == "default"
        assert app.theme != "nord"


async def test_a_change_is_made_in_the_library_it_was_asked_in(folders: Folders, tmp_path: Path) -> None:
    """The demo may be left before its turn comes; what then could not be undone is no undo of the other library."""
    other = Folders(tmp_path / "other")
    shutil.copytree(folders.root, other.root)
    app = DiscoverApp(folders)
    async with app.run_test(size=(110, 30)) as pilot:
        await settled(pilot)
        before = app.engine().verdicts.all()
        await pilot.press("l")
        await settled(pilot)
        for key, changed in ("u", False), ("l", True):
            async with app.changes.turn:
                await pilot.press(key)
                app.open_folders(other)
            await settled(pilot)
            assert app.engine().verdicts.all() == before
            app.open_folders(folders)
            await settled(pilot)
            assert (app.engine().verdicts.all() != before) is changed
        app.changes.remember("it", lambda: app.changes.make(_refuse))
        app.action_undo()
        app.open_folders(other)
        await settled(pilot)
        assert FULL in toasts(app)
        assert app.undoable == ""


def _refuse(_session: Session) -> None:
    raise DiscoverError(FULL)


async def test_what_another_window_said_since_is_not_undone(folders: Folders) -> None:
    """And holds up no undo of what was done before."""
    app = DiscoverApp(folders)
    async with app.run_test(size=(110, 30)) as pilot:
        await settled(pilot)
        before = app.engine().verdicts.all()
        chosen = [Music("Artist D3"), Music("Artist J9"), Music("Artist C2")]
        app.changes.judge("like", chosen[:1])
        app.changes.judge("hide", chosen[1:])
        await settled(pilot)
        with Session(folders) as other:
            other.verdicts.judge("block", "Artist C2")
        for _ in range(2):
            app.action_undo()
            await settled(pilot)
        now = app.engine().verdicts.all()
        assert [(one.artist, one.verdict) for one in now if one not in before] == [("Artist C2", "block")]
        assert "What you said of Artist C2 was changed elsewhere since, so it was left." in toasts(app)
        assert app.undoable == ""
        app.changes.judge(None, chosen[2:])
        await settled(pilot)
        app.action_undo()
        await settled(pilot)
        assert app.engine().verdicts.of("artist c2") == "block"


async def test_a_saved_list_that_was_changed_elsewhere_since_stays(folders: Folders) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(110, 30)) as pilot:
        await pilot.press("3")
        await settled(pilot, lambda: the_view(app)._made is not None)
        for name, changed in ("Kept", True), ("Gone", False):
            the_view(app).action_save()
            await settled(pilot)
            app.screen.query_one(Input).value = name
            await pilot.press("enter")
            await settled(pilot, lambda name=name: app.undoable == f"saving {name}")
            if changed:
                with Session(folders) as other:
                    other.playlists.remove_tracks(name, [1])
        for said in "Undone: saving Gone.", "Kept was changed elsewhere since, so it was left unchanged.":
            await pilot.press("u")
            await settled(pilot)
            assert said in toasts(app)
        assert {"Kept", "Gone"} & {one.name for one in app.engine().playlists.all()} == {"Kept"}
