"""A session: one open library, and its services."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from engine.canonical_keys import artist_key
from engine.community.packs import PackInfo
from engine.defaults import SOLO_ITEMS, SOLO_SESSIONS
from engine.errors import UnknownNameError
from engine.paths import Folders
from engine.privacy import Door
from engine.session.artist_pages import ArtistPages
from engine.session.artists import Artists
from engine.session.bridges import Bridges
from engine.session.browse import Browse
from engine.session.comparisons import Comparisons
from engine.session.coverage import Coverages
from engine.session.discover import Discover
from engine.session.evaluation import Evaluation
from engine.session.history import History
from engine.session.library import Library
from engine.session.mixes import Mixes
from engine.session.model_files import ModelFiles
from engine.session.models import Models
from engine.session.music import Music
from engine.session.packs import Packs
from engine.session.playlists import Playlists
from engine.session.pushing import Pushing
from engine.session.replays import Replays
from engine.session.routines import Routines
from engine.session.seeds import Seeds
from engine.session.starring import Stars
from engine.session.taste import Tastes
from engine.session.tracks import Tracks
from engine.session.training import Training
from engine.session.updating import Updates
from engine.session.verdicts import Verdicts
from engine.store.backups import offer
from engine.store.history import HistoryCounts, plays_imported_since
from engine.wording import quantity

if TYPE_CHECKING:
    from engine.session.forgetting import Forgotten
    from engine.taste.rules import Rule
    from engine.training.manifest import ModelManifest

# Of more plays the sessions are not counted before training: they are more than `SOLO_SESSIONS`, or very long.
MANY_PLAYS = 5_000


@dataclass(frozen=True, slots=True)
class Status:
    """An overview: the library's totals, the packs, the model in use."""

    listens: int
    artists: int
    tracks: int
    first: int | None
    last: int | None
    packs: tuple[PackInfo, ...]
    model: ModelManifest | None
    private: bool
    # Sentences if the data changed since the model was trained, or packs cannot be read, else empty.
    outdated: str = ""
    # The model of tracks, if one was trained.
    track_model: ModelManifest | None = None
    # A sentence on the newest backup if there are no plays, else empty.
    backup: str = ""
    # Whether there are plays, but too few to train on without community data; false if there is a model.
    too_few_alone: bool = False


