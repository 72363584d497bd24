"""What is said of a server that answers, but not what was asked for."""

from __future__ import annotations

import json
from pathlib import Path
from socketserver import BaseRequestHandler, TCPServer
from typing import Any, cast

import pytest

from engine.community.fetch import Web
from engine.errors import DiscoverError, UsageError
from engine.paths import Folders
from engine.privacy import Door
from engine.push.asking import NotLetInError
from engine.push.credentials import Credentials, keep_credentials
from engine.push.jellyfin import Jellyfin
from engine.push.listenbrainz import ListenBrainz
from engine.push.servers import server_for
from engine.push.subsonic import Subsonic
from tests.support.servers import answering

ADDRESS = "http://127.0.0.1:1"


class Answers:
    """In place of the network: one answer to every question; by default a page as proxies send it."""

    def __init__(self, status: int, data: bytes = b"<html>Oh no</html>") -> None:
        self.answer = status, data

    def ask(self, *_: object, **__: object) -> tuple[int, bytes]:
        return self.answer


@pytest.mark.parametrize("kind", [Subsonic, Jellyfin, ListenBrainz])
@pytest.mark.parametrize(
    ("status", "said"),
    [
        (500, "answers with an error (500). Try again"),
        (429, "answers with an error (429). Try again"),
        (418, "418"),
        (200, "Check the address"),
    ],
)
def test_a_server_that_fails_is_distinguished_from_one_that_is_another(
    kind: Any, status: int, said: str
) -> None:
    server = kind(cast(Web, Answers(status)), ADDRESS, Credentials("", "secret", False))
    with pytest.raises(DiscoverError) as raised:
        list(server.songs(()))
    assert said in str(raised.value)
    assert ("Try again later" in str(raised.value)) == (status in (429, 500))


@pytest.mark.parametrize("why", ["Invalid token", "Invalid token.", "Who are you?"])
@pytest.mark.parametrize("kind", [Subsonic, ListenBrainz])
def test_what_a_server_says_of_its_refusal_is_a_sentence(kind: Any, why: str) -> None:
    failed = {"status": "failed", "error": {"code": 40, "message": why}}
    data = json.dumps({"subsonic-response": failed, "error": why}).encode()
    web = cast(Web, Answers(200 if kind is Subsonic else 401, data))
    with pytest.raises(NotLetInError) as raised:
        list(kind(web, ADDRESS, Credentials("me", "secret")).songs(()))
    said = why if why.endswith("?") else "Invalid token."
    assert str(raised.value).removesuffix(" Check the token or key.").endswith(f": {said}")


class Nobody(BaseRequestHandler):
    """Answers every question alike."""

    def handle(self) -> None:
        self.request.recv(1 << 16)
        self.request.sendall(b"HTTP/1.1 404 Not here\r\nContent-Length: 0\r\n\r\n")


@pytest.mark.parametrize("kind", [Subsonic, Jellyfin, ListenBrainz])
@pytest.mark.parametrize("secret", ["a\r\nX-Other: y", "漢字", "\udc9b"])
def test_a_secret_that_no_header_holds_is_refused_in_words_that_do_not_hold_it(
    kind: Any, secret: str
) -> None:
    with answering(TCPServer(("127.0.0.1", 0), Nobody)) as server:
        address = f"http://127.0.0.1:{server.server_address[1]}"
        with pytest.raises(DiscoverError) as raised:
            list(kind(Web(), address, Credentials("", secret)).songs(()))
    assert secret not in str(raised.value)
    # Subsonic's is in the address, which can contain anything.
    assert isinstance(raised.value, UsageError) == (kind is not Subsonic)


def test_mpd_is_asked_with_the_password_that_is_kept_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = Folders(tmp_path / "data")
    monkeypatch.setattr("engine.push.credentials._keyring", lambda: None)
    keep_credentials(Door(folders), "mpd", "127.0.0.1:6600", Credentials("", "kept", False))
    asked: list[list[str]] = []
    monkeypatch.setattr("engine.push.servers.Mpd", asked.append)
    places = ["127.0.0.1:6600", "own@127.0.0.1:6600", "127.0.0.1:6601"]
    web = cast(Web, Answers(200))
    server_for(web, folders, "mpd", places, None)
    server_for(web, folders, "mpd", places[1:], Credentials("", "given", False))
    assert asked == [
        ["kept@127.0.0.1:6600", "own@127.0.0.1:6600", "127.0.0.1:6601"],
        ["given@127.0.0.1:6600", "given@127.0.0.1:6601"],
    ]
