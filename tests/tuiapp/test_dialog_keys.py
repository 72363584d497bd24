"""Every dialog: its keys have a sentence of help and an effect, and what is everywhere works there or says why not."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

import pytest
from textual.binding import Binding
from textual.widgets import Input

import tuiapp.app
import tuiapp.screens
from engine.paths import Folders
from tests.support.driving import app_in, screen_text, settled, toasts
from tuiapp.app.app import DiscoverApp
from tuiapp.screens.artist import ArtistDialog
from tuiapp.screens.dialogs import Dialog, ShowText
from tuiapp.screens.pick import Choice, Pick
from tuiapp.screens.queue import Queue
from tuiapp.screens.search import Search
from tuiapp.settings.actions import IN_DIALOGS, LEADING_ON, bindings_too, on_music
from tuiapp.settings.keys import BY_NAME

for package in (tuiapp.app, tuiapp.screens):
    for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        importlib.import_module(module.name)


def below(kind: type[Any]) -> set[type[Any]]:
    return {kind}.union(*(below(one) for one in kind.__subclasses__()))


DIALOGS = sorted(below(Dialog), key=lambda one: one.__name__)


def bound(dialog: type[Any]) -> list[Binding]:
    """Its bindings, with those it has from what it is made of."""
    return [
        one
        for kind in dialog.__mro__
        for one in kind.__dict__.get("BINDINGS", ())
        if issubclass(kind, Dialog)
    ]


@pytest.mark.parametrize("dialog", DIALOGS, ids=lambda one: one.__name__)
def test_every_key_of_a_dialog_has_help_and_an_effect(dialog: type[Any]) -> None:
    for binding in bound(dialog):
        assert binding.tooltip or binding.id in BY_NAME, binding
        target, _, name = binding.action.partition("(")[0].rpartition(".")
        owner = DiscoverApp if target == "app" else dialog
        assert callable(getattr(owner, f"action_{name}", None)), binding


@pytest.mark.parametrize("dialog", DIALOGS, ids=lambda one: one.__name__)
def test_every_dialog_has_what_is_for_all_of_them(dialog: type[Any]) -> None:
    assert {one.id for one in bindings_too(*IN_DIALOGS)} <= {one.id for one in bound(dialog)}


@pytest.mark.parametrize("dialog", [Queue, Search, ArtistDialog])
def test_every_dialog_of_music_has_the_keys_of_music(dialog: type[Any]) -> None:
    keys = {one.id: one.key for one in bound(dialog) if one.id}
    assert {one.name: one.keys for one in on_music() if one.id != "artist"}.items() <= keys.items()
    if dialog is not ArtistDialog:  # there numbers are similar artists
        assert {*LEADING_ON} <= keys.keys()


async def test_a_question_has_help_and_private_sessions_and_says_why_not_of_the_rest(
    folders: Folders,
) -> None:
    app = app_in("discover", folders)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await settled(pilot)
        answers: list[str | None] = []
        question = Pick("Which?", [Choice("one"), Choice("two")])
        app.push_screen(question, answers.append)
        await pilot.press("question_mark")
        assert isinstance(app.screen, ShowText)
        for said in ("Keys in this question", "Choose the answer of that number", "Down.", "private session"):
            assert said in screen_text(app)
        assert "Filter the list" not in screen_text(app)
        await pilot.press("question_mark", "P")
        await settled(pilot)
        assert app.private_since is not None
        assert app.screen is question
        app.clear_notifications()
        for key, said in (
            ("9", "There is no answer 9."),
            ("semicolon", "Nothing is playing."),
            ("S", "Press esc first: S (settings)"),
        ):
            await pilot.press(key)
            assert said in toasts(app)[-1], key
            assert app.screen is question
        await pilot.press("P")
        await settled(pilot)
        assert app.private_since is None
        await pilot.press("slash", "question_mark", "P", "S", "enter")
        assert app.screen is question, "a path that is pasted key by key is no answer, and no key"
        assert app.private_since is None
        await pilot.press("j", "enter")
        await settled(pilot)
        assert answers == ["two"]


async def test_where_letters_are_typed_a_function_key_shows_help(folders: Folders) -> None:
    app = app_in("discover", folders)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await settled(pilot)
        await pilot.press("a")
        await settled(pilot)
        await pilot.press("question_mark")
        assert app.screen.query_one(Input).value == "?"
        await pilot.press("f1")
        assert "Keys in add to" in screen_text(app)
        assert "Add what is there already, too." in " ".join(screen_text(app).split())
        await pilot.press("f1", "escape")
        assert not isinstance(app.screen, Dialog)


async def test_search_leads_on_to_views_and_settings(folders: Folders) -> None:
    app = app_in("discover", folders)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await settled(pilot)
        for key, view in (("6", "taste"), ("S", "settings")):
            app.action_view("discover")
            await pilot.press("s", *"artist")
            await settled(pilot)
            await pilot.press("tab", key)
            await settled(pilot)
            assert app.current_mode == view
            assert not isinstance(app.screen, Dialog)
