"""What goes with a few given tracks: own and new ones, chosen as if the given ones were somebody's whole taste."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Mapping, Sequence
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
# A mix lasts so long unless it is said, and may last so long, in minutes ...
MINUTES, MAX_MINUTES = 90.0, 600
# ... and one that drifts looks anew where it is after so many tracks.
STEP = 5


class Mixes(Service):
    """Tracks that go with others. Blocked and hidden artists stay out."""

    def __init__(self, library: Library, models: Models, packs: Packs) -> None:
        super().__init__(library)
        self._models = models
        self._packs = packs

    @synchronized
    def mix(
        self,
        title: str,
        seeds: Sequence[PlaylistTrack],
        minutes: float = MINUTES,
        *,
        seed: int = 0,
        drift: float = 0.0,
        from_library: bool = False,
    ) -> tuple[PlaylistTrack, ...]:
        """The seeds, and tracks that go with them, until it lasts about so many minutes; errors call it `title`.

        With `drift` above 0 the tracks chosen last lead with that share, at 1 they alone: the mix goes away from its
        seeds. With `from_library` it goes on with what the person has alone. A seed that is an artist alone, without a
        title, is not listed itself.

        Raises UsageError for minutes or a drift out of range, and as `following` does.
        """
        from engine.playlists.continuation import wishes_of
        from engine.playlists.pool import SHORTEST_SECONDS

        if not 1 <= minutes <= MAX_MINUTES:
            raise UsageError(f"minutes {minutes:g} is out of range: enter a number from 1 to {MAX_MINUTES}.")
        if not 0 <= drift <= 1:
            raise UsageError(f"drift {drift:g} is out of range: enter a number from 0 to 1.")
        # To the tempo of a track or two the others need not keep.
        wishes = wishes_of((), {})
        found: list[PlaylistTrack] = []
        while (missing := minutes * 60 - _seconds(seeds) - _seconds(found)) > 0:
            n = STEP if drift else min(MAX_AT_ONCE, math.ceil(missing / SHORTEST_SECONDS))
            leading = _leading(seeds, found[-STEP:], drift)
            try:
                more = self.following(
                    title, [*seeds, *found], wishes, n, seed, leading=leading, from_library=from_library
                )
            except NothingYetError:
                if not found:
                    raise
                break
            found += more
        return tuple(_lasting([*(track for track in seeds if track.track), *found], minutes * 60))

    @synchronized
    def following(
        self,
        name: str,
        tracks: Sequence[PlaylistTrack],
        wishes: Wishes,
        n: int,
        seed: int = 0,
        *,
        leading: Mapping[str, float] | None = None,
        from_library: bool = False,
    ) -> list[PlaylistTrack]:
        """At most `n` tracks to follow `tracks`, which errors call `name`; none of them again, none twice.

        The artists of `tracks`, or those `leading` by name with how much each counts, are folded in as if they were a
        listener, and where `wishes` has a tempo, it is kept. With `from_library` it is of what the person has alone.
        The same tracks, library, model and seed give the same answer.

        Raises NothingYetError when there are no tracks, nothing is known of their artists, or nothing fits; UsageError
        for an invalid `n` or seed.
        """
        from engine.playlists.continuation import continued
        from engine.playlists.offer import offered

        if not 1 <= n <= MAX_AT_ONCE:
            raise UsageError(f"Add 1 to {MAX_AT_ONCE} tracks at once, not {n}.")
        if not 0 <= seed < 2**63:
            raise UsageError(f"The seed is {seed}; enter 0 or more.")
        fitting = self._fitting(name, leading or Counter(track.artist for track in tracks))
        with self._packs.features() as features:
            places = {key: rank for rank, key in enumerate(fitting, 1)}
            pool = offered(
                self.library.connection, features, places, all_own=False, from_library=from_library
            )
        more = continued(tracks, pool, fitting, wishes, n, seed)
        if not more:
            at = f" at {wishes.bpm:.0f} bpm" if wishes.bpm is not None else ""
            if from_library:
                raise NothingYetError(
                    f"Nothing more of what you have{at} matches {name}. Add a folder of music: discover library add "
                    "DIR; or leave --from-library out."
                )
            raise NothingYetError(
                f"No more tracks{at} match {name}. Add track features of more music: discover features add PATH."
            )
        return more

    def _fitting(self, name: str, leading: Mapping[str, float]) -> list[str]:
        """Keys of the artists that fit those leading, best first."""
        from engine.recommend.fitting import fitting_artists
        from engine.taste.gate import read_taste

        if not leading:
            raise NothingYetError(f"{name} is empty. Add a track or two first.")
        model, taste = self._models.open(), read_taste(self.library.connection)
        listener = _as_listener(taste, leading)
        if not model.catalog.ids_of([item.key for item in listener.items]):
            raise NothingYetError(
                f"None of the artists in {name} is in the community data, so nothing is known to go with it. Use one "
                "that Discover or Related shows."
            )
        return fitting_artists(model, listener, taste.by_key)[:FITTING_ARTISTS]


def _leading(seeds: Sequence[PlaylistTrack], last: Sequence[PlaylistTrack], drift: float) -> dict[str, float]:
    """How much each artist counts: the seeds' together, and with the share `drift` those of the tracks chosen last."""
    share = drift if last else 0.0
    leading: dict[str, float] = {}
    for tracks, part in ((seeds, 1.0 - share), (last, share)):
        for track in tracks:
            leading[track.artist] = leading.get(track.artist, 0.0) + len(seeds) * part / len(tracks)
    return {artist: weight for artist, weight in leading.items() if weight > 0}


def _as_listener(taste: Taste, leading: Mapping[str, float]) -> Taste:
    """The artists as if they were somebody's taste: each counts as often as a like."""
    from engine.taste.gate import LIKE_PLAYS, TasteItem

    weights: dict[str, float] = {}
    for name, weight in leading.items():
        weights[artist_key(name)] = weights.get(artist_key(name), 0.0) + weight
    names = {artist_key(name): name for name in leading}
    return taste.of(
        [TasteItem(key, names[key], LIKE_PLAYS * weight, None) for key, weight in weights.items()]
    )


def _seconds(tracks: Sequence[PlaylistTrack]) -> float:
    return sum(track.seconds or 0.0 for track in tracks if track.track)


def _lasting(tracks: Sequence[PlaylistTrack], seconds: float) -> list[PlaylistTrack]:
    """The first tracks, as many as come nearest to a length."""
    ends = list(itertools.accumulate(track.seconds or 0.0 for track in tracks))
    count = min(range(len(ends)), key=lambda place: abs(ends[place] - seconds), default=-1) + 1
    return list(tracks[:count])
