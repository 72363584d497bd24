"""A library to import into."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.support.importing import library


@pytest.fixture
def db(tmp_path: Path) -> sqlite3.Connection:
    return library(tmp_path)
