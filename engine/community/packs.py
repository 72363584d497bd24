"""The packs in the data folder: list them, add what a file holds, remove one."""

from __future__ import annotations

import datetime
import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from engine.canonical_keys import Level, nearest
from engine.community.bad_lines import BadLines
from engine.community.pack_names import name_for, name_of_file, pack_name
from engine.errors import (
    DamagedDataError,
    UnknownNameError,
    UnreadableFileError,
    UsageError,
    reason,
    unreadable,
)
from engine.paths import Folders, why_not_read
from engine.privacy import Door
from engine.progress import Cancelled, CountReport

if TYPE_CHECKING:
    from engine.community.features import FeatureReport
    from engine.community.pack import Download, Pack, PackContent


class UnknownFormatError(UnreadableFileError):
    """What is at a path is of no layout that is read here."""


class Reader(Protocol):
    """What a module that reads one layout of community data offers."""

    @property
    def NAME(self) -> str:  # noqa: N802 - a module's constant
        """What `--format` calls it."""

    @property
    def TITLE(self) -> str:  # noqa: N802 - a module's constant
        """What it reads, for errors."""

    @property
    def LEVEL(self) -> Level:  # noqa: N802 - a module's constant
        """Artists or tracks."""

    def recognises(self, path: Path) -> bool:
        """Whether the data at `path` is of this layout, recognised by content."""

    def contents(
        self,
        path: Path,
        *,
        progress: CountReport | None = None,
        cancelled: Cancelled | None = None,
    ) -> Iterator[PackContent | UnreadableFileError]:
        """The communities in it, read one after the other in one go, and why one of them cannot be used."""


def readers() -> dict[str, Reader]:
    """Every reader of community data by name. Imported only here: listing packs needs no NumPy."""
    from engine.community.listenbrainz import ARTISTS, TRACKS
    from engine.community.plays import PLAYLISTS, PLAYS

    found: tuple[Reader, ...] = (*_published(), PLAYLISTS, PLAYS, ARTISTS, TRACKS)
    return {reader.NAME: reader for reader in found}


def _published() -> tuple[Reader, ...]:
    """The readers of published sets: what is one of these is nothing else."""
    from engine.community.audioscrobbler import AUDIOSCROBBLER
    from engine.community.hetrec import HETREC
    from engine.community.matrix import MATRIX
    from engine.community.million_playlists import MILLION_PLAYLISTS
    from engine.community.taste_profile import TASTE_PROFILE

    return HETREC, MILLION_PLAYLISTS, TASTE_PROFILE, AUDIOSCROBBLER, MATRIX


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
    """What several packs say of themselves as one: each different value once."""
    return ", ".join(dict.fromkeys(filter(None, values)))


def list_packs(folders: Folders) -> list[PackInfo]:
    """Every pack that can be read, by name; what is wrong with others `damaged_packs` says."""
    return [found for found in _read_all(folders) if isinstance(found, PackInfo)]


def damaged_packs(folders: Folders) -> list[str]:
    """Sentences on packs that cannot be read, and what to do."""
    return [str(found) for found in _read_all(folders) if isinstance(found, DamagedDataError)]


def _read_all(folders: Folders) -> Iterator[PackInfo | DamagedDataError]:
    for folder in sorted(folders.packs.iterdir()) if folders.packs.is_dir() else ():
        if folder.name.startswith(".") or not folder.is_dir():
            continue
        try:
            yield _info(folder, json.loads((folder / "manifest.json").read_bytes()))
        except FileNotFoundError:
            # One that was removed meanwhile is passed over.
            if folder.is_dir():
                yield _damaged(folder, ValueError("its manifest is missing"))
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            yield _damaged(folder, error)


def _damaged(folder: Path, why: Exception) -> DamagedDataError:
    return unreadable(
        why,
        folder / "manifest.json",
        f"The pack in {folder} cannot be read ({reason(why)}). Remove it and add it again: "
        f"discover community remove {folder.name}",
    )


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
        bytes=sum(file.stat().st_size for file in folder.iterdir()),
        collected=str(manifest.get("collected", "")),
        licence=str(manifest.get("licence", "")),
        checked=str(manifest.get("checked", "")),
    )


