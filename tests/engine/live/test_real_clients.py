"""Real clients that queue what they cannot deliver: what is played in a private session is in no queue afterwards.

Each is a player's own program, installed from Debian. They play in real time, a minute together, so they run where
`.ci/run` asks for real players.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path

import pytest

from engine.live.connections import listening_socket
from engine.live.inbox import Inbox
from engine.live.listenbrainz import Report
from engine.live.listener import Listener
from engine.live.mpd import speaking
from engine.live.token import HOST, Access
from engine.paths import Folders
from tests.support.live import TOKEN, World
from tests.support.players import needs, running_mpd, sound

pytestmark = pytest.mark.skipif(
    os.environ.get("DISCOVER_PLAYERS") != "required", reason="takes a minute: .ci/run runs it"
)
ARTIST, TITLES = "Ida", ("Queued", "Private", "After")
SECONDS = 4
PLUGIN = Path("/usr/lib/python3/dist-packages/quodlibet/plugins/listenbrainz")


class Recorded(Inbox):
    """An inbox that also remembers what was reported."""

    def __init__(self, world: World) -> None:
        super().__init__(world.folders, now=lambda: world.now, private_since=lambda _: world.since)
        self.titles: list[str] = []

    async def take(self, report: Report) -> None:
        await super().take(report)
        self.titles += [play.title for play in report.plays]


async def _until(holds: Callable[[], bool], seconds: float = 40) -> None:
    async with asyncio.timeout(seconds):
        while not holds():
            await asyncio.sleep(0.1)


@contextlib.asynccontextmanager
async def _running(
    program: Sequence[str | Path], environment: dict[str, str] | None = None
) -> AsyncIterator[None]:
    """A program until the end of the block, and whoever it started."""
    process = await asyncio.create_subprocess_exec(
        *program,
        env=os.environ | (environment or {}),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        await process.wait()


async def _ran(*program: str, environment: dict[str, str] | None = None) -> None:
    process = await asyncio.create_subprocess_exec(*program, env=os.environ | (environment or {}))
    assert await process.wait() == 0


async def _made(path: Path, title: str) -> None:
    """Seconds of silence with tags that every player reads."""
    silence = ("-f", "lavfi", "-i", "anullsrc=r=8000:cl=mono", "-t", str(SECONDS))
    tags = (f"artist={ARTIST}", f"title={title}")
    await _ran(
        "ffmpeg", "-v", "error", *silence, *(word for tag in tags for word in ("-metadata", tag)), str(path)
    )


def _free_port() -> int:
    with socket.socket() as one:
        one.bind((HOST, 0))
        return int(one.getsockname()[1])


async def _plays_and_queues(
    world: World, port: int, play: Callable[[str], Awaitable[None]], again: Callable[[], Awaitable[None]]
) -> None:
    """`play` has a song of that title played to its end; `again`, once, has the client try what it could not."""
    # The private session is over hours before anything is heard: what comes out of a queue after it would be kept.
    world.now = time.time() - 7200
    await play("Queued")
    inbox = Recorded(world)
    listener = Listener(listening_socket(port), Access(TOKEN), inbox)
    await listener.begin()
    try:
        await again()
        await _until(lambda: "Queued" in inbox.titles)
        world.private = True
        inbox.look()
        world.now += 60
        await play("Private")
        await _until(lambda: "Private" in inbox.titles)
        world.private = False
        inbox.look()
        await play("After")
        await _until(lambda: "After" in inbox.titles)
    finally:
        await listener.end()
    assert inbox.titles == ["Queued", "Private", "After"]
    assert [(artist, title) for artist, title, *_ in world.listens()] == [
        (ARTIST, "Queued"),
        (ARTIST, "After"),
    ]


@needs("quodlibet", str(PLUGIN), "xvfb-run", "dbus-run-session", "ffmpeg")
async def test_quod_libet_forgets_what_was_played_in_private(tmp_path: Path) -> None:
    home, port = tmp_path / "home", _free_port()
    (settings := home / "quodlibet" / "plugins").mkdir(parents=True)
    shutil.copytree(PLUGIN, settings / PLUGIN.name)
    (home / "quodlibet" / "config").write_text(
        "[player]\ngst_pipeline = fakesink sync=true\n[plugins]\nactive_plugins = listenbrainz\n"
        f"listenbrainz_user_token = {TOKEN}\n"
    )
    variables = {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home),
        "XDG_RUNTIME_DIR": str(home),
        "QL_LISTENBRAINZ_DEV_SERVER": f"{HOST}:{port}",
    }
    for title in TITLES:
        await _made(tmp_path / f"{title}.flac", title)

    async def play(title: str) -> None:
        await _ran("quodlibet", f"--play-file={tmp_path / title}.flac", environment=variables)
        await asyncio.sleep(SECONDS + 1)

    async def again() -> None:
        """It tries by itself every ten seconds."""

    async with _running(("xvfb-run", "-a", "dbus-run-session", "quodlibet", "--run"), variables):
        await _until((home / "quodlibet" / "control").exists)
        await _plays_and_queues(World(Folders(tmp_path / "data")), port, play, again)


@needs("mpdscribble", "mpd")
async def test_mpdscribble_forgets_what_was_played_in_private(tmp_path: Path) -> None:
    music, port = tmp_path / "music", _free_port()
    music.mkdir()
    for title in TITLES:
        # What is shorter than half a minute it does not report.
        sound(music / f"{title}.wav", ARTIST, title, 31)
    async with running_mpd(tmp_path, music) as (mpd, _), contextlib.AsyncExitStack() as running:
        (config := tmp_path / "mpdscribble.conf").write_text(
            f"host = {mpd}\n[discover]\nurl = http://{HOST}:{port}/as12/\nusername = me\n"
            f"password = {TOKEN}\njournal = {tmp_path / 'journal'}\n"
        )

        async def again() -> None:
            """Ended, it writes down what it could not deliver; restarted, it does not wait a minute to try again."""
            await running.aclose()
            await running.enter_async_context(
                _running(("mpdscribble", "--no-daemon", "--log", "-", "--conf", config))
            )
            await asyncio.sleep(1)

        async def play(title: str) -> None:
            async with speaking(mpd) as other:
                for command in ("clear", f'add "{title}.wav"', "play"):
                    await other.ask(command)
                await asyncio.sleep(17)
                await other.ask("stop")
            await asyncio.sleep(1)

        await again()
        await _plays_and_queues(World(Folders(tmp_path / "data")), port, play, again)
