"""Every file among the given paths: folders and archives (zip, tar, gz, one in another) walked, nothing unpacked.

Members of archives are read as streams and never written to disk. Hostile archives are refused by what they
claim and by what they do: too many members, too much inside, names that lead outside, sizes that explode.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import mmap
import os
import re
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, cast

from engine.errors import UnreadableFileError
from engine.imports.encoding import OTHER_BYTES
from engine.paths import why_not_read

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

# ListenBrainz refuses archives of over 500 members of 500 MB; a whole Takeout has more, so these are wider.
MAX_MEMBERS = 20_000
MAX_MEMBER_BYTES = 4 << 30
MAX_TOTAL_BYTES = 32 << 30
# A history packs some 15 to 40 times smaller; a bomb a thousand times.
_MAX_RATIO = 300
_RATIO_MATTERS = 32 << 20
# An archive inside an archive is held in memory.
_MAX_INNER_BYTES = 256 << 20
_MAX_DEPTH = 3

# What reading a damaged or odd archive may raise: `zipfile` lets through whatever its parts do.
ARCHIVE_ERRORS = (
    OSError,
    EOFError,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
    tarfile.TarError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    KeyError,
    struct.error,
)

# What computers and services put beside a history: resource forks and how-tos.
_CLUTTER = re.compile(r"__macosx|\._|\.ds_store|thumbs\.db|desktop\.ini|read_?me.*\.pdf$", re.IGNORECASE)

Opener = Callable[[], IO[bytes]]


@dataclass
class Member:
    """One file, on disk or in an archive. `path` reads `archive.zip/inner.json`; `weight` is its share of the
    bytes on disk; `trouble` says why it cannot be read; `root` is the path given that it was found under,
    `on_disk` the file that it is or is in."""

    path: str
    name: str
    size: int
    weight: int
    open: Opener
    trouble: str = ""
    archive: bool = field(default=False)
    root: str = ""
    on_disk: Path | None = None

    @property
    def folder(self) -> Path | None:
        """Where the file lies; None in an archive."""
        on_disk = self.on_disk
        return on_disk.parent.absolute() if on_disk and printable(on_disk) == self.path else None


def walk(paths: Sequence[Path]) -> list[Member]:
    """All members under `paths` in a stable order. Raises UnreadableFileError for what is neither file nor folder."""
    found: list[Member] = []
    for path in paths:
        if why := why_not_read(path):
            raise UnreadableFileError(
                f"{printable(path)} {why}. Give a file, a folder or an archive to import."
            )
        files = [path]
        if path.is_dir():
            files = sorted(
                entry for entry in path.rglob("*") if entry.is_file() and not _is_clutter(entry.name)
            )
        for file in files:
            size = file.stat().st_size
            member = Member(
                printable(file), printable(PurePosixPath(file.name)), size, size, _opener_of(file)
            )
            for inner in _unfold(member, 0):
                inner.root, inner.on_disk = printable(path), file
                found.append(inner)
    return found


def printable(path: Path | PurePosixPath | str) -> str:
    """A path or what was typed, as text: what is not UTF-8, which no text can hold, is read as Windows wrote it."""
    return os.fsencode(path).decode("utf-8", OTHER_BYTES)


def _opener_of(file: Path) -> Opener:
    return lambda: file.open("rb")


def _is_clutter(name: str) -> bool:
    return _CLUTTER.match(name) is not None


def _unfold(member: Member, depth: int) -> Iterator[Member]:
    """The member itself, or what is in it when it is an archive."""
    if member.trouble:
        yield member
        return
    try:
        with member.open() as stream:
            start = stream.read(512)
        kind = _archive_kind(start, member.name)
        if not kind:
            yield member
        elif depth >= _MAX_DEPTH:
            yield _troubled(member, "too many nested archives; unpack it and import the folder")
        elif kind == "zip":
            yield from _of_zip(member, depth)
        elif kind == "tar":
            yield from _of_tar(member, depth)
        else:
            yield from _of_compressed(member, kind, depth)
    except ARCHIVE_ERRORS as error:
        yield _troubled(member, f"cannot be opened ({_words(error)}); is the download complete?")


def _archive_kind(start: bytes, name: str) -> str:
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        # A workbook is a zip too, but one file to its reader.
        return "" if name.lower().endswith((".xlsx", ".xlsm")) else "zip"
    if start.startswith(b"\x1f\x8b"):
        return "gz"
    if start.startswith(b"BZh"):
        return "bz2"
    if start.startswith(b"\xfd7zXZ\x00"):
        return "xz"
    return "tar" if start[257:262] == b"ustar" else ""


def _of_zip(member: Member, depth: int) -> Iterator[Member]:
    try:
        archive = zipfile.ZipFile(_seekable(member, depth))
    except UnicodeDecodeError:
        archive = zipfile.ZipFile(_without_utf8_names(_seekable(member, depth)))
    infos = [info for info in archive.infolist() if not info.is_dir()]
    if any(info.filename == "xl/workbook.xml" for info in infos):
        yield member
        return
    infos = [info for info in infos if not any(_is_clutter(part) for part in info.filename.split("/"))]
    total = sum(info.file_size for info in infos)
    if len(infos) > MAX_MEMBERS or total > MAX_TOTAL_BYTES:
        yield _troubled(
            member, f"holds {len(infos)} files of {total >> 20} MiB, more than any history; skipped"
        )
        return
    packed = max(1, sum(info.compress_size for info in infos))
    for info in sorted(infos, key=lambda info: info.filename):
        inner = Member(
            f"{member.path}/{info.filename}",
            PurePosixPath(info.filename).name,
            info.file_size,
            member.weight * info.compress_size // packed,
            partial(archive.open, info),
            _refusal(info.filename, info.file_size, info.compress_size),
            archive=True,
        )
        if info.flag_bits & 0x1:
            inner.trouble = "encrypted; unpack it with its password and import the folder"
        yield from _unfold(inner, depth + 1)


class _Copy(mmap.mmap):
    """A file in memory, changed there alone."""

    def seekable(self) -> bool:
        return True


def _without_utf8_names(stream: IO[bytes]) -> IO[bytes]:
    """A zip whose directory no longer says that its names are UTF-8: some say so and are not."""
    if isinstance(stream, io.BytesIO):
        data: _Copy | bytearray = bytearray(stream.getvalue())
    else:
        data = _Copy(stream.fileno(), 0, access=mmap.ACCESS_COPY)
    end = data.rfind(b"PK\5\6")
    (at,) = struct.unpack_from("<L", data, end + 16)
    while end >= 0 and data[at : at + 4] == b"PK\1\2":
        (there,) = struct.unpack_from("<L", data, at + 42)
        # A bit of the flags in the directory, and the same in front of the member.
        data[at + 9] &= ~0x08
        if there + 7 < len(data):
            data[there + 7] &= ~0x08
        at += 46 + sum(struct.unpack_from("<HHH", data, at + 28))
    return cast(IO[bytes], io.BytesIO(data) if isinstance(data, bytearray) else data)


def _of_tar(member: Member, depth: int) -> Iterator[Member]:
    archive = tarfile.open(fileobj=_seekable(member, depth))  # noqa: SIM115 - open as long as its members
    for count, info in enumerate(archive):
        if count >= MAX_MEMBERS:
            yield _troubled(member, f"holds more than {MAX_MEMBERS} files; the rest is skipped")
            return
        if not info.isfile() or _is_clutter(PurePosixPath(info.name).name):
            continue
        inner = Member(
            f"{member.path}/{printable(PurePosixPath(info.name))}",
            printable(PurePosixPath(PurePosixPath(info.name).name)),
            info.size,
            min(info.size, member.weight),
            partial(_extracted, archive, info),
            _refusal(info.name, info.size, info.size),
            archive=True,
        )
        yield from _unfold(inner, depth + 1)


def _extracted(archive: tarfile.TarFile, info: tarfile.TarInfo) -> IO[bytes]:
    return cast(IO[bytes], archive.extractfile(info))  # null only for what is not a file


def _of_compressed(member: Member, kind: str, depth: int) -> Iterator[Member]:
    openers: dict[str, Callable[[IO[bytes]], IO[bytes]]] = {
        "gz": lambda raw: cast(IO[bytes], gzip.GzipFile(fileobj=raw)),
        "bz2": lambda raw: cast(IO[bytes], bz2.BZ2File(raw)),
        "xz": lambda raw: cast(IO[bytes], lzma.LZMAFile(raw)),  # noqa: SIM115 - closed by its reader
    }
    stem, _, ending = member.name.rpartition(".")
    name = {"tgz": f"{stem}.tar", "tbz2": f"{stem}.tar", "txz": f"{stem}.tar"}.get(
        ending.lower(), stem or member.name
    )
    opener = openers[kind]
    inner = Member(
        member.path,
        name,
        member.size * 8,
        member.weight,
        lambda: cast(IO[bytes], _Bounded(opener(member.open()), member.size)),
        archive=True,
    )
    yield from _unfold(inner, depth + 1)


class _Bounded(io.RawIOBase):
    """A decompressed stream that stops being read when it grows beyond what its size can mean."""

    def __init__(self, stream: IO[bytes], packed: int) -> None:
        super().__init__()
        self._stream = stream
        self._most = min(MAX_MEMBER_BYTES, max(_RATIO_MATTERS, packed * _MAX_RATIO))

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._stream.seekable()

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        target = memoryview(buffer)
        data = self._stream.read(len(target))
        if self._stream.tell() > self._most:
            raise OSError("it unpacks to far more than a history")
        target[: len(data)] = data
        return len(data)


def _seekable(member: Member, depth: int) -> IO[bytes]:
    """The archive as a file to jump about in: itself on disk, in memory inside another."""
    stream = member.open()
    if depth == 0 or isinstance(cast(object, stream), _Bounded):
        return stream
    with stream:
        data = stream.read(_MAX_INNER_BYTES + 1)
    if len(data) > _MAX_INNER_BYTES:
        raise OSError("too large inside another archive; unpack the outer one and import the folder")
    return io.BytesIO(data)


def _refusal(name: str, size: int, packed: int) -> str:
    """Why a member is not read; empty when it may be."""
    if (
        name.startswith(("/", "\\"))
        or ".." in PurePosixPath(name.replace("\\", "/")).parts
        or name[1:2] == ":"
    ):
        return "has a path outside the archive; skipped"
    if size > MAX_MEMBER_BYTES:
        return f"is {size >> 20} MiB unpacked, more than any history; skipped"
    if size > _RATIO_MATTERS and size > packed * _MAX_RATIO:
        return "unpacks to far more than a history; skipped"
    return ""


def _troubled(member: Member, why: str) -> Member:
    return Member(member.path, member.name, member.size, member.weight, member.open, why, archive=True)


def _words(error: BaseException) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
