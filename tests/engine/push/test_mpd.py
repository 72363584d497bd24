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
