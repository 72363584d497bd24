"""Lines of a file in big blocks: plain, packed with zstd or xz, or as a member of a tar archive of either.

Nothing is unpacked to disk, and nothing after the member is read. Blocks of megabytes are what makes it fast: line by
line the tar module alone halves the speed.
"""

from __future__ import annotations

import hashlib
import io
import lzma
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from engine.errors import UnreadableFileError

if sys.version_info >= (3, 14):
    from compression.zstd import ZstdError, ZstdFile
else:
    from backports.zstd import ZstdError, ZstdFile

BLOCK = 1 << 22
_MAX_LINE = 1 << 26  # a thousand entries take some hundred kilobytes; a file of one line is not JSON Lines
_ZSTD = b"\x28\xb5\x2f\xfd"
_XZ = b"\xfd7zXZ\x00"

DAMAGED = (EOFError, tarfile.TarError, ZstdError, lzma.LZMAError, OSError)


class _Peekable(io.BufferedReader):
    """For types alone: a buffered reader of whatever it reads."""


class Member:
    """What is read: a file, or a member of an archive. `size` in bytes, null where only its end will tell; `digest` is
    the SHA-256 of what was read.
    """

    def __init__(self, name: str, file: IO[bytes], size: int | None, packed: IO[bytes] | None = None) -> None:
        self.name = name
        self.size = size
        self.read = 0
        self.digest = hashlib.sha256()
        self._packed = packed
        self.whole_lines = True
        self._file = file

    def place(self) -> int:
        """Bytes read of the member, or of the packed file where only that has a size."""
        return self._packed.tell() if self._packed is not None else self.read

    def blocks(self) -> Iterator[list[bytes]]:
        """The lines, some megabytes of them at a time, without their ends.

        Raises UnreadableFileError when the file is damaged or shorter than it says.
        """
        rest = b""
        try:
            while block := self._file.read(BLOCK):
                self.read += len(block)
                self.digest.update(block)
                head, newline, tail = block.rpartition(b"\n")
                if newline:
                    yield (rest + head).split(b"\n")
                    rest = tail
                elif len(rest := rest + block) > _MAX_LINE:
                    raise UnreadableFileError(f"{self.name} has a line of more than {_MAX_LINE >> 20} MiB.")
        except DAMAGED as error:
            raise UnreadableFileError(f"{self.name} is damaged or not whole: {error}.") from error
        self.whole_lines = not rest
        if rest:
            yield [rest]


@contextmanager
def opened_member(
    file: IO[bytes], name: str, suffix: str, *, size: int | None = None
) -> Iterator[Member | None]:
    """The lines in an open file: the member of the archive whose name ends in `suffix` (null where there is
    none), or, where it is not an archive, all of the file. `size` is that of the file where it is not packed. The file
    stays open.
    """
    plain = _peekable(file)
    try:
        unpacked, packed = _unpacked(plain)
        if not is_tar(unpacked.peek(512)):
            yield Member(name, unpacked, None if packed else size, file if packed else None)
            return
        with tarfile.open(fileobj=unpacked, mode="r|", bufsize=1 << 20) as archive:
            for member in archive:
                if member.isfile() and member.name.endswith(suffix):
                    opened = cast(IO[bytes], archive.extractfile(member))
                    yield Member(f"{name}/{member.name}", opened, member.size)
                    return
    except DAMAGED as error:
        raise UnreadableFileError(f"{name} is damaged or not whole: {error}.") from error
    finally:
        plain.detach()
    yield None


def first_bytes(path: Path, count: int) -> bytes:
    """The beginning of what a file holds, unpacked; empty where that cannot be read."""
    try:
        with path.open("rb") as file:
            return _unpacked(_peekable(file))[0].read(count)
    except DAMAGED:
        return b""


def is_tar(beginning: bytes) -> bool:
    """Whether a file that begins so is a tar archive."""
    return beginning[257:262] == b"ustar"


def _unpacked(plain: _Peekable) -> tuple[_Peekable, bool]:
    """The file through zstd or xz where it is packed, and whether it was."""
    start = plain.peek(6)
    if start.startswith(_ZSTD):
        return _peekable(cast(IO[bytes], ZstdFile(plain))), True
    if start.startswith(_XZ):
        return _peekable(cast(IO[bytes], lzma.LZMAFile(plain))), True
    return plain, False


def _peekable(file: IO[bytes]) -> _Peekable:
    # An open file, which typeshed does not hold for the raw stream it is read as.
    return cast(_Peekable, io.BufferedReader(cast(io.RawIOBase, file), 1 << 20))
