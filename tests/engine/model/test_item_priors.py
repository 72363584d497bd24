"""Scarce tracks lean on their artist: the system solved directly, items with enough listeners untouched."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from engine.model.als import AlternatingLeastSquares
from engine.model.confidence import Confidence
from engine.model.item_priors import SCARCE, WEIGHT, artist_means, lean_on_artists, leaning
from engine.training.growth import folded_in

ARTISTS = np.array([0, 0, 0, 1, 1, 2, 2, 3], dtype=np.int32)
LINEAR = Confidence(transform="linear", alpha=2.0, cap=50.0)
SETTINGS = {"alpha": 2.0, "regularization": 0.8, "frequency_exponent": 0.5}


@pytest.fixture(scope="module")
def plays() -> csr_matrix:
    """40 listeners of 8 tracks: two that many have, then 5, 1, 20, 2, none, and 1 by an artist of nothing else."""
    rng = np.random.default_rng(0)
    counts = np.zeros((40, 8), dtype=np.float32)
    for item, many in enumerate((30, 25, 5, 1, 20, 2, 0, 1)):
        counts[rng.permutation(40)[:many], item] = rng.integers(1, 5, many)
    return csr_matrix(counts)


def fitted(plays: csr_matrix) -> AlternatingLeastSquares:
    model = AlternatingLeastSquares(factors=4, iterations=5, random_state=1, **SETTINGS)
    model.fit(LINEAR.counted(plays))
    return model


@pytest.mark.parametrize("listeners_kept", [True, False])
def test_a_scarce_item_solves_its_system_with_the_penalty_centred_on_its_artist(
    plays, listeners_kept
) -> None:
    model = fitted(plays)
    before, users = model.item_factors.copy(), model.user_factors.astype(np.float64)
    if (
        not listeners_kept
    ):  # as after MLlib's fit, which has the items alone: the listeners are those folded in
        model.user_factors = None
        users = np.array([folded(before, row) for row in plays.toarray()])
    lean_on_artists(model, LINEAR, plays, ARTISTS)
    listeners = np.asarray(plays.getnnz(axis=0))
    priors = artist_means(before, listeners, ARTISTS)
    for item, many in enumerate(listeners.tolist()):
        if many > SCARCE or not many:
            np.testing.assert_array_equal(model.item_factors[item], before[item])
            continue
        heard = plays.toarray()[:, item]
        penalty = WEIGHT * 0.8 * many**0.5
        system = users.T @ (users * (1 + 2.0 * heard)[:, None]) + penalty * np.eye(4)
        wanted = users.T @ ((heard > 0) * (1 + 2.0 * heard)) + penalty * priors[item]
        expected = np.linalg.solve(system, wanted)
        np.testing.assert_allclose(model.item_factors[item], expected, rtol=1e-3, atol=1e-4)


def folded(items: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """A listener of these counts in the items' factors."""
    system = items.T @ (items * (1 + 2.0 * counts)[:, None]) + 0.8 * np.count_nonzero(counts) ** 0.5 * np.eye(
        4
    )
    return np.linalg.solve(system, items.T @ ((counts > 0) * (1 + 2.0 * counts)))


def test_what_nobody_has_points_where_its_prior_does_and_is_ranked_by_closeness(plays) -> None:
    priors = np.random.default_rng(1).normal(size=(6, 4)) * np.array([1, 5, 1, 0.1, 1, 3])[:, None]
    users = fitted(plays).user_factors
    found = leaning(csr_matrix((40, 6), dtype=np.float32), users, priors, **SETTINGS)
    lengths = np.linalg.norm(found, axis=1)
    np.testing.assert_allclose(lengths, lengths[0])
    closeness = users @ (priors / np.linalg.norm(priors, axis=1, keepdims=True)).T
    np.testing.assert_array_equal(np.argsort(users @ found.T, axis=1), np.argsort(closeness, axis=1))


def test_an_artists_mean_leaves_the_item_itself_out_and_counts_listeners() -> None:
    factors = np.arange(16, dtype=np.float32).reshape(8, 2)
    listeners = np.array([3, 1, 0, 5, 0, 2, 2, 1])
    found = artist_means(factors, listeners, ARTISTS)
    every = (listeners[:, None] * factors).sum(axis=0) / listeners.sum()
    np.testing.assert_allclose(found[2], (3 * factors[0] + 1 * factors[1] + every) / 5, 1e-6)
    np.testing.assert_allclose(found[3], every, 1e-6)  # of its artist there is nothing else that anybody has
    np.testing.assert_allclose(found[7], every, 1e-6)


def test_a_track_that_joins_a_model_leans_on_its_artist_there_too() -> None:
    rng = np.random.default_rng(2)
    factors = rng.normal(size=(6, 4)).astype(np.float32)
    manifest = {"items": 6, "confidence": LINEAR, "regularization": 0.8, "frequency_exponent": 0.5}
    model = SimpleNamespace(
        manifest=SimpleNamespace(**manifest),
        factors=SimpleNamespace(item_factors=factors),
        listeners=np.full(6, 9),
    )
    counts = np.zeros((3, 8), dtype=np.float32)
    counts[:, :6], counts[0, 6] = rng.integers(0, 4, (3, 6)), 2.0
    ids, new = np.arange(8), np.array([6, 7])
    leant, nobodys = folded_in(model, csr_matrix(counts), ids, new, ARTISTS)
    alone, nothing = folded_in(model, csr_matrix(counts), ids, new, None)
    assert np.linalg.norm(leant - factors[5]) < np.linalg.norm(alone - factors[5])
    assert not nothing.any()
    mean = factors.mean(axis=0)
    assert nobodys @ mean / np.linalg.norm(nobodys) / np.linalg.norm(mean) > 0.95


def test_artists_and_what_enough_have_stay_as_they_were(plays) -> None:
    everybody = csr_matrix(np.ones((8, 3), dtype=np.float32))
    for played, artists in ((everybody, ARTISTS[:3]), (plays, None)):
        model = fitted(played)
        before = model.item_factors
        lean_on_artists(model, LINEAR, played, artists)
        assert model.item_factors is before
