"""Reads ListenBrainz' statistics: each listener's most played artists or tracks, a line a listener.

Takes `artists_all_time.jsonl` or `recordings_all_time.jsonl`, plain or packed with zstd, and the archive of the public
dump (`listenbrainz-statistics-dump-*.tar.zst`), which is read only as far as the member. The numbers of listeners are
dropped while reading: another public dump maps them to names. PACKS.md has the layout and its traps.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from engine.canonical_keys import Level
from engine.community.condense import Condensed, Limits, condense
from engine.community.files import is_tar
from engine.community.mbids import MBID_BYTES
from engine.community.offers import LISTENBRAINZ
from engine.community.pack import PackContent
from engine.community.streams import Member, first_bytes, members, opened_member
from engine.community.tally import Tally
from engine.errors import CancelledError, UnreadableFileError
from engine.progress import Cancelled, CountReport
from engine.wording import one_or_many, quantity

LICENCE = "CC0 1.0"


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
            return b"listenbrainz-statistics-dump-" in start  # after a header with the first member's date
        return start.startswith(b"{") and b'"listen_count"' in start and _level_of(start) == self.LEVEL

    def read(
        self,
        path: Path,
        *,
        progress: CountReport | None = None,
        cancelled: Cancelled | None = None,
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

    def contents(
        self,
        path: Path,
        *,
        progress: CountReport | None = None,
        cancelled: Cancelled | None = None,
    ) -> Iterator[PackContent | UnreadableFileError]:
        """The one community of it."""
        yield self.read(path, progress=progress, cancelled=cancelled)

    def count(
        self,
        member: Member,
        *,
        progress: CountReport | None = None,
        cancelled: Cancelled | None = None,
    ) -> Tally:
        """Count all lines of the member. Progress is in bytes of it."""
        tally = Tally(self.LEVEL, member.name)
        for lines in member.views():
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
        cancelled: Cancelled | None = None,
    ) -> PackContent:
        """The content of a pack: merged, pruned and capped, with notes."""
        tally.forget_ids()
        tally.bad.refuse_most(source, tally.lines)
        if not tally.names:
            raise UnreadableFileError(
                f"{source} has no listener with plays of {self.LEVEL}. Is the file complete?"
            )
        mapped = np.frombuffer(tally.mapped, dtype=np.bool_)
        if not mapped.any():
            raise UnreadableFileError(
                f"{source} has {quantity(len(tally.names), 'names')} of {self.LEVEL} and no MusicBrainz id: by these "
                "ListenBrainz' statistics say who is who. Take the dump as it was published, or write it as a table "
                "of names: user,artist,plays."
            )
        made = condense(tally.blocks, tally.names, mapped, limits, tally.dropped, lambda: _stop_if(cancelled))
        if not made.plays.nnz:
            raise UnreadableFileError(
                f"{source} has {quantity(tally.listeners, 'listeners')} with plays, and no "
                f"{self.LEVEL.rstrip('s')} that {limits.item_listeners} of them played {limits.pair_plays} times or "
                "more. Is the file complete?"
            )
        return PackContent(
            plays=made.plays,
            names=[tally.names[number] for number in made.kept.tolist()],
            tags=(),
            dropped=dict(tally.bad.reasons + tally.bad.entries + tally.dropped),
            level=self.LEVEL,
            source=LISTENBRAINZ,
            collected=datetime.fromtimestamp(tally.last, UTC).date().isoformat() if tally.last else "",
            licence=LICENCE,
            mbids=np.frombuffer(tally.mbids, dtype=np.uint8).reshape(-1, MBID_BYTES)[made.kept],
            notes=_notes(tally, made, limits, self.LEVEL),
            bad=tally.bad,
        )


class AllStatistics:
    """The reader of all statistics: an archive is read once, however many it has."""

    NAME, TITLE = "listenbrainz", "ListenBrainz statistics"
    LEVEL: Level = "artists"

    def __init__(self, *parts: Statistics) -> None:
        self._parts = parts

    def recognises(self, path: Path) -> bool:
        """Whether one of them is there."""
        return any(part.recognises(path) for part in self._parts)

    def contents(
        self,
        path: Path,
        *,
        progress: CountReport | None = None,
        cancelled: Cancelled | None = None,
    ) -> Iterator[PackContent | UnreadableFileError]:
        """Those it has, as they come, and why one of them cannot be used.

        Raises UnreadableFileError when the file is damaged, CancelledError.
        """
        parts = [part for part in self._parts if part.recognises(path)]
        size = path.stat().st_size
        with path.open("rb") as file:
            met = list[Statistics]()
            for member in members(file, path.name, [part.suffix for part in parts], size=size):
                part = next(part for part in parts if member.suffix in ("", part.suffix))
                place, whole = len(met), member.size or size
                met.append(part)

                def of_part(done: int, _: int, place: int = place, whole: int = whole) -> None:
                    if progress is not None:
                        progress(place * whole + done, len(parts) * whole)

                try:
                    tally = part.count(member, progress=of_part, cancelled=cancelled)
                    yield part.content(tally, path.name, cancelled=cancelled)
                except UnreadableFileError as error:
                    yield error
        for part in parts:
            if part not in met:
                yield UnreadableFileError(f"{path.name} has no {part.suffix.lstrip('/')}.")


def _level_of(start: bytes) -> Level | None:
    """What the first lines count; null for releases and days."""
    if b'"track_name"' in start:
        return "tracks"
    return "artists" if b'"artist_name"' in start and b'"release_name"' not in start else None


def _notes(tally: Tally, made: Condensed, limits: Limits, level: Level) -> tuple[str, ...]:
    notes = (
        f"{quantity(tally.listeners, 'listeners')} read; their ids were not kept.",
        f"Merged by MusicBrainz id; {quantity(made.merged, 'spellings')} without one joined the id of "
        "their name.",
        f"{quantity(made.split, 'joint credits')} without an id "
        f"{one_or_many(made.split, 'count', 'counts')} for each of their artists.",
        "An id that MusicBrainz merged into another is not followed: the archive does not say which. "
        f"{quantity(made.shared, 'names')} here {one_or_many(made.shared, 'have', 'has')} several ids, by that or as "
        "namesakes: training has each as one.",
        f"Left out: pairs under {limits.pair_plays} plays and {level} under {limits.item_listeners} listeners.",
        f"{quantity(made.capped, 'listeners')} with more than {made.cap:,.0f} plays "
        f"{one_or_many(made.capped, 'were', 'was')} scaled down to that.",
    )
    return notes if level == "artists" else notes[:2] + notes[3:]


def _stop_if(cancelled: Cancelled | None) -> None:
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
STATISTICS = AllStatistics(ARTISTS, TRACKS)
