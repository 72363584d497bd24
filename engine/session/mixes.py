"""Mixes: own and new tracks that fit given music, chosen as if its artists were a listener's whole taste."""

from __future__ import annotations

import datetime
import math
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from engine.canonical_keys import AnySpelling, artist_key
from engine.errors import NothingYetError, UnknownNameError, UsageError
from engine.playlists.contexts import ARTIST_GAP, SHORT_BY
from engine.playlists.mix import (
    MINUTES,
    Mix,
    MixSeeds,
    MixSettings,
    key_of,
    lasting,
    leading_with,
    note_on_missing,
    notes_on,
    seconds_of,
)
from engine.session.last_mixes import LastMixes
from engine.session.library import Library, Service, synchronized
from engine.session.mix_pool import FITTING_ARTISTS, Given, artists_with, tracks_by
from engine.store.forgetting import mark
from engine.wording import day_in_words, quantity

if TYPE_CHECKING:
    from engine.playlists.candidate import Candidate
    from engine.playlists.continuation import Wishes
    from engine.playlists.playlist import PlaylistTrack
    from engine.recommend.modes import Mode
    from engine.session.discover import Discover
    from engine.session.models import Models
    from engine.session.packs import Packs

# Maximum tracks per call.
MAX_AT_ONCE = 200
# A mix that drifts chooses its direction again after this many tracks.
STEP = 5
# Leading artists of a daily mix.
DAILY_ARTISTS = 12


@dataclass(frozen=True, slots=True)
class Asked:
    """A request for tracks to follow others: its name in errors, the leading artists with weights, what may be in it,
    and the list's title. With `everything` it goes on to whatever there is, if nothing nearer is left; artists come
    nearer than the rule only if they may."""

    name: str
    leading: Mapping[str, float]
    given: Given
    wishes: Wishes
    seed: int
    everything: bool = False
    nearer: bool = False


@dataclass(slots=True)
class Filled:
    """Tracks of a mix, those of its seeds that it is to hold, of how many of the best fitting artists the others are
    (`reach`, infinite for all music there is), and how many more fit, all of artists who came too recently."""

    tracks: list[PlaylistTrack]
    seeds: tuple[PlaylistTrack, ...] = ()
    reach: float = 0
    more: int = 0


