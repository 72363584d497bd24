"""HTTP connections with a timeout for all response headers, since a server that sends single bytes never exceeds the
timeout of one read.

Invalid header values are refused.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from engine.errors import UsageError

_SECONDS = 60


class _InTime(HTTPConnection):
    def getresponse(self) -> urllib3.HTTPResponse:  # type: ignore[override]  # as the library's own
        """As the library's. Raises HTTPError where the headers took too long."""
        late = threading.Event()
        timer = threading.Timer(_SECONDS, self._hang_up, (late,))
        timer.daemon = True
        timer.start()
        try:
            return super().getresponse()
        finally:
            timer.cancel()
            if late.is_set():  # headers that end early are taken for whole
                raise HTTPError("it is too slow")

    def putheader(self, header: Any, *values: Any) -> None:
        """As the library's. Raises UsageError for a value with a line break, or letters that are not Latin-1."""
        try:
            super().putheader(header, *values)
        except ValueError:
            # It holds the value, which may be a password.
            raise UsageError(
                f"What is to be sent as {header} holds signs that can't be sent. Check the password, key or token, and "
                "type it again."
            ) from None

    def _hang_up(self, late: threading.Event) -> None:
        late.set()
        with contextlib.suppress(OSError, AttributeError):  # it is gone by itself
            self.sock.shutdown(socket.SHUT_RDWR)


class _InTimeByTls(_InTime, HTTPSConnection):
    pass


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _InTime


class _PoolByTls(urllib3.HTTPSConnectionPool):
    ConnectionCls = _InTimeByTls


# What a pool of connections is made of, by an address's scheme.
POOLS: dict[str, type[urllib3.HTTPConnectionPool]] = {"http": _Pool, "https": _PoolByTls}
