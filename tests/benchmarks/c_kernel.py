"""The kernel `solve` in C (`solve.c`) against Numba's: python -m tests.benchmarks.c_kernel [--json]

`numba` and `c` are the least CPU milliseconds of a call on made-up play counts with a heavy tail, one thread, three
steps, in turns; `ratio` is C's by Numba's; `apart` how far the factors differ at most; `gcc_seconds` and
`numba_seconds` the CPU time of compiling C's one kernel, and all of Numba's for the rank.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from engine.model import compiled
from engine.model.parallel import Kernels, Rows

SOURCE = Path(__file__).with_name("solve.c")
FLAGS = ("-O3", "-march=native", "-mprefer-vector-width=256", "-ffast-math", "-shared", "-fPIC")
RANKS = (40, 64, 128)
LISTENERS, ITEMS, PAIRS = 20_000, 30_000, 2_000_000


def children() -> float:
    """CPU seconds of ended children so far."""
    times = os.times()
    return times.children_user + times.children_system


def plays() -> csr_matrix:
    """Made-up play counts."""
    rng = np.random.default_rng(1)
    popularity = np.minimum((rng.pareto(0.7, PAIRS) * 20).astype(np.int64), ITEMS - 1)
    items, listeners = rng.permutation(ITEMS)[popularity], rng.integers(LISTENERS, size=PAIRS)
    matrix = csr_matrix((np.ones(PAIRS, dtype=np.float32), (listeners, items)), shape=(LISTENERS, ITEMS))
    matrix.sum_duplicates()
    return matrix


def measure(rank: int, matrix: csr_matrix, repeats: int, folder: Path) -> dict[str, Any]:
    """The figures of one rank."""
    library, before = folder / f"solve{rank}.so", children()
    subprocess.run(["gcc", *FLAGS, f"-DRANK={rank}", str(SOURCE), "-o", str(library)], check=True)
    gcc = children() - before
    before = children()
    compiled._compile("als", rank, "float32", folder / f"als{rank}.so")
    numba = children() - before
    y = (np.random.default_rng(2).normal(size=(ITEMS, rank)) / 10).astype(np.float32)
    kernels, rows = Kernels(rank, np.dtype("float32"), 1), Rows(matrix.indptr, matrix.indices, matrix.data)
    turning = kernels.triangular((y.T @ y).astype(np.float64) + 5.0 * np.eye(rank))
    kernels.transform(y, turning[1])
    usual = dict(kernels.functions)
    solve = ctypes.CDLL(str(library)).solve
    solve.argtypes, solve.restype = usual["solve"].argtypes, None
    extra, least, found = np.zeros(LISTENERS, dtype=np.float32), {}, {}
    for _ in range(repeats):
        for name, function in (("numba", usual["solve"]), ("c", solve)):
            kernels.functions = usual | {"solve": function}
            found[name] = np.full((LISTENERS, rank), 0.01, dtype=np.float32)
            began = time.process_time()
            kernels.solve(rows, found[name], y, turning, extra, 4.0, 3)
            least[name] = min(least.get(name, np.inf), time.process_time() - began)
    return {
        "rank": rank,
        **{name: round(1000 * seconds, 1) for name, seconds in least.items()},
        "ratio": round(least["c"] / least["numba"], 3),
        "apart": float(np.abs(found["c"] - found["numba"]).max()),
        "gcc_seconds": round(gcc, 2),
        "numba_seconds": round(numba, 2),
    }


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--repeats", type=int, default=9)
    arguments = parser.parse_args()
    matrix = plays()
    with tempfile.TemporaryDirectory() as folder:
        found = [measure(rank, matrix, arguments.repeats, Path(folder)) for rank in RANKS]
    print(json.dumps(found, indent=2) if arguments.json else "\n".join(map(str, found)))


if __name__ == "__main__":
    main()
