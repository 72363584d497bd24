"""Repairs a damaged settings file: each readable group is kept, the others are restored from the last valid copy.

Settings are copied whenever they can be read.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from tuiapp.settings.config import MAX_BYTES

if TYPE_CHECKING:
    from engine.privacy import Door

# A heading begins a group; lines before the first form one too. Lines within an array do not count.
_GROUP = re.compile(r"(?m)^(?=[ \t]*\[[^\[\],\x00-\x1f\ufffd]+\][ \t]*(?:#.*)?$)")
_NAME = re.compile(r"[ \t]*\[\s*([^\]]+?)\s*\]")
_FIRST = "the settings before the first heading"


def keep(door: Door) -> None:
    """Copy the settings, if they can be read and changed since the last copy. Does nothing in a private session. Raises
    OSError, DiscoverError."""
    whole = None if door.private else _read(door.folders.config)
    if whole is not None and is_whole(whole) and whole != _read(door.folders.last_config):
        door.write_file(door.folders.last_config, whole)


def is_damaged(path: Path) -> bool:
    """Whether the settings file is readable but not valid."""
    data = _read(path)
    return data is not None and not is_whole(data)


def is_whole(data: bytes) -> bool:
    """Whether these bytes are valid settings."""
    import tomllib  # most people have no such file, and the first paint does not wait for its reader

    try:
        tomllib.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return False
    return True


def mend(door: Door) -> list[str]:
    """Replace an invalid settings file by valid settings, keeping the old file; returns what was done and lost, in
    sentences.

    Raises PrivateSessionError in a private session, OSError.
    """
    path = door.folders.config
    damaged = _read(path)
    if damaged is None or is_whole(damaged):
        return []
    door.require_writable("repair the settings")
    before = _read(door.folders.last_config) or b""
    text, restored, lost = _restored(damaged, before if is_whole(before) else b"")
    door.write_file(door.folders.damaged_config, damaged)
    door.write_config(text.encode())
    said = ["The settings file was damaged: what could be read of it is kept."]
    if restored:
        said.append(f"Restored from the last valid copy: {', '.join(restored)}.")
    if lost:
        said.append(f"Lost, so the defaults hold: {', '.join(lost)}.")
    said.append(f"The damaged file is kept as {door.folders.damaged_config.name}.")
    return [" ".join(said)]


def _restored(damaged: bytes, before: bytes) -> tuple[str, list[str], list[str]]:
    """The new settings, the groups restored from the copy, and those lost."""
    old = _groups(before.decode("utf-8-sig"))
    parts: dict[str, str] = {}
    for name, text in _groups(damaged.decode("utf-8-sig", "replace")).items():
        parts[name] = text if "\ufffd" not in text and "\0" not in text and is_whole(text.encode()) else ""
    # Before any heading, or it would belong to that.
    names = sorted({**parts, **old}, key=lambda name: name != _FIRST)
    missing = [name for name in names if not parts.get(name)]
    restored = [name for name in missing if name in old]
    lost = [name for name in missing if name not in old]
    whole = "\n".join(
        text.rstrip("\n") + "\n" for name in names if (text := parts.get(name) or old.get(name, ""))
    )
    if not is_whole(whole.encode()):
        # Each is valid by itself, but together they set one thing twice.
        return before.decode("utf-8-sig"), list(old), [name for name in names if name not in old]
    return whole, restored, lost


def _groups(text: str) -> dict[str, str]:
    """The text of each group by name, in order."""
    found: dict[str, str] = {}
    for part in filter(str.strip, _GROUP.split(text)):
        named = _NAME.match(part)
        name = f"[{named[1]}]" if named else _FIRST
        found[name] = found.get(name, "") + part
    return found


def _read(path: Path) -> bytes | None:
    """A file's content; null if it is missing, unreadable, or too large."""
    try:
        return path.read_bytes() if path.stat().st_size <= MAX_BYTES else None
    except OSError:
        return None
