"""What can be done with a library: exports, imports, packs, training and forgetting."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.community import packs as community_packs
from engine.community.packs import PackInfo
from engine.errors import DamagedDataError, NothingYetError
from engine.session.library import alone
from engine.session.playlisting import Cancelled, Playlisting
from engine.taste.rules import listens_excluded

if TYPE_CHECKING:
    from engine.community.features import FeatureReport
    from engine.community.fetch import Fetched
    from engine.imports.report import Report
    from engine.names import Level
    from engine.playlists.export import ExportReport
    from engine.playlists.playlist import PlaylistTrack
    from engine.recommend.settings import DiscoverSettings
    from engine.session.forgetting import Forgotten
    from engine.store.heard import Heard
    from engine.taste.rules import Rule
    from engine.training.artifact import ModelManifest
    from engine.training.train import TrainingSettings

Progress = Callable[[int, int], None]


class Session(Playlisting):
    """Everything both front ends can do."""

    # -- files the person names -----------------------------------------------------------------------

    def export_tracks(
        self,
        tracks: Sequence[PlaylistTrack],
        title: str,
        path: Path,
        format: str | None = None,  # noqa: A002
    ) -> ExportReport:
        """Write tracks to a file the person named, in the format of its ending unless told otherwise."""
        from engine.playlists.export import export_playlist

        return export_playlist(self.door, path, tracks, title, format)

    @alone
    def discover_tracks(self, settings: DiscoverSettings | None = None) -> tuple[PlaylistTrack, ...]:
        """Discover as tracks for an export: of artists a track of each where a feature pack knows one."""
        items = self.discover(settings).items
        if settings is not None and settings.level == "tracks":
            return self.tracks_named([(item.artist, item.track) for item in items])
        return self._as_tracks([(item.artist, item.key) for item in items])

    @alone
    def first_tracks(self, artists: Sequence[tuple[str, str]]) -> dict[str, str]:
        """A track to begin with of each artist (name, key) the feature packs know one of, by key."""
        tracks = self._as_tracks(list(artists))
        return {key: track.track for (_, key), track in zip(artists, tracks, strict=True) if track.track}

    @alone
    def related_tracks(self, name: str, n: int = 50) -> tuple[PlaylistTrack, ...]:
        """Related artists as tracks for an export."""
        return self._as_tracks([(item.artist, item.key) for item in self.related(name, n).items])

    # -- bringing data in -----------------------------------------------------------------------------

    @alone
    def import_paths(
        self,
        paths: Sequence[Path],
        *,
        format: str | None = None,  # noqa: A002 - the contract's word
        dry_run: bool = False,
        keep_private: bool = False,
        min_ms: int | None = None,
        columns: Mapping[str, str] | None = None,
        zone: str | None = None,
        progress: Progress | None = None,
        cancelled: Cancelled | None = None,
    ) -> Report:
        """Import files, folders and archives; `engine.imports.run.import_paths` tells what the options mean."""
        from engine.imports.run import MIN_MS, import_paths

        if not dry_run:
            self.door.require_writable("import")
        report = import_paths(
            self._connection,
            list(paths),
            format=format,
            dry_run=dry_run,
            keep_private=keep_private,
            min_ms=MIN_MS if min_ms is None else min_ms,
            columns=columns,
            zone=zone,
            progress=progress,
            cancelled=cancelled,
        )
        # Counts may have been raised where no listen was added.
        self._own_names = None
        self._forget()
        return report

    @alone
    def note_listen(
        self, artist: str, track: str, *, seconds: float | None = None, at: int | None = None
    ) -> Heard:
        """Keep a play that the person's player says ended at `at` (seconds UTC, null: now) after `seconds`.

        Raises PrivateSessionError in a private session: then no listen is kept, whoever tells of it.
        """
        from engine.imports.run import MIN_MS
        from engine.store.heard import note_heard

        self.door.require_writable("keep a listen")
        moment = int(time.time()) if at is None else at
        heard = note_heard(self._connection, artist, track, moment, seconds, MIN_MS)
        self._forget()
        return heard

    @alone
    def take_listen(self, number: int) -> None:
        """Take back a listen that `note_listen` kept."""
        from engine.store.heard import unhear

        self.door.require_writable("take a listen back")
        unhear(self._connection, number)
        # The next listen may get its number.
        self._own_names = None
        self._forget()

    @alone
    def add_community(
        self,
        path: Path,
        *,
        format: str | None = None,  # noqa: A002 - the contract's word
        name: str | None = None,
        progress: Progress | None = None,
        cancelled: Cancelled | None = None,
    ) -> PackInfo:
        """Add community data as a pack."""
        manifest = community_packs.add_pack(
            self.door, path, format=format, name=name, progress=progress, cancelled=cancelled
        )
        return self._pack(manifest.name)

    @alone
    def fetch_community(
        self,
        url: str,
        *,
        name: str | None = None,
        progress: Progress | None = None,
        cancelled: Cancelled | None = None,
    ) -> PackInfo:
        """Download community data and add it as a pack; what was downloaded is remembered for the audit."""
        from engine.community.fetch import fetched

        with fetched(self.door, url, progress=progress, cancelled=cancelled) as (path, done):
            with self._connection as connection:
                connection.execute(
                    "INSERT INTO fetches (url, bytes, sha256, at) VALUES (?, ?, ?, ?)",
                    (done.url, done.bytes, done.sha256, done.at),
                )
            return self.add_community(path, name=name, cancelled=cancelled)

    @alone
    def fetches(self) -> tuple[Fetched, ...]:
        """Every download there was, oldest first."""
        from engine.community.fetch import Fetched

        rows = self._connection.execute("SELECT url, bytes, sha256, at FROM fetches ORDER BY at, rowid")
        return tuple(Fetched(*row) for row in rows)

    @alone
    def add_features(
        self,
        path: Path,
        *,
        name: str | None = None,
        progress: Progress | None = None,
        cancelled: Cancelled | None = None,
    ) -> FeatureReport:
        """Add tempo, energy and the like of tracks as a pack."""
        from engine.community.features import add_features

        return add_features(self.door, path, name=name, progress=progress, cancelled=cancelled)

    @alone
    def remove_pack(self, name: str) -> None:
        """Delete a pack."""
        community_packs.remove_pack(self.door, name)

    @alone
    def set_pack_aside(self, name: str) -> None:
        """Take a pack out of use; until this library is closed `bring_pack_back` undoes it."""
        community_packs.set_pack_aside(self.door, name)

    @alone
    def bring_pack_back(self, name: str) -> None:
        """Put a pack that was set aside back in use."""
        community_packs.bring_pack_back(self.door, name)

    def _pack(self, name: str) -> PackInfo:
        for info in self.packs():
            if info.name == name:
                return info
        raise DamagedDataError(f"The pack {name} is not where it was written. Add it again.")

    @alone
    def train(
        self,
        settings: TrainingSettings | None = None,
        *,
        progress: Any = None,
        cancelled: Cancelled | None = None,
    ) -> ModelManifest:
        """Fit a model on the community packs, or on one's own sessions where there are none, and switch to it."""
        from engine.training.train import TrainingSettings, Update, train

        manifest = train(
            self.door,
            self._connection,
            settings or TrainingSettings(),
            progress=progress,
            cancelled=cancelled,
        )
        self.reload()
        if manifest.level == "tracks":
            return manifest
        # How fast plays should fade is the person's own; it is measured with every new model of artists.
        if progress is not None:
            progress(Update("looking back", 0, 1))
        try:
            self.evaluate()
        except NothingYetError:
            self.door.remove(self.folders.hindsight)
        return manifest

    def levels(self) -> tuple[Level, ...]:
        """What to train for all there is: artists, and tracks where a pack has them."""
        of_tracks = any(pack.kind == "community" and pack.level == "tracks" for pack in self.packs())
        return ("artists", "tracks") if of_tracks else ("artists",)

    # -- forgetting -----------------------------------------------------------------------------------

    @alone
    def forget(self, rule: Rule, *, playlists: bool = False) -> Forgotten:
        """Delete what the rule names for good, and prove it.

        Raises UnknownNameError for an artist that is not there, NothingYetError when nothing is named,
        PrivateSessionError in a private session.
        """
        from engine.session.forgetting import forget

        forgotten = forget(self._connection, self.door, self._named(rule), playlists=playlists)
        self.reload()
        return forgotten

    @alone
    def would_forget(self, rule: Rule) -> int:
        """How many listens the rule names."""
        return listens_excluded(self._connection, [self._named(rule)])

    def public_folders(self) -> tuple[str, ...]:
        """Packs and models of them, the same for everybody who has them: forgetting leaves them."""
        from engine.session.forgetting import public_folders

        return public_folders(self.door)

    @alone
    def forget_all(self) -> tuple[str, ...]:
        """Delete everything of the person but settings; leaves an empty library. Returns the files deleted."""
        from engine.session.forgetting import forget_all
        from engine.store.database import open_library

        self.door.require_writable("forget anything")
        self.reload()
        self._connection.close()
        try:
            return forget_all(self.door)
        finally:
            self._connection = open_library(self.door)
