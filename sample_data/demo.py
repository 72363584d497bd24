"""Fills a data folder with the sample, through the same import and training code as real data."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import sample_data

if TYPE_CHECKING:
    from engine.session import Session

# A demo is waited for: the search stops here on a slow machine; a quick one is done before.
TUNE_SECONDS = 8.0
# Called with the stage, how many are done, of how many, and the loss where there is one.
Progress = Callable[[str, int, int, float | None], None]


def is_ready(session: Session) -> bool:
    """Whether the folder has listens, packs and a model."""
    status = session.status()
    kinds = {pack.kind for pack in status.packs}
    return bool(status.listens and status.model and kinds >= {"community", "features"})


def prepare(session: Session, progress: Progress, cancelled: Callable[[], bool] | None = None) -> None:
    """Bring the library to where it has listens, packs and a model; what is there already stays.

    Raises CancelledError; what was whole by then stays and is not done again.
    """
    from engine.training.train import TrainingSettings

    def importing(done: int, total: int) -> None:
        progress("importing", done, total, None)

    status = session.status()
    kinds = {pack.kind for pack in status.packs}
    if not status.listens:
        session.import_paths(sample_data.listener_exports(), progress=importing, cancelled=cancelled)
    if "community" not in kinds:
        session.add_community(sample_data.community(), name="sample", cancelled=cancelled)
    if "features" not in kinds:
        session.add_features(sample_data.features(), name="sample-features", cancelled=cancelled)
    if not status.model:
        session.train(
            TrainingSettings(tune_seconds=TUNE_SECONDS),
            progress=lambda update: progress(update.stage, update.done, update.total, update.loss),
            cancelled=cancelled,
        )
