"""The kernels as machine code on disk: loaded without Numba, made anew when damaged, the same without a linker."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import random as random_matrix

from engine.model import compiled
from engine.model.als import AlternatingLeastSquares

PLAYS = random_matrix(60, 40, density=0.2, format="csr", dtype=np.float32, random_state=3)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(compiled, "_folder", tmp_path / "kernels")
    return tmp_path / "kernels"


def fitted() -> np.ndarray:
    model = AlternatingLeastSquares(factors=8, iterations=3, random_state=0, num_threads=2)
    model.fit(PLAYS)
    return np.asarray(model.item_factors)


def test_a_fit_leaves_one_private_library_and_a_second_fit_the_same_bytes(folder: Path) -> None:
    first = fitted()
    (library,) = folder.iterdir()
    assert library.stat().st_mode & 0o777 == 0o600
    before = library.read_bytes(), library.stat().st_mtime_ns
    compiled._functions.cache_clear()
    assert np.array_equal(fitted(), first)
    assert (library.read_bytes(), library.stat().st_mtime_ns) == before


def test_a_damaged_library_is_compiled_again_and_older_ones_go(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = fitted()
    (library,) = folder.iterdir()
    # Another folder: the system's loader keeps what it has mapped by its path.
    other = folder.with_name("other")
    other.mkdir()
    (other / library.name).write_bytes(b"\x7fELF not a library")
    (other / "als-8-float32-0123456789abcdef.so").write_bytes(b"of an older Numba")
    monkeypatch.setattr(compiled, "_folder", other)
    assert np.array_equal(fitted(), first)
    assert [file.name for file in other.iterdir()] == [library.name]
    assert (other / library.name).stat().st_size == library.stat().st_size


def test_without_a_linker_the_same_is_compiled_in_the_process(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = fitted()
    for file in folder.iterdir():
        file.unlink()
    monkeypatch.setattr(compiled, "_linker", lambda: None)
    compiled._functions.cache_clear()
    np.testing.assert_allclose(fitted(), first, rtol=1e-4, atol=1e-6)
    assert not folder.exists() or not list(folder.iterdir())


def test_a_fit_with_compiled_kernels_imports_no_numba(folder: Path) -> None:
    fitted()
    program = (
        "import sys, pathlib\n"
        "from engine.model import compiled\n"
        "compiled.keep_in(pathlib.Path(sys.argv[1]))\n"
        "from tests.engine.test_compiled import fitted\n"
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

    for name, kinds in compiled.SIGNATURES.items():
        body = getattr(kernels, f"_{name}")
        inner = body() if not inspect.signature(body).parameters else body(8)
        assert len(inspect.signature(inner).parameters) == len(kinds), name
