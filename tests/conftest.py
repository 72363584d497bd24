"""What all tests share: kernels are compiled once, beside the code, not anew for each test's data folder."""

from __future__ import annotations

import pytest

from engine.model import compiled


@pytest.fixture(autouse=True)
def kernels_stay_beside_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """Children look there too."""
    monkeypatch.setattr(compiled, "keep_in", lambda _folder: None)
    monkeypatch.setattr("engine.training.train.keep_in", lambda _folder: None)
