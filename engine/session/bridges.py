"""Bridges: playlists from one artist, track, playlist or genre to another in steps of similar artists."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.canonical_keys import artist_key
from engine.errors import NothingYetError, UsageError
from engine.playlists.mix import Mix, MixSeeds, MixSettings, note_on_missing, notes_on, seconds_of
from engine.session.library import Library, Service, synchronized
from engine.session.mix_pool import Given, tracks_by, unknown

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from engine.playlists.candidate import Candidate
    from engine.playlists.playlist import PlaylistTrack
    from engine.session.models import Models
    from engine.session.packs import Packs
    from engine.session.seeds import Seeds
    from engine.training.artifact import Model

# Candidates per waypoint.
NEAREST = 60
# Two artists at least this similar have nothing between them.
_SAME = 0.9999


class Bridges(Service):
    """Bridges from A to B, without blocked and hidden artists."""

    def __init__(self, library: Library, models: Models, packs: Packs, seeds: Seeds) -> None:
        super().__init__(library)
        self._models = models
        self._packs = packs
        self._seeds = seeds

    @synchronized
    def bridge(self, start: str, end: str, settings: MixSettings | None = None) -> Mix:
        """From one seed to another, as `Seeds.of` takes them, with each step's similarity (`engine.model.similarity`).

        No artist occurs twice. Raises UsageError if both are the same, UnknownNameError for unknown names,
        NothingYetError without a model, for what it does not know, and if nothing is between.
        """
        from engine.playlists.pool import ASSUMED_SECONDS

        settings = settings or MixSettings()
        if settings.drift:
            raise UsageError("A bridge already has its end: leave drift out.")
        ends = self._seeds.of([start]), self._seeds.of([end])
        model, given = self._models.open(), Given.of(self.library.connection, settings)
        ids = [self._ids(model, one) for one in ends]
        begin, close = ([track for track in one.tracks[:1] if given.lists(track)] for one in ends)
        seconds = settings.minutes * 60 - seconds_of(begin + close)
        directions = [_direction(model, some) for some in ids]
        if float(directions[0] @ directions[1]) > _SAME:
            raise UsageError(f"{_name(ends[0])} and {_name(ends[1])} are the same: there is no way between.")
        asked = model, directions, [*ids[0], *ids[1]], seconds, settings.seed
        steps = self._steps(given, *asked)
        lacking: tuple[PlaylistTrack, ...] = ()
        if given.own is not None:
            ends_of_any = [track for one in ends for track in one.tracks[:1]]
            of_any = self._steps(replace(given, own=None), *asked)
            lacking = given.own.lacking([*ends_of_any[:1], *of_any, *ends_of_any[1:]])
        if not steps:
            between = f"between {_name(ends[0])} and {_name(ends[1])}"
            if seconds < ASSUMED_SECONDS:
                leave = "minute leaves" if settings.minutes == 1 else "minutes leave"
                taken = math.ceil(settings.minutes - seconds / 60)
                said = f"{settings.minutes:g} {leave} no room {between}, whose own tracks take {taken}."
                raise NothingYetError(f"{said} Ask for more.")
            if lacking:
                raise NothingYetError(" ".join([f"You have no music {between}.", *note_on_missing(lacking)]))
            raise NothingYetError(
                f"No track is known of the artists {between}. Add track features of more music: discover features add "
                "PATH."
            )
        tracks = (*begin, *steps, *close)
        likeness = self._likeness(model, ids, begin, tracks)
        title = f"From {_name(ends[0])} to {_name(ends[1])}"
        # As long as its tracks are, give or take two.
        short = settings.minutes * 60 - seconds_of(tracks)
        notes = (
            *note_on_missing(lacking),
            *given.note_on_lately([track for one in ends for track in one.tracks[:1]]),
            *_widest_step(tracks, likeness),
            *notes_on((), tracks, short if short > 2 * ASSUMED_SECONDS else 0.0),
        )
        return Mix("bridge", title, tracks, notes, likeness, lacking)

    @staticmethod
    def _ids(model: Model, seeds: MixSeeds) -> list[int]:
        found = model.catalog.ids_of([artist_key(name) for name in seeds.leading])
        if not found:
            raise NothingYetError(unknown(_name(seeds), solo=model.manifest.solo))
        return sorted(found.values())

    def _steps(
        self,
        given: Given,
        model: Model,
        directions: Sequence[NDArray[np.float64]],
        ends: Sequence[int],
        seconds: float,
        seed: int,
    ) -> list[PlaylistTrack]:
        """Tracks of the artists on the way, of about this total length."""
        import numpy as np

        from engine.playlists.bridge import CONTEXT, Way, waypoints
        from engine.playlists.compose import sequenced
        from engine.playlists.contexts import Settings
        from engine.playlists.pool import ASSUMED_SECONDS

        start, end = directions
        points = waypoints(start, end, max(1, round(seconds / ASSUMED_SECONDS)))
        near = self._near(model, given, points, ends)
        vectors = _unit(np.asarray(model.factors.item_factors[near], dtype=np.float64))
        keys = {number: item.key for number, item in model.catalog.items(near).items()}
        way = Way(start, end, {keys[number]: vector for number, vector in zip(near, vectors, strict=True)})
        pool = tracks_by(self.library.connection, self._packs, list(way.directions), given)
        settings = Settings(minutes=max(1.0, seconds / 60), new=0.5, seed=seed)
        return list(sequenced(_one_each(pool), CONTEXT, settings, way=way))

    @staticmethod
    def _near(model: Model, given: Given, points: NDArray[np.float64], ends: Sequence[int]) -> list[int]:
        """Ids of the artists nearest to the waypoints (points, f) that may be steps."""
        import numpy as np

        open_to = np.ones(model.catalog.size, dtype=np.bool_)
        if given.own is not None:
            open_to[:] = False
            open_to[list(model.catalog.ids_of(sorted(given.own.keys("artists"))).values())] = True
        open_to[list(model.catalog.ids_meant(given.taste.unwanted))] = False
        open_to[list(ends)] = False
        ids = np.flatnonzero(open_to)
        like = _unit(np.asarray(model.factors.item_factors[ids], dtype=np.float64)) @ points.T
        count = min(NEAREST, len(ids))
        some = np.argpartition(-like, count - 1, axis=0)[:count] if count else np.empty(0, dtype=np.int64)
        return [int(number) for number in ids[np.unique(some)]]

    @staticmethod
    def _likeness(
        model: Model,
        ends: Sequence[Sequence[int]],
        begin: Sequence[PlaylistTrack],
        tracks: Sequence[PlaylistTrack],
    ) -> tuple[float | None, ...]:
        """The similarity of each track's artist to the one before; null if either is unknown."""
        import numpy as np

        found: list[float | None] = []
        keys = [artist_key(track.artist) for track in tracks]
        ids = model.catalog.ids_of(list(dict.fromkeys(keys)))
        before = None if begin or len(ends[0]) > 1 else ends[0][0]
        for key in keys:
            here = ids.get(key)
            if before is None or here is None:
                found.append(None)
            else:
                found.append(float(model.similarity.of(before, np.array([here]))[0]))
            before = here
        return tuple(found)


