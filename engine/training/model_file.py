"""Model files: a community model as one file for others.

The file is a zip archive. `model.json` says what the model is and, of each other member, the bytes and the SHA-256; the
rest are arrays of numbers and two lists in JSON. What can be recomputed (trees, keys, name indexes, Y'Y) is not in it,
and nothing of the person who wrote it; for related artists it has rows of `listener_rows` listeners of the community,
without names.

Arrays are stored as byte planes, which compress better. Factors go in half precision beside the largest of each row, so
that no artist with few listeners loses its direction, the neighbours' weights in a byte relative to the largest of
their target (MODEL.md has the effect). The same model gives the same bytes.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from typing import Annotated, Any

import msgspec
import numpy as np

from engine.canonical_keys import Level
from engine.errors import CancelledError, UsageError
from engine.model.confidence import Confidence
from engine.progress import Cancelled, CountReport
from engine.training.artifact import WITHOUT_NEIGHBOURS, Model
from engine.training.mending import train_command

FORMAT = 1
KIND = "discover model"
MANIFEST, NAMES, TAGS = "model.json", "names.json", "tags.json"
# A constant date, so that equal models are equal files: the earliest a zip archive can hold.
_DATE = (1980, 1, 1, 0, 0, 0)
# Steps of a byte on either side of 0.
_STEPS = np.float32(127)
# Whose data is in a file, shown on export and when adding.
WHAT_IS_IN_IT = (
    "The file holds artists or tracks with what was learned about them, and nothing about you. For related "
    "artists it also "
    "holds rows of some of the community's listeners, without names."
)


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One member: its unpacked bytes and their SHA-256; of an array also its type in NumPy's words and shape."""

    bytes: int
    sha256: str
    dtype: str = ""
    shape: tuple[int, ...] = ()


class Quality(msgspec.Struct, frozen=True, kw_only=True):
    """How good the model measured where it was trained: the factors, the baselines, and the members of the ensemble."""

    listeners: int
    measured: dict[str, float]
    baselines: dict[str, dict[str, float]]
    ensemble: Effect | None = None


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """What the ensemble brings, as `engine.training.weigh` measures it."""

    listeners: int
    members: dict[str, float]
    ensemble: float
    kept: bool
    ridge: float
    dial: list[Annotated[list[float], msgspec.Meta(min_length=2, max_length=2)]] = []


class ModelFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`model.json`: the model's manifest, as far as it holds anywhere, and the members."""

    kind: str
    format: int
    level: Level
    packs: tuple[str, ...]
    source: str
    collected: str
    built_from: str
    trained: str
    seconds: float
    listeners: int
    items: int
    interactions: int
    factors: int
    iterations: int
    seed: int
    confidence: Confidence
    regularization: float
    frequency_exponent: float
    ensemble: dict[str, float]
    loss: tuple[float, ...]
    searched: bool
    quality: Quality | None
    listener_rows: int
    members: dict[str, Member]


def packed(
    model: Model, *, progress: CountReport | None = None, cancelled: Cancelled | None = None
) -> tuple[bytes, ModelFile]:
    """The file's bytes, and what `model.json` in it says.

    Raises UsageError for a solo model and one of the first format, CancelledError, DamagedDataError where the model's
    files are.
    """
    if model.manifest.solo:
        raise UsageError(
            "This model was trained on your own listening: a file of it would say what you play. Only models of "
            "community data can be exported."
        )
    if model.manifest.format == WITHOUT_NEIGHBOURS:
        raise UsageError(
            "This model is of an earlier version and has no neighbours that others could rank by. Train again, then "
            f"export it: {train_command(model.manifest.level)}."
        )
    members = {NAMES: msgspec.json.encode(model.catalog.all_names())}
    members[TAGS] = msgspec.json.encode(model.catalog.all_tags())
    described: dict[str, Member] = {name: _member(data) for name, data in members.items()}
    for name, array in _arrays(model).items():
        members[name] = planes(array)
        described[name] = _member(members[name], array)
    about = _described(model, described)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        content = {MANIFEST: msgspec.json.format(msgspec.json.encode(about)), **members}
        for done, (name, data) in enumerate(content.items()):
            if cancelled is not None and cancelled():
                raise CancelledError("Stopped. No file was written.")
            entry = zipfile.ZipInfo(name, _DATE)
            entry.create_system, entry.external_attr = 3, 0o644 << 16  # as on every machine
            archive.writestr(entry, data, zipfile.ZIP_DEFLATED, 9)
            if progress is not None:
                progress(done + 1, len(content))
    return out.getvalue(), about


def _member(data: bytes, array: np.ndarray | None = None) -> Member:
    digest = hashlib.sha256(data).hexdigest()
    if array is None:
        return Member(bytes=len(data), sha256=digest)
    return Member(bytes=len(data), sha256=digest, dtype=array.dtype.str, shape=array.shape)


