"""Play counts to confidences."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from engine.errors import InvalidDataError
from engine.model import confidence as confidence_module
from engine.model.confidence import FEW_ITEMS, FOLDED, Confidence, Transform

PLAYS = np.array([1, 2, 99, 352_698])


@pytest.mark.parametrize(
    ("transform", "expected"),
    [
        ("binary", [1, 1, 1, 1]),
        ("log", [np.log(2), np.log(3), np.log(100), np.log(352_699)]),
        ("linear", [1, 2, 50, 50]),
    ],
)
def test_each_transform(transform: Transform, expected: list[float]) -> None:
    confidence = Confidence(transform=transform, alpha=2.5, cap=50)
    values = confidence.transformed(PLAYS)
    assert values.dtype == np.float32
    np.testing.assert_allclose(values, expected, rtol=1e-6)
    of = confidence.of(PLAYS)
    assert of.dtype == np.float64
    np.testing.assert_allclose(of, 1 + FOLDED * 2.5 * np.array(expected), rtol=1e-6)


def test_counted_leaves_the_plays_as_they_were() -> None:
    plays = csr_matrix(np.array([[0, 3], [7, 0]]))
    counted = Confidence(transform="log").counted(plays)
    np.testing.assert_allclose(counted.toarray(), np.log1p(plays.toarray()), rtol=1e-6)
    np.testing.assert_array_equal(plays.toarray(), [[0, 3], [7, 0]])
    assert counted.dtype == np.float32


@pytest.mark.parametrize("alpha", [0.0, -1.0, float("nan"), float("inf")])
def test_an_invalid_alpha_is_refused(alpha: float) -> None:
    with pytest.raises(InvalidDataError):
        Confidence(alpha=alpha)


@pytest.mark.parametrize("cap", [0.0, float("nan")])
def test_an_invalid_cap_is_refused(cap: float) -> None:
    with pytest.raises(InvalidDataError):
        Confidence(transform="linear", cap=cap)


def test_ranks_are_of_a_listeners_own_plays() -> None:
    plays = csr_matrix(np.array([[0, 3.0, 9.0, 3.0], [0, 0, 0, 0], [500.0, 0, 0, 0], [2.0, 1.0, 8.0, 5.0]]))
    ranks = Confidence(transform="rank").counted(plays)
    expected = [
        [0, 0.5 + 1 / 3, 0.5 + 2.5 / 3, 0.5 + 1 / 3],
        [0, 0, 0, 0],
        [1, 0, 0, 0],
        [0.875, 0.625, 1.375, 1.125],
    ]
    np.testing.assert_allclose(ranks.toarray(), expected, rtol=1e-6)
    assert ranks.dtype == np.float32
    confidence = Confidence(transform="rank", alpha=2.0)
    np.testing.assert_allclose(
        confidence.of(plays[3].data), 1 + FOLDED * 2.0 * np.array(expected[3]), rtol=1e-6
    )
    assert not Confidence(transform="rank").counted(csr_matrix((3, 2))).nnz


def test_of_a_person_of_many_items_each_counts_less_down_to_what_it_does_in_the_fit() -> None:
    confidence = Confidence(transform="binary", alpha=2.0)
    times = [
        float(confidence.of(np.ones(count))[0] - 1.0) / 2.0 for count in (1, FEW_ITEMS, 250, 2_000, 10**6)
    ]
    assert times[:2] == [FOLDED, FOLDED]
    assert times == sorted(times, reverse=True)
    assert times[-1] == pytest.approx(1.0, abs=1e-3)
    # Of those that have all but faded there are few left.
    assert confidence.of(np.ones(2_000), 80.0)[0] == 1.0 + FOLDED * 2.0


def test_ranks_found_in_parts_are_those_found_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    plays = csr_matrix(rng.integers(0, 9, size=(40, 30)) * (rng.random((40, 1)) < 0.7))
    at_once = Confidence(transform="rank").counted(plays).toarray()
    monkeypatch.setattr(confidence_module, "_AT_ONCE", 50)
    np.testing.assert_array_equal(Confidence(transform="rank").counted(plays).toarray(), at_once)


def test_a_rank_of_equal_plays_says_only_that_there_are_any() -> None:
    plays = np.array([4.0, 4.0, 0.0, 4.0])
    assert Confidence(transform="rank").transformed(plays[plays > 0]).tolist() == [1, 1, 1]
    assert Confidence(transform="rank").transformed(plays)[2] == 0
