"""Model files: export, installation from a file or an address, and undo."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from engine.canonical_keys import Level
from engine.errors import DamagedDataError, UnreadableFileError
from engine.paths import why_not_read
from engine.progress import Cancelled, StageReport
from engine.session.library import Change, Library, Service, making_models, synchronized

if TYPE_CHECKING:
    from engine.community.fetch import Web
    from engine.job_messages import DescribedModel
    from engine.session.evaluation import Evaluation
    from engine.session.models import Models
    from engine.session.packs import Packs
    from engine.training.manifest import ModelManifest


@dataclass(frozen=True, slots=True)
class Exported:
    """An exported file: its path, bytes and SHA-256, and whose rows it contains."""

    file: str
    bytes: int
    sha256: str
    listener_rows: int
    manifest: ModelManifest


class ModelFiles(Service):
    """Models as files."""

    def __init__(self, library: Library, models: Models, packs: Packs, evaluation: Evaluation) -> None:
        super().__init__(library)
        self._models = models
        self._packs = packs
        self._evaluation = evaluation

    @synchronized
    def all(self) -> list[dict[str, Any]]:
        """The models in use and those kept from before, by the keys of the command line's contract, with `in_use`.

        The digest is of the file a model came in, or for one trained here of its manifest, which has those of its
        files. Raises DamagedDataError.
        """
        from engine.paths import digest_of, size_of
        from engine.training.artifact import MANIFEST
        from engine.training.in_use import kept_models

        return [
            described(
                manifest,
                size_of(folder),
                manifest.origin.sha256 if manifest.origin else digest_of(folder / MANIFEST),
            )
            | {"in_use": in_use}
            for folder, manifest, in_use in kept_models(self.library.folders)
        ]

    @synchronized
    def export(
        self,
        path: Path,
        level: Level = "artists",
        *,
        report: StageReport | None = None,
        cancelled: Cancelled | None = None,
    ) -> Exported:
        """Write the model of a level in use to a file, outside the data folder; allowed in a private session.

        Raises UsageError for a solo model, NothingYetError without a model, DiscoverError if the file cannot be
        written, CancelledError.
        """
        import hashlib

        from engine.training.model_file import packed

        progress = report and partial(report, "exporting")
        model = self._models.open(level)
        data, about = packed(model, progress=progress, cancelled=cancelled)
        self.library.door.export(path, data)
        return Exported(
            str(path), len(data), hashlib.sha256(data).hexdigest(), about.listener_rows, model.manifest
        )

    @synchronized
    @making_models
    def add(
        self,
        path: Path,
        *,
        sha256: str = "",
        name: str = "",
        report: StageReport | None = None,
        cancelled: Cancelled | None = None,
    ) -> ModelManifest:
        """Take a model from a file (`engine.training.added_model`), called `name`, by default after the file, and
        backtest it."""
        from engine.session.misplaced import what_else
        from engine.training.added_model import add_model

        before = self.in_use()
        try:
            manifest = add_model(
                self.library.door,
                path,
                name=name or path.name,
                sha256=sha256,
                report=report,
                cancelled=cancelled,
            )
        except UnreadableFileError as error:
            if why_not_read(path) or not (other := what_else(path, "model add")):
                raise
            raise UnreadableFileError(f"{path} {other}.") from error
        # If killed before the backtest, the model is in use without one.
        if manifest.id not in before or not self._evaluation.looked_back():
            self._changed(manifest.level, report)
        return manifest

    @synchronized
    def in_use(self) -> frozenset[str]:
        """The ids of the models in use that can be read: what `add` returns is among them if that file's model was
        already in use."""
        found = []
        for level in get_args(Level):
            # Adding one mends that.
            with contextlib.suppress(DamagedDataError):
                found.append(self._models.manifest(level))
        return frozenset(one.id for one in found if one is not None)

    def fetch(
        self,
        web: Web,
        url: str,
        *,
        sha256: str = "",
        report: StageReport | None = None,
        cancelled: Cancelled | None = None,
    ) -> ModelManifest:
        """Download a model from an address the person named, and install it; recorded for the audit.

        Raises as `add` does, and DiscoverError if the download fails.
        """
        from engine.community.remote import fetched
        from engine.training.read_model_file import MAX_BYTES

        with self.library.exclusive():
            progress = report and partial(report, "downloading")
            web.record = self._packs.remember
            with fetched(self.library.door, web, url, most=MAX_BYTES, progress=progress) as path:
                return self.add(path, sha256=sha256, name=url, report=report, cancelled=cancelled)

    @synchronized
    @making_models
    def undo(self, level: Level = "artists") -> ModelManifest | None:
        """Use the previous model again, and keep the current one; returns it, null if there was none before.

        Raises NothingYetError if none is kept, PrivateSessionError in a private session.
        """
        from engine.training.in_use import switch_back

        self.library.door.require_writable("change the model")
        manifest = switch_back(self.library.door, level)
        self._changed(level, None)
        return manifest

    def _changed(self, level: Level, report: StageReport | None) -> None:
        """Another model is in use: drop what was derived from the previous one, and measure the half-life again, as
        after a training."""
        self.library.changed(Change.EVERYTHING)
        if level == "tracks":
            return

        def looking_back(share: float) -> None:
            if report is not None:
                report("looking back", round(share * 100), 100)

        self._evaluation.renew(looking_back)


def described(manifest: ModelManifest, size: int, digest: str) -> DescribedModel:
    """A model by the keys of the command line's contract, with the bytes and the digest of its file or folder."""
    return {
        "name": ", ".join(manifest.packs) or "your own listening",
        "level": manifest.level,
        "items": manifest.items,
        "listeners": manifest.listeners,
        "factors": manifest.factors,
        "trained": manifest.trained,
        "source": manifest.source,
        "collected": manifest.collected,
        "bytes": size,
        "digest": digest,
        "from": manifest.origin.name if manifest.origin else "",
        "added": manifest.origin.added if manifest.origin else "",
    }
