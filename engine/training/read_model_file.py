"""Reads untrusted model files: everything is checked, and nothing is executed.

Members are known by name and never unpacked to a path; arrays are bytes whose type and shape the model's own counts
must confirm, and no pickle is ever loaded. Errors name what is wrong, and nothing is stored.
"""

from __future__ import annotations

import datetime
import hashlib
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from engine.canonical_keys import SEPARATOR
from engine.errors import CancelledError, UnreadableFileError, not_read, reason
from engine.model.ensemble import MEMBERS
from engine.model.neighbours import Neighbours
from engine.model.similarity import Listens
from engine.paths import why_not_read
from engine.progress import Cancelled, CountReport
from engine.training.model_file import (
    FORMAT,
    KIND,
    MANIFEST,
    NAMES,
    TAGS,
    Member,
    ModelFile,
    from_bytes,
    from_gaps,
    from_planes,
)

# A model of five million tracks unpacks to half of this.
MAX_BYTES = 4 << 30
# Trained numbers hardly compress, and names threefold: a much higher ratio is a zip bomb. The allowance is for small
# models, whose arrays may be constant.
MAX_RATIO, ALLOWANCE = 40, 8 << 20
_MAX_MANIFEST = 4 << 20
_MAX_TEXT, _MAX_FACTORS, _MAX_SIZE = 1_000, 512, 1e9
# A pack is called by at most 60 letters (`engine.community.pack_names`).
_MAX_PACKS, _MAX_PACK = 50, 60
_CHUNK = 1 << 20
_REQUIRED = frozenset({NAMES, TAGS, "factors", "largest", "listeners", "plays"})
# Members that are in a file together or not at all.
_NEAR = frozenset(f"neighbours_{name}" for name in ("counts", "gaps", "largest", "weights"))
_LISTENS = frozenset({"listens_counts", "listens_gaps", "hubness"})
_KNOWN = _REQUIRED | _NEAR | _LISTENS
_DAMAGED = (OSError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError)


@dataclass(frozen=True)
class Content:
    """What a file holds, checked: names and tags as a catalog takes them, arrays as the model does.

    `factors` (items, factors) float32, `listeners` (items,) int32, `plays` (items,) int64, `hubness` (items,) float32
    or null; `sha256` of the whole file and its `bytes`.
    """

    about: ModelFile
    names: list[str]
    tags: list[tuple[int, str, float]]
    factors: np.ndarray
    listeners: np.ndarray
    plays: np.ndarray
    neighbours: Neighbours | None
    listens: Listens | None
    hubness: np.ndarray | None
    sha256: str
    bytes: int


def read_model_file(
    path: Path,
    *,
    sha256: str = "",
    progress: CountReport | None = None,
    cancelled: Cancelled | None = None,
) -> Content:
    """All of a file, which must have this `sha256` where one is given; progress in bytes.

    Raises UnreadableFileError for anything that is not a whole model, CancelledError.
    """
    digest, size = _digest(path, cancelled)
    if sha256 and digest != sha256.strip().lower():
        raise UnreadableFileError(
            f"{path.name} has the SHA-256 {digest}, not the {sha256} asked for: it is another file, or was altered. "
            "Nothing was added."
        )
    try:
        with zipfile.ZipFile(path) as archive:
            entries = _entries(archive, size)
            about = _about(archive, entries)
            _check_members(about, entries)
            total, done, data = sum(one.bytes for one in about.members.values()), 0, {}
            for name, member in about.members.items():
                if cancelled is not None and cancelled():
                    raise CancelledError("Stopped. Nothing was added.")
                data[name] = _read(archive, entries[name], member)
                done += member.bytes
                if progress is not None:
                    progress(done, total)
        return _content(about, data, digest, size)
    except OSError as error:
        if not error.errno:
            raise _not_whole(path, error) from error
        raise UnreadableFileError(f"{path} {not_read(error)} Nothing was added.") from error
    # What is wrong with numbers is a ValueError; msgspec's own is one too.
    except (*_DAMAGED, ValueError, TypeError, OverflowError) as error:
        raise _not_whole(path, error) from error


def _not_whole(path: Path, error: Exception) -> UnreadableFileError:
    return UnreadableFileError(
        f"{path.name} is not a complete model file ({reason(error)}). Get it again, or export it again with this "
        "version of discover. Nothing was added."
    )


def _digest(path: Path, cancelled: Cancelled | None) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    # A pipe would be waited for.
    if why := why_not_read(path):
        raise UnreadableFileError(f"{path} {why}. Nothing was added.")
    try:
        with path.open("rb") as file:
            while block := file.read(_CHUNK):
                if cancelled is not None and cancelled():
                    raise CancelledError("Stopped. Nothing was added.")
                digest.update(block)
                size += len(block)
    except OSError as error:
        raise UnreadableFileError(f"{path} {not_read(error)} Nothing was added.") from error
    return digest.hexdigest(), size


