"""What the app is built on: what is loaded when, and which names of Textual are taken."""

from __future__ import annotations

import gc
import importlib
import inspect
import pkgutil
import subprocess
import sys

import pytest
from textual.app import App
from textual.screen import ModalScreen, Screen
from textual.widget import Widget

import tuiapp.screens
import tuiapp.widgets
from engine.paths import Folders
from tests.support.driving import settled
from tuiapp.app.app import DiscoverApp
from tuiapp.cli.group import open_app
from tuiapp.settings.actions import SCREENS
from tuiapp.widgets.table import Table

# -- what it is built on -----------------------------------------------------------------------------------


def test_nothing_heavy_is_loaded_before_the_first_paint() -> None:
    code = (
        "import sys, tuiapp.app.app, tuiapp.screens.discover\n"
        "print(*sorted({name for name in sys.modules} & "
        "{'numpy', 'scipy', 'annoy', 'msgspec', 'engine.session', 'engine.recommend', 'textual_fspicker', "
        "'PIL'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


async def test_garbage_is_collected_from_the_first_paint_on(
    empty: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    loading = []
    monkeypatch.setattr("tuiapp.app.app.run_app", lambda *_, **__: loading.append(gc.isenabled()) or 0)
    try:
        open_app(empty)
        assert loading == [False]
        app = DiscoverApp(empty)
        async with app.run_test() as pilot:
            await settled(pilot)
            assert gc.isenabled()
    finally:
        gc.enable()


async def test_no_view_keeps_its_state_under_a_name_of_textuals() -> None:
    async with App[None]().run_test():
        plain = vars(Screen()).keys()
        for name, _ in SCREENS:
            view = DiscoverApp.MODES[name]()
            taken = {key for key in vars(view).keys() - plain if hasattr(Screen, key)}
            assert not taken, f"in {name} a method of Textual's is hidden by {taken}"


def test_no_private_name_of_textual_is_taken() -> None:
    """Textual keeps its own state in `_name` and the like: a method of that name would never be called."""
    made = {Screen: vars(Screen()), ModalScreen: vars(ModalScreen()), Widget: vars(Widget()), Table: {}}
    modules = [
        importlib.import_module(f"{package.__name__}.{module.name}")
        for package in (tuiapp.screens, tuiapp.widgets)
        for module in pkgutil.iter_modules(package.__path__)
    ]
    checked = 0
    for module in [*modules, importlib.import_module("tuiapp.app.app")]:
        for name, found in vars(module).items():
            if not (inspect.isclass(found) and found.__module__ == module.__name__):
                continue
            if not issubclass(found, Widget | App):
                continue
            own = {
                key for key, value in vars(found).items() if key.startswith("_") and inspect.isfunction(value)
            }
            for base, state in made.items():
                if issubclass(found, base):
                    assert not own & set(state), f"{name} takes {own & set(state)} of {base.__name__}"
            textuals = [base for base in found.__mro__ if base.__module__.startswith("textual")]
            for base in textuals:
                # One on purpose: where unexpected errors end, the app goes on or says where its log is.
                taken = {key for key in own & set(vars(base)) if not key.startswith("__")} - {
                    "_handle_exception"
                }
                assert not taken, f"{name} takes {taken} of {base.__name__}"
            checked += 1
    assert checked > 15
