"""How large a model's file is, and what its half precision does to the lists.

    python -m tests.benchmarks.model_file --data FOLDER --json
    python -m tests.benchmarks.model_file --items 130000 --json

With `--data`, community data as `discover community add` reads it: a random 20 % of each listener's items is held out,
a model trained untuned on the rest, written to a file and added elsewhere. `ndcg_before` and `ndcg_after` are nDCG@20
of the ensemble on the same listeners with the model as trained and as it came out of the file; `same_top_20` the mean
share of the first twenty that stay. With `--items`, made-up factors of 40 numbers and made-up names, without
neighbours: such numbers pack no better than trained ones. `mb` are those of the file (by member in `members_mb`),
`export_s` and `add_s` CPU seconds; adding builds the trees.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import zipfile
from itertools import cycle, islice
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np

from engine.community.adding import add_content, readers
from engine.community.pack import PackContent
from engine.evaluation.metrics import evaluate
from engine.evaluation.splits import leave_out
from engine.paths import Folders
from engine.session import Session
from engine.training.train import TrainingSettings
from sample_data.made_up_names import artists
from tests.benchmarks.scores import ensemble_scores
from tests.support.models import write_model

LISTENERS = 400


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--items", type=int, default=130_000)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = of_data(Path(folder), asked.data) if asked.data else of_items(Path(folder), asked.items)
    print(json.dumps(found, indent=None if asked.json else 2))


def of_items(folder: Path, items: int) -> dict[str, Any]:
    """A model by hand of so many items."""
    flavours = list(islice(cycle(("glass", "street", "island")), items))
    write_model(folder / "made", items=items, factors=40, called=artists(random.Random(0), flavours))
    return {"items": items} | passed_on(folder)


def of_data(folder: Path, data: Path) -> dict[str, Any]:
    """A model of real plays, before and after."""
    reader = next(one for one in readers().values() if one.recognises(data))
    content = next(one for one in reader.contents(data) if isinstance(one, PackContent))
    train, test = leave_out(content.plays, 0.2, 0)
    with Session(Folders(folder / "made")) as session:
        add_content(session.door, PackContent(train, content.names, content.tags, {}), "held out", "made up")
        session.reload()
        session.training.train(TrainingSettings(tune=False))
    found = passed_on(folder)
    listeners = np.flatnonzero(np.diff(test.indptr))
    listeners = listeners[:: max(1, len(listeners) // LISTENERS)]
    tops = []
    for name, at in (("before", "made"), ("after", "added")):
        with Session(Folders(folder / at)) as session:
            model = session.models.open()
            scores = ensemble_scores(model.members, model.manifest.confidence, model.manifest.ensemble, train)
            found[f"ndcg_{name}"] = evaluate(scores, train, test, listeners=listeners)["ndcg@20"]
            each = scores(listeners)
            for row, listener in zip(each, listeners.tolist(), strict=True):
                row[train.indices[train.indptr[listener] : train.indptr[listener + 1]]] = -np.inf
            tops.append(np.argsort(-each, axis=1, kind="stable")[:, :20])
    same = [len(np.intersect1d(*pair)) / 20 for pair in zip(*tops, strict=True)]
    return {"items": train.shape[1], "same_top_20": float(np.mean(same))} | found


def passed_on(folder: Path) -> dict[str, Any]:
    """The model in `made` written to a file and added to `added`."""
    with Session(Folders(folder / "made")) as session:
        began = process_time()
        made = session.model_files.export(folder / "model.zip")
        export_s = process_time() - began
    with Session(Folders(folder / "added")) as session:
        began = process_time()
        session.model_files.add(Path(made.file))
        add_s = process_time() - began
    with zipfile.ZipFile(made.file) as archive:
        members = {one.filename: round(one.compress_size / 1e6, 3) for one in archive.infolist()}
    return {"mb": made.bytes / 1e6, "members_mb": members, "export_s": export_s, "add_s": add_s}


if __name__ == "__main__":
    main()