def community_packs(folders: Folders, level: str) -> list[Pack]:
    """The community packs a model at this level is trained on, by name.

    Raises DamagedDataError where one of the packs there are cannot be read: it may be one of these.
    """
    from engine.community.pack import Pack

    for found in _read_all(folders):
        if isinstance(found, DamagedDataError):
            raise found
    return [
        Pack(folders.packs / info.name)
        for info in list_packs(folders)
        if info.kind == "community" and info.level == level
    ]


@dataclass(frozen=True, slots=True)
class Added:
    """What was taken of a file: its packs, what became of its rows of features, and why a part of it was not.

    `bad` has, by pack, the lines that could not be used.
    """

    packs: tuple[PackInfo, ...]
    features: FeatureReport | None
    left_out: tuple[str, ...]
    bad: dict[str, BadLines]

    def as_dict(self) -> dict[str, Any]:
        """What was left out, by the keys of the command line's contract."""
        return {
            "left_out": list(self.left_out),
            "bad_lines": [
                {
                    "pack": pack,
                    "count": bad.count,
                    "reasons": dict(bad.reasons),
                    "entries": dict(bad.entries),
                    "first": [asdict(line) | {"shown": str(line)} for line in bad.first],
                }
                for pack, bad in self.bad.items()
                if bad.first
            ],
        }


def add_packs(
    door: Door,
    path: Path,
    *,
    format: str | None = None,  # noqa: A002 - the contract's word
    name: str | None = None,
    progress: CountReport | None = None,
    cancelled: Cancelled | None = None,
    library: sqlite3.Connection | None = None,
    licence: str = "",
) -> Added:
    """Take all that `path` holds, community data, features of tracks, genres, as a pack for each, called `name` (else
    after the file); packs of the same name, kind and level are replaced. `format` takes one reader's alone. `library`
    names what the file has by id alone; `licence` is that of what does not say its own.

    Raises UnreadableFileError when there is nothing to take, UsageError for an unknown format,
    PrivateSessionError in a private session.
    """
    from engine.community import features, genres

    door.require_writable("add a pack")
    if why := why_not_read(path):
        raise UnreadableFileError(f"{path} {why}. Choose a file, an archive or a folder.")
    found, words, sounds = _readers_for(path, format)
    turns = len(found) + words + sounds
    report: FeatureReport | None = None
    failed: list[UnreadableFileError] = []
    taken: dict[str, BadLines] = {}

    def progress_of(turn: int) -> CountReport | None:
        """Each reader goes through the whole file: how far one is, all of them are."""
        return progress and (lambda done, total: progress(turn * total + done, turns * total))

    for turn, reader in enumerate(found):
        try:
            for content in reader.contents(path, progress=progress_of(turn), cancelled=cancelled):
                if isinstance(content, UnreadableFileError):
                    failed.append(content)
                else:
                    content = replace(content, licence=content.licence or licence)
                    taken[add_content(door, content, name or name_of_file(path), path.name)] = content.bad
        except UnreadableFileError as error:
            failed.append(error)
    try:
        if words:
            with path.open("rb") as file:
                label, size = name or genres.KIND, path.stat().st_size
                label = genres.add_genres(
                    door, file, path.name, label, progress_of(turns - 1), cancelled, size=size
                )
                taken[label] = BadLines()
        if sounds:
            report = features.add_features(door, path, name, progress_of(turns - 1), cancelled, library)
            taken |= dict.fromkeys((report.name, *report.also), report.bad)
    except UnreadableFileError as error:
        failed.append(error)
    if not taken:
        raise (
            failed[0]
            if failed
            else UnknownFormatError(
                f"{path} is not community data in a known format. Known formats: discover community add --help."
            )
        )
    packs = {info.name: info for info in list_packs(door.folders)}
    return Added(tuple(packs[label] for label in taken), report, tuple(map(str, failed)), taken)


def add_content(
    door: Door,
    content: PackContent,
    name: str,
    source: str,
    *,
    checked: str = "",
    download: Download | None = None,
) -> str:
    """Write what a reader found as a pack, in place of one of the same name, kind and level; returns its name."""
    from engine.community.pack import KIND, write_pack

    label = name_for(door.folders, name, KIND, content.level)
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    with door.new_folder(door.folders.packs / label) as folder:
        write_pack(folder, content, name=label, source=source, date=today, checked=checked, download=download)
    return label


