"""How much tracks belong to times of the week, by when the person played them."""

from __future__ import annotations

from collections.abc import Mapping

# Prior plays: of an artist at the overall rate, and of a track at its artist's.
_ARTIST_PLAYS, _TRACK_PLAYS = 10.0, 5.0


def at_times(plays: Mapping[tuple[str, str], tuple[int, int]]) -> dict[tuple[str, str], float]:
    """For each (artist key, track key), with its plays at these times and at any: 0..1, with 0.5 for the overall rate.

    Empty if nothing was played then. With few plays a track's share is shrunk towards its artist's, and that towards
    the overall one.

    >>> found = at_times({("a", "x"): (30, 40), ("a", "y"): (0, 0), ("b", "z"): (0, 60)})
    >>> {key: round(value, 2) for key, value in found.items()}
    {('a', 'x'): 0.71, ('a', 'y'): 0.69, ('b', 'z'): 0.01}
    """
    then, every = (sum(one[which] for one in plays.values()) for which in (0, 1))
    if not then:
        return {}
    usual = then / every
    of_artist: dict[str, list[float]] = {}
    for (artist, _), (some, of) in plays.items():
        counts = of_artist.setdefault(artist, [0.0, 0.0])
        counts[0] += some
        counts[1] += of
    share = {
        artist: (some + _ARTIST_PLAYS * usual) / (of + _ARTIST_PLAYS)
        for artist, (some, of) in of_artist.items()
    }
    found = {}
    for (artist, track), (some, of) in plays.items():
        lift = (some + _TRACK_PLAYS * share[artist]) / (of + _TRACK_PLAYS) / usual
        found[artist, track] = lift / (1.0 + lift)
    return found
