"""MPD is watched by its own protocol: a made-up one on loopback, and the real one where it is installed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from engine.live import mpd
from engine.live.clock import Judged, PlayedSong, Song
from engine.live.listener import report_of
from engine.live.mpd import Watcher, addresses, seen
from engine.live.watched import Watched
from tests.support.players import needs, running_mpd, sound

PLAYING = [("state", "play"), ("songid", "4"), ("elapsed", "1.186"), ("duration", "200.000")]
SONG = [
    ("file", "B/six.wav"),
    ("Title", "Tin Roof"),
    ("Artist", "Ida"),
    ("Artist", "Burel"),
    ("Album", "Slow"),
    ("MUSICBRAINZ_TRACKID", "7c1b"),
    ("Id", "4"),
]
SHOWN = Song("Ida", "Tin Roof")


def test_what_mpd_answers_is_a_song() -> None:
    shown = seen(PLAYING, SONG, 5.0, 100.0)
    assert shown.song is not None
    assert (shown.song.artist, shown.song.title, shown.song.length) == ("Ida", "Tin Roof", 200.0)
    assert (shown.playing, shown.position, shown.at, shown.wall) == (True, 1.186, 5.0, 100.0)
    (play,) = report_of("mpd", PlayedSong(shown.song, 100.9, 150.2)).plays
    assert (play.started_at, play.ms_played, play.duration_ms, play.ids) == (
        100,
        150_200,
        200_000,
        (("mb_recording", "7c1b"),),
    )
    assert seen([("state", "stop")], SONG, 0, 0).song is None
    assert seen(PLAYING, [("file", "http://radio.example/"), ("Title", "Jingle")], 0, 0).song is None
    assert seen([("state", "play"), ("duration", "x")], SONG, 0, 0).song is not None


def test_where_mpd_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MPD_HOST", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/7")
    assert addresses("") == ("/run/user/7/mpd/socket", "/run/mpd/socket", "127.0.0.1:6600")
    assert addresses("pi:6601") == ("pi:6601",)
    monkeypatch.setenv("MPD_HOST", "word@pi")
    assert addresses("") == ("word@pi:6600",)
    monkeypatch.setenv("MPD_HOST", "/tmp/mpd")
    assert addresses("") == ("/tmp/mpd",)


@dataclass
class Mpd:
    """Answers as it is set to, and goes away on request."""

    port: int = 0
    state: dict[str, str] = field(default_factory=lambda: dict(PLAYING))
    greeting: bytes = b"OK MPD 0.23.5\n"
    answers: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    idle: asyncio.Event = field(default_factory=asyncio.Event)
    writer: asyncio.StreamWriter | None = None
    likes: dict[str, str] = field(default_factory=dict)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        writer.write(self.greeting)
        async for line in reader:
            command = line.decode().strip()
            self.asked.append(command)
            if command == "idle player sticker":
                self.idle.set()
                await self.changed.wait()
                self.changed.clear()
            pairs = {
                "status": [*self.state.items()],
                "currentsong": SONG,
                "idle player sticker": [("changed", "player"), ("changed", "sticker")],
                'lsinfo "B/six.wav"': SONG,
                'lsinfo "B/seven.wav"': [("Artist", "Burel"), ("Title", "Lark")],
                'lsinfo "untagged.wav"': [("file", "untagged.wav")],
                'sticker find song "" like': [
                    pair
                    for file, like in self.likes.items()
                    for pair in (("file", file), ("sticker", f"like={like}"))
                ],
            }
            text = "".join(f"{name}: {value}\n" for name, value in pairs.get(command, ()))
            writer.write(self.answers.get(command, f"{text}OK\n".encode()))
        writer.close()

    async def change(self, **state: str) -> None:
        """Something changes; returns when it was looked at."""
        self.state |= state
        self.idle.clear()
        self.changed.set()
        await self.idle.wait()


@pytest.fixture
async def fake() -> AsyncIterator[Mpd]:
    found = Mpd()
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    found.port = server.sockets[0].getsockname()[1]
    yield found
    server.close()
    if found.writer is not None:
        found.writer.close()
        found.changed.set()
        await found.writer.wait_closed()


@dataclass
class Time:
    """Advances on request."""

    now: float = 0.0

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return 1_772_452_800 + self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Time:
    found = Time()
    monkeypatch.setattr(mpd, "time", found)
    return found


@pytest.fixture
def kept() -> list[PlayedSong]:
    return []


def of_mpd(said: list[str]) -> Watched:
    """What is known of watching MPD, with a place for what is said."""
    return Watched("mpd", lambda _, text: said.append(text))


@pytest.fixture
async def watching(fake: Mpd, clock: Time, kept: list[PlayedSong]) -> AsyncIterator[list[str]]:
    """What is said while MPD is watched."""
    said: list[str] = []
    watcher = Watcher((f"127.0.0.1:{fake.port}",), of_mpd(said))
    task = asyncio.create_task(watcher.watch(lambda _, heard: kept.append(heard)))
    yield said
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_song_at_whose_end_mpd_has_the_length_of_the_next_is_a_play(
    fake: Mpd, clock: Time, kept: list[PlayedSong], watching: list[str]
) -> None:
    whole = [*SONG, ("duration", "200.000")]
    fake.answers["currentsong"] = "".join(f"{name}: {value}\n" for name, value in whole).encode() + b"OK\n"
    await fake.idle.wait()
    clock.now = 199
    await fake.change(elapsed="200.000", duration="900.000")
    await fake.change(state="stop")
    assert [(one.song.length, one.seconds, one.skipped) for one in kept] == [(200.0, 199.0, False)]
    assert watching


async def test_a_play_with_a_pause_and_a_repeat(
    fake: Mpd, clock: Time, kept: list[PlayedSong], watching: list[str]
) -> None:
    await fake.idle.wait()
    for now, state in (
        (60, {"state": "pause"}),
        (600, {"state": "play", "elapsed": "61.2"}),
        (660, {"elapsed": "0.000"}),
    ):
        clock.now = now
        await fake.change(**state)
    assert [(one.song.title, one.seconds, round(one.started - clock.time() + 660, 3)) for one in kept] == [
        ("Tin Roof", 120.0, -1.186)
    ]
    clock.now = 860
    await fake.change(state="stop")
    assert [one.seconds for one in kept] == [120.0, 200.0]
    assert watching == [f"Watching MPD at 127.0.0.1:{fake.port}."]


async def test_when_mpd_goes_away_what_was_heard_is_kept_and_it_is_looked_for_again(
    fake: Mpd, clock: Time, kept: list[PlayedSong], watching: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await fake.idle.wait()
    waits: list[float] = []
    sleep = asyncio.sleep

    async def soon(seconds: float) -> None:
        waits.append(seconds)
        await sleep(0)

    monkeypatch.setattr(mpd.asyncio, "sleep", soon)
    clock.now = 150
    assert fake.writer is not None
    fake.idle.clear()
    fake.writer.transport.abort()
    await fake.idle.wait()
    assert [one.seconds for one in kept] == [150.0]
    assert [line.partition(" at ")[0] for line in watching] == ["Watching MPD", "MPD", "Watching MPD"]
    assert waits == [1.0]


async def test_what_is_said_of_a_song_is_handed_on_once(
    fake: Mpd, kept: list[PlayedSong | Judged], watching: list[str]
) -> None:
    fake.likes = {"B/six.wav": "2"}
    await fake.idle.wait()
    for likes in (
        {},
        {"B/six.wav": "2"},
        {"B/six.wav": "2", "B/seven.wav": "0"},
        {"B/six.wav": "2", "B/seven.wav": "0", "untagged.wav": "2", "gone.wav": "2"},
        {"B/six.wav": "7", "B/seven.wav": "2"},
        {"B/six.wav": "0", "B/seven.wav": "2"},
        {"B/six.wav": "1", "B/seven.wav": "2"},
    ):
        fake.likes = likes
        await fake.change()
    assert [(one.song.title, one.verdict) for one in kept if isinstance(one, Judged)] == [
        ("Tin Roof", None),
        ("Tin Roof", "like"),
        ("Lark", "hide"),
        # A number of stars is no verdict.
        ("Tin Roof", "hide"),
        ("Tin Roof", None),
    ]
    (verdict,) = report_of("mpd", Judged(SHOWN, "like")).verdicts
    assert (verdict.verdict, verdict.named) == ("like", ("Ida", "Tin Roof"))


async def test_where_mpd_keeps_no_stickers_its_plays_are_watched_all_the_same(
    fake: Mpd, clock: Time, kept: list[PlayedSong | Judged], watching: list[str]
) -> None:
    fake.answers['sticker find song "" like'] = b"ACK [5@0] {} sticker database is disabled\n"
    await fake.idle.wait()
    clock.now = 150
    await fake.change(state="stop")
    assert [type(one) for one in kept] == [PlayedSong]


@pytest.mark.parametrize(
    ("greeting", "answers", "why"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n", {}, "it is not MPD"),
        (
            b"OK MPD 0.23.5\n",
            {"status": b'ACK [4@0] {status} you don\'t have permission for "status"\n'},
            'you don\'t have permission for "status"',
        ),
        (b"OK MPD 0.23.5\n", {"status": b"a: b\n" * 2000}, "an answer without an end"),
        (b"x" * 100_000, {}, "it does not answer"),
    ],
    ids=["a web server", "no permission", "many lines", "no greeting"],
)
async def test_what_is_no_mpd_is_left_alone(
    fake: Mpd,
    clock: Time,
    kept: list[PlayedSong],
    greeting: bytes,
    answers: dict[str, bytes],
    why: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fake.greeting, fake.answers = greeting, answers
    said: list[str] = []
    watcher = Watcher((f"127.0.0.1:{fake.port}",), of_mpd(said))
    waits: list[float] = []

    async def stop(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            raise asyncio.CancelledError

    monkeypatch.setattr(mpd.asyncio, "sleep", stop)
    with pytest.raises(asyncio.CancelledError):
        await watcher.watch(lambda _, heard: kept.append(heard))
    assert (kept, waits) == ([], [1.0, 2.0, 4.0])
    # Three times it was tried; it is said once.
    assert said == [f"MPD at 127.0.0.1:{fake.port} is not watched: {why}. It is looked for again."]
    assert watcher.watched.document() == {"players": "mpd", "watched": False, "text": said[0], "found": []}


async def test_where_mpd_is_not_is_said_once_and_when_it_comes_and_goes(
    fake: Mpd, clock: Time, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    said: list[str] = []
    places = [f"{tmp_path}/socket", "word@127.0.0.1:99999"]
    watcher = Watcher(places, of_mpd(said))
    tries = 0

    async def soon(_: float) -> None:
        nonlocal tries
        tries += 1
        if tries == 3:
            places.append(f"127.0.0.1:{fake.port}")
        if tries == 9:
            raise asyncio.CancelledError

    monkeypatch.setattr(mpd.asyncio, "sleep", soon)
    task = asyncio.create_task(watcher.watch(lambda *_: None))
    await fake.idle.wait()
    assert watcher.watched.on
    # It goes, and then takes no connection.
    del places[2]
    assert fake.writer is not None
    fake.writer.transport.abort()
    with pytest.raises(asyncio.CancelledError):
        await task
    at = f"127.0.0.1:{fake.port}"
    assert said == [
        f"MPD is not watched: there is none at {tmp_path}/socket or 127.0.0.1:99999. It is looked for again.",
        f"Watching MPD at {at}.",
        f"MPD at {at} is gone; it is looked for again.",
    ]
    assert not watcher.watched.on


async def test_a_password_is_given_first(fake: Mpd, clock: Time) -> None:
    watcher = Watcher((f'wo"rd@127.0.0.1:{fake.port}',), of_mpd([]))
    task = asyncio.create_task(watcher.watch(lambda *_: None))
    await fake.idle.wait()
    task.cancel()
    assert fake.asked[:2] == ['password "wo\\"rd"', "status"]


# -- the real one -----------------------------------------------------------------------------------------------


@needs("mpd")
async def test_the_real_mpd(tmp_path: Path) -> None:
    music = tmp_path / "music"
    music.mkdir()
    for title in ("Tin Roof", "Waves"):
        sound(music / f"{title}.wav", "Ida", title, 1)
    async with running_mpd(tmp_path, music) as (socket, process):
        await _hears_likes(socket)
        await _hears(socket, process)


async def _hears_likes(socket: str) -> None:
    """Also of a song that does not play; not what was said before it was watched."""
    said = asyncio.Queue[Judged]()
    watcher = Watcher((socket,), Watched("mpd", lambda *_: None))
    async with asyncio.timeout(60), mpd.speaking(socket) as other:
        await other.ask('sticker set song "Waves.wav" like 2')
        task = asyncio.create_task(watcher.watch(lambda _, one: said.put_nowait(one)))
        while watcher._said is None:
            await asyncio.sleep(0.01)
        found = []
        for word in ("2", "0", "1"):
            await other.ask(f'sticker set song "Tin Roof.wav" like {word}')
            found.append(await said.get())
        task.cancel()
    assert [(one.song.title, one.verdict) for one in found] == [
        ("Tin Roof", "like"),
        ("Tin Roof", "hide"),
        ("Tin Roof", None),
    ]


async def _hears(socket: str, process: asyncio.subprocess.Process) -> None:
    watched, heard = asyncio.Event(), asyncio.Queue[PlayedSong]()
    watcher = Watcher((socket,), Watched("mpd", lambda *_: watched.set()))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mpd, "_FIRST_WAIT", 0.05)
        task = asyncio.create_task(watcher.watch(lambda _, one: heard.put_nowait(one)))
        async with asyncio.timeout(60):
            await watched.wait()
            async with mpd.speaking(socket) as other:
                for command in ('add "Tin Roof.wav"', 'add "Waves.wav"', "play"):
                    began = time.monotonic()
                    await other.ask(command)
            first = await heard.get()
            # Killed in the middle of a song, what was heard of it is kept.
            await asyncio.sleep(0.6)
            process.kill()
            second = await heard.get()
            both = time.monotonic() - began
    task.cancel()
    assert (first.song.artist, first.song.title, first.song.length) == ("Ida", "Tin Roof", 1.0)
    assert 0.7 <= first.seconds < both - 0.4  # no more than there was time for
    assert second.song.title == "Waves"
    assert 0.5 <= second.seconds < both - 0.7
