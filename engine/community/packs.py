"""The packs in the data folder: list them, add one, remove one."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from engine.errors import DamagedDataError, UnknownNameError, UnreadableFileError, UsageError
from engine.names import nearest
from engine.paths import Folders
from engine.privacy import Door

if TYPE_CHECKING:
    from engine.community.pack import Pack, PackContent, PackManifest


class Reader(Protocol):
    """What a module that reads one layout of community data offers."""

    NAME: str
    TITLE: str

    def recognises(self, path: Path) -> bool:
        """Whether the data at `path` is of this layout, told by content."""

    def read(
        self,
        path: Path,
        *,
        progress: Callable[[int, int], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> PackContent:
        """Everything in it that can be used."""


def readers() -> dict[str, Reader]:
    """Every reader by name. Imported only here: listing packs needs no NumPy."""
    from engine.community import hetrec, playlists

    return {hetrec.NAME: hetrec, playlists.NAME: playlists}


@dataclass(frozen=True, slots=True)
class PackInfo:
    """One pack as lists show it; `kind` is `community` or `features`, counts that do not apply are 0."""

    name: str
    kind: str
    level: str
    listeners: int
    items: int
    interactions: int
    source: str
    date: str
    bytes: int


def list_packs(folders: Folders) -> list[PackInfo]:
    """Every pack, by name. Raises DamagedDataError naming the folder when a manifest cannot be read."""
    if not folders.packs.is_dir():
        return []
    found = []
    for folder in sorted(folders.packs.iterdir()):
        if folder.name.startswith(".") or not folder.is_dir():
            continue
        try:
            manifest = json.loads((folder / "manifest.json").read_bytes())
            found.append(_info(folder, manifest))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DamagedDataError(
                f"The pack in {folder} cannot be read ({error}). Remove it and add it again: "
                f"discover community remove {folder.name}"
            ) from error
    return found


def _info(folder: Path, manifest: dict[str, object]) -> PackInfo:
    def count(key: str) -> int:
        value = manifest.get(key, 0)
        return value if isinstance(value, int) else 0

    return PackInfo(
        name=str(manifest["name"]),
        kind=str(manifest["kind"]),
        level=str(manifest.get("level", "tracks")),
        listeners=count("listeners"),
        items=count("items") or count("rows"),
        interactions=count("interactions"),
        source=str(manifest["source"]),
        date=str(manifest["date"]),
        bytes=sum(file.stat().st_size for file in folder.iterdir()),
    )


def community_packs(folders: Folders, level: str) -> list[Pack]:
    """The community packs a model at this level is trained on, by name."""
    from engine.community.pack import Pack

    return [
        Pack(folders.packs / info.name)
        for info in list_packs(folders)
        if info.kind == "community" and info.level == level
    ]


def add_pack(
    door: Door,
    path: Path,
    *,
    format: str | None = None,  # noqa: A002 - the contract's word
    name: str | None = None,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> PackManifest:
    """Read community data at `path` into a pack called `name` (else after the file), replacing one of that name.

    Raises UnreadableFileError when nothing there is known, UsageError for an unknown format,
    PrivateSessionError in a private session.
    """
    from engine.community.pack import write_pack

    door.require_writable("add a pack")
    reader = _reader_for(path, format)
    label = _pack_name(name or _stem(path))
    content = reader.read(path, progress=progress, cancelled=cancelled)
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    with door.new_folder(door.folders.packs / label) as folder:
        return write_pack(folder, content, name=label, source=path.name, date=today)


def _reader_for(path: Path, format: str | None) -> Reader:  # noqa: A002 - the contract's word
    if not path.exists():
        raise UnreadableFileError(f"{path} does not exist.")
    known_readers = readers()
    if format is not None:
        if format not in known_readers:
            names = ", ".join(sorted(known_readers))
            raise UsageError(f"Unknown community format {format}. Known: {names}.")
        return known_readers[format]
    for reader in known_readers.values():
        if reader.recognises(path):
            return reader
    known = ", ".join(reader.TITLE for reader in known_readers.values())
    raise UnreadableFileError(f"{path} is not community data in a known format. Known: {known}.")


def _stem(path: Path) -> str:
    resolved = path.resolve()
    return resolved.name if resolved.is_dir() else resolved.stem


def _pack_name(text: str) -> str:
    """A name that is safe as a folder: lower case letters, digits, dots and dashes."""
    return re.sub(r"[^a-z0-9.]+", "-", text.lower()).strip("-.") or "pack"


def remove_pack(door: Door, name: str) -> None:
    """Delete a pack. Models trained on it stay until the next training. Raises UnknownNameError."""
    door.remove(_known_folder(door.folders, name))


def set_pack_aside(door: Door, name: str) -> None:
    """Take a pack out of use: `bring_pack_back` undoes it until `drop_packs_aside`. Raises UnknownNameError."""
    folder = _known_folder(door.folders, name)
    door.remove(_aside(folder))
    door.rename(folder, _aside(folder))


def bring_pack_back(door: Door, name: str) -> None:
    """Put a pack that was set aside back in use. Raises UnknownNameError when it is gone, or there is a new one."""
    folder = door.folders.packs / name
    if folder.exists() or not _aside(folder).is_dir():
        raise UnknownNameError(f"The pack {name} cannot be restored. Add its file again.")
    door.rename(_aside(folder), folder)


def drop_packs_aside(door: Door) -> None:
    """Delete what was set aside and not brought back."""
    for folder in door.folders.packs.glob(f".*{_ASIDE}"):
        door.remove(folder)


_ASIDE = ".aside"


def _aside(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}{_ASIDE}")


def _known_folder(folders: Folders, name: str) -> Path:
    names = [path.name for path in folders.packs.iterdir()] if folders.packs.is_dir() else []
    names = [known for known in names if not known.startswith(".")]
    if name not in names:
        hint = f" Did you mean {', '.join(nearest(name, names))}?" if names else " There are none."
        raise UnknownNameError(f"No pack is called {name}.{hint}")
    return folders.packs / name
