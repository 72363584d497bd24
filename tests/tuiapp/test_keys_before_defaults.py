"""A key of the person's goes before the default of any other action, which has the others left to it, or none."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from engine.paths import Folders
from tests.support.commands import document
from tests.support.driving import screen_lines, screen_text, settled, the_list, the_view, toasts
from tuiapp.app.app import DiscoverApp
from tuiapp.app.help_texts import help_for
from tuiapp.app.palette import commands
from tuiapp.cli.main import run
from tuiapp.screens.first_steps import step
from tuiapp.settings.config import Config, read, read_document
from tuiapp.settings.in_keys import in_keys
from tuiapp.settings.keys import BY_NAME, Keymap


def settings(text: str) -> Config:
    return read_document(tomllib.loads(text), "config.toml")


@pytest.mark.parametrize(
    ("text", "name", "keys", "loses", "left"),
    [
        ('import = "I"', "import", "I", "lists.play_next", ""),
        ('lists.mark = "*"', "lists.mark", "asterisk", "louder_plus", ""),
        ('related.walk = "enter,y"', "related.related", "enter,y", "related.artist", ""),
        ('related.walk = "enter,y"', "related.related", "enter,y", "lists.copy", "Y"),
        ('undo = "y,Y"', "undo", "y,Y", "lists.copy", ""),
        ('lists.filter = "t"', "lists.filter", "t", "model.train", ""),
        ('discover.like = "W"', "history.like", "W", "contexts.save", ""),
        ('contexts.next_panel = "l"', "contexts.next_panel", "l", "contexts.like", ""),
    ],
)
def test_a_key_that_is_set_beats_a_default(text: str, name: str, keys: str, loses: str, left: str) -> None:
    found = settings(f"[keys]\n{text}")
    assert found.problems == ()
    assert found.keymap.keys(BY_NAME[name]) == keys
    assert found.keymap.keys(BY_NAME[loses]) == found[f"keys.{loses}"] == left
    assert loses in "".join(found.notes)


def test_it_holds_where_both_are_active_only() -> None:
    found = settings('[keys]\ncontexts.next_panel = "l"\ndiscover.export = "W"')
    assert found.keymap.keys(BY_NAME["discover.like"]) == "l"
    assert found.keymap.keys(BY_NAME["contexts.save"]) == "W"
    assert found.notes == (
        "Your keys go before defaults: without a key, in the palette (^p): contexts.like.",
    )
    assert Config().notes == settings('[keys]\nundo = "U"').notes == ()


def test_two_that_are_set_clash_as_ever_and_the_palette_keeps_its_key() -> None:
    found = settings('[keys]\nundo = "U"\nimport = "u"\ndiscover.like = "U"\nquit = "l"\nhelp = "ctrl+p"')
    assert found.problems == (
        "config.toml: keys.help is ctrl+p, already used by palette; expected a free key. Still ? f1.",
        "config.toml: keys.discover.like is U, already used by undo; expected a free key. It has none.",
    )
    assert (found.keymap.label("palette"), found.keymap.label("quit")) == ("^p", "l")
    moved = settings('[keys]\npalette = "f9"\nhelp = "ctrl+p"')
    assert (moved.problems, moved.keymap.label("palette"), moved.keymap.label("help")) == ((), "f9", "^p")


def test_what_is_said_of_a_key_reads_right_without_one() -> None:
    keymap = Keymap({"discover.hide": "u", "lists.filter": "t", "import": "1"})
    assert f"{keymap.label('undo')} undoes it." == "^p undo undoes it."
    assert in_keys("Train one: discover train.", keymap) == "Train one: press 7 then ^p train."
    assert in_keys("Nothing: discover import PATH.", keymap) == "Nothing: press 1."
    assert keymap.hints({"undo": "undo", "help": "help"}) == ["? help"]
    assert step(f"7 {keymap.label('model.train')}", "train").plain == "7 ^p train train"
    help_text = help_for("model", keymap).plain
    assert "\n  no key      Train on your packs" in help_text
    assert "\n  no key      Undo the last change." in help_text
    assert help_text.endswith("\n2 3 4 5 6 7 8 switch views.")


def test_config_says_so_and_doctor_finds_nothing_to_mend(
    folders: Folders, capsys: pytest.CaptureFixture[str]
) -> None:
    folders.config.write_text('[keys]\nimport = "I"\n')
    at = ("--data-dir", str(folders.root))
    found = document(capsys, *at, "config")
    assert (found["problems"], found["settings"]["keys.lists.play_next"]) == ([], "")
    assert run([*at, "config"]) == 0
    said = capsys.readouterr()
    assert said.err == (
        "Your keys go before defaults: without a key, in the palette (^p): lists.play_next.\n"
    )
    assert [line.split() for line in said.out.splitlines() if "lists.play_next" in line] == [
        ["keys.lists.play_next", "no", "key", "default"]
    ]
    assert run([*at, "doctor"]) == 0
    assert "Fix the settings file" not in capsys.readouterr().out


def test_a_key_that_is_used_is_still_refused_where_one_is_set(
    folders: Folders, capsys: pytest.CaptureFixture[str]
) -> None:
    folders.config.write_text('[keys]\nimport = "I"\n')
    at = ("--data-dir", str(folders.root))
    for key in ("l", "I"):
        assert run([*at, "config", "set", "keys.undo", key]) == 2
    assert "keys.undo cannot be I: used by import" in capsys.readouterr().err
    assert run([*at, "config", "set", "keys.undo", "U"]) == 0, "what the file has is not asked about again"
    assert run([*at, "config", "set", "keys.import", "I"]) == 0
    assert read(folders.config).problems == ()


KEYS = """\
[keys]
import = "I"
lists.mark = "*"
lists.filter = "ctrl+f,;"
related.walk = "enter,y"
view_model = "u,ctrl+r"
discover.export = "l"
lists.match_plus = "z,P"
"""


async def test_the_app_does_what_the_person_set_and_names_no_key_there_is_not(folders: Folders) -> None:
    folders.config.write_text(KEYS)
    app = DiscoverApp(folders)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert not [said for said in toasts(app) if said.startswith("Settings")]
        await pilot.press("*")
        assert len(the_list(app).marks) == 1
        await pilot.press("escape", "I")
        await settled(pilot)
        assert "Import" in screen_text(app)
        await pilot.press("f1")
        await settled(pilot)
        text = screen_text(app)
        assert "Keys in" in text
        assert "no_key" not in text
        assert "Start or end a private session" not in text
        await pilot.press("escape", "escape")
        await settled(pilot)
        line = screen_lines(app)[-1]
        assert "x hide" in line
        assert "? help" in line
        assert "like" not in line
        assert "undo" not in line
        await pilot.press("l")
        await settled(pilot)
        assert "Export" in screen_text(app)
        await pilot.press("escape")
        name = the_list(app).row.artist
        await command(app, pilot, "Like")
        assert f"Liked: {name}. ^p undo undoes it." in toasts(app)
        await command(app, pilot, "Undo")
        assert f"Undone: liked {name}." in toasts(app)
        before = the_list(app).sort
        await command(app, pilot, "Sort")
        assert the_list(app).sort != before
        await pilot.press("question_mark")
        await settled(pilot)
        help_text = " ".join(screen_text(app).split())
        assert "no key Like: counts" in help_text
        await pilot.press("escape", "2")
        await settled(pilot)
        assert the_view(app).NAME == "related"
        app.views.related(name)
        await settled(pilot, lambda: bool(the_list(app).counts[0]))
        for key in ("enter", "y"):
            to = the_list(app).row.artist
            await pilot.press(key)
            await settled(pilot)
            assert app.screen is the_view(app), "no artist page"
            assert to in screen_text(app)
            assert the_view(app)._trail[-1] == to
        await pilot.press("u")
        await settled(pilot)
        assert app.current_mode == "model"


async def command(app: DiscoverApp, pilot: Any, title: str) -> None:
    """Run a command of the palette, named without a key."""
    (found,) = [one for one in commands(app, app.screen) if one.title == title]
    found.callback()
    await settled(pilot)


async def test_a_changed_key_is_undone_to_one_that_took_a_default(folders: Folders) -> None:
    folders.config.write_text('[keys]\nimport = "I"\n')
    app = DiscoverApp(folders)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        app.preferences.change("keys.import", "f9")
        await settled(pilot)
        assert (app.keymap.label("import"), app.keymap.label("lists.play_next")) == ("f9", "I")
        await pilot.press("u")
        await settled(pilot)
        assert (app.keymap.label("import"), app.keymap.label("lists.play_next")) == ("I", "^p play next")
        await pilot.press("S")
        await settled(pilot)
        await pilot.press("slash", *"play_next", "enter")
        await settled(pilot)
        assert "no key" in screen_text(app)


async def test_what_has_no_key_is_done_from_the_palette_as_a_person_opens_it(folders: Folders) -> None:
    folders.config.write_text('[keys]\nlists.mark = "z"\ndiscover.reset_dials = "escape"\n')
    app = DiscoverApp(folders)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("z")
        assert the_list(app).marks
        for typed, title in (("clear", "Clear"), ("sort", "Sort")):
            before = the_list(app).sort
            await pilot.press("ctrl+p")
            await pilot.press(*typed)
            await settled(pilot, lambda title=title: f"{title}\n" in commands_shown(app))
            await pilot.press("enter")
            await settled(pilot, lambda: app.screen is the_view(app))
            if title == "Clear":
                assert not the_list(app).marks
        assert the_list(app).sort != before


def commands_shown(app: DiscoverApp) -> str:
    """The lines of the palette, without what is beside them."""
    return "".join(f"{line.strip()}\n" for line in screen_lines(app))
