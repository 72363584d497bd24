"""The kernels as machine code: C, compiled for this machine once by its own compiler, and kept on disk.

The library's name holds digests of all it depends on: the source, the processor, the compiler. Where the code's folder
is not writable the library is made for each process anew.

A kernel takes a struct whose fields are read from the C source: it is called with these by name, and each array is
checked before its address is passed.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from engine.errors import DiscoverError, disk_trouble, reason, sentence
from engine.privacy.atomic import write_atomically

_SOURCES = Path(__file__).parent
# Beside the code, where anyone who can write could change the Python as well; never in a data folder, which people sync
# and share: loading a library runs its code.
_folder = _SOURCES / "__pycache__"
# No -ffast-math: the neighbours' sums do not survive it, and a library that GCC links with it has the whole process
# flush small numbers to zero. Contracted, a product and a sum are one instruction. No vector is passed between
# libraries, whose conventions for that (psabi) differ.
_FLAGS = ("-std=gnu11", "-O3", "-fno-math-errno", "-ffp-contract=fast", "-Wno-psabi", "-shared", "-fPIC")
# How compilers are told to use all instructions of this processor. The first that is understood is taken.
_NATIVE = ("-march=native",), ("-mcpu=native",), ()
_ADVICE = (
    "(Debian, Ubuntu: `apt install gcc libc6-dev`; Fedora: `dnf install gcc`; macOS: `xcode-select --install`), then "
    "try again"
)
_KERNEL = re.compile(r"^void (\w+)\(const (\w+) \*given\)", re.MULTILINE)
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_FIELD = re.compile(r"(const )?(\w+) (\*?)(\w+)")
_C_NAMES = {"float32": "float", "float64": "double"}
_TYPES = {"double": "float64", "int32_t": "int32", "int64_t": "int64", "uint8_t": "uint8"}
_NUMBERS = {"double": ctypes.c_double, "int64_t": ctypes.c_int64}


class Kernel:
    """A compiled function, called with the fields of its struct by name: arrays, and numbers."""

    def __init__(self, function: Any, fields: list[tuple[str, str, str, str]], dtype: str) -> None:
        self._function = function
        # By name the type of an array, and whether it is written to.
        self._arrays = {
            name: (dtype if kind == "real" else _TYPES[kind], not constant)
            for constant, kind, pointer, name in fields
            if pointer
        }
        members = [
            (name, ctypes.c_void_p if pointer else _NUMBERS[kind]) for _, kind, pointer, name in fields
        ]
        self._names = [name for name, _ in members]
        self._struct = type("Given", (ctypes.Structure,), {"_fields_": members})

    def __call__(self, **values: Any) -> None:
        """Run it. Raises TypeError for names it does not take or lacks, and arrays of another type or order."""
        if values.keys() != set(self._names):
            raise TypeError(f"The kernel takes {', '.join(self._names)}; given were {', '.join(values)}.")
        given = {name: self._passed(name, value) for name, value in values.items()}
        self._function(ctypes.byref(self._struct(**given)))

    def _passed(self, name: str, value: Any) -> Any:
        if name not in self._arrays:
            return value
        dtype, written = self._arrays[name]
        if value.dtype != dtype or not value.flags.c_contiguous or (written and not value.flags.writeable):
            raise TypeError(f"{name} must be a {'writable ' * written}array of {dtype} in C order.")
        return value.ctypes.data


@cache
def kernels(source: str, rank: int, dtype: str, **constants: float) -> Mapping[str, Kernel]:
    """The kernels of a C source (`als`, `neighbours`), for `rank` (a multiple of 8), `dtype` (float32 or float64) and
    the other `constants` the source takes.

    Compiles them if necessary. Only fits need them, and a private session does not fit, so it writes none. Raises
    DiscoverError if there is no C compiler, or it fails.
    """
    text = (_SOURCES / f"{source}.c").read_text(encoding="utf-8")
    declared = dict(_KERNEL.findall(text))
    flags = [*_FLAGS, f"-DRANK={rank}", f"-DREAL={_C_NAMES[dtype]}"]
    flags += [f"-D{name}={value}" for name, value in constants.items()]
    library = _library(source, f"{source}-{rank}-{dtype}", flags, set(declared))
    return {
        name: Kernel(getattr(library, name), _fields(text, struct), dtype)
        for name, struct in declared.items()
    }


def _fields(text: str, struct: str) -> list[tuple[str, str, str, str]]:
    """The fields of a struct in C: (const or empty, type, * or empty, name)."""
    body = text[: text.index(f"}} {struct};")].rpartition("typedef struct {")[2]
    found = []
    for line in _COMMENT.sub("", body).split(";")[:-1]:
        field = _FIELD.fullmatch(line.strip())
        if field is None:
            # Left out, all fields behind it would be read from elsewhere.
            raise ValueError(f"{struct}: {line.strip()} is no field as they are read here")
        found.append((field[1] or "", field[2], field[3], field[4]))
    return found


def _library(source: str, name: str, flags: list[str], wanted: set[str]) -> ctypes.CDLL:
    """The library that has all the functions `wanted`: the one on disk, else compiled now."""
    compiler = _compiler()
    start = f"{name}-{_digest_of(source, flags)}"
    path = _folder / f"{start}-{_version(compiler)}.so"
    # Without a compiler, what was compiled by one that is gone.
    for there in (path,) if compiler else _folder.glob(f"{start}-*.so"):
        if (library := _loaded(there, wanted)) is not None:
            return library
    if not compiler:
        raise DiscoverError(f"Training needs a C compiler, and there is none: install one {_ADVICE}.")
    try:
        # Readable and writable by this user only.
        with tempfile.TemporaryDirectory() as place:
            made = Path(place) / path.name
            _compile([*compiler, *flags, str(_SOURCES / f"{source}.c"), "-o", str(made)])
            _keep(made, path, f"{name}-*.so")
            return _loaded(path, wanted) or ctypes.CDLL(str(made))
    except OSError as error:
        raise DiscoverError(
            disk_trouble(error) or f"The compiled kernels cannot be loaded: {sentence(reason(error))}"
        ) from error


def _loaded(path: Path, wanted: set[str]) -> ctypes.CDLL | None:
    """None if the library is missing, damaged, another, or on a disk mounted without permission to execute."""
    try:
        library = ctypes.CDLL(str(path))
    except OSError:
        return None
    return library if all(hasattr(library, name) for name in wanted) else None


def _compile(command: list[str]) -> None:
    """Raises DiscoverError with the compiler's first error."""
    said = ""
    for native in _NATIVE:
        done = subprocess.run(
            [*command, *native],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            # A job's own input is not for its compiler.
            stdin=subprocess.DEVNULL,
            env={**os.environ, "LC_ALL": "C"},
        )
        if not done.returncode:
            return
        said = done.stderr
    lines = said.strip().splitlines() or ["it says nothing"]
    error = next((line for line in lines if "error" in line), lines[0])
    raise DiscoverError(
        f"The C compiler {command[0]} fails: {sentence(error.strip())} Training needs one: install it whole {_ADVICE}."
    )


