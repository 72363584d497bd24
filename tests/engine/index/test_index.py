"""The index as callers use it: both kinds of question, filters, added items, tiny and hostile catalogues."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from engine.errors import CancelledError, DiscoverError, InvalidDataError
from engine.index import Index, IndexManifest, build_index, open_index
from engine.index.manifest import manifest_from_json, manifest_to_json
from tests.support.vectors import clustered

# The trees are built once, not once a worker.
pytestmark = pytest.mark.xdist_group("index")


def by_brute_force(vectors: np.ndarray, query: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    scores = (vectors.astype(np.float64) * query.astype(np.float64)).sum(axis=1).astype(np.float32)
    order = np.lexsort((np.arange(len(scores)), -scores))[:k]
    return order, scores[order]


@pytest.fixture(scope="module")
def trained() -> tuple[np.ndarray, np.ndarray]:
    return clustered(6_000, 24)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, trained: tuple[np.ndarray, np.ndarray]) -> Path:
    folder = tmp_path_factory.mktemp("index")
    build_index(folder, *trained, seed=3)
    return folder


@pytest.fixture
def index(folder: Path, trained: tuple[np.ndarray, np.ndarray]) -> Index:
    return open_index(folder, trained[0])


def test_exact_best_equals_brute_force(index: Index, trained: tuple[np.ndarray, np.ndarray]) -> None:
    vectors, queries = trained
    for query in queries[:10]:
        ids, scores = index.best(query, 50, strategy="exact")
        expected_ids, expected_scores = by_brute_force(vectors, query, 50)
        assert ids.dtype == np.int64
        assert scores.dtype == np.float32
        np.testing.assert_array_equal(ids, expected_ids)
        np.testing.assert_array_equal(scores, expected_scores)


def test_trees_reach_the_recall_despite_an_outlier_norm(
    index: Index, trained: tuple[np.ndarray, np.ndarray]
) -> None:
    vectors, _ = trained
    fresh = clustered(6_000, 24)[1] + np.float32(0.05)  # not the queries the trees were tuned on
    found = [
        len(
            np.intersect1d(
                index.best(query, 100, strategy="annoy")[0], by_brute_force(vectors, query, 100)[0]
            )
        )
        for query in fresh
    ]
    assert np.mean(found) / 100 >= 0.95
    assert index.manifest.recall >= 0.95


def test_scores_are_the_same_whichever_way_an_item_was_found(
    index: Index, trained: tuple[np.ndarray, np.ndarray]
) -> None:
    for query in trained[1][:10]:
        exact = dict(zip(*(part.tolist() for part in index.best(query, 200, strategy="exact")), strict=True))
        ids, scores = index.best(query, 50, strategy="annoy")
        assert [exact[i] for i in ids.tolist()] == scores.tolist()
        assert (np.diff(scores) <= 0).all()


@pytest.mark.parametrize("strategy", ["exact", "annoy", None])
def test_excluded_items_never_appear_and_the_list_stays_full(
    index: Index, trained: tuple[np.ndarray, np.ndarray], strategy: str | None
) -> None:
    vectors, queries = trained
    found = []
    for query in queries[:20]:
        best = by_brute_force(vectors, query, 400)[0]
        mask = np.zeros(len(vectors), dtype=bool)
        mask[best[:300]] = True  # what a person knows is just what scores highest
        by_mask = index.best(query, 50, exclude=mask, strategy=strategy)
        by_ids = index.best(query, 50, exclude=best[:300], strategy=strategy)
        np.testing.assert_array_equal(by_mask[0], by_ids[0])
        assert len(by_mask[0]) == 50
        assert not mask[by_mask[0]].any()
        found.append(len(np.intersect1d(by_mask[0], best[300:350])) / 50)
    assert np.mean(found) >= (1.0 if strategy == "exact" else 0.95)


def test_nearest_is_cosine_without_the_item_itself(
    index: Index, trained: tuple[np.ndarray, np.ndarray]
) -> None:
    vectors = trained[0].astype(np.float64)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    for item in (0, 17, 3_000):  # 3,000 is the outlier
        cosines = unit @ unit[item]
        cosines[item] = -2
        best = np.sort(cosines)[::-1][:30]
        ids, scores = index.nearest(item, 30, strategy="exact")
        np.testing.assert_allclose(scores, best, atol=2e-7)
        np.testing.assert_allclose(cosines[ids], scores, atol=2e-7)
        for strategy in ("exact", "annoy"):
            assert item not in index.nearest(item, 200, strategy=strategy)[0]
    by_vector = index.nearest(trained[0][17], 31, strategy="exact")
    assert by_vector[0][0] == 17
    np.testing.assert_array_equal(by_vector[0][1:], index.nearest(17, 30, strategy="exact")[0])


def test_related_trees_reach_the_recall(index: Index) -> None:
    shares = []
    for item in range(0, 6_000, 150):
        best = index.nearest(item, 100, strategy="exact")[0]
        shares.append(len(np.intersect1d(best, index.nearest(item, 100, strategy="annoy")[0])) / 100)
    assert np.mean(shares) >= 0.95
    assert index.manifest.figures_of("nearest", "annoy").recall >= 0.95


@pytest.mark.parametrize("strategy", ["exact", "annoy"])
def test_items_added_later_are_found_beside_the_built_ones(
    index: Index, trained: tuple[np.ndarray, np.ndarray], strategy: str
) -> None:
    vectors, queries = trained
    added = index.add(np.stack([queries[0] * 50, -queries[0], np.zeros(24)]))
    assert added.tolist() == [6_000, 6_001, 6_002]
    assert len(index) == 6_003
    assert index.best(queries[0], 5, strategy=strategy)[0][0] == 6_000
    assert 6_000 not in index.best(queries[0], 5, exclude=added[:1], strategy=strategy)[0]
    assert index.nearest(queries[0], 3, strategy=strategy)[0][0] == 6_000
    related = index.nearest(6_000, 10, strategy=strategy)[0]
    assert not np.isin(added, related).any()
    assert index.nearest(6_002, 10)[0].size == 0
    everything = np.concatenate((vectors, queries[:1] * 50, -queries[:1], np.zeros((1, 24))))
    if strategy == "exact":
        expected = by_brute_force(everything.astype(np.float32), queries[3], 40)[0]
        np.testing.assert_array_equal(index.best(queries[3], 40, strategy="exact")[0], expected)


@pytest.mark.parametrize(("items", "factors"), [(1, 1), (2, 3), (5, 256), (40, 2), (300, 17)])
@pytest.mark.parametrize("strategy", ["exact", "annoy", None])
def test_tiny_catalogues_answer_in_full(
    tmp_path: Path, items: int, factors: int, strategy: str | None
) -> None:
    vectors = np.random.default_rng(items).normal(size=(items, factors)).astype(np.float32)
    vectors[items // 2 :: 3] = 0
    vectors[0] = 1
    build_index(tmp_path, vectors, vectors[:1])
    index = open_index(tmp_path, vectors)
    query = np.ones(factors, dtype=np.float32)
    ids, scores = index.best(query, items + 10, strategy=strategy)
    np.testing.assert_array_equal(ids, by_brute_force(vectors, query, items)[0])
    np.testing.assert_array_equal(scores, by_brute_force(vectors, query, items)[1])
    assert (
        sorted(index.nearest(query, items + 10, strategy=strategy)[0])
        == np.flatnonzero(vectors.any(axis=1)).tolist()
    )
    assert index.best(query, 5, exclude=np.ones(items, dtype=bool), strategy=strategy)[0].size == 0
    assert index.best(query, 0, strategy=strategy)[0].size == 0
    assert index.nearest(0, 0, strategy=strategy)[0].size == 0


@pytest.mark.parametrize("strategy", ["exact", "annoy"])
def test_zero_vectors_and_zero_queries(tmp_path: Path, strategy: str) -> None:
    nothing = np.zeros((20, 4), dtype=np.float32)
    build_index(tmp_path, nothing, nothing)
    index = open_index(tmp_path, nothing)
    ids, scores = index.best(np.zeros(4), 7, strategy=strategy)
    assert len(ids) == 7
    assert scores.tolist() == [0.0] * 7
    assert index.nearest(3, 5, strategy=strategy)[0].size == 0
    assert index.nearest(np.ones(4), 5, strategy=strategy)[0].size == 0


def test_without_queries_items_stand_in(tmp_path: Path, trained: tuple[np.ndarray, np.ndarray]) -> None:
    manifest = build_index(tmp_path, trained[0][:500], np.empty((0, 24)))
    assert manifest.figures_of("best", "annoy").queries > 0


def test_manifest_has_the_contracts_keys_and_survives_json(folder: Path, index: Index) -> None:
    on_disk = json.loads((folder / "index.json").read_text())
    assert {"trees", "search_k", "recall", "bytes"} <= set(on_disk)
    manifest = index.manifest
    assert manifest_from_json(manifest_to_json(manifest), folder) == manifest
    sizes = [path.stat().st_size for path in folder.iterdir() if path.name != "index.json"]
    assert manifest.bytes == sum(sizes)
    assert len(manifest.figures) == 4
    assert all(figure.ms > 0 for figure in manifest.figures)
    for kind in ("best", "nearest"):
        assert sum(figure.serves for figure in manifest.figures if figure.kind == kind) == 1
        assert manifest.serving(kind) == index.serving(kind)


@pytest.mark.parametrize(
    "query",
    [
        np.ones(3),
        np.full(24, np.nan),
        np.full(24, np.inf),
        np.full(24, 1e200),
        np.ones((1, 24)),
        np.float64(1),
    ],
)
def test_malformed_queries_are_refused(index: Index, query: np.ndarray) -> None:
    with pytest.raises(InvalidDataError):
        index.best(query, 5)
    with pytest.raises(InvalidDataError):
        index.nearest(query, 5)


@pytest.mark.parametrize(
    "exclude", [[-1], [6_000], [0.5], np.ones(6_001, dtype=bool), np.ones((2, 2), dtype=np.int64)]
)
def test_malformed_exclusions_are_refused(index: Index, exclude: object) -> None:
    with pytest.raises(InvalidDataError):
        index.best(np.ones(24), 5, exclude=exclude)


def test_unknown_items_counts_and_strategies_are_refused(index: Index) -> None:
    for item in (-1, 6_000):
        with pytest.raises(InvalidDataError, match="not in the index"):
            index.nearest(item, 5)
    with pytest.raises(InvalidDataError):
        index.best(np.ones(24), -1)
    with pytest.raises(InvalidDataError, match="strategy"):
        index.best(np.ones(24), 1, strategy="hnsw")
    with pytest.raises(InvalidDataError):
        index.add(np.ones((2, 23)))


@pytest.mark.parametrize(
    "vectors",
    [np.empty((0, 4)), np.ones(4), np.ones((3, 0)), np.full((3, 4), np.nan), np.full((3, 4), 1e30)],
)
def test_factors_that_cannot_be_indexed_are_refused(tmp_path: Path, vectors: np.ndarray) -> None:
    with pytest.raises(InvalidDataError):
        build_index(tmp_path, vectors, np.ones((1, 4)))


def test_queries_of_another_width_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidDataError, match="factors"):
        build_index(tmp_path, np.ones((3, 4)), np.ones((1, 5)))


def test_building_counts_its_work_and_stops_when_asked(
    tmp_path: Path, trained: tuple[np.ndarray, np.ndarray]
) -> None:
    seen: list[tuple[int, int]] = []
    build_index(
        tmp_path, trained[0][:900], trained[1], progress=lambda done, total: seen.append((done, total))
    )
    shares = [done / total for done, total in seen]
    assert shares == sorted(set(shares))
    assert shares[-1] == 1.0
    assert max(np.diff(shares[shares.index(0.6) :])) < 0.25, "the trees are measured query by query"
    with pytest.raises(CancelledError):
        build_index(tmp_path, trained[0][:900], trained[1], cancelled=lambda: True)


def test_missing_annoy_says_how_to_get_it_and_exact_search_goes_on(
    folder: Path, trained: tuple[np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "annoy", None)
    monkeypatch.setattr("engine.index.index.annoy_version", lambda: "")
    index = open_index(folder, trained[0])
    assert index.serving("nearest") == "exact"
    assert len(index.nearest(0, 5)[0]) == 5
    with pytest.raises(DiscoverError, match=r"C\+\+ compiler"):
        index.nearest(0, 5, strategy="annoy")
    with pytest.raises(DiscoverError, match=r"C\+\+ compiler"):
        build_index(tmp_path, *trained)


def test_importing_and_exact_search_load_no_annoy_or_scipy(
    folder: Path, trained: tuple[np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    np.save(tmp_path / "factors.npy", trained[0])
    script = (
        "import sys, pathlib, numpy as np, engine.index as e\n"
        "i = e.open_index(pathlib.Path(sys.argv[1]), np.load(sys.argv[2], mmap_mode='r'))\n"
        "i.best(np.ones(24), 5, strategy='exact'); i.nearest(1, 5, strategy='exact')\n"
        "print(sorted({'annoy', 'scipy'} & set(sys.modules)))\n"
        "i.nearest(1, 5, strategy='annoy')\n"
        "print('annoy' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(folder), str(tmp_path / "factors.npy")],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[3],
    )
    assert done.stdout.split("\n")[:2] == ["[]", "True"]


def test_the_manifest_is_a_typed_record(index: Index) -> None:
    assert isinstance(index.manifest, IndexManifest)
    assert index.manifest.items == 6_000
    assert index.manifest.factors == 24