def _widest_step(tracks: Sequence[PlaylistTrack], likeness: Sequence[float | None]) -> list[str]:
    """The similarity of the steps, and the widest one; empty without steps."""
    steps = [(like, place) for place, like in enumerate(likeness) if like is not None]
    if not steps:
        return []
    (least, place), (most, _) = min(steps), max(steps)
    before, after = tracks[place - 1].artist, tracks[place].artist
    return [f"Steps are {least:.2f} to {most:.2f} alike; the widest is from {before} to {after}."]


def _one_each(pool: Sequence[Candidate]) -> list[Candidate]:
    """The track of each artist that is played most, by the person or by others, of a usual length."""
    from engine.playlists.pool import of_usual_length

    best: dict[str, Candidate] = {}
    for track in sorted(pool, key=lambda one: (-one.appeal, one.track_key)):
        if of_usual_length(track):
            best.setdefault(track.artist_key, track)
    return list(best.values())


def _direction(model: Model, ids: Sequence[int]) -> NDArray[np.float64]:
    """The mean direction of some artists: (f,), a unit vector."""
    import numpy as np

    middle = _unit(np.asarray(model.factors.item_factors[list(ids)], dtype=np.float64)).mean(axis=0)
    return np.asarray(_unit(middle[None, :])[0])


def _unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    import numpy as np

    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1), 1e-12)[:, None])


def _name(seeds: MixSeeds) -> str:
    return seeds.title.removeprefix("Mix: ")
