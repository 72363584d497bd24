"""The log: what went wrong that nobody expected. It is there only when something did, and holds no name of music.

Of an error it keeps the kinds, the files of the program with their lines, and the system's own word for it; never a
message or a value, which may name an artist or a file of the person's. In a private session nothing is written.
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
# So many of an error's innermost and outermost steps say enough; a recursion has a thousand.
_STEPS = 12
_MARK = "==== "


def note_error(door: Door, where: str, error: BaseException) -> bool:
    """Put an error in the log under `where` it happened (a word of this program's). True where that was written."""
    return _append(door, f"{where}\n{in_words(error)}")


def in_words(error: BaseException) -> str:
    """An error and what led to it: kinds, files and lines, without any value."""
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
    """The kind of an error and the step it came from, in a few words: `KeyError in tuiapp/app.py line 12`."""
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
    """A file of the program without the folders it is installed under, which may name the person."""
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
            # The oldest go first, as wholes.
            start = data.find(b"\n" + _MARK.encode(), len(data) - MAX_BYTES)
            data = data[start + 1 :] if start >= 0 else data[-MAX_BYTES:]
        door.write_file(path, data)
    except (OSError, DiscoverError):
        # A full or read-only disk, or a private session: what failed is shown on the screen all the same.
        return False
    return True


def note_warning(door: Door, category: type[Warning], filename: str, line: int) -> bool:
    """Put a warning of Python's in the log: its kind and its place, not its words. True where that was written."""
    return _append(door, f"warning\n{category.__name__}\n  {_inside(Path(filename))} line {line}\n")
