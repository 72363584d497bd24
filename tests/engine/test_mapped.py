"""A file that is cut short while it is mapped: the system ends who reads on, and the file is named."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

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