def _arrays(model: Model) -> dict[str, np.ndarray]:
    """Every array of the file, as it is stored."""
    largest, rows = halved_rows(np.asarray(model.factors.item_factors))
    found = {
        "factors": rows,
        "largest": largest,
        "listeners": np.asarray(model.listeners, dtype="<i4"),
        "plays": np.array(model.catalog.all_plays(), dtype="<i8"),
    }
    near, listens, hubness = model.members.neighbours, model.similarity.listens, model.similarity.hubness
    if near is not None:
        near = near.whole()
        found["neighbours_counts"] = np.diff(near.starts).astype("<i4")
        found["neighbours_gaps"] = gaps(near.targets, near.starts)
        found["neighbours_largest"], found["neighbours_weights"] = in_bytes(
            near.weights, near.targets, near.items
        )
    if listens is not None:
        found["listens_counts"] = np.diff(listens.starts).astype("<i4")
        found["listens_gaps"] = gaps(listens.listeners, listens.starts)
    if hubness is not None:
        found["hubness"] = np.asarray(hubness).astype("<f2")
    return found


def _described(model: Model, members: dict[str, Member]) -> ModelFile:
    manifest = model.manifest
    listens = model.similarity.listens
    return ModelFile(
        kind=KIND,
        format=FORMAT,
        level=manifest.level,
        packs=tuple(manifest.packs),
        source=manifest.source,
        collected=manifest.collected,
        built_from=manifest.built_from,
        trained=manifest.trained,
        seconds=manifest.seconds,
        listeners=manifest.listeners,
        items=manifest.items,
        interactions=manifest.interactions,
        factors=manifest.factors,
        iterations=manifest.iterations,
        seed=manifest.seed,
        confidence=manifest.confidence,
        regularization=manifest.regularization,
        frequency_exponent=manifest.frequency_exponent,
        ensemble=manifest.ensemble,
        loss=tuple(manifest.loss),
        searched=bool(manifest.tuned.get("searched")),
        quality=quality_of(manifest.validation),
        listener_rows=listens.count if listens is not None else 0,
        members=members,
    )


def quality_of(validation: dict[str, Any]) -> Quality | None:
    """The figures of a manifest's `validation`, null where nothing was measured, or not all of it is there."""
    effect = validation.get("ensemble")
    if isinstance(effect, dict):
        effect = {key: effect[key] for key in Effect.__struct_fields__ if key in effect}
    found = {name: validation.get(name) for name in ("listeners", "baselines")}
    found["measured"] = {key: value for key, value in validation.items() if isinstance(value, float)}
    try:
        return (
            msgspec.convert(found | {"ensemble": effect or None}, Quality)
            if "ndcg@20" in validation
            else None
        )
    except msgspec.ValidationError:
        return None


def validation_of(quality: Quality | None) -> dict[str, Any]:
    """The `validation` of a manifest: what `quality_of` took apart."""
    if quality is None:
        return {}
    effect = quality.ensemble
    found = {**quality.measured, "listeners": quality.listeners, "baselines": quality.baselines}
    return found | ({"ensemble": msgspec.to_builtins(effect)} if effect is not None else {})


# -- numbers as they are stored -----------------------------------------------------------------------------


def planes(array: np.ndarray) -> bytes:
    """The first byte of every number, then the second of every number, and so on."""
    flat = np.ascontiguousarray(array).reshape(-1)
    return flat.view(np.uint8).reshape(flat.size, flat.itemsize).T.tobytes()


def from_planes(data: bytes, dtype: str, shape: tuple[int, ...]) -> np.ndarray:
    """What `planes` took apart. Raises ValueError where the bytes are not as many as the shape asks for."""
    kind = np.dtype(dtype)
    parts = np.frombuffer(data, dtype=np.uint8).reshape(kind.itemsize, -1).T
    return np.ascontiguousarray(parts).reshape(-1).view(kind).reshape(shape)


def halved_rows(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The largest size of each row (n,) float32, and the rows (n, f) divided by it in half precision, rounded to 8 of
    its 10 bits: the last two are noise that packs no smaller."""
    largest = np.abs(matrix).max(axis=1, initial=0.0).astype("<f4")
    bits = (matrix / np.where(largest > 0, largest, 1.0)[:, None]).astype("<f2").view("<u2")
    return largest, ((bits + 2) & 0xFFFC).astype("<u2").view("<f2")


def in_bytes(weights: np.ndarray, targets: np.ndarray, items: int) -> tuple[np.ndarray, np.ndarray]:
    """The largest absolute weight of each target (items,) float32, and the weights as 127ths of it in int8."""
    largest = np.zeros(items, dtype="<f4")
    np.maximum.at(largest, targets, np.abs(weights))
    scale = np.where(largest > 0, largest, 1.0)[targets]
    return largest, np.rint(weights / scale * _STEPS).astype("|i1")


def from_bytes(largest: np.ndarray, steps: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """What `in_bytes` took apart: float32."""
    return np.asarray(steps / _STEPS * largest[targets], dtype=np.float32)


def gaps(numbers: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Numbers in groups that begin at `starts`, each less the one before it in its group: int32."""
    steps = np.diff(numbers.astype(np.int32), prepend=np.int32(0))
    first = starts[:-1][starts[:-1] < starts[1:]]
    steps[first] = numbers[first]
    return steps.astype("<i4")


def from_gaps(steps: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """What `gaps` took apart: int32."""
    sums = np.cumsum(steps, dtype=np.int64)
    counts = np.diff(starts)
    first = starts[:-1][counts > 0]
    base = sums[first] - steps[first]
    return np.asarray(sums - np.repeat(base, counts[counts > 0]), dtype=np.int32)