def _keep(made: Path, path: Path, alike: str) -> None:
    """Keep a library for the next time in place of older ones `alike`, if that is possible."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_atomically(path, made.read_bytes(), mode=0o600)
        for older in path.parent.glob(alike):
            if older != path:
                older.unlink(missing_ok=True)
    except OSError:
        return


def _compiler() -> list[str]:
    """The command of a C compiler, by the names it commonly has; empty if there is none."""
    for name in (os.environ.get("CC", ""), "cc", "gcc", "clang"):
        try:
            command = shlex.split(name)
        except ValueError:
            # A quote that is not closed.
            continue
        if command and (found := shutil.which(command[0])):
            return [found, *command[1:]]
    return []


def _version(compiler: list[str]) -> str:
    """A digest of a compiler and its version."""
    if not compiler:
        return ""
    try:
        done = subprocess.run(
            [*compiler, "--version"], stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
    except OSError:
        return _digest(*map(str.encode, compiler))
    return _digest(done.stdout, *map(str.encode, compiler))


def _digest_of(source: str, flags: list[str]) -> str:
    """A digest of everything else the machine code depends on."""
    texts = [(_SOURCES / name).read_bytes() for name in (f"{source}.c", "lanes.h")]
    about = (*flags, repr(_NATIVE), sys.platform, platform.machine(), _processor())
    return _digest(*texts, *map(str.encode, about))


def _digest(*parts: bytes) -> str:
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def _processor() -> str:
    """A description of the processor's instruction set."""
    try:
        lines = Path("/proc/cpuinfo").read_text(errors="replace").split("\n\n")[0].splitlines()
    except OSError:
        return platform.processor()
    return "\n".join(line for line in lines if line.startswith(("model name", "flags", "Features", "CPU ")))
