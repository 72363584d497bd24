"""Play counts to confidences."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from engine.errors import InvalidDataError
from engine.model.confidence import Confidence, Transform

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
    np.testing.assert_allclose(of, 1 + 2.5 * np.array(expected), rtol=1e-6)


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
