"""Training data: all community packs of a level as one matrix, or one's own sessions.

A listener of a pack is a row; items with the same key in several packs share a column. Without community data the rows
are the person's own listening sessions, and the columns only what was already played.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from engine.canonical_keys import Level, artist_of, item_key
from engine.community.earlier_keys import are_earlier
from engine.community.genres import read_genres
from engine.community.mbids import MBID_BYTES
from engine.community.pack import Pack
from engine.community.packs import joined
from engine.defaults import SOLO_ITEMS, SOLO_SESSIONS
from engine.errors import NothingYetError
from engine.paths import Folders
from engine.taste.gate import read_taste
from engine.taste.sessions import any_undated, read_sessions
from engine.wording import quantity

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_AT_A_TIME = 1 << 22  # pairs


@dataclass(frozen=True)
class Interactions:
    """Play counts, rows x items, float32 CSR, and what its rows and columns are: items' names and their keys; `times`
    are those of sessions.

    `artists` (items,) int32 numbers the artists of tracks; null where items are artists. `mbids` (items, 16) uint8 are
    MusicBrainz ids, zeros where one has none, null where none has. `source` and `collected` are what the packs say of
    themselves.
    """

    plays: csr_matrix
    names: Sequence[str]
    keys: Sequence[str]
    tags: Sequence[tuple[int, str, float]]
    packs: tuple[str, ...]
    solo: bool
    digest: str
    taste: str = ""
    times: np.ndarray | None = None
    artists: np.ndarray | None = None
    mbids: np.ndarray | None = None
    source: str = ""
    collected: str = ""


def community_interactions(packs: Sequence[Pack]) -> Interactions:
    """All packs stacked: their listeners below one another, items with equal keys in one column.

    Raises DamagedDataError for a pack that is not whole.
    """
    column: dict[str, int] = {}
    names: list[str] = []
    tags: dict[tuple[int, str], float] = {}
    parts: list[tuple[csr_matrix, np.ndarray]] = []
    known: list[tuple[np.ndarray, np.ndarray]] = []
    for pack in packs:
        pack.require_whole()
        catalog = pack.catalog()
        labels, keys = catalog.names_and_keys()
        if are_earlier(labels, keys):
            keys = list(map(item_key, labels))
        numbered = (column.setdefault(key, len(column)) for key in keys)
        columns = np.fromiter(numbered, dtype=np.int32, count=len(keys))
        found, first = np.unique(columns, return_index=True)
        names += [labels[number] for number in first[found >= len(names)].tolist()]
        for item, tag, weight in catalog.all_tags():
            place = int(columns[item]), tag
            tags[place] = tags.get(place, 0.0) + weight
        parts.append((pack.matrix(), columns))
        if (ids := pack.mbids()) is not None:
            known.append((columns, ids))
        catalog.close()
    digest = hashlib.sha256("".join(pack.manifest.digest for pack in packs).encode()).hexdigest()
    return Interactions(
        _one_matrix(parts, len(names)),
        names,
        list(column),
        [(item, tag, weight) for (item, tag), weight in tags.items()],
        tuple(pack.manifest.name for pack in packs),
        False,
        digest,
        artists=numbered_artists(column) if any(pack.manifest.level == "tracks" for pack in packs) else None,
        mbids=_mbids(known, len(names)) if known else None,
        source=joined(pack.manifest.source for pack in packs),
        collected=joined(pack.manifest.collected for pack in packs),
    )


def _one_matrix(parts: Sequence[tuple[csr_matrix, np.ndarray]], items: int) -> csr_matrix:
    """The packs' rows concatenated, with each pack's columns renumbered: a single pack of distinct items as it is,
    mapped from its files, otherwise one copy.
    """
    from scipy.sparse import csr_matrix

    if len(parts) == 1 and np.array_equal(parts[0][1], np.arange(items)):
        return parts[0][0]
    lengths = [np.diff(plays.indptr) for plays, _ in parts]
    indptr = np.concatenate(([0], np.cumsum(np.concatenate(lengths), dtype=np.int64)))
    indices, data = np.empty(indptr[-1], dtype=np.int32), np.empty(indptr[-1], dtype=np.float32)
    begin = 0
    for plays, columns in parts:
        for start in range(0, plays.nnz, _AT_A_TIME):
            end = min(plays.nnz, start + _AT_A_TIME)
            indices[begin + start : begin + end] = columns[plays.indices[start:end]]
            data[begin + start : begin + end] = plays.data[start:end]
        begin += plays.nnz
    matrix = csr_matrix((data, indices, indptr), shape=(len(indptr) - 1, items))
    matrix.sum_duplicates()
    return matrix


def _mbids(known: Sequence[tuple[np.ndarray, np.ndarray]], items: int) -> np.ndarray:
    """Of (columns, their ids): each column's first id, zeros where it has none."""
    found = np.zeros((items, MBID_BYTES), dtype=np.uint8)
    for columns, ids in reversed(known):
        some = np.flatnonzero(ids.any(axis=1))[::-1]
        found[columns[some]] = ids[some]
    return found


def with_genres(data: Interactions, folders: Folders) -> Interactions:
    """The same with what the genre packs say of its artists among the tags."""
    tags = {(item, tag): weight for item, tag, weight in data.tags}
    column = {key: number for number, key in enumerate(data.keys)}
    for key, genre, votes in read_genres(folders, data.keys):
        place = column[key], genre
        tags[place] = tags.get(place, 0.0) + votes
    return replace(data, tags=[(item, tag, weight) for (item, tag), weight in tags.items()])


def numbered_artists(keys: Iterable[str]) -> np.ndarray:
    """A number for the artist of each item, by the items' keys: (items,) int32."""
    number: dict[str, int] = {}
    return np.array([number.setdefault(artist_of(key), len(number)) for key in keys], dtype=np.int32)


def session_interactions(connection: sqlite3.Connection, level: Level = "artists") -> Interactions:
    """The person's own sessions as rows.

    Raises NothingYetError when there is too little dated listening to learn anything from.
    """
    from scipy.sparse import csr_matrix

    session, item, plays, names, times = read_sessions(connection, level=level)
    rows = int(session.max()) + 1 if len(session) else 0
    if rows < SOLO_SESSIONS or len(names) < SOLO_ITEMS:
        found = f"{quantity(rows, 'listening sessions')} with {quantity(len(names), level)}"
        if any_undated(connection):
            found += ", by their dates, which not all your plays have"
        raise NothingYetError(
            f"Too little to train on: {found}; "
            f"without community data it takes {SOLO_SESSIONS} sessions with {SOLO_ITEMS} {level}. "
            "Import more: discover import PATH. Or add community data: discover community add PATH."
        )
    matrix = csr_matrix((plays, (session, item)), shape=(rows, len(names)), dtype=np.float32)
    taste = read_taste(connection, level=level).digest
    keys = list(map(item_key, names))
    artists = numbered_artists(keys) if level == "tracks" else None
    return Interactions(matrix, names, keys, (), (), True, taste, taste, times, artists)
