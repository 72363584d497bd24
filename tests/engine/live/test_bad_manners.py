"""Clients with bad manners: what is too much, too slow, cut off, or no HTTP keeps nobody else from being heard."""

from __future__ import annotations

import asyncio
import json
import socket

import pytest

from engine.errors import DiscoverError
from engine.live.connections import listening_socket
from engine.live.listener import Listener
from engine.live.token import HOST, Access
from engine.privacy import Door
from engine.store.database import open_library
from tests.support.live import NOW, TOKEN, Player, World, answered, listen


async def test_eleven_megabytes_are_refused_in_words(world: World, player: Player) -> None:
    body = b"[" + b" " * 11_000_000
    status, document = await player.ask("POST", "/1/submit-listens", body)
    assert status == 413
    assert "1,000" in document["error"]
    chunked = b"".join(b"%x\r\n%b\r\n" % (1 << 20, b" " * (1 << 20)) for _ in range(11)) + b"0\r\n\r\n"
    head = player.request(
        "POST", "/1/submit-listens", None, {"Content-Length": "", "Transfer-Encoding": "chunked"}
    )
    assert (await player.send(head + chunked))[0] == 413
    assert (await player.submit(listen("Tin Roof")))[0] == 200


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("cut", "status"), [(None, 408), (40, 0), (0, 0)], ids=["half a body", "half a head", "silence"]
)
async def test_who_is_too_slow_is_not_waited_for(player: Player, cut: int | None, status: int) -> None:
    whole = player.request(
        "POST", "/1/submit-listens", {"listen_type": "single", "payload": [listen("Slow")]}
    )
    data = whole[:-5] if cut is None else whole[:cut]
    assert (await player.send(data))[0] == status


async def test_a_request_that_ends_in_the_middle_is_no_request(world: World, player: Player) -> None:
    whole = player.request(
        "POST", "/1/submit-listens", {"listen_type": "single", "payload": [listen("Half")]}
    )
    for length in (10, len(whole) - 1):
        await player.send(whole[:length], close=True)
    assert (await player.submit(listen("Whole")))[0] == 200
    assert [title for _, title, *_ in world.listens()] == ["Whole"]


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01",
        b"HELO\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET /\r\nX: " + b"y" * 40_000,
    ],
    ids=["TLS", "no HTTP", "no host", "long head"],
)
async def test_what_is_no_http_is_refused(player: Player, data: bytes) -> None:
    status, _ = await player.send(data, close=True)
    assert status in (0, 400, 403, 431)
    assert (await player.submit(listen("After")))[0] == 200


async def test_one_connection_serves_many_requests_and_chunks_are_joined(
    world: World, player: Player
) -> None:
    reader, writer = await asyncio.open_connection(HOST, player.port)
    for title in ("One", "Two"):
        body = {"listen_type": "single", "payload": [listen(title, NOW - (900 if title == "One" else 300))]}
        writer.write(player.request("POST", "/1/submit-listens", body))
        assert (await answered(reader))[0] == 200
    body = json.dumps({"listen_type": "single", "payload": [listen("Three", NOW)]}).encode()
    lines = {"Content-Length": "", "Transfer-Encoding": "chunked", "Expect": "100-continue"}
    writer.write(player.request("POST", "/1/submit-listens", None, lines))
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100")
    writer.write(b"%x\r\n%b\r\n%x\r\n%b\r\n0\r\n\r\n" % (9, body[:9], len(body) - 9, body[9:]))
    assert (await answered(reader))[0] == 200
    writer.close()
    assert [title for _, title, *_ in world.listens()] == ["One", "Two", "Three"]


async def test_an_answer_is_sent_in_one_piece(player: Player) -> None:
    """The system holds back a second one until the client has acknowledged the first, 40 ms later (Nagle)."""
    reader, writer = await asyncio.open_connection(HOST, player.port)
    for _ in range(20):
        writer.write(player.request("GET", "/1/validate-token"))
        assert (await reader.read(1 << 16)).endswith(b"}")
    writer.close()


async def test_more_connections_than_are_answered_are_refused(player: Player) -> None:
    held = [await asyncio.open_connection(HOST, player.port) for _ in range(16)]
    for _, writer in held:
        writer.write(b"G")
    status, document = await player.submit(listen("Tin Roof"))
    assert (status, document["error"]) == (503, "Too many connections at once.")
    for reader, writer in held:
        writer.close()
        await reader.read()
    assert (await player.submit(listen("Tin Roof")))[0] == 200


@pytest.mark.usefixtures("impatient")
async def test_who_does_not_read_the_answers_holds_no_connection(world: World) -> None:
    bound = listening_socket(0)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    listener = Listener(bound, Access(TOKEN), world.inbox())
    await listener.begin()
    player = Player(listener.port)
    held = []
    for _ in range(17):
        one = socket.socket()
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        one.connect((HOST, listener.port))
        one.setblocking(False)
        _, writer = await asyncio.open_connection(sock=one, limit=1024)
        writer.write(player.request("GET", "/1/user/me/listens") * 1000)
        held.append(writer)
    try:
        async with asyncio.timeout(60):
            while (await player.submit(listen("Tin Roof")))[0] != 200:
                await asyncio.sleep(0.01)
    finally:
        for writer in held:
            writer.transport.abort()
        await listener.end()


async def test_while_the_library_is_written_to_players_are_asked_to_come_again(
    world: World, player: Player, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sqlite3

    connect = sqlite3.connect
    monkeypatch.setattr("sqlite3.connect", lambda *a, **k: connect(*a, **k | {"timeout": 0}))
    other = open_library(Door(world.folders))
    other.execute("BEGIN IMMEDIATE")
    status, document = await player.submit(listen("Tin Roof"))
    assert (status, document["code"]) == (503, 503)
    other.rollback()
    other.close()
    assert (await player.submit(listen("Tin Roof")))[0] == 200
    assert len(world.listens()) == 1


def test_a_port_in_use_is_reported(world: World) -> None:
    with socket.socket() as other:
        other.bind((HOST, 0))
        other.listen()
        with pytest.raises(DiscoverError, match=r"--port"):
            listening_socket(other.getsockname()[1]).listen()
