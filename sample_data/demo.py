"""Fills a data folder with the sample, through the same import and training code as real data.

As a job of the app: `python -m sample_data.demo --data-dir DIR`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import sample_data
from engine.progress import Cancelled

if TYPE_CHECKING:
    from engine.canonical_keys import Level
    from engine.session import Session, Status

# A demo is waited for: the search stops here on a slow machine; a quick one is done before.
TUNE_SECONDS = 8.0
# Called with the stage, how many are done, of how many, and the loss where there is one.
LossReport = Callable[[str, int, int, float | None], None]


def is_ready(session: Session) -> bool:
    """Whether the folder has listens, packs and models."""
    status = session.status()
    models = status.model and status.track_model
    return bool(status.listens and models and _kinds(status) >= _WANTED)


_WANTED = {("community", "artists"), ("community", "tracks"), ("features", "tracks")}


def _kinds(status: Status) -> set[tuple[str, str]]:
    return {(pack.kind, pack.level) for pack in status.packs}


def parts() -> dict[str, float]:
    """The time each stage of the preparation takes: tracks of the sample are trained in half the time."""
    from engine.training.train import parts_of

    tracks = {stage: part / 2 for stage, part in parts_of(["tracks"]).items()}
    return {"importing": 5, "adding data": 3, **parts_of(["artists"]), **tracks}


def prepare(session: Session, progress: LossReport, cancelled: Cancelled | None = None) -> None:
    """Bring the library to where it has listens, packs and models; what is there already stays.

    Raises CancelledError; what was whole by then stays and is not done again.
    """
    from engine.training.choose import FACTORS
    from engine.training.train import TrainingSettings

    def importing(done: int, total: int) -> None:
        progress("importing", done, total, None)

    status = session.status()
    missing = _WANTED - _kinds(status)
    if not status.listens:
        session.history.import_paths(sample_data.listener_exports(), progress=importing, cancelled=cancelled)
    packs = (
        (("community", "artists"), sample_data.community()),
        (("community", "tracks"), sample_data.playlists()),
        (("features", "tracks"), sample_data.features()),
    )
    for number, ((kind, path), name) in enumerate(zip(packs, sample_data.PACKS, strict=True)):
        progress("adding data", number, len(packs), None)
        if kind in missing:
            session.packs.add(path, name=name, cancelled=cancelled)
    levels: tuple[tuple[Level, object], ...] = (("artists", status.model), ("tracks", status.track_model))
    for level, model in levels:
        if not model:
            # On the sample more factors gain nothing (MODEL.md).
            session.training.train(
                TrainingSettings(level=level, factors=FACTORS, tune_seconds=TUNE_SECONDS),
                progress=lambda update, level=level: progress(
                    update.stage_of(level), update.done, update.total, update.loss
                ),
                cancelled=cancelled,
            )


def main(arguments: Sequence[str] | None = None) -> int:
    """Prepare the demo as a job (`engine.job`) and return its exit code."""
    from engine.job_process import Reporter, run_job

    parser = argparse.ArgumentParser(prog="python -m sample_data.demo", description=__doc__)
    parser.add_argument("--data-dir", type=Path, required=True)

    def work(session: Session, reporter: Reporter, stop: Callable[[], bool]) -> dict[str, object]:
        reporter.expect(parts())
        prepare(session, reporter.progress, stop)
        return {}

    return run_job("demo", parser.parse_args(arguments).data_dir, work)


if __name__ == "__main__":
    sys.exit(main())
