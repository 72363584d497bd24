"""Counts ListenBrainz' statistics while they are read: a line is a listener with their most played artists or tracks.

The numbers of listeners are dropped while reading: another public dump maps them to names.
"""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Sequence
from operator import add, attrgetter
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from engine.canonical_keys import SEPARATOR, Level, track_name
from engine.community.bad_lines import UNREADABLE, BadLines
from engine.community.hash_table import Hashes, HashTable
from engine.community.mbids import mbid_bytes

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

# What MusicBrainz has where there is no one artist: nobody to discover. Bands have brackets in their names, too.
_NOBODY = re.compile(
    r"various artists|\[(?:unknown|anonymous|traditional|no artist|dialogue|data|theatre)\]", re.IGNORECASE
)
_BLOCK_PAIRS = 1 << 21
_TOGETHER = 1 << 12  # entries; more of them leave the processor's cache
_MAX_PLAYS = float(1 << 31)
_NAMELESS, _UNREADABLE = -1, -2
_START = 1_009_843_200  # 2002-01-01: from when ListenBrainz counts


_read_text = msgspec.json.Decoder(str | None).decode
_ABSENT = msgspec.Raw(b"null")


# Names are read where an item is met for the first time: reading all of them takes as long as all else of a line.
class _Artist(msgspec.Struct, gc=False):
    name: msgspec.Raw = msgspec.field(default=_ABSENT, name="artist_name")
    mbid: str | None = msgspec.field(default=None, name="artist_mbid")
    plays: int | float = msgspec.field(default=0, name="listen_count")

    def label(self) -> str:
        """Raises msgspec.DecodeError, UnicodeDecodeError where the name is not UTF-8."""
        label = (_read_text(self.name) or "").replace(SEPARATOR, " ").strip()
        return "" if _NOBODY.fullmatch(label) else label


class _Credit(msgspec.Struct, gc=False):
    artist_credit_name: str | None = None


_read_credits = msgspec.json.Decoder(list[_Credit] | None).decode


class _Recording(msgspec.Struct, gc=False):
    name: msgspec.Raw = msgspec.field(default=_ABSENT, name="track_name")
    mbid: str | None = msgspec.field(default=None, name="recording_mbid")
    plays: int | float = msgspec.field(default=0, name="listen_count")
    artist_name: msgspec.Raw = _ABSENT
    artists: msgspec.Raw = _ABSENT

    def label(self) -> str:
        """By its first artist, which is how listening histories name a track's. Raises as an artist's does."""
        credited = _read_credits(self.artists)
        first = credited[0].artist_credit_name if credited else None
        artist, title = (
            (first or _read_text(self.artist_name) or "").strip(),
            (_read_text(self.name) or "").strip(),
        )
        return track_name(artist, title) if artist and title and not _NOBODY.fullmatch(artist) else ""


class _ArtistLine(msgspec.Struct, gc=False):
    data: list[_Artist]
    to_ts: int | None = None


class _RecordingLine(msgspec.Struct, gc=False):
    data: list[_Recording]
    to_ts: int | None = None


class _LooseLine(msgspec.Struct, gc=False):
    data: list[msgspec.Raw]
    to_ts: object = None


_MBID, _PLAYS, _NAME, _ARTIST_NAME = map(attrgetter, ("mbid", "plays", "name", "artist_name"))
_Line = _ArtistLine | _RecordingLine
_NO_ID = (hash(None), hash(""))


def _hashes_of(entries: list[Any], level: Level) -> Hashes:
    """64 bits of each entry's id, of its spelling where it has none."""
    hashes = np.fromiter(map(hash, map(_MBID, entries)), np.int64, len(entries))
    without = np.flatnonzero((hashes == _NO_ID[0]) | (hashes == _NO_ID[1]))
    spelled = [entries[place] for place in without.tolist()]
    spellings = map(bytes, map(_NAME, spelled))
    if level == "tracks":
        spellings = map(add, map(bytes, map(_ARTIST_NAME, spelled)), spellings)
    # A string's hash is that of its bytes: no id is to be taken for a name.
    hashes[without] = ~np.fromiter(map(hash, spellings), np.int64, len(spelled))
    return hashes


