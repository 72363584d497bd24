"""The only module that opens connections to others: downloads data sets requested by name, sends playlists to the
person's own server or fetches their stars, and checks whether the cluster they named is reachable.

Hosts of downloads get only the request itself: no cookies, no account, a plain agent name, with a contact if set
(`offers.agent`).
Broken connections are retried with increasing pauses.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TypeVar
from urllib.parse import SplitResult, urlencode, urljoin, urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ProxyError,
    ReadTimeoutError,
    SSLError,
)
from urllib3.util.connection import create_connection

from engine.community.in_time import POOLS
from engine.community.offers import agent
from engine.errors import CancelledError, DiscoverError, UsageError
from engine.progress import Cancelled
from engine.wording import quantity

_TIMEOUT = 30
_MAX_PAGE = 1 << 20
_MAX_ANSWER = 32 << 20
_WHOLE_ANSWER = 60  # seconds in total, even if each part arrives in time
_REDIRECTS = 5
# Seconds between retries; servers of public dumps drop connections sometimes.
_PAUSES = (1, 2, 4, 8, 16)
NO_SUCH_RANGE = 416
_BUSY = (429, 500, 502, 503, 504)
_NO_HEAD = (405, 501)
_STEP = 0.25  # of a pause, after which `cancelled` is asked

T = TypeVar("T")
Answer = urllib3.BaseHTTPResponse


@dataclass(frozen=True, slots=True)
class Offer:
    """A resource at an address: `bytes` is None if the server does not state it."""

    url: str
    bytes: int | None


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was downloaded of a file: its address, the bytes and their SHA-256, and when (seconds since 1970 UTC)."""

    url: str
    bytes: int
    sha256: str
    at: int


class RefusedError(DiscoverError):
    """The server refused, and retrying would not help."""


class BrokenError(Exception):
    """A broken connection, or a server that asks to retry later."""


def check(url: str) -> None:
    """Raise UsageError for an address that is neither https nor on this machine."""
    parts = _parts_of(url)
    host = parts.hostname or ""
    if parts.scheme == "https" and host:
        return
    try:
        if parts.scheme == "http" and ip_address(host).is_loopback:
            return
    except ValueError:
        pass
    raise UsageError(f"{url} must start with https: others could read or change the download.")


def _parts_of(url: str) -> SplitResult:
    """Raises UsageError for an invalid address."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # is looked at when asked for alone
    except ValueError as error:
        raise UsageError(f"{url} is not a valid address: {error}.") from error
    return parts


def leads_to(at: str, link: str) -> str:
    """Where a link at an address leads; empty where that is not an address."""
    try:
        return urljoin(at, link)
    except ValueError:
        return ""


def check_own(url: str) -> None:
    """Raise UsageError for the address of one's own server that is neither https nor local, or contains more than an
    address."""
    parts = _parts_of(url)
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.query or parts.fragment:
        raise UsageError(f"{url} is not the address of a server: it begins with https:// and a name.")
    if parts.username is not None or parts.password is not None:
        raise UsageError("Leave name and password out of the address: it is shown and noted.")
    if parts.scheme == "http" and not _is_near(parts.hostname):
        raise UsageError(f"{url} must start with https: others could read what is sent.")


def is_safe(url: str) -> bool:
    """Whether requests to an address cannot be read on the way: https, or this machine."""
    parts = urlsplit(url)
    return parts.scheme == "https" or _is_loopback(parts.hostname or "")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_near(host: str) -> bool:
    """Whether an address is of this machine or a private network, by its number or the form of its name."""
    try:
        return ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith((".local", ".lan", ".home.arpa", ".internal"))


def host_of(url: str) -> str:
    """Who is asked for an address: the host's name."""
    return urlsplit(url).hostname or url


def why_not_there(host: str, port: int, seconds: float = 5.0) -> str:
    """Why nothing accepts connections there, in a few words; empty if something does. Sends nothing."""
    try:
        create_connection((host, port), timeout=seconds).close()
    except (OSError, UnicodeError, OverflowError, HTTPError) as error:
        return str(getattr(error, "strerror", None) or error)
    return ""


