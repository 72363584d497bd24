"""A server of made-up dumps on this machine, which fails as the real one does: by order, one fault an answer."""

from __future__ import annotations

import contextlib
import hashlib
import socket
import ssl
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.support.servers import answering
from tests.support.statistics_dump import archive

# Self-made for 127.0.0.1, with its key: it proves nothing to anybody.
CERTIFICATE = Path(__file__).with_name("loopback.pem")


def tls() -> ssl.SSLContext:
    """How to speak TLS by that certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


class DumpServer(ThreadingHTTPServer):
    """Files by path; folders list them as nginx does, names cut at 50 letters.

    `faults` are done to answers with an archive in turn: ("drop",) hangs up before any answer, ("cut", n) sends n
    bytes, ("long", n) says n bytes too many, ("short", n) n too few, ("busy",) answers 503, ("all",) ignores ranges,
    ("deaf",) which file they are of.
    `drops` connections are closed as they are made, `handshakes` of TLS in the middle, where it speaks that.
    `seen` notes (method, path, headers).
    """

    daemon_threads = True

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.tls = tls
        self.handshakes = 0
        self.files: dict[str, bytes] = {}
        self.etag = '"one"'
        self.faults: list[tuple[Any, ...]] = []
        self.always: tuple[Any, ...] | None = None
        self.drops = 0
        self.sent = 0
        self.seen: list[tuple[str, str, dict[str, str]]] = []

    @property
    def base(self) -> str:
        """The folder that holds `fullexport/`."""
        return f"http{'s' if self.tls else ''}://127.0.0.1:{self.server_port}/pub/"

    def add(
        self, number: int, stamp: str, members: dict[str, bytes] | None, *, digest: str | None = "true"
    ) -> bytes:
        """A full dump; without members it has no statistics, `digest` null leaves that out."""
        folder = f"/pub/fullexport/listenbrainz-dump-{number}-{stamp}-full/"
        self.files[f"{folder}listenbrainz-spark-dump-{number}-{stamp}-full.tar"] = b"other"
        if members is None:
            return b""
        data, name = archive(members, stamp), f"{folder}listenbrainz-statistics-dump-{stamp}.tar.zst"
        self.files[name] = data
        if digest is not None:
            said = hashlib.sha256(data).hexdigest() if digest == "true" else digest
            self.files[f"{name}.sha256"] = said.encode()
        return data

    def add_beside(self, folder: str, name: str, data: bytes, sums: str, *, digest: str = "") -> None:
        """An archive at `base`/`folder` and its line in a list of digests; `digest` is another than its own."""
        said = digest or hashlib.sha256(data).hexdigest()
        self.files[f"/pub/{folder}{name}"] = data
        self.files[f"/pub/{folder}{sums}"] = f"{'f' * 64}  other.tar\n{said}  {name}\n".encode()

    def asked(self, method: str, ending: str) -> list[dict[str, str]]:
        """The headers of requests for paths that end so."""
        return [headers for how, path, headers in self.seen if how == method and path.endswith(ending)]

    def verify_request(self, request: Any, client_address: Any) -> bool:
        self.drops -= 1
        return self.drops < 0

    def finish_request(self, request: Any, client_address: Any) -> None:
        if self.tls is None:
            super().finish_request(request, client_address)
            return
        if self.handshakes > 0:
            self.handshakes -= 1
            request.recv(64)  # a part of what the other side begins with
            return
        # Who does not trust the certificate hangs up.
        with contextlib.suppress(OSError), self.tls.wrap_socket(request, server_side=True) as spoken:
            super().finish_request(spoken, client_address)


class Handler(BaseHTTPRequestHandler):
    """One answer."""

    server: DumpServer

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        server = self.server
        server.seen.append(
            (self.command, self.path, {name.lower(): text for name, text in self.headers.items()})
        )
        if self.path.endswith("/"):
            self._send(200, self._listing(), {"Content-Type": "text/html"})
            return
        data = server.files.get(self.path)
        if data is None:
            self._send(404, b"no", {})
            return
        fault: tuple[Any, ...] = ("none",)
        if body and self.path.endswith((".tar.zst", ".tar.xz")):
            fault = server.always or (server.faults.pop(0) if server.faults else fault)
        self._file(data, fault, body=body)

    def _file(self, data: bytes, fault: tuple[Any, ...], *, body: bool) -> None:
        server = self.server
        if fault[0] == "drop":
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return
        if fault[0] == "busy":
            self._send(503, b"later", {})
            return
        status, begin, headers = 200, 0, {"Accept-Ranges": "bytes"}
        if server.etag:
            headers["ETag"] = server.etag
        asked = self.headers.get("Range", "")
        fresh = self.headers.get("If-Range") in (None, server.etag) or fault[0] == "deaf"
        if asked and fresh and fault[0] != "all":
            begin = int(asked.removeprefix("bytes=").rstrip("-"))
            if begin >= len(data):
                self._send(416, b"", {"Content-Range": f"bytes */{len(data)}"})
                return
            status, headers["Content-Range"] = 206, f"bytes {begin}-{len(data) - 1}/{len(data)}"
        part = data[begin:]
        wrong = {"long": 1, "short": -1}.get(fault[0], 0) * (fault[1] if len(fault) > 1 else 0)
        length = len(part) + wrong
        self._send(
            status, part[: fault[1]] if fault[0] == "cut" else part[:length], headers, length, body=body
        )

    def _send(
        self,
        status: int,
        data: bytes,
        headers: dict[str, str],
        length: int | None = None,
        *,
        body: bool = True,
    ) -> None:
        self.send_response(status)
        for name, text in headers.items():
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(data) if length is None else length))
        self.end_headers()
        if body and self.command != "HEAD":
            try:
                for start in range(0, len(data), 1 << 16):
                    self.wfile.write(data[start : start + (1 << 16)])
                    self.server.sent += len(data[start : start + (1 << 16)])
            except ConnectionError:
                pass  # who asked has hung up

    def _listing(self) -> bytes:
        names = sorted(
            {
                rest.partition("/")[0] + ("/" if "/" in rest else "")
                for path in self.server.files
                if path.startswith(self.path) and (rest := path.removeprefix(self.path))
            }
        )
        rows = "".join(
            f'<a href="{name}">{name if len(name) <= 50 else name[:47] + "..&gt;"}</a>  01-Oct-2026 13:05  1\r\n'
            for name in names
        )
        return (
            f'<html><body><h1>Index of</h1><pre><a href="../">../</a>\r\n{rows}</pre></body></html>'.encode()
        )

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextlib.contextmanager
def serving(tls: ssl.SSLContext | None = None) -> Iterator[DumpServer]:
    """A server while the block runs, which speaks TLS where it is given how."""
    with answering(DumpServer(tls)) as server:
        yield server
