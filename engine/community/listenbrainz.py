"""Reads ListenBrainz' statistics: each listener's most played artists or tracks, a line a listener.

Takes `artists_all_time.jsonl` or `recordings_all_time.jsonl`, plain or packed with zstd, and the archive of the public
dump (`listenbrainz-statistics-dump-*.tar.zst`), which is read only as far as the member. The numbers of listeners are
dropped while reading: another public dump maps them to names. PACKS.md has the layout and its traps.
"""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, cast

import msgspec
import numpy as np

from engine.canonical_keys import SEPARATOR, Level, track_name
from engine.community.condense import Condensed, Limits, condense
from engine.community.mbids import MBID_BYTES, mbid_bytes
from engine.community.pack import PackContent
from engine.community.streams import Member, first_bytes, is_tar, opened_member
from engine.errors import CancelledError, UnreadableFileError

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

LICENCE, SOURCE = "CC0 1.0", "ListenBrainz"
# What MusicBrainz has where there is no one artist: nobody to discover. Bands have brackets in their names, too.
_NOBODY = re.compile(
    r"various artists|\[(?:unknown|anonymous|traditional|no artist|dialogue|data|theatre)\]", re.IGNORECASE
)
_BLOCK_PAIRS = 1 << 21
_MAX_PLAYS = float(1 << 31)
_NAMELESS = -1
_START = 1_009_843_200  # 2002-01-01: from when ListenBrainz counts


class _Artist(msgspec.Struct, gc=False):
    name: str | None = msgspec.field(default=None, name="artist_name")
    mbid: str | None = msgspec.field(default=None, name="artist_mbid")
    plays: float = msgspec.field(default=0, name="listen_count")

    def label(self) -> str:
        label = (self.name or "").replace(SEPARATOR, " ").strip()
        return "" if _NOBODY.fullmatch(label) else label


class _Credit(msgspec.Struct, gc=False):
    artist_credit_name: str | None = None


class _Recording(msgspec.Struct, gc=False):
    name: str | None = msgspec.field(default=None, name="track_name")
    mbid: str | None = msgspec.field(default=None, name="recording_mbid")
    plays: float = msgspec.field(default=0, name="listen_count")
    artist_name: str | None = None
    artists: list[_Credit] | None = None

    def label(self) -> str:
        """By its first artist, which is how listening histories name a track's."""
        first = self.artists[0].artist_credit_name if self.artists else None
        artist, title = (first or self.artist_name or "").strip(), (self.name or "").strip()
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


_MBID, _PLAYS = attrgetter("mbid"), attrgetter("plays")
_Line = _ArtistLine | _RecordingLine


class Tally:
    """What was counted so far: listeners' plays by item, in blocks, and the items' names."""

    def __init__(self, level: Level) -> None:
        line: type[_Line] = _ArtistLine if level == "artists" else _RecordingLine
        self.level = level
        self.listeners = 0
        self.last = 0
        self.dropped: Counter[str] = Counter()
        self.names: list[str] = []
        self.mapped = bytearray()
        self.mbids = bytearray()
        self.blocks: list[csr_matrix] = []
        self._by_id: dict[str | None, int] = {}
        self._by_name: dict[str | None, int] = {}
        self._items, self._plays, self._ends = array("i"), array("f"), array("i", [0])
        self._decode = msgspec.json.Decoder(line).decode
        self._loose = msgspec.json.Decoder(_LooseLine).decode
        self._entry = msgspec.json.Decoder(_Artist if level == "artists" else _Recording, strict=False).decode

    def add(self, lines: list[bytes]) -> None:
        """Count lines, each of one listener."""
        for line in lines:
            try:
                one = self._decode(line)
                entries, to = one.data, one.to_ts
            except (msgspec.DecodeError, UnicodeDecodeError):
                if not line.strip():
                    continue
                entries, to = self._salvaged(line)
            self._count(entries)
            if to and self.last < to < 4 * _START:
                self.last = to

    def _salvaged(self, line: bytes) -> tuple[list[_Artist] | list[_Recording], int | None]:
        """The entries that can be used of a line that is not as it should be."""
        found = []
        try:
            loose = self._loose(line)
        except msgspec.ValidationError:
            self.dropped["line of another layout"] += 1
            return [], None
        except (msgspec.DecodeError, UnicodeDecodeError):
            self.dropped["line that is not JSON, or cut short"] += 1
            return [], None
        for entry in loose.data:
            try:
                found.append(self._entry(entry))
            except (msgspec.DecodeError, UnicodeDecodeError):
                self.dropped["entry of another layout"] += 1
        # The list holds entries of the kind asked for, which the loose layout cannot say.
        return found, loose.to_ts if isinstance(loose.to_ts, int) else None  # type: ignore[return-value]

    def _count(self, entries: list[_Artist] | list[_Recording]) -> None:
        # Whole lists at a time: this runs for every pair, and takes as long as decoding.
        items = list(map(self._by_id.get, map(_MBID, entries)))
        plays = list(map(_PLAYS, entries))
        if None in items:
            for place in [place for place, item in enumerate(items) if item is None]:
                items[place] = self._numbered(entries[place])
        self._items.fromlist(cast(list[int], items))
        self._plays.fromlist(plays)
        self._ends.append(len(self._items))
        if len(self._items) >= _BLOCK_PAIRS:
            self.close_block()

    def _numbered(self, entry: _Artist | _Recording) -> int:
        """The number of an item, a new one where it has none yet; that of no name is `_NAMELESS`."""
        number, key = (self._by_id, entry.mbid) if entry.mbid else (self._by_name, entry.label())
        if (found := number.get(key)) is not None:
            return found
        if not (label := entry.label()):
            return _NAMELESS
        number[key] = len(self.names)
        self.names.append(label)
        self.mapped.append(bool(entry.mbid))
        self.mbids += mbid_bytes(entry.mbid or "")
        return number[key]

    def close_block(self) -> None:
        """Put what is being counted into a block, without what cannot be used of it."""
        from scipy.sparse import csr_matrix

        plays, items, ends = (np.array(part) for part in (self._plays, self._items, self._ends))
        self._items, self._plays, self._ends = array("i"), array("f"), array("i", [0])
        named, played = items != _NAMELESS, (plays > 0) & (plays < _MAX_PLAYS)
        self.dropped["entry without an artist's name"] += int(np.count_nonzero(~named))
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
        self._by_id.clear()
        self._by_name.clear()
        for number, block in enumerate(self.blocks):
            parts = (block.data, block.indices, block.indptr)
            self.blocks[number] = csr_matrix(parts, shape=(block.shape[0], max(1, len(self.names))))


