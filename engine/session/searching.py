"""Search over the person's own names and the community's: one order for both, the person's own first where alike."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from engine.search import Hit, Names, Query, best, build_names
from engine.store import history

if TYPE_CHECKING:
    from engine.training.artifact import Model


@dataclass(frozen=True, slots=True)
class Found:
    """One search result; `kind` is `artist` or `track`."""

    kind: str
    artist: str
    track: str | None
    plays: int
    listeners: int


@dataclass(frozen=True)
class OwnNames:
    """The library's artists and tracks, most played first, with an index of each.

    `artist_of` holds for every track its artist's number in `artists`; rows are (key, name, plays).
    """

    artists: list[tuple[str, str, int]]
    tracks: list[tuple[str, str, int]]
    artist_of: np.ndarray
    artist_names: Names
    track_names: Names

    @cached_property
    def numbers(self) -> dict[str, int]:
        """The number of each artist by key."""
        return {key: number for number, (key, *_) in enumerate(self.artists)}


def own_names(connection: sqlite3.Connection) -> OwnNames:
    """Read and index the library's names."""
    artists, tracks = history.names_by_plays(connection)
    place = {number: at for at, (number, *_) in enumerate(artists)}
    return OwnNames(
        [(key, name, plays) for _, key, name, plays in artists],
        [(key, title, plays) for _, key, title, plays in tracks],
        np.array([place[artist] for artist, *_ in tracks], dtype=np.int32),
        build_names([key for _, key, *_ in artists], range(len(artists))),
        build_names([key for _, key, *_ in tracks], range(len(tracks))),
    )


def search(
    text: str, n: int, own: OwnNames, model: Model | None, blocked: Collection[str]
) -> tuple[Found, ...]:
    """The best `n` answers: artists of both, then tracks, as well as they answer; blocked artists are in none."""
    query = Query.of(text)
    if not query.key:
        return ()
    mine = own.numbers
    unwanted = np.array(sorted(mine[key] for key in blocked if key in mine), dtype=np.int64)
    # (how, slips, artists first, plays, listeners): what is found is shown in this order.
    found: dict[tuple[str, str], tuple[tuple[int, ...], Found]] = {}

    def add(key: tuple[str, str], hit: Hit, one: Found) -> None:
        order = (hit.how, hit.slips, one.kind == "track", -one.plays, -one.listeners)
        if key not in found or order < found[key][0]:
            found[key] = (order, one)

    for hit in best(query, own.artist_names, n, unwanted):
        key, name, plays = own.artists[hit.number]
        add((key, ""), hit, Found("artist", name, None, plays, 0))
    if model is not None:
        hits = best(query, model.names, n + len(blocked))
        items = model.catalog.items([int(model.names.ids[hit.number]) for hit in hits])
        for hit in hits:
            item = items[int(model.names.ids[hit.number])]
            if item.key in blocked:
                continue
            plays = own.artists[mine[item.key]][2] if item.key in mine else 0
            name = own.artists[mine[item.key]][1] if item.key in mine else item.name
            add((item.key, ""), hit, Found("artist", name, None, plays, item.listeners))
    without = np.flatnonzero(np.isin(own.artist_of, unwanted)) if len(unwanted) else None
    for hit in best(query, own.track_names, n, without, (own.artist_names, own.artist_of)):
        key, title, plays = own.tracks[hit.number]
        artist = own.artists[int(own.artist_of[hit.number])]
        add((artist[0], key), hit, Found("track", artist[1], title, plays, 0))
    ranked = sorted(found.values(), key=lambda pair: (pair[0], pair[1].artist, pair[1].track or ""))
    return tuple(one for _, one in ranked[:n])
