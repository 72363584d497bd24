"""`stars`: what is starred on a server becomes likes, once, and all of it can be taken back."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from keyring.backends.fail import Keyring as NoKeyring

from engine.paths import Folders
from engine.session import Session
from tests.support.commands import document, run
from tests.support.folders import fingerprint
from tests.support.listens import play
from tests.support.subsonic import PASSWORD, USER, SubsonicServer, subsonic_server

WHEN = "2026-03-02T12:00:00.000Z"


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folders:
    found = Folders(tmp_path / "data")
    with Session(found):
        pass
    monkeypatch.setattr("keyring.get_keyring", NoKeyring)
    monkeypatch.setenv("DISCOVER_DATA_DIR", str(found.root))
    monkeypatch.setenv("DISCOVER_PUSH_PASSWORD", PASSWORD)
    return found


@pytest.fixture
def server() -> Iterator[SubsonicServer]:
    with subsonic_server() as found:
        found.starred = {
            "artist": [{"id": "a1", "name": "Burel", "starred": WHEN}],
            "album": [{"id": "b1", "name": "Slow Ferry", "artist": "Ida", "starred": WHEN}],
            "song": [
                {"id": "s1", "artist": "Caf\xe9 Tundra", "title": "Tin Roof", "starred": WHEN[:-5]},
                {"id": "s2", "artist": "Ida", "title": "Waves", "starred": "never"},
                {"id": "s3", "title": "Nobody's"},
                {"id": "s4", "artist": "  ", "title": "?"},
                {"id": "s6", "artist": "Ida"},
            ],
        }
        yield found


def likes(folders: Folders) -> dict[tuple[str, str | None], tuple[str, int]]:
    with Session(folders) as session:
        return {(one.artist, one.track): (one.verdict, one.at) for one in session.verdicts.all()}


@pytest.fixture
def in_tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("in_tokyo")
def test_a_star_becomes_a_like_once_and_is_taken_back(
    folders: Folders, server: SubsonicServer, capsys: pytest.CaptureFixture[str]
) -> None:
    with Session(folders) as session:
        play(session.library.connection, "Ida", "Waves", 50)
        play(session.library.connection, "Caf\xe9 Tundra", "Tin Roof", 50)
    assert run(["hide", "Ida", "--track", "Waves"]) == 0
    capsys.readouterr()
    ask = ["stars", "--url", server.base, "--user", USER]
    found = document(capsys, *ask)
    assert found == {"stars": 4, "new": 3, "likes": 2, "address": server.base}
    there = likes(folders)
    assert there["Burel", None] == there["Caf\xe9 Tundra", "Tin Roof"] == ("like", 1_772_452_800)
    assert there["Ida", "Waves"][0] == "hide", "what was said here stays"
    assert len(there) == 3
    # A like that was taken back does not come again; what is new does.
    assert run(["unblock", "Burel"]) == 0
    server.starred["song"].append({"id": "s5", "artist": "Ida", "title": "Later", "starred": WHEN})
    capsys.readouterr()
    found = document(capsys, *ask)
    assert (found["new"], found["likes"]) == (1, 1)
    assert set(likes(folders)) == {("Caf\xe9 Tundra", "Tin Roof"), ("Ida", "Waves"), ("Ida", "Later")}
    # The last one is undone first, but for what was said again here.
    assert document(capsys, "stars", "--undo") == {"undone": 1}
    assert run(["like", "Caf\xe9 Tundra", "--track", "Tin Roof"]) == 0
    capsys.readouterr()
    assert document(capsys, "stars", "--undo") == {"undone": 0}
    assert set(likes(folders)) == {("Caf\xe9 Tundra", "Tin Roof"), ("Ida", "Waves")}
    # What is undone comes again only if it is starred again.
    assert document(capsys, *ask) == found | {"new": 0, "likes": 0}
    server.starred["song"][-1]["starred"] = "2026-03-03T12:00:00Z"
    server.starred["artist"][0]["starred"] = "2026-03-03T12:00:00Z"
    assert document(capsys, *ask) == found | {"new": 2, "likes": 2}
    assert run(["audit", "recommend", "--json"]) in (0, 1)
    fetched = json.loads(capsys.readouterr().out)["fetched"]
    assert [one["url"] for one in fetched] == [f"{server.base}/rest/getStarred2.view"] * 4


def test_in_a_private_session_nobody_is_asked(
    folders: Folders, server: SubsonicServer, capsys: pytest.CaptureFixture[str]
) -> None:
    before = fingerprint(folders.root)
    for more in ([], ["--undo"]):
        assert run(["--private", "stars", "--url", server.base, "--user", USER, *more]) == 1
        assert "private session" in capsys.readouterr().err
    assert server.asked == []
    assert fingerprint(folders.root) == before
    with Session(folders, private=True):
        assert run(["stars", "--url", server.base]) == 1  # not who one is there either
    assert "in another window" in capsys.readouterr().err
    assert likes(folders) == {}


def test_who_one_is_is_kept_once_it_is_right(
    folders: Folders,
    server: SubsonicServer,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ask = ["stars", "--url", server.base, "--user", USER, "--remember"]
    monkeypatch.setenv("DISCOVER_PUSH_PASSWORD", "another")
    assert run(ask) == 1
    assert "Wrong username or password" in capsys.readouterr().err
    assert not folders.servers.exists()
    monkeypatch.setenv("DISCOVER_PUSH_PASSWORD", PASSWORD)
    assert run(ask) == 0
    monkeypatch.delenv("DISCOVER_PUSH_PASSWORD")
    assert run(["stars", "--url", server.base]) == 0
    assert "4 stars" in capsys.readouterr().out


def test_its_help_names_no_server_it_does_not_speak_to(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["stars", "--help"]) == 0
    output = capsys.readouterr().out
    assert "push.subsonic or push.jellyfin" in " ".join(output.split())
    assert not [other for other in ("MPD", "listenbrainz") if other in output]