class Mixes(Service):
    """Mixes from seeds, and daily mixes. Without blocked and hidden artists."""

    def __init__(self, library: Library, models: Models, packs: Packs, discover: Discover) -> None:
        super().__init__(library)
        self._models = models
        self._packs = packs
        self._discover = discover
        self._last = LastMixes(library)

    @synchronized
    def mix(self, seeds: MixSeeds, settings: MixSettings | None = None, *, more: bool = False) -> Mix:
        """The tracks of the seeds, and tracks that fit them, no artist within `ARTIST_GAP` places of itself.

        With `more` it continues the last mix of these seeds without its tracks, until all music there is was in it.
        With drift above 0 the tracks chosen last lead with that share, at 1 alone: the mix moves away from its seeds.
        Raises NothingYetError if nothing is left.
        """
        settings, since = settings or MixSettings(), mark(self.library.connection)
        given = Given.of(self.library.connection, settings)
        before = self._last.of(seeds.key) if more else ()
        filled = self._filled(seeds, settings, given, before)
        tracks = lasting(filled.tracks, settings.minutes * 60)
        self._last.keep(seeds.key, [*before, *tracks], since)
        lacking = self._lacking(seeds, settings, given, before)
        said = (*note_on_missing(lacking), *given.note_on_lately(seeds.tracks))
        notes = (*said, *_notes(filled, tracks, settings, before))
        return Mix("mix", seeds.title, tracks, notes, missing=lacking)

    def _lacking(
        self,
        seeds: MixSeeds,
        settings: MixSettings,
        given: Given,
        before: Sequence[PlaylistTrack] = (),
    ) -> tuple[PlaylistTrack, ...]:
        """The tracks left out because the person does not have them; empty unless restricted to what they have."""
        if given.own is None:
            return ()
        anything = replace(given, own=None)
        filled = self._filled(seeds, replace(settings, from_library=False), anything, before)
        return given.own.lacking(lasting(filled.tracks, settings.minutes * 60))

    def _filled(
        self,
        seeds: MixSeeds,
        settings: MixSettings,
        given: Given,
        before: Sequence[PlaylistTrack] = (),
    ) -> Filled:
        """The tracks of the seeds, each as soon as its artist may come, and tracks that fit them, up to the mix's
        length, to follow those `before` it."""
        from engine.playlists.continuation import wishes_of
        from engine.playlists.pool import ASSUMED_SECONDS

        # A track or two do not set the tempo of the rest.
        wishes = wishes_of((), {})
        begin = [
            track if track.seconds else replace(track, seconds=ASSUMED_SECONDS, seconds_estimated=True)
            for track in seeds.tracks
            if given.lists(track)
        ]
        there = {track.pair for track in before}
        waiting = [track for track in begin if track.pair not in there]
        past = [*seeds.without, *seeds.tracks, *before]
        filled = Filled([], tuple(waiting))
        found: list[PlaylistTrack] = []
        while (missing := settings.minutes * 60 - seconds_of(filled.tracks)) > 0:
            wait, following = _next_of(waiting, [*before, *filled.tracks])
            if following is not None and not wait:
                waiting.remove(following)
                filled.tracks.append(following)
                continue
            if wait * ASSUMED_SECONDS >= missing:
                wait = 0  # too late for another
            # The last step (without drift the only one) ends in time, unless only a track or two remain.
            last = not (settings.drift or wait) or missing <= STEP * ASSUMED_SECONDS
            whole = last and not wait and missing > 2 * ASSUMED_SECONDS
            places = None if whole else min(wait, STEP) or (STEP if settings.drift else 1)
            leading = leading_with(seeds, (found or list(before))[-STEP:], settings.drift)
            asked = Asked(seeds.title, leading, given, wishes, settings.seed, everything=bool(seeds.key))
            tracks = [*past, *filled.tracks]
            more = self._after(asked, tracks, places=places, minutes=missing / 60 if whole else MINUTES)
            filled.reach, filled.more = max(filled.reach, more.reach), more.more
            filled.tracks += more.tracks
            found += more.tracks
            if whole or not more.tracks:
                break
        if not filled.tracks:
            if before and not settings.from_library:
                raise NothingYetError(
                    f"No more tracks: all music there is was in {seeds.title}. Without --more it begins again."
                )
            raise NothingYetError(_no_more(seeds.title, None, from_library=settings.from_library))
        return filled

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
        """At most `n` tracks to follow `tracks` (`name` in errors), none of them again, none twice; and the ones left
        out because the person does not have them, with `from_library`.

        The artists of `tracks` are folded in as if they were a listener, and a tempo of `wishes` is kept. Deterministic
        by tracks, library, model and seed. Raises NothingYetError if there are no tracks, nothing is known of their
        artists, or nothing fits; UsageError for an invalid `n` or seed.
        """
        if not 1 <= n <= MAX_AT_ONCE:
            raise UsageError(f"Add 1 to {MAX_AT_ONCE} tracks at once, not {n}.")
        given = Given.of(self.library.connection, MixSettings(seed=seed, from_library=from_library))
        leading = Counter(track.artist for track in tracks)
        asked = Asked(name, leading, given, wishes, seed, nearer=True)
        more = self._after(asked, tracks, places=n).tracks
        lacking: tuple[PlaylistTrack, ...] = ()
        if given.own is not None:
            of_any = self._after(replace(asked, given=replace(given, own=None)), tracks, places=n)
            lacking = given.own.lacking(of_any.tracks)
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
    ) -> Filled:
        """Tracks of this many minutes, or this number, by artists that fit the leading ones, none of `tracks` again.
        Where those that fit best have too few, others are taken too."""
        from engine.playlists.continuation import continued, not_in
        from engine.playlists.pool import of_usual_length

        found = Filled([])
        for artists, reach in self._wider(asked):
            pool = self._pool(asked, artists, everything=reach == math.inf)
            names = dict.fromkeys([*artists, *(one.artist_key for one in pool)])
            chosen = continued(
                tracks,
                pool,
                list(names),
                asked.wishes,
                places=places,
                minutes=minutes,
                seed=asked.seed,
                nearer=asked.nearer,
            )
            found = Filled(list(chosen), reach=reach)
            if len(chosen) >= places if places else seconds_of(chosen) > minutes * 60 - SHORT_BY:
                return found
            found.more = sum(map(of_usual_length, not_in([*tracks, *chosen], pool)))
        return found

    def _wider(self, asked: Asked) -> Iterator[tuple[list[str], float]]:
        """Ever more artists (keys, best first), and how many: at last, if asked for, all there are."""
        artists: list[str] = []
        model, taste = self._models.open(), asked.given.taste
        for artists in artists_with(model, asked.name, asked.leading, taste, everything=asked.everything):
            yield artists, len(artists)
        if asked.everything:
            yield artists, math.inf

    def _pool(self, asked: Asked, artists: Sequence[str], *, everything: bool) -> list[Candidate]:
        """Tracks of the artists to choose from, with `everything` the person's of all others too."""
        pool = tracks_by(self.library.connection, self._packs, artists, asked.given, all_own=everything)
        if not everything:
            return pool
        unwanted = AnySpelling(asked.given.taste.unwanted)
        return [one for one in pool if not unwanted.holds(one.artist_key)]

    # -- of the day ----------------------------------------------------------------------------------------

    @synchronized
    def tastes(self) -> tuple[Mode, ...]:
        """The tastes with a daily mix, largest first. Raises NothingYetError without listens or a model."""
        return self._tastes()[0]

    @synchronized
    def daily(self, taste: int = 1, settings: MixSettings | None = None) -> Mix:
        """A mix for the taste of that number: the same all day, whatever is played meanwhile, and another the next day.
        What was played today before it was first made counts as played in the last days.

        Raises UnknownNameError for an unknown number, NothingYetError without listens or a model.
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
        begun = self._begun(f"{day} {taste} {settings}") if settings.not_played_in else None
        given = Given.of(self.library.connection, settings, self._midnight(), begun)
        filled = self._filled(seeds, settings, given)
        tracks = lasting(filled.tracks, settings.minutes * 60)
        lacking = self._lacking(seeds, settings, given)
        notes = (*note_on_missing(lacking), *_notes(filled, tracks, settings))
        return Mix("daily", title, tracks, notes, missing=lacking)

    def _begun(self, mix: str) -> int:
        """When a mix of the day was first made: seconds UTC."""
        return self._last.begun(key_of(["daily", mix]), int(time.time()), mark(self.library.connection))

    def _tastes(self) -> tuple[tuple[Mode, ...], list[tuple[str, float]]]:
        """The tastes by plays before today, with names and weights of their artists."""
        from engine.recommend.settings import DEFAULTS
        from engine.taste.gate import Window

        window = Window(until=self._midnight())
        recommender = self._discover.recommender(replace(DEFAULTS, window=window))
        return recommender.modes, [(item.name, item.weight) for item in recommender.reasons]

    def _midnight(self) -> int:
        """The last midnight in this machine's time zone: seconds UTC."""
        day = _date(self._discover.today())
        return int(time.mktime((day.year, day.month, day.day, 0, 0, 0, 0, 0, -1)))


