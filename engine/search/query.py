"""Queries, how well a name matches, and the best matches of an index: the order of all search results.

Exact names first, then prefixes, then prefixes of words (in any order), then substrings, then names with one or two
typing errors. Within each the better known name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from engine.canonical_keys import artist_key, relaxed_artist_key
from engine.search.slips import one_slip_away, slips, slips_from_start
from engine.search.trigram_index import MAX_KEY, checksums

if TYPE_CHECKING:
    from engine.search.trigram_index import NameIndex

Way = Callable[[], np.ndarray]

EXACT, BEGINS, WORDS, PART, ALIKE, BEGINS_ALIKE = range(6)
# Candidates examined per way of finding them.
_LOOKED_AT = 120
# Candidates compared letter by letter, of those that share most trigrams.
_COMPARED = 60
# With fewer matches than this that contain the query, similar names are searched too.
_FEW = 5
# Up to this length all texts one slip away can be listed in well under a millisecond; longer names share enough
# trigrams.
_LISTED = 40
_ASCII = "abcdefghijklmnopqrstuvwxyz0123456789 "


@dataclass(frozen=True, slots=True)
class Hit:
    """A match: the name's number in the index, how it matches (EXACT to BEGINS_ALIKE) and with how many slips."""

    number: int
    how: int
    slips: int


