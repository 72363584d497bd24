"""How much tracks belong to times of the week, from when the person played them."""

from __future__ import annotations

from collections.abc import Mapping

# An artist is as at any time until this many plays say otherwise, a track as its artist.
_ARTIST_PLAYS, _TRACK_PLAYS = 10.0, 5.0


def at_times(plays: Mapping[tuple[str, str], tuple[int, int]]) -> dict[tuple[str, str], float]:
    """Of each (artist key, track key), with its plays at the times and at any: 0..1, and 0.5 where it is played then as
    often as all there is. Empty where nothing was played then.

    Few plays say little: a track's share of plays then is drawn towards its artist's, that towards all.

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