def _next_of(
    waiting: Sequence[PlaylistTrack], tracks: Sequence[PlaylistTrack]
) -> tuple[int, PlaylistTrack | None]:
    """The one of `waiting` whose artist may soonest follow `tracks`, and after how many others; null without any."""
    last = [artist_key(track.artist) for track in tracks[: -ARTIST_GAP - 1 : -1]]
    waits = [
        (ARTIST_GAP - last.index(key) if (key := artist_key(track.artist)) in last else 0, track)
        for track in waiting
    ]
    return min(waits, key=lambda one: one[0], default=(0, None))


def _notes(
    filled: Filled,
    tracks: Sequence[PlaylistTrack],
    settings: MixSettings,
    before: Sequence[PlaylistTrack] = (),
) -> list[str]:
    """What to say of a mix that follows `before`."""
    notes = []
    if left := [track for track in filled.seeds if track not in tracks]:
        wait, _ = _next_of(left, [*before, *tracks])
        why = f"an artist comes again after {ARTIST_GAP} others" if wait else "the list is full"
        notes.append(f"{quantity(len(left), 'tracks')} it starts from had no room: {why}.")
    if filled.reach > FITTING_ARTISTS:
        of = "all music there is" if filled.reach == math.inf else f"the best {filled.reach:,}"
        notes.append(f"The {FITTING_ARTISTS} artists that fit best have no more tracks: this is of {of}.")
    missing = settings.minutes * 60 - seconds_of(filled.tracks)
    return [*notes, *notes_on(before, tracks, missing, filled.more)]


def _date(day: int) -> datetime.date:
    """The date this many days after 1 January 1970."""
    return datetime.date(1970, 1, 1) + datetime.timedelta(days=day)


def _no_more(name: str, bpm: float | None, *, from_library: bool) -> str:
    at = f" at {bpm:.0f} bpm" if bpm is not None else ""
    if from_library:
        return (
            f"Nothing more of what you have{at} matches {name}. Add a folder of music: discover library add DIR, or "
            "leave out --from-library."
        )
    return f"No more tracks{at} match {name}. Add track features of more music: discover features add PATH."