@dataclass(frozen=True)
class Query:
    """What was typed, as a key; made by `of`."""

    key: str

    @staticmethod
    def of(text: str) -> Query:
        """The query of a text as typed. Its key is empty if there is nothing to search for."""
        return Query(artist_key(text[:MAX_KEY])[:MAX_KEY].strip())

    @cached_property
    def plain(self) -> str:
        """The key without "the"."""
        return relaxed_artist_key(self.key)

    @cached_property
    def words(self) -> tuple[str, ...]:
        """Its distinct words, at most eight."""
        return tuple(dict.fromkeys(self.key.split()))[:8]

    @cached_property
    def grams(self) -> frozenset[str]:
        """The trigrams of the framed key, which similar names share."""
        return frozenset(grams_of(f"  {self.key}  "))

    @cached_property
    def allowed(self) -> int:
        """Slips tolerated: one in a short name, one more for every five letters, at most three."""
        return min(3, len(self.plain) // 5 + 1) if len(self.plain) > 2 else 0

    def answered_by(self, key: str, artist: str = "") -> tuple[int, int] | None:
        """How well a name matches, as (how, slips), lower is better; null if it does not.

        `artist` is a track's: it may match some of the words, never all of them.
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
        most, asked = self.allowed, self.plain
        if not most:
            return None
        several = len(self.words) > 1
        begun, found = slips_from_start(asked, plain, most)
        if found and both and several:
            found = min(found, *(slips(asked, other, most) for other in both))
        if found > most and several:
            # Slips and reordered words.
            found = min(slips(self._in_order, _sorted(other), most) for other in (plain, *both[:1]))
        if found <= most:
            return ALIKE, found
        return (BEGINS_ALIKE, begun) if begun <= most and len(asked) >= 5 else None

    @cached_property
    def _in_order(self) -> str:
        return _sorted(self.plain)

    def one_slip_away(self, letters: str) -> np.ndarray:
        """Checksums of everything one slip away; the indexes of one search mostly ask for the same letters."""
        if letters not in self._away:
            self._away[letters] = checksums(one_slip_away(self.plain, letters))
        return self._away[letters]

    @cached_property
    def _away(self) -> dict[str, np.ndarray]:
        return {}


@dataclass(frozen=True)
class SearchedIndex:
    """An index to search, without the names numbered in `without`.

    For tracks `artists` is the index of their artists, `artist_of` (tracks) int32 each track's artist there.
    """

    names: NameIndex
    without: np.ndarray | None = None
    artists: NameIndex | None = None
    artist_of: np.ndarray | None = None

    def read(self, numbers: list[int]) -> Iterator[tuple[int, str, str]]:
        """(number, name, artist's name or nothing) of names, as keys."""
        at = np.array(numbers, dtype=np.int64)
        by = [""] * len(numbers)
        if self.artists is not None and self.artist_of is not None:
            by = self.artists.keys(self.artist_of[at].astype(np.int64))
        return zip(numbers, self.names.keys(at), by, strict=True)


def best(query: Query, names: NameIndex, n: int) -> list[Hit]:
    """The best `n` matches of an index, best first, then best known."""
    return answers(query, n, [SearchedIndex(names)])[0]


def answers(query: Query, n: int, places: Sequence[SearchedIndex]) -> list[list[Hit]]:
    """The best `n` matches of each index, best first, then best known.

    Similar names are searched only if all indexes together have few matches and none by the exact name.
    """
    if not query.key:
        return [[] for _ in places]
    found: list[dict[int, Hit]] = [_look(query, n, place, _holding(query, place), {}) for place in places]
    held = [hit.how for hits in found for hit in hits.values() if hit.how < ALIKE]
    if query.allowed and len(held) < _FEW and EXACT not in held:
        found = [
            _look(query, n, place, _like(query, place), hits)
            for place, hits in zip(places, found, strict=True)
        ]
    return [sorted(hits.values(), key=lambda hit: (hit.how, hit.slips, hit.number))[:n] for hits in found]


def _look(
    query: Query, n: int, place: SearchedIndex, ways: Iterable[tuple[int, Way]], found: dict[int, Hit]
) -> dict[int, Hit]:
    """Read the names each way finds, until enough match better than the next way can."""
    seen = set(found)
    for how, way in ways:
        better = how if how < ALIKE else how + 1
        if sum(hit.how < better for hit in found.values()) >= (n if how < ALIKE else _FEW):
            continue
        numbers = way()
        if place.without is not None and len(place.without):
            numbers = numbers[~np.isin(numbers, place.without)]
        fresh = [number for number in numbers[: n + _LOOKED_AT].tolist() if number not in seen]
        seen.update(fresh)
        for number, key, artist in place.read(fresh):
            answer = query.answered_by(key, artist)
            if answer is not None:
                found[number] = Hit(number, *answer)
    return found


def _holding(query: Query, place: SearchedIndex) -> Iterator[tuple[int, Way]]:
    """Ways to candidates that contain the query, best first. Some may not, when examined."""
    key, words, names = query.key, query.words, place.names
    yield EXACT, lambda: names.called(checksums([query.plain]))
    yield BEGINS, lambda: names.holding(grams_of(f"  {key}"))
    yield BEGINS, lambda: names.holding(grams_of(f"  the {query.plain}"))
    if place.artists is not None and len(words) > 1:
        yield PART, lambda: _with_artist(words, place)
    yield WORDS, lambda: names.holding({gram for word in words for gram in grams_of(f" {word}")})
    yield PART, lambda: names.holding({gram for word in words for gram in grams_of(word)})


def _like(query: Query, place: SearchedIndex) -> Iterator[tuple[int, Way]]:
    """Ways to candidates similar to the query."""
    if len(query.plain) <= _LISTED:
        letters = _letters(query, place.names)
        yield ALIKE, lambda: place.names.called(query.one_slip_away(letters))
    yield ALIKE, lambda: _sharing(query, place)


def _with_artist(words: tuple[str, ...], place: SearchedIndex) -> np.ndarray:
    """Tracks every word of which is in the title or in the artist's name, and one at least in the title."""
    assert place.artists is not None  # noqa: S101 - asked for tracks alone
    both = np.ones(len(place.names), dtype=np.bool_)
    title = np.zeros(len(place.names), dtype=np.bool_)
    for word in words:
        grams = list(grams_of(word))
        inside = place.names.mask_of(grams)
        title |= inside
        both &= inside | place.artists.mask_of(grams)[place.artist_of]
    return np.flatnonzero(both & title)


def _sharing(query: Query, place: SearchedIndex) -> np.ndarray:
    """The names that share most of their trigrams with the query's, most first."""
    shared, sizes = place.names.shares(query.grams), place.names.sizes
    if place.artists is not None and len(query.words) > 1:
        # A track by title and artist together.
        shared = shared + place.artists.shares(query.grams)[place.artist_of]
        sizes = sizes + place.artists.sizes[place.artist_of]
    # One trigram in four is the least a name within the slips allowed has left, but for the shortest.
    some = np.flatnonzero(shared >= max(2, len(query.grams) // 4))
    alike = shared[some] / (len(query.grams) + sizes[some] - shared[some])
    if len(some) > _COMPARED:
        kept = np.argpartition(-alike, _COMPARED)[:_COMPARED]
        some, alike = some[kept], alike[kept]
    return some[np.lexsort((some, -alike))]


def _letters(query: Query, names: NameIndex) -> str:
    """Letters a slip may have replaced: the basic ones, and those of the query's script."""
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
    """The trigrams of a text; a shorter text is its own."""
    return (text[place : place + 3] for place in range(max(1, len(text) - 2)))
