"""Players send their listens over HTTP on loopback, as to ListenBrainz; others are refused."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.live.listenbrainz import Request, answer, foreign
from engine.privacy import Door
from engine.store.database import open_library
from tests.support.live import NOW, TOKEN, Player, World, listen

NAMES = b'"artist_name":"Caf\xc3\xa9 Tundra","track_name":"Tin Roof"'
SHOWN = {"Authorization": f"Token {TOKEN}"}
# As Quod Libet, mpris-scrobbler, listenbrainz-mpd, Pano Scrobbler, web-scrobbler and Koito send them, names made up.
GOLDEN = (
    ("/1/submit-listens", SHOWN | {"Content-Type": "application/json"},
     b'{"listen_type":"single","payload":[{"track_metadata":{%b,"release_name":"Slow Ferry",'
     b'"additional_info":{"tracknumber":"1"}},"listened_at":1772452500}]}'),
    ("/1/submit-listens", SHOWN | {"User-Agent": "mpris-scrobbler/0.5"},
     b'{"listen_type":"single","payload":[{"listened_at":1772452500,"track_metadata":{%b,"additional_info":'
     b'{"duration":45,"submission_client":"mpris-scrobbler","media_player":"mpv"}}}]}'),
    ("/1/submit-listens", {"Authorization": f"token {TOKEN}"},
     b'{"listen_type":"import","payload":[{"listened_at":1772452500,"track_metadata":{%b,"additional_info":'
     b'{"duration_ms":211400,"recording_mbid":"","submission_client":"listenbrainz-mpd"}}}]}'),
    ("/1/submit-listens?return_msid=true", {"Authorization": f"Bearer {TOKEN}", "Content-Type": "text/plain"},
     b'{"listen_type":"single","payload":[{"listened_at":"1772452500","track_metadata":{%b,"additional_info":'
     b'{"duration":[],"tags":9}}}]}'),
    ("//1//submit-listens/", SHOWN | {"Origin": "moz-extension://1b2c"},
     b'{"listen_type":"single","payload":[{"listened_at":1772452500,"track_metadata":{%b}}]}'),
    ("/apis/listenbrainz/1/submit-listens", SHOWN,
     b'{"listen_type":"single","payload":[{"listened_at":1772452500,"track_metadata":{%b}}]}'),
)  # fmt: skip


@pytest.mark.parametrize(("path", "headers", "body"), GOLDEN)
async def test_what_players_send_is_kept(
    world: World, player: Player, path: str, headers: dict[str, str], body: bytes
) -> None:
    body = body % NAMES
    assert await player.ask("POST", path, body, headers=headers) == (200, {"status": "ok"})
    (kept,) = world.listens()
    assert kept[:3] == ("Café Tundra", "Tin Roof", NOW - 300)
    # A client that repeats itself adds nothing.
    assert (await player.ask("POST", path, body, headers=headers))[0] == 200
    assert len(world.listens()) == 1


async def test_what_clients_ask_before_they_send(player: Player) -> None:
    valid = {"code": 200, "message": "Token valid.", "valid": True, "user_name": "me"}
    assert await player.ask("GET", "/1/validate-token") == (200, valid)
    asked = f"/1/validate-token?token={TOKEN}"
    assert await player.ask("GET", asked, headers={"Authorization": ""}) == (200, valid)
    status, document = await player.ask("GET", "/1/validate-token", headers={"Authorization": "Token no"})
    assert (status, document["valid"]) == (200, False)
    assert (await player.ask("GET", "/1/validate-token", headers={"Authorization": ""}))[0] == 400
    # multi-scrobbler asks whether this is Koito, then what is there already; Pano what is playing and how much.
    assert (await player.ask("GET", "/apis/web/v1/stats"))[0] == 404
    status, document = await player.ask("GET", "/1/user/me/listens?count=100")
    assert (status, document["payload"]["listens"]) == (200, [])
    for path in ("/1/user/me/playing-now", "/1/user/me/listen-count"):
        assert (await player.ask("GET", path))[1]["payload"]["count"] == 0
    # A lookup of a recording's id is answered with none.
    assert await player.ask("GET", "/1/metadata/lookup?artist_name=A&recording_name=B") == (200, {})
    # A request to delete a play is answered with where to do that.
    status, said = await player.ask("POST", "/1/delete-listen", {"listened_at": NOW, "recording_msid": "x"})
    assert (status, "discover forget" in said["error"]) == (403, True)
    assert (await player.ask("GET", "/1/latest-import?user_name=me"))[1]["latest_import"] == 0
    assert await player.ask("POST", "/1/latest-import", {"ts": NOW}) == (200, {"status": "ok"})


async def test_what_plays_now_is_answered_and_is_no_play(world: World, player: Player) -> None:
    assert await player.submit(listen("Tin Roof", None), kind="playing_now") == (200, {"status": "ok"})
    asked = {"listen_type": "playing_now", "payload": [listen("Tin Roof", None)]}
    assert "recording_msid" in (await player.ask("POST", "/1/submit-listens?return_msid=true", asked))[1]
    assert world.listens() == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example:17717"},
        {"Host": "127.0.0.1:1"},
        {"Host": "127.0.0.1"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1"},
    ],
)
async def test_pages_of_the_web_are_refused(world: World, player: Player, headers: dict[str, str]) -> None:
    body = {"listen_type": "single", "payload": [listen("Tin Roof")]}
    status, document = await player.ask("POST", "/1/submit-listens", body, headers=headers)
    assert (status, document["code"]) == (403, 403)
    assert (await player.ask("OPTIONS", "/1/submit-listens", headers=headers))[0] == 403
    assert world.listens() == []


@pytest.mark.parametrize("authorization", ["", "Token", "Token wrong", "Token ÿ", f"Token {TOKEN}x"])
async def test_without_the_token_nothing_is_taken(world: World, player: Player, authorization: str) -> None:
    body = {"listen_type": "single", "payload": [listen("Tin Roof")]}
    headers = {"Authorization": authorization}
    for path in ("/1/submit-listens", "/1/feedback/recording-feedback"):
        status, document = await player.ask("POST", path, body, headers=headers)
        assert (status, document["code"]) == (401, 401)
    assert (await player.ask("GET", "/1/user/me/listens", headers=headers))[0] == 401
    assert world.listens() == []


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'{"payload": 7}', b"\xff\xfe", b"[" * 9000, b'{"listen_type":"all","payload":[]}'],
)
async def test_what_is_no_submission_is_refused_in_words(player: Player, body: bytes) -> None:
    status, document = await player.ask("POST", "/1/submit-listens", body)
    assert (status, document["code"]) == (400, 400)
    assert document["error"].endswith(".")


async def test_of_a_batch_what_can_be_read_is_kept(world: World, player: Player) -> None:
    bad = [
        7,
        {},
        {"track_metadata": 7},
        listen("", NOW),
        listen("No artist", NOW, artist=" "),
        {"listened_at": NOW},
        listen("Wrong", NOW, artist=["x"]),
    ]
    hostile = [listen("Robert'); DROP TABLE listens;--", NOW - 900), listen("\x1b]0;x\x07 \u202e", NOW - 600)]
    good = listen("Tin Roof", duration="x", recording_mbid=7)
    assert (await player.submit(*bad, *hostile, good, kind="import"))[0] == 200
    assert [title for _, title, *_ in world.listens()] == [
        "Robert'); DROP TABLE listens;--",
        "]0;x",
        "Tin Roof",
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
async def test_half_an_emoji_and_another_encoding_lose_no_play(
    world: World, player: Player, encoding: str
) -> None:
    document = {"listen_type": "single", "payload": [listen("Tin \ud83d")]}
    assert (await player.ask("POST", "/1/submit-listens", json.dumps(document).encode(encoding)))[0] == 200
    assert [title for _, title, *_ in world.listens()] == ["Tin ?"]


@pytest.mark.parametrize("said", ["NaN", "-Infinity"])
async def test_what_is_no_number_loses_no_play(world: World, player: Player, said: str) -> None:
    listed = [listen("Tin Roof", duration_ms=7), listen("Lark", NOW - 900)]
    body = json.dumps({"listen_type": "import", "payload": listed}).replace(": 7}", f": {said}}}").encode()
    assert said.encode() in body
    assert (await player.ask("POST", "/1/submit-listens", body))[0] == 200
    assert [title for _, title, *_ in world.listens()] == ["Lark", "Tin Roof"]


@pytest.mark.parametrize("broken", ["[" * 100_000 + "]" * 100_000, '{"a":' * 100_000 + "1" + "}" * 100_000])
async def test_what_is_nested_too_deep_costs_itself_only(world: World, player: Player, broken: str) -> None:
    listed = [listen("Tin [Roof", part=7), listen('Lark \\" ]]', NOW - 900), {"payload": 7}]
    body = json.dumps({"listen_type": "import", "payload": listed}).replace(": 7}", f": {broken}}}").encode()
    assert (await player.ask("POST", "/1/submit-listens", body))[0] == 200
    assert [title for _, title, *_ in world.listens()] == ['Lark \\" ]]', "Tin [Roof"]
    assert (await player.ask("POST", "/1/submit-listens", body[:-1]))[0] == 400
    assert (await player.ask("POST", "/1/submit-listens", body[:200]))[0] == 400


async def test_what_is_too_long_for_an_id_is_none(world: World, player: Player) -> None:
    long = "7c" * 500_000
    assert (await player.submit(listen("Tin Roof", recording_mbid=long)))[0] == 200
    assert (await player.submit(listen("Tin Roof", NOW - 900, recording_mbid="7c")))[0] == 200
    connection = open_library(Door(world.folders))
    assert connection.execute("SELECT value FROM track_ids").fetchall() == [("7c",)]
    connection.close()
    document = {"recording_mbid": long, "score": 1}
    assert (await player.ask("POST", "/1/feedback/recording-feedback", document))[0] == 400


async def test_a_play_of_another_time_is_kept_without_a_date(world: World, player: Player) -> None:
    # A clock an hour ahead may be right; one of another day, or of 1970, is not.
    assert (await player.submit(listen("Ahead", 99_999_999_999), listen("First", 7), kind="import"))[0] == 200
    assert [(title, start) for _, title, start, _ in world.listens()] == [("Ahead", None), ("First", None)]


async def test_a_play_by_a_wrong_clock_is_dated_by_when_it_came_and_a_repeat_counts(
    world: World, player: Player
) -> None:
    for _ in range(2):
        for client, stamp in (("ahead", 4_000_000_000), ("no-battery", 7)):
            one = listen("Tin Roof" if client == "ahead" else "Lark", int(stamp), submission_client=client)
            # Sent again at once, as by a client that lost the answer.
            assert (await player.submit(one))[0] == 200
            assert (await player.submit(one))[0] == 200
        world.now += 300
    minutes = [int(NOW) // 60 * 60, int(NOW + 300) // 60 * 60]
    assert [start for _, title, start, _ in world.listens() if title == "Tin Roof"] == minutes
    assert [start for _, title, start, _ in world.listens() if title == "Lark"] == minutes


async def test_ten_thousand_listens_in_one_go(world: World, player: Player) -> None:
    songs = [listen(f"T{n % 400}", NOW - 9_000_000 + 200 * n, f"A{n % 70}") for n in range(10_000)]
    assert (await player.submit(*songs, kind="import"))[0] == 200
    assert (await player.submit(*songs[:500], kind="import"))[0] == 200
    assert len(world.listens()) == 10_000


async def test_two_sources_of_one_play_are_one(world: World, player: Player) -> None:
    listed = [
        listen("Tin Roof", NOW - 300, submission_client="Navidrome", duration_ms=200_000),
        listen("TIN ROOF - Remastered", NOW - 296, submission_client="web-scrobbler"),
        listen("Tin Roof", NOW - 100, submission_client="end-stamper"),
        listen("Tin Roof", NOW - 200, submission_client="rescrobbled"),
    ]
    for one in listed:
        assert (await player.submit(one))[0] == 200
    assert world.listens() == [("Café Tundra", "Tin Roof", NOW - 300, "live:navidrome")]
    await player.submit(listen("Tin Roof", NOW + 400, submission_client="Navidrome", duration_ms=200_000))
    assert len(world.listens()) == 2


# Half an emoji among it, as players send that cut a title.
TEXT = st.text(st.characters(exclude_categories=()), max_size=9)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["listened_at", "track_metadata", "artist_name", "track_name", "additional_info", "duration", "payload",
             "duration_ms", "submission_client", "recording_mbid", "listen_type", "score"]
        ),
        inner,
        max_size=6,
    ),
    max_leaves=8,
)  # fmt: skip


@given(
    st.sampled_from(["GET", "POST"]),
    st.sampled_from(["/1/submit-listens", "/1/feedback/recording-feedback", "//[", "/?token=%ff"])
    | st.text(max_size=9),
    st.dictionaries(st.sampled_from(["host", "origin", "user-agent"]), st.text(max_size=9)),
    st.binary(max_size=40) | JSON.map(lambda document: json.dumps(document).encode()),
)
@settings(max_examples=60, deadline=None)
def test_whatever_is_sent_is_answered(method: str, target: str, headers: dict[str, str], body: bytes) -> None:
    foreign(headers, 17717)
    for given_token in ({}, {"authorization": "Token t"}):
        found = answer(Request(method, target, headers | given_token, body), "t", NOW)
        assert found.status in (200, 400, 401, 403, 404, 405)
        assert json.dumps(found.document)
        assert found.report is None or given_token


@given(st.lists(JSON, max_size=3), st.sampled_from(["single", "import", "playing_now"]))
@settings(max_examples=40, deadline=None)
def test_no_listen_of_a_batch_holds_up_the_others(listens: list[object], kind: str) -> None:
    body = json.dumps({"listen_type": kind, "payload": [*listens, listen("Good")]}).encode()
    found = answer(Request("POST", "/1/submit-listens", {"authorization": "Token t"}, body), "t", NOW)
    assert (found.status, found.report is not None) == (200, True)
    plays = found.report.plays if found.report else ()
    assert kind == "playing_now" or plays[-1].title == "Good"


async def test_the_unexpected_is_answered_and_noted(
    world: World, player: Player, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise KeyError("Tin Roof")

    monkeypatch.setattr("engine.live.inbox.add_logged_plays", fail)
    assert (await player.submit(listen("Tin Roof")))[0] == 503
    monkeypatch.setattr("engine.live.listener.answer", fail)
    assert (await player.submit(listen("Tin Roof")))[0] == 500
    noted = world.folders.log.read_text()
    assert noted.count("KeyError") == 2
    assert "Tin Roof" not in noted
