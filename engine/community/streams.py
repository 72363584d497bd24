"""Lines of a file in big blocks: plain, packed with zstd or xz, or as a member of a tar archive of either.

Nothing is unpacked to disk, and nothing after the member is read. Blocks of megabytes are what makes it fast: line by
line the tar module alone halves the speed.
"""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, Any, cast

from engine.archives import TarInfo
from engine.community.files import DAMAGED, is_tar, peekable, unpacked
from engine.errors import UnreadableFileError, not_read

BLOCK = 1 << 22
# A thousand entries take some hundred kilobytes: a longer line is one that cannot be read, and a file of one is not
# JSON Lines.
_MAX_LINE, _MAX_PASSED = 1 << 26, 1 << 30
_SHOWN = 80


class Member:
    """What is read: a file, or a member of an archive, by which `suffix`. `size` in bytes, null where only its end will
    tell; `digest` is the SHA-256 of what was read.
    """

    def __init__(
        self,
        name: str,
        file: IO[bytes],
        size: int | None,
        packed: IO[bytes] | None = None,
        suffix: str = "",
    ) -> None:
        self.name = name
        self.suffix = suffix
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
        """The lines, some megabytes of them at a time, without their ends; of one that is longer than any only how it
        begins, which is neither JSON nor a row.

        Raises UnreadableFileError when the file is damaged, shorter than it says, or not of lines.
        """
        return self._lines(lambda block: block.split(b"\n"))

    def views(self) -> Iterator[list[bytes | memoryview]]:
        """As `blocks`, without copying them: for lines of many kilobytes."""
        return self._lines(_views)

    def _lines(self, split: Callable[[bytes], list[Any]]) -> Iterator[list[Any]]:
        rest, passed = b"", 0
        try:
            while block := self._file.read(BLOCK):
                self.read += len(block)
                self.digest.update(block)
                # Each copy of all of it takes as long as unpacking does.
                lines = split(block)
                lines[0] = rest if passed else rest + lines[0]
                rest = bytes(lines.pop())
                if lines:
                    passed = 0
                    yield lines
                elif passed or len(rest) > _MAX_LINE:
                    passed += len(block) if passed else len(rest)
                    rest = rest[:_SHOWN].replace(b",", b" ") + b"\0"
                    if passed > _MAX_PASSED:
                        raise UnreadableFileError(
                            f"{self.name} has a line of more than {_MAX_PASSED >> 20:,} MiB."
                        )
        except DAMAGED as error:
            raise UnreadableFileError(f"{self.name} {not_read(error)}") from error
        self.whole_lines = not rest
        if rest:
            yield [rest]


def _views(block: bytes) -> list[bytes | memoryview]:
    whole, begin = memoryview(block), 0
    found: list[bytes | memoryview] = []
    while (end := block.find(b"\n", begin)) >= 0:
        found.append(whole[begin:end])
        begin = end + 1
    found.append(whole[begin:])
    return found


@contextmanager
def opened_member(
    file: IO[bytes], name: str, suffix: str, *, size: int | None = None
) -> Iterator[Member | None]:
    """The lines in an open file: the member of the archive whose name ends in `suffix` (null where there is
    none), or, where it is not an archive, all of the file. `size` is that of the file where it is not packed. The file
    stays open.
    """
    with closing(members(file, name, [suffix], size=size)) as found:
        yield next(found, None)


def members(
    file: IO[bytes], name: str, suffixes: Sequence[str], *, size: int | None = None
) -> Generator[Member]:
    """The members of an archive whose names end in one of `suffixes`, once each; or all of a file that is not an
    archive.

    They come in the archive's order; each is to be read before the next is asked for. Nothing after the last is read,
    and the file stays open.
    """
    plain = peekable(file)
    try:
        inside = unpacked(plain)
        if not is_tar(inside.peek(512)):
            packed = inside is not plain
            yield Member(name, inside, None if packed else size, file if packed else None)
            return
        wanted = set(suffixes)
        with tarfile.open(fileobj=inside, mode="r|", bufsize=1 << 20, tarinfo=TarInfo) as archive:
            for member in archive:
                suffix = next(filter(member.name.endswith, wanted), None)
                if member.isfile() and suffix is not None:
                    opened = cast(IO[bytes], archive.extractfile(member))
                    of = member.name.rpartition("/")[2]
                    yield Member(f"{name}/{of}", opened, member.size, suffix=suffix)
                    wanted.remove(suffix)
                    if not wanted:
                        return
    except DAMAGED as error:
        raise UnreadableFileError(f"{name} {not_read(error)}") from error
    finally:
        plain.detach()


def first_bytes(path: Path, count: int) -> bytes:
    """The beginning of what a file holds, unpacked; empty where that cannot be read."""
    try:
        with path.open("rb") as file:
            return unpacked(peekable(file)).read(count)
    except DAMAGED:
        return b""
