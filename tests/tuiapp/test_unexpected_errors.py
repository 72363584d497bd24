"""Unexpected errors: shown in one place, logged, and no reason to lose the app."""

from __future__ import annotations

import ast
import gc
import warnings
from pathlib import Path
from typing import Any

import pytest

from engine.paths import Folders
from engine.session.artists import Artists
from tests.support.commands import document
from tests.support.driving import screen_text, settled, the_list
from tests.support.folders import fingerprint
from tests.support.models import names
from tuiapp.app.app import DiscoverApp
from tuiapp.app.model_files import ask_model_export
from tuiapp.cli.main import run
from tuiapp.screens.dialogs import Failure

SECRET = "Quiet [/Vesper]"


def dies(*_: Any, **__: Any) -> Any:
    raise KeyError(SECRET)


@pytest.mark.parametrize("private", [False, True])
async def test_background_work_that_dies_is_reported_and_the_app_goes_on(
    folders: Folders, monkeypatch: pytest.MonkeyPatch, private: bool
) -> None:
    before = fingerprint(folders.root)
    app = DiscoverApp(folders, private=private)
    async with app.run_test(size=(110, 30)) as pilot:
        await settled(pilot)
        with monkeypatch.context() as patched:
            patched.setattr(Artists, "related", dies)
            app.views.related(names(2)[0])
            for _ in range(200):
                await pilot.pause()
                if isinstance(app.screen, Failure):
                    break
        text = screen_text(app)
        assert "KeyError in " in text
        assert "Vesper" not in text
        assert (str(folders.log)[:40] in text) == (not private)
        assert folders.log.exists() == (not private)
        # The test driver gets the error of the run; here it was expected.
        assert app._exception is not None
        app._exception = None
        await pilot.press("escape")
        await settled(pilot)
        assert "can't be shown" in screen_text(app)
        await pilot.press("1")
        await settled(pilot)
        assert the_list(app).counts[0]
        await pilot.press("2")
        await settled(pilot)
        assert the_list(app).counts[0], "coming back tries again"
    if private:
        assert fingerprint(folders.root) == before
    else:
        assert "Vesper" not in folders.log.read_text()


async def test_a_handler_that_dies_ends_the_app_with_a_sentence_and_a_log(
    folders: Folders, capsys: pytest.CaptureFixture[str]
) -> None:
    app = DiscoverApp(folders)

    async def drive() -> None:
        async with app.run_test(size=(110, 30)) as pilot:
            await settled(pilot)
            app.call_later(dies)
            await pilot.pause()

    with pytest.raises(KeyError):
        await drive()
    assert app.return_code == 1
    text = capsys.readouterr().err
    assert "error: discover had to stop: KeyError in " in text
    assert str(folders.log) in text.replace("\n", "")
    assert "Vesper" not in text + folders.log.read_text()


def test_a_command_that_dies_says_so_in_one_line_and_the_doctor_names_the_log(
    folders: Folders, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DISCOVER_DATA_DIR", str(folders.root))
    monkeypatch.setattr(Artists, "related", dies)
    assert run(["--private", "related", "Artist 00"]) == 1
    assert "Not logged" in capsys.readouterr().err
    assert not folders.log.exists()
    assert run(["related", "Artist 00"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: Unexpected error: KeyError in ")
    assert err.count("\n") == 1
    assert "Vesper" not in err + folders.log.read_text()
    assert document(capsys, "doctor")["log"] == f"{folders.log}: errors logged"


def test_a_command_without_memory_says_so(folders: Folders, monkeypatch, capsys) -> None:
    def full(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setenv("DISCOVER_DATA_DIR", str(folders.root))
    monkeypatch.setattr(Artists, "related", full)
    assert run(["related", "Artist 00"]) == 1
    assert capsys.readouterr().err.startswith("error: There is not enough memory for this.")


def test_warnings_are_noted_once_a_place_without_their_words(empty: Folders) -> None:
    with DiscoverApp(empty).failures.warnings_noted():
        warnings.simplefilter("always")
        for _ in range(3):
            warnings.warn(SECRET, RuntimeWarning, stacklevel=1)
    text = empty.log.read_text()
    assert text.count("RuntimeWarning\n  tests/tuiapp/test_unexpected_errors.py line ") == 1
    assert SECRET not in text


async def test_work_that_is_given_up_before_it_began_is_no_warning(empty: Folders) -> None:
    """Of two presses of one key that are acted on at once, the second cancels what the first has not begun."""
    app = DiscoverApp(empty)
    async with app.run_test() as pilot:
        await settled(pilot)
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            ask_model_export(app)
            ask_model_export(app)
            await settled(pilot)
            gc.collect()
    assert [str(one.message) for one in said if "never awaited" in str(one.message)] == []


def test_workers_are_given_what_makes_their_coroutine() -> None:
    """A coroutine made before is never awaited where the worker is cancelled before its first step."""
    calls = [
        (str(path), node.lineno)
        for path in (Path(__file__).parents[2] / "tuiapp").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "run_worker"
        for work in node.args[:1]
        if isinstance(work, ast.Call) and not (isinstance(work.func, ast.Name) and work.func.id == "partial")
    ]
    assert calls == []
