"""The log of unexpected errors.

The file exists only after one, and names no music. It keeps an error's types, the program's files with lines, and the
system's error name; never a message or a value, which may name an artist or a file of the person. In a private session
nothing is written.
"""

from __future__ import annotations

import datetime
import platform
import sqlite3
import sys
import traceback
from pathlib import Path
from types import TracebackType

from engine import __version__
from engine.errors import DiscoverError
from engine.privacy.door import Door

MAX_BYTES = 256 << 10
# Innermost and outermost frames that are kept of a traceback; a recursion has a thousand.
_STEPS = 12
_MARK = "==== "


def note_error(door: Door, where: str, error: BaseException) -> bool:
    """Log an error under `where` it happened (a word of this program). Returns whether it was written."""
    return _append(door, f"{where}\n{in_words(error)}")


def in_words(error: BaseException) -> str:
    """An error and its causes: types, files and lines, without any value."""
    parts: list[str] = []
    seen: set[int] = set()
    now: BaseException | None = error
    while now is not None and id(now) not in seen and len(parts) < 8:
        seen.add(id(now))
        steps = "".join(f"  {step}\n" for step in _steps(now.__traceback__))
        parts.insert(0, f"{_kind(now)}\n{steps}")
        now = now.__cause__ or (None if now.__suppress_context__ else now.__context__)
    return "which led to\n".join(parts)


def where_it_happened(error: BaseException) -> str:
    """The type of an error and the line it came from: `KeyError in tuiapp/app.py line 12`."""
    steps = _steps(error.__traceback__)
    ours = [step for step in steps if step.startswith(("engine/", "tuiapp/"))]
    at = (ours or steps)[-1:]
    return f"{type(error).__name__} in {at[0].rpartition(',')[0]}" if at else type(error).__name__


def _kind(error: BaseException) -> str:
    name = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
    if isinstance(error, sqlite3.Error):
        return f"{name} {getattr(error, 'sqlite_errorname', '')}".rstrip()
    if isinstance(error, OSError) and error.strerror:
        return f"{name} {error.errno} {error.strerror}"
    return name


def _steps(trace: TracebackType | None) -> list[str]:
    """`file line n, function` of each step, the outermost first."""
    steps = [
        f"{_inside(Path(frame.f_code.co_filename))} line {line}, {frame.f_code.co_name}"
        for frame, line in traceback.walk_tb(trace)
    ]
    return steps if len(steps) <= 2 * _STEPS else [*steps[:_STEPS], "…", *steps[-_STEPS:]]


def _inside(file: Path) -> str:
    """A file of the program without its installation folder, which may name the person."""
    for root in sorted(sys.path, key=len, reverse=True):
        if root and file.is_relative_to(root):
            return file.relative_to(root).as_posix()
    return file.name


def _append(door: Door, text: str) -> bool:
    moment = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M:%S")
    entry = f"{_MARK}{moment} UTC, discover {__version__}, Python {platform.python_version()}: {text}\n"
    path = door.folders.log
    try:
        old = path.read_bytes() if path.exists() else b""
        data = old + entry.encode(errors="replace")
        if len(data) > MAX_BYTES:
            # Whole entries, the oldest first.
            start = data.find(b"\n" + _MARK.encode(), len(data) - MAX_BYTES)
            data = data[start + 1 :] if start >= 0 else data[-MAX_BYTES:]
        door.write_file(path, data)
    except (OSError, DiscoverError):
        # A full or read-only disk, or a private session: the failure is still shown on the screen.
        return False
    return True


def note_warning(door: Door, category: type[Warning], filename: str, line: int) -> bool:
    """Log a Python warning: its type and place, not its text. Returns whether it was written."""
    return _append(door, f"warning\n{category.__name__}\n  {_inside(Path(filename))} line {line}\n")
