"""The files at a path, opened transparently: a file, those of a folder, or members of a zip or tar archive, also
compressed with gzip, xz or zstd.

Recognized by content, and never unpacked to disk.
"""

from __future__ import annotations

import gzip
import io
import lzma
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import IO, cast

from engine.archives import ARCHIVE_ERRORS, Bounded, Sections, TarInfo, is_folder, room_of, why_refused
from engine.errors import UnreadableFileError, not_read
from engine.paths import why_not_read

if sys.version_info >= (3, 14):
    from compression.zstd import ZstdError, ZstdFile, get_frame_info
else:
    from backports.zstd import ZstdError, ZstdFile, get_frame_info

DAMAGED = (OSError, EOFError, zlib.error, tarfile.TarError, ZstdError, lzma.LZMAError)
# A zip's own damage, its ways of packing, and its passwords.
_DAMAGED_ZIP = (*ARCHIVE_ERRORS, ZstdError)
_GZIP, _ZSTD, _XZ, _ZIP = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ\x00", b"PK\x03\x04"
_HEADER = 512
_MAX_OFFSET = 1 << 32  # no set of tables is larger; behind this nothing is looked for in a tar archive
# The largest set has as many slices; each file is looked into by a dozen readers.
_MAX_IN_TAR = 1_000
_UNKNOWN = 4  # text is about so many times as large as what it is packed into, where nobody says


class Peekable(io.BufferedReader):
    """For types alone: a buffered reader of whatever it reads."""


@dataclass(frozen=True, slots=True)
class DataFile:
    """One file: its displayed name, its own name, and functions for its content and unpacked size (an estimate if only
    its end would show it).
    """

    shown: str
    name: str
    size: Callable[[], int]
    raw: Callable[[], IO[bytes]]

    @contextmanager
    def opened(self) -> Iterator[Peekable]:
        """Its content, unpacked. Raises UnreadableFileError naming it if it is damaged."""
        try:
            with ExitStack() as stack:
                packed = peekable(stack.enter_context(self.raw()))
                yield stack.enter_context(unpacked(packed, bounded=True))
        except _DAMAGED_ZIP as error:
            raise UnreadableFileError(f"{self.shown} {not_read(error)}") from error

    def beginning(self, count: int = 1 << 16) -> bytes:
        """Its first bytes, unpacked. Raises UnreadableFileError."""
        with self.opened() as file:
            return file.read(count)


def files(path: Path) -> list[DataFile]:
    """Every file at `path`, in a stable order; those of the systems that packed it are passed over.

    Raises UnreadableFileError when there is nothing there, or the archive is damaged.
    """
    if path.is_dir():
        return [
            file_at(file, file.relative_to(path).as_posix())
            for file in sorted(path.rglob("*"))
            if file.is_file() and not file.name.startswith("._")
        ]
    if why := why_not_read(path):
        raise UnreadableFileError(f"{path} {why}. Choose a file, a zip or a folder.")
    try:
        with path.open("rb") as file:
            zipped = file.read(4) == _ZIP
        if zipped:
            return list(_in_zip(path))
        stat = path.stat()
        inside = Sections(lambda: _of_tar(path))
        members, refused = _in_tar(path, stat.st_size, stat.st_mtime_ns)
        if refused:
            raise UnreadableFileError(refused)
        return [
            DataFile(shown, name, partial(int, size), partial(inside.open, begin, size))
            for shown, name, begin, size in members
        ] or [file_at(path, path.name)]
    except _DAMAGED_ZIP as error:
        raise UnreadableFileError(f"{path.name} {not_read(error)}") from error


def size_of(path: Path) -> int:
    """Bytes of all files there, unpacked; 0 for what cannot be read."""
    try:
        return sum(file.size() for file in files(path))
    except (UnreadableFileError, OSError):
        return 0


def peekable(file: IO[bytes]) -> Peekable:
    """A file of whose beginning can be looked at."""
    # An open file, which typeshed does not hold for the raw stream it is read as.
    return cast(Peekable, io.BufferedReader(cast(io.RawIOBase, file), 1 << 20))


def unpacked(file: Peekable, *, bounded: bool = False) -> Peekable:
    """The file through zstd, xz or gzip where it is packed, else itself; `bounded` by how much is packed to as much."""
    start = file.peek(6)
    if start.startswith(_ZSTD):
        inside = cast(IO[bytes], ZstdFile(file))
    elif start.startswith(_XZ):
        inside = cast(IO[bytes], lzma.LZMAFile(file))  # noqa: SIM115 - closed by its reader
    elif start.startswith(_GZIP):
        inside = cast(IO[bytes], gzip.GzipFile(fileobj=file))
    else:
        return file
    return peekable(cast(IO[bytes], Bounded(inside, lambda: room_of(file.tell()))) if bounded else inside)


def is_tar(beginning: bytes) -> bool:
    """Whether a file that begins so is a tar archive."""
    return beginning[257:262] == b"ustar"


def file_at(path: Path, shown: str) -> DataFile:
    """A file that is not an archive."""
    return DataFile(shown, path.name, partial(_unpacked_size, path), lambda: path.open("rb"))


def _unpacked_size(path: Path) -> int:
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(18)
        if start.startswith(_ZSTD):
            return get_frame_info(start).decompressed_size or size * _UNKNOWN
        if start.startswith(_XZ):
            return size * _UNKNOWN
        if not start.startswith(_GZIP):
            return size
        # The last four bytes of a gzip are the size of what is in it.
        file.seek(max(0, size - 4))
        return int.from_bytes(file.read(4), "little")


def _in_zip(path: Path) -> Iterator[DataFile]:
    # Stays open with its members, so that their list is read once.
    archive = zipfile.ZipFile(path)
    if why := why_refused(archive.infolist(), room_of(path.stat().st_size)):
        raise zipfile.BadZipFile(f"it {why}")
    for member in archive.infolist():
        name = Path(member.filename).name
        hidden = member.filename.startswith("__MACOSX/") or is_folder(member) or name.startswith("._")
        if not hidden:
            shown = f"{path.name}/{member.filename}"
            yield DataFile(shown, name, partial(int, member.file_size), partial(archive.open, member))


@lru_cache(maxsize=4)
def _in_tar(path: Path, _size: int, _changed: int) -> tuple[list[tuple[str, str, int, int]], str]:
    """How each member of a tar archive, packed or not, is shown, its name, where it begins and how many bytes it has;
    and why the archive is refused, where it is.

    None where it is not one. Every reader asks, so either is remembered.
    """
    with _of_tar(path) as file:
        try:
            if not is_tar(file.peek(_HEADER)):
                return [], ""
        except DAMAGED:
            return [], ""  # its reader reports that
        found: list[tuple[str, str, int, int]] = []
        with tarfile.open(fileobj=file, mode="r|", bufsize=1 << 20, tarinfo=TarInfo) as archive:
            for member in archive:
                if member.offset > _MAX_OFFSET:
                    break
                name = Path(member.name).name
                if len(found) == _MAX_IN_TAR:
                    return [], (
                        f"{path.name} has more than {_MAX_IN_TAR:,} files in it. Unpack it, and choose the folder."
                    )
                if member.isfile() and not name.startswith("._"):
                    if member.issparse():
                        return [], (
                            f"{path.name}/{member.name} is stored with holes. Unpack it, and choose the folder."
                        )
                    found.append((f"{path.name}/{member.name}", name, member.offset_data, member.size))
        return found, ""


def _of_tar(path: Path) -> Peekable:
    """A tar archive, unpacked."""
    return unpacked(peekable(path.open("rb")), bounded=True)
