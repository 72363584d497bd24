"""What is asked for, how well a name answers, and the best answers of an index: the one order of all search.

The whole name first, then what begins so, then words that do (in any order), then a part of a word, then names a
slip or two away. Within each the better known name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from engine.names import artist_key, relaxed_artist_key
from engine.search.names import LONGEST
from engine.search.slips import begins_with_slips, one_slip_away, slips

if TYPE_CHECKING:
    from engine.search.names import Names

EXACT, BEGINS, WORDS, PART, ALIKE, BEGINS_ALIKE = range(6)
# Names looked at with care in each way of finding them.
_LOOKED_AT = 120
# With fewer answers than this that hold what was typed, what is like it is looked for too.
_FEW = 5
# One slip in a name as long as this can be listed in well under a millisecond; longer ones share enough trigrams.
_LISTED = 40
_ASCII = "abcdefghijklmnopqrstuvwxyz0123456789 "


@dataclass(frozen=True, slots=True)
class Hit:
    """A name that answers: its number in the index, how (EXACT to BEGINS_ALIKE) and with how many slips."""

    number: int
    how: int
    slips: int


@dataclass(frozen=True)
class Query:
    """What was typed, as a key; made by `of`."""

    key: str

    @staticmethod
    def of(text: str) -> Query:
        """The query of a text as typed. Its key is empty where there is nothing to look for."""
        return Query(artist_key(text[:LONGEST])[:LONGEST].strip())

    @cached_property
    def plain(self) -> str:
        """The key without "the"."""
        return relaxed_artist_key(self.key)

    @cached_property
    def words(self) -> tuple[str, ...]:
        """Its words, each once; the first eight say enough."""
        return tuple(dict.fromkeys(self.key.split()))[:8]

    @cached_property
    def grams(self) -> frozenset[str]:
        """The trigrams of the framed key: what a name like it shares."""
        return frozenset(grams_of(f"  {self.key}  "))

    @cached_property
    def allowed(self) -> int:
        """Slips forgiven: one in a short name, one more for every five letters, at most three."""
        return min(3, len(self.plain) // 5 + 1) if len(self.plain) > 2 else 0

    def answered_by(self, key: str, artist: str = "") -> tuple[int, int] | None:
        """How well a name answers, as (how, slips): lower is better, and None is not at all.

        `artist` is a track's: it may answer for some of the words, never for all of them.
        """
        asked, plain = self.key, relaxed_artist_key(key)
        both = (f"{artist} {key}", f"{key} {artist}") if artist else ()
        if asked == key or self.plain == plain or asked in both:
            return EXACT, 0
        if key.startswith(asked) or plain.startswith(self.plain):
            return BEGINS, 0
        framed, whole = f" {key}", f" {key} {artist}"
        if all(f" {word}" in whole for word in self.words) and any(
            f" {word}" in framed for word in self.words
        ):
            return WORDS, 0
        if all(word in whole for word in self.words) and any(word in key for word in self.words):
            return PART, 0
        return self._alike(plain, both)

    def _alike(self, plain: str, both: tuple[str, ...]) -> tuple[int, int] | None:
        if not self.allowed:
            return None
        asked = self.plain
        found = min((slips(asked, other, self.allowed) for other in (plain, *both)), default=self.allowed + 1)
        if found > self.allowed and len(self.words) > 1:
            # A slip in words of another order.
            found = min(slips(_sorted(asked), _sorted(other), self.allowed) for other in (plain, *both[:1]))
        if found <= self.allowed:
            return ALIKE, found
        begun = begins_with_slips(asked, plain, self.allowed) if len(asked) >= 5 else self.allowed + 1
        return (BEGINS_ALIKE, begun) if begun <= self.allowed else None


def best(
    query: Query,
    names: Names,
    n: int,
    without: np.ndarray | None = None,
    artists: tuple[Names, np.ndarray] | None = None,
) -> list[Hit]:
    """The best `n` answers of an index, best first, then best known; the numbers in `without` are left out.

    For tracks `artists` are the index of their artists and, for every track, its artist's number there.
    """
    found: dict[int, Hit] = {}
    seen: set[int] = set()
    if not query.key:
        return []
    for how, numbers in _ways(query, names, artists):
        enough = n if how < ALIKE else _FEW
        if sum(hit.how <= how for hit in found.values()) >= enough:
            continue
        if how == ALIKE and any(hit.how == EXACT for hit in found.values()):
            # Who typed a whole name meant it.
            continue
        if without is not None and len(without):
            numbers = numbers[~np.isin(numbers, without)]
        fresh = [number for number in numbers[: n + _LOOKED_AT].tolist() if number not in seen]
        seen.update(fresh)
        for number, key, artist in _read(names, artists, fresh):
            answer = query.answered_by(key, artist)
            if answer is not None:
                found[number] = Hit(number, *answer)
    return sorted(found.values(), key=lambda hit: (hit.how, hit.slips, hit.number))[:n]


def _read(
    names: Names, artists: tuple[Names, np.ndarray] | None, numbers: list[int]
) -> Iterator[tuple[int, str, str]]:
    at = np.array(numbers, dtype=np.int64)
    keys = names.keys(at)
    by = artists[0].keys(artists[1][at].astype(np.int64)) if artists is not None else [""] * len(numbers)
    return zip(numbers, keys, by, strict=True)


def _ways(
    query: Query, names: Names, artists: tuple[Names, np.ndarray] | None
) -> Iterator[tuple[int, np.ndarray]]:
    """Names that may answer in each way, best known first, the best way first. Some will not, on a closer look."""
    key, words = query.key, query.words
    yield EXACT, names.called([query.plain])
    yield BEGINS, names.holding(grams_of(f"  {key}"))
    yield BEGINS, names.holding(grams_of(f"  the {query.plain}"))
    if artists is not None and len(words) > 1:
        yield PART, _with_artist(words, names, *artists)
    yield WORDS, names.holding({gram for word in words for gram in grams_of(f" {word}")})
    yield PART, names.holding({gram for word in words for gram in grams_of(word)})
    if query.allowed:
        if len(query.plain) <= _LISTED:
            yield ALIKE, names.called(one_slip_away(query.plain, _letters(query, names)))
        yield ALIKE, _sharing(query, names, artists)


def _with_artist(words: tuple[str, ...], names: Names, artists: Names, artist_of: np.ndarray) -> np.ndarray:
    """Tracks every word of which is in the title or in the artist's name, and one at least in the title."""
    both = np.ones(len(names), dtype=np.bool_)
    title = np.zeros(len(names), dtype=np.bool_)
    for word in words:
        grams = list(grams_of(word))
        inside = names.mask_of(grams)
        title |= inside
        both &= inside | artists.mask_of(grams)[artist_of]
    return np.flatnonzero(both & title)


