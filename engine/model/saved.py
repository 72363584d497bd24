"""A fitted model as one `.npz` file: settings and both sides' factors, no pickle."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import DamagedDataError

if TYPE_CHECKING:
    from engine.model.als import AlternatingLeastSquares

_SETTINGS = (
    "factors", "regularization", "alpha", "use_native", "use_cg", "iterations", "calculate_training_loss",
    "num_threads", "cg_steps", "momentum", "tolerance",
)  # fmt: skip


def write_model(file: Any, model: AlternatingLeastSquares) -> None:
    """Write `model` to a path (`.npz` is added where it lacks) or an open binary file.

    A seed is kept; a random generator is not, since it cannot be written without pickle.
    """
    values = {name: getattr(model, name) for name in _SETTINGS}
    values["dtype"] = model.dtype.name
    if isinstance(model.random_state, int | np.integer):
        values["random_state"] = int(model.random_state)
    for name in ("user_factors", "item_factors"):
        if getattr(model, name) is not None:
            values[name] = getattr(model, name)
    np.savez(file, **values)


def read_model(file: Any) -> tuple[dict[str, Any], tuple[NDArray[Any] | None, NDArray[Any] | None]]:
    """The settings and the factors of listeners and items. Raises DamagedDataError."""
    if isinstance(file, str) and not file.endswith(".npz"):
        file += ".npz"
    try:
        with np.load(file, allow_pickle=False) as archive:
            values = {name: archive[name] for name in archive.files}
        factors = (values.pop("user_factors", None), values.pop("item_factors", None))
        settings = {name: value.item() for name, value in values.items()}
        missing = {"dtype", *_SETTINGS} - settings.keys()
    except (OSError, ValueError, EOFError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise DamagedDataError(
            f"{file} is no saved model or is damaged ({error}). Fit the model again."
        ) from error
    if missing or set(settings) - {"dtype", "random_state", *_SETTINGS}:
        raise DamagedDataError(f"{file} is no saved model: its settings are others. Fit the model again.")
    for side in factors:
        if side is not None and (
            side.ndim != 2 or side.shape[1] != settings["factors"] or not np.isfinite(side).all()
        ):
            raise DamagedDataError(f"{file} holds factors that do not fit its settings. Fit the model again.")
    return settings, factors