@dataclass(frozen=True)
class Statistics:
    """The reader of one of the statistics: `NAME`, `TITLE` and `LEVEL` as readers have them."""

    NAME: str
    TITLE: str
    LEVEL: Level
    suffix: str

    def recognises(self, path: Path) -> bool:
        """Whether `path` is the archive, or lines with this statistic's fields."""
        start = first_bytes(path, 1 << 16) if path.is_file() else b""
        if is_tar(start):
            return b"listenbrainz-statistics-dump-" in start  # behind a header of the first member's date
        return start.startswith(b"{") and b'"listen_count"' in start and _level_of(start) == self.LEVEL

    def read(
        self,
        path: Path,
        *,
        progress: Callable[[int, int], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
        limits: Limits = Limits(),  # noqa: B008 - frozen
    ) -> PackContent:
        """Everything in it that can be used; bad lines are counted by reason.

        Raises UnreadableFileError when the file is damaged, has not this statistic, or too little is left of it.
        """
        with (
            path.open("rb") as file,
            opened_member(file, path.name, self.suffix, size=path.stat().st_size) as member,
        ):
            if member is None:
                raise UnreadableFileError(f"{path.name} has no {self.suffix.lstrip('/')}.")
            whole = member.size or path.stat().st_size
            tally = self.count(
                member, progress=progress and (lambda done, _: progress(done, whole)), cancelled=cancelled
            )
        return self.content(tally, path.name, limits, cancelled=cancelled)

    def count(
        self,
        member: Member,
        *,
        progress: Callable[[int, int], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Tally:
        """Count all lines of the member. Progress is in bytes of it."""
        tally = Tally(self.LEVEL)
        for lines in member.blocks():
            _stop_if(cancelled)
            tally.add(lines)
            if progress is not None:
                progress(member.place(), member.size or 0)
        return tally

    def content(
        self,
        tally: Tally,
        source: str,
        limits: Limits = Limits(),  # noqa: B008 - frozen
        *,
        cancelled: Callable[[], bool] | None = None,
    ) -> PackContent:
        """What becomes of it as a pack: merged, pruned and capped, and said so."""
        tally.forget_ids()
        if not tally.names:
            raise UnreadableFileError(
                f"{source} has no listener with plays of {self.LEVEL}. Is the file whole?"
            )
        mapped = np.frombuffer(tally.mapped, dtype=np.bool_)
        made = condense(tally.blocks, tally.names, mapped, limits, tally.dropped, lambda: _stop_if(cancelled))
        if not made.plays.nnz:
            raise UnreadableFileError(
                f"{source} has {tally.listeners:,} listeners with plays, and no {self.LEVEL.rstrip('s')} that "
                f"{limits.item_listeners} of them played {limits.pair_plays} times or more. Is the file whole?"
            )
        return PackContent(
            plays=made.plays,
            names=[tally.names[number] for number in made.kept.tolist()],
            tags=(),
            dropped={reason: count for reason, count in tally.dropped.items() if count},
            level=self.LEVEL,
            source=SOURCE,
            collected=datetime.fromtimestamp(tally.last, UTC).date().isoformat() if tally.last else "",
            licence=LICENCE,
            mbids=np.frombuffer(tally.mbids, dtype=np.uint8).reshape(-1, MBID_BYTES)[made.kept],
            notes=_notes(tally, made, limits, self.LEVEL),
        )


def _level_of(start: bytes) -> Level | None:
    """What the first lines count; null for releases and days."""
    if b'"track_name"' in start:
        return "tracks"
    return "artists" if b'"artist_name"' in start and b'"release_name"' not in start else None


def _notes(tally: Tally, made: Condensed, limits: Limits, level: Level) -> tuple[str, ...]:
    notes = (
        f"{tally.listeners:,} listeners read; their ids were not kept.",
        f"Merged by MusicBrainz id; {made.merged:,} spellings without one joined the id their name belongs to.",
        f"{made.split:,} joint credits without an id count for each of their artists.",
        f"Left out: pairs under {limits.pair_plays} plays and {level} under {limits.item_listeners} listeners.",
        f"{made.capped:,} listeners with more than {made.cap:,.0f} plays were scaled down to that.",
    )
    return notes if level == "artists" else notes[:2] + notes[3:]


def _stop_if(cancelled: Callable[[], bool] | None) -> None:
    if cancelled is not None and cancelled():
        raise CancelledError("Stopped; no pack was added.")


ARTISTS = Statistics(
    "listenbrainz",
    "ListenBrainz statistics, artists (artists_all_time.jsonl or the archive)",
    "artists",
    "/artists_all_time.jsonl",
)
TRACKS = Statistics(
    "listenbrainz-tracks",
    "ListenBrainz statistics, tracks (recordings_all_time.jsonl or the archive)",
    "tracks",
    "/recordings_all_time.jsonl",
)
