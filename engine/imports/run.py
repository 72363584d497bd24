"""Imports files, folders and archives into the library, accounting for every row."""

from __future__ import annotations

import gc
import hashlib
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from engine.archives import ARCHIVE_ERRORS
from engine.canonical_keys import MAX_NAME
from engine.errors import CancelledError, DiscoverError, UsageError, disk_trouble, reason
from engine.imports import record as reasons
from engine.imports.ahead import Ahead
from engine.imports.batches import FILE_ERRORS, MAX_MS, DamagedError, batches, damage_named
from engine.imports.encoding import GUESSED, guesses, is_encoding
from engine.imports.guess import MAP_IT, NAME_THEM, guess
from engine.imports.record import Dropped, Like, Options, Play, PlaylistEntry, Record, Unplayed
from engine.imports.registry import Format, format_named, reading_as, reading_of
from engine.imports.report import UNKNOWN, FileReport, Report, imported_whole
from engine.imports.source import Source, head_of
from engine.imports.times import EARLIEST, is_zone, latest_possible
from engine.imports.walk import Member, walk
from engine.progress import Cancelled, CountReport
from engine.store import history
from engine.store.ingest import Ingest
from engine.store.play import MIN_MS, is_half
from engine.wording import quantity

# Bytes from which a first import builds the indexes at its end.
_LARGE_BYTES = 2 << 20


def import_paths(
    connection: sqlite3.Connection,
    paths: Sequence[Path],
    *,
    format: str | None = None,  # noqa: A002 - the option's name
    keep_private: bool = False,
    dry_run: bool = False,
    min_ms: int = MIN_MS,
    columns: Mapping[str, str] | None = None,
    zone: str | None = None,
    encoding: str | None = None,
    progress: CountReport | None = None,
    cancelled: Cancelled | None = None,
    begin: Callable[[], str] | None = None,
) -> Report:
    """Import everything under `paths` and report on each file.

    `format` reads every file as that format. `min_ms` milliseconds make a row a listen; shorter ones, unless they are
    half their track, are kept as evidence of a skip. `columns` maps fields to columns for a table of unknown shape.
    `zone` is for stamps without one, `encoding` for text that is not UTF-8. `progress` gets bytes done and in all.
    `begin` is called before the first history is read, and returns why no backup was made. With `dry_run` all happens
    in a copy in memory: not a byte of `connection`'s database changes.

    Raises UnreadableFileError for a path that does not exist, UsageError for an unknown format, zone or encoding,
    CancelledError when `cancelled` says so; the files finished until then stay.
    """
    forced = format_named(format) if format else None
    if zone and not is_zone(zone):
        raise UsageError(
            f"Unknown time zone “{zone}”. Name a place, such as Europe/Copenhagen, or Etc/GMT-2 (UTC+2)."
        )
    if encoding and not is_encoding(encoding):
        raise UsageError(
            f"Unknown encoding “{encoding}”. Some are: utf-8, cp1252, cp1251, shift_jis, gb18030, euc-kr."
        )
    members = walk(paths)
    if dry_run:
        copy = sqlite3.connect(":memory:")
        connection.backup(copy)
        connection = copy
    run = _Run(
        connection,
        min_ms,
        Options(keep_private=keep_private, columns=columns or {}, zone=zone, encoding=encoding),
        progress,
        cancelled,
    )
    try:
        return run.all(members, forced, begin)
    except CancelledError:
        if dry_run:
            raise CancelledError("Stopped. Nothing was imported.") from None
        raise
    finally:
        if dry_run:
            connection.close()


