"""Mixes new and known items into one list, and limits the items per artist.

How many of an artist each side may contain is decided before ordering: so a dial that re-orders the sides finds the
same numbers, and what holds for the best of each side (more popular as the dial turns to popular) holds for the list.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]


def quotas(
    new: NDArray[np.int32], familiar: NDArray[np.int32], per_artist: int, familiarity: float
) -> tuple[Ids, Ids]:
    """How many items of its artist each side may hold, for each of `new` (a,) and `familiar` (b,) artists' numbers.

    Together no more than `per_artist`, in the dial's shares as far as there are enough.
    """
    artists, place = np.unique(np.concatenate([new, familiar]), return_inverse=True)
    of_new, of_familiar = place[: len(new)], place[len(new) :]
    there_new = np.bincount(of_new, minlength=len(artists))
    there_familiar = np.bincount(of_familiar, minlength=len(artists))
    quota = np.minimum(there_new, np.maximum(round(per_artist * familiarity), per_artist - there_familiar))
    return quota[of_new], (per_artist - quota)[of_familiar]


def within_quota(artists: NDArray[np.int32], quota: Ids) -> NDArray[np.bool_]:
    """(m,) bool: which of items, best first, by these `artists` (m,) are within each one's `quota`."""
    order = np.argsort(artists, kind="stable")
    firsts = np.flatnonzero(np.diff(artists[order], prepend=-1))
    before = np.empty(len(artists), dtype=np.int64)
    before[order] = np.arange(len(artists)) - np.repeat(firsts, np.diff(firsts, append=len(artists)))
    return np.asarray(before < quota)


def mixed(new: Ids, familiar: Ids, familiarity: float, n: int) -> Ids:
    """Merge two ordered lists so that after every row the share of new items is as near `familiarity` as possible.

    If one side runs out at a mixed setting, the other fills the list; at the ends of the dial nothing is mixed in.
    """
    if familiarity in (0.0, 1.0):
        return (new if familiarity else familiar)[:n]
    chosen: list[int] = []
    taken = [0, 0]
    sides: tuple[Sequence[int], Sequence[int]] = (new.tolist(), familiar.tolist())
    limits = (len(sides[0]), len(sides[1]))
    while len(chosen) < n and (taken[0] < limits[0] or taken[1] < limits[1]):
        wants_new = taken[0] < familiarity * (len(chosen) + 1)
        side = 0 if (wants_new and taken[0] < limits[0]) or taken[1] >= limits[1] else 1
        chosen.append(sides[side][taken[side]])
        taken[side] += 1
    return np.array(chosen, dtype=np.int64)
