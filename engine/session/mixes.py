"""What goes with given music: own and new tracks, chosen as if its artists were somebody's whole taste."""

from __future__ import annotations

import datetime
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from engine.errors import NothingYetError, UnknownNameError, UsageError
from engine.playlists.mix import (
    MINUTES,
    Mix,
    MixSeeds,
    MixSettings,
    lasting,
    leading_with,
    note_on_missing,
    notes_on,
    seconds_of,
)
from engine.session.last_mixes import LastMixes
from engine.session.library import Library, Service, synchronized
from engine.session.mix_pool import Given, artists_with, tracks_by
from engine.store.forgetting import mark
from engine.wording import day_in_words

if TYPE_CHECKING:
    from engine.playlists.continuation import Wishes
    from engine.playlists.playlist import PlaylistTrack
    from engine.recommend.modes import Mode
    from engine.session.discover import Discover
    from engine.session.models import Models
    from engine.session.packs import Packs

# The most that is asked for at once.
MAX_AT_ONCE = 200
# A mix that drifts looks anew where it is after so many tracks.
STEP = 5
# So many artists of a taste lead its mix of the day.
DAILY_ARTISTS = 12


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of tracks to follow others: what errors call it, which artists lead and how much each counts, what
    may be in it, and what the list says of its own."""

    name: str
    leading: Mapping[str, float]
    given: Given
    wishes: Wishes
    seed: int


class Mixes(Service):
    """Mixes from seeds, and of the day. Blocked and hidden artists stay out."""

    def __init__(self, library: Library, models: Models, packs: Packs, discover: Discover) -> None:
        super().__init__(library)
        self._models = models
        self._packs = packs
        self._discover = discover
        self._last = LastMixes(library)

    @synchronized
    def mix(self, seeds: MixSeeds, settings: MixSettings | None = None, *, more: bool = False) -> Mix:
        """The tracks of the seeds, and tracks that go with them. With `more` it goes on where the last mix of these
        seeds ended, and has none of its tracks again.

        With drift above 0 the tracks chosen last lead with that share, at 1 they alone: the mix goes away from its
        seeds. Raises NothingYetError where nothing goes with them.
        """
        settings, since = settings or MixSettings(), mark(self.library.connection)
        given = Given.of(self.library.connection, settings)
        before = self._last.of(seeds.key) if more else ()
        begin = () if before else tuple(filter(given.lists, seeds.tracks))
        found = self._filled(seeds, settings, given, begin, before)
        whole = [*begin, *found]
        tracks = lasting(whole, settings.minutes * 60)
        self._last.keep(seeds.key, [*before, *tracks], since)
        missing = settings.minutes * 60 - seconds_of(whole)
        lacking = self._lacking(seeds, settings, given, () if before else seeds.tracks, before)
        notes = (*note_on_missing(lacking), *notes_on(before, tracks, missing))
        return Mix("mix", seeds.title, tracks, notes, missing=lacking)

    def _lacking(
        self,
        seeds: MixSeeds,
        settings: MixSettings,
        given: Given,
        begin: Sequence[PlaylistTrack] = (),
        before: Sequence[PlaylistTrack] = (),
    ) -> tuple[PlaylistTrack, ...]:
        """The tracks of the mix as it would be of any music, that the person does not have; none unless asked."""
        if given.own is None:
            return ()
        anything = replace(given, own=None)
        begin = tuple(filter(anything.lists, begin))
        found = self._filled(seeds, replace(settings, from_library=False), anything, begin, before)
        return given.own.lacking(lasting([*begin, *found], settings.minutes * 60))

    def _filled(
        self,
        seeds: MixSeeds,
        settings: MixSettings,
        given: Given,
        begin: Sequence[PlaylistTrack] = (),
        before: Sequence[PlaylistTrack] = (),
    ) -> list[PlaylistTrack]:
        """Tracks to follow those that `begin` a mix and those `before` it, until it lasts as long as it should."""
        from engine.playlists.continuation import wishes_of
        from engine.playlists.pool import ASSUMED_SECONDS

        # To the tempo of a track or two the others need not keep.
        wishes = wishes_of((), {})
        past = [*seeds.without, *(seeds.tracks if before else ()), *before, *begin]
        found: list[PlaylistTrack] = []
        while (missing := settings.minutes * 60 - seconds_of(begin) - seconds_of(found)) > 0:
            # The last, and where nothing drifts the only step ends in time, unless that is only a track or two away.
            last = not settings.drift or missing <= STEP * ASSUMED_SECONDS
            whole = last and missing > 2 * ASSUMED_SECONDS
            places = None if whole else STEP if settings.drift else 1
            leading = leading_with(seeds, (found or list(before))[-STEP:], settings.drift)
            tracks = [*past, *found]
            asked = Asked(seeds.title, leading, given, wishes, settings.seed)
            more = self._after(asked, tracks, places=places, minutes=missing / 60 if whole else MINUTES)
            found += more
            if whole or not more:
                break
        if not (found or begin):
            raise NothingYetError(_no_more(seeds.title, None, from_library=settings.from_library))
        return found

    @synchronized
    def following(
        self,
        name: str,
        tracks: Sequence[PlaylistTrack],
        wishes: Wishes,
        n: int,
        seed: int = 0,
        *,
        from_library: bool = False,
    ) -> tuple[list[PlaylistTrack], tuple[PlaylistTrack, ...]]:
        """At most `n` tracks to follow `tracks`, which errors call `name`; none of them again, none twice. And of those
        it would be of any music the ones the person does not have, where it is of what they have alone.

        The artists of `tracks` are folded in as if they were a listener, and where `wishes` has a tempo, it is kept.
        With `from_library` it is of what the person has alone. The same tracks, library, model and seed give the same
        answer.

        Raises NothingYetError when there are no tracks, nothing is known of their artists, or nothing fits; UsageError
        for an invalid `n` or seed.
        """
        if not 1 <= n <= MAX_AT_ONCE:
            raise UsageError(f"Add 1 to {MAX_AT_ONCE} tracks at once, not {n}.")
        given = Given.of(self.library.connection, MixSettings(seed=seed, from_library=from_library))
        asked = Asked(name, Counter(track.artist for track in tracks), given, wishes, seed)
        more = self._after(asked, tracks, places=n)
        lacking: tuple[PlaylistTrack, ...] = ()
        if given.own is not None:
            of_any = self._after(replace(asked, given=replace(given, own=None)), tracks, places=n)
            lacking = given.own.lacking(of_any)
        if not more:
            why = _no_more(name, wishes.bpm, from_library=from_library)
            raise NothingYetError(" ".join([why, *note_on_missing(lacking)]))
        return more, lacking

    def _after(
        self,
        asked: Asked,
        tracks: Sequence[PlaylistTrack],
        *,
        places: int | None = None,
        minutes: float = MINUTES,
    ) -> list[PlaylistTrack]:
        """Tracks of so many minutes, or so many, by artists that go with those leading, none of `tracks` again."""
        from engine.playlists.continuation import continued

        artists = artists_with(self._models.open(), asked.name, asked.leading, asked.given.taste)
        pool = tracks_by(self.library.connection, self._packs, artists, asked.given)
        found = continued(
            tracks, pool, artists, asked.wishes, places=places, minutes=minutes, seed=asked.seed
        )
        return list(found)

    # -- of the day ----------------------------------------------------------------------------------------

    @synchronized
    def tastes(self) -> tuple[Mode, ...]:
        """The tastes there is a daily mix of, the largest first. Raises NothingYetError without listens or a model."""
        return self._tastes()[0]

    @synchronized
    def daily(self, taste: int = 1, settings: MixSettings | None = None) -> Mix:
        """A mix for the taste of that number: the same all day, whatever is played on it, and another the next day.

        Raises UnknownNameError for a number of no taste, NothingYetError without listens or a model.
        """
        import numpy as np

        settings = settings or MixSettings()
        modes, artists = self._tastes()
        if not 1 <= taste <= len(modes):
            there = f"yours are 1 to {len(modes)}" if len(modes) > 1 else "you have only 1"
            raise UnknownNameError(f"No taste {taste}: {there}.")
        mode, day = modes[taste - 1], self._discover.today()
        names, weights = zip(*(artists[place] for place in mode.places.tolist()), strict=True)
        chance = np.random.default_rng([day, taste, settings.seed])
        likely = np.log1p(np.array(weights))
        count = min(DAILY_ARTISTS, len(names))
        chosen = chance.choice(len(names), size=count, replace=False, p=likely / likely.sum())
        title = f"{day_in_words(_date(day))}: {mode.name}"
        seeds = MixSeeds(title, (), {names[place]: 1.0 for place in sorted(chosen.tolist())})
        settings = replace(settings, seed=int(chance.integers(2**62)))
        given = Given.of(self.library.connection, settings, self._midnight())
        whole = self._filled(seeds, settings, given)
        tracks = lasting(whole, settings.minutes * 60)
        lacking = self._lacking(seeds, settings, given)
        notes = notes_on((), tracks, settings.minutes * 60 - seconds_of(whole))
        return Mix("daily", title, tracks, (*note_on_missing(lacking), *notes), missing=lacking)

    def _tastes(self) -> tuple[tuple[Mode, ...], list[tuple[str, float]]]:
        """The tastes by what was played before today, and name and weight of the artists they are made of."""
        from engine.recommend.settings import DEFAULTS
        from engine.taste.gate import Window

        window = Window(until=self._midnight())
        recommender = self._discover.recommender(replace(DEFAULTS, window=window))
        return recommender.modes, [(item.name, item.weight) for item in recommender.reasons]

    def _midnight(self) -> int:
        """When today began, by this machine's time zone: seconds UTC."""
        day = _date(self._discover.today())
        return int(time.mktime((day.year, day.month, day.day, 0, 0, 0, 0, 0, -1)))


def _date(day: int) -> datetime.date:
    """The date so many days after the first of 1970."""
    return datetime.date(1970, 1, 1) + datetime.timedelta(days=day)


def _no_more(name: str, bpm: float | None, *, from_library: bool) -> str:
    at = f" at {bpm:.0f} bpm" if bpm is not None else ""
    if from_library:
        return (
            f"Nothing more of what you have{at} matches {name}. Add a folder of music: discover library add DIR; or "
            "leave --from-library out."
        )
    return f"No more tracks{at} match {name}. Add track features of more music: discover features add PATH."
