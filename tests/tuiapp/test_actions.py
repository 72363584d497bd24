"""One action registry makes bindings, footer, help, palette and the README's key table."""

from __future__ import annotations

import importlib
import itertools
from pathlib import Path
from string import punctuation

import pytest
from textual.binding import Binding

from tuiapp.app.app import DiscoverApp
from tuiapp.app.help_texts import help_for
from tuiapp.screens.view import View
from tuiapp.settings.actions import (
    ACTIONS,
    EVERYWHERE,
    LISTS,
    MUSIC,
    SCREENS,
    VIEWS,
    key_table,
    scope_of,
    written,
)
from tuiapp.settings.keys import key_named
from tuiapp.widgets.table import Table

README = Path(__file__).parents[2] / "README.md"
SCOPES = (EVERYWHERE, LISTS, *(name for name, _ in SCREENS))


def view_class(name: str) -> type[View]:
    module = importlib.import_module(f"tuiapp.screens.{name}")
    found: type[View] = getattr(module, f"{name.title()}View")
    return found


def test_every_action_has_a_label_a_sentence_of_help_and_a_place() -> None:
    for action in ACTIONS:
        assert action.label, action
        assert action.help.endswith("."), action
        assert action.scope in SCOPES, action


def test_ids_are_unique_within_a_scope_so_that_each_key_can_be_remapped() -> None:
    for scope in SCOPES:
        ids = [action.id for action in scope_of(scope)]
        assert len(ids) == len(set(ids)), scope
    names = [action.name for action in ACTIONS]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("view", [name for name, _ in SCREENS])
def test_no_two_actions_that_can_be_pressed_together_share_a_key(view: str) -> None:
    taken = {
        key: f"{action.scope}: {action.id}"
        for action in scope_of(EVERYWHERE)
        for key in action.keys.split(",")
    }
    # The table's own bindings are its movements and the actions of every list.
    moves = [
        (key, f"table: {binding.action}") for binding in Table.BINDINGS for key in binding.key.split(",")
    ]
    here = [(key, f"{view}: {action.id}") for action in scope_of(view) for key in action.keys.split(",")]
    for key, name in itertools.chain(moves, here):
        assert key not in taken, f"{key}: {name} and {taken[key]}"
        taken[key] = name


def test_no_key_is_dead() -> None:
    """Every action resolves to a method of what it is bound on."""
    for action in ACTIONS:
        owner: type = {EVERYWHERE: DiscoverApp, LISTS: Table}.get(action.scope) or view_class(action.scope)
        command = action.command or action.id
        target, _, name = command.partition("(")[0].rpartition(".")
        owner = {"app": DiscoverApp, "screen": View}.get(target, owner)
        assert callable(getattr(owner, f"action_{name}", None)), f"{action.scope}: {command}"


@pytest.mark.parametrize("view", [name for name, _ in SCREENS])
def test_each_view_binds_exactly_its_actions_under_ids(view: str) -> None:
    bound = {binding.id: binding.key for binding in view_class(view).BINDINGS if isinstance(binding, Binding)}
    also = [action for action in scope_of(LISTS) if action.id == "filter"]
    assert bound == {action.name: action.keys for action in (*scope_of(view), *also)}


@pytest.mark.parametrize("view", [name for name, _ in SCREENS])
def test_help_names_every_key_that_works_in_the_view(view: str) -> None:
    text = help_for(view).plain
    words = " ".join(text.split())
    for scope in (view, LISTS, EVERYWHERE):
        for action in scope_of(scope):
            if action.id not in {f"view_{name}" for name, _ in VIEWS}:
                assert " ".join(written(key) for key in action.keys.split(",")) in text
                assert action.help in words


def test_a_sign_is_written_as_on_the_key() -> None:
    assert [written(key_named(sign)) for sign in punctuation] == [*punctuation]
    assert [written(key) for key in ("ctrl+backslash", "f5", "tab", "home", "G")] == [
        "^\\",
        "f5",
        "tab",
        "home",
        "G",
    ]


def test_brackets_plus_and_minus_have_a_plain_second_key() -> None:
    """`[ ] + -` need AltGr on many keyboards."""
    awkward = {"left_square_bracket", "right_square_bracket", "plus", "minus"}
    for action in ACTIONS:
        assert set(action.keys.split(",")) - awkward, action


def test_the_readme_shows_the_table_of_keys() -> None:
    text = README.read_text()
    shown = text.partition("<!-- keys -->")[2].partition("<!-- /keys -->")[0]
    assert shown.strip() == key_table().strip()


# What a key means, where it may be called by another word in another view.
MEANS = {
    "enter": {"artist", "change"},
    "ctrl+n": {"new"},
    "n": {"match(1)"},
    "N": {"match(-1)"},
    "M": {"mix"},
    "c": {"pick_times", "pick_context"},
    "t": {"train"},
    "d": {"travel"},
    "D": {"remove", "remove_pack", "reset"},
    "v": {"next_panel", "details", "less_known"},
    "x": {"hide"},
    "r": {"related"},
    "m": {"pick_taste", "discover_taste"},
    "e": {"export"},
}


def test_a_key_means_one_thing_in_every_view() -> None:
    """Dials, which keys turn up and down, are named by what they turn."""
    meanings: dict[str, set[str]] = {}
    for action in ACTIONS:
        for key in action.keys.split(","):
            meanings.setdefault(key, set()).add(action.id)
    for key, ids in MEANS.items():
        assert meanings[key] == ids, key
    dials = {"left", "right", "comma", "full_stop", "plus", "p", "minus", "O", "h", "f", "F",
             "left_square_bracket", "right_square_bracket", "less_than_sign", "greater_than_sign"}  # fmt: skip
    several = {key: ids for key, ids in meanings.items() if len(ids) > 1 and key not in dials}
    assert several.keys() <= {*MEANS, "delete", "a"}, several
    assert meanings["a"] == {"add_to", "add_pack"}


@pytest.mark.parametrize("view", MUSIC)
def test_every_view_of_music_has_the_same_row_keys(view: str) -> None:
    keys = {action.id: action.keys for action in scope_of(view) if action.shared}
    assert keys == {
        "artist": "enter",
        "like": "l",
        "hide": "x",
        "block": "B",
        "add_to": "a",
        "related": "r",
        "mix": "M",
    }
    assert view_class(view).MUSIC


def test_moving_in_lists_is_in_help_and_can_be_remapped() -> None:
    from tuiapp.settings.keys import Keymap, key_named

    moving = [action for action in scope_of(LISTS) if action.stem in ("move", "page", "edge")]
    assert {key for action in moving for key in action.keys.split(",")} >= {*"jkgG", "ctrl+d", "ctrl+u"}
    help_text = help_for("discover", Keymap({"lists.move_plus": key_named("I")})).plain
    assert "I           Down." in help_text


def test_a_key_given_to_what_rows_of_music_do_holds_in_every_view() -> None:
    from tuiapp.settings.keys import BY_NAME, Keymap

    keymap = Keymap({"discover.like": "L", "history.like": "ctrl+l"})
    given = {view: keymap.keys(BY_NAME[f"{view}.like"]) for view in MUSIC}
    assert given == dict.fromkeys(MUSIC, "L") | {"history": "ctrl+l"}
    assert set(keymap.changed()) == {f"{view}.like" for view in MUSIC}
    assert ("discover.like", "W", "contexts.save") in Keymap({"discover.like": "W"}).taking(["discover.like"])
    assert ("discover.like", "W", "contexts.save") in Keymap(
        {"contexts.save": "W", "discover.like": "W"}
    ).clashes()
