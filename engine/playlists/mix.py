"""A mix: its settings, seeds and result. Does not need NumPy."""

from __future__ import annotations

import hashlib
import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from engine.canonical_keys import artist_key
from engine.errors import UsageError
from engine.playlists.contexts import ARTIST_GAP, SHORT_BY, check_seed
from engine.playlists.playlist import PlaylistTrack
from engine.wording import few, one_or_many, quantity

Kind = Literal["mix", "daily", "forgotten", "on-this-day", "bridge"]
# Default and maximum length of a mix, in minutes.
MINUTES, MAX_MINUTES = 90.0, 600


@dataclass(frozen=True, slots=True)
class MixSettings:
    """How long a mix lasts in `minutes`, how far it moves away from its seeds (`drift`: the weight of the preceding
    tracks, 0..1), whether it is restricted to music the person has (`from_library`), and the days since the last play
    of its tracks (`not_played_in`, 0: any). The same `seed` gives the same mix of the same library. Raises
    UsageError."""

    minutes: float = MINUTES
    seed: int = 0
    drift: float = 0.0
    from_library: bool = False
    not_played_in: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.minutes <= MAX_MINUTES:
            raise UsageError(
                f"minutes {self.minutes:g} is out of range: enter a number from 1 to {MAX_MINUTES}."
            )
        if not 0 <= self.drift <= 1:
            raise UsageError(f"drift {self.drift:g} is out of range: enter a number from 0 to 1.")
        check_seed(self.seed)
        if not 0 <= self.not_played_in <= 36_500:
            raise UsageError(f"days {self.not_played_in} is out of range: enter a number from 0 to 36500.")


@dataclass(frozen=True, slots=True)
class MixSeeds:
    """The seeds of a mix: `tracks` begin it, the artists (by name) in `leading` lead it with their weights, `without`
    are excluded. `key` is a digest of the seeds; a mix without one is not continued."""

    title: str
    tracks: tuple[PlaylistTrack, ...]
    leading: Mapping[str, float]
    key: str = ""
    without: tuple[PlaylistTrack, ...] = ()

    @classmethod
    def of_tracks(cls, title: str, tracks: Sequence[PlaylistTrack]) -> MixSeeds:
        """Tracks, and artists, by name where a title is empty, which lead and are not listed."""
        listed = tuple(track for track in tracks if track.track)
        return cls(title, listed, Counter(track.artist for track in tracks))


def key_of(seeds: Sequence[str]) -> str:
    """A digest of seeds, whatever their order."""
    return hashlib.sha256("\x1f".join(sorted(seeds)).encode("utf-8", "replace")).hexdigest()


@dataclass(frozen=True, slots=True)
class Mix:
    """A mix: its tracks, and sentences the person should read. `missing` are as of a `ContextPlaylist`. Of a bridge
    `similarities` say how alike the artist of each track is to the one before, null for the first."""

    kind: Kind
    title: str
    tracks: tuple[PlaylistTrack, ...]
    notes: tuple[str, ...] = ()
    similarities: tuple[float | None, ...] = ()
    missing: tuple[PlaylistTrack, ...] = ()


def leading_with(seeds: MixSeeds, last: Sequence[PlaylistTrack], drift: float) -> dict[str, float]:
    """How much each artist counts: the seeds' together, and with the share `drift` those of the tracks chosen last."""
    share = drift if last else 0.0
    whole = sum(seeds.leading.values())
    leading = {artist: weight * (1.0 - share) for artist, weight in seeds.leading.items()}
    for track in last:
        leading[track.artist] = leading.get(track.artist, 0.0) + whole * share / len(last)
    return {artist: weight for artist, weight in leading.items() if weight > 0}


def seconds_of(tracks: Sequence[PlaylistTrack]) -> float:
    """How long tracks are together, estimated lengths included."""
    return sum(track.seconds or 0.0 for track in tracks)


def lasting(tracks: Sequence[PlaylistTrack], seconds: float) -> tuple[PlaylistTrack, ...]:
    """The first tracks, as many as come nearest to a length."""
    ends = list(itertools.accumulate(track.seconds or 0.0 for track in tracks))
    count = min(range(len(ends)), key=lambda place: abs(ends[place] - seconds), default=-1) + 1
    return tuple(tracks[:count])


def notes_on(
    before: Sequence[PlaylistTrack], tracks: Sequence[PlaylistTrack], missing: float, more: int = 0
) -> tuple[str, ...]:
    """What to say of a mix that follows `before`: artists that come too soon, and `missing` seconds, were there any,
    though `more` tracks fit, of artists who came too recently."""
    notes = []
    gap = _least_gap([artist_key(track.artist) for track in (*before[-ARTIST_GAP:], *tracks)])
    if gap < ARTIST_GAP:
        after = f"after {quantity(gap, 'other tracks')}" if gap else "at once"
        notes.append(f"Few artists fit: an artist comes again {after}, not after {ARTIST_GAP}.")
    if missing > SHORT_BY:
        why = "No more tracks fit"
        if more:
            fit, by = (
                quantity(more, "more tracks fit", "more track fits"),
                one_or_many(more, "all by artists", "by an artist"),
            )
            why = f"{fit}, {by} played less than {ARTIST_GAP} tracks before"
        notes.append(f"{why}: the list is {quantity(round(missing / 60), 'minutes')} short.")
    return tuple(notes)


def note_on_missing(missing: Sequence[PlaylistTrack]) -> tuple[str, ...]:
    """What to say of tracks the person does not have and a list would else hold."""
    if not missing:
        return ()
    named = few([f"{track.artist} - {track.track}" for track in missing])
    return (f"You do not have {quantity(len(missing), 'tracks')} it would otherwise have: {named}.",)


def _least_gap(artists: Sequence[str]) -> int:
    """The fewest places between two tracks of one artist, at most `ARTIST_GAP`."""
    seen: dict[str, int] = {}
    least = ARTIST_GAP
    for place, artist in enumerate(artists):
        if artist in seen:
            least = min(least, place - seen[artist] - 1)
        seen[artist] = place
    return least
