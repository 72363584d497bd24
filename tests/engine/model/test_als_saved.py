"""A saved model: the same after a load, and damage reported as damage."""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.errors import DamagedDataError
from engine.model.als import AlternatingLeastSquares
from tests.support.factorizing import plays


def fitted(**settings: Any) -> AlternatingLeastSquares:
    model = AlternatingLeastSquares(factors=4, iterations=2, alpha=3.0, regularization=0.7, **settings)
    model.fit(plays(20, 15))
    return model


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_model_comes_back_as_it_was(tmp_path: Path, dtype: type) -> None:
    model = fitted(dtype=dtype, random_state=5, use_cg=False, num_threads=1, tolerance=1e-4, momentum=False)
    model.save(tmp_path / "model.npz")
    loaded = AlternatingLeastSquares.load(tmp_path / "model.npz")
    for name, value in vars(model).items():
        if not name.endswith("_factors"):
            assert getattr(loaded, name) == value, name
    assert loaded.user_factors.tobytes() == model.user_factors.tobytes()
    assert loaded.item_factors.dtype == dtype
    assert loaded.item_factors.tobytes() == model.item_factors.tobytes()
    np.testing.assert_array_equal(loaded.similar_items(3)[0], model.similar_items(3)[0])


def test_the_ending_may_be_left_out_and_a_file_object_given(tmp_path: Path) -> None:
    model = fitted(random_state=np.random.default_rng(0))
    model.save(str(tmp_path / "model"))
    assert (tmp_path / "model.npz").exists()
    by_name = AlternatingLeastSquares.load(str(tmp_path / "model"))
    buffer = io.BytesIO()
    model.save(buffer)
    buffer.seek(0)
    by_object = AlternatingLeastSquares.load(buffer)
    assert by_name.item_factors.tobytes() == by_object.item_factors.tobytes()
    # A generator cannot be written without pickle: the next fit starts over.
    assert by_name.random_state is None


def test_a_model_that_was_not_fitted_can_be_saved(tmp_path: Path) -> None:
    AlternatingLeastSquares(factors=9).save(tmp_path / "model.npz")
    loaded = AlternatingLeastSquares.load(tmp_path / "model.npz")
    assert loaded.factors == 9
    assert loaded.item_factors is None


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(DamagedDataError, match="nowhere"):
        AlternatingLeastSquares.load(tmp_path / "nowhere.npz")


def test_every_truncation_is_reported(tmp_path: Path) -> None:
    whole = tmp_path / "whole.npz"
    fitted(random_state=0).save(whole)
    content = whole.read_bytes()
    part = tmp_path / "part.npz"
    for length in [0, 1, 10, *range(100, len(content), 97), len(content) - 1]:
        part.write_bytes(content[:length])
        with pytest.raises(DamagedDataError, match="Fit the model again"):
            AlternatingLeastSquares.load(part)


def test_every_flipped_byte_is_reported_or_changes_nothing(tmp_path: Path) -> None:
    """What a zip's own checks do not cover (time stamps, attributes) may change, the model may not."""
    model = fitted(random_state=0)
    whole, altered = tmp_path / "whole.npz", tmp_path / "altered.npz"
    model.save(whole)
    content = whole.read_bytes()
    found = 0
    for place in range(0, len(content), 11):
        altered.write_bytes(content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :])
        try:
            loaded = AlternatingLeastSquares.load(altered)
        except DamagedDataError:
            found += 1
        else:
            assert loaded.item_factors.tobytes() == model.item_factors.tobytes()
            assert loaded.user_factors.tobytes() == model.user_factors.tobytes()
            assert (loaded.alpha, loaded.regularization) == (model.alpha, model.regularization)
    assert found > 20


@pytest.mark.parametrize(
    "changed",
    [
        {"item_factors": np.zeros((15, 3), np.float32)},
        {"item_factors": np.full((15, 4), np.nan, np.float32)},
        {"item_factors": np.zeros((15, 4), np.complex64)},
        {"item_factors": np.zeros(4, np.float32)},
        {"alpha": None},
        {"alpha": np.float64(-1)},
        {"alpha": np.array([1.0, 2.0])},
        {"factors": np.float64("nan")},
        {"dtype": np.str_("complex64")},
        {"dtype": np.str_("nonsense")},
        {"another": np.float64(1)},
        {"item_factors": np.array([["a"] * 4] * 15)},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_a_file_that_holds_something_else_is_reported(tmp_path: Path, changed: dict[str, Any]) -> None:
    path = tmp_path / "model.npz"
    fitted(random_state=0).save(path)
    with np.load(path) as archive:
        values = {name: archive[name] for name in archive.files} | changed
    np.savez(path, **{name: value for name, value in values.items() if value is not None})
    with pytest.raises(DamagedDataError):
        AlternatingLeastSquares.load(path)


def test_a_pickle_is_never_run(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, ...]:
            return (Path.touch, (tmp_path / "sprung",))

    (tmp_path / "bare.npz").write_bytes(pickle.dumps(Trap()))
    np.savez(tmp_path / "inside.npz", item_factors=np.array([Trap()], dtype=object))
    for name in ("bare.npz", "inside.npz"):
        with pytest.raises(DamagedDataError):
            AlternatingLeastSquares.load(tmp_path / name)
    assert not (tmp_path / "sprung").exists()
