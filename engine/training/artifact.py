"""A trained model on disk: item factors, catalog, index and a manifest, in one immutable folder.

The folder holds what the community (or, in solo mode, the person's sessions) contributed about *items*. The person's
own row is never in it: they are folded in when needed, so that a block or a deletion takes effect at once. The
neighbours hold rows of the community, which its public pack holds too, and no names of anyone. `models/current` names
the folder in use, `models/current-tracks` that of the tracks' model; switching to a new model is one atomic rename of
that small file.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import numpy as np

from engine.canonical_keys import Level
from engine.community.catalog import Catalog
from engine.errors import ARRAY_ERRORS, DamagedDataError, NothingYetError, reason, unreadable
from engine.index import Index, build_index, open_index
from engine.mapped import mapped_array
from engine.model.ensemble import FACTORS_ALONE, SOLO_WEIGHTS, Members
from engine.model.fold_in import ItemFactors
from engine.model.neighbours import Neighbours
from engine.model.similarity import ItemSimilarity, Listens
from engine.paths import Folders, bytes_of, digest_of, has_digest, what_is_wrong
from engine.progress import Cancelled, CountReport
from engine.search import NameIndex, open_names
from engine.training.manifest import ModelManifest
from engine.training.mending import TRAIN_AGAIN, mend, mend_pointer, open_catalog, train_command
from engine.training.search_names import names_of_artists, names_of_items

# The first format's neighbours are rows of listeners, which this version does not score by; its weights were learned
# for the closeness of that time (`engine.model.ensemble.Members`).
FORMAT, WITHOUT_NEIGHBOURS = 2, 1
MANIFEST = "manifest.json"
_Cells = TypeVar("_Cells", Neighbours, Listens)
# The pointer to the model in use, by level.
POINTERS: dict[Level, str] = {"artists": "current", "tracks": "current-tracks"}


@dataclass
class Model:
    """A model opened for use. Factors are memory-mapped; the index loads its trees on first use."""

    folder: Path
    manifest: ModelManifest
    catalog: Catalog = field(repr=False)

    @cached_property
    def names(self) -> NameIndex:
        """The name index of items, for tracks by title; rebuilt if the model is older than this file."""
        return self._names("") or names_of_items(self.catalog.all_names(), self.listeners)

    @cached_property
    def artist_names(self) -> NameIndex:
        """The name index of tracks' artists, numbered as in `artists`."""
        assert self.artists is not None  # noqa: S101 - asked for of tracks alone
        return self._names("artists/") or names_of_artists(self.catalog.all_names(), self.artists)

    def _names(self, folder: str) -> NameIndex | None:
        """What is written in the model's `folder` (with a slash); null where nothing is."""
        written = [name for name in self.manifest.digests if name.startswith(f"{folder}names_")]
        for name in written:
            # Damaged numbers would point to wrong names, or to none.
            if not has_digest(self.folder / name, self.manifest.digests[name]):
                raise self._changed(name)
        return open_names(self.folder / folder) if written else None

    def _mend(self, name: str) -> str:
        return mend(self.manifest, [name])

    def _changed(self, name: str) -> DamagedDataError:
        return DamagedDataError(f"{self.folder / name} was changed since it was written. {self._mend(name)}")

    def _mapped(self, name: str, shape: tuple[int, ...], dtype: type[np.generic]) -> np.ndarray:
        """An array, mapped, that is of the kind and as large as the manifest says."""
        path = self.folder / name
        try:
            array = mapped_array(path)
        except ARRAY_ERRORS as error:
            raise unreadable(error, path, f"{path} {what_is_wrong(path)}. {self._mend(name)}") from error
        if array.shape != shape or array.dtype != dtype:
            raise DamagedDataError(
                f"{path} holds {array.shape} {array.dtype} where {shape} {np.dtype(dtype)} was expected. "
                f"{self._mend(name)}"
            )
        return array

    @cached_property
    def factors(self) -> ItemFactors:
        """Item factors (items, factors) float32 with their Gram matrix and regularization."""
        return ItemFactors(
            self._mapped("item_factors.npy", (self.manifest.items, self.manifest.factors), np.float32),
            regularization=self.manifest.regularization,
            frequency_exponent=self.manifest.frequency_exponent,
            gram=self._whole("gram.npy", (self.manifest.factors, self.manifest.factors), np.float64),
        )

    @cached_property
    def listeners(self) -> np.ndarray:
        """How many listeners of the community played each item: (items,) int32."""
        return self._whole("listeners.npy", (self.manifest.items,), np.int32)

    @cached_property
    def artists(self) -> np.ndarray | None:
        """The number of each track's artist: (items,) int32; null where items are artists."""
        if self.manifest.level == "artists":
            return None
        return self._whole("artists.npy", (self.manifest.items,), np.int32)

    @cached_property
    def members(self) -> Members:
        """Everything the ensemble ranks by."""
        return Members(
            self.factors,
            self.listeners,
            self._neighbours(),
            artists=self.artists,
            by_length=self.manifest.format == WITHOUT_NEIGHBOURS,
        )

    def _neighbours(self) -> Neighbours | None:
        joined = self._cells("joined", Neighbours)
        near = self._cells("neighbours", Neighbours, fewer=joined is not None)
        return msgspec.structs.replace(near, joined=joined) if near is not None else None

    @cached_property
    def similarity(self) -> ItemSimilarity:
        """The similarity of two items."""
        listens = self._cells("listens", Listens)
        # Hubness keeps its first file name, so that earlier models open; the first ones' is of another similarity.
        hubness = (
            self._whole("crowding.npy", (self.manifest.items,), np.float32) if listens is not None else None
        )
        return ItemSimilarity(self.factors.item_factors, listens, hubness)

    def _cells(self, kind: str, of: type[_Cells], *, fewer: bool = False) -> _Cells | None:
        """Cells by item, of `fewer` items where that may be, of the files that begin with `kind`; null for a model that
        has none."""
        names = [f"{kind}_{name}.npy" for name in of.ARRAYS]
        if not set(names) <= self.manifest.digests.keys():
            return None
        try:
            # Mapped, but as plain arrays: the class for maps makes each slice slower.
            arrays = [np.asarray(mapped_array(self.folder / name)) for name in names]
        except ARRAY_ERRORS as error:
            bad = min((self.folder / name for name in names), key=Path.is_file)
            raise unreadable(error, bad, f"{bad} {what_is_wrong(bad)}. {self._mend(bad.name)}") from error
        starts, cells, whole = arrays[0], len(arrays[1]), self.manifest.items + 1
        # Invalid starts would allocate unbounded memory; indices within the cells are checked by NumPy.
        if (
            starts.ndim != 1
            or not (1 if fewer else whole) <= len(starts) <= whole
            or (starts[0], starts[-1]) != (0, cells)
            or (np.diff(starts) < 0).any()
        ):
            raise DamagedDataError(
                f"The {kind} in {self.folder} belong to another model. {self._mend(names[0])}"
            )
        # The arrays are its first fields, in this order.
        return of(*arrays)  # type: ignore[arg-type]

    def _whole(self, name: str, shape: tuple[int, ...], dtype: type[np.generic]) -> np.ndarray:
        """A small array, checked byte for byte; the index checks the item factors when it is opened."""
        array = self._mapped(name, shape, dtype)
        if not has_digest(self.folder / name, self.manifest.digests.get(name)):
            raise self._changed(name)
        return array

    @cached_property
    def index(self) -> Index:
        """The index over the item factors."""
        return open_index(self.folder / "index", self.factors.item_factors)

    def close(self) -> None:
        """Release the catalog's file; the maps go with the object."""
        self.catalog.close()


