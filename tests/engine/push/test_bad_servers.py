"""Servers that are slow, broken or something else: each is named in words, and nobody waits for ever."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler

import pytest

from engine.community import fetch, in_time
from engine.community.fetch import Web
from engine.errors import DiscoverError
from engine.playlists.playlist import PlaylistTrack
from engine.push.asking import NotLetInError
from engine.push.credentials import Credentials
from engine.push.jellyfin import Jellyfin
from engine.push.listenbrainz import ListenBrainz
from engine.push.subsonic import Subsonic
from tests.support.bad_servers import (
    BadServer,
    bad_server,
    breaks_off,
    drips,
    drips_headers,
    hangs_up,
    is_silent,
    says,
    speaks_something_else,
)

TRACKS = [PlaylistTrack("Ida", "Tin Roof", ids=(("mb_recording", "00000000-0000-4000-8000-000000000001"),))]
KINDS = (Subsonic, Jellyfin, ListenBrainz)


@pytest.fixture
def server() -> Iterator[BadServer]:
    with bad_server() as found:
        yield found


PAGE = b"<!DOCTYPE html><title>It works</title>"


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (says(500, b"oops"), r"answers with an error \(500\)"),
        (says(503, PAGE), r"answers with an error \(503\)"),
        (says(200, PAGE), "is not a Subsonic server|is not what was expected"),
        (says(302, b""), "is not a Subsonic server|refused .* with 302"),
        (says(200, b'"ok"'), "is not a Subsonic server|is not what was expected"),
        (says(200, b"[" * 100_000), "is not a Subsonic server|is not what was expected"),
        (
            says(200, b'{"subsonic-response": {"status": "failed", "error": 3}, "valid": "yes", "Id": null}'),
            "it does not say why|knows no such user|does not know this token",
        ),
        (hangs_up, "can't be reached: the connection broke off"),
        (breaks_off, "can't be reached: the connection broke off"),
        (is_silent, "can't be reached: it stopped answering"),
        (drips, "can't be reached: it is too slow"),
        (drips_headers, "can't be reached: it is too slow"),
        (speaks_something_else, "can't be reached: the connection broke off"),
    ],
)
def test_what_is_wrong_is_said_in_words_and_soon(
    server: BadServer,
    monkeypatch: pytest.MonkeyPatch,
    fault: Callable[[BaseHTTPRequestHandler], None],
    words: str,
) -> None:
    monkeypatch.setattr(fetch, "_TIMEOUT", 0.2)
    monkeypatch.setattr(fetch, "_WHOLE_ANSWER", 0.2)
    monkeypatch.setattr(in_time, "_SECONDS", 0.4)
    monkeypatch.setattr(server, "fault", fault, raising=False)
    for kind in KINDS:
        with closing(Web()) as web:
            there = kind(web, server.base, Credentials("", "made-up"))
            began = time.monotonic()
            with pytest.raises(DiscoverError, match=words) as raised:
                list(there.songs(TRACKS))
            assert time.monotonic() - began < 1.5
        assert server.base in str(raised.value)


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (
            "https://music.example.org/",
            "leads to https://music.example.org/, and a login is sent nowhere else",
        ),
        ("/login", r"leads to http://127\.0\.0\.1:\d+/login, and"),
        ("http://[", r"leads to http://\[, and"),
        # As proxies lead from http to https, and one that knows no address.
        ("https://music.example.org{path}", r"leads to https://music\.example\.org/[^?]+, and"),
        ("http://[{path}", r"leads to http://\[/[^?]+, and"),
    ],
)
def test_where_a_server_leads_is_said_and_nothing_is_sent_there(
    server: BadServer, monkeypatch: pytest.MonkeyPatch, place: str, words: str
) -> None:
    asked: list[str] = []

    def leads(to: BaseHTTPRequestHandler) -> None:
        asked.append(to.path)
        to.send_response(301)
        to.send_header("Location", place.format(path=to.path))
        to.send_header("Content-Length", "0")
        to.end_headers()

    monkeypatch.setattr(server, "fault", leads, raising=False)
    for kind in KINDS:
        asked.clear()
        with closing(Web()) as web, pytest.raises(DiscoverError, match=words) as raised:
            list(kind(web, server.base, Credentials("", "made-up")).songs(TRACKS))
        assert len(asked) == 1
        assert "made-up" not in str(raised.value)


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b'{"subsonic-response": {"status": "ok", "searchResult3": [1], "openSubsonicExtensions": {"a": 1}}}',
        b'{"Id": "u1", "Items": {"Id": 1}, "subsonic-response": {"status": "ok", "searchResult3": {"song": [[], 3]}}}',
        b'{"Id": "u1", "Items": [3, {}], "subsonic-response": {"status": "ok", "searchResult3": {"song": [{}]}}}',
    ],
)
def test_json_of_another_shape_is_an_error_in_words_or_no_song(
    server: BadServer, monkeypatch: pytest.MonkeyPatch, body: bytes
) -> None:
    monkeypatch.setattr(server, "fault", says(200, body), raising=False)
    for kind in KINDS:
        with closing(Web()) as web, contextlib.suppress(DiscoverError):
            songs = list(kind(web, server.base, Credentials("", "made-up")).songs(TRACKS))
            assert all(song.title == "" for song in songs)


@pytest.mark.parametrize("kind", [Jellyfin, ListenBrainz])
@pytest.mark.parametrize("number", [["a"], "../../1/lists?x=#", "", None, 7])
def test_an_id_that_leads_elsewhere_is_none(
    server: BadServer, monkeypatch: pytest.MonkeyPatch, kind: type[Jellyfin | ListenBrainz], number: object
) -> None:
    asked: list[str] = []

    def makes(to: BaseHTTPRequestHandler) -> None:
        asked.append(to.path)
        says(200, json.dumps({"Id": number, "playlist_mbid": number}).encode())(to)

    monkeypatch.setattr(server, "fault", makes, raising=False)
    noted: list[str] = []
    with closing(Web()) as web, pytest.raises(DiscoverError, match="did not make the playlist “Hill”"):
        kind(web, server.base, Credentials("", "made-up")).put("Hill", ["x"] * 150, "", noted.append, print)
    assert (len(asked), set(noted)) == (1, {""})


@pytest.mark.parametrize("status", [401, 403])
def test_a_wrong_password_is_distinguished_from_a_server_that_fails(
    server: BadServer, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    """So that the app asks for another."""
    wrong = b'{"subsonic-response": {"status": "failed", "error": {"code": 40, "message": "Wrong"}}, "valid": false}'
    for kind, answer in (
        (Subsonic, says(200, wrong)),
        (Jellyfin, says(status, b"")),
        (ListenBrainz, says(200, wrong)),
    ):
        monkeypatch.setattr(server, "fault", answer, raising=False)
        with closing(Web()) as web, pytest.raises(NotLetInError, match=server.base):
            list(kind(web, server.base, Credentials("", "wrong")).songs(TRACKS))