def _entries(archive: zipfile.ZipFile, size: int) -> dict[str, zipfile.ZipInfo]:
    """The archive's members by name, none twice, none unknown, and no more of them than such a file can hold."""
    entries = {entry.filename: entry for entry in archive.infolist()}
    _require(len(entries) == len(archive.infolist()), "a member is in it twice")
    _require(MANIFEST in entries, f"it has no {MANIFEST}")
    unknown = sorted(entries.keys() - _KNOWN - {MANIFEST})
    _require(not unknown, f"it holds {', '.join(map(repr, unknown[:3]))}, which no model has")
    _require(not any(entry.flag_bits & 1 for entry in entries.values()), "it is encrypted")
    unpacked = sum(entry.file_size for entry in entries.values())
    _require(unpacked <= min(MAX_BYTES, MAX_RATIO * size + ALLOWANCE), "it unpacks to far too much")
    _require(entries[MANIFEST].file_size <= _MAX_MANIFEST, f"{MANIFEST} is far too long")
    return entries


def _about(archive: zipfile.ZipFile, entries: dict[str, zipfile.ZipInfo]) -> ModelFile:
    """`model.json`, checked."""
    with archive.open(entries[MANIFEST]) as file:
        data = file.read(_MAX_MANIFEST + 1)
    began = msgspec.json.decode(data, type=dict)
    _require(began.get("kind") == KIND, "it is something else")
    _require(
        began.get("format") == FORMAT, f"it has format {began.get('format')}, this version reads {FORMAT}"
    )
    about = msgspec.json.decode(data, type=ModelFile)
    _require(1 <= about.factors <= _MAX_FACTORS and about.items >= 1, "its counts are impossible")
    counts = (about.listeners, about.interactions, about.listener_rows, about.iterations)
    _require(all(0 <= count < 1 << 53 for count in counts), "its counts are impossible")
    texts = (*about.packs, about.source, about.collected, about.built_from)
    _require(
        all(len(text) <= _MAX_TEXT for text in texts) and len(about.packs) <= _MAX_PACKS,
        "its texts are too long",
    )
    _require(all(text.isprintable() for text in texts), "its texts have characters that cannot be read")
    # As given on export: none is a path, none longer than a line.
    _require(
        all(1 <= len(pack) <= _MAX_PACK and not set(pack) & set("/\\") for pack in about.packs),
        "its packs have names that no pack has",
    )
    datetime.datetime.fromisoformat(about.trained)
    _require(0 <= about.seed < 1 << 31, "its seed is impossible")
    # Beyond, nothing can be solved for: such a model would come into use and rank nothing.
    confidence = about.confidence
    _require(max(confidence.alpha, confidence.cap) <= _MAX_SIZE, "its confidence is impossible")
    _require(
        0 < about.regularization <= _MAX_SIZE and 0 <= about.frequency_exponent <= 4,
        "its lambda is impossible",
    )
    _require(0 <= about.seconds < np.inf and bool(np.isfinite(about.loss).all()), "its loss is impossible")
    weights = about.ensemble
    _require(bool(weights) and weights.keys() <= set(MEMBERS), "it ranks by what this version does not know")
    _require(all(abs(weight) <= 1e3 for weight in weights.values()), "its weights are impossible")
    _check_quality(about)
    return about


def _check_quality(about: ModelFile) -> None:
    """That what is said of its quality has what is shown of it."""
    quality = about.quality
    if quality is None:
        return
    effect = quality.ensemble
    measured = [quality.measured, *quality.baselines.values()]
    _require(all("ndcg@20" in one for one in measured), "its quality lacks nDCG@20")
    _require({"recall@20"} <= quality.measured.keys(), "its quality lacks recall@20")
    _require("recall@20" in quality.baselines.get("popularity", {}), "its quality lacks popularity's")
    numbers = [number for one in measured for number in one.values()]
    _require(all(0 <= number < np.inf for number in numbers), "its quality is impossible")
    if effect is not None:
        _require(bool(effect.members) and effect.members.keys() <= set(MEMBERS), "its members are unknown")


