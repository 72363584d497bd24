"""Adds a file's community data, track features and genres as packs."""

from __future__ import annotations

import datetime
import sqlite3
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from engine.canonical_keys import Level
from engine.community.bad_lines import BadLines
from engine.community.pack_names import name_for, name_of_file
from engine.community.packs import PackInfo, list_packs
from engine.errors import UnreadableFileError, UsageError
from engine.paths import why_not_read
from engine.privacy import Door
from engine.progress import Cancelled, CountReport

if TYPE_CHECKING:
    from engine.community.features import FeatureReport
    from engine.community.pack import Download, PackContent
    from engine.job_messages import LeftOut


class UnknownFormatError(UnreadableFileError):
    """The data at a path has no known layout."""


class Reader(Protocol):
    """The interface of a module that reads one layout of community data."""

    @property
    def NAME(self) -> str:  # noqa: N802 - a module's constant
        """Its name for `--format`."""

    @property
    def TITLE(self) -> str:  # noqa: N802 - a module's constant
        """What it reads, for errors."""

    @property
    def LEVEL(self) -> Level:  # noqa: N802 - a module's constant
        """Artists or tracks."""

    def recognises(self, path: Path) -> bool:
        """Whether the data at `path` is of this layout, recognised by content."""

    def contents(
        self,
        path: Path,
        *,
        progress: CountReport | None = None,
        cancelled: Cancelled | None = None,
    ) -> Iterator[PackContent | UnreadableFileError]:
        """The communities in it, read one after the other in one pass, and why one of them cannot be used."""


def readers() -> dict[str, Reader]:
    """Every reader of community data by name. Imported only here: listing packs needs no NumPy."""
    from engine.community.listenbrainz import ARTISTS, TRACKS
    from engine.community.plays import PLAYLISTS, PLAYS

    found: tuple[Reader, ...] = (*_published(), PLAYLISTS, PLAYS, ARTISTS, TRACKS)
    return {reader.NAME: reader for reader in found}


def _published() -> tuple[Reader, ...]:
    """The readers of published sets, which exclude all others."""
    from engine.community.audioscrobbler import AUDIOSCROBBLER
    from engine.community.hetrec import HETREC
    from engine.community.matrix import MATRIX
    from engine.community.million_playlists import MILLION_PLAYLISTS
    from engine.community.taste_profile import TASTE_PROFILE

    return HETREC, MILLION_PLAYLISTS, TASTE_PROFILE, AUDIOSCROBBLER, MATRIX


@dataclass(frozen=True, slots=True)
class Added:
    """Result for a file: its packs, the counts of its rows of features, and why a part was not added.

    `bad` has, by pack, the lines that could not be used.
    """

    packs: tuple[PackInfo, ...]
    features: FeatureReport | None
    left_out: tuple[str, ...]
    bad: dict[str, BadLines]

    def as_dict(self) -> LeftOut:
        """What was left out, by the keys of the command line's contract."""
        return {
            "left_out": list(self.left_out),
            "bad_lines": [
                {
                    "pack": pack,
                    "count": bad.count,
                    "reasons": dict(bad.reasons),
                    "entries": dict(bad.entries),
                    "first": [asdict(line) | {"shown": str(line)} for line in bad.first],
                }
                for pack, bad in self.bad.items()
                if bad.first
            ],
        }


def add_packs(
    door: Door,
    path: Path,
    *,
    format: str | None = None,  # noqa: A002 - the contract's word
    name: str | None = None,
    progress: CountReport | None = None,
    cancelled: Cancelled | None = None,
    library: sqlite3.Connection | None = None,
    licence: str = "",
) -> Added:
    """Add everything at `path`, community data, track features, genres, as a pack each, called `name` (by default after
    the file); packs of the same name, kind and level are replaced.

    `format` restricts to one reader. `library` names recordings that the file has only by id; `licence` is for data
    that does not state its own. Raises UnreadableFileError if there is nothing to add, UsageError for an unknown
    format, PrivateSessionError in a private session.
    """
    door.require_writable("add a pack")
    if why := why_not_read(path):
        raise UnreadableFileError(f"{path} {why}. Choose a file, an archive or a folder.")
    found, words, sounds = _readers_for(path, format)
    adding = _Adding(door, path, name, len(found) + words + sounds, progress, cancelled)
    for reader in found:
        adding.take_community(reader, licence)
    if words:
        adding.take_genres()
    if sounds:
        adding.take_features(library)
    if not adding.taken:
        raise (
            adding.failed[0]
            if adding.failed
            else UnknownFormatError(
                f"{path} is not community data in a known format. Known formats: discover community add --help."
            )
        )
    packs = {info.name: info for info in list_packs(door.folders)}
    whole = tuple(packs[label] for label in adding.taken)
    return Added(whole, adding.report, tuple(map(str, adding.failed)), adding.taken)


