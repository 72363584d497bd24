"""What other servers may answer: each is understood or refused with what it said, at once and with nothing kept."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from engine.community.fetch import Offer, RefusedError, Web, check, check_own
from engine.community.listenbrainz import ARTISTS
from engine.community.remote import remote_file
from engine.community.statistics_dump import find, read_newest
from engine.errors import CancelledError, DiscoverError, UsageError
from engine.paths import Folders
from engine.privacy import Door
from tests.support.dump_server import DumpServer
from tests.support.servers import answering
from tests.support.statistics_dump import listeners

STAMP = "20261001-000002"
FOLDER, ARCHIVE = f"listenbrainz-dump-2679-{STAMP}-full", f"listenbrainz-statistics-dump-{STAMP}.tar.zst"
ODD: dict[str, tuple[int, dict[str, str]]] = {
    "/no-address": (302, {"Location": "http://[::1"}),
    "/no-port": (302, {"Location": "http://127.0.0.1:99999/"}),
    "/nowhere": (302, {}),
    "/unchanged": (304, {}),
    "/nothing": (204, {}),
    "/packed": (200, {"Content-Encoding": "gzip"}),
}


class Odd(BaseHTTPRequestHandler):
    """Answers as `ODD` says; `/slow` drips, `/long` does not end, `/get` knows no HEAD."""

    def do_HEAD(self) -> None:
        self.send_response(405)
        self.end_headers()

    def do_GET(self) -> None:
        status, headers = ODD.get(self.path, (200, {}))
        self.send_response(status)
        for name, text in headers.items():
            self.send_header(name, text)
        if self.path == "/get":
            self.send_header("Content-Length", "7")
        self.end_headers()
        try:
            for _ in range(40 if self.path in ("/slow", "/long") else 1):
                self.wfile.write(b"x" * 50_000 if self.path == "/long" else gzip.compress(b"x"))
        except ConnectionError:
            pass  # hung up on

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@pytest.fixture
def base() -> Iterator[str]:
    with answering(HTTPServer(("127.0.0.1", 0), Odd)) as http:
        yield f"http://127.0.0.1:{http.server_port}"


@pytest.fixture
def door(tmp_path) -> Door:
    return Door(Folders(tmp_path / "data"))


@pytest.mark.parametrize("path", ODD)
def test_an_answer_that_is_no_file_is_refused_at_once(base: str, door: Door, path: str) -> None:
    waited: list[float] = []
    web = Web(wait=waited.append)
    with pytest.raises((RefusedError, UsageError)), remote_file(door, web, base + path) as remote:
        remote.read()
    web.close()
    assert waited == []
    assert [file.name for file in door.folders.downloads.iterdir() if file.stat().st_size] == []


@pytest.mark.parametrize("url", ["http://[::1", "https://a:99999/", "https://[x]/"])
def test_what_is_no_address_is_said_to_be_none(url: str) -> None:
    for look in (check, check_own):
        with pytest.raises(UsageError, match="is not a valid address"):
            look(url)


def test_a_server_without_head_is_asked_for_the_file_and_hung_up_on(base: str) -> None:
    web = Web()
    assert web.look(f"{base}/get").bytes == 7
    web.close()


def test_a_page_without_end_is_not_read_to_it_and_stops_when_told(base: str) -> None:
    web = Web()
    with pytest.raises(RefusedError, match="more than 1 MB"):
        web.page(f"{base}/long")
    asked = iter([False, True])
    stopped = Web(cancelled=lambda: next(asked))
    with pytest.raises(CancelledError):
        stopped.page(f"{base}/slow")
    for each in (web, stopped):
        each.close()


class Listing:
    """Has pages of links alone, written in one way."""

    def __init__(self, link: str) -> None:
        self._link = link

    def page(self, url: str) -> tuple[str, str]:
        """The folders, or what is in one."""
        names = [f"{FOLDER}/"] if url.endswith("fullexport/") else [ARCHIVE, f"{ARCHIVE}.sha256"]
        return url, "".join(self._link.format(name=name) for name in names)

    def look(self, url: str) -> Offer:
        """What is there."""
        return Offer(url, 1)


@pytest.mark.parametrize(
    "link",
    [
        "<a href={name}>",
        "<A HREF='./{name}'>",
        '<a data-href="/other/" href="{name}#top">',
        "<a href='&#46;/{name}'>",
        '<a href="http://[::1">broken</a><a href="{name}">',
        f'<a href="listenbrainz-dump-{"9" * 5000}-{STAMP}-full/">' + '<a href="{name}">',
    ],
)
def test_listings_are_read_however_their_links_are_written(link: str) -> None:
    listing = Listing(link)
    assert find(listing, "https://example.org/").number == 2679  # type: ignore[arg-type]  # the names alone are read


def test_a_file_that_changed_under_a_server_that_does_not_look_is_started_over(
    server: DumpServer, door: Door
) -> None:
    data = server.add(2679, STAMP, {"artists_all_time": listeners(60)})
    server.faults = [("cut", len(data) // 2), ("deaf",)]

    def wait(_seconds: float) -> None:
        server.etag = '"two"'

    web = Web(wait=wait)
    found = read_newest(door, web, server.base, ARTISTS, min_listeners=50)
    web.close()
    assert found.content.plays.shape[0] == 60
    assert [headers.get("range") for headers in server.asked("GET", ".zst")][-1] is None


def test_of_what_was_refused_nothing_is_kept(server: DumpServer, door: Door) -> None:
    server.add(2679, STAMP, {"artists_all_time": listeners(20)})
    web = Web(wait=lambda _: None)
    with pytest.raises(DiscoverError, match="fewer than 50"):
        read_newest(door, web, server.base, ARTISTS, min_listeners=50)
    web.close()
    assert [file.name for file in door.folders.downloads.iterdir() if file.stat().st_size] == []


def test_a_full_disk_is_not_a_broken_connection(server: DumpServer, door: Door, monkeypatch) -> None:
    server.add(2679, STAMP, {"artists_all_time": listeners(60)})
    waited: list[float] = []

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    web = Web(wait=waited.append)
    with pytest.raises(DiscoverError, match="Make room"):
        read_newest(door, web, server.base, ARTISTS, min_listeners=50)
    web.close()
    assert waited == []
