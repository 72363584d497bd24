"""Playlists sent to the real MPD, where it is installed: `tests/tuiapp/cli/test_push.py` has the order of it."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from engine.live.mpd import speaking
from engine.playlists.playlist import PlaylistTrack
from engine.push.asking import RefusedError
from engine.push.matching import match
from engine.push.mpd import Mpd
from tests.support.players import needs, running_mpd, sound

NAME = os.fsdecode(b"b\xfftes.wav")


@pytest.fixture
def music(tmp_path: Path) -> Path:
    music = tmp_path / "music"
    music.mkdir()
    sound(music / NAME, "Ida", "Bytes", 1)
    sound(music / "plain.wav", "Ida", "Plain", 1)
    return music


async def send(place: str, noted: list[str]) -> None:
    server = Mpd([place])
    tracks = [PlaylistTrack("Ida", title) for title in ("Bytes", "Plain")]
    found = await asyncio.to_thread(lambda: match(tracks, server.songs(tracks)))
    assert found.missing == ()
    there = noted[-1] if noted else ""
    await asyncio.to_thread(server.put, "Hill", found.ids, there, noted.append, lambda _done: None)


@needs("mpd")
async def test_a_file_whose_name_is_not_utf_8_is_sent_and_replaced(tmp_path: Path, music: Path) -> None:
    (tmp_path / "lists").mkdir()
    noted: list[str] = []
    async with running_mpd(tmp_path, music) as (place, _):
        for _ in range(2):
            await send(place, noted)
            async with speaking(place) as mpd:
                listed = await mpd.ask('listplaylist "Hill"')
            assert [*listed] == [("file", NAME), ("file", "plain.wav")]


@needs("mpd")
async def test_an_mpd_that_refuses_is_there_and_said_to_refuse(tmp_path: Path, music: Path) -> None:
    async with running_mpd(tmp_path, music) as (place, _):
        with pytest.raises(RefusedError) as caught:
            await send(place, [])
    assert str(caught.value) == f"MPD at {place} refused: Stored playlists are disabled."


async def test_a_line_that_is_too_long_is_left_out_whole() -> None:
    """A song's tag may hold a whole text. Of the second, what is left once it is cut reads as the end of an answer."""
    long = b"Title: " + b"x" * 200_000 + b"\nArtist: " + b"x" * ((64 << 10) - 8) + b"OK\n"

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"OK MPD 0.23.5\n")
        await reader.readline()
        writer.write(b"file: a\n" + long + b"file: b\nTitle: Tin Roof\n" + long + b"OK\n")

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    place = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, speaking(place) as mpd:
        assert [*await mpd.ask("listallinfo")] == [("file", "a"), ("file", "b"), ("Title", "Tin Roof")]
