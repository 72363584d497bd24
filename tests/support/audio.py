"""Made-up audio files: WAV by the standard library, with tags of ID3 in them."""

from __future__ import annotations

import io
import os
import sqlite3
import struct
import wave
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.audio.measure import listen
from engine.errors import CancelledError
from engine.progress import Cancelled
from engine.store.music_files import Measured, MusicFile

RATE = 22_050


def id3(frames: Mapping[str, str], picture: bytes = b"") -> bytes:
    """A tag of ID3 2.4 with these frames of text, and a front cover."""

    def size(number: int) -> bytes:
        return bytes(number >> shift & 127 for shift in (21, 14, 7, 0))

    body = b"".join(
        name.encode() + size(len(text.encode()) + 1) + b"\0\0\x03" + text.encode()
        for name, text in frames.items()
    )
    if picture:
        held = b"\0image/png\0\x03\0" + picture
        body += b"APIC" + size(len(held)) + b"\0\0" + held
    return b"ID3\x04\0\0" + size(len(body)) + body


def wav(
    path: Path,
    samples: NDArray[np.floating] | None = None,
    rate: int = RATE,
    *,
    tags: Mapping[str, str] | None = None,
    picture: bytes = b"",
) -> Path:
    """A WAV of one channel of `samples` (-1..1, a tenth of a second of silence by default), tagged by ID3's names."""
    held = io.BytesIO()
    with wave.open(held, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        sound = np.zeros(rate // 10) if samples is None else samples
        file.writeframes((np.clip(sound, -1, 1) * 32_767).astype("<i2").tobytes())
    data = held.getvalue()
    if tags:
        tag = id3(tags, picture)
        tag += b"\0" * (len(tag) % 2)
        data += b"id3 " + struct.pack("<I", len(tag)) + tag
        data = data[:4] + struct.pack("<I", len(data) - 8) + data[8:]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def song(folder: Path, artist: str, title: str, **tags: str) -> Path:
    """A silent file of a track; more tags by ID3's names."""
    return wav(folder / f"{artist} - {title}.wav", tags={"TPE1": artist, "TIT2": title, **tags})


def beets(folder: Path, *items: tuple[bytes, str, str, float, int]) -> Path:
    """A library of beets with (path, artist, title, seconds, bpm)."""
    path = folder / "library.db"
    with sqlite3.connect(path) as connection:
        connection.execute(
            "CREATE TABLE items (id INTEGER PRIMARY KEY, path BLOB, title TEXT, artist TEXT, album TEXT, "
            "length REAL, bpm INTEGER, mb_trackid TEXT)"
        )
        connection.executemany(
            "INSERT INTO items (path, artist, title, length, bpm) VALUES (?, ?, ?, ?, ?)", items
        )
    connection.close()
    return path


def navidrome(folder: Path, root: str, *files: tuple[str, str, str, float, int]) -> Path:
    """A server's database of one library below `root` with (path, artist, title, seconds, missing)."""
    path = folder / "navidrome.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE library (id INTEGER, path TEXT)")
        connection.execute("INSERT INTO library VALUES (1, ?)", (root,))
        connection.execute(
            "CREATE TABLE media_file (id INTEGER PRIMARY KEY, library_id INTEGER DEFAULT 1, path TEXT, artist TEXT, "
            "title TEXT, album TEXT, duration REAL, bpm INTEGER, mbz_recording_id TEXT, missing INTEGER)"
        )
        connection.executemany(
            "INSERT INTO media_file (path, artist, title, duration, missing) VALUES (?, ?, ?, ?, ?)", files
        )
    connection.close()
    return path


def touched(path: Path) -> None:
    """Give a file another time, as who writes to it does."""
    about = path.stat()
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns + 1_000_000))


def clicks(bpm: float, seconds: float, seed: int = 0) -> NDArray[np.floating]:
    """A click track, each beat a burst of noise."""
    return _beats(bpm, seconds, lambda _beat, click, _low: click, seed)


def loop(bpm: float, seconds: float, seed: int = 0) -> NDArray[np.floating]:
    """Drums: a low beat and a high one in turn, lighter ones between."""
    return _beats(
        bpm, seconds, lambda beat, click, low: low if beat % 2 == 0 else 2 * click, seed, between=0.5
    )


def _beats(
    bpm: float,
    seconds: float,
    sound: Callable[[int, NDArray[np.floating], NDArray[np.floating]], NDArray[np.floating]],
    seed: int,
    between: float = 0.0,
) -> NDArray[np.floating]:
    rng = np.random.default_rng(seed)
    time = np.arange(int(0.1 * RATE)) / RATE
    click = rng.normal(0, 0.2, len(time)) * np.exp(-40 * time)
    low = np.sin(2 * np.pi * 60 * time) * np.exp(-25 * time)
    out = rng.normal(0, 0.002, int(seconds * RATE))
    for half in range(int(seconds * bpm / 30)):
        part = sound(half // 2, click, low) if half % 2 == 0 else between * click
        at = int(half * 30 / bpm * RATE)
        out[at : at + len(part)] += part[: len(out) - at]
    return out


def measured_here(
    files: list[MusicFile], _workers: int, cancelled: Cancelled
) -> Iterator[tuple[MusicFile, Measured | str]]:
    """What each file sounds like, heard in this process: in the place of `engine.audio.measure.measured_apart`."""
    for file in files:
        if cancelled():
            raise CancelledError("Stopped; what was measured is kept.")
        yield file, listen(file.path, file.seconds)
