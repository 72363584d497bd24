"""Files given to the wrong command: what they are, and which command takes them."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from engine.archives import ARCHIVE_ERRORS
from engine.errors import UnreadableFileError
from engine.imports.guess import first_of
from engine.imports.head import HEAD_BYTES, Head
from engine.imports.record import SEVERAL_PEOPLE
from engine.imports.registry import recognise
from engine.imports.walk import members, printable
from engine.paths import bytes_of, why_not_read

if TYPE_CHECKING:
    from engine.imports.report import FileReport, Report

# Maximum unknown files of a folder that are examined again.
_MAX_ASKED = 200
_MAX_MANIFEST = 1 << 20
# Maximum members of an archive that are examined.
_LOOKED_INTO = 1_000
# The tables of a catalog, of one of an earlier version, of features, of genres.
_TABLES = ({"items", "tags", "genres"}, {"items", "tags"}, {"features"}, {"genres"})
_NUMPY = b"\x93NUMPY"
_PART = "is part of a model or pack of discover, which is made by training or from community data"
_LIBRARY = "is a library of discover; to open it, name its folder with --data-dir"


def name_other_files(report: Report, paths: Sequence[Path]) -> None:
    """Add to files that are not a listening history what they are and which command takes them, if known.

    The path given is examined as a whole, then each file on disk.
    """
    for path in paths:
        root = printable(path)
        files = [file for file in report.files if file.root == root]
        if _note(path, files) or not os.path.isdir(path):  # noqa: PTH112 - raises nothing
            continue
        of_file: dict[Path, list[FileReport]] = {}
        for file in files:
            if file.on_disk is not None:
                of_file.setdefault(file.on_disk, []).append(file)
        unknown = [where for where, parts in of_file.items() if not _is_history(parts)]
        for where in unknown[:_MAX_ASKED]:
            _note(where, of_file[where])


def _is_history(files: Iterable[FileReport]) -> bool:
    # A table of several people's plays is recognized only by reading it.
    return any(file.format and set(file.dropped) != {SEVERAL_PEOPLE} for file in files)


def _note(path: Path, files: Sequence[FileReport]) -> bool:
    # Reading a pipe would block.
    if not files or _is_history(files) or why_not_read(path):
        return False
    note = what_else(path, "import")
    for file in files if note else ():
        file.note = note
    return bool(note)


def what_else(path: Path, given_to: str) -> str:
    """What a file is that was given to a command (`import`, `community add`, `model add`) that does not take it, and
    which one does, to be put after its name; empty if unknown."""
    kinds = {"model add": _model, "": _of_discover, "community add": _community, "import": _history}
    # Deleted meanwhile.
    with suppress(OSError, UnreadableFileError):
        # A damaged model is still one, whatever a name in it looks like.
        if given_to == "model add" and _model(path):
            return ""
        return next((note for command, of in kinds.items() if command != given_to and (note := of(path))), "")
    return ""


def looks_like(path: Path) -> str:
    """What a file of no known format is, in a few words; empty for a folder, and if unknown."""
    try:
        if not path.is_file():
            return ""
        with path.open("rb") as stream:
            head = Head(path.name, stream.read(HEAD_BYTES), lambda: path.open("rb"))
    except OSError:
        return ""
    if not head.data:
        return "an empty file"
    if head.is_database:
        return "a database"
    if head.is_binary:
        return ""
    if head.json:
        return "JSON"
    return f"a table of {first_of(head.header)}" if head.header else "text"


def _model(path: Path) -> str:
    from engine.training.model_file import KIND, MANIFEST

    with suppress(*ARCHIVE_ERRORS), zipfile.ZipFile(path) as archive, archive.open(MANIFEST) as about:
        if KIND.encode() in about.read(4096):
            return "is a model, to be taken: discover model add PATH"
    return ""


def _community(path: Path) -> str:
    from engine.community.adding import titles_of

    titles = titles_of(path)
    kinds = ", ".join(title.partition(" (")[0] for title in titles)
    return f"is community data ({kinds}), to be added: discover community add PATH" if titles else ""


def _history(path: Path) -> str:
    for member in islice(members([path]), _LOOKED_INTO):
        if member.trouble:
            continue
        try:
            with member.open() as stream:
                head = Head(member.name, stream.read(HEAD_BYTES), member.open)
            if found := recognise(head):
                return f"is a listening history ({found.title}), to be imported: discover import PATH"
        except ARCHIVE_ERRORS:
            continue
    return ""


def _of_discover(path: Path) -> str:
    """Files of this program itself."""
    if path.is_dir() or path.name == "manifest.json":
        return _of_manifest(path / "manifest.json" if path.is_dir() else path)
    try:
        with path.open("rb") as stream:
            head = Head(path.name, stream.read(HEAD_BYTES), lambda: path.open("rb"))
    except OSError:
        return ""
    if head.data.startswith(_NUMPY) or head.tables in _TABLES:
        return _PART
    return _LIBRARY if {"listens", "imports", "tracks", "artists"} <= head.tables else ""


def _of_manifest(file: Path) -> str:
    try:
        keys = set(json.loads(bytes_of(file))) if file.stat().st_size < _MAX_MANIFEST else set()
    except (OSError, ValueError, TypeError, RecursionError):
        return ""
    return _PART if {"format", "digests"} <= keys or {"format", "kind", "source"} <= keys else ""
