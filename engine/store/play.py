"""One play as an export gives it, before it is in the library."""

from __future__ import annotations

import msgspec

# `Play.basis`: what the service stamped, before any shifting.
START, END, UNKNOWN = 0, 1, 2

# `Play.precision` of a clock that knows minutes, or days, only.
MINUTE, DAY = 60, 86_400

# `listens.flags`
PRIVATE_FLAG = 1  # the service marked it private
END_FLAG = 2  # the service stamped the end; the start was computed
UNKNOWN_FLAG = 4  # whether start or end was stamped is unknown
COUNT_FLAG = 8  # a count dated by its last play, not one listen
BASIS_FLAGS = (0, END_FLAG, UNKNOWN_FLAG)  # by `Play.basis`

# Milliseconds that make a row a listen; shorter ones are skips, but for half a track (FORMATS.md, What is a play).
MIN_MS = 30_000

Ids = tuple[tuple[str, str], ...]
# A longer value is not an id: an address of a track has about a hundred characters.
MAX_ID = 300


class Play(msgspec.Struct, gc=False):
    """One play, or with `counted` a number of plays known only by their count and the last one's time.

    `started_at` is the start in seconds since 1970 UTC, None when the date is unknown or impossible. `ms_played` and
    `duration_ms` are milliseconds, None when unknown (never 0 for unknown). `precision` is the width of the source's
    clock in seconds: 1, 60, 3600 or 86400. `skip` is True when the source says so. `paused` is how many seconds before
    `started_at` it truly began, if the start was computed from the end and the source knows of a pause. `ids` are
    (scheme, value) pairs of the track's ids at other services.
    """

    artist: str
    title: str
    started_at: int | None = None
    ms_played: int | None = None
    album: str | None = None
    duration_ms: int | None = None
    ids: Ids = ()
    precision: int = 1
    basis: int = START
    skip: bool = False
    private: bool = False
    counted: bool = False
    plays: int = 1
    paused: int | None = None


def is_half(played: int, play: Play) -> bool:
    """Whether at least half of a track of known length was played: a short track is a listen too."""
    length = play.duration_ms
    return length is not None and 0 < length <= played * 2