class _Run:
    """One call of `import_paths`."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        min_ms: int,
        options: Options,
        progress: CountReport | None,
        cancelled: Cancelled | None,
    ) -> None:
        self._connection = connection
        self._min_ms = min_ms
        self._options = options
        self._progress = progress
        self._cancelled = cancelled or (lambda: False)
        self._latest = _latest(connection)
        self._said = options.zone is not None or options.encoding is not None
        self._digests = history.imported_digests(connection, undated=not self._said)
        # Readings given for files earlier apply until new ones are given.
        self._readings = {} if self._said else history.readings(connection)
        self._done = 0
        self._total = 0
        self._sources: list[Source] = []
        self.report = Report()

    def all(
        self, members: Sequence[Member], forced: Format | None, begin: Callable[[], str] | None
    ) -> Report:
        """Recognise and read every member; the report lists them in the order they were found."""
        self._total = sum(member.weight for member in members)
        sources = [self._look(member, forced) for member in members]
        self.report.files = [file for file, _ in sources]
        self._sources = [source for _, source in sources if source is not None]
        found = [(file, source) for file, source in sources if source is not None]
        for file, source in sources if found else ():
            # Other tables that a service adds to a history are ignored.
            if source is None and file.path != file.root and file.note.endswith((MAP_IT, NAME_THEM)):
                file.note = UNKNOWN
        chosen = sorted(found, key=lambda pair: pair[1].format.order)
        if begin is not None and chosen:
            self.report.no_backup = begin()
        with _without_garbage_collection():
            self._import(chosen)
        if self._progress:
            self._progress(self._total, self._total)
        return self.report

    def _import(self, chosen: Sequence[tuple[FileReport, Source]]) -> None:
        """Bring the files into the library. What is held of it in memory is let go of when this returns."""
        size = sum(source.member.size for _, source in chosen)
        ingest = Ingest(self._connection, large=size > _LARGE_BYTES)
        try:
            self._read_all(ingest, chosen)
            ingest.close()
        except BaseException as error:
            with suppress(sqlite3.Error):
                ingest.close()
            kept = imported_whole(ingest.kept_files)
            if isinstance(error, (CancelledError, KeyboardInterrupt)):
                raise CancelledError(f"Stopped. {kept}") from None
            if trouble := disk_trouble(error):
                raise DiscoverError(f"{trouble} {kept}") from error
            raise
        self.report.first, self.report.last = ingest.first, ingest.last
        self.report.artists, self.report.tracks = ingest.kept_artists, len(ingest.kept_tracks)

    def _look(self, member: Member, forced: Format | None) -> tuple[FileReport, Source | None]:
        file = FileReport(member.path, member.root, note=member.trouble, on_disk=member.on_disk)
        file.unread = bool(member.trouble)
        if file.unread:
            return file, None
        known = self._known_digest(member)
        try:
            head, unmarked = head_of(member, self._read_as(known).encoding)
        except ARCHIVE_ERRORS as error:
            file.unread = True
            file.note = _unread(error)
            return file, None
        reading = reading_as(forced, head) if forced else reading_of(head, self._options.columns)
        if reading is None:
            file.note = (guess(head) or UNKNOWN) if head.data else "is empty"
            return file, None
        found, way = reading
        file.format = found.name
        file.note = found.hint
        return file, Source(member, found, known, unmarked, way)

    def _known_digest(self, member: Member) -> str:
        """The file's digest where it was imported before and may be read otherwise now: it is then read in place of
        what it had brought, not beside it. Undated plays may have a date once the computer's clock is right again."""
        if not (self._digests or self._readings):
            return ""
        with suppress(*ARCHIVE_ERRORS), member.open() as stream:
            # Any file that was opened for its bytes will do, whatever type it has.
            digest = hashlib.file_digest(stream, "sha256").hexdigest()  # type: ignore[arg-type]
            return digest if digest in self._digests or digest in self._readings else ""
        return ""

    def _read_as(self, known: str) -> Options:
        """The options for a file of this digest: where none was said, those it was read with before."""
        zone, encoding = self._readings.get(known, (self._options.zone, self._options.encoding))
        return replace(self._options, zone=zone, encoding=encoding)

    def _read_all(self, ingest: Ingest, chosen: Sequence[tuple[FileReport, Source]]) -> None:
        """Read every file, starting the next one while the last rows of this one are processed."""
        artists = any(source.format.wants_artists for _, source in chosen)
        names = any(source.format.wants_names for _, source in chosen)
        # Such files are read twice.
        self._total += sum(
            source.member.weight
            for source in self._sources
            for read in (artists and source.format.artists, names and source.format.names)
            if read
        )
        if artists:
            self._options = replace(self._options, artists=self._artists())
        if names:
            self._options = replace(self._options, names=self._names())
        following: Ahead | None = None
        with ExitStack() as stack:
            for number, (file, source) in enumerate(chosen, start=1):
                stream = following or stack.enter_context(self._ahead(source.member))
                if number < len(chosen):
                    following = stack.enter_context(self._ahead(chosen[number][1].member, stream))
                with stream:
                    self._read(ingest, file, source, stream)

    def _ahead(self, member: Member, after: Ahead | None = None) -> Ahead:
        return Ahead(member.open, partial(self._advance, member), after)

    def _read(self, ingest: Ingest, file: FileReport, source: Source, stream: Ahead) -> None:
        """One file, as a whole."""
        member = source.member
        options = replace(self._read_as(source.known), name=member.name, folder=member.folder, notes=[])
        digest, guessed = "", guesses()
        replaced = source.known if source.known in self._digests else ""
        ingest.begin_file(member.path, source.format.name, source.format.source, replaced)
        cut = ingest.names_cut
        try:
            with damage_named():
                records = source.format.parse(source.text(stream, options.encoding), options)
            self._rows(ingest, file, records)
            with damage_named():
                digest = stream.digest()
        except DamagedError as error:
            what = "could not be read" if error.whole else "cut off or damaged"
            file.note = f"{what} after record {file.read} ({error}); imported up to there"
            file.unread = True
        if member.has_changed():
            options.notes.append("it changed while it was read; import it again")
        if guesses() > guessed:
            options.notes.append(GUESSED)
        if cut := ingest.names_cut - cut:
            options.notes.append(
                f"names longer than {MAX_NAME:,} characters were cut, of {quantity(cut, 'tracks')}"
            )
        file.note = "; ".join(note for note in (file.note, *options.notes) if note)
        undated, (kept, duplicates) = ingest.undated, ingest.settle_counts()
        file.kept += kept
        file.duplicates += duplicates
        file.undated += ingest.undated - undated
        unchanged, undated = ingest.unchanged()
        file.kept -= unchanged
        file.duplicates += unchanged
        file.undated -= undated
        ingest.finish_file(
            digest, read=file.read, kept=file.kept, duplicates=file.duplicates, dropped=file.dropped
        )
        if digest and (options.zone or options.encoding):
            history.remember_reading(self._connection, digest, options.zone, options.encoding)
        self._done += member.weight

    def _artists(self) -> dict[tuple[str, str], frozenset[str]]:
        """Artists of titles, from the other files of the run."""
        found: dict[tuple[str, str], set[str]] = {}
        for title, day, artist in self._from_others("artists"):
            found.setdefault((title, day), set()).add(artist)
            found.setdefault((title, ""), set()).add(artist)
        return {key: frozenset(names) for key, names in found.items()}

    def _names(self) -> dict[tuple[str, str], tuple[str, str]]:
        """Names of ids, from the other files of the run."""
        return dict(self._from_others("names"))

    def _from_others(self, what: str) -> Iterator[Any]:
        """Artists or names from every file of the run."""
        for source in self._sources:
            read = getattr(source.format, what)
            if read is None:
                continue
            try:
                with self._ahead(source.member) as stream:
                    yield from read(source.text(stream, self._read_as(source.known).encoding))
            except FILE_ERRORS:
                pass  # its own entry in the report says so
            self._done += source.member.weight

    def _rows(
        self, ingest: Ingest, file: FileReport, records: Iterator[Record] | Iterator[list[Record]]
    ) -> None:
        min_ms, latest = self._min_ms, self._latest
        for batch in batches(records):
            if self._cancelled():
                raise CancelledError("Stopped.")
            listens: list[Play] = []
            skips: list[Play] = []
            for number, record in enumerate(batch, file.read + 1):
                if not isinstance(record, Play):
                    self._other(ingest, file, record, number)
                    continue
                start, played, length = record.started_at, record.ms_played, record.duration_ms
                if start is not None and not EARLIEST <= start <= latest:
                    record.started_at = None
                if played is not None and not 0 <= played <= MAX_MS:
                    record.ms_played = played = None
                if length is not None and not 0 <= length <= MAX_MS:
                    record.duration_ms = None
                if record.skip or not (played is None or played >= min_ms or is_half(played, record)):
                    skips.append(record)
                else:
                    listens.append(record)
            if skips:
                ingest.add_skips(skips)
                file.drop(reasons.SKIPPED, _row_of(batch, skips[0], file), len(skips))
            undated = ingest.undated
            kept, duplicates, nameless = ingest.add(listens)
            for play in nameless:
                file.drop(reasons.NO_NAMES, _row_of(batch, play, file))
            file.read += len(batch)
            file.kept += kept
            file.undated += ingest.undated - undated
            file.duplicates += duplicates

    @staticmethod
    def _other(
        ingest: Ingest, file: FileReport, record: Dropped | Like | PlaylistEntry | Unplayed, number: int
    ) -> None:
        if isinstance(record, Dropped):
            file.drop(record.reason, record.row or number)
            if record.cut:
                file.note = f"cut off after record {number - 1}; imported up to there"
        elif isinstance(record, Unplayed):
            ingest.add_ids(record.artist, record.title, record.ids)
            file.drop(reasons.NOTHING, number)
        elif isinstance(record, Like):
            known = ingest.add_verdict(record.artist, record.title, record.verdict, record.at, record.ids)
            file.drop(reasons.AS_LIKE if known else reasons.LIKE_WITHOUT_NAME, number)
        else:
            known = ingest.add_playlist_entry(
                record.playlist, record.artist, record.title, record.album, record.duration_ms, record.ids
            )
            file.drop(reasons.AS_PLAYLIST if known else reasons.ENTRY_WITHOUT_NAME, number)

    def _advance(self, member: Member, read: int) -> None:
        if self._progress:
            part = min(1.0, read / member.size) if member.size else 1.0
            self._progress(min(self._total, self._done + int(member.weight * part)), self._total)
        if self._cancelled():
            raise CancelledError("Stopped.")


def _unread(error: BaseException) -> str:
    """Why a file cannot be read. With an errno it is a system error, else the file is damaged."""
    hint = "" if getattr(error, "errno", None) else "; is the download complete?"
    return f"cannot be read ({reason(error)}){hint}"


def _latest(connection: sqlite3.Connection) -> int:
    """The latest a play can be: an hour from now, by a clock that is not behind what the library knows."""
    return max(latest_possible(), history.latest_time(connection))


def _row_of(batch: Sequence[Record], play: Play, file: FileReport) -> int:
    """The position of a play of the batch that follows the rows read."""
    return file.read + 1 + next(place for place, record in enumerate(batch) if record is play)


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """The many small rows have no reference cycles; garbage collection would cost a third of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
