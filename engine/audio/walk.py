"""The audio files below a folder, each folder once whatever links lead to it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ENDINGS = frozenset((
    ".aac", ".aax", ".aif", ".aifc", ".aiff", ".ape", ".asf", ".dsf", ".flac", ".m4a", ".m4b", ".mka", ".mp1", ".mp2",
    ".mp3", ".mp4", ".mpc", ".oga", ".ogg", ".opus", ".spx", ".tta", ".wav", ".wma", ".wv",
))  # fmt: skip
UNREADABLE_FOLDER = "folder that cannot be read"
UNREADABLE_FILE = "file that cannot be read"
NOT_UTF8 = "name that is not UTF-8, which no playlist can hold"
# Nobody keeps music deeper; what is made to be deep costs no more than this.
_DEEPEST = 64
TOO_DEEP = f"folder more than {_DEEPEST} deep"


# What is not among the files, by reason.
LeftOut = dict[str, list[str]]


class Found(NamedTuple):
    """A file: where, bytes, and when it changed in nanoseconds."""

    path: str
    size: int
    modified: int


def audio_files(root: str, left_out: LeftOut, unseen: set[str]) -> Iterator[Found]:
    """The files with the ending of audio below `root`, by name; `left_out` gets by reason what is not among them, and
    `unseen` the files and folders that are there, or may be, and could not be looked at.

    Links are followed, to a folder or file that was met before not again. What begins with a dot is passed over.
    """
    met: set[tuple[int, int]] = set()
    folders = [(root, 0)]
    while folders:
        folder, depth = folders.pop()
        try:
            here = Path(folder).stat()
            if (here.st_dev, here.st_ino) in met:
                continue
            met.add((here.st_dev, here.st_ino))
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            left_out.setdefault(UNREADABLE_FOLDER, []).append(folder)
            if not is_gone(error):
                unseen.add(folder)
            continue
        below = []
        for entry in entries:
            if entry.name.startswith("."):
                continue
            try:
                if entry.is_dir():
                    below.append((entry.path, depth + 1))
                    continue
                if os.path.splitext(entry.name)[1].lower() not in ENDINGS:  # noqa: PTH122 - a Path for each is slow
                    continue
                about = entry.stat()
                if not entry.is_file():
                    # A link that leads nowhere, a pipe.
                    left_out.setdefault(UNREADABLE_FILE, []).append(entry.path)
                    continue
            except OSError as error:
                left_out.setdefault(UNREADABLE_FILE, []).append(entry.path)
                if not is_gone(error):
                    unseen.add(entry.path)
                continue
            if not is_utf8(entry.path):
                left_out.setdefault(NOT_UTF8, []).append(entry.path)
            elif about.st_nlink == 1 and not entry.is_symlink():
                yield Found(entry.path, about.st_size, about.st_mtime_ns)
            elif (about.st_dev, about.st_ino) not in met:
                met.add((about.st_dev, about.st_ino))
                yield Found(entry.path, about.st_size, about.st_mtime_ns)
        if depth < _DEEPEST:
            folders += reversed(below)
        elif below:
            left_out.setdefault(TOO_DEEP, []).extend(path for path, _ in below)


def is_gone(error: OSError) -> bool:
    """Whether the system says that a file is not there: any other error says nothing of that."""
    return isinstance(error, (FileNotFoundError, NotADirectoryError))


def is_utf8(path: str) -> bool:
    """Whether a path's bytes are text: others come as lone surrogates."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True
