"""The engine's messages with keys: a command there is a key for gives way to it, as it is set."""

from __future__ import annotations

import pytest

from tuiapp.settings.in_keys import in_keys
from tuiapp.settings.keys import Keymap


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (
            "No plays yet. Import your history: discover import PATH.",
            "No plays yet. Import your history: press f3.",
        ),
        ("Or look around: discover demo.", "Or look around: press 1 then E."),
        (
            "Train again: discover train, or for tracks: discover train --level tracks.",
            "Train again: press 7 then t.",
        ),
        ("Train one: discover train --level tracks.", "Train one: press 7 then t."),
        ("Add more: discover features add PATH.", "Add more: press 7 then a."),
        ("Add some: discover library add DIR, or leave out --from-library.", "Add some: press 7 then a."),
        ("2 files: discover library tempo.", "2 files: press 7 then X on their folder."),
        ("A model: discover model add PATH.", "A model: press 7 then a."),
        ("Use one of .csv, .pls, or --format.", "Use one of .csv, .pls."),
        ("Try again, or another mirror: --url.", "Try again."),
        ("Try again in some days, or another mirror with --url.", "Try again in some days."),
        ("It has 9 listeners, fewer than 50 (--min-listeners).", "It has 9 listeners, fewer than 50."),
        ("Make room, or choose another folder with --data-dir.", "Make room."),
        (
            "Close the other discover, or run `discover doctor` once.",
            "Close the other discover, or run `discover doctor` once.",
        ),
    ],
)
def test_a_key_as_it_is_set_stands_for_the_command(said: str, shown: str) -> None:
    assert in_keys(said, Keymap({"import": "f3"})) == shown
