"""Pushing over a library and a server on loopback: what is offered, what is recorded, and when."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from keyring.backends.fail import Keyring as NoKeyring

from engine.community.fetch import Web
from engine.errors import DiscoverError, NothingYetError, PrivateSessionError, UnknownNameError
from engine.playlists.playlist import PlaylistTrack
from engine.push.credentials import Credentials, credentials
from engine.push.subsonic import Subsonic
from engine.session.library import Change, Library
from engine.session.pushing import Pushing, look, send
from tests.support.listens import judge
from tests.support.services import is_free, playlists_of
from tests.support.subsonic import PASSWORD, USER, SubsonicServer, subsonic_server

HILL = (PlaylistTrack("Burel", "Waves"), PlaylistTrack("Ida", "Moss"), PlaylistTrack("Nobody", "Nowhere"))


@pytest.fixture
def server() -> Iterator[SubsonicServer]:
    with subsonic_server() as found:
        found.add("Ida", "Moss")
        found.add("Burel", "Waves")
        yield found


@pytest.fixture
def client(server: SubsonicServer) -> Iterator[Subsonic]:
    with closing(Web()) as web:
        yield Subsonic(web, server.base, Credentials(USER, PASSWORD))


@pytest.fixture
def pushing(library: Library) -> Pushing:
    playlists = playlists_of(library)
    playlists.create("Hill", HILL)
    playlists.create("Empty")
    return Pushing(library, playlists)


def test_an_offer_has_the_lists_order_and_names_what_is_missing(
    pushing: Pushing, library: Library, server: SubsonicServer, client: Subsonic
) -> None:
    offer = pushing.offered("hill", client)
    assert (offer.name, offer.match.ids, offer.there) == ("Hill", ("s1", "s0"), "")
    assert [one.artist for one in offer.match.missing] == ["Nobody"]
    assert server.playlists == {}
    assert pushing.sent() == ()
    judge(library.connection, "block", "Ida")
    library.changed(Change.TASTE)
    assert pushing.offered("Hill", client).match.ids == ("s1",)


def test_what_cannot_be_sent_is_refused_and_not_recorded(
    pushing: Pushing, library: Library, server: SubsonicServer, client: Subsonic
) -> None:
    server.songs.clear()
    for name, error, words in (
        ("Empty", NothingYetError, "Empty is empty"),
        ("Hull", UnknownNameError, "Hill"),
        ("Hill", NothingYetError, "None of the 3 tracks of Hill are at"),
    ):
        with pytest.raises(error, match=words):
            pushing.offered(name, client)
    library.set_private(True)
    server.asked.clear()
    with pytest.raises(PrivateSessionError):
        pushing.offered("Hill", client)
    assert server.asked == []
    assert pushing.sent() == ()


def test_it_is_recorded_before_it_is_sent_and_the_list_there_is_known_afterwards(
    pushing: Pushing,
    library: Library,
    server: SubsonicServer,
    client: Subsonic,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answer, recorded = server.answer, list[int]()

    def answering(name, fields):
        assert is_free(library)
        if name == "createPlaylist":
            recorded.append(len(pushing.sent()))
        return answer(name, fields)

    monkeypatch.setattr(server, "answer", answering)
    done: list[tuple[str, int, int]] = []
    pushing.send(pushing.offered("Hill", client), client, lambda *report: done.append(report))
    assert recorded == [1]
    assert (done[0], done[-1]) == (("sending", 0, 2), ("sending", 2, 2))
    (sent,) = pushing.sent()
    assert (sent.playlist, sent.service, sent.address, sent.tracks) == ("Hill", "subsonic", server.base, 2)
    again = pushing.offered("Hill", client)
    assert again.there == "p0"
    pushing.send(again, client)
    assert list(server.playlists) == ["p0"]
    assert len(pushing.sent()) == 2


def test_the_record_goes_with_a_list_that_is_renamed_in_private_until_that_ends(
    pushing: Pushing, library: Library, client: Subsonic
) -> None:
    pushing.send(pushing.offered("Hill", client), client)
    library.set_private(True)
    playlists_of(library).rename("Hill", "Slope")
    assert [one.playlist for one in pushing.sent()] == ["Hill"]
    library.set_private(False)
    assert pushing.offered("Hill", client).there == "p0"


def test_a_server_that_fails_half_way_leaves_the_record(
    pushing: Pushing, server: SubsonicServer, client: Subsonic, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer, answer = pushing.offered("Hill", client), server.answer
    server.playlists.clear()
    monkeypatch.setattr(
        server, "answer", lambda name, fields: {} if name == "createPlaylist" else answer(name, fields)
    )
    with pytest.raises(DiscoverError):
        pushing.send(offer, client)
    assert [one.playlist for one in pushing.sent()] == ["Hill"]
    assert pushing.offered("Hill", client).there == ""


def test_the_apps_tasks_look_and_send_and_keep_the_login_when_asked_to(
    pushing: Pushing, library: Library, server: SubsonicServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keyring.get_keyring", NoKeyring)
    known = {"user": USER, "secret": PASSWORD, "plain": False}
    task = {"playlist": "hill", "service": "subsonic", "places": [server.base], "known": known}
    with closing(Web()) as web:
        found = look(pushing, task, web, lambda *_: None)
        assert found == {
            "playlist": "Hill",
            "ids": ("s1", "s0"),
            "tracks": 3,
            "missing": ["Nobody - Nowhere"],
            "there": "",
            "address": server.base,
            "keeps": "a file only you can read",
        }
        for keep in (False, True):
            assert credentials(library.folders, "subsonic", server.base) is None
            assert send(pushing, {**task, **found, "keep": keep}, web, lambda *_: None) == {"sent": 2}
    assert credentials(library.folders, "subsonic", server.base) == Credentials(**known)
