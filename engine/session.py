"""One open library and the model over it: the face of the engine that both front ends talk to.

A `Session` holds what is costly to open and drops it when the library changes. Each method is a few lines that
find the right rooms; what they do lives in those rooms. Methods may be called from any thread, one at a time.
"""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from engine.community import packs as community_packs
from engine.community.packs import PackInfo
from engine.errors import DamagedDataError, NothingYetError, UnknownNameError, UsageError
from engine.names import artist_key, nearest, relaxed_artist_key, track_key
from engine.paths import Folders
from engine.privacy import Door
from engine.store import feedback as store_feedback
from engine.store import history
from engine.store.database import open_library
from engine.store.feedback import VERDICTS, Feedback

if TYPE_CHECKING:
    from engine.community.features import FeatureCatalog, FeatureReport, LibraryCoverage
    from engine.imports.report import Report
    from engine.playlists.contexts import Context, Settings
    from engine.playlists.export import ExportReport
    from engine.playlists.playlist import ContextPlaylist, PlaylistTrack
    from engine.playlists.saved import SavedPlaylist
    from engine.recommend.discover import Recommender
    from engine.recommend.lists import DiscoverList, Explanation, Recommendation, RelatedList
    from engine.recommend.settings import DiscoverSettings
    from engine.taste.gate import Taste, Window
    from engine.training.artifact import Model, ModelManifest
    from engine.training.train import TrainingSettings

# A context playlist may draw new music from this many of the artists at the top of Discover.
NEW_ARTISTS = 200

P = ParamSpec("P")
R = TypeVar("R")
Progress = Callable[[int, int], None]
Cancelled = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Status:
    """What there is: the library in numbers, the packs, the model in use."""

    listens: int
    artists: int
    tracks: int
    first: int | None
    last: int | None
    packs: tuple[PackInfo, ...]
    model: ModelManifest | None
    private: bool


@dataclass(frozen=True, slots=True)
class Found:
    """One search result; `kind` is `artist` or `track`."""

    kind: str
    artist: str
    track: str | None
    plays: int
    listeners: int


@dataclass(frozen=True, slots=True)
class TakenPlaylist:
    """A playlist that was deleted: its entry and its tracks."""

    saved: SavedPlaylist
    tracks: tuple[PlaylistTrack, ...]


def _alone(method: Callable[Concatenate[Session, P], R]) -> Callable[Concatenate[Session, P], R]:
    """One call at a time: the database connection and the caches are shared by the app's worker threads."""

    @functools.wraps(method)
    def locked(self: Session, /, *args: P.args, **kwargs: P.kwargs) -> R:
        with self._lock:
            return method(self, *args, **kwargs)

    return locked