def _readers_for(path: Path, format: str | None) -> tuple[list[Reader], bool, bool]:  # noqa: A002 - the contract's word
    """The readers of community data that know what is at `path`, or the one asked for; whether genres, whether features
    are to be read.
    """
    from engine.community import acousticbrainz, features, genres
    from engine.community.listenbrainz import STATISTICS
    from engine.community.plays import PLAYLISTS, PLAYS

    if format is not None:
        known, others = readers(), (features.KIND, genres.KIND)
        if format not in (*known, *others):
            names = ", ".join(sorted((*known, *others)))
            raise UsageError(f"Unknown community format {format}. Known: {names}.")
        return [known[format]] if format in known else [], format == genres.KIND, format == features.KIND
    # The large archives first, by their beginning alone: all else looks for files in an archive.
    if STATISTICS.recognises(path):
        return [STATISTICS], False, False
    if (words := genres.recognises(path)) or acousticbrainz.recognises(path):
        return [], words, not words
    if (one := next((reader for reader in _published() if reader.recognises(path)), None)) is not None:
        return [one], False, False
    tables: tuple[Reader, ...] = (PLAYLISTS, PLAYS)
    found = [reader for reader in tables if reader.recognises(path)]
    return found, False, features.recognises(path, strict=not found)


def titles_of(path: Path) -> list[str]:
    """What `add_packs` would take of `path`, by the names of the layouts; empty for nothing."""
    from engine.community import features, genres

    try:
        found, words, sounds = _readers_for(path, None)
    except UnreadableFileError:
        return []
    titles = [reader.TITLE for reader in found]
    return [*titles, *[genres.TITLE] * words, *[features.TITLE] * sounds]


def remove_pack(door: Door, name: str, *, kind: str | None = None) -> None:
    """Delete a pack, of one kind where that is said. Models trained on it stay until the next training.

    Raises UnknownNameError.
    """
    door.remove(_known_folder(door.folders, name, kind))


def put_in_place_of(door: Door, folder: Path, other: str) -> None:
    """Have the pack in a `folder` outside those in use take the place and the name of another. Raises
    UnknownNameError."""
    place = _known_folder(door.folders, other)
    manifest = json.loads((folder / "manifest.json").read_bytes()) | {"name": place.name}
    door.write_file(folder / "manifest.json", json.dumps(manifest, ensure_ascii=False).encode())
    door.replace_folder(place, folder)


def stash_pack(door: Door, name: str) -> None:
    """Take a pack out of use: `restore_pack` undoes it until `drop_stashed_packs`. Raises UnknownNameError."""
    folder = _known_folder(door.folders, name)
    door.remove(_stashed(folder))
    door.rename(folder, _stashed(folder))


def restore_pack(door: Door, name: str) -> None:
    """Put a pack that was stashed back in use. Raises UnknownNameError when it is gone, or there is a new one."""
    folder = door.folders.packs / name
    if folder.exists() or not _stashed(folder).is_dir():
        raise UnknownNameError(f"The pack {name} cannot be restored. Add its file again.")
    door.rename(_stashed(folder), folder)


def drop_stashed_packs(door: Door) -> None:
    """Delete what was stashed and not restored."""
    for folder in door.folders.packs.glob(f".*{_STASHED}"):
        door.remove(folder)


_STASHED = ".aside"


def _stashed(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}{_STASHED}")


def _known_folder(folders: Folders, name: str, kind: str | None = None) -> Path:
    # Of all kinds by their folders: a pack that cannot be read can be removed too.
    names = [path.name for path in sorted(folders.packs.glob("[!.]*"))]
    if kind is not None:
        names = [info.name for info in list_packs(folders) if info.kind == kind]
    found = next((known for known in (name, pack_name(name)) if known in names), None)
    if found is None:
        hint = (
            f" Did you mean {', '.join(nearest(name, names) or names[:3])}?" if names else " There are none."
        )
        raise UnknownNameError(f"No pack{f' of {kind}' if kind else ''} is called {name}.{hint}")
    return folders.packs / found
