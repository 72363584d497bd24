"""How fast new artists and listeners join a trained model, at the size of ListenBrainz' artists.

    python -m tests.benchmarks.growth --json

A made-up pack of 84,850 listeners and 127,668 artists is trained on, untuned; a newer one of 20,000 listeners, who play
10,000 to 20,000 artists no training saw, joins it then, as `discover community update` has it join. `--scale 0.1` is a
tenth of all that; `--data FOLDER` keeps the trained model there for the next time. Medians of `--rounds`, each of a
copy of the trained model, opened before as it is in an app.
- `items`, `listeners`, `pairs`: what joined, and the newer pack's.
- `fold_in_s`: listeners and items folded in; `read_s`: the newer pack read; `whole_s`: all of it until the grown model
  is in use and on disk, by the wall; `whole_cpu_s`: the same on all cores; `load`: of the machine.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import tempfile
from pathlib import Path
from time import perf_counter, process_time

import numpy as np

from engine.community.pack import PackContent, write_pack
from engine.community.packs import community_packs
from engine.paths import Folders
from engine.session import Session
from engine.training.growth import folded_in, grow, numbered
from engine.training.interactions import community_interactions
from engine.training.train import TrainingSettings
from tests.benchmarks.als import community

TRAINED, NEWER = (84_850, 127_668, 11_200_000), (20_000, 150_000, 1_260_000)


def _name(number: int) -> str:
    return f"The {number:x} Oaks" if number % 3 else f"Café {number:x} Tundra"


def _add(session: Session, name: str, shape: list[int], seed: int) -> None:
    """A pack of the artists that are played among so many."""
    plays = community(*shape, seed=seed)
    played = np.flatnonzero(plays.getnnz(axis=0))
    plays = plays[:, played]
    plays.data = np.ceil(np.expm1(plays.data)).astype(np.float32)
    content = PackContent(plays, [_name(number) for number in played.tolist()], [], {})
    with session.library.door.new_folder(session.folders.packs / name) as folder:
        write_pack(folder, content, name=name, source="made up", date="2026-11-01")


def prepare(data: Path, scale: float) -> None:
    """A trained model, and in place of the pack it was trained on a newer one."""
    with Session(Folders(data)) as session:
        _add(session, "trained", [round(size * scale) for size in TRAINED], 0)
        session.training.train(TrainingSettings(tune=False, iterations=10))
        session.packs.remove("trained")
        _add(session, "newer", [round(size * scale) for size in NEWER], 1)


def measure(data: Path) -> dict[str, float]:
    """What joins, and how long it takes."""
    with Session(Folders(data)) as session:
        model = session.models.open()
        _ = model.members, model.index, model.similarity, model.names
        newer = community_interactions(community_packs(session.folders, "artists"))
        ids, new = numbered(model, newer.keys)
        began = perf_counter()
        folded_in(model, newer.plays, ids, new, None)
        fold_in_s = perf_counter() - began
        began, processor = perf_counter(), process_time()
        newer = community_interactions(community_packs(session.folders, "artists"))
        read_s = perf_counter() - began
        grow(session.library.door, model, newer.plays, newer.names, newer.keys)
        return {
            "items": len(new),
            "listeners": newer.plays.shape[0],
            "pairs": newer.plays.nnz,
            "fold_in_s": fold_in_s,
            "read_s": read_s,
            "whole_s": perf_counter() - began,
            "whole_cpu_s": process_time() - processor,
        }


def main() -> None:
    """Train where nothing was yet, and measure copies of that."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--json", action="store_true", help="one line instead of an indented document")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = options.data or Path(folder, "data")
        if not Folders(data).models.exists():
            prepare(data, options.scale)
        rounds = []
        for number in range(options.rounds):
            copy = Path(folder, f"{number}")
            shutil.copytree(data, copy)
            # What copying left to be written is no part of the growth, whose files wait for the same disk.
            os.sync()
            rounds.append(measure(copy))
            shutil.rmtree(copy)
    found = {key: round(statistics.median(each[key] for each in rounds), 3) for key in rounds[0]}
    found["load"] = round(os.getloadavg()[0], 1)
    print(json.dumps(found, indent=None if options.json else 2))


if __name__ == "__main__":
    main()
