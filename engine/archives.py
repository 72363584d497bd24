"""Reading archives safely: bounds against zip bombs and against quadratic parsing time."""

from __future__ import annotations

import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import IO, TYPE_CHECKING, cast

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

# What reading a damaged or odd archive may raise: `zipfile` passes on whatever its decompressors raise.
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
# Tables pack some 15 to 40 times smaller; a bomb a thousand times.
_MAX_RATIO = 300
# Small files may unpack to this much: for them a ratio says little.
_RATIO_MATTERS = 32 << 20
# Bytes of pax records before a member; a path and times take a few hundred.
_MAX_PAX = 1 << 13
_LOCAL_HEADER = 30
# Bytes buffered of a file that is opened again: more than any format detection looks at.
_MAX_KEPT = 16 << 20
_TOO_MUCH = "unpacks to far more than a history"


def room_of(packed: int) -> int:
    """How many bytes `packed` bytes may unpack to."""
    return max(_RATIO_MATTERS, packed * _MAX_RATIO)


def is_folder(member: zipfile.ZipInfo) -> bool:
    """Whether a member is a folder: `ZipInfo.is_dir` fails for one without a name."""
    return member.filename.endswith("/")


def why_refused(members: Iterable[zipfile.ZipInfo], room: int) -> str:
    """Why these members of a zip are refused; empty if they are fine. Refused are members that overlap, so that the
    same bytes are unpacked again and again (https://www.bamsoftware.com/hacks/zipbomb/), and members that unpack to
    more than `room` bytes."""
    found = sorted(members, key=lambda info: info.header_offset)
    if any(
        info.header_offset + _LOCAL_HEADER + info.compress_size > after.header_offset
        for info, after in pairwise(found)
    ):
        return "has overlapping files; skipped"
    if sum(info.file_size for info in found) > room:
        return f"{_TOO_MUCH}; skipped"
    return ""


class Bounded(io.RawIOBase):
    """A decompressed stream that raises once more than `room` bytes have been read from it."""

    def __init__(self, stream: IO[bytes], room: Callable[[], int]) -> None:
        super().__init__()
        self._stream = stream
        self._room = room

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
        if self._stream.tell() > self._room():
            raise OSError(f"it {_TOO_MUCH}")
        target[: len(data)] = data
        return len(data)


class Sections:
    """Files that follow one another in a forward-only stream, which is reopened (`opened`) to go back.

    Reading all of them in order takes one pass: the next file continues on the same stream, and what was read to detect
    a file's format is buffered. Two files open at once use two streams. Raises what the stream raises, and EOFError if
    it ends within a file."""

    def __init__(self, opened: Callable[[], IO[bytes]]) -> None:
        self._opened = opened
        self._left: list[_Stream] = []

    def open(self, begin: int, size: int) -> IO[bytes]:
        """The `size` bytes from `begin` on."""
        # One atomic operation, so that no other thread gets the same stream.
        stream = self._left.pop() if self._left else None
        if stream is None or not stream.goes_on(begin):
            stream = _Stream(self._opened(), begin)
        return cast(IO[bytes], io.BufferedReader(_Section(stream, size, self._left), 1 << 16))


class _Stream:
    """A stream, its position, and a buffer of what was read since the current file began."""

    def __init__(self, stream: IO[bytes], begin: int) -> None:
        self._stream = stream
        self._at = 0
        self._begin = 0
        self._kept = bytearray()
        self._begin_at(begin)

    def _begin_at(self, begin: int) -> None:
        self._at = self._begin = self._stream.seek(begin)
        self._kept = bytearray()

    def goes_on(self, begin: int) -> bool:
        """Move to an offset if it is still within reach; returns whether it was."""
        if begin == self._begin and self._at == begin + len(self._kept):
            return True
        if begin < self._at:
            return False
        self._begin_at(begin)
        return True

    def read(self, offset: int, count: int) -> bytes:
        """At most `count` bytes at an offset from the beginning, none at the end."""
        if offset < len(self._kept):
            return bytes(self._kept[offset : offset + count])
        data = self._stream.read(count)
        if self._at == self._begin + len(self._kept):
            self._kept += data
        self._at += len(data)
        if len(self._kept) > _MAX_KEPT:
            self._kept = bytearray()
        return data


class _Section(io.RawIOBase):
    """One file in a stream; closing it hands the stream to the next."""

    def __init__(self, stream: _Stream, size: int, left: list[_Stream]) -> None:
        super().__init__()
        self._stream, self._size, self._at, self._to = stream, size, 0, left

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        target = memoryview(buffer)
        wanted = min(len(target), self._size - self._at)
        data = self._stream.read(self._at, wanted)
        if wanted and not data:
            raise EOFError("the archive ends within a file")
        target[: len(data)] = data
        self._at += len(data)
        return len(data)

    def close(self) -> None:
        if not self.closed and not self._to:
            self._to.append(self._stream)
        super().close()


class TarInfo(tarfile.TarInfo):
    """A member of a tar archive, refused if its pax records are long: Python before 3.11.10 looks through them in a
    time that grows with the square of their length (CVE-2024-6232)."""

    def _proc_pax(self, archive: tarfile.TarFile) -> tarfile.TarInfo:
        if self.size > _MAX_PAX:
            raise tarfile.ReadError("it has a header larger than any")
        # tarfile's hook for subclasses, which typeshed leaves out.
        try:
            return super()._proc_pax(archive)  # type: ignore[misc,no-any-return]
        except (OverflowError, ValueError, LookupError) as error:
            # Numbers out of range or not numeric: tarfile does not check for them.
            raise tarfile.ReadError("it has a header that says nonsense") from error
