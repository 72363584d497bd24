"""How much of what the person plays the community data knows: the data in use, and each pack by itself."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, cast

from engine.canonical_keys import Level
from engine.community.catalog import Catalog
from engine.community.packs import PackInfo, joined
from engine.errors import DamagedDataError
from engine.session.library import Change, Library, Service, synchronized

if TYPE_CHECKING:
    from engine.job_messages import DescribedPack
    from engine.session.models import Models
    from engine.session.packs import Packs
    from engine.taste.coverage import Coverage
    from engine.taste.gate import Taste

_Asked = tuple[Level, tuple[Path, ...]]


class Coverages(Service):
    """Coverage by level and pack, kept until the library changes."""

    def __init__(self, library: Library, models: Models, packs: Packs) -> None:
        super().__init__(library)
        self._models = models
        self._packs = packs
        self._tastes: dict[Level, Taste] = {}
        self._found: dict[_Asked, Coverage | None] = {}

    def drop_cache(self, _change: Change, /) -> None:
        """It depends on taste, packs and models."""
        self._tastes.clear()
        self._found.clear()

    @synchronized
    def of(self, level: Level = "artists") -> Coverage | None:
        """Coverage of the model in use, or without one of all packs.

        Null without community data, as in solo mode, without plays, and for damaged data, which its users report.
        """
        folders = self.library.folders
        if not (folders.models.is_dir() or folders.packs.is_dir()):
            return None  # an import into an empty folder does not load NumPy
        try:
            model = self._models.manifest(level)
            if model is None:
                packs = [
                    pack for pack in self._packs.all() if (pack.kind, pack.level) == ("community", level)
                ]
                return self._of_packs(level, packs) if packs else None
            if model.solo:
                return None
            folder = folders.models / model.id
            return self._of(level, (folder,), tuple(model.packs), model.source, model.collected)
        except DamagedDataError:
            return None

    @synchronized
    def of_pack(self, pack: PackInfo) -> Coverage | None:
        """Coverage of one pack, in use or not; null if it is not community data, and as for `of`."""
        if pack.kind != "community":
            return None
        try:
            return self._of_packs("tracks" if pack.level == "tracks" else "artists", [pack])
        except DamagedDataError:
            return None

    def described(self, pack: PackInfo) -> DescribedPack:
        """A pack by the keys of the command line's contract, with its coverage under `known`."""
        coverage = self.of_pack(pack)
        # `asdict` keeps no types.
        return cast("DescribedPack", asdict(pack) | {"known": coverage and coverage.counts()})

    def _of_packs(self, level: Level, packs: Sequence[PackInfo]) -> Coverage | None:
        folders = tuple(self.library.folders.packs / pack.name for pack in packs)
        names = tuple(pack.name for pack in packs)
        source, collected = joined(pack.source for pack in packs), joined(pack.collected for pack in packs)
        return self._of(level, folders, names, source, collected)

    def _of(
        self, level: Level, folders: tuple[Path, ...], packs: tuple[str, ...], source: str, collected: str
    ) -> Coverage | None:
        """The coverage by the catalogs in these folders together."""
        from engine.taste.coverage import Coverage
        from engine.taste.gate import read_taste

        if (level, folders) not in self._found:
            if level not in self._tastes:
                self._tastes[level] = read_taste(self.library.connection, level=level)
            taste, known = self._tastes[level], set[str]()
            for folder in folders:
                with closing(Catalog(folder / "catalog.sqlite")) as catalog:
                    known.update(catalog.ids_of(list(taste.by_key)))
            self._found[level, folders] = Coverage.of_taste(
                taste, known, level=level, packs=packs, source=source, collected=collected
            )
        return self._found[level, folders]
