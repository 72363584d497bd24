"""Seconds and memory of an ALS fit beside `implicit` and `irspack`, on the same matrix and the same loss.

    python -m tests.benchmarks.als --shape lb --json

Shapes: `lb`, what the ListenBrainz statistics dump comes to (84,850 listeners x 127,668 artists, about 11.2 M
non-zeros), `small` (a tenth of it), both generated from a seed and heavy-tailed both ways, or `hetrec:PATH`. Values
are log(1 + plays), alpha 1, lambda 5, 40 factors. Every fit runs in a process of its own with the same number of
threads, one after the other in turn (`--rounds`); medians are reported. Seconds cover the whole fit, transposing
included; compiled kernels are loaded before (`compile_s`: the first time what the compiler takes, then loading).
Losses are worked out here, in double, from the factors. `ours_s` is the time to the loss of `implicit`'s 20 sweeps
within 0.01 %; `ratio_sweeps` and `ratio_irspack` compare 20 whole sweeps of three conjugate-gradient steps each.
`peak_mb_*` is the process's highest resident size during the fit, libraries and matrix included; `growth_mb_*` what
the fit added. `ours_like_for_like` is the same without momentum. `growth`: time a sweep with a quarter, a half and
all of the non-zeros, drawn at random, of the same listeners and items; `growth_ratio` is the time per non-zero of all
beside a quarter's: 1 is linear, less where the rows' own cost still shows. `neighbours_s` and `neighbours_peak_mb` are
those of the neighbours of the same matrix, in closed form, in wall time and on all cores.

What each idea brought, measured once each on two shared cores (20,000 x 30,000, 2.3 M non-zeros, 40 factors), when
the kernels were Python that Numba compiled; in C they are as fast (MODEL.md). CPU seconds of five sweeps with three /
one conjugate-gradient steps, each line on top of the one before:

    plain kernel, `prange`, one row of the fixed side at a time              3.18 / 1.75   compile 14 s
    turned by the Gram matrix's Cholesky factor, four rows at a time         1.95 / 1.47   16 s
    the inner loops as explicit vectors                                      1.70 / 1.18   not timed alone
    plain threads and an atomic work list in place of `prange`               1.51 / 0.78    4 s
    fetching the fixed side 4 / 8 / 16 non-zeros ahead, three steps   0.99, 0.85, 0.90      3 s
    machine code on disk, loaded without Numba: the same time; the process starts 1.4 s sooner and is 110 MB smaller

Sweeps until the loss of `implicit`'s 20 is met within 0.01 %, one / two steps: without momentum 23 / 25, fixed
momentum 0.5: 20 / 19, 0.7: 14 / 14, 0.8: 18 / 19, 0.9: 27 / more than 30, Nesterov's: 13 / 12. Restarting when half
a sweep already shows a rise, in place of after the whole one, changed nothing on six settings. One step is enough
for alpha 1 (turning makes the systems that well conditioned) but takes 28 sweeps where two take 14 and three 12 on
HetRec with log counts, alpha 40, lambda 100: hence three.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

FACTORS, SWEEPS, ALPHA, REGULARIZATION = 40, 20, 1.0, 5.0
WITHIN = 1.0001
SHAPES = {"lb": (84_850, 127_668, 11_200_000), "small": (8_485, 12_767, 1_120_000)}


def community(listeners: int, items: int, nonzeros: int, seed: int = 0, genres: int = 24) -> csr_matrix:
    """Made-up log play counts: listeners of a few genres, item popularity by Zipf's law, list lengths log-normal."""
    rng = np.random.default_rng(seed)
    lengths = rng.lognormal(0, 1.0, listeners)
    lengths = np.clip(lengths / lengths.mean() * nonzeros / listeners * 1.29, 5, 1000).astype(np.int64)
    popularity = rng.permutation((1.0 + np.arange(items)) ** -0.9)
    genre = rng.integers(genres, size=items)
    rows = np.repeat(np.arange(listeners), lengths)
    chosen = rng.integers(genres, size=(listeners, 3))[rows, rng.integers(3, size=len(rows))]
    # A quarter of what people play is what everybody plays, whatever its genre.
    chosen[rng.random(len(rows)) < 0.25] = genres
    columns = np.empty(len(rows), dtype=np.int64)
    for number in range(genres + 1):
        members = np.flatnonzero(genre == number) if number < genres else np.arange(items)
        drawn = np.flatnonzero(chosen == number)
        share = np.cumsum(popularity[members])
        at = np.searchsorted(share, rng.random(len(drawn)) * share[-1])
        columns[drawn] = members[np.minimum(at, len(members) - 1)]
    cells = np.unique(rows * items + columns)
    plays = np.ceil(rng.lognormal(1.0, 1.6, len(cells)))
    values = np.log1p(plays).astype(np.float32)
    return csr_matrix((values, (cells // items, cells % items)), shape=(listeners, items))


def hetrec(path: Path) -> csr_matrix:
    table = np.loadtxt(path / "user_artists.dat", skiprows=1)
    rows, columns = (np.unique(table[:, i], return_inverse=True)[1] for i in (0, 1))
    return csr_matrix((np.log1p(table[:, 2]).astype(np.float32), (rows, columns)))


def exact_loss(counts: csr_matrix, users: np.ndarray, items: np.ndarray) -> float:
    """The loss in double, by the Gram trick and in parts."""
    rows = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
    users, items = users.astype(np.float64), items.astype(np.float64)
    total = float(np.sum((users.T @ users) * (items.T @ items)))
    for first in range(0, counts.nnz, 1 << 18):
        part = slice(first, first + (1 << 18))
        scores = np.einsum("ij,ij->i", users[rows[part]], items[counts.indices[part]])
        confidence = 1.0 + ALPHA * counts.data[part].astype(np.float64)
        total += float(np.sum(confidence * (1 - scores) ** 2 - scores**2))
    return total + REGULARIZATION * (float(np.sum(users**2)) + float(np.sum(items**2)))


# -- one fit, in a process of its own ---------------------------------------------------------------------


def fit_ours(counts: csr_matrix, threads: int, target: float, momentum: bool) -> dict[str, Any]:
    from engine.model.als import AlternatingLeastSquares

    began = perf_counter()
    AlternatingLeastSquares(factors=FACTORS, iterations=1, num_threads=threads).fit(counts[:20])
    compiled = perf_counter() - began
    ends: list[float] = []
    reached: dict[str, Any] = {}

    def after(sweep: int, _seconds: float, loss: float) -> None:
        ends.append(perf_counter() - reached.get("copying", 0.0))
        if loss <= target * WITHIN and "sweeps" not in reached:
            # Read before these copies, which are the benchmark's; the sweeps after take nothing more.
            reached.update(sweeps=sweep + 1, s=ends[-1] - began, memory=watch.read())
            reached["factors"] = (model.user_factors.copy(), model.item_factors.copy())
            reached["copying"] = perf_counter() - ends[-1]

    model = AlternatingLeastSquares(
        factors=FACTORS,
        regularization=REGULARIZATION,
        alpha=ALPHA,
        iterations=SWEEPS,
        random_state=0,
        num_threads=threads,
        momentum=momentum,
    )
    watch = _Memory()
    began = perf_counter()
    model.fit(counts, callback=after)
    result = {
        "s": ends[-1] - began,
        **reached.get("memory", watch.read()),
        "loss": exact_loss(counts, model.user_factors, model.item_factors),
    }
    result |= {"compile_s": compiled, "s_per_sweep": (ends[-1] - ends[0]) / (SWEEPS - 1)}
    if "factors" in reached:
        result |= {"to_loss_s": reached["s"], "to_loss_sweeps": reached["sweeps"]}
        result["to_loss"] = exact_loss(counts, *reached["factors"])
    return result


def fit_implicit(counts: csr_matrix, threads: int) -> dict[str, Any]:
    from implicit.cpu.als import AlternatingLeastSquares

    # Its confidence is alpha * data where ours is 1 + alpha * v.
    counts.data += np.float32(1.0 / ALPHA)
    model = AlternatingLeastSquares(
        factors=FACTORS,
        regularization=REGULARIZATION,
        alpha=ALPHA,
        iterations=SWEEPS,
        num_threads=threads,
        random_state=0,
    )
    watch = _Memory()
    began = perf_counter()
    model.fit(counts, show_progress=False)
    seconds = perf_counter() - began
    measured = watch.read()
    counts.data -= np.float32(1.0 / ALPHA)
    return {"s": seconds, **measured, "loss": exact_loss(counts, model.user_factors, model.item_factors)}


def fit_irspack(counts: csr_matrix, threads: int, solver: str) -> dict[str, Any]:
    from irspack.recommenders.ials import IALSTrainer, str_to_loss_type, str_to_solver_type

    values = counts.copy()
    values.data *= np.float32(ALPHA)
    watch = _Memory()
    began = perf_counter()
    trainer = IALSTrainer(
        values,
        FACTORS,
        1.0,
        REGULARIZATION,
        0.0,
        0.1,
        str_to_solver_type(solver),
        3,
        64,
        str_to_loss_type("ORIGINAL"),
        0,
        threads,
        3,
        1,
    )
    for _ in range(SWEEPS):
        trainer.run_epoch()
    seconds = perf_counter() - began
    core = trainer.core_trainer
    return {
        "s": seconds,
        **watch.read(),
        "loss": exact_loss(counts, np.asarray(core.user), np.asarray(core.item)),
    }


def fit_neighbours(counts: csr_matrix) -> dict[str, Any]:
    from engine.model.neighbour_fit import build_neighbours

    # It takes plays, and dampens them itself.
    np.expm1(counts.data, out=counts.data)
    build_neighbours(counts[:20])  # loads the kernels
    watch = _Memory()
    began = perf_counter()
    build_neighbours(counts)
    return {"s": perf_counter() - began, **watch.read()}


class _Memory:
    """The highest resident size from here on, from Linux; nothing elsewhere."""

    def __init__(self) -> None:
        self._status = Path("/proc/self/status")
        if self._status.exists():
            Path("/proc/self/clear_refs").write_text("5")
            self._before = self._field("VmRSS")

    def read(self) -> dict[str, float]:
        if not self._status.exists():
            return {}
        peak = self._field("VmHWM")
        return {"peak_mb": peak, "growth_mb": peak - self._before}

    def _field(self, name: str) -> float:
        line = next(line for line in self._status.read_text().splitlines() if line.startswith(name))
        return int(line.split()[1]) / 1024


def child(arguments: argparse.Namespace) -> dict[str, Any]:
    folder = Path(arguments.matrix)
    parts = (np.load(folder / f"{name}.npy") for name in ("data", "indices", "indptr"))
    counts = csr_matrix(tuple(parts), shape=tuple(np.load(folder / "shape.npy")))
    if arguments.run.startswith("ours"):
        return fit_ours(counts, arguments.threads, arguments.target, momentum=arguments.run == "ours")
    if arguments.run == "implicit":
        return fit_implicit(counts, arguments.threads)
    if arguments.run == "neighbours":
        return fit_neighbours(counts)
    return fit_irspack(counts, arguments.threads, arguments.run.removeprefix("irspack_").upper())


# -- all of them, in turn ---------------------------------------------------------------------------------


class Bench:
    """Runs children over one matrix and keeps what they measured."""

    def __init__(self, folder: Path, threads: int) -> None:
        self.folder, self.threads, self.results = folder, threads, {}

    def write(self, counts: csr_matrix) -> None:
        for name in ("data", "indices", "indptr", "shape"):
            np.save(self.folder / f"{name}.npy", getattr(counts, name))

    def run(self, name: str, target: float = 0.0) -> dict[str, Any]:
        command = [
            sys.executable,
            "-m",
            "tests.benchmarks.als",
            "--run",
            name,
            "--matrix",
            str(self.folder),
            "--threads",
            str(self.threads),
            "--target",
            repr(target),
        ]
        # implicit asks for it; it helps irspack and ours, which bring their own threads, just as much.
        environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": str(self.threads)}
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
        if done.returncode:
            raise SystemExit(f"error: {name} failed: {done.stderr[-2000:]}")
        result: dict[str, Any] = json.loads(done.stdout)
        self.results.setdefault(name, []).append(result)
        print(f"{name}: { ({k: round(v, 4) for k, v in result.items()}) }", file=sys.stderr)
        return result

    def median(self, name: str, key: str) -> float | None:
        """None where the library is absent, or where a run did not get that far."""
        values = [result.get(key) for result in self.results.get(name, [])]
        return None if not values or None in values else median(values)


def absent_peers() -> list[str]:
    return [name for name in ("implicit", "irspack") if importlib.util.find_spec(name) is None]


def measure(shape: str, threads: int, rounds: int, growth: bool) -> dict[str, Any]:
    absent = absent_peers()
    for name in absent:
        print(f"{name} is not installed: skipped, its keys are null.", file=sys.stderr)
    counts = (
        hetrec(Path(shape.removeprefix("hetrec:")))
        if shape.startswith("hetrec:")
        else community(*SHAPES[shape])
    )
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), threads)
        bench.write(counts)
        for _ in range(rounds):
            loss = 0.0 if "implicit" in absent else bench.run("implicit")["loss"]
            bench.run("ours", target=loss)
            for other in ("irspack_cg", "ours_like_for_like", "irspack_cholesky"):
                if not (other.startswith("irspack") and "irspack" in absent):
                    bench.run(other, target=loss)
            bench.run("neighbours")
        report = _report(shape, counts, bench) | {"absent": absent}
        if growth:
            report["growth"] = sizes = [_growth(bench, counts, share) for share in (0.25, 0.5, 1.0)]
            each = [size["s_per_sweep"] / size["nnz"] for size in sizes]
            report["growth_ratio"] = each[-1] / each[0]
        return report


def _growth(bench: Bench, counts: csr_matrix, share: float) -> dict[str, Any]:
    kept = counts.copy()
    kept.data[np.random.default_rng(1).random(counts.nnz) >= share] = 0
    kept.eliminate_zeros()
    bench.write(kept)
    return {"nnz": int(kept.nnz), "s_per_sweep": bench.run("ours_like_for_like")["s_per_sweep"]}


def _report(shape: str, counts: csr_matrix, bench: Bench) -> dict[str, Any]:
    seconds = {
        name: bench.median(name, "s")
        for name in ("ours", "ours_like_for_like", "implicit", "irspack_cg", "irspack_cholesky")
    }
    to_loss = bench.median("ours", "to_loss_s")
    return {
        "shape": shape,
        "listeners": counts.shape[0],
        "items": counts.shape[1],
        "nnz": int(counts.nnz),
        "threads": bench.threads,
        "rounds": len(bench.results["ours"]),
        "ours_s": to_loss,
        "implicit_s": seconds["implicit"],
        "ratio": _ratio(to_loss, seconds["implicit"]),
        "ours_20_sweeps_s": seconds["ours"],
        "ratio_sweeps": _ratio(seconds["ours"], seconds["implicit"]),
        "ours_like_for_like_s": seconds["ours_like_for_like"],
        "ratio_like_for_like": _ratio(seconds["ours_like_for_like"], seconds["implicit"]),
        "irspack_s": seconds["irspack_cg"],
        "ratio_irspack": _ratio(seconds["ours"], seconds["irspack_cg"]),
        "irspack_cholesky_s": seconds["irspack_cholesky"],
        "ratio_irspack_cholesky": _ratio(seconds["ours"], seconds["irspack_cholesky"]),
        "loss_ours": bench.median("ours", "to_loss"),
        "loss_ours_20_sweeps": bench.median("ours", "loss"),
        "loss_implicit": bench.median("implicit", "loss"),
        "loss_irspack": bench.median("irspack_cg", "loss"),
        "sweeps_ours": bench.median("ours", "to_loss_sweeps"),
        "peak_mb_ours": bench.median("ours", "peak_mb"),
        "peak_mb_implicit": bench.median("implicit", "peak_mb"),
        "growth_mb_ours": bench.median("ours", "growth_mb"),
        "growth_mb_implicit": bench.median("implicit", "growth_mb"),
        "neighbours_s": bench.median("neighbours", "s"),
        "neighbours_peak_mb": bench.median("neighbours", "peak_mb"),
        "compile_s": max(result["compile_s"] for result in bench.results["ours"]),
        "runs": {
            name: [round(result["s"], 3) for result in results] for name, results in bench.results.items()
        },
    }


def _ratio(ours: float | None, other: float | None) -> float | None:
    return None if ours is None or other is None else ours / other


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shape", default="small", help="lb, small or hetrec:PATH")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--rounds", type=int, default=0, help="default: 1 for lb, else 3")
    parser.add_argument("--no-growth", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--run", help=argparse.SUPPRESS)
    parser.add_argument("--matrix", help=argparse.SUPPRESS)
    parser.add_argument("--target", type=float, default=0.0, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.run:
        print(json.dumps(child(arguments)))
        return
    if arguments.shape not in SHAPES and not arguments.shape.startswith("hetrec:"):
        parser.error("--shape is lb, small or hetrec:PATH")
    rounds = arguments.rounds or (1 if arguments.shape == "lb" else 3)
    report = measure(arguments.shape, arguments.threads, rounds, not arguments.no_growth)
    print(json.dumps(report, indent=None if arguments.json else 2))


if __name__ == "__main__":
    main()
