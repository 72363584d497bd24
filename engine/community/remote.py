"""A file at an address, read while downloading and stored on disk, so that a broken download is resumed."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import io
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import unquote, urlsplit

import msgspec

from engine.community.fetch import (
    NO_SUCH_RANGE,
    Answer,
    BrokenError,
    Fetched,
    RefusedError,
    Web,
    as_broken,
    number_in,
)
from engine.errors import DiscoverError, UnreadableFileError, reason
from engine.paths import bytes_of
from engine.privacy import Door
from engine.progress import CountReport

if TYPE_CHECKING:
    from typing_extensions import Buffer

_CHUNK = 1 << 18
_MAX_BYTES = 64 << 30

_ROOM = 1 << 30  # for the pack
# Encodings made for each response, so that a download cannot be continued. Other encodings describe the file itself.
_PACKED_ON_THE_WAY = ("gzip", "x-gzip", "deflate", "br")

T = TypeVar("T")
Free = Callable[[Path], int]


class ChangedError(DiscoverError):
    """The file at an address changed since the download began."""


class _Part(msgspec.Struct, kw_only=True):
    """The identity of a partial download."""

    url: str
    etag: str
    last_modified: str
    total: int | None


class Remote(io.RawIOBase):
    """A file at an address, read from the beginning while it comes; all that came is kept beside it on disk.

    Raises ChangedError where the file there is another than what is kept of it (which is deleted then), DiscoverError
    where it cannot be had, CancelledError. `total` is its size, null where the server does not say.
    """

    def __init__(self, web: Web, url: str, folder: Path) -> None:
        super().__init__()
        self.url, self.total = url, None
        self.etag = self.last_modified = ""
        self.place = 0
        self.digest = hashlib.sha256()
        self._web, self._note = web, folder / "part.json"
        self._answers: contextlib.ExitStack | None = None
        self._answer: Answer | None = None
        path = folder / "part"
        if (part := _noted(self._note)) is not None and part.url == url and path.is_file():
            self.etag, self.last_modified, self.total = part.etag, part.last_modified, part.total
        else:
            path.unlink(missing_ok=True)
        self._file = path.open("a+b")
        self.kept = path.stat().st_size

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, into: Buffer) -> int:
        """Read some bytes: of what is kept, then of what comes."""
        buffer = memoryview(into)
        if self.place < self.kept:
            self._web.stop_if_cancelled()
            self._file.seek(self.place)
            data = self._file.read(min(len(buffer), self.kept - self.place))
        else:
            data = self._web.trying(self.url, lambda: self._receive(min(len(buffer), _CHUNK)))
            self._keep(data)
        self.place += len(data)
        self.digest.update(data)
        buffer[: len(data)] = data
        return len(data)

    def _keep(self, data: bytes) -> None:
        with _keeping():
            self._file.write(data)
            self._file.flush()
        self.kept += len(data)

    def whole(self) -> bool:
        """Whether all of it was read, to the end the server said it has."""
        return self.total is not None and self.place >= self.total

    def close(self) -> None:
        """Hang up; what came stays."""
        self._hang_up()
        self._file.close()
        super().close()

    def _receive(self, count: int) -> bytes:
        self._web.stop_if_cancelled()
        if self.total is not None and self.kept >= self.total:
            return b""
        if self.kept > _MAX_BYTES:
            raise DiscoverError(f"{self.url} sends more than {_MAX_BYTES >> 30} GiB; stopped.")
        try:
            with as_broken():
                answer = self._answer or self._ask()
                data = answer.read1(count, decode_content=False)
            if not data and self.total is not None:
                raise BrokenError(f"it stopped after {self.kept} of {self.total} bytes")
        except BaseException:
            self._hang_up()
            raise
        return data

    def _ask(self) -> Answer:
        """Ask for what is not kept yet."""
        headers = {}
        if self.kept:
            headers["Range"] = f"bytes={self.kept}-"
            mark = self.etag if self.etag and not self.etag.startswith("W/") else self.last_modified
            if mark:
                headers["If-Range"] = mark
        self._answers = contextlib.ExitStack()
        answer, _ = self._answers.enter_context(self._web.opened("GET", self.url, headers))
        length = number_in(answer.headers.get("Content-Length"))
        if answer.status == NO_SUCH_RANGE:
            raise self._changed("is shorter now")
        if answer.status == 206:
            begin, _, total = answer.headers.get("Content-Range", "").partition("/")
            if not begin.startswith(f"bytes {self.kept}-"):
                raise self._changed("came with another part than asked for")
            length = number_in(total)
            if self.etag != answer.headers.get("ETag", self.etag):
                raise self._changed("is another one now")
        coding = answer.headers.get("Content-Encoding", "").strip().lower()
        if coding in _PACKED_ON_THE_WAY and not self.url.endswith((".gz", ".tgz")):
            raise RefusedError(f"{self.url} is sent packed with {coding}, which was not asked for.")
        if self.kept and self.total is not None and length is not None and length != self.total:
            raise self._changed("has another size now")
        self.total = length if length is not None else self.total
        self.etag = answer.headers.get("ETag", self.etag)
        self.last_modified = answer.headers.get("Last-Modified", self.last_modified)
        part = _Part(url=self.url, etag=self.etag, last_modified=self.last_modified, total=self.total)
        with _keeping():
            self._note.write_bytes(msgspec.json.encode(part))
        if answer.status != 206:
            self._skip(answer)
        self._answer = answer
        return answer

    def _skip(self, answer: Answer) -> None:
        """Pass over what is kept where a server sends all from the beginning, as long as it is the same."""
        self._file.seek(0)
        left = self.kept
        while left:
            self._web.stop_if_cancelled()
            data = answer.read1(min(left, _CHUNK), decode_content=False)
            if not data:
                raise BrokenError("it broke off before where it had been")
            if data != self._file.read(len(data)):
                raise self._changed("is another one now")
            left -= len(data)

    def forget(self) -> None:
        """Keep nothing of what came."""
        self._hang_up()
        self._note.unlink(missing_ok=True)
        self._file.truncate(0)

    def _changed(self, how: str) -> ChangedError:
        self.forget()
        return ChangedError(f"{self.url} {how}. What came of the old one was deleted; try again.")

    def _hang_up(self) -> None:
        self._answer = None
        if self._answers is not None:
            # Whatever broke was said already.
            with contextlib.suppress(BrokenError):
                self._answers.close()
            self._answers = None


@contextlib.contextmanager
def _keeping() -> Iterator[None]:
    """Tell a disk that is full from a connection that broke."""
    try:
        yield
    except OSError as error:
        raise DiscoverError(
            f"Cannot save the download: {reason(error)}. Make room, then try again."
        ) from error


def _noted(path: Path) -> _Part | None:
    try:
        return msgspec.json.decode(bytes_of(path), type=_Part)
    except (OSError, ValueError, RecursionError):
        return None


@contextlib.contextmanager
def remote_file(door: Door, web: Web, url: str) -> Iterator[Remote]:
    """The file at an address, to be read; kept in part where the block ends with an error, else gone.

    Raises DiscoverError while another download is going on, in this process or another.
    """
    folder = door.folders.downloads
    door.make_folder(folder)
    with _only_one(door, url):
        remote = Remote(web, url, folder)
        try:
            yield remote
        finally:
            remote.close()
            if web.record is not None and remote.place:
                web.record(Fetched(url, remote.place, remote.digest.hexdigest(), int(time.time())))
        door.remove(folder)


class _Holder(msgspec.Struct):
    """Who downloads what, since when (seconds since 1970 UTC)."""

    process: int
    url: str
    since: int


@contextlib.contextmanager
def _only_one(door: Door, url: str) -> Iterator[None]:
    """Lock downloads: there is one place for partial downloads, with a record of the holder.

    The lock is on the data folder, which stays, and the system releases it when the process ends.
    """
    note = door.folders.downloads / "by.json"
    handle = os.open(door.folders.root, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DiscoverError(f"{_holder(note)}. Wait for it or stop it, then try again.") from None
        door.write_file(note, msgspec.json.encode(_Holder(os.getpid(), url, int(time.time()))))
        try:
            yield
        finally:
            note.unlink(missing_ok=True)
    finally:
        os.close(handle)


def _holder(note: Path) -> str:
    try:
        by = msgspec.json.decode(bytes_of(note), type=_Holder)
    except (OSError, ValueError, RecursionError):
        return "Another download is going on"
    since = time.strftime("%H:%M", time.localtime(by.since))
    name = by.url.rpartition("/")[2]
    return f"Process {by.process} has been downloading {name} since {since}"


def read_remote(door: Door, web: Web, url: str, read: Callable[[Remote], T]) -> T:
    """Apply `read` to the file at an address, restarting once if the file differs from the stored part.

    An unreadable file is not kept.
    """
    for again in (True, False):
        try:
            with remote_file(door, web, url) as remote:
                try:
                    return read(remote)
                except UnreadableFileError:
                    remote.forget()
                    raise
        except ChangedError:
            if not again:
                raise
    raise AssertionError  # the second time returns or raises


def free_bytes(folder: Path) -> int:
    """Room on the disk a folder is on."""
    return shutil.disk_usage(folder).free


def check_room(door: Door, wanted: int, free: Free = free_bytes) -> None:
    """Raise DiscoverError where the data folder's disk has no room for so many bytes and a pack."""
    root = door.folders.root
    door.make_folder(root)
    there, wanted = free(root), wanted + _ROOM
    if there < wanted:
        raise DiscoverError(
            f"It takes about {wanted / 1e9:.1f} GB, and {root} has {there / 1e9:.1f} GB left. Make room, or choose "
            "another folder with --data-dir."
        )


@contextlib.contextmanager
def fetched(
    door: Door, web: Web, url: str, *, most: int | None = None, progress: CountReport | None = None
) -> Iterator[Path]:
    """The file at an address, of `most` so many bytes, in a folder that is gone after the block.

    Raises DiscoverError when it cannot be reached, ends early or is larger, CancelledError, PrivateSessionError in a
    private session.
    """
    door.require_writable("download anything")
    name = Path(unquote(urlsplit(url).path)).name or "download"
    with door.scratch_folder() as folder:
        with remote_file(door, web, url) as remote, (folder / name).open("xb") as file:
            while data := remote.read(_CHUNK):
                if most is not None and (size := max(remote.total or 0, remote.place)) > most:
                    raise DiscoverError(
                        f"{url} is not what was looked for: it has {size / 1e9:.1f} GB, where {most / 1e9:.1f} are the "
                        "most there can be."
                    )
                file.write(data)
                if progress:
                    progress(remote.place, max(remote.total or 0, remote.place))
        yield folder / name
