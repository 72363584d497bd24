"""What an index folder holds, what it was built from, and how every way of asking it measured."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args

import msgspec

from engine.errors import DamagedDataError, reason, unreadable
from engine.paths import digest_of, has_digest

FORMAT = 1
MANIFEST_FILE = "index.json"

Kind = Literal["best", "nearest"]
Strategy = Literal["exact", "annoy"]


class FileRecord(msgspec.Struct, frozen=True):
    """Size and SHA-256 of one file of the index."""

    bytes: int
    sha256: str


class TreeFile(msgspec.Struct, frozen=True, kw_only=True):
    """One Annoy file: items at places `start` to `stop` of the norm order, in `trees` trees.

    `dimension` is that of the stored vectors; `norm` the largest norm inside; `augmented` whether each vector
    carries the extra coordinate that gives all of them that norm.
    """

    file: str
    kind: Kind
    start: int
    stop: int
    dimension: int
    trees: int
    norm: float
    augmented: bool


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """How one strategy measured for one kind of question: recall of the best `k`, median ms a query.

    `serves` marks the strategy used where none is asked for; `search_k` is per tree file, 0 for exact search.
    """

    kind: Kind
    strategy: Strategy
    k: int
    queries: int
    recall: float
    ms: float
    search_k: int
    trees: int
    serves: bool


class IndexManifest(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about an index but its files.

    `trees`, `search_k` and `recall` are those of the calibrated trees for Discover; `bytes` is the size of
    all files together; `head` is how many of the longest items are always scored exactly before the trees.
    """

    format: int
    items: int
    factors: int
    seed: int
    annoy: str
    metric: str
    factors_sha256: str
    trees: int
    search_k: int
    recall: float
    bytes: int
    head: int
    build_seconds: float
    tree_files: list[TreeFile]
    figures: list[Figures]
    files: dict[str, FileRecord]

    def figures_of(self, kind: Kind, strategy: Strategy) -> Figures:
        """The figures of one strategy."""
        return next(f for f in self.figures if f.kind == kind and f.strategy == strategy)

    def serving(self, kind: Kind) -> Strategy:
        """The strategy that measured best for `kind` when the index was built."""
        return next(f.strategy for f in self.figures if f.kind == kind and f.serves)


def manifest_to_json(manifest: IndexManifest) -> bytes:
    """The manifest as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(manifest))


def manifest_from_json(data: bytes, where: Path) -> IndexManifest:
    """Decode a manifest. Raises DamagedDataError when it is not one of this format."""
    try:
        manifest = msgspec.json.decode(data, type=IndexManifest)
    # A ValueError, as is the UnicodeDecodeError that msgspec raises besides its own.
    except (ValueError, RecursionError) as error:
        raise DamagedDataError(
            f"{where}: not an index manifest ({reason(error)}); repair it: discover doctor --repair"
        ) from error
    if manifest.format != FORMAT:
        raise DamagedDataError(
            f"{where}: index format {manifest.format} is not {FORMAT}; train the model again"
        )
    measured = {(one.kind, one.strategy) for one in manifest.figures}
    serving = {one.kind for one in manifest.figures if one.serves}
    if len(measured) < len(get_args(Kind)) * len(get_args(Strategy)) or len(serving) < len(get_args(Kind)):
        raise DamagedDataError(
            f"{where}: does not say which search serves; repair it: discover doctor --repair"
        )
    return manifest


def record_of(path: Path) -> FileRecord:
    """Size and digest of a file."""
    return FileRecord(bytes=path.stat().st_size, sha256=digest_of(path))


def check_size(folder: Path, name: str, record: FileRecord) -> None:
    """Raise DamagedDataError when a file is missing or not of its recorded size."""
    try:
        size = (folder / name).stat().st_size
    except OSError as error:
        damaged = f"{folder / name}: missing from the index; repair it: discover doctor --repair"
        raise unreadable(error, folder / name, damaged) from error
    if size != record.bytes:
        raise DamagedDataError(
            f"{folder / name}: {size} bytes where {record.bytes} were written; repair it: discover doctor --repair"
        )


def check_digest(folder: Path, name: str, record: FileRecord) -> None:
    """Raise DamagedDataError when a file's content is not what was written."""
    check_size(folder, name, record)
    if not has_digest(folder / name, record.sha256):
        raise DamagedDataError(
            f"{folder / name}: altered since it was written; repair it: discover doctor --repair"
        )
