"""The contents of a folder, to compare before and after, and one that may not be written."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from engine.paths import Folders


def fingerprint(root: Path) -> dict[str, tuple[str, int, int]]:
    """Name, content digest, time stamp and mode of everything under a folder."""
    return {
        str(path.relative_to(root)): (
            hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "",
            path.stat().st_mtime_ns,
            path.stat().st_mode,
        )
        for path in sorted(root.rglob("*"))
    }


def make_read_only(folders: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the system say that nothing in the data folder may be written."""
    may = os.access

    def access(path: Any, mode: int, **how: Any) -> bool:
        return not (mode & os.W_OK and Path(path).is_relative_to(folders.root)) and may(path, mode, **how)

    monkeypatch.setattr(os, "access", access)
