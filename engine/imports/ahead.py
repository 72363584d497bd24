"""Reads ahead in a thread, so that unpacking and hashing overlap with processing rows."""

from __future__ import annotations

import hashlib
import io
import queue
import threading
from collections.abc import Callable
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

# Each piece costs the reading thread several waits for the interpreter's lock: small ones overlap with nothing.
_CHUNK = 2 << 20
# Maximum pieces read ahead.
_AHEAD = 4


class Ahead(io.RawIOBase):
    """The bytes of what `open_stream` opens, with their SHA-256 once all are read.

    `advance` gets the number of bytes returned. `after` is the file before it: reading begins once that one is read to
    its end. An error of the stream is raised at its position. Use it as a context manager, so that leaving early stops
    the thread.
    """

    def __init__(
        self,
        open_stream: Callable[[], IO[bytes]],
        advance: Callable[[int], None],
        after: Ahead | None = None,
    ) -> None:
        super().__init__()
        self._open = open_stream
        self._after = after
        self._advance = advance
        self._hash = hashlib.sha256()
        self._pieces: queue.Queue[bytes | BaseException] = queue.Queue(_AHEAD)
        self._piece = b""
        self._at = 0
        self._given = 0
        self._ended = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reading ahead", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            # Members of one archive share its file: only one may be read at a time.
            if self._after:
                self._after._thread.join()
                self._after = None
            with self._open() as stream:
                while not self._stop.is_set():
                    data = stream.read(_CHUNK)
                    self._hash.update(data)
                    self._put(data)
                    if not data:
                        return
        except BaseException as error:  # noqa: BLE001 - raised again where it belongs, in the reader's thread
            self._put(error)

    def _put(self, piece: bytes | BaseException) -> None:
        while not self._stop.is_set():
            try:
                self._pieces.put(piece, timeout=0.1)
            except queue.Full:
                continue
            return

    def digest(self) -> str:
        """The SHA-256 of the whole file, in hexadecimal; what is left of it is read first."""
        while self._next():
            pass
        return self._hash.hexdigest()

    def _next(self) -> bool:
        """Take the next piece; False at the end."""
        if self._ended:
            return False
        piece = self._pieces.get()
        if isinstance(piece, BaseException):
            self._ended = True
            raise piece
        self._piece, self._at = piece, 0
        self._given += len(piece)
        self._ended = not piece
        self._advance(self._given)
        return not self._ended

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if size < 0:
            return self.readall()
        if self._at >= len(self._piece) and not self._next():
            return b""
        data = self._piece[self._at : self._at + size]
        self._at += len(data)
        return data

    def readall(self) -> bytes:
        parts = []
        while data := self.read(_CHUNK):
            parts.append(data)
        return b"".join(parts)

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        target = memoryview(buffer)
        data = self.read(len(target))
        target[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._stop.set()
            self._thread.join()
        super().close()
