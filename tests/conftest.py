"""What all tests share: kernels compiled once, beside the code, and examples that are the same in every run."""

from __future__ import annotations

import compileall
import contextlib
import gc
import importlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# As the app does it, before NumPy is loaded: on two workers, threads of BLAS wait for one another more than they work.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from engine.index import build
from engine.privacy import database_file

# Also where Python was started to write no bytecode: each worker would compile every test anew.
sys.dont_write_bytecode = False

# A machine that is slow for a moment is not a failure, and an example nobody saw before is not the change's fault.
settings.register_profile("the same every time", derandomize=True, deadline=None)
settings.load_profile("the same every time")

# Garbage is looked for at every ten thousandth object, not every seven hundredth: a twentieth of a test's time.
gc.set_threshold(10_000, 20, 20)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Each worker begins with another part of the code and of the tests.

    Where nothing is compiled yet, as in a fresh clone, a module is compiled by the worker that comes to it first, and
    read by the others: in one order, every worker did all of it at the same time as all others.
    """
    worker = getattr(session.config, "workerinput", None)
    if worker is None:
        return
    root, share = session.config.rootpath, int(worker["workerid"].removeprefix("gw")) / worker["workercount"]
    asked = [root / argument.split("::")[0] for argument in session.config.args]
    for module in _beginning_at(
        share, [file for room in ("engine", "tuiapp") for file in (root / room).rglob("*.py")]
    ):
        compileall.compile_file(str(module), quiet=2)
    for module in _beginning_at(share, [file for path in asked for file in path.rglob("test_*.py")]):
        # Errors of imports are reported when tests are collected.
        with contextlib.suppress(Exception, pytest.skip.Exception):
            importlib.import_module(".".join(module.relative_to(root).with_suffix("").parts))


def pytest_collection_finish(session: pytest.Session) -> None:
    sys.dont_write_bytecode = bool(sys.flags.dont_write_bytecode)


def _beginning_at(share: float, files: list[Path]) -> list[Path]:
    first = int(share * len(files))
    return sorted(files)[first:] + sorted(files)[:first]


@pytest.fixture(autouse=True)
def bytecode_is_written_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a private session tells Python of it is forgotten after each test."""
    monkeypatch.setattr(sys, "dont_write_bytecode", sys.dont_write_bytecode)


@pytest.fixture(scope="module", autouse=True)
def disk_is_not_waited_for() -> Iterator[None]:
    """What is written need not outlive a power cut: a new library waited eight times as long as it worked.

    The door's own tests do wait.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _file: None)
        patch.setattr(database_file, "SYNCHRONOUS", "OFF")
        yield


@pytest.fixture(scope="session", autouse=True)
def trees_are_tuned_by_few_questions() -> Iterator[None]:
    """How quick the trees are is no test's matter, and what they miss is measured by a tenth of the questions."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build, "_RELATED_QUERIES", 20)
        yield
