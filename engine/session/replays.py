"""Mixes of one's own music: forgotten favourites, and what was played on this day in past years."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.errors import NothingYetError
from engine.playlists.mix import Kind, Mix, MixSettings, note_on_missing, notes_on, seconds_of
from engine.session.library import Library, Service, synchronized
from engine.session.mix_pool import Given
from engine.store.history import PlayedTrack, played_tracks
from engine.wording import day_in_words, month_of, quantity

if TYPE_CHECKING:
    from engine.playlists.playlist import PlaylistTrack
    from engine.session.discover import Discover
    from engine.session.packs import Packs


class Replays(Service):
    """Mixes without new music. They need no model; without excluded plays and blocked artists."""

    def __init__(self, library: Library, packs: Packs, discover: Discover) -> None:
        super().__init__(library)
        self._packs = packs
        self._discover = discover

    @synchronized
    def forgotten(self, settings: MixSettings | None = None) -> Mix:
        """Tracks much played once but not for half a year, and tracks of such artists.

        Raises NothingYetError if there are none.
        """
        from engine.recommend.rediscovery import FORGOTTEN_DAYS, forgotten_tracks
        from engine.taste.rules import counted_listens
        from engine.taste.when_played import last_played

        connection = self.library.connection
        last_times = last_played(connection)
        # What is played where it does not count for taste is not forgotten.
        played = [
            replace(track, last_played=last_times.get(track.id))
            for track in played_tracks(connection, counted_listens(connection))
        ]
        ids = forgotten_tracks(played)

        def reason(track: PlayedTrack) -> str:
            last = f", last in {month_of(_day(track.last_played))}" if track.last_played is not None else ""
            return f"{quantity(track.plays, 'plays')}{last}"

        tracks = [track for track in played if track.id in ids]
        found = self._again("forgotten", "Forgotten favourites", tracks, reason, settings)
        if found is None:
            raise NothingYetError(
                f"Nothing is forgotten: there is no favourite you have not played for {FORGOTTEN_DAYS} days."
            )
        return found

    @synchronized
    def on_this_day(self, settings: MixSettings | None = None) -> Mix:
        """Tracks played on this day of the year in past years. Raises NothingYetError if there are none."""
        from engine.taste.when_played import counted_within, day_in_past_years

        connection = self.library.connection
        today = datetime.date(1970, 1, 1) + datetime.timedelta(days=self._discover.today())
        name = day_in_words(today).rpartition(" ")[0]

        def reason(track: PlayedTrack) -> str:
            return f"{quantity(track.plays, 'plays')} on {name}, last in {_day(track.last_played or 0)[:4]}"

        played = played_tracks(connection, counted_within(connection, day_in_past_years(connection, today)))
        found = self._again("on-this-day", f"{name} in past years", played, reason, settings)
        if found is None:
            raise NothingYetError(f"Nothing was played on {name} in past years.")
        return found

    def _again(
        self,
        kind: Kind,
        title: str,
        played: Sequence[PlayedTrack],
        reason: Callable[[PlayedTrack], str],
        settings: MixSettings | None,
    ) -> Mix | None:
        """A mix of these tracks, most played first, each with its reason; None if there are none. Raises
        NothingYetError if the person has no music of them and asked for no other."""
        from engine.playlists.compose import sequenced
        from engine.playlists.contexts import Context, Settings
        from engine.playlists.offer import to_play_again

        settings = settings or MixSettings()
        connection = self.library.connection
        with self._packs.features() as features:
            pairs = to_play_again(connection, features, played)
        given = Given.of(connection, settings)
        context = Context(name=kind, title=title, asks="tracks to play again")
        asked = Settings(minutes=settings.minutes, new=0.0, seed=settings.seed)
        found = sequenced([one for one, _ in pairs if given.takes(one)], context, asked)
        lacking: tuple[PlaylistTrack, ...] = ()
        if given.own is not None:
            lacking = given.own.lacking(sequenced([one for one, _ in pairs], context, asked))
        if not found:
            if lacking:
                raise NothingYetError(" ".join(["You have no music of it.", *note_on_missing(lacking)]))
            return None
        reasons = {(one.artist, one.track): reason(track) for one, track in pairs}
        tracks = tuple(replace(track, reason=reasons[track.artist, track.track]) for track in found)
        short = settings.minutes * 60 - seconds_of(found)
        notes = (*note_on_missing(lacking), *notes_on((), tracks, short))
        return Mix(kind, title, tracks, notes, missing=lacking)


def _day(moment: int) -> str:
    return time.strftime("%Y-%m-%d", time.localtime(moment))
