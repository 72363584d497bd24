"""The split into what a model sees and what it must guess."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from engine.errors import InvalidDataError
from engine.evaluation.splits import leave_out


@settings(deadline=None, max_examples=50, derandomize=True)
@given(st.lists(st.integers(0, 12), min_size=1, max_size=8), st.floats(0.05, 0.95), st.integers(0, 99))
def test_every_play_is_on_one_side_and_the_share_is_kept(lengths: list[int], share: float, seed: int) -> None:
    dense = np.zeros((len(lengths), 12), dtype=np.float32)
    for row, length in enumerate(lengths):
        dense[row, :length] = 1 + np.arange(length)
    plays = csr_matrix(dense)
    train, test = leave_out(plays, share, seed)
    np.testing.assert_array_equal((train + test).toarray(), dense)
    assert train.nnz + test.nnz == plays.nnz
    held = np.diff(test.indptr)
    for length, count in zip(lengths, held, strict=True):
        if length < 2:
            assert count == 0
        else:
            assert 1 <= count <= length - 1
            assert abs(count - length * share) <= 1


def test_the_seed_decides() -> None:
    plays = csr_matrix(np.ones((30, 20), dtype=np.float32))
    first, same, other = (leave_out(plays, seed=seed)[1].toarray() for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, same)
    assert (first != other).any()


def test_every_item_is_as_likely_to_be_held_out() -> None:
    plays = csr_matrix(np.ones((4_000, 10), dtype=np.float32))
    held = np.asarray(leave_out(plays, share=0.2)[1].sum(axis=0)).ravel()
    # 800 expected, standard deviation 25.
    assert held.sum() == 8_000
    assert np.abs(held - 800).max() < 100


def test_of_many_listeners_those_drawn_alone_have_plays_held_out() -> None:
    plays = csr_matrix(np.arange(1.0, 401.0, dtype=np.float32).reshape(40, 10))
    train, test = leave_out(plays, 0.2, seed=3, listeners=7)
    np.testing.assert_array_equal((train + test).toarray(), plays.toarray())
    held = np.diff(test.indptr)
    assert sorted(held.tolist()) == [0] * 33 + [2] * 7
    assert (np.diff(leave_out(plays, 0.2, seed=4, listeners=7)[1].indptr) != held).any()
    # Where there are no more, it is the split of all.
    whole, asked = (leave_out(plays, 0.2, 3, listeners)[1].toarray() for listeners in (None, 40))
    np.testing.assert_array_equal(whole, asked)


@pytest.mark.parametrize("share", [0.0, 1.0, -0.2, float("nan")])
def test_an_invalid_share_is_refused(share: float) -> None:
    with pytest.raises(InvalidDataError, match="share"):
        leave_out(csr_matrix(np.ones((2, 2))), share=share)
