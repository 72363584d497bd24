"""Training: fitting models on the packs, or on one's own sessions where there are none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.canonical_keys import Level
from engine.progress import Cancelled
from engine.session.library import Change, Library, Service, making_models, synchronized

if TYPE_CHECKING:
    from engine.session.evaluation import Evaluation
    from engine.session.packs import Packs
    from engine.training.manifest import ModelManifest
    from engine.training.train import TrainingSettings


class Training(Service):
    """Fitting models on the packs, or on one's own sessions where there are none."""

    def __init__(self, library: Library, packs: Packs, evaluation: Evaluation) -> None:
        super().__init__(library)
        self._packs = packs
        self._evaluation = evaluation

    def levels(self) -> tuple[Level, ...]:
        """What to train for all there is: artists, and tracks where a pack has them."""
        of_tracks = any(pack.kind == "community" and pack.level == "tracks" for pack in self._packs.all())
        return ("artists", "tracks") if of_tracks else ("artists",)

    @synchronized
    @making_models
    def train(
        self,
        settings: TrainingSettings | None = None,
        *,
        progress: Any = None,
        cancelled: Cancelled | None = None,
    ) -> ModelManifest:
        """Fit a model and switch to it."""
        from engine.training.choose import SHARES
        from engine.training.train import TrainingSettings, Update, train

        manifest = train(
            self.library.door,
            self.library.connection,
            settings or TrainingSettings(),
            progress=progress,
            cancelled=cancelled,
        )
        self.library.changed(Change.EVERYTHING)
        if manifest.level == "tracks":
            return manifest

        # How fast plays should fade is the person's own; it is measured with every new model of artists.
        def looking_back(share: float) -> None:
            if progress is not None:
                progress(Update("looking back", round(share * SHARES), SHARES))

        self._evaluation.renew(looking_back)
        return manifest
