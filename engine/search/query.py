"""What is asked for, how well a name answers, and the best answers of an index: the one order of all search.

The whole name first, then what begins so, then words that do (in any order), then a part of a word, then names a
slip or two away. Within each the better known name.
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
# Names looked at with care in each way of finding them.
_LOOKED_AT = 120
# Names compared letter by letter, of those that share most trigrams.
_COMPARED = 60
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
        return Query(artist_key(text[:MAX_KEY])[:MAX_KEY].strip())

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
        most, asked = self.allowed, self.plain
        if not most:
            return None
        several = len(self.words) > 1
        begun, found = slips_from_start(asked, plain, most)
        if found and both and several:
            found = min(found, *(slips(asked, other, most) for other in both))
        if found > most and several:
            # A slip in words of another order.
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
    """Where to look: an index without the names numbered in `without`.

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
    """The best `n` answers of an index, best first, then best known."""
    return answers(query, n, [SearchedIndex(names)])[0]


def answers(query: Query, n: int, places: Sequence[SearchedIndex]) -> list[list[Hit]]:
    """The best `n` answers of each place, best first, then best known.

    What is only like the query is looked for where all places together hold few answers and none by the whole name:
    who typed that meant it.
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
    """Read the names each way finds, until enough answer better than the next way can."""
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
    """Ways to names that hold what was typed, the best first. Some do not, on a closer look."""
    key, words, names = query.key, query.words, place.names
    yield EXACT, lambda: names.called(checksums([query.plain]))
    yield BEGINS, lambda: names.holding(grams_of(f"  {key}"))
    yield BEGINS, lambda: names.holding(grams_of(f"  the {query.plain}"))
    if place.artists is not None and len(words) > 1:
        yield PART, lambda: _with_artist(words, place)
    yield WORDS, lambda: names.holding({gram for word in words for gram in grams_of(f" {word}")})
    yield PART, lambda: names.holding({gram for word in words for gram in grams_of(word)})


def _like(query: Query, place: SearchedIndex) -> Iterator[tuple[int, Way]]:
    """Ways to names that are like what was typed."""
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
