"""A server on loopback that answers everything in one wrong way."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.support.servers import answering


class Handler(BaseHTTPRequestHandler):
    server: BadServer

    def do_GET(self) -> None:
        with contextlib.suppress(OSError):
            self.server.fault(self)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        pass


class BadServer(ThreadingHTTPServer):
    """Answers everything by `fault`."""

    daemon_threads = True
    fault: Callable[[BaseHTTPRequestHandler], None]

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


def says(status: int, body: bytes) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(to: BaseHTTPRequestHandler) -> None:
        to.send_response(status)
        to.send_header("Content-Length", str(len(body)))
        to.end_headers()
        to.wfile.write(body)

    return answer


def hangs_up(to: BaseHTTPRequestHandler) -> None:
    to.close_connection = True


def breaks_off(to: BaseHTTPRequestHandler) -> None:
    to.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
    to.close_connection = True


def is_silent(to: BaseHTTPRequestHandler) -> None:
    time.sleep(0.5)


def drips(to: BaseHTTPRequestHandler) -> None:
    to.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    for _ in range(40):
        to.wfile.write(b" ")
        time.sleep(0.05)


def drips_headers(to: BaseHTTPRequestHandler) -> None:
    to.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
    for _ in range(40):
        to.wfile.write(b"x")
        time.sleep(0.05)


def speaks_something_else(to: BaseHTTPRequestHandler) -> None:
    to.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n")
    to.close_connection = True


@contextlib.contextmanager
def bad_server() -> Iterator[BadServer]:
    """One that answers while the block runs, once it has a `fault`."""
    with answering(BadServer(("127.0.0.1", 0), Handler)) as found:
        yield found
