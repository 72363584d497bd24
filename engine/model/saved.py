"""A fitted model as one `.npz` file: settings and both sides' factors, no pickle."""

from __future__ import annotations

import struct
import tokenize
import zipfile
import zlib
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.errors import DamagedDataError, reason

_SETTINGS = (
    "factors",
    "regularization",
    "alpha",
    "use_native",
    "use_cg",
    "iterations",
    "calculate_training_loss",
    "num_threads",
    "frequency_exponent",
    "cg_steps",
    "momentum",
    "tolerance",
)
_SIDES = ("user_factors", "item_factors")
# The entry of missing factors, so that an archive that lost an entry differs from that of an unfitted model.
_NOT_FITTED = np.zeros((0, 0), dtype=np.float32)
# What zipfile, NumPy's header parser and the checks of settings raise for a damaged archive.
_UNREADABLE = (
    OSError,
    EOFError,
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    NotImplementedError,
    RuntimeError,
    SyntaxError,
    OverflowError,
    MemoryError,
    struct.error,
    tokenize.TokenError,
    zlib.error,
    zipfile.BadZipFile,
)


class Fitted(Protocol):
    """A model: attributes named as its settings, and both sides' factors."""

    factors: int
    random_state: Any
    dtype: np.dtype[Any]


M = TypeVar("M", bound=Fitted)


def write_model(file: Any, model: Fitted) -> None:
    """Write `model` to a path (`.npz` is added if missing) or an open binary file.

    A seed is kept; a random generator is not, since it cannot be written without pickle.
    """
    values = {name: getattr(model, name) for name in _SETTINGS}
    values["dtype"] = model.dtype.name
    if isinstance(model.random_state, int | np.integer):
        values["random_state"] = int(model.random_state)
    for name in _SIDES:
        side = getattr(model, name)
        values[name] = _NOT_FITTED if side is None else side
    np.savez(file, **values)


def read_model(file: Any, build: Callable[..., M]) -> M:
    """The model in `file`, made by `build` from its settings, with its factors. Raises DamagedDataError."""
    if isinstance(file, str) and not file.endswith(".npz"):
        file += ".npz"
    try:
        with np.load(file, allow_pickle=False) as archive:
            values = {name: archive[name] for name in archive.files}
        sides = [values.pop(name) for name in _SIDES]
        settings = {name: value.item() for name, value in values.items()}
        if not {"dtype", *_SETTINGS} <= settings.keys() <= {"dtype", "random_state", *_SETTINGS}:
            raise ValueError("its settings are others")
        model = build(**settings)
        for name, side in zip(_SIDES, sides, strict=True):
            setattr(model, name, None if side.shape == _NOT_FITTED.shape else _checked_side(side, model))
    except _UNREADABLE as error:
        raise DamagedDataError(
            f"{file} is not a saved model or is damaged ({reason(error)}). Fit the model again."
        ) from error
    return model


def _checked_side(side: NDArray[Any], model: Fitted) -> NDArray[Any]:
    if side.dtype != model.dtype or side.ndim != 2 or side.shape[1] != model.factors:
        raise ValueError(f"factors {side.shape} of {side.dtype} do not fit its settings")
    if not np.isfinite(side).all():
        raise ValueError("its factors are not all finite")
    return side