def write_arrays(
    folder: Path,
    item_factors: np.ndarray,
    gram: np.ndarray,
    listeners: np.ndarray,
    artists: np.ndarray | None = None,
) -> dict[str, str]:
    """Write the model's arrays, of tracks also their `artists` by number, into `folder` and return their digests."""
    arrays: dict[str, np.ndarray] = {
        "item_factors": np.ascontiguousarray(item_factors, dtype=np.float32),
        "gram": gram.astype(np.float64),
        "listeners": listeners.astype(np.int32),
    }
    if artists is not None:
        arrays["artists"] = artists.astype(np.int32)
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    return {path.name: digest_of(path) for path in sorted(folder.glob("*.npy"))}


def write_neighbours(
    folder: Path, neighbours: Neighbours, listens: Listens, hubness: np.ndarray, kind: str = "neighbours"
) -> dict[str, str]:
    """Write the neighbours' arrays, in files of that `kind`, listens, and hubness; returns the digests."""
    arrays: dict[str, np.ndarray] = {"crowding": hubness}
    for begin, cells in ((kind, neighbours), ("listens", listens)):
        arrays |= {f"{begin}_{file}": getattr(cells, name) for file, name in cells.ARRAYS.items()}
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    return {f"{name}.npy": digest_of(folder / f"{name}.npy") for name in arrays}