class Session:
    """Opens the library under `folders`; read-only when `private`."""

    def __init__(self, folders: Folders, *, private: bool = False) -> None:
        self.folders = folders
        self.door = Door(folders, private=private)
        self.private_since: float | None = time.monotonic() if private else None
        self._lock = threading.RLock()
        self._connection = open_library(self.door)
        self._model: Model | None = None
        self._recommenders: dict[tuple[Window, tuple[str, ...]], Recommender] = {}

    @property
    def private(self) -> bool:
        """Whether a private session is on."""
        return self.door.private

    @_alone
    def close(self) -> None:
        """Close every file. A closed session is not used again."""
        self.reload()
        self._connection.close()

    @_alone
    def reload(self) -> None:
        """Forget what was computed: the library or the model changed, here or in a child process."""
        self._recommenders.clear()
        if self._model is not None:
            self._model.close()
            self._model = None

    @_alone
    def set_private(self, on: bool) -> tuple[str, ...]:
        """Begin or end a private session; ending one returns sentences of what was not kept."""
        if on == self.private:
            return ()
        lost = () if on else self._not_kept()
        self.reload()
        self._connection.close()
        self.door = Door(self.folders, private=on)
        try:
            self._connection = open_library(self.door)
        except Exception:
            # Refused: what was true before is true still.
            self.door = Door(self.folders, private=not on)
            self._connection = open_library(self.door)
            raise
        self.private_since = time.monotonic() if on else None
        return lost

    def _not_kept(self) -> tuple[str, ...]:
        """What differs between the session's tables in memory and the library on disk, in words."""
        sentences = []
        for table, singular, plural in (
            ("feedback", "like, hide or block", "likes, hides and blocks"),
            ("playlists", "playlist", "playlists"),
        ):
            there = {row[1] for row in self._connection.execute("PRAGMA database_list")}
            if "temp" not in there:
                break
            count = self._connection.execute(
                f"SELECT (SELECT count(*) FROM (SELECT * FROM temp.{table} EXCEPT SELECT * FROM main.{table})) + "  # noqa: S608
                f"(SELECT count(*) FROM (SELECT * FROM main.{table} EXCEPT SELECT * FROM temp.{table}))"
            ).fetchone()[0]
            if count:
                sentences.append(f"{count} {singular if count == 1 else plural} not kept.")
        return tuple(sentences)

    # -- what there is --------------------------------------------------------------------------------

    @_alone
    def status(self) -> Status:
        """The library, packs and model at a glance."""
        n = history.counts(self._connection)
        return Status(
            n.listens, n.artists, n.tracks, n.first, n.last, self.packs(), self.model(), self.private
        )

    @_alone
    def model(self) -> ModelManifest | None:
        """The manifest of the model in use, or None."""
        from engine.training.artifact import current_manifest

        return current_manifest(self.folders)

    @_alone
    def check_library(self) -> str:
        """`ok`, or what SQLite's own integrity check found."""
        return str(self._connection.execute("PRAGMA quick_check(1)").fetchone()[0])

    def check_model(self) -> list[str]:
        """Sentences on what is wrong with the files of the model in use; empty when they are as written."""
        from engine.training.artifact import damaged_files

        return [
            f"{name} is not as it was written. Train again: discover train."
            for name in damaged_files(self.folders)
        ]

    def packs(self) -> tuple[PackInfo, ...]:
        """Community and feature packs, by name."""
        return tuple(community_packs.list_packs(self.folders))

    @_alone
    def listen_ids(self, text: str = "") -> list[int]:
        """Ids of the listens, newest first; with `text` those whose artist or title holds it."""
        return history.listen_ids(self._connection, artist_key(text))

    @_alone
    def listens(self, ids: Sequence[int]) -> list[history.ListenRow]:
        """The listens with these ids."""
        return history.listens(self._connection, ids)

    @_alone
    def taste(self) -> Taste:
        """What a model may know of the person."""
        return self._taste()

    def read_state(self) -> bytes | None:
        """Where the app was when it was left, as the app wrote it."""
        try:
            return self.folders.state.read_bytes()
        except FileNotFoundError:
            return None

    def write_state(self, state: bytes) -> None:
        """Remember where the app is; does nothing in a private session."""
        if not self.private:
            self.door.write_file(self.folders.state, state)

    # -- recommending ---------------------------------------------------------------------------------

    @_alone
    def discover(self, settings: DiscoverSettings | None = None) -> DiscoverList:
        """Discover. Raises NothingYetError saying what is missing: listens, or a model."""
        from engine.recommend.settings import DiscoverSettings

        settings = settings or DiscoverSettings()
        return self._recommender(settings).discover(settings)

    @_alone
    def explain(self, artist: str, settings: DiscoverSettings | None = None) -> Explanation:
        """Why one artist is where it is."""
        from engine.recommend.settings import DiscoverSettings

        _, key = self.resolve_artist(artist)
        return self._recommender(settings or DiscoverSettings()).explain(key)

    @_alone
    def related(self, name: str, n: int = 50) -> RelatedList:
        """The artists nearest to one."""
        from engine.recommend.related import related_artists

        display, key = self.resolve_artist(name)
        model = self._open_model()
        item = model.catalog.ids_of([key]).get(key)
        if item is None:
            raise UnknownNameError(
                f"{display} is in your history but not in the community's catalog, so nothing is known to be near it."
            )
        return related_artists(model, self._taste(), item, n)

    @_alone
    def search(self, text: str, n: int = 20) -> tuple[Found, ...]:
        """Artists and tracks by name, your own first; typos are forgiven."""
        key = artist_key(text)
        if not key:
            return ()
        artists, tracks = history.find_played(self._connection, key, n)
        found = {artist_key(name): Found("artist", name, None, plays, 0) for name, plays in artists}
        for item in self._open_model().catalog.search(text, n) if self.model() else ():
            mine = found.get(item.key)
            plays = mine.plays if mine else 0
            found[item.key] = Found("artist", item.name, None, plays, item.listeners)
        ranked = sorted(
            found.values(), key=lambda hit: (artist_key(hit.artist) != key, -hit.plays, -hit.listeners)
        )
        titles = [Found("track", artist, title, plays, 0) for artist, title, plays in tracks]
        return tuple((ranked + titles)[:n])

    @_alone
    def resolve_artist(self, name: str) -> tuple[str, str]:
        """(display name, key) of an artist of the library or the catalog, by exact then relaxed key.

        Raises UnknownNameError with the nearest names.
        """
        key = artist_key(name)
        own = history.artist_by_key(self._connection, key)
        if own is not None:
            return own, key
        catalog = self._open_model().catalog if self.model() else None
        number = catalog.ids_of([key]).get(key) if catalog and key else None
        if catalog is not None and number is not None:
            item = catalog.items([number])[number]
            return item.name, item.key
        names = history.artist_names(self._connection)
        relaxed = relaxed_artist_key(name)
        for other in names:
            if relaxed and relaxed_artist_key(other) == relaxed:
                return other, artist_key(other)
        close = nearest(name, names) or [item.name for item in (catalog.search(name, 3) if catalog else [])]
        hint = f" Did you mean {' or '.join(close)}?" if close else ""
        raise UnknownNameError(f"No artist here is called {name}.{hint}")

    def _open_model(self) -> Model:
        from engine.training.artifact import open_model

        if self._model is None:
            self._model = open_model(self.folders)
        return self._model

    def _taste(self, window: Window | None = None) -> Taste:
        from engine.taste.gate import EVERYTHING, read_taste

        return read_taste(self._connection, window or EVERYTHING)

    def _recommender(self, settings: DiscoverSettings) -> Recommender:
        """The recommender for the settings' taste, kept until the library changes: dials only re-rank."""
        from engine.recommend.discover import Recommender

        which = (settings.window, settings.without)
        if which not in self._recommenders:
            if history.counts(self._connection).listens == 0 and not self.feedback():
                raise NothingYetError(
                    "There are no listens yet. Import your history: press i in the app, or run `discover import PATH`."
                )
            gone = frozenset(self.resolve_artist(name)[1] for name in settings.without)
            taste = self._taste(settings.window)
            recommender = Recommender(self._open_model(), taste.without(gone) if gone else taste)
            if len(self._recommenders) > 8:
                self._recommenders.clear()
            self._recommenders[which] = recommender
        return self._recommenders[which]

    # -- what the person thinks -----------------------------------------------------------------------

    @_alone
    def judge(self, verdict: str | None, artist: str, track: str | None = None) -> str | None:
        """Like, hide or block an artist or track, or with None take it back; returns the verdict before."""
        if verdict is not None and verdict not in VERDICTS:
            raise UsageError(f"{verdict} is no verdict; one of {', '.join(VERDICTS)}.")
        name, key = self._judged(artist)
        before = store_feedback.set_verdict(
            self._connection,
            verdict,
            artist=name,
            artist_key=key,
            track=track,
            track_key=track_key(track) if track else "",
        )
        self._recommenders.clear()
        return before

    def _judged(self, artist: str) -> tuple[str, str]:
        """An artist already judged needs no library or catalog to be found again."""
        key = artist_key(artist)
        for mark in self.feedback():
            if artist_key(mark.artist) == key:
                return mark.artist, key
        return self.resolve_artist(artist)

    @_alone
    def feedback(self) -> tuple[Feedback, ...]:
        """Every like, hide and block, newest first."""
        return tuple(store_feedback.all_feedback(self._connection))

    # -- playlists ------------------------------------------------------------------------------------

    def contexts(self) -> tuple[Context, ...]:
        """The contexts a playlist can be made for."""
        from engine.playlists.contexts import CONTEXTS

        return tuple(CONTEXTS.values())

    @_alone
    def make_playlist(
        self, context: str, settings: Settings | None = None, cancelled: Cancelled | None = None
    ) -> ContextPlaylist:
        """A playlist for a context, from one's own tracks and those of artists near the top of Discover."""
        from engine.playlists.compose import compose
        from engine.playlists.offer import candidates

        with self._features() as features:
            pool = candidates(self._connection, features, self._recommended(NEW_ARTISTS))
        return compose(pool, settings, context, cancelled)

    def _features(self) -> FeatureCatalog:
        from engine.community.features import FeatureCatalog, feature_packs

        return FeatureCatalog(feature_packs(self.folders))

    def _recommended(self, n: int) -> tuple[Recommendation, ...]:
        """The top of Discover, or nothing where there is no model yet: own tracks make a playlist too."""
        from engine.recommend.settings import DiscoverSettings

        try:
            return self.discover(DiscoverSettings(n=n)).items
        except NothingYetError:
            return ()

    @_alone
    def tempo_coverage(self) -> LibraryCoverage:
        """How many of one's own tracks the feature packs know the tempo of."""
        with self._features() as features:
            return features.library_coverage(self._connection)

    @_alone
    def playlists(self) -> tuple[SavedPlaylist, ...]:
        """Saved playlists."""
        from engine.playlists.saved import saved_playlists

        return tuple(saved_playlists(self._connection))

    @_alone
    def save_playlist(self, name: str, playlist: ContextPlaylist, *, replace: bool = False) -> SavedPlaylist:
        """Keep a playlist under a name; in a private session until that ends."""
        from engine.playlists.saved import save_playlist

        return save_playlist(
            self._connection,
            name,
            playlist.tracks,
            context=playlist.context,
            settings=playlist.settings,
            replace=replace,
        )

    @_alone
    def show_playlist(self, name: str) -> tuple[PlaylistTrack, ...]:
        """The tracks of a saved playlist, without what has been blocked since."""
        from engine.playlists.saved import playlist_tracks

        blocked = self._taste().blocked
        return tuple(
            track
            for track in playlist_tracks(self._connection, name)
            if artist_key(track.artist) not in blocked
        )

    @_alone
    def rename_playlist(self, name: str, new_name: str) -> None:
        """Give a saved playlist another name."""
        from engine.playlists.saved import rename_playlist

        rename_playlist(self._connection, name, new_name)

    @_alone
    def take_playlist(self, name: str) -> TakenPlaylist:
        """Delete a saved playlist and hand it over, so that `put_playlist` can bring it back."""
        from engine.playlists.saved import playlist_tracks

        saved = next((entry for entry in self.playlists() if entry.name == name), None)
        tracks = tuple(playlist_tracks(self._connection, name))
        self.remove_playlist(name)
        assert saved is not None  # noqa: S101 - playlist_tracks has refused unknown names
        return TakenPlaylist(saved, tracks)

    @_alone
    def put_playlist(self, taken: TakenPlaylist) -> None:
        """Bring back a playlist as it was."""
        from engine.playlists.saved import save_playlist

        saved = taken.saved
        save_playlist(
            self._connection,
            saved.name,
            taken.tracks,
            context=saved.context,
            settings=saved.settings,
            at=saved.at,
        )

    @_alone
    def remove_playlist(self, name: str) -> None:
        """Delete a saved playlist."""
        from engine.playlists.saved import remove_playlist

        remove_playlist(self._connection, name)

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

    @_alone
    def discover_tracks(self, settings: DiscoverSettings | None = None) -> tuple[PlaylistTrack, ...]:
        """Discover as tracks for an export: a track of each artist where a feature pack knows one."""
        return self._as_tracks([(item.artist, item.key) for item in self.discover(settings).items])

    @_alone
    def related_tracks(self, name: str, n: int = 50) -> tuple[PlaylistTrack, ...]:
        """Related artists as tracks for an export."""
        return self._as_tracks([(item.artist, item.key) for item in self.related(name, n).items])

    def _as_tracks(self, artists: list[tuple[str, str]]) -> tuple[PlaylistTrack, ...]:
        from engine.playlists.offer import one_track_each

        with self._features() as features:
            return tuple(one_track_each(features, artists))

    # -- bringing data in -----------------------------------------------------------------------------

    @_alone
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
        self._recommenders.clear()
        return report

    @_alone
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

    @_alone
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

    @_alone
    def remove_pack(self, name: str) -> None:
        """Delete a pack."""
        community_packs.remove_pack(self.door, name)

    def _pack(self, name: str) -> PackInfo:
        for info in self.packs():
            if info.name == name:
                return info
        raise DamagedDataError(f"The pack {name} is not where it was written. Add it again.")

    @_alone
    def train(
        self,
        settings: TrainingSettings | None = None,
        *,
        progress: Any = None,
        cancelled: Cancelled | None = None,
    ) -> ModelManifest:
        """Fit a model on the community packs, or on one's own sessions where there are none, and switch to it."""
        from engine.training.train import TrainingSettings, train

        manifest = train(
            self.door,
            self._connection,
            settings or TrainingSettings(),
            progress=progress,
            cancelled=cancelled,
        )
        self.reload()
        return manifest