@dataclass(slots=True)
class _Adding:
    """The state of adding a file: its packs with their bad lines, and why a part was not added."""

    door: Door
    path: Path
    name: str | None
    passes: int
    progress: CountReport | None
    cancelled: Cancelled | None
    taken: dict[str, BadLines] = field(default_factory=dict)
    failed: list[UnreadableFileError] = field(default_factory=list)
    report: FeatureReport | None = None
    _pass: int = -1

    def _next(self) -> CountReport | None:
        """The progress of the next pass, each of which reads the whole file."""
        self._pass += 1
        number, passes, progress = self._pass, self.passes, self.progress
        return progress and (lambda done, total: progress(number * total + done, passes * total))

    def take_community(self, reader: Reader, licence: str) -> None:
        """A pack of each community that a reader finds; `licence` is for data that does not state its own."""
        try:
            for content in reader.contents(self.path, progress=self._next(), cancelled=self.cancelled):
                if isinstance(content, UnreadableFileError):
                    self.failed.append(content)
                else:
                    content = replace(content, licence=content.licence or licence)
                    name = self.name or name_of_file(self.path)
                    self.taken[add_content(self.door, content, name, self.path.name)] = content.bad
        except UnreadableFileError as error:
            self.failed.append(error)

    def take_genres(self) -> None:
        """The pack of genres."""
        from engine.community import genres

        try:
            with self.path.open("rb") as file:
                name, size = self.name or genres.KIND, self.path.stat().st_size
                label = genres.add_genres(
                    self.door, file, self.path.name, name, self._next(), self.cancelled, size=size
                )
            self.taken[label] = BadLines()
        except UnreadableFileError as error:
            self.failed.append(error)

    def take_features(self, library: sqlite3.Connection | None) -> None:
        """The packs of features, and the counts of their rows; `library` names rows that have only an id."""
        from engine.community import features

        try:
            report = features.add_features(
                self.door, self.path, self.name, self._next(), self.cancelled, library
            )
        except UnreadableFileError as error:
            self.failed.append(error)
            return
        self.report = report
        self.taken |= dict.fromkeys((report.name, *report.also), report.bad)


def add_content(
    door: Door,
    content: PackContent,
    name: str,
    source: str,
    *,
    checked: str = "",
    download: Download | None = None,
) -> str:
    """Write what a reader found as a pack, in place of one of the same name, kind and level; returns its name."""
    from engine.community.pack import KIND, write_pack

    label = name_for(door.folders, name, KIND, content.level)
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    with door.new_folder(door.folders.packs / label) as folder:
        write_pack(folder, content, name=label, source=source, date=today, checked=checked, download=download)
    return label


def _readers_for(path: Path, format: str | None) -> tuple[list[Reader], bool, bool]:  # noqa: A002 - the contract's word
    """The readers that recognize the data at `path`, or the requested one; whether to read genres, whether features."""
    from engine.community import acousticbrainz, features, genres
    from engine.community.listenbrainz import STATISTICS
    from engine.community.plays import PLAYLISTS, PLAYS

    if format is not None:
        known, others = readers(), (features.KIND, genres.KIND)
        if format not in (*known, *others):
            names = ", ".join(sorted((*known, *others)))
            raise UsageError(f"Unknown community format {format}. Known: {names}.")
        return [known[format]] if format in known else [], format == genres.KIND, format == features.KIND
    # The large archives first, by their beginning: the others search an archive's files.
    if STATISTICS.recognises(path):
        return [STATISTICS], False, False
    if (words := genres.recognises(path)) or acousticbrainz.recognises(path):
        return [], words, not words
    if (one := next((reader for reader in _published() if reader.recognises(path)), None)) is not None:
        return [one], False, False
    tables: tuple[Reader, ...] = (PLAYLISTS, PLAYS)
    found = [reader for reader in tables if reader.recognises(path)]
    return found, False, features.recognises(path, strict=not found)


def titles_of(path: Path) -> list[str]:
    """The layouts that `add_packs` would add from `path`; empty for none."""
    from engine.community import features, genres

    try:
        found, words, sounds = _readers_for(path, None)
    except UnreadableFileError:
        return []
    titles = [reader.TITLE for reader in found]
    return [*titles, *[genres.TITLE] * words, *[features.TITLE] * sounds]
