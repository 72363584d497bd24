"""Saved playlists: made for a context, edited by hand, and continued."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from engine.canonical_keys import artist_key, joined_key
from engine.errors import NothingYetError, UsageError
from engine.playlists.mix import MixSeeds, MixSettings, note_on_missing
from engine.progress import Cancelled
from engine.session.library import Library, Service, synchronized
from engine.store import feedback as store_feedback
from engine.wording import quantity

if TYPE_CHECKING:
    from engine.playlists.contexts import Context, Settings
    from engine.playlists.mix import Mix
    from engine.playlists.playlist import ContextPlaylist, PlaylistTrack
    from engine.playlists.saved import SavedPlaylist
    from engine.recommend.lists import Recommendation
    from engine.session.discover import Discover
    from engine.session.mixes import Mixes
    from engine.session.packs import Packs
    from engine.taste.window import TimeOfWeek

# New music in a context playlist comes from this many top artists of Discover.
NEW_ARTISTS = 200


@dataclass(frozen=True, slots=True)
class TakenPlaylist:
    """A playlist that was deleted: its entry and its tracks."""

    saved: SavedPlaylist
    tracks: tuple[PlaylistTrack, ...]


@dataclass(frozen=True, slots=True)
class PlaylistEdit:
    """An edit of a saved playlist, with what undo needs.

    `before` and `after` are its stored tracks; `tracks` those after it without blocked ones, as shown. `places` are the
    positions of the added or moved tracks in `tracks`, from 1. `added` were added, `already` were in the list and not
    added again. `created` is true if the list is new. `notes` are sentences for the person, `missing` as in
    `ContextPlaylist`.
    """

    name: str
    before: tuple[PlaylistTrack, ...]
    after: tuple[PlaylistTrack, ...]
    tracks: tuple[PlaylistTrack, ...]
    places: tuple[int, ...] = ()
    added: tuple[PlaylistTrack, ...] = ()
    already: tuple[PlaylistTrack, ...] = ()
    created: bool = False
    notes: tuple[str, ...] = ()
    missing: tuple[PlaylistTrack, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether anything changed."""
        return self.created or self.before != self.after


