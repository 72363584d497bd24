"""A player that is a script gets names as arguments: a shell never reads one."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.support.hostile import HOSTILE_WORDS
from tuiapp.app.player import command
from tuiapp.music import Music
from tuiapp.settings import checks


@pytest.mark.parametrize("name", [*HOSTILE_WORDS, "'; touch owned; '", "-c touch owned", "$(touch owned)"])
def test_a_shell_gets_a_name_as_an_argument_alone(tmp_path: Path, name: str) -> None:
    template = checks.player("sh -c 'printf %s \"$1\"' sh {query}")
    said = subprocess.run(
        command(template, Music(name)), capture_output=True, check=True, cwd=tmp_path
    ).stdout
    assert said.decode() == command("{query}", Music(name))[0]
    assert list(tmp_path.iterdir()) == []
