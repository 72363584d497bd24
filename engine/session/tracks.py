"""Tracks by name, and a track for each of some artists, for playlists and exports."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from engine import defaults
from engine.canonical_keys import artist_key, joined_key
from engine.errors import DamagedDataError, UnknownNameError, UsageError
from engine.session.artists import DASH
from engine.session.library import Library, Service, synchronized
from engine.store import feedback as store_feedback
from engine.store.history import tracks_by_artist
from engine.store.music_files import music_folders

if TYPE_CHECKING:
    from engine.community.features import FeatureCatalog
    from engine.playlists.export import ExportReport
    from engine.playlists.playlist import PlaylistTrack
    from engine.recommend.lists import Recommendation
    from engine.recommend.settings import DiscoverSettings
    from engine.session.artists import Artists
    from engine.session.discover import Discover
    from engine.session.models import Models
    from engine.session.packs import Packs


class Tracks(Service):
    """Tracks as the library, the packs and the model of tracks know them."""

    def __init__(
        self, library: Library, models: Models, packs: Packs, artists: Artists, discover: Discover
    ) -> None:
        super().__init__(library)
        self._models = models
        self._packs = packs
        self._artists = artists
        self._discover = discover

    @synchronized
    def named(self, wanted: Sequence[tuple[str, str | None]]) -> tuple[PlaylistTrack, ...]:
        """(artist, title) as tracks; without a title the artist's best known one, else the artist by name alone.

        Raises UnknownNameError for an unknown artist or title, UsageError for what is blocked.
        """
        artists = [self._artists.resolve(artist) for artist, _ in wanted]
        for artist, (_, title) in zip(artists, wanted, strict=True):
            self._refuse_blocked(*artist, title)
        with self._packs.features() as features:
            each = self.of_artists(artists)
            return tuple(
                self._one_named(features, *artist, title) if title else track
                for artist, (_, title), track in zip(artists, wanted, each, strict=True)
            )

    @synchronized
    def to_add(self, wanted: Sequence[tuple[str, str | None]]) -> tuple[PlaylistTrack, ...]:
        """Tracks for a playlist, as `named`, but of one artist alone none by name where its tracks are known: that
        could be played by one that was hidden.

        Raises UsageError if every known track of it is hidden or blocked, and as `named`.
        """
        found = self.named(wanted)
        if len(found) == 1 and not found[0].track:
            key = artist_key(found[0].artist)
            with self._packs.features() as features:
                if tracks_by_artist(self.library.connection, [key]) or features.tracks_of([key]):
                    hidden = f"Every known track of {found[0].artist} is hidden or blocked"
                    raise UsageError(f"{hidden}: choose one by its title.")
        return found

    def _with_titles(
        self, artists: Sequence[tuple[str, str]], tracks: Sequence[PlaylistTrack]
    ) -> tuple[PlaylistTrack, ...]:
        """One track of each artist (name, key), where the feature packs have none by the community's data of tracks."""
        from engine.community.catalog import Catalog
        from engine.playlists.resolve_tracks import with_titles

        if all(track.track for track in tracks):
            return tuple(tracks)
        folders = [
            self.library.folders.packs / pack.name
            for pack in self._packs.all()
            if (pack.kind, pack.level) == ("community", "tracks")
        ]
        if (model := self._models.manifest("tracks")) is not None:
            folders.append(self.library.folders.models / model.id)
        with contextlib.ExitStack() as stack:
            catalogs = []
            for folder in folders:
                # Its direct users report damaged data.
                with contextlib.suppress(DamagedDataError):
                    catalogs.append(
                        stack.enter_context(contextlib.closing(Catalog(folder / "catalog.sqlite")))
                    )
            return with_titles(self.library.connection, catalogs, artists, tracks)

    @synchronized
    def resolve(self, artist: str, title: str) -> str:
        """A title of an artist's as the library, a saved playlist, a like, hide or block, the packs or the model of
        tracks have it.

        Raises UnknownNameError with the nearest titles.
        """
        from engine.playlists.saved import playlist_tracks, saved_playlists

        name, key = self._artists.resolve(artist)
        wanted = joined_key(key, title)
        for saved in saved_playlists(self.library.connection):
            for track in playlist_tracks(self.library.connection, saved.name):
                if joined_key(artist_key(track.artist), track.track) == wanted:
                    return track.track
        with self._packs.features() as features:
            return self._one_named(features, name, key, title).track

    @synchronized
    def written(self, text: str) -> PlaylistTrack:
        """An artist, or a track as people write it, "artist - title", as `named` gives it.

        Raises UnknownNameError with the nearest artists, UsageError for what is blocked.
        """
        try:
            return self.named([(text, None)])[0]
        except UnknownNameError:
            # Either name may contain a dash.
            for dash in DASH.finditer(text):
                with contextlib.suppress(UnknownNameError):
                    return self.named([(text[: dash.start()], text[dash.end() :])])[0]
            raise

    def _one_named(self, features: FeatureCatalog, artist: str, key: str, title: str) -> PlaylistTrack:
        from engine.playlists.playlist import PlaylistTrack
        from engine.playlists.resolve_tracks import resolve_track

        try:
            return resolve_track(self.library.connection, features, artist, key, title)
        except UnknownNameError:
            model = self._models.open_if_any("tracks")
            if model is not None and model.catalog.ids_of([joined_key(key, title)]):
                return PlaylistTrack(artist=artist, track=title, known=False)
            raise

    def _refuse_blocked(self, artist: str, key: str, title: str | None) -> None:
        blocked = store_feedback.marked(self.library.connection, "block")
        if blocked.holds(key):
            raise UsageError(f"{artist} is blocked. Unblock it first.")
        if title and blocked.holds(joined_key(key, title)):
            raise UsageError(f"{title} by {artist} is blocked. Unblock it first.")

    @synchronized
    def one_of_each(self, artists: Sequence[tuple[str, str]]) -> tuple[PlaylistTrack, ...]:
        """A track of each artist (name, key); without a known track only the artist's name."""
        from engine.playlists.offer import one_track_each

        with self._packs.features() as features:
            return self._with_titles(artists, one_track_each(self.library.connection, features, artists))

    @synchronized
    def to_begin_with(self, artists: Sequence[tuple[str, str]]) -> dict[str, str]:
        """A track to begin with of each artist (name, key) the packs know one of, by key."""
        tracks = self.one_of_each(artists)
        return {key: track.track for (_, key), track in zip(artists, tracks, strict=True) if track.track}

    @synchronized
    def of_discover(
        self,
        settings: DiscoverSettings | None = None,
        reason: Callable[[Recommendation], str] = lambda _: "",
    ) -> tuple[PlaylistTrack, ...]:
        """Discover as tracks for an export: of artists a track of each where one is known; `reason` puts into words why
        a line is recommended."""
        items = self._discover.list(settings).items
        if settings is not None and settings.level == "tracks":
            tracks = self.named([(item.artist, item.track) for item in items])
        else:
            tracks = self.of_artists([(item.artist, item.key) for item in items])
        return tuple(replace(track, reason=reason(item)) for track, item in zip(tracks, items, strict=True))

    @synchronized
    def of_related(self, name: str, n: int = defaults.LENGTH) -> tuple[PlaylistTrack, ...]:
        """Related artists as tracks for an export."""
        return self.of_artists([(item.artist, item.key) for item in self._artists.related(name, n).items])

    @synchronized
    def of_artists(self, artists: Sequence[tuple[str, str]]) -> tuple[PlaylistTrack, ...]:
        """A track of each artist (name, key) for an export, the person's most played where feature packs have none."""
        from engine.playlists.resolve_tracks import track_of_each

        with self._packs.features() as features:
            return self._with_titles(artists, track_of_each(self.library.connection, features, artists))

    def export(
        self,
        tracks: Sequence[PlaylistTrack],
        title: str,
        path: Path,
        format: str | None = None,  # noqa: A002 - the contract's word
    ) -> ExportReport:
        """Write tracks to a file the person named, in the format of its ending unless one is named."""
        from engine.playlists.export import export_playlist

        found, music = self._with_known_ids(tracks)
        return export_playlist(self.library.door, path, found, title, format, music=music)

    @synchronized
    def _with_known_ids(self, tracks: Sequence[PlaylistTrack]) -> tuple[list[PlaylistTrack], list[Path]]:
        """The tracks with their files, and the folders of music these lie in."""
        from engine.playlists.resolve_tracks import with_known_ids

        connection = self.library.connection
        music = [
            one.music or one.path for one in music_folders(connection) if one.music or one.kind == "folder"
        ]
        return with_known_ids(connection, tracks), [Path(path) for path in music]
