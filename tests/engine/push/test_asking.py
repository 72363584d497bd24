"""What is said of a server that answers, but not what was asked for."""

from __future__ import annotations

from typing import Any, cast

import pytest

from engine.community.fetch import Web
from engine.errors import DiscoverError
from engine.push.credentials import Credentials
from engine.push.jellyfin import Jellyfin
from engine.push.listenbrainz import ListenBrainz
from engine.push.subsonic import Subsonic

ADDRESS = "http://127.0.0.1:1"


class Answers:
    """In place of the network: one status to every question, and a page as proxies send it."""

    def __init__(self, status: int) -> None:
        self.status = status

    def ask(self, *_: object, **__: object) -> tuple[int, bytes]:
        return self.status, b"<html>Oh no</html>"


@pytest.mark.parametrize("kind", [Subsonic, Jellyfin, ListenBrainz])
@pytest.mark.parametrize(
    ("status", "said"),
    [(500, "answers with an error (500). Try again"), (418, "418"), (200, "Check the address")],
)
def test_a_server_that_fails_is_told_from_one_that_is_another(kind: Any, status: int, said: str) -> None:
    server = kind(cast(Web, Answers(status)), ADDRESS, Credentials("", "secret", False))
    with pytest.raises(DiscoverError) as raised:
        list(server.songs(()))
    assert said in str(raised.value)
    assert ("Try again later" in str(raised.value)) == (status == 500)
