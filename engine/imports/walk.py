"""Every file among the given paths: folders and archives (zip, tar, gz, one in another) walked, nothing unpacked.

Members of archives are read as streams and never written to disk. Hostile archives are refused by what they declare and
by what they do: too many members, too much content, names that point outside, zip bombs.
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
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, cast

from engine.archives import ARCHIVE_ERRORS, Bounded, Sections, TarInfo, is_folder, room_of, why_refused
from engine.errors import UnreadableFileError, reason
from engine.imports.encoding import OTHER_BYTES
from engine.paths import why_not_read

# ListenBrainz refuses archives of over 500 members of 500 MB; a whole Takeout has more, so these are wider.
MAX_MEMBERS = 20_000
MAX_MEMBER_BYTES = 4 << 30
# Each member costs time however small it is, and similar ones compress to almost nothing: the maximum number in any
# archive, plus one per this many bytes on the disk.
_FEW_MEMBERS, _BYTES_A_MEMBER = 500, 32
# bzip2 unpacks nearly a megabyte at a time, of however few bytes: that costs as much as so many members.
_BZIP2_MEMBERS = 40
# An archive inside an archive is held in memory.
_MAX_INNER_BYTES = 256 << 20
_MAX_DEPTH = 3

# Files that systems and services add to a history: resource forks and readmes.
_CLUTTER = re.compile(r"__macosx|\._|\.ds_store|thumbs\.db|desktop\.ini|read_?me.*\.pdf$", re.IGNORECASE)

# Which file, its bytes, when it changed; None for one that cannot be looked at.
Stamp = tuple[int, ...] | None
Opener = Callable[[], IO[bytes]]


class _Allowed:
    """The remaining number of members of a file on the disk, including nested archives."""

    def __init__(self, size: int) -> None:
        self.most = self.left = min(MAX_MEMBERS, _FEW_MEMBERS + size // _BYTES_A_MEMBER)

    def take(self, count: int = 1) -> bool:
        """Whether so many more may come."""
        self.left -= count
        return self.left >= 0

    def exceeded(self) -> str:
        """What is said where they may not."""
        return f"holds more than {self.most:,} files"


@dataclass
class Member:
    """One file, on disk or in an archive.

    `path` reads `archive.zip/inner.json`; `weight` is its share of the bytes on disk, `room` what these may unpack to;
    `trouble` says why it cannot be read; `root` is the path given that it was found under, `on_disk` the file that it
    is or is in, `stamp` by what a change of that shows.
    """

    path: str
    name: str
    size: int
    weight: int
    open: Opener
    room: int
    allowed: _Allowed
    trouble: str = ""
    archive: bool = field(default=False)
    root: str = ""
    on_disk: Path | None = None
    stamp: Stamp = None

    def has_changed(self) -> bool:
        """Whether the file on disk is another than it was when it was found, or is gone."""
        return self.on_disk is not None and _stamp(self.on_disk) != self.stamp

    @property
    def folder(self) -> Path | None:
        """The folder of the file; None in an archive."""
        on_disk = self.on_disk
        return on_disk.parent.absolute() if on_disk and printable(on_disk) == self.path else None


def walk(paths: Sequence[Path]) -> list[Member]:
    """All members under `paths` in a stable order. Raises UnreadableFileError for what is neither file nor folder."""
    return list(members(paths))


def members(paths: Sequence[Path]) -> Iterator[Member]:
    """As `walk`, each once it is asked for: an archive is gone through no further."""
    for path in paths:
        if why := why_not_read(path):
            raise UnreadableFileError(
                f"{printable(path)} {why}. Give a file, a folder or an archive to import."
            )
        for file, trouble in _below(path) if os.path.isdir(path) else [(path, "")]:  # noqa: PTH112 - raises nothing
            why, stamp = trouble or why_not_read(file), _stamp(file)
            size = stamp[2] if stamp and not why else 0
            member = Member(
                printable(file),
                printable(PurePosixPath(file.name)),
                size,
                size,
                _opener_of(file),
                room_of(size),
                _Allowed(size),
                why and f"{why}; skipped",
            )
            for inner in _unfold(member, 0):
                inner.root, inner.on_disk, inner.stamp = printable(path), file, stamp
                yield inner


def printable(path: Path | PurePosixPath | str) -> str:
    """A path or what was typed, as text: what is not UTF-8, which no text can hold, is read as Windows wrote it."""
    return os.fsencode(path).decode("utf-8", OTHER_BYTES)


def _below(folder: Path) -> list[tuple[Path, str]]:
    """Every file below a folder, in a stable order, and the folders that cannot be read, with why."""
    found: list[tuple[Path, str]] = []
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        try:
            with os.scandir(here) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(Path(entry.path))
                    elif not entry.is_dir() and not _is_clutter(entry.name):
                        found.append((Path(entry.path), ""))
        except OSError as error:
            found.append((here, f"cannot be read: {reason(error)}"))
    return sorted(found)


def _stamp(file: Path) -> Stamp:
    try:
        about = file.stat()
    except (OSError, ValueError):
        return None
    return about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns


def _opener_of(file: Path) -> Opener:
    return lambda: file.open("rb")


def _is_clutter(name: str) -> bool:
    return _CLUTTER.match(name) is not None


def _unfold(member: Member, depth: int) -> Iterator[Member]:
    """The member itself, or what is in it when it is an archive."""
    # An empty member is no archive: opening it costs as much as reading a short one.
    if member.trouble or (member.archive and not member.size):
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
        hint = "" if getattr(error, "errno", None) else "; is the download complete?"
        yield _troubled(member, f"cannot be opened ({reason(error)}){hint}")


def _archive_kind(start: bytes, name: str) -> str:
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        # A workbook is a zip too, but one file to its reader.
        return "" if name.lower().endswith((".xlsx", ".xlsm", ".ods", ".numbers")) else "zip"
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
    infos = [info for info in archive.infolist() if not is_folder(info)]
    if any(info.filename == "xl/workbook.xml" for info in infos):
        yield member
        return
    infos = [info for info in infos if not any(_is_clutter(part) for part in info.filename.split("/"))]
    if not member.allowed.take(len(infos)):
        yield _troubled(member, f"{member.allowed.exceeded()}; skipped")
        return
    refused = {info.filename: _refusal(info.filename, info.file_size, info.compress_size) for info in infos}
    if why := why_refused((info for info in infos if not refused[info.filename]), member.room):
        yield _troubled(member, why)
        return
    packed = max(1, sum(info.compress_size for info in infos))
    for info in sorted(infos, key=lambda info: info.filename):
        inner = Member(
            f"{member.path}/{info.filename}",
            PurePosixPath(info.filename).name,
            info.file_size,
            member.weight * info.compress_size // packed,
            partial(archive.open, info),
            member.room * info.compress_size // packed,
            member.allowed,
            refused[info.filename],
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
    inside = Sections(member.open)
    left = member.room
    with (
        member.open() as raw,
        tarfile.open(fileobj=raw, mode="r|", bufsize=1 << 20, tarinfo=TarInfo) as archive,
    ):
        for info in archive:
            if not member.allowed.take():
                yield _troubled(member, f"{member.allowed.exceeded()}; the rest is skipped")
                return
            if info.isdir() or _is_clutter(PurePosixPath(info.name).name):
                continue
            left -= info.size
            if left < 0:  # holes are not on the disk
                yield _troubled(member, "unpacks to far more than a history; the rest is skipped")
                return
            refused = _refusal(info.name, info.size, info.size)
            if not info.isfile():
                kind = "link" if info.issym() or info.islnk() else "pipe" if info.isfifo() else "device"
                refused = f"is a {kind}, not a file; skipped"
            elif info.issparse():
                refused = "is stored with holes; unpack the archive and import the folder"
            inner = Member(
                f"{member.path}/{printable(PurePosixPath(info.name))}",
                printable(PurePosixPath(PurePosixPath(info.name).name)),
                info.size,
                min(info.size, member.weight),
                partial(inside.open, info.offset_data, info.size),
                max(info.size, member.room * info.size // max(1, member.size)),
                member.allowed,
                refused,
                archive=True,
            )
            yield from _unfold(inner, depth + 1)


def _of_compressed(member: Member, kind: str, depth: int) -> Iterator[Member]:
    if kind == "bz2" and not member.allowed.take(_BZIP2_MEMBERS):
        yield _troubled(member, "is one packed file too many; skipped")
        return
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
        lambda: _bounded(opener(member.open()), member.room),
        member.room,
        member.allowed,
        archive=True,
    )
    yield from _unfold(inner, depth + 1)


def _bounded(stream: IO[bytes], room: int) -> IO[bytes]:
    most = min(MAX_MEMBER_BYTES, room)
    return cast(IO[bytes], Bounded(stream, lambda: most))


def _seekable(member: Member, depth: int) -> IO[bytes]:
    """The archive as a file to jump about in: itself on disk, in memory inside another."""
    stream = member.open()
    if depth == 0:
        return stream
    with stream:
        data = stream.read(_MAX_INNER_BYTES + 1)
    if len(data) > _MAX_INNER_BYTES:
        raise OSError("too large inside another archive; unpack the outer one and import the folder")
    # Its directory is read as a whole, and packed it may be far longer than the file on the disk.
    if data.count(b"PK\1\2") > max(0, member.allowed.left):
        raise OSError(f"it {member.allowed.exceeded()}")
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
    if size > room_of(packed):
        return "unpacks to far more than a history; skipped"
    return ""


def _troubled(member: Member, why: str) -> Member:
    return Member(
        member.path,
        member.name,
        member.size,
        member.weight,
        member.open,
        member.room,
        member.allowed,
        why,
        archive=True,
    )
