"""The index on disk: the same bytes every time, and nothing damaged or foreign is ever answered from."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from engine.errors import DamagedDataError
from engine.index import build_index, open_index
from engine.index.annoy_trees import Trees
from engine.index.manifest import check_digest
from tests.support.vectors import clustered

# The index is built once, not once a worker.
pytestmark = pytest.mark.xdist_group("index files")

VECTORS, QUERIES = clustered(1_500, 12, seed=5)
ARRAYS = ("sorted_factors.npy", "order.npy", "places.npy", "norms.npy")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built")
    build_index(folder, VECTORS, QUERIES, seed=9)
    return folder


@pytest.fixture
def copy(built: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built, tmp_path / "copy"))


def digests(folder: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.iterdir()
        if path.name != "index.json"  # it holds milliseconds
    }


def ask_everything(folder: Path) -> None:
    index = open_index(folder, VECTORS)
    for name, record in index.manifest.files.items():
        check_digest(folder, name, record)
    index.best(QUERIES[0], 10, strategy="exact")
    index.best(QUERIES[0], 10, strategy="annoy")
    index.nearest(0, 10, strategy="annoy")


def test_same_factors_and_seed_give_the_same_bytes_in_another_process(built: Path, tmp_path: Path) -> None:
    np.savez(tmp_path / "in.npz", vectors=VECTORS, queries=QUERIES)
    script = (
        "import os, sys, pathlib, numpy as np, engine.index as e\n"
        # Fill the heap with rubbish first: unwritten bytes of a node would show it.
        "junk = [os.urandom(n) for n in (100, 1_000, 10_000, 100_000) * 40]; del junk\n"
        "data = np.load(sys.argv[1])\n"
        "e.build_index(pathlib.Path(sys.argv[2]), data['vectors'], data['queries'], seed=9)\n"
    )
    (tmp_path / "out").mkdir()
    subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "in.npz"), str(tmp_path / "out")],
        check=True,
        cwd=Path(__file__).parents[3],
    )
    assert digests(tmp_path / "out") == digests(built)


def test_another_seed_gives_other_trees(built: Path, tmp_path: Path) -> None:
    build_index(tmp_path, VECTORS, QUERIES, seed=10)
    assert digests(tmp_path)["nearest.ann"] != digests(built)["nearest.ann"]


def test_a_folder_whose_name_is_not_utf_8(built: Path, tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode("Café".encode("latin-1"))
    folder.mkdir()
    build_index(folder, VECTORS, QUERIES, seed=9)
    assert digests(folder) == digests(built)
    ask_everything(folder)


def test_an_undamaged_copy_answers(copy: Path) -> None:
    ask_everything(copy)


def truncated(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def emptied(path: Path) -> None:
    os.truncate(path, 0)


def altered(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)


@pytest.mark.parametrize("damage", [truncated, emptied, altered, Path.unlink])
@pytest.mark.parametrize("name", [*ARRAYS, "nearest.ann", "shard-0.ann", "index.json"])
def test_damaged_files_are_refused_by_name(copy: Path, name: str, damage: Callable[[Path], None]) -> None:
    damage(copy / name)
    with pytest.raises(DamagedDataError) as caught:
        ask_everything(copy)
    assert name in str(caught.value)
    assert "doctor --repair" in str(caught.value)


@pytest.mark.parametrize("name", ["order.npy", "places.npy"])
@pytest.mark.parametrize("place", [len(VECTORS), 1 << 40, -1])
def test_arrays_that_lead_outside_are_refused_though_their_digests_fit(
    copy: Path, name: str, place: int
) -> None:
    array = np.load(copy / name)
    array[-1] = place
    np.save(copy / name, array)
    manifest = json.loads((copy / "index.json").read_text())
    data = (copy / name).read_bytes()
    manifest["files"][name] = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    (copy / "index.json").write_text(json.dumps(manifest))
    with pytest.raises(DamagedDataError, match=name):
        open_index(copy, VECTORS)


@pytest.mark.parametrize(("name", "kind"), [("nearest.ann", "nearest"), ("shard-1.ann", "best")])
def test_altered_trees_are_refused_before_annoy_reads_them(copy: Path, name: str, kind: str) -> None:
    altered(copy / name)
    index = open_index(copy, VECTORS)
    ask = index.best if kind == "best" else index.nearest
    with pytest.raises(DamagedDataError, match=name):
        ask(QUERIES[0], 5, strategy="annoy")


@pytest.mark.parametrize(
    "other", [VECTORS[:-1], VECTORS[:, :-1], VECTORS + np.float32(1e-3), VECTORS[::-1], np.empty((0, 12))]
)
def test_an_index_of_other_factors_is_refused(built: Path, other: np.ndarray) -> None:
    with pytest.raises(DamagedDataError, match="other factors"):
        open_index(built, other)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("format", 99),
        ("items", 1_499),
        ("factors", 13),
        ("files", {}),
        ("items", "many"),
        ("tree_files", [{}]),
        ("figures", []),
    ],
)
def test_a_manifest_that_does_not_fit_its_files_is_refused(copy: Path, key: str, value: object) -> None:
    manifest = json.loads((copy / "index.json").read_text())
    manifest[key] = value
    (copy / "index.json").write_text(json.dumps(manifest))
    with pytest.raises(DamagedDataError):
        ask_everything(copy)


@pytest.mark.parametrize(
    ("key", "value"),
    [("dimension", 12), ("stop", 1_600), ("start", -1), ("file", "elsewhere.ann"), ("stop", 9)],
)
def test_a_manifest_that_misplaces_its_trees_is_refused(copy: Path, key: str, value: object) -> None:
    manifest = json.loads((copy / "index.json").read_text())
    manifest["tree_files"][1][key] = value
    (copy / "index.json").write_text(json.dumps(manifest))
    with pytest.raises(DamagedDataError):
        ask_everything(copy)


def test_trees_of_another_annoy_are_passed_over_or_refused(copy: Path) -> None:
    manifest = json.loads((copy / "index.json").read_text())
    manifest["annoy"] = "1.0"
    for figures in manifest["figures"]:
        figures["serves"] = figures["strategy"] == "annoy"
    (copy / "index.json").write_text(json.dumps(manifest))
    index = open_index(copy, VECTORS)
    assert index.serving("nearest") == "exact"
    assert len(index.nearest(0, 5)[0]) == 5
    with pytest.raises(DamagedDataError, match=r"annoy 1\.0"):
        index.nearest(0, 5, strategy="annoy")


def test_trees_serve_where_they_measured_best(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = json.loads((copy / "index.json").read_text())
    for figures in manifest["figures"]:
        figures["serves"] = figures["strategy"] == "annoy"
        figures["ms"] = 1.0 if figures["strategy"] == "annoy" else 4.0
    (copy / "index.json").write_text(json.dumps(manifest))
    index = open_index(copy, VECTORS)
    assert index.serving("nearest") == "annoy"
    asked: list[int] = []
    trees_best = Trees.best
    monkeypatch.setattr(
        Trees, "best", lambda self, query, k, *rest: asked.append(k) or trees_best(self, query, k, *rest)
    )
    index.best(QUERIES[0], 20)
    index.best(QUERIES[0], 30, exclude=np.arange(300))
    assert asked == [20, 30]
    # Four times the effort is where exact search is as quick: deeper lists are left to it.
    index.best(QUERIES[0], 50, exclude=np.arange(351))
    index.best(QUERIES[0], 400)
    assert asked == [20, 30]


def test_a_tree_file_of_no_whole_nodes_is_refused_and_annoy_writes_nothing_on_the_terminal(
    copy: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = copy / "shard-0.ann"
    manifest = json.loads((copy / "index.json").read_bytes())
    for data in (path.read_bytes()[:-5], b""):
        # As whoever wrote the manifest too would have it.
        path.write_bytes(data)
        record = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        manifest["files"][path.name] |= record
        (copy / "index.json").write_text(json.dumps(manifest))
        with pytest.raises(DamagedDataError, match="holds no whole nodes"):
            ask_everything(copy)
    assert capfd.readouterr().err == ""
