"""The one place that opens a connection: downloads a data set the person asked for by name.

Nothing of the person is sent but the request itself: no cookies, no account, a plain agent name.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException, HTTPMessage, HTTPResponse
from ipaddress import ip_address
from pathlib import Path, PurePosixPath
from typing import IO
from urllib.error import URLError
from urllib.parse import unquote, urlsplit
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

from engine.errors import CancelledError, DiscoverError, UsageError
from engine.privacy import Door

# What is known by name: its address, and on what terms its owners give it.
KNOWN = {
    "artists": (
        "https://files.grouplens.org/datasets/hetrec2011/hetrec2011-lastfm-2k.zip",
        "for non-commercial use; 1,892 listeners, 17,632 artists",
    ),
}
_CHUNK = 1 << 18
_TIMEOUT = 30
_MAX_BYTES = 4 << 30

Progress = Callable[[int, int], None]
Cancelled = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Offer:
    """What lies at an address: `bytes` is None where the server does not say."""

    url: str
    bytes: int | None


@dataclass(frozen=True, slots=True)
class Fetched:
    """A download: where it came from in the end, how much, its SHA-256, when (seconds since 1970 UTC)."""

    url: str
    bytes: int
    sha256: str
    at: int


class _SafeRedirects(HTTPRedirectHandler):
    """Follows a redirect only where the address it leads to may be asked itself."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        check(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def check(url: str) -> None:
    """Raise UsageError for an address that is not https, but for one on this machine."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "https" and host:
        return
    try:
        if parts.scheme == "http" and ip_address(host).is_loopback:
            return
    except ValueError:
        pass
    raise UsageError(f"{url} must start with https: others could read or change the download.")


def look(url: str) -> Offer:
    """Ask how large it is, without downloading. Raises DiscoverError when it cannot be reached."""
    with _opened(url, "HEAD") as answer:
        length = answer.headers.get("Content-Length", "")
        return Offer(answer.url, int(length) if length.isdigit() else None)


@contextmanager
def fetched(
    door: Door, url: str, *, progress: Progress | None = None, cancelled: Cancelled | None = None
) -> Iterator[tuple[Path, Fetched]]:
    """The file at an address, in a folder that is gone after the block, and what is to be remembered of it.

    Raises DiscoverError when it cannot be reached or ends early, CancelledError when `cancelled` says so,
    PrivateSessionError in a private session.
    """
    with door.scratch_folder() as folder, _opened(url, "GET") as answer:
        name = PurePosixPath(unquote(urlsplit(answer.url).path)).name or "download"
        length = answer.headers.get("Content-Length", "")
        total = int(length) if length.isdigit() else 0
        path, digest, done = folder / name, hashlib.sha256(), 0
        with path.open("xb") as file:
            while data := answer.read(_CHUNK):
                done += len(data)
                if cancelled and cancelled():
                    raise CancelledError("Stopped. Nothing was downloaded.")
                if done > _MAX_BYTES:
                    raise DiscoverError(f"{url} sends more than {_MAX_BYTES >> 30} GB; stopped.")
                digest.update(data)
                file.write(data)
                if progress:
                    progress(done, max(total, done))
        if total and done < total:
            raise DiscoverError(f"{url} stopped after {done} of {total} bytes. Try again.")
        yield path, Fetched(answer.url, done, digest.hexdigest(), int(time.time()))


@contextmanager
def _opened(url: str, method: str) -> Iterator[HTTPResponse]:
    check(url)
    request = Request(url, method=method, headers={"User-Agent": "discover", "Accept-Encoding": "identity"})  # noqa: S310
    opener = build_opener(
        ProxyHandler() if urlsplit(url).scheme == "https" else ProxyHandler({}), _SafeRedirects()
    )
    try:
        with opener.open(request, timeout=_TIMEOUT) as answer:
            yield answer
    except (URLError, HTTPException, TimeoutError, ConnectionError) as error:
        raise DiscoverError(
            f"{url} can't be reached ({error}). Try again, or download it yourself and add it: discover "
            "community add PATH."
        ) from error
