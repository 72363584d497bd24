"""A community pack on disk: listeners x items play counts, a catalog and a manifest, in one immutable folder."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from engine.canonical_keys import Level
from engine.community.catalog import Catalog, write_catalog
from engine.errors import DamagedDataError

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

FORMAT = 1
KIND = "community"


class PackManifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a pack is and where it came from. `date` is when it was added; `source` names the file, not its folder."""

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


@dataclass(frozen=True)
class PackContent:
    """What a reader found: one row an interaction, ids 0-based and dense, plus names and tags.

    listener, item: (interactions,) integer arrays; plays: (interactions,) float32, positive and finite;
    names: one an item (a track's made by `engine.canonical_keys.track_name`); tags: (item id, tag, weight);
    dropped: rows left out, by reason.
    """

    listener: np.ndarray
    item: np.ndarray
    plays: np.ndarray
    names: Sequence[str]
    tags: Sequence[tuple[int, str, float]]
    dropped: dict[str, int]
    level: Level = "artists"


def write_pack(folder: Path, content: PackContent, *, name: str, source: str, date: str) -> PackManifest:
    """Write a pack's files into an empty folder (one from `Door.new_folder`)."""
    from scipy.sparse import coo_matrix  # only packing needs it: recommending must start without

    shape = (int(content.listener.max()) + 1 if len(content.listener) else 0, len(content.names))
    matrix = coo_matrix(
        (content.plays.astype(np.float32), (content.listener, content.item)), shape=shape
    ).tocsr()
    matrix.sort_indices()
    np.save(folder / "indptr.npy", matrix.indptr.astype(np.int64))
    np.save(folder / "indices.npy", matrix.indices.astype(np.int32))
    np.save(folder / "plays.npy", matrix.data)
    listeners = np.bincount(matrix.indices, minlength=shape[1])
    totals = np.bincount(matrix.indices, weights=matrix.data, minlength=shape[1])
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
        listeners=shape[0],
        items=shape[1],
        interactions=int(matrix.nnz),
        source=source,
        date=date,
        digest=_digest(folder),
        dropped=content.dropped,
    )
    (folder / "manifest.json").write_bytes(msgspec.json.format(msgspec.json.encode(manifest)))
    return manifest


def _digest(folder: Path) -> str:
    """SHA-256 over the matrix files, so that a model can say exactly what it was trained on."""
    digest = hashlib.sha256()
    for name in ("indptr.npy", "indices.npy", "plays.npy"):
        with (folder / name).open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


class Pack:
    """A pack opened for reading. Raises DamagedDataError when its files are missing or of another format."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            self.manifest = msgspec.json.decode((folder / "manifest.json").read_bytes(), type=PackManifest)
        except (OSError, msgspec.DecodeError) as error:
            raise DamagedDataError(
                f"The pack in {folder} cannot be read ({error}). Remove it and add it again: "
                f"discover community remove {folder.name}"
            ) from error
        if self.manifest.format != FORMAT:
            raise DamagedDataError(
                f"The pack {self.manifest.name} has format {self.manifest.format}; this discover reads {FORMAT}. "
                "Remove it and add it again."
            )

    def matrix(self) -> csr_matrix:
        """Play counts, listeners x items, float32 CSR with sorted columns."""
        from scipy.sparse import csr_matrix

        try:
            parts = [np.load(self.folder / f"{name}.npy") for name in ("plays", "indices", "indptr")]
        except (OSError, ValueError, EOFError) as error:
            raise DamagedDataError(
                f"The pack {self.manifest.name} is damaged ({error}). Remove it and add it again."
            ) from error
        return csr_matrix(tuple(parts), shape=(self.manifest.listeners, self.manifest.items))

    def catalog(self) -> Catalog:
        """Names, keys and tags of the pack's items."""
        return Catalog(self.folder / "catalog.sqlite")

    def bytes(self) -> int:
        """Size on disk."""
        return sum(file.stat().st_size for file in self.folder.iterdir())