def _check_members(about: ModelFile, entries: dict[str, zipfile.ZipInfo]) -> None:
    """That the members are those of a model of so many items, each as long as its type and shape make it."""
    named = about.members.keys()
    _require(named == entries.keys() - {MANIFEST}, f"its members are not those {MANIFEST} names")
    _require(named >= _REQUIRED, f"it lacks {', '.join(sorted(_REQUIRED - named))}")
    for what, whole in (("neighbours", _NEAR), ("listens", _LISTENS)):
        _require(named & whole in (set(), whole), f"it has a part of its {what}")
    n, f = about.items, about.factors
    shapes = {
        "factors": ("<f2", (n, f)),
        "largest": ("<f4", (n,)),
        "listeners": ("<i4", (n,)),
        "plays": ("<i8", (n,)),
        "hubness": ("<f2", (n,)),
    }
    for what in {"neighbours", "listens"} & {name.partition("_")[0] for name in named}:
        cells = about.members[f"{what}_gaps"].shape
        _require(len(cells) == 1, f"its {what} are not a list")
        shapes |= {
            f"{what}_counts": ("<i4", (n,)),
            f"{what}_gaps": ("<i4", cells),
            f"{what}_largest": ("<f4", (n,)),
            f"{what}_weights": ("|i1", cells),
        }
    for name, member in about.members.items():
        _require(member.bytes == entries[name].file_size, f"{name} has another length than {MANIFEST} says")
        if name in shapes:
            dtype, shape = shapes[name]
            fits = member.dtype == dtype and member.shape == shape and min(shape) >= 0
            size = int(np.dtype(dtype).itemsize * np.prod([float(length) for length in shape]))
            _require(fits and member.bytes == size, f"{name} is of another shape than {n:,} items need")


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, member: Member) -> bytes:
    """One member, no more of it than was said, and with the digest that was."""
    with archive.open(entry) as file:
        data = file.read(member.bytes + 1)
    _require(len(data) == member.bytes, f"{entry.filename} has another length than {MANIFEST} says")
    _require(hashlib.sha256(data).hexdigest() == member.sha256, f"{entry.filename} was damaged or altered")
    return data


def _content(about: ModelFile, data: dict[str, bytes], digest: str, size: int) -> Content:
    arrays = {
        name: from_planes(data[name], member.dtype, member.shape)
        for name, member in about.members.items()
        if member.dtype
    }
    for name, array in arrays.items():
        if array.dtype.kind == "f":
            sizes = np.abs(array.astype(np.float32, copy=False))
            _require(
                bool((sizes <= _MAX_SIZE).all()), f"{name} has numbers that are not finite, or too large"
            )
    _require(
        int(arrays["listeners"].min()) >= 0 and int(arrays["plays"].min()) >= 0, "its counts are negative"
    )
    names = msgspec.json.decode(data[NAMES], type=list[str])
    _check_names(names, about)
    tags = msgspec.json.decode(data[TAGS], type=list[tuple[int, str, float]])
    good = all(
        0 <= item < about.items and len(tag) <= _MAX_TEXT and abs(weight) < np.inf
        for item, tag, weight in tags
    )
    _require(good, "its tags belong to nothing")
    return Content(
        about=about,
        names=names,
        tags=tags,
        factors=arrays["factors"].astype(np.float32) * arrays["largest"][:, None],
        listeners=arrays["listeners"].astype(np.int32),
        plays=arrays["plays"].astype(np.int64),
        neighbours=_neighbours(arrays, about.items),
        listens=_listens(arrays, about.listener_rows),
        hubness=arrays["hubness"].astype(np.float32) if "hubness" in arrays else None,
        sha256=digest,
        bytes=size,
    )


def _check_names(names: list[str], about: ModelFile) -> None:
    _require(len(names) == about.items, f"it names {len(names):,} of {about.items:,} items")
    separators = int(about.level == "tracks")
    good = (
        bool(name.strip()) and len(name) <= _MAX_TEXT and name.count(SEPARATOR) == separators
        for name in names
    )
    _require(all(good), f"one of its names cannot be that of {about.level}")


def _neighbours(arrays: dict[str, np.ndarray], items: int) -> Neighbours | None:
    if not arrays.keys() >= _NEAR:
        return None
    starts, targets = _cells(arrays, "neighbours", items)
    weights = from_bytes(arrays["neighbours_largest"], arrays["neighbours_weights"], targets)
    return Neighbours(starts, targets, weights)


def _listens(arrays: dict[str, np.ndarray], rows: int) -> Listens | None:
    return Listens(*_cells(arrays, "listens", rows)) if arrays.keys() >= _LISTENS else None


def _cells(arrays: dict[str, np.ndarray], what: str, end: int) -> tuple[np.ndarray, np.ndarray]:
    """(where each item's cells begin, numbers below `end` in them)."""
    counts, steps = arrays[f"{what}_counts"], arrays[f"{what}_gaps"]
    _require(
        int(counts.min()) >= 0 and int(counts.sum(dtype=np.int64)) == len(steps), f"its {what} do not add up"
    )
    starts = np.concatenate(([0], np.cumsum(counts, dtype=np.int64)))
    numbers = from_gaps(steps, starts)
    inside = not len(numbers) or (int(numbers.min()) >= 0 and int(numbers.max()) < end)
    _require(inside, f"its {what} refer to items it does not have")
    return starts, numbers


def _require(holds: bool, what: str) -> None:
    """Raise ValueError with what is wrong."""
    if not holds:
        raise ValueError(what)
