"""Whether Spark's fits are as good as the local one at equal settings, and what they cost.

    python -m tests.benchmarks.spark --data FOLDER --json

`--data` is community data as `discover community add` reads it, such as HetRec's folder; without it, made-up plays. A
random 20 % of each listener's items is held out and found again among all items, every listener folded in.
- `versions` of what took part, and the `command`.
- `settings` are those of an untuned training, lambda n^nu; MLlib has lambda n alone, so it is held against a local fit
  with that lambda, converted as training converts it (`settings_mllib`).
- `methods`: nDCG@20 and seconds by the wall, in which starting Spark is counted. `ratio_ours` and `ratio_mllib` are
  nDCG@20 on Spark over that of the local fit with the same settings.
"""

from __future__ import annotations

import argparse
import json
import platform
import shlex
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.community.adding import readers
from engine.community.pack import PackContent
from engine.evaluation.metrics import evaluate
from engine.evaluation.splits import leave_out
from engine.model.fold_in import ItemFactors
from engine.model.tuning import regularization_for
from engine.paths import Folders
from engine.privacy import Door
from engine.training.choose import DEFAULT_CONFIDENCE, DEFAULT_EXPONENT, DEFAULT_REGULARIZATION, Choice
from engine.training.interactions import Interactions
from engine.training.spark import Task, converted, fit_on_spark
from engine.training.spark_settings import BROADCAST_BYTES, SparkSettings
from tests.support.factorizing import plays as made_up

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--master", default="local[2]")
    parser.add_argument("--factors", type=int, default=40)
    parser.add_argument("--iterations", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="one line instead of an indented document")
    asked = parser.parse_args()
    found = report(asked)
    print(json.dumps(found, indent=None if asked.json else 2))


def report(asked: argparse.Namespace) -> dict[str, Any]:
    """The document on standard output."""
    data = _plays(asked.data) if asked.data else made_up(400, 160)
    train, test = leave_out(data, 0.2, asked.seed)
    penalty = regularization_for(train, DEFAULT_REGULARIZATION, DEFAULT_EXPONENT)
    ours = Choice(DEFAULT_CONFIDENCE, penalty, DEFAULT_EXPONENT, {}, 1.0, asked.factors, {}, {})
    mllib = converted(ours, train.nnz / max(1, int(np.count_nonzero(np.diff(train.indptr)))))[0]
    methods = []
    for name, choice, limit in (
        ("local", ours, None),
        ("spark, own sweep", ours, BROADCAST_BYTES),
        ("local, as MLlib", mllib, None),
        ("spark, MLlib", mllib, 0),
    ):
        began = time.perf_counter()
        items = _local(train, choice, asked) if limit is None else _on_spark(train, choice, asked, limit)
        seconds = time.perf_counter() - began
        methods.append(
            {"name": name, "ndcg@20": _ndcg(items, choice, train, test), "seconds": round(seconds, 1)}
        )
    found = [one["ndcg@20"] for one in methods]
    return {
        "command": shlex.join([Path(sys.executable).name, "-m", "tests.benchmarks.spark", *sys.argv[1:]]),
        "versions": _versions(),
        "master": asked.master,
        "listeners": int(data.shape[0]),
        "items": int(data.shape[1]),
        "pairs": int(train.nnz),
        "iterations": asked.iterations,
        "settings": _settings(ours),
        "settings_mllib": _settings(mllib),
        "methods": methods,
        "ratio_ours": found[1] / found[0],
        "ratio_mllib": found[3] / found[2],
    }


def _plays(path: Path) -> csr_matrix:
    """The first community of the data at `path`."""
    reader = next(one for one in readers().values() if one.recognises(path))
    return next(one for one in reader.contents(path) if isinstance(one, PackContent)).plays


def _local(train: csr_matrix, choice: Choice, asked: argparse.Namespace) -> np.ndarray:
    model = choice.model(asked.iterations, asked.seed)
    model.fit(choice.confidence.counted(train))
    return np.asarray(model.item_factors)


def _on_spark(train: csr_matrix, choice: Choice, asked: argparse.Namespace, limit: int) -> np.ndarray:
    """The items' factors from Spark; more bytes than `limit` a side, and MLlib fits."""
    names = [f"item {number}" for number in range(train.shape[1])]
    data = Interactions(train, names, names, (), ("benchmark",), False, "benchmark")
    with tempfile.TemporaryDirectory() as folder:
        model, fitted = fit_on_spark(
            Door(Folders(Path(folder))),
            replace(SparkSettings(asked.master), broadcast_bytes=limit),
            Task(data, "artists", choice, asked.iterations, asked.seed),
            stage=lambda *_: None,
            callback=lambda *_: None,
            cancelled=None,
            keep=lambda _: None,
            resume=None,
        )
    assert ("MLlib" in fitted.tuned["engine"]) == (limit == 0)
    return np.asarray(model.item_factors)


def _ndcg(items: np.ndarray, choice: Choice, train: csr_matrix, test: csr_matrix) -> float:
    """Of every listener, folded into the items as a person is."""
    folding = ItemFactors(items, choice.regularization, frequency_exponent=choice.frequency_exponent)

    def scores(listeners: np.ndarray) -> np.ndarray:
        rows = [train[int(number)] for number in listeners]
        vectors = [folding.fold_in(row.indices, choice.confidence.of(row.data)).vector for row in rows]
        return np.asarray(vectors @ items.T.astype(float))

    return float(evaluate(scores, train, test)["ndcg@20"])


def _settings(choice: Choice) -> dict[str, Any]:
    return {
        "factors": choice.factors,
        "transform": choice.confidence.transform,
        "alpha": choice.confidence.alpha,
        "lambda": round(choice.regularization, 4),
        "nu": choice.frequency_exponent,
    }


def _versions() -> dict[str, str]:
    said = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False)
    packages = {name: version(name) for name in ("pyspark", "pyarrow", "pandas", "numpy", "scipy")}
    return {
        "python": platform.python_version(),
        "java": (said.stderr + said.stdout).partition("\n")[0],
        **packages,
    }


if __name__ == "__main__":
    main()