def write_index(
    folder: Path,
    factors: np.ndarray,
    queries: np.ndarray,
    seed: int,
    progress: CountReport | None = None,
    cancelled: Cancelled | None = None,
) -> tuple[dict[str, Any], dict[str, str]]:
    """Build the index of `factors` (items, factors) in the model's `folder`, calibrated on `queries` (`build_index`);
    returns what the manifest says of it, and the digests. Raises CancelledError."""
    (folder / "index").mkdir()
    index = build_index(folder / "index", factors, queries, seed=seed, progress=progress, cancelled=cancelled)
    about = {
        "trees": index.trees,
        "search_k": index.search_k,
        "recall": round(index.recall, 4),
        "bytes": index.bytes,
        "serves": {kind: index.serving(kind) for kind in ("best", "nearest")},
    }
    files = sorted((folder / "index").iterdir())
    return about, {f"index/{file.name}": digest_of(file) for file in files}


def write_manifest(folder: Path, manifest: ModelManifest) -> None:
    """Write the manifest beside the model's files."""
    (folder / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest)))


def linked(model: Model, folder: Path, names: Sequence[str]) -> dict[str, str]:
    """Link unchanged files into another model folder, or copy them if the disk has no links. Returns digests by
    file."""
    for name in names:
        (folder / name).parent.mkdir(exist_ok=True)
        try:
            os.link(model.folder / name, folder / name)
        except OSError:
            shutil.copyfile(model.folder / name, folder / name)
    return {name: model.manifest.digests[name] for name in names}


def current_manifest(folders: Folders, level: Level = "artists") -> ModelManifest | None:
    """The manifest of the model of a level in use, or None when none was trained yet.

    Raises DamagedDataError if the pointer is dangling or the manifest is unreadable.
    """
    pointer = folders.models / POINTERS[level]
    if not pointer.exists():
        return None
    again = mend_pointer(level)
    try:
        folder = folders.models / bytes_of(pointer).decode().strip()
    except (OSError, ValueError) as error:
        raise unreadable(error, pointer, f"{pointer} names no model ({reason(error)}). {again}") from error
    if folder == folders.models or not _is_folder(folder):
        raise DamagedDataError(f"{pointer} names a model that is not there. {again}")
    return read_manifest(folder)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):  # no name a disk can hold
        return False


def read_manifest(folder: Path) -> ModelManifest:
    """The manifest of the model in a folder. Raises DamagedDataError when it cannot be read."""
    try:
        manifest = msgspec.json.decode(bytes_of(folder / MANIFEST), type=ModelManifest)
    # Besides its own DecodeError msgspec raises UnicodeDecodeError; a ValueError too, as is a NUL in a path.
    except (OSError, ValueError, RecursionError) as error:
        path = folder / MANIFEST
        raise unreadable(error, path, f"{path} {what_is_wrong(path)}. {TRAIN_AGAIN}") from error
    if manifest.format not in (FORMAT, WITHOUT_NEIGHBOURS):
        raise DamagedDataError(
            f"The model has format {manifest.format}; this discover reads {FORMAT}. {mend(manifest, [MANIFEST])}"
        )
    if manifest.solo and manifest.ensemble != SOLO_WEIGHTS:
        # Of an earlier version, which learned weights and measured itself on another task.
        manifest = msgspec.structs.replace(manifest, ensemble=SOLO_WEIGHTS, validation={})
    if manifest.format == WITHOUT_NEIGHBOURS:
        others = {name: weight for name, weight in manifest.ensemble.items() if name != "neighbours"}
        return msgspec.structs.replace(manifest, ensemble=others or FACTORS_ALONE)
    return manifest


def damaged_files(folders: Folders, levels: Iterable[Level] = tuple(POINTERS)) -> list[tuple[Level, str]]:
    """Files of the models in use, with their level, whose digests differ from the manifest's."""
    found: list[tuple[Level, str]] = []
    for level in levels:
        manifest = current_manifest(folders, level)
        if manifest is not None:
            folder = folders.models / manifest.id
            found += [
                (level, name)
                for name, digest in manifest.digests.items()
                if not has_digest(folder / name, digest)
            ]
    return found


def open_model(folders: Folders, level: Level = "artists") -> Model:
    """Open the model of a level in use.

    Raises NothingYetError when there is none, DamagedDataError when its files are.
    """
    manifest = current_manifest(folders, level)
    if manifest is None:
        of = "" if level == "artists" else f" of {level}"
        raise NothingYetError(f"No model{of} yet. Train one: {train_command(level)}.")
    return open_folder(folders.models / manifest.id, manifest)


def open_folder(folder: Path, manifest: ModelManifest) -> Model:
    """Open the model in a folder, whose manifest was read."""
    return Model(folder, manifest, open_catalog(folder, manifest))
