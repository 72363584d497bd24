"""Playing with MPD: the real one, where it is installed, and one that goes away."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import pytest

from engine.live import mpd_player
from engine.live.clock import PlayedSong, Song
from engine.live.mpd import speaking
from engine.live.mpd_player import MpdPlayer, songs_of
from engine.live.mpv import Failed, Now
from tests.support.players import needs, running_mpd, sound

LONG = 60


@pytest.fixture
async def mpd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """The socket of an MPD that has three songs, one of them two seconds long, and one of another's in its queue."""
    monkeypatch.setattr(mpd_player, "TICK", 0.05)
    (tmp_path / "music").mkdir()
    for number, (title, seconds) in enumerate((("Short", 2), ('Söng "Two"', LONG), ("Three", LONG)), 1):
        sound(tmp_path / "music" / f"-{number}.wav", "Ida", title, seconds)
    sound(tmp_path / "music" / os.fsdecode(b"b\xfftes.wav"), "Burel", "Bytes", LONG)
    async with running_mpd(tmp_path, tmp_path / "music") as (place, _):
        yield place


class Played:
    """What a player shows while it runs."""

    def __init__(self, player: MpdPlayer) -> None:
        self.player = player
        self.now: Now | None = None
        self.ended: list[PlayedSong | Failed] = []
        self.task = asyncio.create_task(player.run(self._tell))

    def _tell(self, now: Now | None, ended: Sequence[PlayedSong | Failed]) -> None:
        self.now = now
        self.ended += ended

    async def until(self, holds: Callable[[Now], bool]) -> None:
        async with asyncio.timeout(60):
            while not (self.now is not None and holds(self.now)):
                await asyncio.sleep(0.01)


@needs("mpd")
async def test_songs_play_in_the_queue_before_what_is_there_and_are_taken_out_again(mpd: str) -> None:
    (short,), (two,), none, all_of_them = await songs_of(
        mpd, [("ida", "SHORT"), ("Ida", 'söng "two"'), ("Ida", "thre"), ("Ida", None)]
    )
    assert (none, len(all_of_them), two.title) == ([], 3, 'Söng "Two"')
    async with speaking(mpd) as other:
        await other.ask('addid "-3.wav"')
        gone = Song("Ida", "Gone", place="/nowhere/-x\n.wav")
        played = Played(MpdPlayer([short, gone, two], mpd))
        await played.until(lambda now: now.song is two)
        assert [type(one) for one in played.ended] == [Failed, PlayedSong]
        assert (played.ended[1].song.title, played.now and (played.now.place, played.now.count)) == (
            "Short",
            (2, 2),
        )
        played.player.follow_with([all_of_them[0]])
        played.player.pause()
        played.player.louder(-30)
        played.player.seek(20)
        await played.until(
            lambda now: now.paused and now.count == 3 and now.volume == 70 and now.position >= 20
        )
        played.player.pause()
        played.player.next()
        await played.until(lambda now: now.place == 3 and not now.paused)
        assert played.player.upcoming == []
        played.player.end(pressed=False)
        assert await played.task == ""
        assert dict(await other.ask("status"))["state"] == "stop"
        assert [value for name, value in await other.ask("playlistinfo") if name == "file"] == ["-3.wav"]


@needs("mpd")
async def test_a_file_whose_name_is_not_utf_8_plays(mpd: str) -> None:
    ((song,),) = await songs_of(mpd, [("Burel", "Bytes")])
    played = Played(MpdPlayer([song], mpd))
    await played.until(lambda now: now.song is song)
    played.player.end(pressed=False)
    assert (await played.task, played.ended) == ("", [])


@needs("mpd")
async def test_a_song_is_as_long_as_it_is_known_to_be(mpd: str) -> None:
    """What MPD says is the next one's length as a song ends."""
    song = Song("Ida", "Three", length=LONG - 1.0, place="-3.wav")
    played = Played(MpdPlayer([song], mpd))
    await played.until(lambda now: now.length is not None)
    assert played.now is not None
    assert played.now.length == LONG - 1.0
    played.player.end(pressed=False)
    await played.task


@needs("mpd")
async def test_where_another_plays_something_else_it_is_over(mpd: str) -> None:
    ((two,),) = await songs_of(mpd, [("Ida", 'Söng "Two"')])
    async with speaking(mpd) as other:
        theirs = dict(await other.ask('addid "-3.wav"'))["Id"]
        played = Played(MpdPlayer([two], mpd))
        await played.until(lambda now: now.song is two)
        await other.ask(f"playid {theirs}")
        assert await played.task == ""
        assert dict(await other.ask("status"))["songid"] == theirs


async def test_an_mpd_that_is_not_there_or_goes_away_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mpd_player, "TICK", 0.05)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"OK MPD 0.23.5\n")
        for answer in (b"state: stop\nOK\n", b"Id: 7\nOK\n", b"OK\n", b"state: play\nsongid: 7\nOK\n"):
            await reader.readline()
            writer.write(answer)
        writer.close()

    song = Song("Ida", "One", place="a.wav")
    place = f"{tmp_path}/socket"
    assert (
        await Played(MpdPlayer([song], place)).task
        == f"MPD at {place} can't be used: it takes no connection."
    )
    async with await asyncio.start_unix_server(serve, place):
        played = Played(MpdPlayer([song], f"word@{place}"))
        assert "can't be used" in await played.task
        played = Played(MpdPlayer([song], place))
        assert await played.task == f"MPD at {place} can't be used: it went away."
        assert played.now is not None
        assert played.now.song is song
