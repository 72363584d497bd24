"""The kernels as machine code: compiled once for this machine, kept on disk, loaded without Numba.

Numba and LLVM take a second to import and 100 MB to hold, more than a fit needs beside a matrix of ten million plays.
So a child process compiles the kernels of a rank (`python -m engine.model.kernels`) into a shared library, and a fit
only loads that. The library's name holds a digest of all it depends on: the kernels' text, Numba, the processor.
Without a C compiler to link it, or if the code's folder is not writable, the same functions are compiled in this
process instead, each time.
"""

from __future__ import annotations

import ctypes
import hashlib
import importlib.metadata
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from engine.model.signatures import SIGNATURES
from engine.privacy.atomic import write_atomically

# Called with addresses of C-contiguous arrays, integers and reals, in the order of `SIGNATURES`.
Function = Callable[..., None]

_ROOM = Path(__file__).parent
# Beside the code, where anyone who can write could change the Python as well; never in a data folder, which people sync
# and share: loading a library runs its code.
_folder = _ROOM / "__pycache__"


@cache
def functions(kind: str, rank: int, dtype: str) -> Mapping[str, Function]:
    """The kernels of a kind of `SIGNATURES` for `rank` (a multiple of 8) and `dtype` (float32 or float64).

    Compiles them if necessary. Only fits need them, and a private session does not fit, so it writes none.
    """
    name = f"{kind}-{rank}-{dtype}-{_digest()}.so"
    path = _folder / name
    library = _loaded(path)
    if library is None:
        _compile(kind, rank, dtype, path)
        library = _loaded(path)
    if library is not None:
        return {name: _prototype(kind, name, dtype)((name, library)) for name in SIGNATURES[kind]}
    from engine.model.kernels import compiled_here

    return {
        name: _prototype(kind, name, dtype)(address)
        for name, address in compiled_here(kind, rank, dtype).items()
    }


def _loaded(path: Path) -> ctypes.CDLL | None:
    """None if the library is missing, damaged, or on a disk mounted without permission to execute."""
    try:
        return ctypes.CDLL(str(path))
    except OSError:
        return None


def _prototype(kind: str, name: str, dtype: str) -> Any:
    real = ctypes.c_float if dtype == "float32" else ctypes.c_double
    kinds = {"real": real, "integer": ctypes.c_int64}
    return ctypes.CFUNCTYPE(
        None, *(kinds.get(argument, ctypes.c_void_p) for argument in SIGNATURES[kind][name])
    )


def _compile(kind: str, rank: int, dtype: str, path: Path) -> None:
    """Compile in a child and link; leaves no file if either fails."""
    linker = _linker()
    if linker is None:
        return
    try:
        with tempfile.TemporaryDirectory() as place:
            code, library = Path(place) / "kernels.o", Path(place) / "kernels.so"
            child = [sys.executable, "-P", "-m", "engine.model.kernels", kind, str(rank), dtype, str(code)]
            for command in (child, [linker, "-shared", "-o", str(library), str(code)]):
                if subprocess.run(command, capture_output=True, check=False).returncode:
                    return
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_atomically(path, library.read_bytes(), mode=0o600)
        for older in path.parent.glob(f"{kind}-{rank}-{dtype}-*.so"):
            if older != path:
                older.unlink()
    except OSError:
        return


def _linker() -> str | None:
    """A C compiler by the names it commonly has; Annoy's installation needs one too."""
    names = (os.environ.get("CC", ""), "cc", "gcc", "clang", "c++", "g++")
    return next((found for name in names if name and (found := shutil.which(name))), None)


@cache
def _digest() -> str:
    """A digest of everything the machine code depends on."""
    texts = ("kernels", "neighbour_kernels", "signatures", "lanes", "simd", "neighbour_simd")
    parts = [(_ROOM / f"{name}.py").read_bytes() for name in texts]
    parts += [importlib.metadata.version(name).encode() for name in ("numba", "llvmlite")]
    parts += [sys.platform.encode(), platform.machine().encode(), _processor().encode()]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def _processor() -> str:
    """A description of the processor's instruction set."""
    try:
        lines = Path("/proc/cpuinfo").read_text(errors="replace").split("\n\n")[0].splitlines()
    except OSError:
        return platform.processor()
    return "\n".join(line for line in lines if line.startswith(("model name", "flags", "Features", "CPU ")))
