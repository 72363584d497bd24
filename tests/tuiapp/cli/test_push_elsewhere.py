"""`push` to ListenBrainz and Jellyfin, which answer as their sources say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

import pytest

from engine.paths import Folders
from engine.playlists.playlist import PlaylistTrack
from engine.session import Session
from tests.support.commands import document, run
from tests.support.servers import answering

MBIDS = [f"00000000-0000-4000-8000-{number:012}" for number in range(120)]


# What Jellyfin has of a playlist, all of which an edit replaces.
ITEM = {
    "Name": "",
    "Overview": "for rain",
    "Genres": ["folk"],
    "Tags": [],
    "ProviderIds": {},
    "LockData": False,
}


class Handler(BaseHTTPRequestHandler):
    """Lists by id, and what each was asked with; both servers at once, which have no path in common."""

    lists: ClassVar[dict[str, list[str]]]
    titles: ClassVar[dict[str, str]] = {}
    asked: ClassVar[list[tuple[str, str, Any]]]
    favourites: ClassVar[list[dict[str, Any]]] = []
    # What Jellyfin's API keys may do: nothing that is a person's own.
    key: ClassVar[str] = ""

    def do_GET(self) -> None:
        self._answer(None)

    def do_DELETE(self) -> None:
        self._answer(None)

    def do_POST(self) -> None:
        self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def _answer(self, sent: Any) -> None:
        path = self.path.partition("?")[0]
        self.asked.append((self.command, path, sent))
        allowed = "made-token" in self.headers["Authorization"]
        found = self._found(path, sent) if allowed or "validate" in path else None
        if path == "/1/validate-token":
            found = {"code": 200, "valid": allowed}
        data = b"" if found is None else json.dumps(found).encode()
        status = (401 if not allowed else 404) if found is None else 200
        self.send_response(400 if found == "bad" else status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _found(self, path: str, sent: Any) -> Any:
        query = dict(parse_qsl(urlsplit(self.path).query))
        match path.split("/")[1:]:
            case ["1", "playlist", "create"]:
                assert sent["playlist"]["extension"]["https://musicbrainz.org/doc/jspf#playlist"] == {
                    "public": False
                }
                return {
                    "status": "ok",
                    "playlist_mbid": self._made(_recordings(sent), sent["playlist"]["title"]),
                }
            case ["1", "playlist", number] if number in self.lists:
                shared = {
                    "https://musicbrainz.org/doc/jspf#playlist": {"public": True, "collaborators": ["ida"]}
                }
                track = [{} for _ in self.lists[number]]
                return {"playlist": {"title": self.titles[number], "track": track, "extension": shared}}
            case ["1", "playlist", "edit", number]:
                changed = sent["playlist"]["extension"]["https://musicbrainz.org/doc/jspf#playlist"]
                assert changed == {"public": True, "collaborators": ["ida"]}
                self.titles[number] = sent["playlist"]["title"]
                return {"status": "ok"}
            case ["1", "playlist", number, "item", "add"]:
                assert len(sent["playlist"]["track"]) <= 100
                self.lists[number] += _recordings(sent)
                return {"status": "ok"}
            case ["1", "playlist", number, "item", "delete"]:
                del self.lists[number][sent["index"] : sent["index"] + sent["count"]]
                return {"status": "ok"}
            case ["Users"]:
                return [{"Name": "other", "Id": "u0"}, {"Name": "made", "Id": "u1"}]
            case ["Users", "Me"]:
                return "bad" if self.key else {"Name": "made", "Id": "u1"}
            case ["Items" | "Artists"] if "isFavorite=true" in self.path:
                start, kind = int(query["startIndex"]), "MusicArtist" if path == "/Artists" else "Audio"
                found = [one for one in self.favourites if one.get("Type") == kind]
                return {"Items": found[start : start + 500], "StartIndex": start}
            case ["Items"]:
                return {
                    "Items": [
                        {
                            "Id": "j0",
                            "Name": "SONG 0",
                            "Artists": ["x", "Burel"],
                            "RunTimeTicks": 2_000_000_000,
                        }
                    ]
                }
            case ["Items", number] if number in self.lists:
                if self.command == "POST":
                    self.titles[number] = sent["Name"]
                    return {}
                assert query["userId"] == "u1"
                return ITEM | {"Name": self.titles[number]}
            case ["Playlists"]:
                assert (sent["UserId"], sent["IsPublic"]) == ("u1", False)
                return {"Id": self._made(sent["Ids"], sent["Name"])}
            case ["Playlists", number] if number in self.lists or self.key:
                if self.key:
                    return "bad"
                self.lists[number], self.titles[number] = sent["Ids"], sent["Name"]
                return {}
            case ["Playlists", number, "Items"] if number in self.lists:
                if self.command == "DELETE":
                    if self.key == "before 10.11":
                        return "bad"
                    for one in query["entryIds"].split(","):
                        self.lists[number].remove(one)
                    return {}
                assert query["userId"] == "u1"
                if self.command == "POST":
                    self.lists[number] += query["ids"].split(",")
                    return {}
                return {"Items": [{"PlaylistItemId": one} for one in self.lists[number]]}
        return None

    def _made(self, ids: list[str], title: str) -> str:
        number = f"p{len(self.lists)}"
        self.lists[number], self.titles[number] = ids, title
        return number

    def log_message(self, *_: object) -> None:
        pass


def _recordings(sent: Any) -> list[str]:
    return [
        one["identifier"][0].removeprefix("https://musicbrainz.org/recording/")
        for one in sent["playlist"]["track"]
    ]


@pytest.fixture
def base() -> Iterator[str]:
    Handler.lists, Handler.asked = {}, []
    with answering(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as server:
        yield f"http://127.0.0.1:{server.server_port}"


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folders:
    found = Folders(tmp_path / "data")
    tracks = [
        PlaylistTrack("Burel", f"Song {n}", ids=(("mb_recording", one),)) for n, one in enumerate(MBIDS)
    ]
    with Session(found) as session:
        session.playlists.create(
            "Hill", [*tracks, PlaylistTrack("Ida", "No id", ids=(("mb_recording", "x"),))]
        )
    monkeypatch.setenv("DISCOVER_DATA_DIR", str(found.root))
    monkeypatch.setenv("DISCOVER_PUSH_PASSWORD", "made-token")
    return found


def test_listenbrainz_gets_recordings_in_parts_and_the_old_ones_go_last(
    folders: Folders, base: str, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["push", "Hill", "--to", "listenbrainz", "--url", base, "--yes"]
    found = document(capsys, *line)
    assert (found["matched"], found["missing"]) == (120, [{"artist": "Ida", "track": "No id"}])
    assert Handler.lists == {"p0": MBIDS}
    with Session(folders) as session:
        session.playlists.remove_tracks("Hill", [1])
    assert document(capsys, *line)["replaced"]
    assert Handler.lists == {"p0": MBIDS[1:]}
    assert [path.rpartition("/")[2] for _, path, _ in Handler.asked][-3:] == ["add", "add", "delete"]
    Handler.lists.clear()
    assert run(line) == 0
    assert Handler.lists == {"p0": MBIDS[1:]}


@pytest.mark.parametrize(("user", "key"), [([], ""), (["--user", "made"], ""), (["--user", "Made"], "now")])
def test_jellyfin_gets_a_list_that_is_not_public_and_is_replaced(
    folders: Folders,
    base: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    user: list[str],
    key: str,
) -> None:
    monkeypatch.setattr(Handler, "key", key)
    line = ["push", "Hill", "--to", "jellyfin", "--url", base, *user, "--yes"]
    found = document(capsys, *line)
    assert (found["matched"], len(found["missing"])) == (1, 120)
    Handler.lists["p0"] = ["old", "older"]
    assert document(capsys, *line)["replaced"]
    assert Handler.lists == {"p0": ["j0"]}
    if key:
        monkeypatch.setattr(Handler, "key", "before 10.11")
        assert run(line) == run([*line[:-3], "--yes"]) == 1
        refused = " ".join(capsys.readouterr().err.split())
        assert "lets no API key change a playlist" in refused
        assert "beside an API key it takes your name there" in refused
        assert Handler.lists == {"p0": ["j0"]}
    Handler.lists.clear()
    assert run(line) == 0
    assert Handler.lists == {"p0": ["j0"]}


@pytest.mark.parametrize(("service", "key"), [("listenbrainz", ""), ("jellyfin", ""), ("jellyfin", "any")])
def test_a_renamed_list_is_renamed_there(
    folders: Folders,
    base: str,
    service: str,
    key: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Handler, "key", key)
    line = ["--to", service, "--url", base, *(["--user", "made"] if key else []), "--yes"]
    assert run(["push", "Hill", *line]) == 0
    with Session(folders) as session:
        session.playlists.rename("Hill", "Ridge")
    assert run(["push", "Ridge", *line]) == run(["push", "Ridge", *line]) == 0
    assert [*Handler.lists] == ["p0"]
    assert Handler.titles["p0"] == "Ridge"
    edits = [sent for method, path, sent in Handler.asked if (method, path) == ("POST", "/Items/p0")]
    assert edits == ([ITEM | {"Name": "Ridge"}] if key else []), "only the name, and once"
    # Each by the name it had then.
    capsys.readouterr()
    found = document(capsys, "audit", "feedback")["pushed"]
    assert [one["playlist"] for one in found] == ["Hill", "Ridge", "Ridge"]


@pytest.mark.parametrize(
    ("service", "said"), [("listenbrainz", "does not know this token"), ("jellyfin", "401")]
)
def test_a_wrong_token_is_said(
    folders: Folders, base: str, capsys: pytest.CaptureFixture[str], monkeypatch, service: str, said: str
) -> None:
    monkeypatch.setenv("DISCOVER_PUSH_PASSWORD", "another")
    assert run(["push", "Hill", "--to", service, "--url", base, "--yes"]) == 1
    error = capsys.readouterr().err
    assert said in error
    assert "another" not in error
    assert Handler.lists == {}


def test_favourites_on_jellyfin_become_likes_once(
    folders: Folders, base: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    songs = [
        {"Id": f"f{n}", "Type": "Audio", "Name": f"Song {n}", "Artists": ["Ida", "Burel"]} for n in range(499)
    ]
    nobody = {"Id": "f1000", "Type": "Audio", "Name": "No artist", "Artists": []}
    by_album = {"Id": "f1001", "Type": "Audio", "Name": "By album", "AlbumArtist": "Burel", "Artists": None}
    artist = {"Id": "a1", "Type": "MusicArtist", "Name": "Caf\xe9 Tundra"}
    monkeypatch.setattr(Handler, "favourites", [*songs, nobody, by_album, artist, {"Id": None, "Name": None}])
    line = ["stars", "--from", "jellyfin", "--url", base, "--user", "made"]
    assert document(capsys, *line) == {"stars": 501, "new": 501, "likes": 501, "address": base}
    with Session(folders) as session:
        liked = {(one.artist, one.track) for one in session.verdicts.all() if one.verdict == "like"}
    assert len(liked) == 501
    assert {("Ida", "Song 0"), ("Burel", "By album"), ("Caf\xe9 Tundra", None)} <= liked
    assert document(capsys, *line)["likes"] == 0
    assert document(capsys, "stars", "--undo") == {"undone": 501}
    with Session(folders) as session:
        assert session.verdicts.all() == ()
