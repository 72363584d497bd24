"""A model's name indexes: artists, or tracks by title and by artist."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from engine.canonical_keys import SEPARATOR, artist_key, track_key
from engine.paths import digest_of
from engine.search import MAX_NAMES, NameIndex, build_names, merged_names, write_names


def write_search(
    folder: Path, names: Sequence[str], listeners: np.ndarray, artists: np.ndarray | None = None
) -> dict[str, str]:
    """Write what finds items by name, tracks also by their `artists`, into `folder`; returns the digests.

    All are in item order.
    """
    of_artists = None if artists is None else names_of_artists(names, artists)
    return _written(folder, names_of_items(names, listeners), of_artists)


def write_more_search(
    folder: Path,
    before: NameIndex,
    artists_before: NameIndex | None,
    names: Sequence[str],
    listeners: np.ndarray,
    artists: np.ndarray | None,
) -> dict[str, str]:
    """The same where what finds the items `before` the last ones, whose `names` these are, is there already;
    `listeners` and `artists` are of all.

    What is more than such an index holds is not found by name.
    """
    first = len(listeners) - len(names)
    names = names[: max(0, MAX_NAMES - len(before))]
    every = [before]
    if names:
        more = names_of_items(names, listeners[first : first + len(names)])
        every.append(replace(more, ids=more.ids + np.int32(first)))
    counts = listeners[np.concatenate([index.ids for index in every])].astype(np.int64)
    place = np.argsort(np.argsort(-counts, kind="stable"), kind="stable")
    of_items = merged_names(every, np.split(place, [len(before)])[: len(every)])
    if artists is None or artists_before is None:
        return _written(folder, of_items, None)
    known = len(artists_before)
    fresh = np.flatnonzero(artists[first : first + len(names)] >= known)
    of_artists = artists_before
    if len(fresh):
        more = names_of_artists([names[place] for place in fresh.tolist()], artists[first + fresh])
        of_artists = merged_names(
            [artists_before, more], [np.arange(known), np.arange(known, known + len(more))]
        )
    return _written(folder, of_items, of_artists)


def _written(folder: Path, items: NameIndex, artists: NameIndex | None) -> dict[str, str]:
    files = write_names(folder, items)
    if artists is not None:
        (folder / "artists").mkdir()
        files += write_names(folder / "artists", artists)
    return {str(path.relative_to(folder)): digest_of(path) for path in files}


def names_of_items(names: Sequence[str], listeners: np.ndarray) -> NameIndex:
    """What finds items by name, tracks by title, those with most `listeners` first."""
    order = np.argsort(-listeners.astype(np.int64), kind="stable")
    return build_names([_searched(names[number]) for number in order.tolist()], order)


def _searched(name: str) -> str:
    """What an item is found by: an artist's key, or the exact one of a track's title."""
    artist, separator, title = name.partition(SEPARATOR)
    return track_key(title) if separator else artist_key(artist)


def names_of_artists(names: Sequence[str], artists: np.ndarray) -> NameIndex:
    """What finds tracks' artists by name, numbered as in `artists`."""
    numbers, first = np.unique(artists, return_index=True)
    return build_names([artist_key(names[item].partition(SEPARATOR)[0]) for item in first.tolist()], numbers)
