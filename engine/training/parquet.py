"""Exports community data as Parquet, for a cluster: plays by numbered listeners, and the items.

A folder holds `plays/` (listener, item: int32; plays: float32; by listener, no pair twice), `items.parquet` (item,
artist, track, MusicBrainz id, listeners, plays) and `manifest.json`. Listeners are numbers, which stand for nobody
outside it; items are numbered as training numbers the columns of all packs of a level. Needs PyArrow, of the extra
`parquet`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import numpy as np

from engine.canonical_keys import SEPARATOR, Level
from engine.errors import CancelledError, DamagedDataError, DiscoverError
from engine.paths import digest_of
from engine.progress import Cancelled, CountReport
from engine.training.interactions import Interactions

FORMAT, KIND = 1, "plays as Parquet"
EXTRA = "pip install 'discover-music[parquet]'"
MANIFEST, PLAYS, ITEMS = "manifest.json", "plays", "items.parquet"
# Pairs a file: about 40 MB, of which a reader holds one.
PAIRS = 8_000_000


class ParquetManifest(msgspec.Struct, frozen=True, kw_only=True):
    """What an export holds and where it came from; `digest` is of the packs, `files` have SHA-256 by name."""

    format: int
    kind: str
    level: str
    listeners: int
    items: int
    interactions: int
    packs: list[str]
    source: str
    collected: str
    digest: str
    files: dict[str, str]


def write_parquet(
    folder: Path,
    data: Interactions,
    level: Level,
    *,
    progress: CountReport | None = None,
    cancelled: Cancelled | None = None,
) -> ParquetManifest:
    """Write into an empty folder. Raises DiscoverError where PyArrow is missing, CancelledError."""
    require_pyarrow()
    (folder / PLAYS).mkdir()
    files: list[Path] = []
    ends = data.plays.indptr
    first = 0
    while first < data.plays.shape[0]:
        # Whole listeners, so that a file can be read alone.
        last = max(first + 1, int(np.searchsorted(ends, ends[first] + PAIRS, side="right")) - 1)
        if cancelled is not None and cancelled():
            raise CancelledError("Stopped; nothing was exported.")
        files.append(folder / PLAYS / f"part-{len(files):05}.parquet")
        _write_plays(files[-1], data, first, last)
        first = last
        if progress is not None:
            progress(int(ends[first]), int(ends[-1]))
    files.append(folder / ITEMS)
    _write_items(files[-1], data, level)
    manifest = ParquetManifest(
        format=FORMAT,
        kind=KIND,
        level=level,
        listeners=int(data.plays.shape[0]),
        items=len(data.names),
        interactions=int(data.plays.nnz),
        packs=list(data.packs),
        source=data.source,
        collected=data.collected,
        digest=data.digest,
        files={file.relative_to(folder).as_posix(): digest_of(file) for file in files},
    )
    (folder / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest)))
    return manifest


def manifest_from(encoded: bytes, where: str) -> ParquetManifest:
    """What `manifest.json` says. Raises DamagedDataError naming `where` it is."""
    try:
        manifest = msgspec.json.decode(encoded, type=ParquetManifest)
    except (ValueError, RecursionError) as error:
        raise DamagedDataError(f"{where} is not an export of discover ({error}).") from error
    if (manifest.kind, manifest.format) != (KIND, FORMAT):
        raise DamagedDataError(
            f"{where} has the format {manifest.format} of {manifest.kind}; this discover reads {FORMAT} of {KIND}. "
            "Export it again."
        )
    return manifest


def require_pyarrow() -> None:
    """Raise DiscoverError naming the extra where PyArrow is missing."""
    try:
        import pyarrow  # noqa: F401 - asked whether it is there
    except ImportError as error:
        raise DiscoverError(f"Parquet needs PyArrow: {EXTRA}") from error


def _write_plays(path: Path, data: Interactions, first: int, last: int) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    part = slice(*data.plays.indptr[[first, last]])
    listeners = np.repeat(
        np.arange(first, last, dtype=np.int32), np.diff(data.plays.indptr[first : last + 1])
    )
    _write(
        parquet,
        path,
        pa.table(
            {
                "listener": listeners,
                "item": data.plays.indices[part].astype(np.int32, copy=False),
                "plays": data.plays.data[part].astype(np.float32, copy=False),
            }
        ),
    )


def _write_items(path: Path, data: Interactions, level: Level) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    artists, tracks = zip(
        *((a, t) for a, _, t in (name.partition(SEPARATOR) for name in data.names)), strict=True
    )
    _write(
        parquet,
        path,
        pa.table(
            {
                "item": np.arange(len(data.names), dtype=np.int32),
                "artist": pa.array(artists, pa.string()),
                "track": pa.array(tracks if level == "tracks" else [None] * len(artists), pa.string()),
                "mbid": pa.array(_mbids(data.mbids, len(data.names)), pa.string()),
                "listeners": data.plays.getnnz(axis=0).astype(np.int32),
                "plays": np.asarray(data.plays.sum(axis=0)).ravel().astype(np.int64),
            }
        ),
    )


def _mbids(ids: np.ndarray | None, items: int) -> list[str | None]:
    """As text, null for none."""
    if ids is None:
        return [None] * items
    return [str(UUID(bytes=bytes(one))) if one.any() else None for one in ids]


def _write(parquet: Any, path: Path, table: Any) -> None:
    # Zstandard: Spark reads it, and sorted numbers become a third.
    parquet.write_table(table, path, compression="zstd", row_group_size=1 << 20)
