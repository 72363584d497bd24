"""Mapped arrays: what is no array is refused, and a file cut short while it is mapped, whose reader the system ends, is
named."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from engine.mapped import mapped_array

# What reads on holds the interpreter or not, and may be any thread.
_READ_ON = """
import os, sys, threading, pathlib
from engine.mapped import end_by, mapped_array
paths = [pathlib.Path(word) for word in sys.argv[1:3]]
whole, cut = map(mapped_array, paths)
end_by(lambda said: print("the terminal is given back", flush=True))
os.truncate(paths[1], 4096)
reader = threading.Thread(target=lambda: {how})
reader.start()
reader.join()
"""


_HEADERS = (
    "{'descr': [], 'fortran_order': False, 'shape': (-1,)}",  # NumPy itself divides by the size of an element
    "{'descr': 'S0', 'fortran_order': False, 'shape': (-1,)}",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (True,)}",
    "{'descr': (), 'fortran_order': False, 'shape': (40,)}",
    "{'descr': '<f8', 'fortran_order': False, 1: (40,)}",
    "{[1]: 2}",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (9223372036854775807, 2)}",
    "{'descr': '|O', 'fortran_order': False, 'shape': (1,)}",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (41,)}",
)
_MAP_ALL = """
import pathlib, sys
from engine.errors import ARRAY_ERRORS
from engine.mapped import mapped_array
for path in map(pathlib.Path, sys.argv[1:]):
    try:
        mapped_array(path)
    except ARRAY_ERRORS:
        print(path.name)
"""


def test_no_header_of_an_array_ends_the_program(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.npy" for number in range(len(_HEADERS))]
    for path, header in zip(paths, _HEADERS, strict=True):
        said = header.encode() + b"\n"
        path.write_bytes(b"\x93NUMPY\x01\0" + len(said).to_bytes(2, "little") + said + bytes(320))
    ended = subprocess.run(
        [sys.executable, "-c", _MAP_ALL, *paths], capture_output=True, text=True, timeout=60, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.split() == [path.name for path in paths]


@pytest.mark.parametrize(
    "array", [np.arange(6.0).reshape(2, 3), np.zeros((3, 2), order="F"), np.zeros((0, 4)), np.array(3)]
)
def test_what_was_saved_is_mapped_as_it_was(tmp_path: Path, array: np.ndarray) -> None:
    np.save(tmp_path / "a.npy", array)
    found = mapped_array(tmp_path / "a.npy")
    assert (found.dtype, found.shape) == (array.dtype, array.shape)
    assert np.array_equal(found, array)
    assert not found.flags.writeable


@pytest.mark.skipif(sys.platform == "win32", reason="the system lets no mapped file be cut short")
@pytest.mark.parametrize("how", ["cut.sum()", "cut[-1] + 1"])
def test_a_file_cut_short_under_its_reader_is_named_and_the_terminal_given_back(
    tmp_path: Path, how: str
) -> None:
    for name in ("whole.npy", "cut.npy"):
        np.save(tmp_path / name, np.ones(300_000))
    ended = subprocess.run(
        [sys.executable, "-c", _READ_ON.format(how=how), tmp_path / "whole.npy", tmp_path / "cut.npy"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stdout == "the terminal is given back\n"
    assert f"{tmp_path / 'cut.npy'} was cut short" in ended.stderr
    assert "discover doctor --repair" in ended.stderr
