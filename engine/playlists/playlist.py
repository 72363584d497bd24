"""What making a playlist gives back: its tracks, how well they fit, and what to say about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.canonical_keys import artist_key, track_key

if TYPE_CHECKING:  # so that saved playlists are listed and exported without loading NumPy
    from engine.playlists.contexts import Settings
    from engine.playlists.profile import Profile


@dataclass(frozen=True, slots=True)
class PlaylistTrack:
    """One track of a playlist.

    `seconds` is an assumption where `seconds_estimated`. `target_bpm` is the cadence asked for in the middle
    of the track, `factor` what its own tempo is multiplied by to meet it (0.5, 1 or 2); both None where no
    tempo was asked for or is known. `reason` says why it is in a list of recommendations, in words, else it is empty.
    """

    artist: str
    track: str
    album: str | None = None
    bpm: float | None = None
    bpm_source: str | None = None
    seconds: float | None = None
    known: bool = True
    target_bpm: float | None = None
    factor: float | None = None
    ids: tuple[tuple[str, str], ...] = ()
    seconds_estimated: bool = False
    reason: str = ""

    @property
    def pair(self) -> tuple[str, str]:
        """The keys by which two entries are the same track: the artist's and the title's, empty without one."""
        return artist_key(self.artist), track_key(self.track)

    @property
    def tempo_error(self) -> float | None:
        """How far the track is from the cadence asked for, as a share of it (0.02 = 2 %)."""
        if self.bpm is None or self.target_bpm is None or self.factor is None:
            return None
        return abs(self.bpm * self.factor / self.target_bpm - 1.0)


@dataclass(frozen=True, slots=True)
class Curve:
    """How a list follows what is asked for: a track each, what was `wanted` in its middle and what it `has` (null where
    unknown). Tempo is in beats a minute, half and double time counted; energy and calm are 0..1. `estimated` tracks
    have an energy that is only how loud their file is."""

    measure: str
    wanted: tuple[float, ...]
    has: tuple[float | None, ...]
    estimated: int = 0

    @property
    def error(self) -> float | None:
        """Mean distance, of the tracks where it is known; null where of none."""
        known = [
            abs(has - wanted) for wanted, has in zip(self.wanted, self.has, strict=True) if has is not None
        ]
        return sum(known) / len(known) if known else None

    @property
    def unknown(self) -> int:
        """Of how many tracks it is not known."""
        return sum(has is None for has in self.has)


@dataclass(frozen=True, slots=True)
class ContextPlaylist:
    """A playlist made for a context.

    `pool` counts the tracks it could be chosen from, `coverage` is the share of these of which what the context asks
    for first is known (`measured`: tempo, energy or calm), `fitting` counts those that fit. `curves` say how it follows
    the profile. `artist_gap` is how many places lie at least between two tracks of an artist. `missing` are the tracks
    such a list would hold that the person does not have, where it is of what they have alone. `left_out` are parts of
    the profile that nothing fits, from start to end in seconds: the list is of the rest. `notes` are sentences the
    person should read. `objective` is what was maximised (only comparable between lists made from one pool with the
    same settings).
    """

    context: str
    title: str
    settings: Settings
    profile: Profile
    tracks: tuple[PlaylistTrack, ...]
    pool: int
    fitting: int
    coverage: float
    artist_gap: int
    objective: float
    measured: str
    curves: tuple[Curve, ...] = ()
    notes: tuple[str, ...] = ()
    missing: tuple[PlaylistTrack, ...] = ()
    left_out: tuple[tuple[float, float], ...] = ()

    def profile_time(self, seconds: float) -> float:
        """Which time of the profile plays so many seconds after the list's start."""
        for start, end in self.left_out:
            if seconds >= start:
                seconds += end - start
        return seconds

    def curve(self, measure: str) -> Curve:
        """How it follows one of the measures the context asks for."""
        return next(curve for curve in self.curves if curve.measure == measure)

    @property
    def seconds(self) -> float:
        """Length of the whole list, estimated lengths included."""
        return sum(track.seconds or 0.0 for track in self.tracks)

    @property
    def length_error(self) -> float:
        """Seconds the list is longer (or, below 0, shorter) than asked for."""
        return self.seconds - self.settings.minutes * 60.0

    @property
    def new_share(self) -> float:
        """Share of tracks the person has not played, 0..1."""
        return sum(not track.known for track in self.tracks) / len(self.tracks) if self.tracks else 0.0

    @property
    def tempo_error(self) -> float:
        """Mean distance of the tracks' tempo from the cadence asked for, as a share of it."""
        errors = [error for track in self.tracks if (error := track.tempo_error) is not None]
        return sum(errors) / len(errors) if errors else 0.0
