"""Candidates for mixes: tracks that may be in one, and artists that fit others."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.canonical_keys import AnySpelling, artist_key, joined_key
from engine.errors import NothingYetError
from engine.wording import few, learned_from, quantity

if TYPE_CHECKING:
    import sqlite3

    from engine.playlists.candidate import Candidate
    from engine.playlists.mix import MixSettings
    from engine.playlists.playlist import PlaylistTrack
    from engine.session.packs import Packs
    from engine.taste.gate import Taste
    from engine.taste.own_music import OwnMusic
    from engine.training.artifact import Model

# How many of the best fitting artists to take tracks from, and how many times as many where they have too few.
FITTING_ARTISTS, WIDER = 200, 4


@dataclass(frozen=True)
class Given:
    """Data read once per mix: the person's taste, the music they have if restricted to that, what was played too
    recently, and the end of the plays used for taste (seconds UTC, null: now)."""

    taste: Taste
    own: OwnMusic | None = None
    until: int | None = None
    played_lately: AnySpelling = field(default_factory=lambda: AnySpelling(()))

    @classmethod
    def of(
        cls,
        connection: sqlite3.Connection,
        settings: MixSettings,
        until: int | None = None,
        begun: int | None = None,
    ) -> Given:
        """The data for a mix with these settings, `begun` then (seconds UTC, null: now): nothing played later is
        missing from it."""
        from engine.taste.gate import Window, read_taste
        from engine.taste.own_music import own_music
        from engine.taste.when_played import played_since

        played_lately = AnySpelling(())
        if settings.not_played_in:
            since = (until or int(time.time())) - settings.not_played_in * 86_400
            played_lately = AnySpelling(played_since(connection, since, begun))
        own = own_music(connection) if settings.from_library else None
        return cls(read_taste(connection, Window(until=until)), own, until, played_lately)

    def takes(self, track: Candidate) -> bool:
        """Whether a track may be in the mix."""
        return self._may_be_in(track.artist_key, track.track)

    def lists(self, seed: PlaylistTrack) -> bool:
        """Whether the track of a seed may be in it."""
        return self._may_be_in(artist_key(seed.artist), seed.track)

    def note_on_lately(self, seeds: Sequence[PlaylistTrack]) -> tuple[str, ...]:
        """What to say of the tracks of seeds that were played too recently to be in the mix."""
        played = [
            track
            for track in seeds
            if track.track and self.played_lately.holds(joined_key(artist_key(track.artist), track.track))
        ]
        if not played:
            return ()
        named = few([f"{track.artist} - {track.track}" for track in played])
        return (
            f"You played {quantity(len(played), 'tracks')} it starts from too recently: without {named}.",
        )

    def _may_be_in(self, artist: str, title: str) -> bool:
        has = self.own is None or self.own.holds(artist, title)
        return has and not self.played_lately.holds(joined_key(artist, title))


def tracks_by(
    connection: sqlite3.Connection,
    packs: Packs,
    artists: Sequence[str],
    given: Given,
    *,
    all_own: bool = False,
) -> list[Candidate]:
    """Tracks by artists (keys, best first) that may be in a mix; with `all_own` those of the person by others too."""
    from engine.playlists.offer import offered

    places = {key: rank for rank, key in enumerate(artists, 1)}
    with packs.features() as features:
        pool = offered(connection, features, places, all_own=all_own, until=given.until)
    return [track for track in pool if given.takes(track)]


def artists_with(
    model: Model, name: str, leading: Mapping[str, float], taste: Taste, *, everything: bool = False
) -> Iterator[list[str]]:
    """Keys of the artists that fit the leading ones (names with weights), best first: the first few, then ever more,
    up to the model's candidates, with `everything` up to all of its catalog.

    `name` is for error messages. Raises NothingYetError if there are none, or nothing is known of them.
    """
    from engine.recommend.fitting import fitting_artists
    from engine.taste.gate import LIKE_PLAYS, TasteItem

    if not leading:
        raise NothingYetError(f"{name} is empty. Add a track or two first.")
    weights: dict[str, float] = {}
    for artist, weight in leading.items():
        weights[artist_key(artist)] = weights.get(artist_key(artist), 0.0) + weight
    names = {artist_key(artist): artist for artist in leading}
    # As if they were somebody's taste: each counts like likes.
    items = [TasteItem(key, names[key], LIKE_PLAYS * weight, None) for key, weight in weights.items()]
    listener = taste.of(items)
    if not model.catalog.ids_of([item.key for item in listener.items]):
        raise NothingYetError(unknown(name, solo=model.manifest.solo))
    count = FITTING_ARTISTS
    for whole in (False, True) if everything else (False,):
        artists = fitting_artists(model, listener, taste.by_key, whole=whole)
        while True:
            yield artists[:count]
            if count >= len(artists):
                break
            count *= WIDER


def unknown(name: str, *, solo: bool) -> str:
    """The error for a mix of what the model does not know."""
    return (
        f"None of the artists in {name} is in {learned_from(solo=solo)}, so nothing is known to go with it. "
        "Use one that Discover or Related shows."
    )
