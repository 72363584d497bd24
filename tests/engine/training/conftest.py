"""A library with a pack of 60 artists, to train on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.paths import Folders
from engine.session import Session
from tests.support.communities import write_community
from tests.support.models import names


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with Session(Folders(tmp_path / "data")) as opened:
        opened.packs.add(write_community(tmp_path / "camps", artists=names(60)))
        yield opened
