"""What no archive may do to whoever reads it: unpack to more than its size can mean, or cost the square of it."""

from __future__ import annotations

import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

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
# Tables pack some 15 to 40 times smaller; a bomb a thousand times.
_MAX_RATIO = 300
# Small files may hold as much as this: there a ratio says little.
_RATIO_MATTERS = 32 << 20
# Records that stand in front of a member; those of a path and of times take a few hundred bytes.
_MAX_PAX = 1 << 13
_LOCAL_HEADER = 30
_TOO_MUCH = "unpacks to far more than a history"


def room_of(packed: int) -> int:
    """How many bytes `packed` bytes may unpack to."""
    return max(_RATIO_MATTERS, packed * _MAX_RATIO)


def why_refused(members: Iterable[zipfile.ZipInfo], room: int) -> str:
    """Why these members of a zip are not read, empty where they may be: they lie over one another, so that few bytes
    are unpacked again and again (https://www.bamsoftware.com/hacks/zipbomb/), or unpack to more than `room` bytes."""
    found = sorted(members, key=lambda info: info.header_offset)
    if any(
        info.header_offset + _LOCAL_HEADER + info.compress_size > after.header_offset
        for info, after in pairwise(found)
    ):
        return "holds files that lie over one another; skipped"
    if sum(info.file_size for info in found) > room:
        return f"{_TOO_MUCH}; skipped"
    return ""


class Bounded(io.RawIOBase):
    """A decompressed stream that stops being read when it grows beyond the bytes there is `room` for by then."""

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


class TarInfo(tarfile.TarInfo):
    """A member of a tar archive, its records refused where they are long: Python before 3.11.10 looks through them in
    a time that grows with the square of their length (CVE-2024-6232)."""

    def _proc_pax(self, archive: tarfile.TarFile) -> tarfile.TarInfo:
        if self.size > _MAX_PAX:
            raise tarfile.ReadError("it has a header larger than any")
        # The way into its own reading that tarfile has for a subclass; typeshed leaves it out.
        return super()._proc_pax(archive)  # type: ignore[misc,no-any-return]
