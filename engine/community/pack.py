"""A community pack on disk: listeners x items play counts, a catalog and a manifest, in one immutable folder."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from engine.canonical_keys import Level
from engine.community.bad_lines import BadLines
from engine.community.catalog import Catalog, write_catalog
from engine.community.damaged import damaged_in_words, damaged_pack, other_format
from engine.errors import ARRAY_ERRORS, DamagedDataError
from engine.mapped import mapped_array
from engine.paths import bytes_of, size_of

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

FORMAT = 1
KIND = "community"
_AT_A_TIME = 1 << 22
MBIDS_FILE = "mbids.npy"


class Download(msgspec.Struct, frozen=True, kw_only=True):
    """A record of the bytes a pack was made from: how many were read, their SHA-256 and that of the member."""

    url: str
    bytes: int
    sha256: str
    etag: str
    last_modified: str
    member_sha256: str = ""


class PassedOver(msgspec.Struct, frozen=True, kw_only=True):
    """An archive that was read and does not hold, so that it is not downloaded again: its size, null where nobody says,
    `why`, and how many `listeners` it has where those are too few."""

    url: str
    bytes: int | None
    why: str
    listeners: int | None = None


class PackManifest(msgspec.Struct, frozen=True, kw_only=True):
    """A pack's contents and origin.

    `date` is when it was added, `collected` when the listening was counted, empty where unknown; `source` names who
    made the data, else the file, not its folder; `notes` says what was done to the data, `checked` what is known of the
    download's wholeness, `passed` which newer archives were read in vain.
    """

    format: int
    kind: str
    name: str
    level: str
    listeners: int
    items: int
    interactions: int
    source: str
    date: str
    digest: str
    dropped: dict[str, int] = {}
    collected: str = ""
    licence: str = ""
    notes: tuple[str, ...] = ()
    checked: str = ""
    download: Download | None = None
    passed: tuple[PassedOver, ...] = ()


@dataclass(frozen=True)
class PackContent:
    """What a reader found: play counts, names and tags.

    plays: (listeners, items) float32 CSR without duplicates, its values positive and finite; names: one an item (a
    track's made by `engine.canonical_keys.track_name`); tags: (item id, tag, weight); dropped: rows left out, by
    reason; mbids: (items, 16) uint8, their MusicBrainz ids, zeros where one has none, null where none has; source
    (empty: the file's name is), collected, licence, notes, passed: as in the manifest; bad: the first lines left out,
    which are said and not kept.
    """

    plays: csr_matrix
    names: Sequence[str]
    tags: Sequence[tuple[int, str, float]]
    dropped: dict[str, int]
    level: Level = "artists"
    source: str = ""
    collected: str = ""
    licence: str = ""
    notes: tuple[str, ...] = ()
    mbids: np.ndarray | None = None
    bad: BadLines = field(default_factory=BadLines)
    passed: tuple[PassedOver, ...] = ()


def write_pack(
    folder: Path,
    content: PackContent,
    *,
    name: str,
    source: str,
    date: str,
    checked: str = "",
    download: Download | None = None,
) -> PackManifest:
    """Write a pack's files into an empty folder (one from `Door.new_folder`)."""
    matrix, items = content.plays, len(content.names)
    matrix.sort_indices()
    np.save(folder / "indptr.npy", matrix.indptr.astype(np.int64))
    np.save(folder / "indices.npy", matrix.indices.astype(np.int32, copy=False))
    np.save(folder / "plays.npy", matrix.data)
    if content.mbids is not None:
        np.save(folder / MBIDS_FILE, content.mbids)
    listeners = np.bincount(matrix.indices, minlength=items)
    totals = np.zeros(items)
    for start in range(0, matrix.nnz, _AT_A_TIME):
        some = slice(start, start + _AT_A_TIME)
        totals += np.bincount(matrix.indices[some], weights=matrix.data[some], minlength=items)
    write_catalog(
        folder / "catalog.sqlite",
        ((label, int(listeners[i]), int(totals[i])) for i, label in enumerate(content.names)),
        content.tags,
    )
    manifest = PackManifest(
        format=FORMAT,
        kind=KIND,
        name=name,
        level=content.level,
        listeners=matrix.shape[0],
        items=items,
        interactions=int(matrix.nnz),
        source=content.source or source,
        date=date,
        digest=digest_of_plays(folder),
        dropped=content.dropped,
        collected=content.collected,
        licence=content.licence,
        notes=content.notes,
        checked=checked,
        download=download,
        passed=content.passed,
    )
    (folder / "manifest.json").write_bytes(msgspec.json.format(msgspec.json.encode(manifest)))
    return manifest


def digest_of_plays(folder: Path) -> str:
    """SHA-256 over the matrix files, which identifies a model's training data."""
    digest = hashlib.sha256()
    for name in ("indptr.npy", "indices.npy", "plays.npy"):
        with (folder / name).open("rb") as file:
            while block := file.read(1 << 16):
                digest.update(block)
    return digest.hexdigest()


class Pack:
    """A pack opened for reading. Raises DamagedDataError when its files are missing or of another format."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            manifest = msgspec.json.decode(bytes_of(folder / "manifest.json"), type=PackManifest)
        except (OSError, ValueError, RecursionError) as error:
            raise damaged_pack(error, folder / "manifest.json") from error
        self.manifest = msgspec.structs.replace(manifest, name=folder.name)
        if self.manifest.format != FORMAT:
            raise other_format(folder, self.manifest.format, FORMAT)

    def why_damaged(self) -> str:
        """Why the plays are not those that were written, or the catalog is of other items; empty where all is well. All
        of it is read."""
        with closing(self.catalog()) as catalog:
            if not catalog.is_of(self.manifest.items):
                return "its catalog is of other items"
        if digest_of_plays(self.folder) != self.manifest.digest:
            return "its bytes are not those that were written"
        return ""

    def require_whole(self) -> None:
        """Raise DamagedDataError if it is damaged."""
        try:
            why = self.why_damaged()
        except (OSError, sqlite3.Error) as error:
            raise damaged_pack(error, self.folder / "plays.npy") from error
        if why:
            raise DamagedDataError(damaged_in_words(self.folder, why))

    def matrix(self) -> csr_matrix:
        """Play counts, listeners x items, float32 CSR with sorted columns: mapped from the files, for reading alone."""
        from scipy.sparse import csr_matrix

        try:
            parts = [mapped_array(self.folder / f"{name}.npy") for name in ("plays", "indices", "indptr")]
            matrix = csr_matrix(tuple(parts), shape=(self.manifest.listeners, self.manifest.items))
            # What is compiled does not look where an index leads: one outside ends the process.
            matrix.check_format(full_check=True)
        except ARRAY_ERRORS as error:
            raise damaged_pack(error, self.folder / "plays.npy") from error
        # As it was written.
        matrix.has_canonical_format = True
        return matrix

    def mbids(self) -> np.ndarray | None:
        """MusicBrainz ids of the items: (items, 16) uint8, zeros where one has none; null where the pack has none."""
        path = self.folder / MBIDS_FILE
        if not path.exists():
            return None
        try:
            found: np.ndarray = mapped_array(path).reshape(self.manifest.items, 16)
        except ARRAY_ERRORS as error:
            raise damaged_pack(error, path) from error
        return found

    def catalog(self) -> Catalog:
        """Names, keys and tags of the pack's items."""
        return Catalog(self.folder / "catalog.sqlite")

    def bytes(self) -> int:
        """Size on disk."""
        return size_of(self.folder)
