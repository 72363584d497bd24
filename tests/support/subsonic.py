"""A server on loopback that speaks Subsonic: as OpenSubsonic says, or with the ways of an older one."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.support.servers import answering

USER, PASSWORD = "made", "up word"


class SubsonicServer(ThreadingHTTPServer):
    """`songs` it has, `playlists` by id, what it was `asked` (method, name, fields).

    `older` it takes no digest of a password, knows no extensions, and does not say what it made. `lists_all` it
    answers an empty search with all it has. A playlist that is longer than `fails_after` it changes no more; where it
    `loses_answers`, that a playlist was made is not heard.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.songs: list[dict[str, Any]] = []
        self.playlists: dict[str, dict[str, Any]] = {}
        self.asked: list[tuple[str, str, list[tuple[str, str]]]] = []
        self.starred: dict[str, list[dict[str, Any]]] = {}
        self.older, self.lists_all = False, True
        self.fails_after: int | None = None
        self.loses_answers = False

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def add(self, artist: str, title: str, **more: Any) -> str:
        number = f"s{len(self.songs)}"
        self.songs.append({"id": number, "artist": artist, "title": title, "duration": 200, **more})
        return number

    def answer(self, name: str, fields: list[tuple[str, str]]) -> dict[str, Any]:
        """What is asked for, or raises `_Refusal`."""
        one = dict(fields)
        self._let_in(one)
        ids = [value for key, value in fields if key in ("songId", "songIdToAdd")]
        match name:
            case "ping":
                return {}
            case "getOpenSubsonicExtensions" if not self.older:
                return {"openSubsonicExtensions": [{"name": "formPost", "versions": [1]}]}
            case "search3":
                start, count = int(one["songOffset"]), int(one["songCount"])
                found = [
                    song
                    for song in self.songs
                    if (one["query"].lower() in song["title"].lower() if one["query"] else self.lists_all)
                ]
                return {"searchResult3": {"song": found[start : start + count]}}
            case "getStarred2":
                return {"starred2": self.starred}
            case "getPlaylists":
                return {"playlists": {"playlist": [*self.playlists.values()]}}
            case "createPlaylist":
                number = one.get("playlistId") or f"p{len(self.playlists)}"
                made = self.playlists.setdefault(number, {"id": number, "name": one.get("name")})
                made["ids"] = ids
                if self.loses_answers:
                    raise ConnectionAbortedError
                return {} if self.older else {"playlist": made}
            case "updatePlaylist":
                here = self.playlists[one["playlistId"]]
                here["ids"] += ids
                if self.fails_after is not None and len(here["ids"]) > self.fails_after:
                    raise _Refusal(0, "The disk is full")
                here.update((key, one[key]) for key in ("name", "public") if key in one)
                return {}
        raise _Refusal(0, "Unknown method")

    def _let_in(self, one: dict[str, str]) -> None:
        shown = one.get("p", "").removeprefix("enc:")
        if self.older and "p" not in one:
            raise _Refusal(10, "A required parameter is missing")
        digest = hashlib.md5(f"{PASSWORD}{one.get('s')}".encode()).hexdigest()
        if one.get("u") != USER or (one.get("t") != digest and shown != PASSWORD.encode().hex()):
            raise _Refusal(40, "Wrong username or password.")


class _Refusal(Exception):  # noqa: N818 - of the protocol, not of a test
    pass


class _Handler(BaseHTTPRequestHandler):
    server: SubsonicServer

    def do_GET(self) -> None:
        self._answer(urlsplit(self.path).query)

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers["Content-Length"])).decode())

    def _answer(self, query: str) -> None:
        name = urlsplit(self.path).path.removeprefix("/rest/").removesuffix(".view")
        fields = parse_qsl(query, keep_blank_values=True)
        self.server.asked.append((self.command, name, fields))
        try:
            document = {"status": "ok", **self.server.answer(name, fields)}
        except _Refusal as refusal:
            document = {"status": "failed", "error": {"code": refusal.args[0], "message": refusal.args[1]}}
        except ConnectionAbortedError:
            self.close_connection = True
            return
        data = json.dumps({"subsonic-response": document}).encode()
        self.send_response(404 if document.get("error", {}).get("message") == "Unknown method" else 200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def subsonic_server() -> Iterator[SubsonicServer]:
    """One that answers while the block runs."""
    with answering(SubsonicServer()) as server:
        yield server
