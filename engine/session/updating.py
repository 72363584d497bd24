"""Newer community data in place of older: what is new in it, and what of that joins the model in use."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from engine.canonical_keys import Level
from engine.community.offers import MIN_LISTENERS
from engine.community.packs import PackInfo, list_packs
from engine.errors import UsageError
from engine.progress import Cancelled, StageReport
from engine.session.library import Change, Library, Service, making_models, synchronized
from engine.wording import percent, quantity

if TYPE_CHECKING:
    from engine.community.fetch import Web
    from engine.community.offers import Source
    from engine.community.statistics_dump import Have
    from engine.session.models import Models
    from engine.session.packs import Packs


@dataclass(frozen=True, slots=True)
class News:
    """What newer data brought: its pack, and of the one before how many listeners it had.

    `items` are not in the one before; `joined` became a part of the model in use, of whose newest data the `share` of
    pairs is with items no training saw; `rebuild`: training again is suggested. `unchanged` says why the pack is the
    one before, where newer data was looked for in vain.
    """

    pack: PackInfo
    listeners_before: int
    items: int
    joined: int
    share: float
    rebuild: bool
    unchanged: str = ""

    def in_words(self) -> str:
        """The same in sentences."""
        more = self.pack.listeners - self.listeners_before
        change = f"{abs(more):,} {'more' if more >= 0 else 'fewer'} than before"
        said = f"{self.unchanged} " if self.unchanged else ""
        said += f"{quantity(self.pack.listeners, 'listeners')}, {change}; "
        said += quantity(self.items, f"new {self.pack.level}")
        said += f", {self.joined:,} of them now in the model." if self.joined else "."
        if self.share:
            said += (
                f" {percent(self.share)} of what its listeners play is of {self.pack.level} no training saw."
            )
        return said


class Updates(Service):
    """Newer data for packs there are."""

    def __init__(self, library: Library, models: Models, packs: Packs) -> None:
        super().__init__(library)
        self._models = models
        self._packs = packs

    def updated_pack(self, level: Level, name: str | None = None) -> PackInfo:
        """The pack newer data of a level would replace: the one called `name`, else the only one.

        Raises UsageError where there is none, or which is not clear.
        """
        found = [pack for pack in self._packs.all() if (pack.kind, pack.level) == ("community", level)]
        if name is not None:
            found = [pack for pack in found if pack.name == name]
        if len(found) == 1:
            return found[0]
        if found:
            names = ", ".join(pack.name for pack in found)
            raise UsageError(f"There are several packs of {level}: {names}. Say which: --name NAME.")
        from engine.community.offers import ways_to_add

        called = f" called {name}" if name else ""
        raise UsageError(f"There is no pack of {level}{called} to update. Add one: {ways_to_add(level)}.")

    def offered(
        self,
        web: Web,
        source: Source,
        pack: PackInfo,
        *,
        url: str | None = None,
        min_listeners: int = MIN_LISTENERS,
    ) -> tuple[str, bool]:
        """What a download would bring a pack, in sentences (`Packs.offered`), and whether it is any newer.

        Downloads nothing. Raises DiscoverError where it cannot be had.
        """
        have = self._have(pack)
        offer = self._packs.offered(web, source, url=url, have=have, min_listeners=min_listeners)
        if have.as_new_as(offer.day):
            return f"{pack.name} is of {pack.collected}: there is nothing newer than {offer.day} yet.", False
        of = f"of {pack.collected}, with" if pack.collected else "of"
        return (
            f"You have {pack.name}, {of} {quantity(pack.listeners, 'listeners')}. Newer: {offer.said}",
            True,
        )

    @synchronized
    @making_models
    def update(
        self,
        level: Level,
        take: Callable[[str], Any] | None,
        *,
        name: str | None = None,
        report: StageReport | None = None,
        cancelled: Cancelled | None = None,
    ) -> News:
        """Have `take`, given the name of the pack, add newer data in its place; say what is new, and have it join the
        model in use. Without `take` what the pack has joins it.

        Raises UsageError where which pack is meant is not clear, or what was taken is not newer data for it, and what
        `take` raises: then all packs are as they were.
        """
        self.library.door.require_writable("update a pack")
        before = self.updated_pack(level, name)
        if take is None:
            return self._joined(level, before, before, 0, report, cancelled)
        from engine.community.statistics_dump import NothingNewerError

        known = self._keys(before)
        try:
            after = self._replaced(before, take)
        except NothingNewerError as error:
            self._packs.remember_passed(before.name, error.passed)
            news = self._joined(level, before, before, 0, report, cancelled)
            return replace(news, unchanged=str(error))
        new = len(self._keys(after) - known)
        return self._joined(level, before, after, new, report, cancelled)

    def _have(self, pack: PackInfo) -> Have:
        from engine.community.pack import Pack
        from engine.community.statistics_dump import Have

        return Have(pack.collected, Pack(self.library.folders.packs / pack.name).manifest.passed)

    def _replaced(self, before: PackInfo, take: Callable[[str], Any]) -> PackInfo:
        """The pack that took the place of the one before, which stays until the newer one is known to be one: until
        then that is among no packs, wherever this is stopped."""
        with self._packs.apart(self._have(before)) as folders:
            take(before.name)
            newer = next(
                (
                    pack
                    for pack in list_packs(folders)
                    if (pack.kind, pack.level) == (before.kind, before.level)
                ),
                None,
            )
            if newer is None:
                raise UsageError(f"That holds no {before.level}. {before.name} is unchanged.")
            if newer.collected < before.collected:
                raise UsageError(
                    f"That is of {newer.collected or 'an unknown day'}, and {before.name} of {before.collected}, which "
                    "is unchanged. To take it all the same: discover community add, or fetch."
                )
            self._packs.put_in_place_of(folders.packs / newer.name, before.name)
        # Packs of plays alone are updated, and these are of artists or of tracks.
        return self.updated_pack(before.level, before.name)  # type: ignore[arg-type]

    def _keys(self, pack: PackInfo) -> set[str]:
        from engine.community.catalog import Catalog

        with closing(Catalog(self.library.folders.packs / pack.name / "catalog.sqlite")) as catalog:
            return set(catalog.all_keys())

    def _joined(
        self,
        level: Level,
        before: PackInfo,
        after: PackInfo,
        new: int,
        report: StageReport | None,
        cancelled: Cancelled | None,
    ) -> News:
        from engine.community.packs import community_packs
        from engine.training.growth import REBUILD, grow
        from engine.training.interactions import community_interactions

        model = self._models.open_if_any(level)
        if model is None or model.manifest.solo:
            return News(after, before.listeners, new, 0, 0.0, rebuild=False)
        data = community_interactions(
            [
                pack
                for pack in community_packs(self.library.folders, level)
                if pack.manifest.name == after.name
            ]
        )
        items = model.manifest.items
        manifest = grow(
            self.library.door,
            model,
            data.plays,
            data.names,
            data.keys,
            collected=after.collected,
            progress=report and (lambda done, total: report("joining", done, total)),
            cancelled=cancelled,
        )
        self.library.changed(Change.EVERYTHING)
        share = manifest.growth.share if manifest.growth is not None else 0.0
        return News(after, before.listeners, new, manifest.items - items, share, rebuild=share >= REBUILD)
