"""The person's own contexts, found in when and what they play, cached until the library changes."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from engine.canonical_keys import SEPARATOR, artist_key, track_key
from engine.session.library import Change, Library, Service, synchronized

if TYPE_CHECKING:
    import numpy as np

    from engine.community.feature_catalog import TrackFeatures
    from engine.playlists.contexts import Context
    from engine.playlists.routine_contexts import OwnContext, Sound
    from engine.recommend.routines import Routine
    from engine.session.models import Models
    from engine.session.packs import Packs
    from engine.taste.window import TimeOfWeek

_WEEK = 7 * 86400
# Tags are read for this many of the most played artists.
_WITH_WORDS = 300
_TAGS = 5
# Tempo and energy are read for this many of a routine's most played tracks.
_HEARD = 300


class Routines(Service):
    """Contexts found in the history, without what is blocked or excluded from taste."""

    def __init__(self, library: Library, models: Models, packs: Packs) -> None:
        super().__init__(library)
        self._models = models
        self._packs = packs
        self._found: tuple[OwnContext, ...] | None = None

    def drop_cache(self, _change: Change, /) -> None:
        """They depend on plays, taste and, for their tags, the model."""
        self._found = None

    def contexts(self) -> dict[str, Context]:
        """The found contexts by name, to be used like any other."""
        return {own.context.name: own.context for own in self.all()}

    def context(self, name: str, contexts: Mapping[str, Context]) -> Context:
        """The one of these `contexts` of that name, else one found in the history. Raises UsageError naming all."""
        from engine.playlists.contexts import context_named

        known = name.strip().casefold() in contexts
        return context_named(name, contexts if known else {**contexts, **self.contexts()})

    def times(self, name: str, contexts: Mapping[str, Context]) -> TimeOfWeek:
        """A time of the week by its own name, or by that of a context as in `context`.

        Raises UnknownNameError listing the names, UsageError for a context without a time.
        """
        from engine.playlists.contexts import times_named
        from engine.taste.window import TIMES_OF_WEEK

        known = name.strip().casefold() in {*contexts, *(times.name for times in TIMES_OF_WEEK)}
        return times_named(name, contexts if known else {**contexts, **self.contexts()})

    def all_times(self, contexts: Mapping[str, Context]) -> dict[str, TimeOfWeek]:
        """Every time of the week there is, by name: the usual ones, those of `contexts`, those found in the history."""
        from engine.taste.window import TIMES_OF_WEEK

        own = (context.times for context in {**contexts, **self.contexts()}.values())
        # Of several with one name the first: a context may be at a usual time.
        found: dict[str, TimeOfWeek] = {}
        for times in (*TIMES_OF_WEEK, *filter(None, own)):
            found.setdefault(times.name, times)
        return found

    @synchronized
    def all(self) -> tuple[OwnContext, ...]:
        """The person's own contexts, by sessions descending; empty if the history shows none."""
        if self._found is None:
            self._found = self._look()
        return self._found

    def _look(self) -> tuple[OwnContext, ...]:
        import numpy as np

        from engine.recommend.routines import Sessions, routines
        from engine.taste.sessions import read_sessions

        session, track, plays, names, times = read_sessions(
            self.library.connection, level="tracks", timed=True
        )
        artists = list(dict.fromkeys(name.partition(SEPARATOR)[0] for name in names))
        number = {artist: place for place, artist in enumerate(artists)}
        artist_of_track = np.array([number[name.partition(SEPARATOR)[0]] for name in names], dtype=np.int64)
        pairs = np.unique(np.stack([session, artist_of_track[track]], axis=1), axis=0)
        began = [time.localtime(start) for start in times.tolist()]
        found = routines(
            Sessions(
                session=pairs[:, 0],
                item=pairs[:, 1],
                weekday=np.array([(at.tm_wday + 1) % 7 for at in began], dtype=np.int64),
                hour=np.array([at.tm_hour for at in began], dtype=np.int64),
                week=times // _WEEK,
            )
        )
        if not found:
            return ()
        return self._described(found, artists, names, artist_of_track, session, track, plays)

    def _described(
        self,
        found: tuple[Routine, ...],
        artists: list[str],
        names: list[str],
        artist_of_track: np.ndarray,
        session: np.ndarray,
        track: np.ndarray,
        plays: np.ndarray,
    ) -> tuple[OwnContext, ...]:
        """The music of each routine: tags, tempo and energy."""
        import numpy as np

        from engine.playlists.routine_contexts import own_context

        def by_artist(rows: np.ndarray) -> dict[int, int]:
            counts = np.bincount(artist_of_track[track[rows]], weights=plays[rows], minlength=len(artists))
            most = np.argsort(-counts, kind="stable")[:_WITH_WORDS]
            return {int(one): int(counts[one]) for one in most if counts[one]}

        usual = by_artist(np.arange(len(track)))
        inside = [np.flatnonzero(np.isin(session, one.sessions)) for one in found]
        here = [by_artist(rows) for rows in inside]
        words = self._words(artists, sorted({item for counts in (usual, *here) for item in counts}))
        return tuple(
            own_context(
                one,
                artists,
                words,
                counts,
                usual,
                self._sound(names, track[rows], plays[rows]),
                # Three and a half minutes a track, as long as no length is known.
                3.5 * float(plays[rows].sum()) / max(1, len(one.sessions)),
            )
            for one, rows, counts in zip(found, inside, here, strict=True)
        )

    def _words(self, artists: list[str], wanted: list[int]) -> list[tuple[str, ...]]:
        """The community's tags of the `wanted` artists; empty for others or without a model."""
        found: list[tuple[str, ...]] = [()] * len(artists)
        model = self._models.open_if_any()
        if model is not None:
            keys = {artist_key(artists[item]): item for item in wanted}
            for key, number in model.catalog.ids_of(list(keys)).items():
                found[keys[key]] = tuple(model.catalog.tags(number, _TAGS))
        return found

    def _sound(self, names: list[str], track: np.ndarray, plays: np.ndarray) -> Sound:
        """Tempo and energy of the tracks played most, as often as each is played."""
        import numpy as np

        from engine.playlists.routine_contexts import Sound

        counts = np.bincount(track, weights=plays)
        most = [int(one) for one in np.argsort(-counts, kind="stable")[:_HEARD] if counts[one]]
        titles: dict[tuple[str, str], str] = {}
        times: dict[tuple[str, str], int] = {}
        for one in most:
            artist, _, title = names[one].partition(SEPARATOR)
            pair = (artist_key(artist), track_key(title))
            titles[pair] = title
            times[pair] = times.get(pair, 0) + int(counts[one])
        with self._packs.features() as features:
            known: dict[tuple[str, str], TrackFeatures] = features.lookup(titles, titles)
        return Sound(
            [one.bpm for pair, one in known.items() if one.bpm is not None for _ in range(times[pair])],
            [one.energy for pair, one in known.items() if one.energy is not None for _ in range(times[pair])],
            sum(one.bpm is not None for one in known.values()),
        )
