"""Connections whose servers have so long for the headers of an answer.

One that sends a byte now and then is never late by what a single read may take.
"""

from __future__ import annotations

import contextlib
import socket
import threading

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

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
