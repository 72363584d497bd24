"""Paths in dialogs: as typed, as dropped, as completed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from textual.events import Paste
from textual.widgets import Input

from engine.paths import Folders, why_not_read
from tests.support.driving import screen_text, settled
from tuiapp.app.app import DiscoverApp
from tuiapp.app.model_files import ask_model
from tuiapp.screens.dialogs import AskPath
from tuiapp.screens.export import ask_export
from tuiapp.typed_paths import continued, is_there, lines_as_one, paths_in


@pytest.fixture
def place(tmp_path: Path) -> Path:
    for name in ("my songs.csv", "Don't stop.zip", "100% åæø.json", "plain.csv", ".hidden.csv"):
        (tmp_path / name).write_text("")
    (tmp_path / "a folder").mkdir()
    return tmp_path


def test_a_path_is_read_as_terminals_drop_it(place: Path) -> None:
    songs, stop, odd = place / "my songs.csv", place / "Don't stop.zip", place / "100% åæø.json"
    escaped = str(songs).replace(" ", "\\ ")
    address = f"file://{place}/100%25%20%C3%A5%C3%A6%C3%B8.json"
    for text, paths in (
        (str(songs), [songs]),
        (f"  {songs}  ", [songs]),
        (f"'{songs}'", [songs]),
        (f'"{stop}"', [stop]),
        (str(stop), [stop]),
        (escaped, [songs]),
        (address, [odd]),
        (address.replace("file://", "FILE://localhost"), [odd]),
        (f"'{songs}' {escaped} {address} {place}/plain.csv", [songs, songs, odd, place / "plain.csv"]),
        (f"{place}/plain.csv {place}/plain.csv", [place / "plain.csv"] * 2),
        (f"{place}/not there.csv", [place / "not there.csv"]),
        (f"'{place}/not there.csv'", [place / "not there.csv"]),
        ("~/x y", [Path.home() / "x y"]),
        ("~nobodyatall/x", [Path("~nobodyatall/x")]),
        ("it's open", [Path("it's open")]),
        ("x" * 5000, [Path("x" * 5000)]),
    ):
        assert paths_in(text) == paths, text


def test_several_lines_are_one_that_says_the_same(place: Path) -> None:
    songs, plain = place / "my songs.csv", place / "plain.csv"
    line = lines_as_one(f"{songs}\n{plain}\r\n'{songs}'\n")
    assert "\n" not in line
    assert paths_in(line) == [songs, plain, songs]
    assert lines_as_one("one alone\n") == "one alone"


def test_a_typed_path_goes_on_with_what_is_on_the_disk(place: Path) -> None:
    assert continued(f"{place}/my") == f"{place}/my songs.csv"
    assert continued(f"{place}/A f") == f"{place}/a folder/"
    assert continued(f"{place}/.h") == f"{place}/.hidden.csv"
    assert continued(f"{place}/") == f"{place}/100% åæø.json", "hidden ones are not offered unasked"
    assert continued(f"{place}/nothing") is None
    plain, at = f"{place}/plain.csv", str(place)
    for typed, whole in (
        (f"'{at}/my", f"'{at}/my songs.csv'"),
        (f'"{at}/Don', f'"{at}/Don\'t stop.zip"'),
        (f"'{at}/Don", f"'{at}/Don'\\''t stop.zip'"),
        (f"{at}/my\\ s", f"{at}/my\\ songs.csv"),
        (f"file://{at}/my%20", f"file://{at}/my%20songs.csv"),
        (f"file://{at}/a%20f", f"file://{at}/a%20folder/"),
        (f"'{at}/a f", f"'{at}/a folder/"),
        (f"{plain} {at}/my", f"{plain} {at}/my\\ songs.csv"),
        (f"{plain} '{at}/my", f"{plain} '{at}/my songs.csv'"),
        (f"{plain} ", None),
        (f"'{at}/my songs.csv'", None),
        (f"{plain} zone=Eu", None),
    ):
        assert continued(typed) == whole, typed
        if whole is not None and not whole.endswith("/"):
            assert all(map(is_there, paths_in(whole))), whole
    assert continued("/no/such/place/x") is None
    assert continued("~nobodyatall/x") is None


async def test_a_dialog_completes_a_path_and_takes_several_dropped_files(
    folders: Folders, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[tuple[str, ...]] = []
    monkeypatch.setattr(
        "tuiapp.app.jobs.Jobs.start", lambda _self, _title, *arguments, **_: started.append(arguments)
    )
    app = DiscoverApp(folders)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        await pilot.press("i")
        await settled(pilot)
        line = app.screen.query_one(Input)
        line.value = f"{place}/my"
        line.cursor_position = len(line.value)
        await settled(pilot, lambda: line._suggestion.endswith("my songs.csv"))
        await pilot.press("tab")
        assert line.value == f"{place}/my songs.csv"
        await pilot.press("enter")
        await settled(pilot)
        assert started.pop() == ("import", f"{place}/my songs.csv")
        for key, command in (("i", "import"), ("7", None), ("a", None), ("6", "add")):
            await pilot.press(key)
            await settled(pilot)
            if command is None:
                continue
            app.screen.query_one(Input).post_message(
                Paste(f"{place}/my songs.csv\nfile://{place}/plain.csv\n")
            )
            await settled(pilot)
            await pilot.press("enter")
            await settled(pilot)
            assert started.pop() == (command, f"{place}/my songs.csv", f"{place}/plain.csv")


async def test_an_export_goes_to_the_path_that_was_dropped(folders: Folders, place: Path) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        await pilot.press("e")
        await settled(pilot, lambda: bool(app.screen.query(Input)))
        app.screen.query_one(Input).value = f"'{place}/a folder/my list.csv'"
        await pilot.press("enter")
        await settled(pilot, (place / "a folder" / "my list.csv").exists)


ODD = ("x" * 5000, "/tmp/" + "a/" * 3000, "~nobodyatall/x.csv", "/tmp/x\0y", "/tmp/x\ud800")


def test_no_path_is_unexpected(tmp_path: Path) -> None:
    for typed in ODD:
        (path,) = paths_in(typed)
        assert why_not_read(path)
        assert not any(is_there(path, what) for what in (Path.exists, Path.is_dir, Path.is_file))


async def test_a_path_that_no_disk_can_hold_is_refused_in_its_dialog(folders: Folders) -> None:
    app = DiscoverApp(folders)
    asks: tuple[Callable[[], None], ...] = (
        app.jobs.ask_import,
        partial(ask_model, app),
        partial(ask_export, app, "list", lambda _session: []),
    )
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        for ask in asks:
            ask()
            await settled(pilot, lambda: isinstance(app.screen, AskPath))
            app.screen.query_one(Input).value = ODD[0]
            await pilot.press("enter")
            await settled(pilot, lambda: app.screen.query_one(".wrong").display)
            assert "should not" not in screen_text(app)
            await pilot.press("escape")
            await settled(pilot, lambda: not isinstance(app.screen, AskPath))
