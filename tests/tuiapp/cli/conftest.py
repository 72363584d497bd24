"""Data folders that the environment names, as scripts do."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.privacy import Door
from engine.store.database import open_library
from tests.support.listens import play
from tests.support.models import ARTISTS, write_model

DAY = 86_400


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with a model and a few listens, named by the environment as scripts do."""
    folders = write_model(tmp_path / "data")
    connection = open_library(Door(folders))
    for number in (0, 3, 6, 9, 1):
        play(connection, ARTISTS[number], "A Song", number * DAY, number * DAY + 600)
    connection.close()
    monkeypatch.setenv("DISCOVER_DATA_DIR", str(folders.root))
    return folders.root


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DISCOVER_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"
