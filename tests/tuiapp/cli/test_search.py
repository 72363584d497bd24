"""`discover search` where nothing is found; what it finds is in the contract's tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.models import write_model
from tuiapp.cli.main import run


def test_a_search_that_finds_nothing_says_what_to_do(empty: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["search", "Radiohead"]) == 0
    assert "Import your history: discover import PATH." in capsys.readouterr().err
    write_model(empty)
    assert run(["search", "xyzzy plugh"]) == 0
    assert "Try fewer letters" in capsys.readouterr().err
