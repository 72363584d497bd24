"""A candidate track for a playlist."""

from __future__ import annotations

from dataclasses import dataclass

# Prefix of the source of an estimated tempo.
ESTIMATE = "estimate"


@dataclass(frozen=True, slots=True)
class Candidate:
    """One candidate track, with its features.

    `artist_key` and `track_key` come from `engine.canonical_keys`. `bpm` is in beats a minute, None when unknown;
    `bpm_source` names where it is from, `other_bpm` is its second reading where the octave is open. `energy` and `calm`
    are 0..1; `energy_estimated` where it is only how loud its file is. `appeal` is any number on one scale for the
    whole pool, greater is better: only its rank is used. `known` is true for what the person has played. `ids` are
    pairs of scheme and value as in the library: ("spotify", …), ("isrc", …), ("mb_recording", …), ("file",
    path). `at_times` is how much it belongs to the context's times of the week: 0.5 as to any other, towards 1 more.
    """

    artist: str
    track: str
    artist_key: str
    track_key: str
    bpm: float | None
    bpm_source: str | None
    energy: float | None
    seconds: float | None
    appeal: float
    known: bool
    album: str | None = None
    ids: tuple[tuple[str, str], ...] = ()
    calm: float | None = None
    at_times: float | None = None
    energy_estimated: bool = False
    other_bpm: float | None = None

    @property
    def pair(self) -> tuple[str, str]:
        """Its keys: the artist's and the title's."""
        return self.artist_key, self.track_key
