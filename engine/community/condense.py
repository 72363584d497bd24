"""Builds a community from counts by id and by name: merged, split, pruned and capped, in bounded memory.

Counts stay in blocks of rows until the end, so that only the last step holds them twice.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.canonical_keys import SEPARATOR, item_key
from engine.community.offers import FEW_LISTENERS

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

# Which listeners, and (these listeners, items) their plays.
Part = tuple[np.ndarray, "csr_matrix"]
# Between the artists of a credit written as one name.
_JOINTS = re.compile(r"\s*[,;/&+]\s*|\s+(?:and|x|vs\.?|with|feat\.?|ft\.?|featuring)\s+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Limits:
    """Thresholds: minimum plays of a pair, minimum listeners of an item, and the quantile of listeners' plays at which
    a listener's are capped.
    """

    pair_plays: int = 2
    item_listeners: int = FEW_LISTENERS
    listener_share: float = 0.999


@dataclass(frozen=True, slots=True)
class Condensed:
    """A community: (listeners, items) float32 CSR; `kept` (items,) the numbers its items had; how many names went to
    one id (`merged`), to several (`split`); how many names kept are those of several ids (`shared`); the most plays a
    listener has, and how many had more.
    """

    plays: csr_matrix
    kept: np.ndarray
    merged: int
    split: int
    shared: int
    cap: float
    capped: int


def condense(
    blocks: list[csr_matrix],
    names: Sequence[str],
    mapped: np.ndarray,
    limits: Limits,
    dropped: Counter[str],
    poll: Callable[[], None],
) -> Condensed:
    """Merge and prune. `blocks` (listeners, names), emptied on the way; `mapped` (names,) says which have an id.

    Items of one id are one already. An item with only a name goes to the id of this name, if exactly one has it; a
    credit of several such names to each of them; all others are dropped.
    """
    from scipy.sparse import csr_matrix

    keys = _keys(names, poll)
    target, merged_names, split = _targets(names, keys, mapped)
    lost = np.diff(target.indptr) == 0
    listeners = np.zeros(len(names), dtype=np.int64)
    for number, block in enumerate(blocks):
        poll()
        dropped["play of a name without one id"] += int(lost[block.indices].sum())
        merged = csr_matrix(block @ target)
        few = merged.data < limits.pair_plays
        dropped[f"pair under {limits.pair_plays} plays"] += int(few.sum())
        merged.data[few] = 0
        merged.eliminate_zeros()
        listeners += np.bincount(merged.indices, minlength=len(names))
        blocks[number] = merged
    kept = np.flatnonzero(listeners >= limits.item_listeners)
    dropped[f"item under {limits.item_listeners} listeners"] += int(np.count_nonzero(listeners)) - len(kept)
    parts: list[Part] = []
    rows = 0
    while blocks:
        poll()
        smaller = narrowed(blocks.pop(0), kept)
        parts.append((np.arange(rows, rows := rows + smaller.shape[0]), smaller))
    plays = stacked(parts, rows, len(kept))
    shared = np.count_nonzero(np.unique(keys[kept], return_counts=True)[1] > 1)
    return Condensed(plays, kept, merged_names, split, int(shared), *_cap(plays, limits))


def _keys(names: Sequence[str], poll: Callable[[], None]) -> np.ndarray:
    """The key of each name (names,) as a 64-bit hash, in a tenth of the memory."""
    keys = np.empty(len(names), dtype=np.int64)
    for number, name in enumerate(names):
        if number % 65_536 == 0:
            poll()
        keys[number] = hash(item_key(name))
    return keys


def _targets(names: Sequence[str], keys: np.ndarray, mapped: np.ndarray) -> tuple[csr_matrix, int, int]:
    """(names, names): where each of them counts; how many went to one id, to several."""
    from scipy.sparse import csr_matrix

    own = np.flatnonzero(mapped)
    known, first, count = np.unique(keys[own], return_index=True, return_counts=True)

    def only(key: int) -> int | None:
        """The one item with an id whose name has this key."""
        place = int(np.searchsorted(known, key))
        one = place < len(known) and known[place] == key and count[place] == 1
        return int(own[first[place]]) if one else None

    rows, columns = [own], [own]
    merged, split = 0, 0
    for number in np.flatnonzero(~mapped).tolist():
        if (one := only(int(keys[number]))) is not None:
            found = [one]
            merged += 1
        else:
            found = _parts(names[number], only)
            split += bool(found)
        rows.append(np.full(len(found), number))
        columns.append(np.array(found, dtype=np.int64))
    places = np.concatenate(rows), np.concatenate(columns)
    matrix = csr_matrix((np.ones(len(places[0]), dtype=np.float32), places), shape=(len(names),) * 2)
    return matrix, merged, split


def _parts(name: str, only: Callable[[int], int | None]) -> list[int]:
    """The artists of a joint credit, where each of its parts is one known artist; else none."""
    parts = [] if SEPARATOR in name else _JOINTS.split(name)
    found = [only(hash(item_key(part))) for part in parts if part.strip()] if len(parts) > 1 else []
    known = [one for one in found if one is not None]
    return sorted(set(known)) if len(known) == len(found) else []


def summed(rows: np.ndarray, items: np.ndarray, plays: np.ndarray) -> Part:
    """Plays of one row each (n,), in any order, as a block: equal pairs are summed."""
    from scipy.sparse import csr_matrix

    listeners, local = np.unique(rows, return_inverse=True)
    shape = (len(listeners), int(items.max()) + 1 if len(items) else 0)
    return listeners, csr_matrix((plays, (local, items)), shape=shape, dtype=np.float32)


def stacked(blocks: list[Part], listeners: int, items: int) -> csr_matrix:
    """Blocks of any listeners as (listeners, items) float32 CSR; equal pairs are summed, and `blocks` is emptied."""
    from scipy.sparse import csr_matrix

    indptr = np.zeros(listeners + 1, dtype=np.int64)
    for rows, block in blocks:
        indptr[rows + 1] += np.diff(block.indptr)
    np.cumsum(indptr, out=indptr)
    indices, data = np.empty(indptr[-1], dtype=np.int32), np.empty(indptr[-1], dtype=np.float32)
    begin = indptr[:-1].copy()
    while blocks:
        rows, block = blocks.pop(0)
        lengths = np.diff(block.indptr)
        place = np.arange(block.nnz) + np.repeat(begin[rows] - block.indptr[:-1], lengths)
        indices[place], data[place] = block.indices, block.data
        begin[rows] += lengths
    matrix = csr_matrix((data, indices, indptr), shape=(listeners, items))
    matrix.sum_duplicates()
    return matrix


def narrowed(plays: csr_matrix, kept: np.ndarray) -> csr_matrix:
    """Only these items, renumbered in their order, without listeners who played none of them."""
    from scipy.sparse import csr_matrix

    if len(kept) == plays.shape[1]:
        chosen = plays
    else:
        number = np.full(plays.shape[1], -1, dtype=np.int32)
        number[kept] = np.arange(len(kept))
        indices = number[plays.indices]
        there = indices >= 0
        indptr = np.concatenate(([0], np.cumsum(there, dtype=np.int64)))[plays.indptr]
        chosen = csr_matrix((plays.data[there], indices[there], indptr), shape=(plays.shape[0], len(kept)))
    some = np.diff(chosen.indptr) > 0
    return chosen if some.all() else csr_matrix(chosen[some])


def _cap(plays: csr_matrix, limits: Limits) -> tuple[float, int]:
    """Winsorize in place: rows of extreme listeners are scaled down to the cap.

    Returns the cap, and how many there were.
    """
    totals = np.asarray(plays.sum(axis=1)).ravel()
    if not len(totals):
        return 0.0, 0
    cap = float(np.quantile(totals, limits.listener_share, method="higher"))
    above = np.flatnonzero(totals > cap)
    for row in above.tolist():
        theirs = plays.data[plays.indptr[row] : plays.indptr[row + 1]]
        np.maximum(theirs * np.float32(cap / totals[row]), 1, out=theirs)
    return cap, len(above)