class Web:
    """An HTTP client with retries. `contact` is sent along; `wait` sleeps for seconds; `cancelled` ends everything;
    `report` gets a sentence before each wait, and on what is skipped. `instead` is the command for a file the person
    downloads. `record` gets every download as it ends, also one that broke off or was of no use.
    """

    def __init__(
        self,
        *,
        contact: str = "",
        wait: Callable[[float], None] = time.sleep,
        cancelled: Cancelled | None = None,
        report: Callable[[str], None] | None = None,
        instead: str = "discover community add PATH",
    ) -> None:
        self.contact = contact
        self.report, self.instead = report, instead
        self.record: Callable[[Fetched], None] | None = None
        self._wait = wait
        self._cancelled = cancelled
        self._headers = {"User-Agent": agent(contact), "Accept-Encoding": "identity"}
        self._pools: dict[str | None, urllib3.PoolManager] = {}

    def close(self) -> None:
        """Hang up."""
        for pool in self._pools.values():
            pool.clear()

    def asking(self, url: str) -> None:
        """Report the host, since a timeout can take a minute."""
        if self.report is not None:
            self.report(f"Asking {urlsplit(url).hostname or url} …")

    def look(self, url: str) -> Offer:
        """Ask how large it is, without downloading. Raises DiscoverError when it cannot be reached."""

        def ask() -> Offer:
            with self.opened("HEAD", url) as (answer, at):
                return Offer(at, number_in(answer.headers.get("Content-Length")))

        return self.trying(url, ask)

    def page(self, url: str) -> tuple[str, str]:
        """The address a page is at in the end, and its text. Raises DiscoverError when it cannot be reached."""

        def ask() -> tuple[str, str]:
            with self.opened("GET", url) as (answer, at):
                data = self._whole(answer, at, _MAX_PAGE)
                length = number_in(answer.headers.get("Content-Length"))
                if length is not None and answer.tell() < length:
                    raise BrokenError(f"it ended after {answer.tell()} of {length} bytes")
                return at, data.decode(errors="replace")

        return self.trying(url, ask)

    def trying(self, url: str, ask: Callable[[], T]) -> T:
        """Call a function, with retries after pauses. Raises DiscoverError after the last try."""
        for pause in (*_PAUSES, None):
            self.stop_if_cancelled()
            try:
                return ask()
            except BrokenError as error:
                if pause is None:
                    raise DiscoverError(
                        f"{url} can't be reached: {error}. Check the address and your connection, then try again: a "
                        f"download continues where it stopped. Or download it yourself and add it: {self.instead}."
                    ) from error
                if self.report is not None:
                    host = urlsplit(url).hostname or url
                    self.report(f"{host}: {error}. Trying again in {quantity(pause, 'seconds')} …")
                self._pause(pause)
        raise AssertionError  # the last try returns or raises

    @contextlib.contextmanager
    def opened(
        self, method: str, url: str, headers: dict[str, str] | None = None
    ) -> Iterator[tuple[Answer, str]]:
        """A response, not read yet, and its final address: redirects are followed only to allowed addresses.

        Raises DiscoverError if retrying would not help; the connection is closed after the block.
        """
        for _ in range(_REDIRECTS + 1):
            check(url)
            with as_broken():
                answer = self._pool(url).request(
                    method,
                    url,
                    headers={**self._headers, **(headers or {})},
                    preload_content=False,
                    redirect=False,
                    retries=False,
                    timeout=_TIMEOUT,
                )
            try:
                place = answer.get_redirect_location()
                if place:
                    before, url = url, leads_to(url, place)
                    if not url:
                        raise RefusedError(f"{before} leads to {place}, which is not a valid address.")
                    continue
                if method == "HEAD" and answer.status in _NO_HEAD:
                    method = "GET"  # and hang up before it is read
                    continue
                if answer.status in _BUSY:
                    raise BrokenError(f"the server says {answer.status} {answer.reason}")
                if answer.status not in (200, 206, NO_SUCH_RANGE):
                    raise RefusedError(
                        f"{url} can't be downloaded: the server says {answer.status} {answer.reason}. "
                        "Check the address."
                    )
                with as_broken():
                    yield answer, url
                return
            finally:
                answer.close()
        raise DiscoverError(f"{url} redirects too often; stopped.")

    def ask(
        self,
        method: str,
        url: str,
        *,
        fields: Sequence[tuple[str, str]] = (),
        headers: dict[str, str] | None = None,
        document: object = None,
    ) -> tuple[int, bytes]:
        """Send one request to the person's own server: returns status and response.

        `fields` are the query, or the form if the method is POST; a `document` is sent as JSON. Redirects are not
        followed, so that a login goes only to its server. Raises DiscoverError if it can't be reached or answers with
        one, UsageError for a forbidden address.
        """
        check_own(url)
        form = urlencode(fields, errors="surrogateescape")
        body, sent = None, {**self._headers, **(headers or {})}
        if document is not None:
            body, sent["Content-Type"] = json.dumps(document).encode(), "application/json"
        elif method == "POST" and form:
            body, sent["Content-Type"] = form.encode(), "application/x-www-form-urlencoded"
        at = f"{url}?{form}" if form and (method != "POST" or document is not None) else url
        self.stop_if_cancelled()
        try:
            with as_broken():
                answer = self._pool(url).request(
                    method,
                    at,
                    body=body,
                    headers=sent,
                    preload_content=False,
                    redirect=False,
                    retries=False,
                    timeout=_TIMEOUT,
                )
                try:
                    data = self._whole(answer, url, _MAX_ANSWER)
                finally:
                    answer.close()
        except BrokenError as error:
            raise DiscoverError(
                f"{url} can't be reached: {error}. Check the address and that it runs."
            ) from error
        if place := answer.get_redirect_location():
            # A server repeats there what it was asked, and Subsonic's login is in the query.
            shown = (leads_to(url, place) or place).partition("?")[0][:200]
            raise DiscoverError(
                f"{url} leads to {shown}, and a login is sent nowhere else. If that is your server, give the "
                "address there."
            )
        return answer.status, data

    def _whole(self, answer: Answer, url: str, most: int) -> bytes:
        """The whole response, up to a maximum of bytes and with a timeout in total."""
        data, end = bytearray(), time.monotonic() + _WHOLE_ANSWER
        while part := answer.read1(1 << 16):
            self.stop_if_cancelled()
            data += part
            if len(data) > most:
                raise RefusedError(f"{url} answered more than {most >> 20} MB; stopped.")
            if time.monotonic() > end:
                raise TimeoutError("it is too slow")
        return bytes(data)

    def _pool(self, url: str) -> urllib3.PoolManager:
        parts = urlsplit(url)
        proxy = (
            None
            if parts.scheme == "http" or proxy_bypass(parts.hostname or "")
            else getproxies().get("https")
        )
        if proxy not in self._pools:
            pool = urllib3.ProxyManager(proxy) if proxy else urllib3.PoolManager()
            pool.pool_classes_by_scheme = POOLS
            self._pools[proxy] = pool
        return self._pools[proxy]

    def _pause(self, seconds: float) -> None:
        while seconds > 0:
            self.stop_if_cancelled()
            self._wait(min(_STEP, seconds))
            seconds -= _STEP

    def stop_if_cancelled(self) -> None:
        """Raise CancelledError when asked to stop."""
        if self._cancelled is not None and self._cancelled():
            raise CancelledError("Stopped. The next run continues from there.")


@contextlib.contextmanager
def as_broken() -> Iterator[None]:
    """Turn network errors into BrokenError, for a retry, except invalid certificates."""
    try:
        yield
    except (HTTPError, OSError) as error:
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            raise DiscoverError(
                "The server's certificate can't be trusted, so nothing was taken from it. Check the address and this "
                "computer's clock."
            ) from error
        raise BrokenError(_what_broke(error)) from error


def _what_broke(error: HTTPError | OSError) -> str:
    """A network error in words; the library's own message if there are none for it."""
    text = str(error)
    kinds: tuple[tuple[type | tuple[type, ...], str], ...] = (
        (NameResolutionError, "its name is not known, or there is no connection"),
        ((NewConnectionError, ConnectionRefusedError), "it takes no connection"),
        (ConnectTimeoutError, "it does not answer"),
        (ReadTimeoutError, "it stopped answering"),
        (ProxyError, "the proxy does not let it through"),
        (SSLError, "no safe connection could be made"),
        ((ProtocolError, ConnectionError), "the connection broke off"),
    )
    return next((words for kind, words in kinds if isinstance(error, kind)), text)


def number_in(text: str | None) -> int | None:
    """The number a header says, null where it says none."""
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdigit() else None
