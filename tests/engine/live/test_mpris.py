"""Players are watched over the session bus: made-up ones on a bus of our own, and a real one where it is installed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from jeepney import DBusAddress, HeaderFields, MessageType, new_method_return, new_signal
from jeepney.bus_messages import message_bus
from jeepney.io.asyncio import DBusConnection, open_dbus_connection

from engine.live import mpris
from engine.live.clock import PlayedSong
from engine.live.mpris import Watcher, song_of
from engine.live.watched import Watched
from tests.support.players import needs, sound

pytestmark = needs("dbus-daemon")
# The path of Debian's mpv-mpris, which mpv loads by itself.
_IN_MPV = "/etc/mpv/scripts/mpris.so"
_PATH = "/org/mpris/MediaPlayer2"


def metadata(title: str = "Tin Roof", **more: tuple[str, Any]) -> dict[str, tuple[str, Any]]:
    return {
        "mpris:trackid": ("o", "/1"),
        "mpris:length": ("x", 200_000_000),
        "xesam:title": ("s", title),
        "xesam:artist": ("as", ["Café Tundra", "Ida"]),
    } | {name.replace("_", ":"): value for name, value in more.items()}


def test_what_players_say_of_a_song_is_taken_as_it_comes() -> None:
    song = song_of(metadata(xesam_url=("s", "file:///a.flac")))
    assert song is not None
    assert (song.artist, song.title, song.length, song.place) == (
        "Café Tundra",
        "Tin Roof",
        200.0,
        "file:///a.flac",
    )
    for kind in ("t", "i", "d"):
        odd = song_of(metadata(mpris_length=(kind, 5_000_000), xesam_artist=("s", "Ida")))
        assert odd is not None
        assert (odd.artist, odd.length) == ("Ida", 5.0)
    assert song_of(metadata(mpris_length=("s", "long"))) == song_of(metadata(mpris_length=("x", 0)))
    for missing in (
        {"xesam_artist": ("as", [])},
        {"xesam_artist": ("as", [""])},
        {"xesam_title": ("s", " ")},
    ):
        assert song_of(metadata(**missing)) is None  # type: ignore[arg-type]  # a player says anything
    assert song_of({}) is None


@dataclass
class Time:
    """Advances on request, and reports when a player was looked at."""

    now: float = 0.0
    looked: asyncio.Event = field(default_factory=asyncio.Event)

    def monotonic(self) -> float:
        self.looked.set()
        return self.now

    def time(self) -> float:
        return 1_772_452_800 + self.now


@dataclass
class Fake:
    """A player on the bus."""

    bus: DBusConnection
    state: dict[str, tuple[str, Any]]
    time: Time
    hangs: bool = False
    task: asyncio.Task[None] | None = None

    async def serve(self) -> None:
        while True:
            message = await self.bus.receive()
            if message.header.fields.get(HeaderFields.member) == "GetAll" and not self.hangs:
                await self.bus.send(new_method_return(message, "a{sv}", (self.state,)))

    async def signal(self, interface: str, name: str, signature: str, body: tuple[Any, ...]) -> None:
        """Say something; returns once it was looked at."""
        self.time.looked.clear()
        emitter = DBusAddress(_PATH, interface=interface)
        await self.bus.send(new_signal(emitter, name, signature, body))
        await self.time.looked.wait()

    async def change(self, **state: tuple[str, Any]) -> None:
        self.state |= state
        changed = ("org.mpris.MediaPlayer2.Player", state, [])
        await self.signal("org.freedesktop.DBus.Properties", "PropertiesChanged", "sa{sv}as", changed)


@contextlib.asynccontextmanager
async def running_bus(folder: Path) -> AsyncIterator[str]:
    """A bus of our own, by its address."""
    process = await asyncio.create_subprocess_exec(
        "dbus-daemon",
        "--session",
        "--nofork",
        "--print-address",
        f"--address=unix:path={folder}/bus",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdout is not None
    try:
        yield (await process.stdout.readline()).decode().strip()
    finally:
        process.kill()
        await process.wait()


@pytest.fixture
async def address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    async with running_bus(tmp_path) as found:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", found)
        yield found


Come = Callable[[str], Any]


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    found = Time()
    monkeypatch.setattr(mpris, "time", found)
    return found


@pytest.fixture
async def come(address: str, time: Time) -> AsyncIterator[Come]:
    """Brings a player onto the bus."""
    there: list[Fake] = []

    async def bring(name: str) -> Fake:
        bus = await open_dbus_connection(address)
        state = {"PlaybackStatus": ("s", "Playing"), "Metadata": ("a{sv}", metadata()), "Position": ("x", 0)}
        fake = Fake(bus, state, time)
        await bus.send(message_bus.RequestName(f"org.mpris.MediaPlayer2.{name}"))
        while (await bus.receive()).header.message_type is not MessageType.method_return:
            pass
        fake.task = asyncio.create_task(fake.serve())
        there.append(fake)
        return fake

    yield bring
    for fake in there:
        assert fake.task is not None
        fake.task.cancel()
        await asyncio.gather(fake.task, return_exceptions=True)
        fake.bus.writer.close()


@dataclass
class Seen:
    time: Time
    watched: Watched = field(init=False)
    said: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    heard: asyncio.Queue[tuple[str, PlayedSong]] = field(default_factory=asyncio.Queue)

    async def next(self) -> tuple[str, str, float]:
        player, one = await asyncio.wait_for(self.heard.get(), 60)
        return player, one.song.title, one.seconds


@pytest.fixture
async def watched(address: str, time: Time) -> AsyncIterator[Seen]:
    found = Seen(time)
    found.watched = Watched("mpris", lambda _, text: found.said.put_nowait(text))
    watcher = Watcher(found.watched)
    task = asyncio.create_task(watcher.watch(lambda player, one: found.heard.put_nowait((player, one))))
    yield found
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_player_is_heard_whether_it_was_there_before_or_comes_later(
    come: Come, watched: Seen
) -> None:
    assert await watched.said.get() == "Watching desktop players."
    for name in ("early", "firefox.instance7", "playerctld", "late.instance1"):
        fake = await come(name)
        if name in ("early", "late.instance1"):
            await watched.time.looked.wait()
            watched.time.looked.clear()
            assert await watched.said.get() == f"Watching {name.partition('.')[0]}."
    assert watched.watched.found == ["early", "late"]
    watched.time.now = 60
    await fake.change(PlaybackStatus=("s", "Paused"))
    watched.time.now = 600
    await fake.change(PlaybackStatus=("s", "Playing"))
    await fake.change(Volume=("d", 0.5))
    watched.time.now = 645
    # Its title is not loaded yet; then it is.
    await fake.change(Metadata=("a{sv}", {"mpris:trackid": ("o", "/2"), "xesam:title": ("s", "waves.ogg")}))
    assert await watched.next() == ("late", "Tin Roof", 105.0)
    await fake.change(Metadata=("a{sv}", metadata("Waves")))
    watched.time.now = 845
    # On repeat it only jumps to its beginning.
    await fake.signal("org.mpris.MediaPlayer2.Player", "Seeked", "x", (-398_053,))
    assert await watched.next() == ("late", "Waves", 200.0)
    watched.time.now = 1000
    fake.bus.writer.close()
    assert await watched.next() == ("late", "Waves", 155.0)
    assert watched.said.empty()
    assert watched.watched.found == ["early"]


async def test_at_double_speed_twice_as_much_is_heard(come: Come, watched: Seen) -> None:
    fake = await come("quick")
    await watched.time.looked.wait()
    for now, rate in ((0, 2.0), (60, float("nan")), (70, -1.0), (100, "fast")):
        watched.time.now = now
        await fake.change(Rate=("s" if isinstance(rate, str) else "d", rate))
    watched.time.now = 105
    await fake.change(PlaybackStatus=("s", "Stopped"), Metadata=("a{sv}", {}))
    assert await watched.next() == ("quick", "Tin Roof", 135.0)


async def test_a_player_that_hangs_holds_up_no_other(come: Come, watched: Seen) -> None:
    stuck = await come("stuck")
    await watched.time.looked.wait()
    watched.time.looked.clear()
    stuck.hangs = True
    await stuck.bus.send(
        new_signal(DBusAddress(_PATH, interface="org.mpris.MediaPlayer2.Player"), "Seeked", "x", (7,))
    )
    other = await come("other")
    await watched.time.looked.wait()
    watched.time.now = 150
    await other.change(PlaybackStatus=("s", "Stopped"), Metadata=("a{sv}", {}))
    assert await watched.next() == ("other", "Tin Roof", 150.0)


async def test_without_a_bus_that_is_said_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    waits: list[float] = []
    said: list[str] = []
    values = ["", "unix:path=/nowhere/bus", "tcp:host=example.org"]

    async def stop(seconds: float) -> None:
        waits.append(seconds)
        if not values:
            raise asyncio.CancelledError
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", values.pop())

    monkeypatch.setattr(mpris.asyncio, "sleep", stop)
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    with pytest.raises(asyncio.CancelledError):
        await Watcher(Watched("mpris", lambda _, text: said.append(text))).watch(lambda *_: None)
    assert waits == [60.0] * 4
    assert said == ["Desktop players are not watched: there is no session bus. It is looked for again."]


async def test_a_bus_that_goes_is_said_and_when_it_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said, back = asyncio.Queue[str](), asyncio.Event()

    async def wait(_: float) -> None:
        await back.wait()

    monkeypatch.setattr(mpris.asyncio, "sleep", wait)
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path}/bus")
    watched = Watched("mpris", lambda _, text: said.put_nowait(text))
    async with asyncio.timeout(60):
        async with running_bus(tmp_path) as found:
            task = asyncio.create_task(Watcher(watched).watch(lambda *_: None))
            assert await said.get() == "Watching desktop players."
            bus = await open_dbus_connection(found)
            await bus.send(message_bus.RequestName("org.mpris.MediaPlayer2.player"))
            assert await said.get() == "Watching player."
            bus.writer.close()
        assert "session bus is gone" in await said.get()
        (tmp_path / "bus").unlink(missing_ok=True)
        async with running_bus(tmp_path):
            back.set()
            assert await said.get() == "Watching desktop players."
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
    assert (watched.on, watched.found, said.qsize()) == (True, [], 0)


@needs("mpv", _IN_MPV)
async def test_the_real_mpv(
    address: str, watched: Seen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    monkeypatch.setattr(mpris, "time", time)
    for title in ("Tin Roof", "Waves"):
        sound(tmp_path / f"{title}.wav", "Ida", title, 1)
    files = [str(tmp_path / f"{title}.wav") for title in ("Tin Roof", "Waves")]
    process = await asyncio.create_subprocess_exec(
        "mpv",
        "--no-video",
        "--ao=null",
        "--really-quiet",
        "--audio-display=no",
        *files,
        env={"DBUS_SESSION_BUS_ADDRESS": address, "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
    )
    for title in ("Tin Roof", "Waves"):
        player, heard, seconds = await watched.next()
        assert (player, heard) == ("mpv", title)
        assert 0.5 <= seconds <= 1.0
    assert await process.wait() == 0