def _sharing(query: Query, names: Names, artists: tuple[Names, np.ndarray] | None) -> np.ndarray:
    """The names that share most of their trigrams with the query's, most first."""
    shared, sizes = names.shares(query.grams), names.sizes
    if artists is not None and len(query.words) > 1:
        # Both together, where that is more alike than the title alone.
        index, artist_of = artists
        shared = shared + index.shares(query.grams)[artist_of]
        sizes = sizes + index.sizes[artist_of]
    # One trigram in four is the least a name within the slips allowed has left, but for the shortest.
    some = np.flatnonzero(shared >= max(2, len(query.grams) // 4))
    alike = shared[some] / (len(query.grams) + sizes[some] - shared[some])
    if len(some) > _LOOKED_AT:
        kept = np.argpartition(-alike, _LOOKED_AT)[:_LOOKED_AT]
        some, alike = some[kept], alike[kept]
    return some[np.lexsort((some, -alike))]


def _letters(query: Query, names: Names) -> str:
    """Letters that may have been meant: the plain ones, and those of the query's own script."""
    own = {
        near
        for letter in set(query.plain)
        if "\x7f" < letter < "\u3000"
        for near in names.letters_near(letter)
    }
    return "".join(sorted({*_ASCII, *query.plain, *own}))


def _sorted(key: str) -> str:
    return " ".join(sorted(key.split()))


def grams_of(text: str) -> Iterator[str]:
    """The trigrams of a text; a shorter text itself."""
    return (text[place : place + 3] for place in range(max(1, len(text) - 2)))
