"""Real players, where they are installed: `.ci/run` installs them, and then none may be missing."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import struct
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from engine.live.mpd import speaking


def needs(*programs: str) -> pytest.MarkDecorator:
    """Skips where a program, by its name or its file's, is not installed, unless it must be."""
    missing = [one for one in programs if shutil.which(one) is None and not Path(one).exists()]
    required = os.environ.get("DISCOVER_PLAYERS") == "required"
    return pytest.mark.skipif(bool(missing) and not required, reason=f"{', '.join(missing)} not installed")


def sound(path: Path, artist: str, title: str, seconds: float) -> None:
    """A file of silence whose tags players read: WAV with an ID3 chunk."""
    frames = b"".join(
        name + struct.pack(">IH", len(text) + 1, 0) + b"\0" + text
        for name, text in ((b"TPE1", artist.encode("latin-1")), (b"TIT2", title.encode("latin-1")))
    )
    size = len(frames)
    tag = b"ID3\3\0\0" + bytes((size >> shift) & 127 for shift in (21, 14, 7, 0)) + frames
    data = bytes(round(seconds * 8000) * 2)
    chunks = (b"fmt ", struct.pack("<HHIIHH", 1, 1, 8000, 16000, 2, 16)), (b"data", data), (b"id3 ", tag)
    body = b"".join(
        name + struct.pack("<I", len(part)) + part + b"\0" * (len(part) % 2) for name, part in chunks
    )
    path.write_bytes(b"RIFF" + struct.pack("<I", len(body) + 4) + b"WAVE" + body)


async def answering(socket: Path) -> None:
    """Wait until a server listens at its socket, which is there a moment before."""
    while True:
        try:
            _, writer = await asyncio.open_unix_connection(socket)
        except (FileNotFoundError, ConnectionRefusedError):
            await asyncio.sleep(0.02)
        else:
            writer.close()
            return


@contextlib.asynccontextmanager
async def running_mpd(folder: Path, music: Path) -> AsyncIterator[tuple[str, asyncio.subprocess.Process]]:
    """MPD over a folder of music, all of which it knows, making no sound: its socket, and the process. It keeps
    playlists where there is a folder `lists`."""
    socket, config, lists = folder / "socket", folder / "mpd.conf", folder / "lists"
    config.write_text(
        (f'playlist_directory "{lists}"\n' if lists.exists() else "")
        + f'music_directory "{music}"\ndb_file "{folder}/db"\nsticker_file "{folder}/stickers"\n'
        f'bind_to_address "{socket}"\nlog_file "{folder}/log"\n'
        'audio_output {\n type "null"\n name "null"\n mixer_type "null"\n}\n'
    )
    process = await asyncio.create_subprocess_exec("mpd", "--no-daemon", str(config))
    try:
        async with asyncio.timeout(60):
            await answering(socket)
            async with speaking(str(socket)) as mpd:
                await mpd.ask("update")
                while "updating_db" in dict(await mpd.ask("status")):
                    await asyncio.sleep(0.02)
        yield str(socket), process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
