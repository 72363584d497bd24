"""How fast a Spotify archive is imported: beside the least any importer must do, and beside a peer.

The floor unpacks every member, decodes its rows with types, and inserts their fields into one plain table. The
peer is `spotify-to-sqlite`, in an environment of its own; without it (`--peer PATH`) its figures are null.

    python -m tests.benchmarks.imports --listens 300000 --json

What was tried, seconds of about 6.5 on two shared cores: no index by import .35; pieces of 2 MB read ahead in place
of 256 KB .25 (small ones overlap with nothing: each needs the interpreter's lock); one pass over a batch's rows
about .4; names of plain letters as they are .1; the next file read ahead while the last rows of this one are worked
on .3. Nothing measurable: several rows in one INSERT, pages of 8 KB, SQLite's sorting threads, a shorter switch
interval, rows written in a thread of their own (as many values or as JSON: the main thread slows by as much).
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

_ROWS_A_FILE = 18_000
_LETTERS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


class _Row(msgspec.Struct, gc=False):
    ts: str | None = None
    ms_played: int | None = None
    master_metadata_track_name: str | None = None
    master_metadata_album_artist_name: str | None = None
    master_metadata_album_album_name: str | None = None
    spotify_track_uri: str | None = None
    spotify_episode_uri: str | None = None
    audiobook_uri: str | None = None
    reason_end: str | None = None
    incognito_mode: bool | None = None


def make_archive(path: Path, listens: int, seed: int = 5) -> int:
    """Write a made-up extended streaming history of this many rows; returns its size unpacked in bytes."""
    rng = random.Random(seed)
    first, second = ("Café", "Ida", "Slow", "Grey", "Ünder"), ("Tundra", "Oaks", "Ferry", "Lake", "Wire")
    artists = [f"{rng.choice(first)} {rng.choice(second)} {i}" for i in range(max(10, listens // 75))]
    tracks = [
        (
            rng.choice(artists),
            f"{rng.choice(second)} Song {i}",
            f"Album {i // 10}",
            "".join(rng.choices(_LETTERS, k=22)),
            rng.randint(120, 360) * 1000,
        )
        for i in range(max(20, listens // 10))
    ]
    weights = [1 / (i + 1) ** 0.8 for i in range(len(tracks))]
    at, size, rows, number = 1_300_000_000, 0, [], 0
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for count, track in enumerate(rng.choices(tracks, weights, k=listens), start=1):
            short = rng.random() < 0.2
            played = rng.randint(500, 25_000) if short else track[4]
            at += played // 1000 + rng.randint(0, 600)
            rows.append(_row(track, at, played, short, rng.random() < 0.01))
            if len(rows) == _ROWS_A_FILE or count == listens:
                data = json.dumps(rows, indent=2, ensure_ascii=False).encode()
                size += len(data)
                name = f"Spotify Extended Streaming History/Streaming_History_Audio_2011-2015_{number}.json"
                archive.writestr(name, data)
                rows, number = [], number + 1
    return size


def _row(
    track: tuple[str, str, str, str, int], at: int, played: int, short: bool, private: bool
) -> dict[str, Any]:
    artist, title, album, uri, _ = track
    return {
        "ts": datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "platform": "ios", "ms_played": played, "conn_country": "DK", "ip_addr": "192.0.2.7",
        "master_metadata_track_name": title, "master_metadata_album_artist_name": artist,
        "master_metadata_album_album_name": album, "spotify_track_uri": f"spotify:track:{uri}",
        "episode_name": None, "episode_show_name": None, "spotify_episode_uri": None, "audiobook_title": None,
        "audiobook_uri": None, "audiobook_chapter_uri": None, "audiobook_chapter_title": None,
        "reason_start": "trackdone", "reason_end": "fwdbtn" if short else "trackdone", "shuffle": False,
        "skipped": short, "offline": False, "offline_timestamp": at - played // 1000, "incognito_mode": private,
    }  # fmt: skip


def floor(archive: Path, folder: Path) -> None:
    """Unzip, decode with types, insert the same rows into a table without index."""
    database = sqlite3.connect(folder / "floor.sqlite")
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = NORMAL")
    database.execute(
        "CREATE TABLE rows (ts TEXT, artist TEXT, track TEXT, album TEXT, uri TEXT, ms INTEGER, reason TEXT, "
        "private INTEGER)"
    )
    decoder = msgspec.json.Decoder(list[_Row])
    with zipfile.ZipFile(archive) as members:
        for name in members.namelist():
            rows = decoder.decode(members.read(name))
            with database:
                database.executemany(
                    "INSERT INTO rows VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    [
                        (
                            r.ts,
                            r.master_metadata_album_artist_name,
                            r.master_metadata_track_name,
                            r.master_metadata_album_album_name,
                            r.spotify_track_uri,
                            r.ms_played,
                            r.reason_end,
                            r.incognito_mode,
                        )
                        for r in rows
                    ],
                )
    database.close()


def ours(archive: Path, folder: Path) -> None:
    """Import into an empty library, as the command does."""
    from engine.imports.run import import_paths
    from engine.paths import Folders
    from engine.privacy import Door
    from engine.store.database import open_library

    connection = open_library(Door(Folders(folder / "ours")))
    import_paths(connection, [archive])
    connection.close()


_KINDS: dict[str, Callable[[Path, Path], None]] = {"floor": floor, "ours": ours}


def _in_a_process(kind: str, archive: Path) -> tuple[float, float]:
    """Seconds of work (without the start of Python) and peak memory in MB, in a fresh process."""
    answer = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.imports", "--run", kind, "--archive", str(archive)],
        check=True,
        capture_output=True,
        text=True,
    )
    seconds, peak = json.loads(answer.stdout)
    return seconds, peak


def _run(kind: str, archive: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        if kind == "ours":
            from engine.imports.registry import formats

            # The start of Python and its modules is not the import.
            formats()
        began = time.perf_counter()
        _KINDS[kind](archive, Path(folder))
        seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps([seconds, peak]))


def _peer(command: str, archive: Path) -> float:
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        subprocess.run(
            [command, "convert", str(archive), str(Path(folder) / "peer.db")],
            check=True,
            capture_output=True,
            cwd=folder,
        )
        return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--listens", type=int, default=300_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--peer", default=shutil.which("spotify-to-sqlite"), help="the peer's command")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--run", choices=sorted(_KINDS), help=argparse.SUPPRESS)
    parser.add_argument("--archive", type=Path, help="this archive instead of a made-up one")
    asked = parser.parse_args()
    if asked.run:
        _run(asked.run, asked.archive)
        return
    with tempfile.TemporaryDirectory() as folder:
        archive = asked.archive or Path(folder) / "my_spotify_data.zip"
        if asked.archive is None:
            make_archive(archive, asked.listens)
        with zipfile.ZipFile(archive) as members:
            size = sum(info.file_size for info in members.infolist())
        times: dict[str, list[float]] = {"ours": [], "floor": [], "peer": []}
        peak = 0.0
        for _ in range(asked.repeats):
            for kind in ("floor", "ours"):
                seconds, memory = _in_a_process(kind, archive)
                times[kind].append(seconds)
                peak = memory if kind == "ours" else peak
        if asked.peer:
            times["peer"].append(_peer(asked.peer, archive))
    middle = {kind: statistics.median(found) if found else None for kind, found in times.items()}
    result = {
        "listens": asked.listens,
        "mb": round(size / 1e6, 1),
        "ours_s": middle["ours"],
        "floor_s": middle["floor"],
        "ratio_floor": middle["ours"] / middle["floor"],  # type: ignore[operator]  # null only where there is no peer
        "peer_s": middle["peer"],
        "ratio_peer": middle["ours"] / middle["peer"] if middle["peer"] else None,  # type: ignore[operator]  # null only where there is no peer
        "peer_note": ""
        if middle["peer"]
        else "spotify-to-sqlite was not found; give its command with --peer",
        "peak_mb": peak,
        "runs": times,
    }
    if asked.json:
        print(json.dumps(result))
    else:
        for key, value in result.items():
            print(f"{key:>12}  {value}")


if __name__ == "__main__":
    main()
