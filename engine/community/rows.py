"""Builds a community from rows of any layout: counted by listener and item, in bounded memory.

A reader yields rows of (listener, artist, title, plays); `Rows` is what reads one layout so. Listeners and spellings
are identified by 64-bit hashes: nothing of a listener is stored, and a spelling takes a tenth of the memory.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.canonical_keys import SEPARATOR, Level, artist_of, item_key, track_name
from engine.community.condense import Part, narrowed, stacked, summed
from engine.community.pack import PackContent
from engine.community.reading import Reading
from engine.errors import UnreadableFileError
from engine.progress import Cancelled, CountReport

# Listener, artist, title (empty where items are artists), plays (null where the data only says that they played it).
Row = tuple[str, str, str, float | None]
_BLOCK = 1 << 21
_NAMELESS = -1
# So many listeners ask for one more of an item's; 25 is what the statistics of ListenBrainz are held to.
_LISTENERS_A_LISTENER, _MAX_LEAST = 2_000, 25
_MAX_PLAYS = float(1 << 31)


class Gathering:
    """What is gathered of one path: pairs with their plays, names of items, tags, and what a reader says of it.

    `collected` and `licence` are set by readers of a published set that has files no other data has.
    """

    def __init__(self, level: Level, reading: Reading) -> None:
        self.level = level
        self.reading = reading
        self.collected = self.licence = ""
        self.notes: list[str] = []
        self.dropped: Counter[str] = Counter()
        self._listeners: dict[int, int] = {}
        self._spellings: dict[int, int] = {}
        self._keys: dict[int, int] = {}
        self._names: list[str] = []
        self._tags: Counter[tuple[int, str]] = Counter()
        self._rows, self._items, self._plays = array("i"), array("i"), array("f")
        self._blocks: list[Part] = []
        self._counts_plays = False

    def take(self, rows: Iterable[Row]) -> None:
        """Count rows; those without a listener, an artist or a title are refused."""
        missing = "no artist" if self.level == "artists" else "no artist or title"
        refuse, spellings, listeners = self.reading.refuse, self._spellings, self._listeners
        put_row, put_item, put_plays = self._appending()
        for listener, artist, title, plays in rows:
            name = f"{artist}{SEPARATOR}{title}" if title else artist
            item = spellings.get(hash(name))
            if item is None:
                item = self._numbered(name, artist, title)
            if item < 0:
                refuse(missing)
                continue
            if not listener:
                refuse("no listener")
                continue
            if plays is None:
                plays = 1.0
            else:
                self._counts_plays = True
            put_row(listeners.setdefault(hash(listener), len(listeners)))
            put_item(item)
            put_plays(plays)
            if len(self._rows) >= _BLOCK:
                self._close_block()
                put_row, put_item, put_plays = self._appending()

    def tag(self, artist: str, title: str, word: str, count: int = 1) -> bool:
        """Take down a tag of an item that was played; whether it was."""
        name = f"{artist}{SEPARATOR}{title}" if title else artist
        item = self._spellings.get(hash(name), _NAMELESS)
        if item >= 0:
            self._tags[item, word] += count
        return item >= 0

    def _appending(self) -> tuple[Callable[[int], None], Callable[[int], None], Callable[[float], None]]:
        return self._rows.append, self._items.append, self._plays.append

    def _numbered(self, name: str, artist: str, title: str) -> int:
        """The number of an item met in a new spelling; that of no name is `_NAMELESS`."""
        proper = artist.strip()
        if self.level == "tracks":
            proper = track_name(proper, title.strip()) if title.strip() else ""
        key = item_key(proper)
        number = _NAMELESS
        if artist_of(key):
            number = self._keys.setdefault(hash(key), len(self._names))
            if number == len(self._names):
                self._names.append(proper)
        self._spellings[hash(name)] = number
        return number

    def _close_block(self) -> None:
        """Sum what is being counted by listener and item, and start over."""
        rows, items, plays = (np.array(part) for part in (self._rows, self._items, self._plays))
        self._rows, self._items, self._plays = array("i"), array("i"), array("f")
        self._blocks.append(summed(rows, items, plays))

    def content(self, source: str) -> PackContent | None:
        """The community, rare items of a large one left out; null where there is nothing in it.

        Raises UnreadableFileError when most lines could not be used.
        """
        self._close_block()
        self._spellings.clear()
        self._keys.clear()
        bad = self.reading.bad
        bad.refuse_most(source, self.reading.lines)
        plays = stacked(self._blocks, len(self._listeners), len(self._names))
        if not plays.nnz:
            return None
        if not self._counts_plays:
            # An item twice in one playlist, as by two versions of it, counts once.
            plays.data[:] = 1
        least = min(_MAX_LEAST, plays.shape[0] // _LISTENERS_A_LISTENER)
        counts = np.bincount(plays.indices, minlength=len(self._names))
        kept = np.flatnonzero(counts >= max(1, least))
        if rare := int(np.count_nonzero(counts)) - len(kept):
            self.dropped[f"item under {least} listeners"] += rare
            self.notes.append(f"Left out: {self.level} under {least} listeners.")
        plays = narrowed(plays, kept)
        number = {old: new for new, old in enumerate(kept.tolist())}
        return PackContent(
            plays=plays,
            names=[self._names[item] for item in kept.tolist()],
            tags=[
                (number[item], word, float(n))
                for (item, word), n in sorted(self._tags.items())
                if item in number
            ],
            dropped=dict(bad.reasons + self.dropped),
            level=self.level,
            collected=self.collected,
            licence=self.licence,
            notes=tuple(self.notes),
            bad=bad,
        )


@dataclass(frozen=True)
class Rows:
    """The reader of one layout: `rows` yields what can be used of the data at a path and reports each to `into.reading`
    line, and refuses there what it cannot use. `wanted` says what is missing where there is nothing in it.
    """

    NAME: str
    TITLE: str
    LEVEL: Level
    recognises: Callable[[Path], bool]
    rows: Callable[[Path, Gathering], Iterator[Row]]
    wanted: str

    def read(
        self,
        path: Path,
        *,
        progress: CountReport | None = None,
        cancelled: Cancelled | None = None,
    ) -> PackContent:
        """Everything that can be used; what cannot is counted by reason.

        Raises UnreadableFileError when there is nothing in it, or most of it is bad, CancelledError.
        """
        into = Gathering(self.LEVEL, Reading(path, progress, cancelled))
        into.take(self.rows(path, into))
        into.reading.look()
        content = into.content(path.name)
        if content is None:
            raise UnreadableFileError(f"{path.name} {self.wanted}")
        return content

    def contents(
        self,
        path: Path,
        *,
        progress: CountReport | None = None,
        cancelled: Cancelled | None = None,
    ) -> Iterator[PackContent | UnreadableFileError]:
        """The one community there is in it."""
        yield self.read(path, progress=progress, cancelled=cancelled)


def count_in(text: str) -> float | None:
    """A number of plays; null for what is not one."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 < value < _MAX_PLAYS else None
