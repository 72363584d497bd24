"""A pack's matrix stays in its files: mapped, trained on without a copy, and older packs open as they did."""

from __future__ import annotations

import json
import re
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.sparse import random as random_matrix

from engine.community.pack import Pack, PackContent, write_pack
from engine.errors import DamagedDataError
from engine.training.interactions import community_interactions


def write(folder: Path, names: list[str], rows: int = 400, seed: int = 0) -> Pack:
    folder.mkdir()
    plays = csr_matrix(random_matrix(rows, len(names), density=0.2, random_state=seed, dtype=np.float32))
    plays.data[:] = 1 + np.arange(plays.nnz) % 9
    write_pack(
        folder, PackContent(plays, names, (), {}), name=folder.name, source="made up", date="2026-10-01"
    )
    return Pack(folder)


def mapped(array: np.ndarray) -> bool:
    while array is not None and not isinstance(array, np.memmap):
        array = array.base
    return array is not None


def names(count: int) -> list[str]:
    return [f"Artist {n}" for n in range(count)]


def test_the_matrix_is_mapped_and_cannot_be_changed(tmp_path: Path) -> None:
    pack = write(tmp_path / "p", names(50))
    matrix = pack.matrix()
    assert mapped(matrix.data)
    assert mapped(matrix.indices)
    assert matrix.has_canonical_format
    with pytest.raises(ValueError, match="read-only"):
        matrix.data[0] = 7
    again = csr_matrix((matrix.data.copy(), matrix.indices.copy(), matrix.indptr.copy()), shape=matrix.shape)
    assert again.has_canonical_format, "the files hold sorted columns without duplicates"


def test_training_from_one_pack_copies_none_of_it(tmp_path: Path) -> None:
    pack = write(tmp_path / "p", names(1000), rows=4000)
    size = 8 * pack.manifest.interactions
    tracemalloc.start()
    data = community_interactions([pack])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert data.plays.nnz == pack.manifest.interactions == 800_000
    assert mapped(data.plays.data)
    assert peak < size / 8


def test_packs_together_and_items_of_one_key_are_summed_in_one_copy(tmp_path: Path) -> None:
    one = write(tmp_path / "one", [*names(30), "artist 3"], seed=1)
    two = write(tmp_path / "two", ["Other", *names(30)[::-1]], seed=2)
    size = 8 * (one.manifest.interactions + two.manifest.interactions)
    tracemalloc.start()
    data = community_interactions([one, two])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert list(data.names) == [*names(30), "Other"]
    first, second = one.matrix().toarray(), two.matrix().toarray()
    first[:, 3] += first[:, 30]
    expected = np.zeros((800, 31), dtype=np.float32)
    expected[:400, :30], expected[400:, :30], expected[400:, 30] = (
        first[:, :30],
        second[:, :0:-1],
        second[:, 0],
    )
    assert np.array_equal(data.plays.toarray(), expected)
    assert data.plays.has_canonical_format
    assert peak < 6 * size


def test_a_pack_of_an_earlier_version_opens_as_it_did(tmp_path: Path) -> None:
    pack = write(tmp_path / "p", names(50))
    file = tmp_path / "p" / "manifest.json"
    manifest = json.loads(file.read_bytes())
    for key in ("dropped", "collected", "licence", "notes", "checked", "download"):
        del manifest[key]
    file.write_text(json.dumps(manifest))
    np.save(tmp_path / "p" / "indptr.npy", np.load(tmp_path / "p" / "indptr.npy").astype(np.int32))
    again = Pack(tmp_path / "p")
    assert again.manifest.notes == ()
    assert (again.matrix() != pack.matrix()).nnz == 0
    assert again.mbids() is None


@pytest.mark.parametrize("file", ["plays", "indices", "indptr"])
@pytest.mark.parametrize("left", [0.0, 0.5, 0.99])
def test_files_cut_short_are_said_and_never_mapped(tmp_path: Path, file: str, left: float) -> None:
    pack = write(tmp_path / "p", names(50))
    path = tmp_path / "p" / f"{file}.npy"
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * left)])
    with pytest.raises(DamagedDataError, match="The pack p is damaged"):
        pack.matrix()


@pytest.mark.parametrize(
    ("was", "altered"),
    [(rb"\(.*\)", b"(99999999999999999999,)"), (rb"\(.*\)", b"(-1,)"), (rb"'<", b"',")],
)
def test_an_array_whose_head_is_altered_is_damaged(tmp_path: Path, was: bytes, altered: bytes) -> None:
    pack = write(tmp_path / "p", names(50))
    path = tmp_path / "p" / "indptr.npy"
    whole = path.read_bytes()
    head = re.sub(was, altered, whole[:128])
    path.write_bytes(head.rstrip(b"\n ").ljust(127) + b"\n" + whole[128:])
    with pytest.raises(DamagedDataError, match="The pack p is damaged"):
        pack.matrix()