class Playlists(Service):
    """The playlists of a library. Positions count from 1 among the tracks that are shown."""

    def __init__(self, library: Library, packs: Packs, discover: Discover, mixes: Mixes) -> None:
        super().__init__(library)
        self._packs = packs
        self._discover = discover
        self._mixes = mixes

    # -- made for a context ---------------------------------------------------------------------------

    def contexts(self) -> tuple[Context, ...]:
        """The contexts a playlist can be made for."""
        from engine.playlists.contexts import CONTEXTS

        return tuple(CONTEXTS.values())

    @synchronized
    def make(
        self,
        context: Context,
        settings: Settings | None = None,
        cancelled: Cancelled | None = None,
        *,
        from_library: bool = False,
    ) -> ContextPlaylist:
        """A playlist for a context, from one's own tracks and those of artists near the top of Discover; with
        `from_library` of what the person has alone."""
        from engine.playlists.compose import compose, nothing_to_choose_from
        from engine.playlists.offer import candidates
        from engine.store.music_files import waiting_files
        from engine.taste.own_music import own_music

        connection = self.library.connection
        waiting = waiting_files(connection)
        with self._packs.features() as features:
            recommended = self._recommended(NEW_ARTISTS, context.times)
            pool = candidates(connection, features, recommended, context.times)
            if not len(pool):
                raise nothing_to_choose_from(self.library.first_step)
            if not from_library:
                return compose(pool, settings, context, cancelled, waiting)
            mine = candidates(connection, features, recommended, context.times, from_library=True)
        made = compose(mine, settings, context, cancelled, waiting)
        missing = own_music(connection).lacking(compose(pool, settings, context, cancelled).tracks)
        note = f"Only music you have: {quantity(made.pool, 'tracks')}."
        return replace(made, missing=missing, notes=(note, *note_on_missing(missing), *made.notes))

    def _recommended(self, n: int, times: TimeOfWeek | None) -> tuple[Recommendation, ...]:
        """The top of Discover, of times of the week where anything was played then; empty without a model."""
        from engine.recommend.settings import DiscoverSettings
        from engine.taste.window import Window

        for window in (Window(time_of_week=times), Window()):
            try:
                return self._discover.list(DiscoverSettings(n=n, window=window)).items
            except NothingYetError:
                continue
        return ()

    # -- kept -----------------------------------------------------------------------------------------

    @synchronized
    def all(self) -> tuple[SavedPlaylist, ...]:
        """Saved playlists."""
        from engine.playlists.saved import saved_playlists

        return tuple(saved_playlists(self.library.connection))

    @synchronized
    def save(self, name: str, playlist: ContextPlaylist) -> PlaylistEdit:
        """Save a playlist under a name; in a private session until that ends."""
        from engine.playlists.saved import save_playlist

        saved = save_playlist(
            self.library.connection,
            name,
            playlist.tracks,
            context=playlist.context,
            settings=playlist.settings,
        )
        return _created(saved.name, playlist.tracks)

    @synchronized
    def show(self, name: str) -> tuple[PlaylistTrack, ...]:
        """The tracks of a saved playlist, without what has been blocked since."""
        from engine.playlists.saved import playlist_tracks

        tracks = playlist_tracks(self.library.connection, name)
        return tuple(tracks[slot] for slot in self._slots(tracks))

    def _slots(self, tracks: Sequence[PlaylistTrack]) -> list[int]:
        """Indices of the `tracks` that may be shown."""
        blocked = store_feedback.marked(self.library.connection, "block")
        return [
            slot
            for slot, track in enumerate(tracks)
            if not blocked.holds(joined_key(artist_key(track.artist), track.track))
        ]

    @synchronized
    def rename(self, name: str, new_name: str) -> None:
        """Give a saved playlist another name."""
        from engine.playlists.saved import rename_playlist

        rename_playlist(self.library.connection, name, new_name)

    @synchronized
    def take(self, name: str) -> TakenPlaylist:
        """Delete a saved playlist and return it, for `put`."""
        from engine.playlists.saved import playlist_tracks

        tracks = tuple(playlist_tracks(self.library.connection, name))
        saved = self.named(name)
        self.remove(saved.name)
        return TakenPlaylist(saved, tracks)

    @synchronized
    def put(self, taken: TakenPlaylist) -> None:
        """Restore a playlist as it was."""
        from engine.playlists.saved import save_playlist

        saved = taken.saved
        save_playlist(
            self.library.connection,
            saved.name,
            taken.tracks,
            context=saved.context,
            settings=saved.settings,
            at=saved.at,
        )

    @synchronized
    def remove(self, name: str) -> None:
        """Delete a saved playlist."""
        from engine.playlists.saved import remove_playlist

        remove_playlist(self.library.connection, name)

    @synchronized
    def named(self, name: str) -> SavedPlaylist:
        """The entry of a playlist, ignoring case. Raises UnknownNameError with the nearest names."""
        from engine.playlists.saved import one_playlist

        return one_playlist(self.library.connection, name)

    # -- edited by hand -------------------------------------------------------------------------

    @synchronized
    def create(self, name: str, tracks: Sequence[PlaylistTrack] = ()) -> PlaylistEdit:
        """A new playlist, empty or with these tracks, each once. Raises UsageError if the name is empty or taken."""
        from engine.playlists.saved import save_playlist

        each: dict[tuple[str, str], PlaylistTrack] = {}
        for track in tracks:
            each.setdefault(track.pair, track)
        saved = save_playlist(self.library.connection, name, [*each.values()])
        return _created(saved.name, each.values())

    @synchronized
    def add(self, name: str, tracks: Sequence[PlaylistTrack], *, again: bool = False) -> PlaylistEdit:
        """Append tracks to a playlist; those already in it only with `again`. Raises UnknownNameError."""
        added: list[PlaylistTrack] = []
        already: list[PlaylistTrack] = []

        def change(before: list[PlaylistTrack]) -> list[PlaylistTrack]:
            there = {track.pair for track in before}
            for track in tracks:
                (already if track.pair in there and not again else added).append(track)
                there.add(track.pair)
            return before + added

        return self._edited(name, change, added=added, already=already)

    @synchronized
    def remove_tracks(self, name: str, positions: Sequence[int]) -> PlaylistEdit:
        """Remove tracks from a playlist. Raises UsageError for an invalid position, UnknownNameError."""

        def change(before: list[PlaylistTrack]) -> list[PlaylistTrack]:
            slots = self._slots(before)
            gone = {slots[place] for place in _places(name, positions, len(slots))}
            return [track for slot, track in enumerate(before) if slot not in gone]

        return self._edited(name, change)

    @synchronized
    def shift(self, name: str, positions: Sequence[int], by: int) -> PlaylistEdit:
        """Move tracks up (`by` below 0) or down by this many positions; those at the end stay there.

        Raises UsageError for an invalid position, UnknownNameError.
        """
        from engine.playlists.order import shifted

        return self._ordered(name, positions, lambda count, places: shifted(count, places, by))

    @synchronized
    def move(self, name: str, position: int, to: int) -> PlaylistEdit:
        """Move one track to another position; those between shift.

        Raises UsageError for an invalid position, UnknownNameError.
        """
        from engine.playlists.order import moved_to

        def order(count: int, places: list[int]) -> list[int]:
            return moved_to(count, places[0], _places(name, [to], count)[0])

        return self._ordered(name, [position], order)

    def _ordered(
        self, name: str, positions: Sequence[int], order: Callable[[int, list[int]], list[int]]
    ) -> PlaylistEdit:
        """`order` gives the new order of the shown tracks by old index; blocked ones stay in place."""
        now: list[int] = []

        def change(before: list[PlaylistTrack]) -> list[PlaylistTrack]:
            slots = self._slots(before)
            places = _places(name, positions, len(slots))
            after = list(before)
            for slot, place in zip(slots, ordered := order(len(slots), places), strict=True):
                after[slot] = before[slots[place]]
            now.extend(ordered.index(place) + 1 for place in places)
            return after

        return self._edited(name, change, places=now)

    def _edited(
        self,
        name: str,
        change: Callable[[list[PlaylistTrack]], list[PlaylistTrack]],
        *,
        places: Sequence[int] = (),
        added: Sequence[PlaylistTrack] = (),
        already: Sequence[PlaylistTrack] = (),
    ) -> PlaylistEdit:
        """Change a playlist; `change` may fill the lists passed. Added tracks are last."""
        from engine.playlists.saved import change_tracks

        before, after = change_tracks(self.library.connection, name, change)
        tracks = tuple(after[slot] for slot in self._slots(after))
        places = places or range(len(tracks) - len(added) + 1, len(tracks) + 1)
        return PlaylistEdit(
            self.named(name).name,
            tuple(before),
            tuple(after),
            tracks,
            tuple(places),
            tuple(added),
            tuple(already),
        )

    @synchronized
    def restore(self, edit: PlaylistEdit) -> None:
        """Undo an edit: the playlist is exactly as before, or deleted if it did not exist.

        Raises UsageError if the playlist has changed since the edit, UnknownNameError if it is gone.
        """
        from engine.playlists.saved import change_tracks

        def change(now: list[PlaylistTrack]) -> tuple[PlaylistTrack, ...]:
            if tuple(now) != edit.after:
                raise UsageError(f"{edit.name} was changed elsewhere since, so it was left unchanged.")
            return edit.before

        change_tracks(self.library.connection, edit.name, change)
        if edit.created:
            self.remove(edit.name)

    # -- continued ------------------------------------------------------------------------------------

    @synchronized
    def extend(self, name: str, n: int = 10, seed: int = 0, *, from_library: bool = False) -> PlaylistEdit:
        """Append at most `n` fitting tracks to a playlist: own and new ones, none twice.

        The list's artists are folded in as if they were a listener; blocked and hidden artists are excluded, and a
        tempo of the list is kept. Deterministic by list, library, model and seed. Raises NothingYetError if the list is
        empty, nothing is known of its artists, or nothing is left to add; UsageError for an invalid `n`;
        UnknownNameError.
        """
        from engine.playlists.continuation import wishes_of

        tracks = self.show(name)
        wishes = wishes_of(tracks, self.named(name).settings)
        more, missing = self._mixes.following(name, tracks, wishes, n, seed, from_library=from_library)
        return replace(self.add(name, more, again=True), missing=missing, notes=note_on_missing(missing))

    @synchronized
    def mix(self, title: str, seeds: Sequence[PlaylistTrack], *, from_library: bool = False) -> PlaylistEdit:
        """A new playlist that is a mix from tracks, or artists by name, as `Mixes.mix` makes it."""
        start = MixSeeds.of_tracks(title, seeds)

        def make(seed: int) -> Mix:
            return self._mixes.mix(start, MixSettings(seed=seed, from_library=from_library))

        return self.keep_mix(title, make)

    @synchronized
    def keep_mix(self, title: str, make: Callable[[int], Mix]) -> PlaylistEdit:
        """Save the mix that `make` returns for a seed as a new playlist, named `title` or by default after the mix,
        with a number if that is taken.
        """
        made = make(0)
        title, taken = title or made.title, {one.name.casefold() for one in self.all()}
        number = next(i for i in itertools.count(1) if _numbered(title, i).casefold() not in taken)
        made = made if number == 1 else make(number - 1)
        return replace(self.create(_numbered(title, number), made.tracks), notes=made.notes)


def _created(name: str, tracks: Iterable[PlaylistTrack]) -> PlaylistEdit:
    """A new playlist with these tracks."""
    # The reason of a track is not saved.
    kept = tuple(replace(track, reason="") for track in tracks)
    places = tuple(range(1, len(kept) + 1))
    return PlaylistEdit(name, (), kept, kept, places=places, added=kept, created=True)


def _numbered(title: str, number: int) -> str:
    """The title, with a number if it is taken."""
    return title if number == 1 else f"{title} {number}"


def _places(name: str, positions: Sequence[int], count: int) -> list[int]:
    """Positions from 1 as places from 0, in order."""
    for position in positions:
        if not 1 <= position <= count:
            raise UsageError(
                f"No track {position} in {name}: {f'it has {count}' if count else 'it is empty'}."
            )
    return sorted({position - 1 for position in positions})
