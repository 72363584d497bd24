"""A library with some plays and a model beside it, as every service is built over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.session.library import Library
from tests.support.services import played_some


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    library = Library(played_some(tmp_path / "data"))
    yield library
    library.close()
