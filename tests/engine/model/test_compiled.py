"""The kernels as machine code on disk: loaded without Numba, remade when damaged, the same without a linker."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy.sparse import random as random_matrix

from engine.model import compiled
from engine.model.als import AlternatingLeastSquares
from engine.model.signatures import SIGNATURES

# Compiled once, not once a worker.
pytestmark = pytest.mark.xdist_group("compiled")

PLAYS = random_matrix(60, 40, density=0.2, format="csr", dtype=np.float32, random_state=3)


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the child's machine code is kept before it is linked: there once `library` is."""
    return tmp_path_factory.mktemp("code") / "kernels.o"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory, code: Path) -> Path:
    """The one file a fit leaves."""

    def run(command: list[str], **how: Any) -> Any:
        done = subprocess.run(command, **how)
        if "engine.model.kernels" in command:
            shutil.copy(command[-1], code)
        return done

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(compiled, "subprocess", SimpleNamespace(run=run))
        patched.setattr(compiled, "_folder", tmp_path_factory.mktemp("made") / "kernels")
        compiled.functions.cache_clear()
        fitted()
        compiled.functions.cache_clear()
        (file,) = compiled._folder.iterdir()
    return file


@pytest.fixture
def folder(tmp_path: Path, library: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of one's own that holds it."""
    monkeypatch.setattr(compiled, "_folder", tmp_path / "kernels")
    shutil.copytree(library.parent, tmp_path / "kernels")
    compiled.functions.cache_clear()
    yield tmp_path / "kernels"
    compiled.functions.cache_clear()


def fitted() -> np.ndarray:
    model = AlternatingLeastSquares(factors=8, iterations=3, random_state=0, num_threads=2)
    model.fit(PLAYS)
    return np.asarray(model.item_factors)


def test_a_library_that_is_there_is_not_compiled_again(
    folder: Path, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiled, "_compile", lambda *_: pytest.fail("compiled again"))
    assert library.stat().st_mode & 0o777 == 0o600
    fitted()
    assert [file.name for file in folder.iterdir()] == [library.name]


def test_a_damaged_library_is_compiled_again_and_older_ones_go(
    folder: Path, library: Path, code: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def run(command: list[str], **how: Any) -> Any:
        """The child's work is unchanged; it is linked again."""
        asked.append(command[0])
        if "engine.model.kernels" not in command:
            return subprocess.run(command, **how)
        shutil.copy(code, command[-1])
        return SimpleNamespace(returncode=0)

    monkeypatch.setattr(compiled, "subprocess", SimpleNamespace(run=run))
    (folder / library.name).write_bytes(b"\x7fELF not a library")
    (folder / "als-8-float32-0123456789abcdef.so").write_bytes(b"of an older Numba")
    fitted()
    assert len(asked) == 2
    assert [file.name for file in folder.iterdir()] == [library.name]
    assert (folder / library.name).stat().st_size == library.stat().st_size


def test_without_a_linker_the_same_is_compiled_in_the_process(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = fitted()
    monkeypatch.setattr(compiled, "_folder", folder.with_name("none yet"))
    monkeypatch.setattr(compiled, "_linker", lambda: None)
    compiled.functions.cache_clear()
    np.testing.assert_allclose(fitted(), first, rtol=1e-4, atol=1e-6)
    assert not folder.with_name("none yet").exists()


def test_a_fit_with_compiled_kernels_imports_no_numba(folder: Path) -> None:
    program = (
        "import sys, pathlib\n"
        "from engine.model import compiled\n"
        "compiled._folder = pathlib.Path(sys.argv[1])\n"
        "from tests.engine.model.test_compiled import fitted\n"
        "fitted()\n"
        "print(sorted({'numba', 'llvmlite'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(folder)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_every_kernel_has_the_arguments_its_signature_names() -> None:
    import inspect

    from engine.model import kernels

    for name, kinds in {
        name: each for kernel in SIGNATURES.values() for name, each in kernel.items()
    }.items():
        assert len(inspect.signature(kernels.BODIES[name](8)).parameters) == len(kinds), name
