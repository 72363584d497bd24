"""An index of names by their trigrams, in a handful of arrays: in memory, or mapped from a model's folder.

Names are numbered by popularity, so that the first numbers of any list are the ones to show and a common fragment costs
no more than a rare one. Each is framed by two spaces, ` boards of canada `: the trigram ` b` marks the beginning of the
name, ` bo` of a word. Trigrams are sorted by their letters, so that all that begin with the same one or two letters are
one slice: that is how a fragment shorter than a trigram is found.

A second list has a checksum of every whole name. The texts one slip away from a query are few enough to list (some
hundreds), so a name one slip away is always found, and fast, however short it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from zlib import crc32

import numpy as np

from engine.canonical_keys import AnySpelling, relaxed_artist_key
from engine.errors import ARRAY_ERRORS, reason, unreadable
from engine.mapped import mapped_array

# Names are cut to this many characters for the index.
MAX_KEY = 200
# A trigram's code is three letters of 14 bits; packed with the name's number it must fit in 64.
_LETTER_BITS = 14
_NAME_BITS = 22
MAX_NAMES = 1 << _NAME_BITS
_ALL_LETTERS = 0x110000
_SPACES = "  "


@dataclass(frozen=True)
class NameIndex:
    """The index; a name's number is its rank, 0 the best known.

    `text` uint8: all names in UTF-8, `starts` (names + 1) int64 their offsets; `letters` uint32: the characters in use,
    sorted; `grams` int64: the trigrams in use, sorted by letters; `places` (grams + 1) int64 and `postings` int32: the
    numbers of the names that contain each, ascending; `sizes` (names) uint16: trigrams per name; `checksums` uint32,
    sorted, and `checked` int32, the name of each; `ids` (names) int32: the caller's ids.
    """

    text: np.ndarray
    starts: np.ndarray
    letters: np.ndarray
    grams: np.ndarray
    places: np.ndarray
    postings: np.ndarray
    sizes: np.ndarray
    checksums: np.ndarray
    checked: np.ndarray
    ids: np.ndarray

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def _bytes(self) -> memoryview:
        return memoryview(self.text.data)

    def keys(self, numbers: np.ndarray) -> list[str]:
        """The names with these numbers, as keys."""
        text = self._bytes
        pairs = zip(self.starts[numbers].tolist(), self.starts[numbers + 1].tolist(), strict=True)
        return [str(text[start:end], "utf-8") for start, end in pairs]

    def holding(self, grams: Iterable[str]) -> np.ndarray:
        """Numbers, ascending, of the names that hold every one of these trigrams (or parts of one)."""
        pieces = sorted(self._pieces(grams), key=lambda piece: len(piece[0]))
        if not pieces or not len(pieces[0][0]):
            return np.empty(0, dtype=np.int32)
        # A slice of several trigrams may list a name twice, and out of order.
        found, whole = pieces[0]
        if not whole:
            found = np.flatnonzero(self._mask(found))
        for piece, whole in pieces[1:]:
            if not len(found):
                break
            if whole and len(found) * 32 < len(piece):
                at = np.minimum(np.searchsorted(piece, found), len(piece) - 1)
                found = found[piece[at] == found]
            else:
                found = found[self._mask(piece)[found]]
        return found

    def mask_of(self, grams: Iterable[str]) -> np.ndarray:
        """The same as a boolean for every name."""
        return self._mask(self.holding(grams))

    def shares(self, grams: Iterable[str]) -> np.ndarray:
        """How many of the trigrams each name holds: (names,) int64."""
        pieces = [piece for piece, _ in self._pieces(grams)]
        return np.bincount(np.concatenate([*pieces, np.empty(0, np.int32)]), minlength=len(self))

    def called(self, checks: np.ndarray) -> np.ndarray:
        """Numbers, ascending, of the names whose relaxed key has one of these checksums (uint32, sorted)."""
        first, after = (np.searchsorted(self.checksums, checks, side) for side in ("left", "right"))
        hit = np.flatnonzero(after > first)
        spans = [self.checked[a:b] for a, b in zip(first[hit].tolist(), after[hit].tolist(), strict=True)]
        return np.unique(np.concatenate([*spans, np.empty(0, np.int32)]))

    def numbered(self, keys: Iterable[str]) -> np.ndarray:
        """Numbers, ascending, of the names with these keys, in any spelling."""
        cut = AnySpelling(key[:MAX_KEY] for key in keys)
        maybe = self.called(checksums(map(relaxed_artist_key, cut.keys)))
        there = np.fromiter(map(cut.holds, self.keys(maybe)), dtype=np.bool_, count=len(maybe))
        return maybe[there]

    def letters_near(self, letter: str) -> list[str]:
        """Letters of the same script, approximately: code points within 40."""
        low, high = np.searchsorted(self.letters, [max(0, ord(letter) - 40), ord(letter) + 41])
        return [chr(code) for code in self.letters[low:high].tolist()]

    def _mask(self, numbers: np.ndarray) -> np.ndarray:
        mask = np.zeros(len(self), dtype=np.bool_)
        mask[numbers] = True
        return mask

    @cached_property
    def _codes(self) -> dict[str, int]:
        """The code of each letter; 0 for all others, which are too rare for a code of their own."""
        return {chr(letter): place for place, letter in enumerate(self.letters.tolist(), 1)}

    def _pieces(self, grams: Iterable[str]) -> list[tuple[np.ndarray, bool]]:
        """The names that contain each trigram, and whether it is a whole one.

        For a shorter part, those of every trigram that begins with it.
        """
        ends: list[int] = []
        whole: list[bool] = []
        for gram in grams:
            low = 0
            for letter in gram:
                low = low << _LETTER_BITS | self._codes.get(letter, 0)
            width = 1 << _LETTER_BITS * (3 - len(gram))
            ends += (low * width, low * width + width)
            whole.append(len(gram) == 3)
        places = self.places[np.searchsorted(self.grams, np.array(ends, dtype=np.int64))].tolist()
        return [
            (self.postings[first:after], alone)
            for first, after, alone in zip(places[::2], places[1::2], whole, strict=True)
        ]


def checksums(names: Iterable[str]) -> np.ndarray:
    """The checksums of names, sorted: what `NameIndex.called` looks them up by."""
    return np.sort(np.fromiter((crc32(name.encode()) for name in names), dtype=np.uint32))


def build_names(keys: Sequence[str], ids: Sequence[int] | np.ndarray) -> NameIndex:
    """The index of names, best known first; `ids` are the caller's (int32).

    A million names take two seconds and about 400 bytes of memory per name, a third of that when done.
    """
    keys = [key[:MAX_KEY] for key in keys[:MAX_NAMES]]
    encoded = [key.encode() for key in keys]
    starts = np.zeros(len(keys) + 1, dtype=np.int64)
    np.cumsum(np.fromiter(map(len, encoded), dtype=np.int64, count=len(keys)), out=starts[1:])
    letters, grams, places, postings = _trigrams(keys)
    checks = np.fromiter(
        (crc32(relaxed_artist_key(key).encode()) for key in keys), dtype=np.uint32, count=len(keys)
    )
    order = np.argsort(checks, kind="stable")
    return NameIndex(
        text=np.frombuffer(b"".join(encoded), dtype=np.uint8),
        starts=starts,
        letters=letters,
        grams=grams,
        places=places,
        postings=postings,
        sizes=np.bincount(postings, minlength=len(keys)).astype(np.uint16),
        checksums=checks[order],
        checked=order.astype(np.int32),
        ids=np.asarray(ids, dtype=np.int32)[: len(keys)],
    )


def _trigrams(keys: Sequence[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """`letters`, `grams`, `places` and `postings`, by one sort of (trigram, name) packed in 64 bits."""
    # The two spaces before a name are also the two after the one before it.
    whole = np.frombuffer(f"{_SPACES}{_SPACES.join((*keys, ''))}".encode("utf-32-le"), dtype=np.uint32)
    counts = np.bincount(whole, minlength=_ALL_LETTERS)
    room = (1 << _LETTER_BITS) - 1
    there = np.flatnonzero(counts)
    letters = np.sort(there[np.argsort(-counts[there], kind="stable")[:room]]).astype(np.uint32)
    code = np.zeros(_ALL_LETTERS, dtype=np.uint64)
    code[letters] = np.arange(1, len(letters) + 1, dtype=np.uint64)
    coded = code[whole]
    bits = np.uint64(_LETTER_BITS)
    packed = coded[:-2] << bits
    packed |= coded[1:-1]
    packed <<= bits
    packed |= coded[2:]
    packed <<= np.uint64(_NAME_BITS)
    lengths = np.fromiter(map(len, keys), dtype=np.int64, count=len(keys)) + len(_SPACES)
    packed |= np.repeat(np.arange(len(keys), dtype=np.uint64), lengths)
    packed.sort()
    return letters, *_postings(packed)


def _postings(packed: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """`grams`, `places` and `postings` of (trigram, name) packed in 64 bits, sorted."""
    packed = packed[np.flatnonzero(np.diff(packed, prepend=np.uint64(2**64 - 1)))]
    postings = (packed & np.uint64(MAX_NAMES - 1)).astype(np.int32)
    packed >>= np.uint64(_NAME_BITS)
    first = np.flatnonzero(np.diff(packed, prepend=np.uint64(2**64 - 1)))
    return packed[first].astype(np.int64), np.append(first, len(packed)), postings


def merged_names(indexes: Sequence[NameIndex], numbers: Sequence[np.ndarray]) -> NameIndex:
    """Several indexes as one; `numbers` are the merged numbers of each index's names, ascending.

    The same as `build_names` of all names, except that letters too rare for a code stay so.
    """
    total = sum(map(len, indexes))
    order = np.argsort(np.concatenate(numbers), kind="stable")
    lengths = np.concatenate([np.diff(index.starts) for index in indexes])[order]
    starts = np.concatenate(([0], np.cumsum(lengths)))
    begins = np.cumsum([0, *(len(index.text) for index in indexes)])
    text = np.concatenate([index.text for index in indexes])
    at = np.concatenate([index.starts[:-1] + begin for index, begin in zip(indexes, begins, strict=False)])
    letters = np.unique(np.concatenate([index.letters for index in indexes]))
    if len(letters) >= 1 << _LETTER_BITS:
        letters = indexes[0].letters
    packed = np.concatenate(
        [_recoded(index, letters, number) for index, number in zip(indexes, numbers, strict=True)]
    )
    # What is sorted piece by piece is merged so, in a thirtieth of the time.
    packed.sort(kind="stable")
    grams, places, postings = _postings(packed)
    checks = np.empty(total, dtype=np.uint32)
    for index, number in zip(indexes, numbers, strict=True):
        checks[number[index.checked]] = index.checksums
    checked = np.argsort(checks, kind="stable")
    return NameIndex(
        text=text[np.repeat(at[order] - starts[:-1], lengths) + np.arange(len(text))],
        starts=starts,
        letters=letters,
        grams=grams,
        places=places,
        postings=postings,
        sizes=np.bincount(postings, minlength=total).astype(np.uint16),
        checksums=checks[checked],
        checked=checked.astype(np.int32),
        ids=np.concatenate([index.ids for index in indexes])[order],
    )


def _recoded(index: NameIndex, letters: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """An index's (trigram, name) packed in 64 bits, by other letters and numbers."""
    code = np.zeros(len(index.letters) + 1, dtype=np.int64)
    place = np.minimum(np.searchsorted(letters, index.letters), len(letters) - 1)
    code[1:] = np.where(letters[place] == index.letters, place + 1, 0)
    room, grams = (1 << _LETTER_BITS) - 1, np.zeros(len(index.grams), dtype=np.int64)
    for shift in (2 * _LETTER_BITS, _LETTER_BITS, 0):
        grams |= code[index.grams >> shift & room] << shift
    packed = np.repeat(grams.astype(np.uint64) << np.uint64(_NAME_BITS), np.diff(index.places))
    packed |= numbers[index.postings].astype(np.uint64)
    return packed


def write_names(folder: Path, names: NameIndex) -> list[Path]:
    """Write the arrays into a folder (one from `Door.new_folder`) and return the files."""
    files = []
    for field in fields(names):
        files.append(_file(folder, field.name))
        np.save(files[-1], getattr(names, field.name))
    return files


def open_names(folder: Path) -> NameIndex:
    """Map what `write_names` wrote. Raises DamagedDataError if a file is missing or is not an array."""
    try:
        # Mapped, but as plain arrays: the class for maps makes each slice slower.
        arrays = {
            field.name: np.asarray(mapped_array(_file(folder, field.name))) for field in fields(NameIndex)
        }
    except ARRAY_ERRORS as error:
        raise unreadable(error, folder, f"The names in {folder} are damaged ({reason(error)}).") from error
    return NameIndex(**arrays)


def _file(folder: Path, name: str) -> Path:
    return folder / f"names_{name}.npy"
