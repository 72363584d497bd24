"""A library with some plays and a model beside it, as every service is built over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.privacy import Door
from engine.session.library import Library
from engine.store.database import open_library
from tests.support.listens import play
from tests.support.models import write_model
from tests.support.services import ARTISTS, DAY


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    folders = write_model(tmp_path / "data")
    connection = open_library(Door(folders))
    for number in (0, 3, 6, 9, 1):
        play(connection, ARTISTS[number], "A Song", number * DAY, number * DAY + 600)
    play(connection, "The Lanterns", "Slow Ferry", 50)
    connection.close()
    library = Library(folders)
    yield library
    library.close()
