"""A made-up server of archives, and a library they are fetched into."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.paths import Folders
from engine.session import Session
from tests.support.dump_server import DumpServer, serving


@pytest.fixture
def server() -> Iterator[DumpServer]:
    with serving() as one:
        yield one


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    one = Session(Folders(tmp_path / "data"))
    yield one
    one.close()