class Session:
    """Everything both front ends can do, by service. Callable from any thread; calls are serialized."""

    def __init__(self, folders: Folders, *, private: bool = False, announced: bool = True) -> None:
        self.library = library = Library(folders, private=private, announced=announced)
        self.models = Models(library)
        self.packs = Packs(library)
        self.music = Music(library)
        self.coverage = Coverages(library, self.models, self.packs)
        self.history = History(library)
        self.artists = Artists(library, self.models)
        self.verdicts = Verdicts(library, self.artists)
        self.comparisons = Comparisons(library, self.models)
        self.evaluation = Evaluation(library, self.models, self.comparisons)
        self.model_files = ModelFiles(library, self.models, self.packs, self.evaluation)
        self.updates = Updates(library, self.models, self.packs)
        self.training = Training(library, self.packs, self.evaluation)
        self.discover = Discover(
            library, self.models, self.artists, self.verdicts, self.evaluation, self.comparisons
        )
        self.browse = Browse(library, self.discover)
        self.taste = Tastes(library, self.artists, self.discover)
        self.tracks = Tracks(library, self.models, self.packs, self.artists, self.discover)
        self.routines = Routines(library, self.models, self.packs)
        self.mixes = Mixes(library, self.models, self.packs, self.discover)
        self.playlists = Playlists(library, self.packs, self.discover, self.mixes)
        self.pushing = Pushing(library, self.playlists)
        self.stars = Stars(library)
        self.replays = Replays(library, self.packs, self.discover)
        self.seeds = Seeds(library, self.tracks, self.playlists, self.browse)
        self.bridges = Bridges(library, self.models, self.packs, self.seeds)
        self.artist_pages = ArtistPages(library, self.artists, self.verdicts, self.discover, self.taste)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- the whole ----------------------------------------------------------------------------------------

    @property
    def folders(self) -> Folders:
        """The data folder."""
        return self.library.folders

    @property
    def door(self) -> Door:
        """The current session's door."""
        return self.library.door

    @property
    def private(self) -> bool:
        """Whether a private session is on."""
        return self.library.private

    @property
    def private_since(self) -> float | None:
        """When the private session began, on the monotonic clock; null without one."""
        return self.library.private_since

    def set_private(self, on: bool) -> tuple[str, ...]:
        """Begin or end a private session; ending one returns sentences on what was discarded."""
        return self.library.set_private(on)

    def exclusive(self, stopped: Callable[[], bool] | None = None) -> AbstractContextManager[None]:
        """Lock the session against other threads, for several calls as one, given up once `stopped`."""
        return self.library.exclusive(stopped)

    def reload(self) -> None:
        """Drop all caches: the library or the model changed in another process."""
        self.library.reread()

    def close(self) -> None:
        """Close every file. Idempotent."""
        self.library.close()

    # -- at a glance --------------------------------------------------------------------------------------

    def status(self) -> Status:
        """The library, packs and model at a glance."""
        with self.exclusive():
            n = self.history.counts()
            (packs, unread), model = self.packs.with_damaged(), self.models.manifest()
            return Status(
                n.listens,
                n.artists,
                n.tracks,
                n.first,
                n.last,
                tuple(packs),
                model,
                self.private,
                self._outdated(model, packs, unread) if model is not None else " ".join(unread.values()),
                self.models.manifest("tracks"),
                "" if n.listens else offer(self.folders),
                model is None and self._too_few_alone(n),
            )

    def _too_few_alone(self, n: HistoryCounts) -> bool:
        """Whether there are plays, but in too few sessions, or of too few artists, to train on these alone."""
        if not n.listens or n.listens > MANY_PLAYS:
            return False
        if n.first is None or n.artists < SOLO_ITEMS:
            return True
        from engine.taste.sessions import read_sessions

        *_, times = read_sessions(self.library.connection)
        return len(times) < SOLO_SESSIONS

    def _outdated(self, model: ModelManifest, packs: Sequence[PackInfo], unread: Mapping[str, str]) -> str:
        """What changed since a model was trained, in sentences; empty if nothing did."""
        from engine.training.in_use import fewer_members, removed_packs

        community = {
            pack.name: pack.date for pack in packs if pack.kind == "community" and pack.level == model.level
        }
        stale = removed_packs(model, community, unread) or fewer_members(model)
        if stale or unread:
            return " ".join(filter(None, (stale, *unread.values())))
        # An added model needs no pack, and was chosen with the packs in place.
        if not model.solo and model.origin is None and community.keys() != set(model.packs):
            return "The installed packs differ from those this model was trained on. Train again: discover train."
        since = model.origin.added if model.origin is not None else model.trained[:10]
        # Genres are used only by a training here.
        genres = [
            pack.date
            for pack in packs
            if pack.kind == "genres" and model.level == "artists" and model.origin is None
        ]
        if (growth := model.growth) is not None:
            # Newer data was added to the model.
            since = max(since, growth.date)
            from engine.training.growth import much_joined

            if much := much_joined(model):
                return much
        if any(date > since for date in (*community.values(), *genres)):
            return "A pack is newer than this model. Train again: discover train."
        if not model.solo:
            return ""
        trained = datetime.datetime.fromisoformat(model.trained).timestamp()
        newer = plays_imported_since(self.library.connection, int(trained))
        return (
            f"{quantity(newer, 'plays were', 'play was')} imported after this model was trained. "
            "Train again: discover train."
            if newer
            else ""
        )

    # -- forgetting, which reaches into everything --------------------------------------------------------

    def forgettable(self, rule: Rule) -> int:
        """How many plays `forget` would delete. Raises UnknownNameError for an unknown artist, unless an interrupted
        forgetting may have deleted it."""
        with self.exclusive():
            return self.taste.listens_excluded(self._named(rule))

    def _named(self, rule: Rule) -> Rule:
        try:
            return self.taste.with_keys(rule)
        except UnknownNameError:
            # The name may be left in playlists or likes by an earlier forgetting without them, or in a backup after a
            # restore.
            if rule.artist is None or not (self.library.was_forgetting or self._is_named(rule.artist)):
                raise
            return self.taste.with_keys(rule, unknown=True)

    def _is_named(self, artist: str) -> bool:
        from engine.session.traces import in_rows, texts_in_backups
        from engine.store.backups import backups
        from engine.taste.rules import Rule

        if in_rows(self.library.connection, artist_key(artist)):
            return True
        rule = self.taste.with_keys(Rule(artist=artist), unknown=True)
        return bool(texts_in_backups(backups(self.folders), rule))

    def backups_holding(self, rule: Rule) -> int:
        """How many backups contain what the rule names. Raises UnknownNameError, as `forgettable`."""
        from engine.session.traces import texts_in_backups
        from engine.store.backups import backups

        with self.exclusive():
            return len(texts_in_backups(backups(self.folders), self._named(rule)))

    def forget(self, rule: Rule, *, playlists: bool = False) -> Forgotten:
        """Delete what the rule names for good, and prove it.

        Raises UnknownNameError for an unknown artist, NothingYetError if nothing matches, but neither if an interrupted
        forgetting may have deleted it; PrivateSessionError in a private session.
        """
        from engine.session.forgetting import forget

        with self.exclusive():
            forgotten = forget(
                self.library.connection,
                self.door,
                self._named(rule),
                playlists=playlists,
                resumed=self.library.was_forgetting,
            )
            self.library.forgotten_here()
            return forgotten

    def forget_all(self) -> tuple[tuple[str, ...], bool]:
        """Delete all the person's data except settings; leaves an empty library. Returns its files, and whether the
        library's own was completely rewritten."""
        from engine.session.forgetting import forget_all

        with self.exclusive():
            done = forget_all(self.library.connection, self.door)
            self.library.forgotten_here()
            return done

    def public_folders(self) -> tuple[str, ...]:
        """Packs and models of them, the same for everybody: forgetting leaves them."""
        from engine.session.forgetting import public_folders

        return public_folders(self.door)
