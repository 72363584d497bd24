"""What all tests share: kernels are compiled once, beside the code, not anew for each test's data folder."""

from __future__ import annotations

import os
import sys

import pytest

# As the app does it, before NumPy is loaded: on two workers, threads of BLAS wait for one another more than they work.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from engine.model import compiled
from engine.privacy import door


@pytest.fixture(autouse=True)
def kernels_stay_beside_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """Children look there too. What a private session tells Python of caches is forgotten after each test."""
    monkeypatch.setattr(sys, "dont_write_bytecode", sys.dont_write_bytecode)
    monkeypatch.setattr(door, "_caches", True)
    monkeypatch.setattr(compiled, "keep_in", lambda _folder, _write: None)
    monkeypatch.setattr("engine.training.train.keep_in", lambda _folder, _write: None)
