"""Community data and track features as packs: added, fetched, listed, removed."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from engine.canonical_keys import Level
from engine.community import adding
from engine.community import packs as community_packs
from engine.community.adding import Added, UnknownFormatError
from engine.community.offers import MIN_LISTENERS, Source, who_sees
from engine.community.packs import PackInfo
from engine.errors import NothingYetError, UnreadableFileError, not_read
from engine.paths import Folders, why_not_read
from engine.privacy import Door
from engine.progress import Cancelled, CountReport, StageReport
from engine.session.library import Change, Library, Service, synchronized
from engine.store.downloads import add_download, downloads

if TYPE_CHECKING:
    from engine.community.features import FeatureCatalog, LibraryCoverage
    from engine.community.fetch import Fetched, Web
    from engine.community.pack import PassedOver
    from engine.community.statistics_dump import Have


@dataclass(frozen=True, slots=True)
class Offered:
    """What a download would be, in sentences, and the day of what is published by the day (an ISO date, else empty)."""

    said: str
    day: str


class Packs(Service):
    """The packs of a library. They contain nothing of the person, except for tempo of tracks only they have."""

    def __init__(self, library: Library) -> None:
        super().__init__(library)
        # The door for packs added `apart`.
        self._apart: Door | None = None
        self._have: Have | None = None

    @property
    def _door(self) -> Door:
        """The door for adding packs."""
        return self._apart or self.library.door

    @contextlib.contextmanager
    def apart(self, have: Have | None = None) -> Iterator[Folders]:
        """While the block runs, add packs to temporary folders, deleted after it; what is downloaded must be newer than
        `have`."""
        with self.library.door.scratch_folder() as folder:
            self._apart, self._have = Door(Folders(folder)), have
            try:
                yield self._apart.folders
            finally:
                self._apart = self._have = None

    def all(self) -> tuple[PackInfo, ...]:
        """Community and feature packs, by name."""
        return tuple(community_packs.list_packs(self.library.folders))

    def with_damaged(self) -> tuple[list[PackInfo], dict[str, str]]:
        """All that can be read, and by the names of those that cannot sentences on them and what to do."""
        return community_packs.read_packs(self.library.folders)

    @synchronized
    def add(
        self,
        path: Path,
        *,
        format: str | None = None,  # noqa: A002 - the contract's word
        name: str | None = None,
        licence: str = "",
        progress: CountReport | None = None,
        cancelled: Cancelled | None = None,
    ) -> Added:
        """Add everything in a file: community data, track features. Raises as `add_packs`, naming what another kind of
        file is."""
        from engine.session.misplaced import looks_like, what_else

        try:
            added = adding.add_packs(
                self._door,
                path,
                format=format,
                name=name,
                progress=progress,
                cancelled=cancelled,
                library=self.library.connection,
                licence=licence,
            )
        except UnreadableFileError as error:
            if why_not_read(path):
                raise
            if other := what_else(path, "community add"):
                raise UnreadableFileError(f"{path} {other}.") from error
            if isinstance(error, UnknownFormatError) and (like := looks_like(path)):
                raise UnknownFormatError(f"{error} It looks like {like}.") from error
            raise
        except OSError as error:
            named = Path(os.fsdecode(error.filename or ""))
            # Files beside it may be read too.
            if named.is_relative_to(path.parent) and not named.is_relative_to(self.library.folders.root):
                raise UnreadableFileError(f"{named} {not_read(error)}") from error
            raise
        self.library.changed(Change.EVERYTHING)
        return added

    def offered(
        self,
        web: Web,
        source: Source,
        *,
        url: str | None = None,
        have: Have | None = None,
        min_listeners: int = MIN_LISTENERS,
    ) -> Offered:
        """The download on offer: its date, size, and what it reveals to others.

        Does not download it, and leaves out what was read in vain before, by `have`. Raises DiscoverError if it is not
        available.
        """
        from engine.community.archives import artist_archive, rhythm_archive
        from engine.community.statistics_dump import find

        at, day = url or source.url, ""
        web.asking(at)
        match source.form:
            case "file":
                offer = web.look(at)
                what = f"{source.terms}. {offer.url}, {_megabytes(offer.bytes)}."
            case "tempo" | "genres":
                archive = rhythm_archive(web, at) if source.form == "tempo" else artist_archive(web, at)
                what = f"{source.terms}; of {archive.day}. {archive.url}, {_megabytes(archive.bytes)}."
            case level:
                dump = find(web, at, have, min_listeners=min_listeners)
                day = dump.day
                what = (
                    f"{source.terms}; of {dump.day}. {dump.url}: about {_megabytes(dump.to_read(level))} of "
                    f"{_megabytes(dump.bytes)} are read."
                )
        return Offered(f"{what} {who_sees(web.contact)}", day)

    def fetch(
        self,
        web: Web,
        source: Source,
        *,
        url: str | None = None,
        min_listeners: int = MIN_LISTENERS,
        name: str | None = None,
        report: StageReport | None = None,
        cancelled: Cancelled | None = None,
    ) -> tuple[PackInfo, ...]:
        """Download a data set by name, or from `url`, and add it; recorded for the audit.

        `report` gets a stage, bytes done and total. Raises DiscoverError, CancelledError.
        """
        web.record = self.remember
        at, downloading = url or source.url, report and partial(report, "downloading")
        if source.form == "file":
            reading = report and partial(report, "reading data")
            return self._fetch_file(web, at, name, source.licence, downloading, reading, cancelled).packs
        if source.level is None:
            return self._fetch_archive(web, source.form, at, name, downloading, cancelled)
        return (self._fetch_statistics(web, at, source.level, min_listeners, name, downloading, cancelled),)

    @synchronized
    def _fetch_file(
        self,
        web: Web,
        url: str,
        name: str | None,
        licence: str,
        progress: CountReport | None,
        reading: CountReport | None,
        cancelled: Cancelled | None,
    ) -> Added:
        """Download community data and add all of it."""
        from engine.community.remote import fetched

        with fetched(self.library.door, web, url, progress=progress) as path:
            return self.add(path, name=name, licence=licence, progress=reading, cancelled=cancelled)

    @synchronized
    def _fetch_statistics(
        self,
        web: Web,
        base: str,
        level: Level,
        min_listeners: int,
        name: str | None,
        progress: CountReport | None,
        cancelled: Cancelled | None,
    ) -> PackInfo:
        """Read ListenBrainz' newest statistics at `base` into a pack while downloading.

        Raises DiscoverError if there is no usable dump (`engine.community.statistics_dump`), CancelledError.
        """
        from engine.community.listenbrainz import ARTISTS, TRACKS
        from engine.community.statistics_dump import read_newest

        statistics = next(one for one in (ARTISTS, TRACKS) if level == one.LEVEL)
        found = read_newest(
            self.library.door,
            web,
            base,
            statistics,
            have=self._have,
            min_listeners=min_listeners,
            progress=progress,
            cancelled=cancelled,
        )
        label = adding.add_content(
            self._door,
            found.content,
            name or statistics.NAME,
            found.dump.url.rpartition("/")[2],
            checked=found.checked,
            download=found.download,
        )
        self.library.changed(Change.EVERYTHING)
        return next(pack for pack in self._added() if pack.name == label)

    @synchronized
    def _fetch_archive(
        self,
        web: Web,
        form: str,
        base: str,
        name: str | None,
        progress: CountReport | None,
        cancelled: Cancelled | None,
    ) -> tuple[PackInfo, ...]:
        """Read an archive with a published digest into a pack while downloading.

        Raises DiscoverError (`engine.community.archives`), CancelledError.
        """
        from engine.community import archives, features, genres

        door, library = self.library.door, self.library.connection

        def rhythm(file: IO[bytes], progress: CountReport | None, said: archives.Said) -> tuple[str, ...]:
            label = name or features.RHYTHM
            added = features.add_rhythm(
                self._door, file, archive.file, label, progress, cancelled, library, said=said
            )
            return added.name, *added.also

        def artists(file: IO[bytes], progress: CountReport | None, said: archives.Said) -> tuple[str, ...]:
            label = name or genres.KIND
            return (genres.add_genres(self._door, file, archive.file, label, progress, cancelled, said=said),)

        archive, read = (
            (archives.rhythm_archive(web, base), rhythm)
            if form == "tempo"
            else (archives.artist_archive(web, base), artists)
        )
        labels = archives.read_archive(door, web, archive, read, progress=progress)
        self.library.changed(Change.EVERYTHING)
        return tuple(pack for pack in self._added() if pack.name in labels)

    def _added(self) -> list[PackInfo]:
        """The packs in the folder to which packs are added."""
        return community_packs.list_packs(self._door.folders)

    @synchronized
    def remember(self, done: Fetched) -> None:
        """Record a download for the audit."""
        add_download(self.library.connection, done.url, done.bytes, done.sha256, done.at)

    @synchronized
    def fetches(self) -> tuple[Fetched, ...]:
        """Every download there was, oldest first."""
        from engine.community.fetch import Fetched

        return tuple(Fetched(*row) for row in downloads(self.library.connection))

    def export(
        self,
        folder: Path,
        level: Level,
        *,
        progress: CountReport | None = None,
        cancelled: Cancelled | None = None,
    ) -> dict[str, Any]:
        """Write the community packs of a level as Parquet into a new folder; returns its manifest.

        Raises NothingYetError without packs, DiscoverError if PyArrow is missing or the folder exists, CancelledError.
        """
        from msgspec.structs import asdict

        from engine.training.interactions import community_interactions
        from engine.training.parquet import require_pyarrow, write_parquet

        require_pyarrow()
        packs = community_packs.community_packs(self.library.folders, level)
        if not packs:
            raise NothingYetError(
                f"There is no community data of {level}. Add some: discover community fetch {level}."
            )
        with self.library.door.export_folder(folder) as partial:
            made = write_parquet(
                partial, community_interactions(packs), level, progress=progress, cancelled=cancelled
            )
        return asdict(made)

    def features(self) -> FeatureCatalog:
        """Track features, from the person's own files and the feature packs: a context manager."""
        from engine.community.features import FeatureCatalog, feature_packs

        return FeatureCatalog(feature_packs(self.library.folders), self.library.connection)

    @synchronized
    def tempo_coverage(self) -> LibraryCoverage:
        """How many of one's own tracks have a known tempo."""
        with self.features() as features:
            return features.library_coverage(self.library.connection)

    @synchronized
    def of_earlier_versions(self) -> list[str]:
        """Sentences on packs in which some names can't be found; empty when there are none."""
        from engine.community.earlier_keys import has_earlier_keys

        return [
            f"The pack {pack.name} is of an earlier version, and some names in it are not found. Add its file again: "
            "discover community add PATH."
            for pack in self.all()
            if has_earlier_keys(self.library.folders.packs / pack.name)
        ]

    @synchronized
    def remove(self, name: str, *, kind: str | None = None) -> None:
        """Delete a pack, optionally of one kind. Raises UnknownNameError with the nearest names."""
        community_packs.remove_pack(self.library.door, name, kind=kind)
        self.library.changed(Change.EVERYTHING)

    @synchronized
    def put_in_place_of(self, folder: Path, other: str) -> None:
        """Replace another pack by one added `apart`, under its name."""
        community_packs.put_in_place_of(self.library.door, folder, other)
        self.library.changed(Change.EVERYTHING)

    @synchronized
    def remember_passed(self, name: str, passed: tuple[PassedOver, ...]) -> None:
        """Note with a pack which newer archives were read in vain."""
        community_packs.remember_passed(self.library.door, name, passed)

    @synchronized
    def stash(self, name: str) -> None:
        """Remove a pack so that `restore` can undo it until this library is closed."""
        held = community_packs.stash_pack(self.library.door, name)
        self._let_go(name)
        self.library.stashed[name] = held
        self.library.changed(Change.EVERYTHING)

    @synchronized
    def restore(self, name: str) -> None:
        """Put a stashed pack back in use."""
        community_packs.restore_pack(self.library.door, name)
        self._let_go(name)
        self.library.changed(Change.EVERYTHING)

    def _let_go(self, name: str) -> None:
        if name in self.library.stashed:
            os.close(self.library.stashed.pop(name))


def _megabytes(count: int | None) -> str:
    return "an unknown number of bytes" if count is None else f"{count / 1e6:,.1f} MB"