class Tally:
    """What was counted so far: listeners' plays by item, in blocks, and the items' names."""

    def __init__(self, level: Level, source: str) -> None:
        line: type[_Line] = _ArtistLine if level == "artists" else _RecordingLine
        self.level = level
        self.source = source
        self.listeners = 0
        self.last = 0
        self.lines = 0
        self.bad = BadLines()
        self.dropped: Counter[str] = Counter()
        self.names: list[str] = []
        self.mapped = bytearray()
        self.mbids = bytearray()
        self.blocks: list[csr_matrix] = []
        self._numbers = HashTable()
        self._waiting: list[Any] = []
        self._items, self._plays, self._ends = array("i"), array("f"), array("i", [0])
        self._decode = msgspec.json.Decoder(line).decode
        self._loose = msgspec.json.Decoder(_LooseLine).decode
        self._entry = msgspec.json.Decoder(_Artist if level == "artists" else _Recording, strict=False).decode

    def add(self, lines: Sequence[bytes | memoryview]) -> None:
        """Count lines, each of one listener."""
        for number, line in enumerate(lines, self.lines + 1):
            try:
                one = self._decode(line)
                entries, to = one.data, one.to_ts
            except UNREADABLE:
                if not bytes(line).strip():
                    continue
                entries, to = self._salvaged(line, number)
            self._waiting += entries
            self._ends.append(len(self._items) + len(self._waiting))
            if len(self._waiting) >= _TOGETHER:
                self._count()
            if to and self.last < to < 4 * _START:
                self.last = to
        self.lines += len(lines)

    def _salvaged(
        self, line: bytes | memoryview, number: int
    ) -> tuple[list[_Artist] | list[_Recording], int | None]:
        """The usable entries of a malformed line."""
        found = []
        try:
            loose = self._loose(line)
        except msgspec.ValidationError as error:
            # The error is reported, not the line, which begins with the listener's number.
            self.bad.add("line of another layout", self.source, number, str(error))
            return [], None
        except UNREADABLE as error:
            self.bad.add("line that is not JSON, or cut short", self.source, number, str(error))
            return [], None
        for entry in loose.data:
            try:
                found.append(self._entry(entry))
            except UNREADABLE as error:
                self.bad.add_entry("entry of another layout", self.source, number, str(error))
        # The list holds entries of the kind asked for, which the loose layout cannot say.
        return found, loose.to_ts if isinstance(loose.to_ts, int) else None  # type: ignore[return-value]

    def _count(self) -> None:
        """Count the entries that wait: many at a time, since this takes as long as decoding them."""
        entries = self._waiting
        hashes = _hashes_of(entries, self.level)
        items = self._numbers.numbers(hashes)
        new: dict[int, int] = {}
        for place in np.flatnonzero(items < 0).tolist():
            known = int(hashes[place])
            if known not in new:
                number = self._numbered(entries[place])
                if number < 0:
                    items[place] = number
                    continue
                new[known] = number
            items[place] = new[known]
        self._numbers.add(np.array(list(new), dtype=np.int64), list(new.values()))
        self._items.frombytes(items.tobytes())
        self._plays.fromlist(list(map(_PLAYS, entries)))
        entries.clear()
        if len(self._items) >= _BLOCK_PAIRS:
            self.close_block()

    def _numbered(self, entry: _Artist | _Recording) -> int:
        """The number of an item met for the first time; `_NAMELESS` and `_UNREADABLE` where it cannot have one."""
        try:
            label = entry.label()
        except UNREADABLE:
            return _UNREADABLE
        if not label:
            return _NAMELESS
        self.names.append(label)
        self.mapped.append(bool(entry.mbid))
        self.mbids += mbid_bytes(entry.mbid or "")
        return len(self.names) - 1

    def close_block(self) -> None:
        """Put what is being counted into a block, without what cannot be used of it."""
        from scipy.sparse import csr_matrix

        if self._waiting:
            self._count()
        plays, items, ends = (np.array(part) for part in (self._plays, self._items, self._ends))
        self._items, self._plays, self._ends = array("i"), array("f"), array("i", [0])
        named, played = items >= 0, (plays > 0) & (plays < _MAX_PLAYS)
        self.dropped["entry without an artist's name"] += int(np.count_nonzero(items == _NAMELESS))
        self.dropped["entry of another layout"] += int(np.count_nonzero(items == _UNREADABLE))
        self.dropped["entry without plays"] += int(np.count_nonzero(named & ~played))
        plays[~(named & played)] = 0
        items[~named] = 0
        # How many names there will be is known at the end alone.
        block = csr_matrix((plays, items, ends), shape=(len(ends) - 1, max(1, len(self.names))))
        block.eliminate_zeros()
        some = np.diff(block.indptr) > 0
        self.listeners += int(np.count_nonzero(some))
        self.dropped["listener without plays"] += int(np.count_nonzero(~some))
        self.blocks.append(block)

    def forget_ids(self) -> None:
        """Free what only counting needs, and give every block a column a name."""
        from scipy.sparse import csr_matrix

        self.close_block()
        self._numbers = HashTable()
        for number, block in enumerate(self.blocks):
            parts = (block.data, block.indices, block.indptr)
            self.blocks[number] = csr_matrix(parts, shape=(block.shape[0], max(1, len(self.names))))
