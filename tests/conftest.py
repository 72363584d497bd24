"""What all tests share: kernels compiled once, beside the code, and examples that are the same in every run."""

from __future__ import annotations

import os
import sys

import pytest
from hypothesis import settings

# As the app does it, before NumPy is loaded: on two workers, threads of BLAS wait for one another more than they work.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from engine.privacy import caches

# A machine that is slow for a moment is not a failure, and an example nobody saw before is not the change's fault.
settings.register_profile("the same every time", derandomize=True, deadline=None)
settings.load_profile("the same every time")


@pytest.fixture(autouse=True)
def kernels_stay_beside_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """Children look there too. What a private session tells Python of caches is forgotten after each test."""
    monkeypatch.setattr(sys, "dont_write_bytecode", sys.dont_write_bytecode)
    monkeypatch.setattr(caches, "_kept", True)
