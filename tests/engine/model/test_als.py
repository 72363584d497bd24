"""Fitting: the exact loss, the same bytes whatever the threads, bad input, cancelling."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from engine.errors import CancelledError, InvalidDataError
from engine.model.als import AlternatingLeastSquares
from tests.support.factorizing import loss_over_all_cells, plays

# Kernels of ranks and precisions that nobody else asks for are compiled on one worker.
pytestmark = pytest.mark.xdist_group("als")


@pytest.mark.parametrize("use_cg", [True, False])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("momentum", [True, False])
def test_the_loss_is_the_papers_and_falls_each_sweep(use_cg: bool, dtype: type, momentum: bool) -> None:
    matrix = plays()
    reported, exact = [], []

    def after_sweep(sweep: int, seconds: float, loss: float) -> None:
        assert sweep == len(reported)
        assert seconds > 0
        reported.append(loss)
        exact.append(
            loss_over_all_cells(matrix, model.user_factors, model.item_factors, alpha=2.0, regularization=3.0)
        )

    model = AlternatingLeastSquares(
        factors=6,
        regularization=3.0,
        alpha=2.0,
        dtype=dtype,
        use_cg=use_cg,
        iterations=12,
        random_state=1,
        momentum=momentum,
    )
    model.fit(matrix, callback=after_sweep)
    assert len(reported) == 12
    np.testing.assert_allclose(reported, exact, rtol=2e-5)
    assert all(after <= before * (1 + 1e-6) for before, after in pairwise(reported))
    assert reported[-1] < 0.7 * reported[0]
    assert model.user_factors.dtype == model.item_factors.dtype == dtype


@pytest.mark.parametrize("factors", [5, 70])
def test_an_exact_sweep_solves_every_items_equations(factors: int) -> None:
    """70 factors are wider than what the kernels keep in registers at a time."""
    matrix = plays()
    model = AlternatingLeastSquares(
        factors=factors,
        regularization=2.0,
        alpha=1.5,
        use_cg=False,
        iterations=3,
        random_state=0,
        dtype=np.float64,
    )
    model.fit(matrix)
    users, values = model.user_factors, matrix.toarray().astype(np.float64)
    for item in range(matrix.shape[1]):
        confidences = 1 + 1.5 * values[:, item]
        system = users.T @ (users * confidences[:, None]) + 2.0 * np.eye(factors)
        right = users.T @ (confidences * (values[:, item] > 0))
        np.testing.assert_allclose(model.item_factors[item], np.linalg.solve(system, right), atol=1e-6)


def test_the_loss_is_that_of_implicit() -> None:
    peer = pytest.importorskip("implicit.cpu.als")
    matrix = plays(seed=3)
    model = AlternatingLeastSquares(
        factors=8, regularization=4.0, alpha=2.0, iterations=60, random_state=0, dtype=np.float64
    )
    losses: list[float] = []
    model.fit(matrix, callback=lambda _sweep, _seconds, loss: losses.append(loss))
    same = matrix.copy()
    same.data = same.data + 1 / 2.0
    reference = peer.AlternatingLeastSquares(
        factors=8,
        regularization=4.0,
        alpha=2.0,
        iterations=60,
        random_state=0,
        num_threads=1,
        dtype=np.float64,
    )
    reference.fit(same, show_progress=False)
    theirs = loss_over_all_cells(
        matrix, reference.user_factors, reference.item_factors, alpha=2.0, regularization=4.0
    )
    assert losses[-1] == pytest.approx(theirs, rel=1e-3)


def test_the_same_seed_gives_the_same_bytes_with_any_number_of_threads() -> None:
    matrix = plays(listeners=4_000, items=300)

    def fitted(threads: int, seed: int) -> bytes:
        model = AlternatingLeastSquares(factors=6, iterations=3, num_threads=threads, random_state=seed)
        model.fit(matrix)
        return model.user_factors.tobytes() + model.item_factors.tobytes()

    one = fitted(1, seed=7)
    assert fitted(2, seed=7) == one
    assert fitted(3, seed=7) == one
    assert fitted(2, seed=8) != one


def test_a_fit_goes_on_from_the_factors_it_is_given() -> None:
    matrix = plays()
    losses: list[float] = []
    whole = AlternatingLeastSquares(
        factors=6, regularization=1.0, iterations=8, random_state=0, momentum=False
    )
    whole.fit(matrix, callback=lambda _sweep, _seconds, loss: losses.append(loss))
    half = AlternatingLeastSquares(
        factors=6, regularization=1.0, iterations=4, random_state=0, momentum=False
    )
    half.fit(matrix)
    again: list[float] = []
    half.fit(matrix, callback=lambda _sweep, _seconds, loss: again.append(loss))
    np.testing.assert_allclose(again, losses[4:], rtol=1e-5)


def test_tolerance_stops_a_fit_that_no_longer_gains() -> None:
    sweeps: list[int] = []
    model = AlternatingLeastSquares(
        factors=4, regularization=5.0, iterations=200, random_state=0, tolerance=1e-3
    )
    model.fit(plays(), callback=lambda sweep, _seconds, _loss: sweeps.append(sweep))
    assert 2 < len(sweeps) < 60


def test_cancelling_leaves_the_sweep_before_whole() -> None:
    matrix = plays()
    sweeps: list[int] = []
    model = AlternatingLeastSquares(factors=4, iterations=20, random_state=0)
    with pytest.raises(CancelledError):
        model.fit(
            matrix, callback=lambda sweep, _s, _l: sweeps.append(sweep), cancelled=lambda: len(sweeps) == 3
        )
    assert sweeps == [0, 1, 2]
    shorter = AlternatingLeastSquares(factors=4, iterations=3, random_state=0)
    shorter.fit(matrix)
    assert model.user_factors.tobytes() == shorter.user_factors.tobytes()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, -1.0])
def test_invalid_counts_are_refused(value: float) -> None:
    matrix = plays()
    matrix.data[5] = value
    model = AlternatingLeastSquares(factors=4, iterations=1)
    with pytest.raises(InvalidDataError):
        model.fit(matrix)
    assert model.item_factors is None


@pytest.mark.parametrize("shape", [(0, 0), (5, 0), (0, 5), (4, 6)])
def test_a_matrix_without_plays_is_refused(shape: tuple[int, int]) -> None:
    with pytest.raises(InvalidDataError, match="nothing to fit"):
        AlternatingLeastSquares(factors=4).fit(csr_matrix(shape, dtype=np.float32))


def test_a_dense_matrix_is_refused() -> None:
    with pytest.raises(InvalidDataError, match="sparse"):
        AlternatingLeastSquares(factors=4).fit(plays().toarray())  # type: ignore[arg-type]  # what is refused


def test_a_listener_without_items_and_an_item_without_listeners_become_zero() -> None:
    dense = plays().toarray()
    dense[11], dense[:, 7] = 0, 0
    model = AlternatingLeastSquares(factors=4, regularization=1.0, iterations=4, random_state=0)
    model.fit(csr_matrix(dense))
    assert not model.user_factors[11].any()
    assert not model.item_factors[7].any()
    assert np.isfinite(model.user_factors).all()
    assert model.user_factors[10].any()


@pytest.mark.parametrize("shape", [(1, 5), (5, 1), (1, 1), (3, 4)])
def test_more_factors_than_rows_is_a_fit_like_any_other(shape: tuple[int, int]) -> None:
    matrix = csr_matrix(np.ones(shape, dtype=np.float32))
    model = AlternatingLeastSquares(factors=8, regularization=0.1, alpha=5.0, iterations=10, random_state=0)
    model.fit(matrix)
    assert model.user_factors.shape == (shape[0], 8)
    np.testing.assert_allclose(model.user_factors @ model.item_factors.T, 1.0, atol=0.05)


@pytest.mark.parametrize(
    "changed",
    [
        {"factors": 0},
        {"iterations": -1},
        {"regularization": -1.0},
        {"regularization": float("nan")},
        {"alpha": 0.0},
        {"alpha": float("inf")},
        {"num_threads": -1},
        {"cg_steps": 0},
        {"dtype": np.int32},
    ],
)
def test_settings_out_of_range_are_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(InvalidDataError):
        AlternatingLeastSquares(**changed)


def test_factors_of_another_matrix_are_refused() -> None:
    model = AlternatingLeastSquares(factors=4, iterations=1, random_state=0)
    model.fit(plays())
    with pytest.raises(InvalidDataError, match="shape"):
        model.fit(plays(items=81))


@settings(deadline=None, max_examples=50, derandomize=True)
@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 7), st.floats(0, 1e6)), min_size=1, max_size=40),
    st.integers(1, 8),  # one rank to compile
    st.sampled_from([0.0, 0.01, 10.0]),
)
def test_whatever_the_counts_the_factors_are_finite(
    cells: list[tuple[int, int, float]], factors: int, regularization: float
) -> None:
    rows, columns, values = zip(*cells, strict=True)
    matrix = csr_matrix((np.array(values), (rows, columns)), shape=(6, 8))
    losses: list[float] = []
    model = AlternatingLeastSquares(
        factors=factors, regularization=regularization, iterations=5, random_state=0
    )
    model.fit(matrix, callback=lambda _sweep, _seconds, loss: losses.append(loss))
    assert np.isfinite(model.user_factors).all()
    assert np.isfinite(model.item_factors).all()
    assert np.isfinite(losses).all()
