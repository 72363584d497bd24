"""A model's files, damaged in every way: an error about damage, or the same answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import DamagedDataError
from engine.paths import Folders
from engine.training.artifact import open_model
from engine.training.manifest import ModelManifest
from tests.support.models import write_model

FILES = [
    "../current",
    "manifest.json",
    "item_factors.npy",
    "gram.npy",
    "listeners.npy",
    "index/index.json",
    "index/norms.npy",
    "index/order.npy",
    "index/places.npy",
    "index/sorted_factors.npy",
    "index/nearest.ann",
    "index/shard-0.ann",
]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    return write_model(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def model(folders: Folders) -> Path:
    return folders.models / (folders.models / "current").read_text()


def answers(folders: Folders) -> list[bytes]:
    opened = open_model(folders)
    try:
        listener = opened.factors.fold_in(np.array([1, 4]), np.array([2.0, 3.0]))
        found = [opened.index.best(listener.vector, 5, strategy=how) for how in ("exact", "annoy")]
        found += [opened.index.nearest(3, 5, strategy=how) for how in ("exact", "annoy")]
        return [part.tobytes() for part in (listener.scores(), np.asarray(opened.listeners), *sum(found, ()))]
    finally:
        opened.close()


def damage(content: bytes) -> Iterator[bytes]:
    """A bit of every third byte of the beginning, where formats keep their headers: all eight take their turn."""
    for place in range(0, min(len(content), 160), 3):
        yield content[:place] + bytes([content[place] ^ (1 << place % 8)]) + content[place + 1 :]


def reported_or_same(folders: Folders, file: Path, damaged: bytes | None, wanted: list[bytes]) -> bool:
    """Whether the damage was reported; otherwise the answers must be `wanted`."""
    content = file.read_bytes()
    file.unlink() if damaged is None else file.write_bytes(damaged)
    try:
        assert answers(folders) == wanted
    except DamagedDataError:
        return True
    finally:
        file.write_bytes(content)
    return False


@pytest.mark.parametrize("name", FILES)
def test_damaged_headers_are_reported_or_change_nothing(folders: Folders, model: Path, name: str) -> None:
    wanted, file = answers(folders), model / name
    assert sum(reported_or_same(folders, file, damaged, wanted) for damaged in damage(file.read_bytes()))


@pytest.mark.parametrize("name", FILES[1:])
def test_missing_empty_and_swapped_files_are_reported(folders: Folders, model: Path, name: str) -> None:
    wanted, file = answers(folders), model / name
    others = [(model / other).read_bytes() for other in FILES if other != name]
    for damaged in (None, b"", b"\xff" * 50, *others):
        assert reported_or_same(folders, file, damaged, wanted)


@settings(
    deadline=None,
    max_examples=50,
    derandomize=True,
)
@given(name=st.sampled_from(FILES[1:]), where=st.floats(0, 1, exclude_max=True), mask=st.integers(0, 255))
def test_cut_and_altered_files_are_reported_or_change_nothing(
    folders: Folders, model: Path, name: str, where: float, mask: int
) -> None:
    """A mask of 0 cuts the file off at the place."""
    file, wanted = model / name, answers(folders)
    content = file.read_bytes()
    place = int(where * len(content))
    rest = bytes([content[place] ^ mask]) + content[place + 1 :] if mask else b""
    listed = reported_or_same(folders, file, content[:place] + rest, wanted)
    assert listed or mask


def test_a_model_from_before_what_came_since_opens_and_answers_the_same(tmp_path: Path) -> None:
    folders = write_model(tmp_path)
    wanted = answers(folders)
    file = folders.models / (folders.models / "current").read_text() / "manifest.json"
    written = json.loads(file.read_bytes())
    since = ModelManifest.__struct_fields__[-len(ModelManifest.__struct_defaults__) :]
    assert {"ensemble", "origin", "growth"} <= set(since) & set(written)
    digests = {name: digest for name, digest in written["digests"].items() if name in FILES}
    before = {name: value for name, value in written.items() if name not in since}
    file.write_text(json.dumps(before | {"digests": digests}))
    assert answers(folders) == wanted
    opened = open_model(folders)
    assert len(opened.names) == opened.manifest.items
    assert opened.members.neighbours is None
    opened.close()
