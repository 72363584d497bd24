"""The packs in the data folder: listing, removing, replacing."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from engine.canonical_keys import nearest
from engine.community.damaged import damaged_pack
from engine.community.pack_names import pack_name
from engine.errors import DamagedDataError, UnknownNameError
from engine.paths import Folders, bytes_of, entries, size_of
from engine.privacy import Door

if TYPE_CHECKING:
    from engine.community.pack import Pack, PassedOver


@dataclass(frozen=True, slots=True)
class PackInfo:
    """One pack as lists show it; `kind` is `community`, `features` or `genres`, counts that do not apply are 0.

    `collected` (when the listening was counted), `licence` and `checked` (what is known of a download) may be empty.
    """

    name: str
    kind: str
    level: str
    listeners: int
    items: int
    interactions: int
    source: str
    date: str
    bytes: int
    collected: str = ""
    licence: str = ""
    checked: str = ""


def joined(values: Iterable[str]) -> str:
    """Joined metadata of several packs: each different value once."""
    return ", ".join(dict.fromkeys(filter(None, values)))


def list_packs(folders: Folders) -> list[PackInfo]:
    """Every pack that can be read, by name."""
    return read_packs(folders)[0]


def read_packs(folders: Folders) -> tuple[list[PackInfo], dict[str, str]]:
    """Every pack that can be read, by name, and by the names of those that cannot sentences on them and what to do.

    Both are of one reading: a disk that fails for a moment leaves no pack out of both.
    """
    found = dict(_read_all(folders))
    unread = {name: str(one) for name, one in found.items() if isinstance(one, DamagedDataError)}
    return [one for one in found.values() if isinstance(one, PackInfo)], unread


def _read_all(folders: Folders) -> Iterator[tuple[str, PackInfo | DamagedDataError]]:
    for folder in entries(folders.packs):
        if folder.name.startswith("."):
            continue
        try:
            # One alone that the disk does not give: the others are read.
            if not folder.is_dir():
                continue
            yield folder.name, _info(folder, json.loads(bytes_of(folder / "manifest.json")))
        except FileNotFoundError:
            # One that was removed meanwhile is passed over.
            if os.path.isdir(folder):  # noqa: PTH112 - of what fails the path would raise
                missing = ValueError("its manifest is missing")
                yield folder.name, damaged_pack(missing, folder / "manifest.json")
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            yield folder.name, damaged_pack(error, folder / "manifest.json")


def _info(folder: Path, manifest: dict[str, object]) -> PackInfo:
    def count(key: str) -> int:
        value = manifest.get(key, 0)
        return value if isinstance(value, int) else 0

    return PackInfo(
        # What others call it by: a pack that took the place of another may say its own of before.
        name=folder.name,
        kind=str(manifest["kind"]),
        level=str(manifest.get("level", "tracks")),
        listeners=count("listeners"),
        items=count("items") or count("rows"),
        interactions=count("interactions"),
        source=str(manifest["source"]),
        date=str(manifest["date"]),
        bytes=size_of(folder),
        collected=str(manifest.get("collected", "")),
        licence=str(manifest.get("licence", "")),
        checked=str(manifest.get("checked", "")),
    )


def community_packs(folders: Folders, level: str) -> list[Pack]:
    """The community packs a model at this level is trained on, by name.

    Raises DamagedDataError where one of the packs there are cannot be read: it may be one of these.
    """
    from engine.community.pack import Pack

    found = [one for _, one in _read_all(folders)]
    for one in found:
        if isinstance(one, DamagedDataError):
            raise one
    return [
        Pack(folders.packs / info.name)
        for info in found
        if isinstance(info, PackInfo) and info.kind == "community" and info.level == level
    ]


def remove_pack(door: Door, name: str, *, kind: str | None = None) -> None:
    """Delete a pack, of one kind where that is said. Models trained on it stay until the next training.

    Raises UnknownNameError.
    """
    door.remove(_known_folder(door.folders, name, kind))


def put_in_place_of(door: Door, folder: Path, other: str) -> None:
    """Have the pack in a `folder` outside those in use take the place and the name of another. Raises
    UnknownNameError."""
    place = _known_folder(door.folders, other)
    manifest = json.loads(bytes_of(folder / "manifest.json")) | {"name": place.name}
    door.write_file(folder / "manifest.json", json.dumps(manifest, ensure_ascii=False).encode())
    door.replace_folder(place, folder)


def remember_passed(door: Door, name: str, passed: tuple[PassedOver, ...]) -> None:
    """Note with a pack which newer archives were read in vain. Raises UnknownNameError."""
    path = _known_folder(door.folders, name) / "manifest.json"
    manifest = json.loads(bytes_of(path)) | {"passed": msgspec.to_builtins(passed)}
    door.write_file(path, json.dumps(manifest, ensure_ascii=False).encode())


def stash_pack(door: Door, name: str) -> int:
    """Remove a pack from use; `restore_pack` undoes it. Returns a descriptor: while it is open no process deletes the
    pack.

    Raises UnknownNameError.
    """
    folder = _known_folder(door.folders, name)
    door.remove(_stashed(folder))
    door.rename(folder, _stashed(folder))
    descriptor = os.open(_stashed(folder), os.O_RDONLY)
    # If the disk has no locks, the process that closes the library drops it.
    with contextlib.suppress(OSError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return descriptor


def restore_pack(door: Door, name: str) -> None:
    """Put a pack that was stashed back in use. Raises UnknownNameError when it is gone, or there is a new one."""
    folder = door.folders.packs / name
    if folder.exists() or not _stashed(folder).is_dir():
        raise UnknownNameError(f"The pack {name} cannot be restored. Add its file again.")
    door.rename(_stashed(folder), folder)


def drop_stashed_packs(door: Door) -> None:
    """Delete stashed packs that no process holds: an app that stashed one can still undo that."""
    for folder in entries(door.folders.packs):
        if folder.name.startswith(".") and folder.name.endswith(_STASHED) and not _is_held(folder):
            door.remove(folder)


_STASHED = ".aside"


def _is_held(folder: Path) -> bool:
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False


def _stashed(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}{_STASHED}")


def _known_folder(folders: Folders, name: str, kind: str | None = None) -> Path:
    # Of all kinds by their folders: a pack that cannot be read can be removed too.
    names = [path.name for path in entries(folders.packs) if not path.name.startswith(".")]
    if kind is not None:
        names = [info.name for info in list_packs(folders) if info.kind == kind]
    found = next((known for known in (name, pack_name(name)) if known in names), None)
    if found is None:
        hint = (
            f" Did you mean {', '.join(nearest(name, names) or names[:3])}?" if names else " There are none."
        )
        raise UnknownNameError(f"No pack{f' of {kind}' if kind else ''} is called {name}.{hint}")
    return folders.packs / found
