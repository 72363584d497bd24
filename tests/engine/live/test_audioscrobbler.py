"""Clients of the older protocol, AudioScrobbler 1.2: a handshake shows the token, forms bring plays, text answers."""

from __future__ import annotations

import hashlib
from urllib.parse import urlencode

import pytest

from engine.live.audioscrobbler import scrobbler_answer
from engine.live.listenbrainz import Report, Request
from tests.support.live import NOW, TOKEN

HOST = {"host": "127.0.0.1:17717"}


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def greet(token: str = TOKEN, path: str = "/as12/", client: str = "mdc") -> list[str]:
    """The lines that answer a handshake, as mpdscribble sends it."""
    asked = {"hs": "true", "p": "1.2", "c": client, "v": "0.24", "u": "me", "t": "1795820799"}
    asked["a"] = _md5(_md5(token) + asked["t"])
    found = scrobbler_answer(Request("GET", f"{path}?{urlencode(asked)}", HOST), TOKEN, NOW)
    assert found is not None
    assert found.status == 200
    return str(found.document).splitlines()


def submit(fields: dict[str, str], call: str = "sub") -> tuple[str, Report | None]:
    """What answers a form, and what was reported with it."""
    body = urlencode({"s": greet()[1], **fields}).encode()
    found = scrobbler_answer(Request("POST", f"/as12/{call}", HOST, body), TOKEN, NOW)
    assert found is not None
    return str(found.document), found.report


def play(number: str = "0", **fields: str) -> dict[str, str]:
    """One play as mpdscribble sends it, names made up."""
    known = {
        "a": "Café Tundra",
        "t": "Tin Roof",
        "l": "45",
        "i": str(NOW - 300),
        "o": "P",
        "r": "",
        "b": "",
        "n": "1",
    }
    return {f"{key}[{number}]": text for key, text in (known | {"m": ""} | fields).items()}


@pytest.mark.parametrize("path", ["/as12/", "/as12", "/"])
def test_who_knows_the_token_is_told_where_to_send(path: str) -> None:
    word, session, now, plays = greet(path=path)
    assert (word, now, plays) == ("OK", "http://127.0.0.1:17717/as12/np", "http://127.0.0.1:17717/as12/sub")
    # If listening is restarted, a session continues.
    assert session == greet()[1]
    assert greet("another") == ["BADAUTH"]


def test_plays_and_what_is_thought_of_them_come_in_forms() -> None:
    said, report = submit(play() | play("1", t="Waves", r="L", l="0", i="x", m="7c1b") | play("2", a=" "))
    assert said == "OK\n"
    assert report is not None
    assert (report.client, report.single) == ("mpdscribble", False)
    first, second = report.plays
    assert (first.artist, first.title, first.started_at, first.duration_ms) == (
        "Café Tundra",
        "Tin Roof",
        NOW - 300,
        45_000,
    )
    assert (second.started_at, second.duration_ms, second.ids) == (None, None, (("mb_recording", "7c1b"),))
    (loved,) = report.verdicts
    assert (loved.verdict, loved.named) == ("like", ("Café Tundra", "Waves"))
    for impossible in (str(NOW + 1), "7", "9" * 5000, "²"):
        _, report = submit(play(i=impossible))
        assert report is not None
        assert [one.started_at for one in report.plays] == [None]


def test_what_plays_now_is_answered_and_is_no_play() -> None:
    said, report = submit({"a": "Ida", "t": "Waves"}, "np")
    assert (said, report) == ("OK\n", Report("mpdscribble", playing=("Ida", "Waves")))
    assert submit({"a": "Ida", "t": " "}, "np")[1] == Report("mpdscribble")


def test_without_the_session_nothing_is_taken() -> None:
    for session in ("", "mdc.", f"xyz.{greet()[1].partition('.')[2]}", "é"):
        assert submit(play() | {"s": session}) == ("BADSESSION\n", None)
    many = Request("POST", "/as12/sub", HOST, b"&" * 2000)
    assert (found := scrobbler_answer(many, TOKEN, NOW)) is not None
    assert found.status == 413
    for other in ("/1/submit-listens", "/sub", "/as12/more", "/", "/as12/?hs=false"):
        assert scrobbler_answer(Request("GET", other, HOST), TOKEN, NOW) is None
