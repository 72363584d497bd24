"""What a command prints."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tuiapp.cli.main import run


def document(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """What a command prints with --json, which must be one document and nothing else."""
    assert run([*arguments, "--json"]) == 0
    printed: dict[str, Any] = json.loads(capsys.readouterr().out)
    return printed
