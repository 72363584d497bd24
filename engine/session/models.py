"""The models in use, opened on first use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.canonical_keys import Level
from engine.community.packs import read_packs
from engine.session.library import Change, Library, Service, synchronized

if TYPE_CHECKING:
    from engine.training.artifact import Model
    from engine.training.manifest import ModelManifest


class Models(Service):
    """One model per level: of artists, and of tracks if one was trained."""

    def __init__(self, library: Library) -> None:
        super().__init__(library)
        self._open: dict[Level, Model] = {}
        self._before: dict[Level, Model] = {}

    def drop_cache(self, change: Change, /) -> None:
        """Close the models if others may be in use now."""
        if change is Change.EVERYTHING:
            for opened in (self._open, self._before):
                for model in opened.values():
                    model.close()
                opened.clear()

    @synchronized
    def manifest(self, level: Level = "artists") -> ModelManifest | None:
        """The manifest of the model of a level in use, or None."""
        if not self.library.folders.models.is_dir():
            return None  # so that NumPy is not loaded

        from engine.training.artifact import current_manifest

        return current_manifest(self.library.folders, level)

    @synchronized
    def open(self, level: Level = "artists") -> Model:
        """The model of a level in use. Raises NothingYetError where there is none."""
        from engine.training.artifact import open_model

        if level not in self._open:
            self._open[level] = open_model(self.library.folders, level)
        return self._open[level]

    def open_if_any(self, level: Level = "artists") -> Model | None:
        """The model of a level in use, or None."""
        return self.open(level) if self.manifest(level) else None

    @synchronized
    def open_before(self, level: Level = "artists") -> Model:
        """The model of a level in use before this one. Raises NothingYetError where none is kept."""
        from engine.training.in_use import open_model_before

        if level not in self._before:
            self._before[level] = open_model_before(self.library.folders, level)
        return self._before[level]

    def has_before(self, level: Level = "artists") -> bool:
        """Whether the model of a level before the one in use is kept."""
        from engine.training.in_use import has_before

        return has_before(self.library.folders, level)

    @synchronized
    def removed_packs(self) -> list[str]:
        """Sentences on models in use whose packs were removed, or cannot be read; they still work."""
        from engine.training.in_use import removed_packs

        return list(filter(None, (removed_packs(*found) for found in self._in_use())))

    def much_joined(self) -> list[str]:
        """Sentences on models in use to which so much was added since training that another is suggested.

        Not for one whose packs were removed: training again would lack them.
        """
        from engine.training.growth import much_joined
        from engine.training.in_use import removed_packs

        found = [much_joined(found[0]) for found in self._in_use() if not removed_packs(*found)]
        return list(filter(None, found))

    def not_in_use(self) -> list[str]:
        """Sentences on complete models that are not in use, because the process was killed before."""
        if not self.library.folders.models.is_dir():
            return []
        from engine.training.in_use import unused_models

        return [
            f"models/{folder.name} is not in use: what made it was stopped just before. discover doctor --repair "
            f"{'deletes it' if self.manifest(level) else 'puts it in use'}."
            for folder, level in unused_models(self.library.folders)
        ]

    def lost_by_training(self, level: Level) -> str:
        """Sentences on models that training would replace and whose data is gone; else empty."""
        for model, packs, unread in self._in_use():
            # With packs that cannot be read there is no training.
            if model.level == level and not model.solo and not packs and not unread:
                gone = " and ".join(model.packs)
                return (
                    f"No pack of {level} is here: this trains on your own listening only, and takes the place of the "
                    f"model trained on {gone}."
                )
        return ""

    def _in_use(self) -> list[tuple[ModelManifest, list[str], list[str]]]:
        """The models in use, each with the packs of its level that are there, and those that cannot be read."""
        from engine.training.artifact import POINTERS

        packs, unread = read_packs(self.library.folders)
        return [
            (
                manifest,
                [pack.name for pack in packs if (pack.kind, pack.level) == ("community", level)],
                [*unread],
            )
            for level in POINTERS
            if (manifest := self.manifest(level)) is not None
        ]

    def of_earlier_versions(self) -> list[str]:
        """Sentences on models in use in which some names can't be found, or that rank by fewer members; empty when
        there are none."""
        from engine.community.earlier_keys import has_earlier_keys
        from engine.training.artifact import POINTERS
        from engine.training.in_use import fewer_members
        from engine.training.mending import train_command

        in_use = [(level, manifest) for level in POINTERS if (manifest := self.manifest(level)) is not None]
        return [
            f"The model of {level} is of an earlier version, and some names in it are not found. Train again: "
            f"{train_command(level)}."
            for level, manifest in in_use
            if has_earlier_keys(self.library.folders.models / manifest.id)
        ] + [fewer for _, manifest in in_use if (fewer := fewer_members(manifest))]
