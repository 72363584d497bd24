"""The genres of a catalog as a tree: listeners' tags, narrow ones below wide ones.

Spellings that differ only in case, hyphens or blanks are merged. A tag is below the most similar wider one of those
that most of its artists have too (Sanderson, Croft 1999: subsumption). Decades are named by their first year.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Minimum artists of a genre; and the minimum weight of a tag relative to an artist's strongest.
MIN_ARTISTS, MIN_WEIGHT = 3, 0.1
# A genre is below another where that share of its artists have the other, too.
MIN_SHARED = 0.5
_DECADE = re.compile(r"(?:the )?(?:(1[89]|20)?(\d)0 ?['\u2019]?s)")
# Tags about the listener, not the music, common on Last.fm; in any spelling of blanks and hyphens.
_OF_LISTENERS = re.compile(
    r"(?:want to )?seen? live|(?:all time |personal )?favou?rites?(?: .*)?|my .*|i .*|albums i own|check out|loved"
)
_BETWEEN = re.compile(r"[\s\-_\u2010-\u2013]+")


@dataclass(frozen=True, eq=False)
class Genre:
    """A word for the music of `items`, rising ids (n,) int32; `parent` is the name of the one above, null on top."""

    name: str
    parent: str | None
    items: NDArray[np.int32]

    @property
    def decade(self) -> bool:
        """Whether it is a decade."""
        return decade_of(self.name) == self.name


def genre_key(word: str) -> str:
    """The form by which two spellings of a genre are one: "Hip-Hop" and "hip hop"."""
    return _BETWEEN.sub(" ", word.casefold()).strip()


def decade_of(word: str) -> str | None:
    """The decade a word names, as "1980s"; null where it names none. Two digits are of the 20th century from 20 on."""
    found = _DECADE.fullmatch(word.strip().casefold())
    if found is None:
        return None
    century = found[1] or ("20" if found[2] in "01" else "19")
    return f"{century}{found[2]}0s"


def of_listeners(word: str) -> bool:
    """Whether a tag is about the listener, not the music.

    >>> [word for word in ("Seen-Live", "my music", "favourite songs", "love songs", "indie") if of_listeners(word)]
    ['Seen-Live', 'my music', 'favourite songs']
    """
    return _OF_LISTENERS.fullmatch(genre_key(word)) is not None


def genre_tree(tags: Sequence[tuple[int, str, float]]) -> tuple[Genre, ...]:
    """The genres of (item id, tag, weight) by name."""
    junk = {word for word in {tag for _, tag, _ in tags} if of_listeners(word)}
    tags = [one for one in tags if one[1] not in junk]
    if not tags:
        return ()
    names, items, words = _counted(tags)
    order = np.lexsort((items, words))
    groups = np.split(items[order], np.searchsorted(words[order], np.arange(1, len(names))))
    found = [number for number, group in enumerate(groups) if len(group) >= MIN_ARTISTS]
    decades = {number for number in found if decade_of(names[number])}
    genres = [number for number in found if number not in decades]
    parents = dict(zip(genres, _parents([groups[number] for number in genres]), strict=True))
    return tuple(
        Genre(
            names[number],
            None if (above := parents.get(number)) is None else names[genres[above]],
            groups[number].astype(np.int32),
        )
        for number in sorted(found, key=names.__getitem__)
    )


def _counted(
    tags: Sequence[tuple[int, str, float]],
) -> tuple[list[str], NDArray[np.int64], NDArray[np.int64]]:
    """Names of the words, most weighty spellings, and each pair of an item and the number of a word of some weight."""
    spelled: dict[str, float] = defaultdict(float)
    for _, tag, weight in tags:
        spelled[tag] += weight
    number: dict[str, int] = {}
    names: list[str] = []
    of: dict[str, int] = {}
    for tag, _ in sorted(spelled.items(), key=lambda pair: (-pair[1], pair[0])):
        key = decade_of(tag) or genre_key(tag)
        if key not in number:
            number[key] = len(names)
            names.append(decade_of(tag) or tag)
        of[tag] = number[key]
    items = np.fromiter((item for item, _, _ in tags), dtype=np.int64, count=len(tags))
    words = np.fromiter((of[tag] for _, tag, _ in tags), dtype=np.int64, count=len(tags))
    weights = np.fromiter((weight for _, _, weight in tags), dtype=np.float64, count=len(tags))
    pairs, place = np.unique(items * len(names) + words, return_inverse=True)
    summed = np.bincount(place, weights=weights)
    items, words = pairs // len(names), pairs % len(names)
    strongest = np.zeros(int(items.max()) + 1)
    np.maximum.at(strongest, items, summed)
    # Fewer people tag a decade than a genre, so a decade counts however light it is.
    decades = np.array([decade_of(name) is not None for name in names])
    heavy = (summed >= MIN_WEIGHT * strongest[items]) | decades[words]
    return names, items[heavy], words[heavy]


def _parents(groups: Sequence[NDArray[np.int64]]) -> list[int | None]:
    """The number of the group each of these groups of items is below; null for those on top."""
    from scipy.sparse import csr_matrix

    if not groups:
        return []
    sizes = np.array([len(group) for group in groups])
    starts = np.concatenate(([0], np.cumsum(sizes)))
    member = csr_matrix((np.ones(starts[-1], dtype=np.int32), np.concatenate(groups), starts))
    shared = (member @ member.T).tocoo()
    below, above = shared.row.astype(np.int64), shared.col.astype(np.int64)
    # Of two as large the first is above: nothing is below itself.
    wider = (sizes[above] > sizes[below]) | ((sizes[above] == sizes[below]) & (above < below))
    some = wider & (shared.data >= MIN_SHARED * sizes[below])
    below, above, alike = below[some], above[some], shared.data[some] ** 2.0 / sizes[above[some]]
    parents: list[int | None] = [None] * len(groups)
    # The most alike of each comes last.
    for place in np.lexsort((-above, alike)).tolist():
        parents[int(below[place])] = int(above[place])
    return parents
