"""What goes with a few given tracks: own and new ones, chosen as if the given ones were somebody's whole taste."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from engine.canonical_keys import artist_key
from engine.errors import NothingYetError, UsageError
from engine.session.library import Library, Service, synchronized

if TYPE_CHECKING:
    from engine.playlists.continuation import Wishes
    from engine.playlists.playlist import PlaylistTrack
    from engine.session.models import Models
    from engine.session.packs import Packs
    from engine.taste.gate import Taste

# Tracks come from at most so many of the artists that fit best.
FITTING_ARTISTS = 200
# The most that is asked for at once.
MAX_AT_ONCE = 200


class Mixes(Service):
    """Tracks that go with others. Blocked and hidden artists stay out."""

    def __init__(self, library: Library, models: Models, packs: Packs) -> None:
        super().__init__(library)
        self._models = models
        self._packs = packs

    @synchronized
    def following(
        self, name: str, tracks: Sequence[PlaylistTrack], wishes: Wishes, n: int, seed: int = 0
    ) -> list[PlaylistTrack]:
        """At most `n` tracks to follow `tracks`, which errors call `name`; none of them again, none twice.

        The artists of `tracks` are folded in as if they were a listener, and where `wishes` has a tempo, they keep
        it. The same tracks, library, model and seed give the same answer.

        Raises NothingYetError when there are no tracks, nothing is known of their artists, or nothing fits; UsageError
        for an invalid `n` or seed.
        """
        from engine.playlists.continuation import continued
        from engine.playlists.offer import offered

        if not 1 <= n <= MAX_AT_ONCE:
            raise UsageError(f"Add 1 to {MAX_AT_ONCE} tracks at once, not {n}.")
        if not 0 <= seed < 2**63:
            raise UsageError(f"The seed is {seed}; enter 0 or more.")
        fitting = self._fitting(name, tracks)
        with self._packs.features() as features:
            pool = offered(
                self.library.connection, features, {key: rank for rank, key in enumerate(fitting, 1)}
            )
        more = continued(tracks, pool, fitting, wishes, n, seed)
        if not more:
            at = f" at {wishes.bpm:.0f} bpm" if wishes.bpm is not None else ""
            raise NothingYetError(
                f"No more tracks{at} match {name}. Add track features of more music: discover features add PATH."
            )
        return more

    def _fitting(self, name: str, tracks: Sequence[PlaylistTrack]) -> list[str]:
        """Keys of the artists that fit the tracks, best first."""
        from engine.recommend.fitting import fitting_artists
        from engine.taste.gate import read_taste

        if not tracks:
            raise NothingYetError(f"{name} is empty. Add a track or two first.")
        model, taste = self._models.open(), read_taste(self.library.connection)
        listener = _as_listener(taste, tracks)
        if not model.catalog.ids_of([item.key for item in listener.items]):
            raise NothingYetError(
                f"None of the artists in {name} is in the community data, so nothing is known to go with it. Use one "
                "that Discover or Related shows."
            )
        return fitting_artists(model, listener, taste.by_key)[:FITTING_ARTISTS]


def _as_listener(taste: Taste, tracks: Sequence[PlaylistTrack]) -> Taste:
    """The tracks as if they were somebody's taste: one says as much of its artist as a like."""
    from engine.taste.gate import LIKE_PLAYS, TasteItem

    times = Counter(artist_key(track.artist) for track in tracks)
    names = {artist_key(track.artist): track.artist for track in tracks}
    return taste.of([TasteItem(key, names[key], LIKE_PLAYS * count, None) for key, count in times.items()])
