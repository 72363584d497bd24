"""Contexts of one's own in the settings file: read, and changed by `discover config`."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.paths import Folders
from tuiapp.cli.main import run
from tuiapp.settings.config import read


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folders:
    monkeypatch.setenv("DISCOVER_DATA_DIR", str(tmp_path / "data"))
    return Folders(tmp_path / "data")


def test_own_contexts_are_read_with_what_is_wrong_named_by_file_and_key(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(
        """[contexts.gym]
like = "running"
bpm = 150
bmp = 3
energy = [[0, 0.5], [1, 0.9]]
[contexts.late]
minutes = 0
[contexts.running]
bpm = "fast"
"""
    )
    found = read(file)
    assert found.contexts["gym"].defaults.bpm == 150
    assert "late" not in found.contexts
    assert found.contexts["running"].defaults.bpm == 170
    assert found.problems == (
        f"{file}: contexts.gym.bmp: unknown setting; did you mean bpm? Ignored.",
        f"{file}: contexts.running.bpm is 'fast'; expected a number. Ignored.",
        f"{file}: contexts.late: minutes 0 is out of range: enter a number from 1 to 1440. Ignored.",
    )


def test_a_context_is_made_changed_and_taken_out_by_settings(
    place: Folders, capsys: pytest.CaptureFixture[str]
) -> None:
    for key, value in (("contexts.gym.like", "walk"), ("contexts.gym.tempo", "0:0.9,1:1"), ("theme", "nord")):
        assert run(["config", "set", key, value]) == 0
    assert place.config.read_text() == (
        'theme = "nord"\n\n[contexts.gym]\nlike = "walk"\ntempo = [[0.0, 0.9], [1.0, 1.0]]\n'
    )
    assert read(place.config).contexts["gym"].tempo == ((0.0, 0.9), (1.0, 1.0))
    for key, value, why in (
        ("contexts.gym.bpm", "400", "bpm 400 is out of range: enter a number from 40 to 250"),
        ("contexts.gym.minutes", "0", "minutes 0 is out of range"),
        ("contexts.gym.tempo", "0:9", "tempo 9 is out of range"),
    ):
        capsys.readouterr()
        assert run(["config", "set", key, value]) == 2
        assert why in capsys.readouterr().err
    for field in ("like", "tempo"):
        assert run(["config", "unset", f"contexts.gym.{field}"]) == 0
    assert "contexts" not in place.config.read_text()
