"""Stars over a library and a server on loopback: each becomes a like once, and one import is undone at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from keyring.backends.fail import Keyring as NoKeyring

from engine.community.fetch import Web
from engine.errors import PrivateSessionError
from engine.push.asking import NotLetInError
from engine.push.credentials import Credentials
from engine.push.subsonic import Subsonic
from engine.session.library import Change, Library
from engine.session.starring import Stars, TakenIn, take
from engine.store.feedback import all_feedback, put_back
from tests.support.folders import fingerprint
from tests.support.listens import judge
from tests.support.services import is_free
from tests.support.subsonic import PASSWORD, USER, SubsonicServer, subsonic_server

WAVES = {"id": "s1", "artist": "Ida", "title": "Waves", "starred": "2024-05-01T10:00:00Z"}
BUREL = {"id": "a1", "name": "Burel"}


@pytest.fixture
def server() -> Iterator[SubsonicServer]:
    with subsonic_server() as found:
        found.starred = {"song": [WAVES], "artist": [BUREL], "album": [{"id": "l1", "name": "Sea"}]}
        yield found


@pytest.fixture
def client(server: SubsonicServer) -> Iterator[Subsonic]:
    with closing(Web()) as web:
        yield Subsonic(web, server.base, Credentials(USER, PASSWORD))


def said(library: Library) -> set[tuple[str, str, str | None]]:
    return {(one.verdict, one.artist, one.track) for one in all_feedback(library.connection)}


def test_each_star_becomes_a_like_once_and_every_cache_hears_of_it(
    library: Library, server: SubsonicServer, client: Subsonic
) -> None:
    stars, changes = Stars(library), list[Change]()
    library.subscribe(changes.append)
    assert stars.take_in(client) == TakenIn(stars=2, new=2, likes=2)
    assert said(library) == {("like", "Burel", None), ("like", "Ida", "Waves")}
    assert stars.take_in(client) == TakenIn(stars=2, new=0, likes=0)
    assert changes == [Change.TASTE] * 2
    asked = library.connection.execute("SELECT url, bytes > 0 FROM fetches").fetchall()
    assert len(asked) == 2
    assert all(url.startswith(server.base) and PASSWORD not in url and whole for url, whole in asked)


def test_what_the_person_said_stays_and_undo_takes_back_one_import(
    library: Library, server: SubsonicServer, client: Subsonic
) -> None:
    judge(library.connection, "block", "Burel")
    stars, changes = Stars(library), list[Change]()
    assert stars.take_in(client) == TakenIn(stars=2, new=2, likes=1)
    server.starred["song"] = [WAVES, {"id": "s2", "artist": "Ida", "title": "Shore"}]
    assert stars.take_in(client) == TakenIn(stars=3, new=1, likes=1)
    # Also of what was hidden here, and put back.
    (latest,) = (mark for mark in all_feedback(library.connection) if mark.track == "Shore")
    judge(library.connection, "hide", "Ida", "Shore")
    put_back(library.connection, latest)
    library.subscribe(changes.append)
    assert stars.undo() == 1
    assert said(library) == {("block", "Burel", None), ("like", "Ida", "Waves")}
    assert stars.undo() == 1
    assert said(library) == {("block", "Burel", None)}
    assert stars.undo() == 0
    assert set(changes) == {Change.TASTE}
    # What was undone does not come again.
    assert stars.take_in(client) == TakenIn(stars=3, new=0, likes=0)


def test_the_library_is_free_while_the_server_is_asked(
    library: Library, server: SubsonicServer, client: Subsonic, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer, free = server.answer, list[bool]()
    monkeypatch.setattr(server, "answer", lambda *asked: (free.append(is_free(library)), answer(*asked))[1])
    Stars(library).take_in(client)
    assert free
    assert all(free)


def test_a_private_session_asks_nobody_and_a_refused_login_changes_nothing(
    library: Library, server: SubsonicServer
) -> None:
    stars = Stars(library)
    with closing(Web()) as web:
        with pytest.raises(NotLetInError):
            stars.take_in(Subsonic(web, server.base, Credentials(USER, "wrong")))
        assert said(library) == set()
        library.set_private(True)
        before = fingerprint(library.folders.root)
        server.asked.clear()
        with pytest.raises(PrivateSessionError):
            stars.take_in(Subsonic(web, server.base, Credentials(USER, PASSWORD)))
        with pytest.raises(PrivateSessionError):
            stars.undo()
    assert server.asked == []
    assert fingerprint(library.folders.root) == before


def test_the_apps_task_names_where_it_asked(
    library: Library, server: SubsonicServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keyring.get_keyring", NoKeyring)
    task = {"service": "subsonic", "places": [server.base], "known": None}
    stages: list[str] = []
    with closing(Web()) as web:
        with pytest.raises(NotLetInError, match="Who are you at"):
            take(Stars(library), task, web, lambda stage, *_: stages.append(stage))
        task |= {"known": {"user": USER, "secret": PASSWORD, "plain": False}}
        found = take(Stars(library), task, web, lambda stage, *_: stages.append(stage))
    assert found == {
        "stars": 2,
        "new": 2,
        "likes": 2,
        "address": server.base,
        "keeps": "a file only you can read",
    }
    assert stages == [f"asking {server.base}"]
