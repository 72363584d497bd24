"""Finds the audio files below a folder, each folder once even with links."""

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
# A bound against folders made to be deep; music is not kept deeper.
_DEEPEST = 64
TOO_DEEP = f"folder more than {_DEEPEST} deep"


# Reasons for what is left out.
LeftOut = dict[str, list[str]]


class Found(NamedTuple):
    """A file: path, bytes, and modification time in nanoseconds."""

    path: str
    size: int
    modified: int


def audio_files(root: str, left_out: LeftOut, unseen: set[str]) -> Iterator[Found]:
    """The files with an audio extension below `root`, by name; `left_out` collects by reason what is skipped, `unseen`
    the files and folders that exist, or may, and could not be accessed.

    Links are followed, but each folder or file is listed once. Hidden files are skipped.
    """
    met: set[tuple[int, int]] = set()
    links: list[tuple[Found, tuple[int, int]]] = []
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
                about = _if_audio(entry, left_out)
            except OSError as error:
                left_out.setdefault(UNREADABLE_FILE, []).append(entry.path)
                if not is_gone(error):
                    unseen.add(entry.path)
                continue
            if about is None:
                continue
            found, mark = Found(entry.path, about.st_size, about.st_mtime_ns), (about.st_dev, about.st_ino)
            if entry.is_symlink():
                links.append((found, mark))
            # Windows numbers no files here.
            elif mark not in met or not about.st_ino:
                met.add(mark)
                yield found
        if depth < _DEEPEST:
            folders += reversed(below)
        elif below:
            left_out.setdefault(TOO_DEEP, []).extend(path for path, _ in below)
    # Last, so that a file is listed by its own name.
    for found, mark in links:
        if mark not in met:
            met.add(mark)
            yield found


def _if_audio(entry: os.DirEntry[str], left_out: LeftOut) -> os.stat_result | None:
    """The state of a usable file with an audio extension, else null. Raises OSError if it cannot be accessed."""
    if os.path.splitext(entry.name)[1].lower() not in ENDINGS:  # noqa: PTH122 - a Path for each is slow
        return None
    about = entry.stat()
    if not entry.is_file():
        # A broken link or a pipe.
        left_out.setdefault(UNREADABLE_FILE, []).append(entry.path)
        return None
    if not is_utf8(entry.path):
        left_out.setdefault(NOT_UTF8, []).append(entry.path)
        return None
    return about


def is_gone(error: OSError) -> bool:
    """Whether the error says that a file does not exist: others leave that open."""
    return isinstance(error, (FileNotFoundError, NotADirectoryError))


def is_utf8(path: str) -> bool:
    """Whether a path is valid UTF-8: other bytes appear as lone surrogates."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True
