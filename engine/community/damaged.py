"""What to say of a pack that cannot be read: which one it is, and how to bring it again."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

from engine.community.offers import way_again
from engine.errors import DamagedDataError, reason, unreadable
from engine.paths import bytes_of


def damaged_pack(error: BaseException, file: Path) -> DamagedDataError:
    """The error to raise for a `file` of a pack that cannot be read, unless the disk is at fault."""
    return unreadable(error, file, damaged_in_words(file.parent, reason(error)))


def damaged_in_words(folder: Path, why: str) -> str:
    """A sentence on the damaged pack in a folder, and what mends it."""
    return f"The pack {folder.name} is damaged ({why}). {bring_again(folder)}"


def other_format(folder: Path, found: object, read: int) -> DamagedDataError:
    """The error to raise for a pack of another version of this program."""
    said = f"The pack {folder.name} has format {found}; this discover reads {read}. {bring_again(folder)}"
    return DamagedDataError(said)


def bring_again(folder: Path) -> str:
    """The commands that bring the pack in a folder again, as far as its manifest says where it is from."""
    try:
        said = json.loads(bytes_of(folder / "manifest.json"))
        kind, level, source = (str(said.get(key, "")) for key in ("kind", "level", "source"))
    except (OSError, ValueError, AttributeError, RecursionError):
        kind, level, source = "community", "", ""
    return (
        f"Remove it and bring it again: discover community remove {shlex.quote(folder.name)}, then "
        f"{way_again(folder.name, kind, level, source)}"
    )
