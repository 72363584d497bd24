"""The kernels as machine code on disk: compiled once, anew when damaged, and errors that say what to install."""

from __future__ import annotations

import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import random as random_matrix

from engine.errors import DiscoverError
from engine.model import compiled
from engine.model.als import AlternatingLeastSquares
from engine.model.neighbour_fit import products_of
from engine.model.parallel import Kernels

# Compiled once, not once a worker.
pytestmark = pytest.mark.xdist_group("compiled")

PLAYS = random_matrix(60, 40, density=0.2, format="csr", dtype=np.float32, random_state=3)
SOURCES = Path(compiled.__file__).parent
FLAGS = compiled._FLAGS
# Whether it is compiled is asked, not how well: a fifth of the time.
PLAIN = (*FLAGS, "-O0")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The one file a fit leaves."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(compiled, "_folder", tmp_path_factory.mktemp("made") / "kernels")
        patched.setattr(compiled, "_FLAGS", PLAIN)
        compiled.kernels.cache_clear()
        fitted()
        compiled.kernels.cache_clear()
        (file,) = compiled._folder.iterdir()
    return file


@pytest.fixture
def folder(tmp_path: Path, library: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of one's own that holds it."""
    monkeypatch.setattr(compiled, "_folder", tmp_path / "kernels")
    monkeypatch.setattr(compiled, "_FLAGS", PLAIN)
    shutil.copytree(library.parent, tmp_path / "kernels")
    compiled.kernels.cache_clear()
    yield tmp_path / "kernels"
    compiled.kernels.cache_clear()


@pytest.fixture
def empty(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of one's own without any."""
    monkeypatch.setattr(compiled, "_folder", folder.with_name("none yet"))
    return folder.with_name("none yet")


def fitted(factors: int = 8) -> np.ndarray:
    model = AlternatingLeastSquares(factors=factors, iterations=3, random_state=0, num_threads=2)
    model.fit(PLAYS)
    return np.asarray(model.item_factors)


def compiler(place: Path, lines: str) -> Path:
    """A C compiler of our own, a shell script."""
    script = place / "own-cc"
    script.write_text(f"#!/bin/sh\n{lines}\n")
    script.chmod(0o700)
    return script


def test_a_library_that_is_there_is_not_compiled_again(
    folder: Path, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiled, "_compile", lambda *_: pytest.fail("compiled again"))
    assert library.stat().st_mode & 0o777 == 0o600
    fitted()
    assert [file.name for file in folder.iterdir()] == [library.name]


@pytest.mark.parametrize("damage", ["not a library", "cut off", "another library"])
def test_a_damaged_library_is_compiled_again_and_older_ones_go(
    folder: Path, library: Path, tmp_path: Path, damage: str
) -> None:
    own = folder / library.name
    if damage == "not a library":
        own.write_bytes(b"\x7fELF not a library")
    elif damage == "cut off":
        own.write_bytes(library.read_bytes()[:100])
    else:
        (tmp_path / "other.c").write_text("void solve(void) {}")
        subprocess.run(["cc", "-shared", "-fPIC", tmp_path / "other.c", "-o", own], check=True)
    (folder / "als-8-float32-0123456789abcdef.so").write_bytes(b"of an older version")
    fitted()
    assert [file.name for file in folder.iterdir()] == [library.name]
    assert own.stat().st_size == library.stat().st_size
    assert own.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("changed", ["_FLAGS", "_processor", "compiler", "source", "header"])
def test_a_library_of_other_flags_processors_compilers_or_sources_is_not_taken(
    folder: Path, library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: str
) -> None:
    if changed == "_FLAGS":
        monkeypatch.setattr(compiled, "_FLAGS", (*compiled._FLAGS, "-g"))
    elif changed == "_processor":
        monkeypatch.setattr(compiled, "_processor", lambda: "another")
    elif changed == "compiler":
        newer = compiler(tmp_path, '[ "$1" = --version ] && echo "newer 99" || exec cc "$@"')
        monkeypatch.setenv("CC", str(newer))
    else:
        shutil.copytree(SOURCES, tmp_path / "sources", ignore=shutil.ignore_patterns("__pycache__"))
        name = "als.c" if changed == "source" else "lanes.h"
        with (tmp_path / "sources" / name).open("a") as file:
            file.write("/* changed */\n")
        monkeypatch.setattr(compiled, "_SOURCES", tmp_path / "sources")
    fitted()
    (found,) = folder.iterdir()
    assert found.name != library.name


def test_without_its_compiler_what_that_compiled_is_still_taken(
    folder: Path, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CC", "")
    monkeypatch.setenv("PATH", "")
    fitted()
    assert [file.name for file in folder.iterdir()] == [library.name]


def test_a_compiler_named_with_a_quote_that_is_not_closed_is_passed_over(
    folder: Path, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CC", "gcc'")
    fitted()
    assert [file.name for file in folder.iterdir()] == [library.name], "that of the next name"


def test_a_struct_with_a_field_that_cannot_be_read_is_refused() -> None:
    """Left out, all fields behind it would be read from elsewhere."""
    text = "typedef struct {\n    const real *x; /* (rows,) */\n    int64_t room[4];\n} Given;\n"
    with pytest.raises(ValueError, match=r"Given: int64_t room\[4\]"):
        compiled._fields(text, "Given")


def test_without_a_compiler_the_error_says_what_to_install(
    empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CC", "/nowhere/cc")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(DiscoverError, match="C compiler, and there is none") as raised:
        fitted()
    for system in ("`apt install gcc libc6-dev`", "`dnf install gcc`", "`xcode-select --install`"):
        assert system in str(raised.value)
    assert not empty.exists()


def test_where_the_compiler_fails_the_error_has_its_first_and_says_what_to_install(
    empty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = ("In a file", "als.c:7: fatal error: stdint.h: No such file", "error: two")
    said = "; ".join(f"echo '{line}' >&2" for line in lines)
    monkeypatch.setenv("CC", str(compiler(tmp_path, f"{said}; exit 1")))
    with pytest.raises(DiscoverError, match=r"own-cc fails: als\.c:7: fatal error: stdint\.h") as raised:
        fitted()
    assert "apt install" in str(raised.value)
    assert "error: two" not in str(raised.value)
    assert not empty.exists()


def test_a_compiler_that_does_not_know_this_processor_compiles_for_any(
    empty: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = fitted()
    compiled.kernels.cache_clear()
    lines = 'case "$*" in *=native*) echo "error: what is native?" >&2; exit 1;; esac; exec cc "$@"'
    monkeypatch.setenv("CC", f"{compiler(tmp_path, lines)} -O1")
    np.testing.assert_allclose(fitted(), first, rtol=1e-4, atol=1e-6)


def test_where_the_folder_is_not_writable_the_library_is_private_and_leaves_nothing(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = fitted()
    (tmp_path / "temporary").mkdir()
    (tmp_path / "a file").touch()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    monkeypatch.setattr(compiled, "_folder", tmp_path / "a file" / "kernels")
    modes: list[int] = []
    load = compiled.ctypes.CDLL

    def loaded(path: str) -> object:
        library = load(path)
        modes.append(stat.S_IMODE(Path(path).parent.stat().st_mode))
        return library

    monkeypatch.setattr(compiled.ctypes, "CDLL", loaded)
    compiled.kernels.cache_clear()
    np.testing.assert_array_equal(fitted(), first)
    assert modes == [0o700]
    assert list((tmp_path / "temporary").iterdir()) == []


def test_a_disk_without_permission_to_execute_is_said(empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(path: str) -> object:
        raise OSError(f"{path}: failed to map segment from shared object")

    monkeypatch.setattr(compiled.ctypes, "CDLL", refused)
    with pytest.raises(DiscoverError, match=r"cannot be loaded: .*failed to map segment"):
        fitted()


@pytest.mark.parametrize("name", ["gcc", "clang"])
@pytest.mark.parametrize(
    "kind", [("als", 40, "float32"), ("als", 40, "float64"), ("neighbours", 104, "float32")]
)
@pytest.mark.parametrize("native", [["-march=native"], []])
def test_compilers_have_nothing_to_warn_of(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    kind: tuple[str, int, str],
    native: list,
) -> None:
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not here")
    asked = []

    def library(_source: str, _name: str, flags: list[str], _wanted: set[str]) -> object:
        asked.append(flags)
        raise LookupError

    monkeypatch.setattr(compiled, "_library", library)
    monkeypatch.setattr(compiled, "_FLAGS", FLAGS)
    with pytest.raises(LookupError):
        Kernels(kind[1], np.dtype(kind[2]), 1) if kind[0] == "als" else products_of(PLAYS)
    source, made = SOURCES / f"{kind[0]}.c", tmp_path / "made.so"
    command = [name, *asked[0], *native, "-Wall", "-Wextra", "-Werror", str(source), "-o", str(made)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_kernel_takes_the_fields_of_its_struct_and_checks_the_arrays(folder: Path) -> None:
    with Kernels(8, np.dtype(np.float32), 1) as kernels:
        factorize = kernels.kernels["factorize"]
        given = {name: np.eye(8) for name in ("system", "lower", "upper_inverse")}
        factorize(**given)
        frozen = np.eye(8)
        frozen.flags.writeable = False
        factorize(**given | {"system": frozen})
        for wrong in (np.eye(8, dtype=np.float32), np.eye(8)[:, ::-1], frozen):
            with pytest.raises(TypeError, match="lower must be a writable array of float64 in C order"):
                factorize(**given | {"lower": wrong})
        with pytest.raises(TypeError, match="takes system, lower, upper_inverse"):
            factorize(**given, more=1)
        with pytest.raises(TypeError, match="takes system, lower, upper_inverse"):
            factorize(system=given["system"])
