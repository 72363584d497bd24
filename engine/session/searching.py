"""Search over the person's own names and the community's: one order for both, own names first in ties."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from engine.canonical_keys import AnySpelling, artist_of, joined_key
from engine.search import Hit, NameIndex, Query, SearchedIndex, answers, build_names
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
    artist_names: NameIndex
    track_names: NameIndex

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
    text: str,
    n: int,
    own: OwnNames,
    model: Model | None,
    blocked: AnySpelling,
    *,
    tracks: Model | None = None,
) -> tuple[Found, ...]:
    """The best `n` matches: artists of both, and tracks, without what is blocked.

    The community's artists are those of `model`, its tracks those of the model of `tracks`.
    """
    query = Query.of(text)
    places = [
        SearchedIndex(own.artist_names, own.artist_names.numbered(blocked.artists)),
        SearchedIndex(own.track_names, _gone_tracks(own, blocked), own.artist_names, own.artist_of),
    ]
    if model is not None:
        places.append(SearchedIndex(model.names, model.names.numbered(blocked.artists)))
    if tracks is not None:
        places.append(_place_of_tracks(tracks, blocked))
    artists, titled, *community = answers(query, n, places)
    found: list[tuple[Hit, Found]] = []
    for hit in artists:
        _, name, plays = own.artists[hit.number]
        found.append((hit, Found("artist", name, None, plays, 0)))
    if model is not None:
        found = _with_community(
            found, [own.artists[hit.number][0] for hit in artists], community[0], own, model
        )
    found += _tracks(own, titled, community[-1] if tracks is not None else (), tracks)
    found.sort(key=lambda pair: _order(*pair))
    # A solo model counts sessions, not listeners.
    of_kind = {"artist": model, "track": tracks}
    solo = {kind for kind, one in of_kind.items() if one is not None and one.manifest.solo}
    return tuple(replace(one, listeners=0) if one.kind in solo else one for _, one in found[:n])


def _order(hit: Hit, one: Found) -> tuple[object, ...]:
    """By match quality; then artists before tracks, most played, best known."""
    return hit.how, hit.slips, one.kind, -one.plays, -one.listeners, one.artist, one.track or ""


def _with_community(
    mine: list[tuple[Hit, Found]], keys: Sequence[str], hits: Sequence[Hit], own: OwnNames, model: Model
) -> list[tuple[Hit, Found]]:
    """The person's artists with their listeners, and the community's other artists.

    One in both is listed once, by the person's name for it, also where the spellings differ ("Beatles").
    """
    known = model.catalog.ids_of(keys)
    better = {int(model.names.ids[hit.number]): hit for hit in hits}
    items = model.catalog.items([*better, *(number for number in known.values() if number not in better)])
    found: dict[int, tuple[Hit, Found]] = {}
    alone = []
    for key, (hit, one) in zip(keys, mine, strict=True):
        if key in known:
            number = known[key]
            found[number] = hit, replace(one, listeners=items[number].listeners)
        else:
            alone.append((hit, one))
    for number, hit in better.items():
        item = items[number]
        at = own.numbers.get(item.key)
        name, plays = own.artists[at][1:] if at is not None else (item.name, 0)
        if number not in found:
            found[number] = hit, Found("artist", name, None, plays, item.listeners)
        elif (hit.how, hit.slips) < (found[number][0].how, found[number][0].slips):
            found[number] = hit, found[number][1]
    return [*alone, *found.values()]


def _place_of_tracks(model: Model, blocked: AnySpelling) -> SearchedIndex:
    """The community's tracks without those that are blocked, or whose artist is."""
    assert model.artists is not None  # noqa: S101 - a model of tracks
    ids = model.names.ids
    gone = np.fromiter(model.catalog.ids_in_any_spelling(blocked.keys), dtype=np.int64)
    return SearchedIndex(
        model.names, np.flatnonzero(np.isin(ids, gone)), model.artist_names, model.artists[ids]
    )


def _tracks(
    own: OwnNames, mine: Sequence[Hit], hits: Sequence[Hit], model: Model | None
) -> list[tuple[Hit, Found]]:
    """The person's tracks with their listeners, and the community's other tracks, each once."""
    found: list[tuple[Hit, Found]] = []
    keys: list[str] = []
    for hit in mine:
        _, title, plays = own.tracks[hit.number]
        key, artist, _ = own.artists[int(own.artist_of[hit.number])]
        found.append((hit, Found("track", artist, title, plays, 0)))
        keys.append(joined_key(key, title))
    if model is None:
        return found
    known = model.catalog.ids_of(list(dict.fromkeys(keys)))
    ids = [int(model.names.ids[hit.number]) for hit in hits]
    items = model.catalog.items(list({*ids, *known.values()}))
    found = [
        (hit, replace(one, listeners=items[known[key]].listeners) if key in known else one)
        for key, (hit, one) in zip(keys, found, strict=True)
    ]
    listed = set(known.values())
    for hit, number in zip(hits, ids, strict=True):
        if number not in listed:
            item = items[number]
            plays = _plays_of(own, item.key)
            found.append((hit, Found("track", item.artist, item.track, plays, item.listeners)))
    return found


def _plays_of(own: OwnNames, key: str) -> int:
    """The person's plays of all versions of a track."""
    artist = own.numbers.get(artist_of(key))
    if artist is None:
        return 0
    theirs = (own.tracks[number] for number in np.flatnonzero(own.artist_of == artist).tolist())
    return sum(plays for _, title, plays in theirs if joined_key(artist_of(key), title) == key)


def _gone_tracks(own: OwnNames, blocked: AnySpelling) -> np.ndarray:
    """Numbers of the tracks that are blocked, or whose artist is."""
    theirs = np.isin(own.artist_of, own.artist_names.numbered(map(artist_of, blocked.keys)))
    named = (
        (own.artists[int(own.artist_of[number])][0], own.tracks[number][1], number)
        for number in np.flatnonzero(theirs).tolist()
    )
    gone = [number for artist, title, number in named if blocked.holds(joined_key(artist, title))]
    return np.array(gone, dtype=np.int64)
