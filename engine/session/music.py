"""The person's music folders: adding, rescanning, removing, measuring."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.canonical_keys import nearest
from engine.errors import NothingYetError, UnknownNameError, UnreadableFileError, UsageError, reason
from engine.paths import why_not_read
from engine.progress import Cancelled, StageReport
from engine.session.library import Change, Service, synchronized
from engine.store import music_files as store

if TYPE_CHECKING:
    from engine.audio.measure import Agreement, MeasureReport
    from engine.audio.scan import ScanReport
    from engine.store.music_files import MusicFile, MusicFolder, TakenFolder

# File names of beets' and Navidrome's databases, looked for in an added folder.
_DATABASES = ("library.db", "musiclibrary.db", "musiclibrary.blb", "navidrome.db")


@dataclass(frozen=True, slots=True)
class MusicCounts:
    """Totals of all folders: `files` with a track, those `with_tempo`, and how many of the history's `tracks` are
    `matched` by a file."""

    files: int
    with_tempo: int
    matched: int
    tracks: int


class Music(Service):
    """Folders of music files, and the databases of beets and Navidrome. Removing one removes all data of its files."""

    @synchronized
    def folders(self) -> tuple[MusicFolder, ...]:
        """The folders and databases that were added, by path."""
        return tuple(store.music_folders(self.library.connection))

    @synchronized
    def left_out(self, folder: MusicFolder) -> dict[str, list[str]]:
        """The files of a folder that stand for no track, by reason and path. What could not be looked at has no place
        in the library: where the last scan counted some, the folder is looked through for what it is now."""
        from engine.audio.scan import not_looked_at

        found = store.files_left_out(self.library.connection, folder.id)
        if sum(map(len, found.values())) == sum(folder.left_out.values()):
            return found
        unseen = not_looked_at(folder)
        return {reason: unseen.get(reason, []) + found.get(reason, []) for reason in {**unseen, **found}}

    @synchronized
    def counts(self) -> MusicCounts:
        """How many files there are, and how many tracks they match."""
        from engine.playlists.local_files import matched_tracks

        folders = self.folders()
        matched, tracks = matched_tracks(self.library.connection)
        return MusicCounts(
            sum(one.files for one in folders), sum(one.with_tempo for one in folders), matched, tracks
        )

    @synchronized
    def add(
        self,
        path: Path,
        *,
        music: Path | None = None,
        report: StageReport | None = None,
        cancelled: Cancelled | None = None,
    ) -> dict[str, ScanReport]:
        """Scan a folder, or a database of beets or Navidrome, and databases in the folder; returns reports by path.

        An added one is scanned again. `music` is the folder of a database's files. Raises UsageError for a path within
        an added folder, UnreadableFileError for anything else, and as `scan`.
        """
        from engine.audio.scan import EMPTY

        self.library.door.require_writable("add music")
        if why := why_not_read(path):
            raise UnreadableFileError(f"{path} {why}.")
        sources = list(_sources(_named(path)))
        below = str(_named(music)) if music is not None else None
        if below is not None and all(kind == "folder" for _, kind in sources):
            raise UsageError(f"--music is for a database; {path} is a folder, which has its files below it.")
        for at, kind in sources:
            if kind == "folder":
                self._refuse_within(at)
        found = {}
        for at, kind in sources:
            number = store.put_folder(self.library.connection, at, kind, None if kind == "folder" else below)
            found[at] = self._scan(number, report, cancelled)
            if kind == "folder":
                self._take_in(at)
                if len(sources) > 1 and found[at] == EMPTY:
                    # The folder has the program's database, not its music.
                    store.remove_folder(self.library.connection, number)
                    del found[at]
        return found

    @synchronized
    def scan(
        self,
        path: Path | None = None,
        *,
        report: StageReport | None = None,
        cancelled: Cancelled | None = None,
    ) -> dict[str, ScanReport]:
        """Scan one folder again, or all; returns reports by path.

        Raises NothingYetError without folders, UnknownNameError if it was not added, UnreadableFileError if one is
        missing: it is left unchanged, and the others are scanned.
        """
        self.library.door.require_writable("look through music")
        folders = self.folders() if path is None else (self.named(path),)
        if not folders:
            raise NothingYetError("No music yet. Add a folder of it: discover library add DIR.")
        found, away = {}, list[UnreadableFileError]()
        for one in folders:
            try:
                found[one.path] = self._scan(one.id, report, cancelled)
            except UnreadableFileError as error:
                away.append(error)
        if away:
            others = " The other folders were scanned." if found else ""
            raise UnreadableFileError(" ".join(map(str, away)) + others)
        return found

    def _scan(self, number: int, report: StageReport | None, cancelled: Cancelled | None) -> ScanReport:
        from engine.audio.scan import scan

        (folder,) = (one for one in self.folders() if one.id == number)
        try:
            return scan(self.library.connection, folder, report, cancelled)
        except (UnreadableFileError, UsageError):
            if folder.scanned is None and not folder.files:
                store.remove_folder(self.library.connection, number)
            raise
        finally:
            self.library.changed(Change.PLAYS)

    @synchronized
    def measure(
        self, *, report: StageReport | None = None, cancelled: Cancelled | None = None
    ) -> MeasureReport:
        """Measure tempo and calm of the files that were not measured yet, with all cores but one.

        Results are kept if it is stopped. Raises NothingYetError without files, DiscoverError if the decoding package
        is missing, CancelledError.
        """
        from engine.audio.measure import measure
        from engine.model.parallel import cores

        self.library.door.require_writable("measure music")
        if not store.any_files(self.library.connection):
            raise NothingYetError("No music yet. Add a folder of it: discover library add DIR.")
        try:
            return measure(self.library.connection, max(1, cores() - 1), report, cancelled)
        finally:
            self.library.changed(Change.PLAYS)

    @synchronized
    def agreement(self) -> Agreement:
        """How well measured tempo agrees with tags."""
        from engine.audio.measure import agreement

        return agreement(self.library.connection)

    @synchronized
    def named(self, path: Path) -> MusicFolder:
        """The folder that was added at this path. Raises UnknownNameError, naming those there are."""
        folders = self.folders()
        for at in (str(_named(path)), str(path)):
            for folder in folders:
                if folder.path == at:
                    return folder
        close = nearest(str(path), [one.path for one in folders]) or [one.path for one in folders]
        hint = f" Added: {', '.join(close)}." if close else " None was added."
        raise UnknownNameError(f"{path} is not a folder of your music.{hint}")

    @synchronized
    def remove(self, path: Path) -> MusicFolder:
        """Remove a folder and the data of its files; the files themselves stay.

        Raises UnknownNameError for one that was not added.
        """
        self.library.door.require_writable("remove music")
        folder = self.named(path)
        self.take(path)
        return folder

    @synchronized
    def take(self, path: Path) -> TakenFolder:
        """Remove a folder and return its data, for `put`. Raises as `remove`."""
        self.library.door.require_writable("remove music")
        taken = store.take_folder(self.library.connection, self.named(path).id)
        self.library.changed(Change.PLAYS)
        return taken

    @synchronized
    def put(self, taken: TakenFolder) -> None:
        """Restore a folder removed by `take`."""
        self.library.door.require_writable("bring music back")
        store.put_back(self.library.connection, taken)
        self.library.changed(Change.PLAYS)

    @synchronized
    def to_hear(self, wanted: Sequence[tuple[str, str | None]]) -> list[list[MusicFile] | None]:
        """The file of each track (artist, title), all files of each artist (title null); null for what is blocked."""
        from engine.playlists.local_files import files_to_play

        return files_to_play(self.library.connection, wanted)

    def _refuse_within(self, path: str) -> None:
        for folder in self.folders():
            if folder.kind == "folder" and Path(folder.path) in Path(path).parents:
                raise UsageError(
                    f"{path} is within {folder.path}, which was added: discover library scan looks through it again."
                )

    def _take_in(self, path: str) -> None:
        """Merge folders within this one into it."""
        for folder in self.folders():
            if folder.kind == "folder" and Path(path) in Path(folder.path).parents:
                store.remove_folder(self.library.connection, folder.id)


def _named(path: Path) -> Path:
    """The absolute path of a folder, without `..`, links not resolved."""
    return Path(os.path.abspath(path.expanduser()))  # noqa: PTH100 - `resolve` would follow links


def _sources(path: Path) -> list[tuple[str, store.Kind]]:
    """The folder and databases to scan for a path. Raises UnreadableFileError if it is neither."""
    from engine.audio.databases import kind_of
    from engine.audio.walk import is_utf8

    if not is_utf8(str(path)):
        raise UnreadableFileError(
            f"{path} has a name that is not UTF-8, which no playlist can hold. Rename it."
        )
    databases = [path / name for name in _DATABASES] if path.is_dir() else [path]
    found: list[tuple[str, store.Kind]] = []
    for database in filter(Path.is_file, databases):
        try:
            kind = kind_of(database)
        except OSError as error:
            if path.is_dir():
                continue
            raise UnreadableFileError(f"{path} cannot be read ({reason(error)}).") from error
        if kind is not None:
            found.append((str(database), kind))
    if path.is_dir():
        # The folder last: a database has more than the file's tags.
        return [*found, (str(path), "folder")]
    if not found:
        raise UnreadableFileError(
            f"{path} is neither a folder nor a database of beets or Navidrome. Name the folder your music is in."
        )
    return found
