"""Downloads: only what was asked for, from an address that may be trusted, whole or not at all. Loopback only."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from engine.community.fetch import Web, check
from engine.community.offers import agent
from engine.community.remote import fetched
from engine.errors import CancelledError, DiscoverError, PrivateSessionError, UsageError
from engine.paths import Folders
from engine.privacy import Door
from engine.session import Session
from tests.support.servers import answering
from tuiapp.cli.main import run

ARTISTS = "id\tname\turl\tpictureURL\n" + "".join(f"{n}\tArtist {n}\tu\tp\n" for n in range(1, 7))
PLAYS = "userID\tartistID\tweight\n" + "".join(
    f"{user}\t{1 + (user + n) % 6}\t{n + 1}\n" for user in range(1, 9) for n in range(4)
)


class Server(HTTPServer):
    """Has one archive, and notes what is asked of it: (method, path, the names of the headers)."""

    def __init__(self, data: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.data = data
        self.seen: list[tuple[str, str, list[str]]] = []
        self.agents: list[str] = []


class Handler(BaseHTTPRequestHandler):
    """Serves one archive, one that breaks off, and redirects; records what it received."""

    server: Server

    def do_HEAD(self) -> None:
        self.answer(body=False)

    def do_GET(self) -> None:
        self.answer(body=True)

    def answer(self, *, body: bool) -> None:
        self.server.seen.append((self.command, self.path, sorted(name.lower() for name in self.headers)))
        self.server.agents.append(self.headers["User-Agent"])
        data = self.server.data
        if self.path == "/away":
            self.send_response(302)
            self.send_header("Location", "http://example.invalid/set.zip")
            self.end_headers()
            return
        if self.path in ("/moved", "/round"):
            self.send_response(302)
            self.send_header("Location", {"/moved": "set.zip", "/round": "/round"}[self.path])
            self.end_headers()
            return
        if self.path == "/missing":
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(data) * (2 if self.path == "/short.zip" else 1)))
        self.end_headers()
        if body:
            self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    from tests.support.importing import write_zip

    path = write_zip(tmp_path, "set.zip", {"artists.dat": ARTISTS, "user_artists.dat": PLAYS})
    with answering(Server(path.read_bytes())) as http:
        yield http


def at(server: Server, path: str) -> str:
    return f"http://127.0.0.1:{server.server_port}{path}"


def test_a_fetch_becomes_a_pack_and_is_in_the_audit(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url, data = at(server, "/set.zip"), server.data
    root = ["--data-dir", str(tmp_path / "data")]
    assert run([*root, "community", "fetch", "artists-2011", "--url", url]) == 2
    assert "--yes" in capsys.readouterr().err
    assert [seen[0] for seen in server.seen] == ["HEAD"]
    assert run([*root, "community", "fetch", "artists-2011", "--url", url, "--yes"]) == 0
    out, err = capsys.readouterr()
    assert url in err
    assert "6" in out
    session = Session(Folders(tmp_path / "data"))
    (done,) = session.packs.fetches()
    assert (done.url, done.bytes, done.sha256) == (url, len(data), hashlib.sha256(data).hexdigest())
    assert [(pack.items, pack.licence) for pack in session.packs.all()] == [(6, "for non-commercial use")]
    session.close()
    assert not [path for path in (tmp_path / "data").iterdir() if path.name.startswith(".")]
    # What the other side learns is the request: no cookie, no language, no referer.
    assert all(
        set(seen[2]) <= {"host", "user-agent", "accept-encoding", "connection"} for seen in server.seen
    )
    assert run([*root, "audit", "doctor"]) == 0
    assert done.sha256 in capsys.readouterr().out


@pytest.mark.parametrize(
    "url", ["http://example.com/x", "ftp://a/b", "file:///etc/passwd", "https://", "x", "http://10.0.0.1/"]
)
def test_only_https_or_this_machine(url: str) -> None:
    with pytest.raises(UsageError, match="must start with https"):
        check(url)


def test_what_fails_keeps_nothing(server: Server, tmp_path: Path) -> None:
    door, web = Door(Folders(tmp_path / "data")), Web(wait=lambda _: None)
    assert web.look(at(server, "/set.zip")).bytes == len(server.data)
    with pytest.raises(UsageError, match=r"example\.invalid"):
        web.look(at(server, "/away"))
    with pytest.raises(DiscoverError, match="404"):
        web.look(at(server, "/missing"))
    with (
        pytest.raises(DiscoverError, match=r"stopped after|can't be reached"),
        fetched(door, web, at(server, "/short.zip")),
    ):
        pass
    stopped = Web(cancelled=lambda: True)
    with pytest.raises(CancelledError), fetched(door, stopped, at(server, "/set.zip")):
        pass
    # What came of a file that broke off is kept, so that it can go on.
    assert [path.name for path in door.folders.root.iterdir()] == ["downloads"]
    private = Door(Folders(tmp_path / "data"), private=True)
    with pytest.raises(PrivateSessionError), fetched(private, web, at(server, "/set.zip")):
        pass
    web.close()
    server.seen.clear()
    assert run(["--private", "--data-dir", str(tmp_path / "data"), "community", "fetch", "--yes"]) == 1
    assert server.seen == []


def test_a_contact_is_sent_where_one_is_set_and_said_before(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from engine import __version__

    url = at(server, "/set.zip")
    root = ["--data-dir", str(tmp_path / "data")]
    command = [*root, "community", "fetch", "artists-2011", "--url", url]
    assert run(command) == 2
    assert "sees your address; nothing else is sent" in capsys.readouterr().err
    assert run([*root, "config", "set", "download.contact", "me@example.org"]) == 0
    assert run(command) == 2
    assert "sees your address and the contact you set (me@example.org)" in capsys.readouterr().err
    assert run([*command, "--yes"]) == 0
    plain, *named = server.agents
    assert plain == f"discover/{__version__}"
    assert set(named) == {f"discover/{__version__} ( me@example.org )"}
    for wrong in ("a\nHost: b", "é", "x" * 101):
        assert run([*root, "config", "set", "download.contact", wrong]) == 2


def test_the_project_is_named_with_its_address_once_its_metadata_has_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine import __version__

    published = tmp_path / "discover_music-9.dist-info" / "METADATA"
    published.parent.mkdir()
    published.write_text(
        "Metadata-Version: 2.4\nName: discover-music\nVersion: 9\n"
        "Project-URL: Homepage, https://discover.example/\nProject-URL: Issues, https://discover.example/issues\n"
    )
    assert agent("") == f"discover/{__version__}"
    monkeypatch.syspath_prepend(tmp_path)
    assert agent("") == f"discover/{__version__} ( https://discover.example/ )"
    assert agent("me@example.org") == f"discover/{__version__} ( https://discover.example/; me@example.org )"


def test_a_redirect_is_followed_where_one_may_ask(server: Server) -> None:
    web = Web(wait=lambda _: None)
    assert web.look(at(server, "/moved")).url == at(server, "/set.zip")
    with pytest.raises(DiscoverError, match="redirects too often"):
        web.look(at(server, "/round"))
    web.close()
