"""Which data folder a command works on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.commands import document
from tests.support.models import ARTISTS, write_model
from tuiapp.cli.main import run


@pytest.mark.parametrize("before", [True, False])
def test_the_option_goes_before_the_variable_wherever_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *, before: bool
) -> None:
    asked, other = write_model(tmp_path / "asked"), write_model(tmp_path / "other")
    option = ["--data-dir", str(asked.root)]
    monkeypatch.setenv("DISCOVER_DATA_DIR", str(other.root))
    command = ["like", ARTISTS[1]]
    assert run([*option, *command] if before else [*command, *option]) == 0
    capsys.readouterr()
    assert document(capsys, "feedback")["feedback"] == []
    monkeypatch.setenv("DISCOVER_DATA_DIR", str(asked.root))
    assert [one["artist"] for one in document(capsys, "feedback")["feedback"]] == [ARTISTS[1]]
