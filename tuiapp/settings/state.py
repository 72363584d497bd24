"""Where the app was when it was left, as JSON. A damaged or foreign state is ignored."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from engine.paths import bytes_of

VERSION = 1


def read(data: bytes | None) -> dict[str, Any]:
    """The state in `data`, or an empty one."""
    try:
        state = json.loads(data) if data else {}
    except (ValueError, RecursionError):
        return {}
    return state if isinstance(state, dict) and state.get("version") == VERSION else {}


def read_file(path: Path) -> dict[str, Any]:
    """The state in a file, or an empty one."""
    try:
        return read(bytes_of(path))
    except OSError:
        return {}


def written(state: dict[str, Any]) -> bytes:
    """The bytes to keep."""
    return json.dumps({"version": VERSION, **state}, ensure_ascii=False, indent=1).encode()


def part(state: dict[str, Any], *names: str) -> dict[str, Any]:
    """A nested dictionary of the state, empty where there is none."""
    for name in names:
        found = state.get(name)
        state = found if isinstance(found, dict) else {}
    return state
