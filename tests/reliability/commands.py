"""Every command that writes, as it is killed and failed, and the made-up data folders it starts from."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import signal
import socket
import sqlite3
import stat
import threading
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.live.token import wanted
from engine.paths import Folders
from engine.privacy import Door
from engine.store import schema
from tests.reliability.watching import run

# What `forget` is asked to forget; no other name holds it.
SECRET = "Étoile Grise"
# 2023-03-02T19:01:00Z
_START, _DAY = 1_677_783_660, 86_400
_WHOLE, _EMPTY, _SOLO, _DAMAGED, _BACKED = "whole", "empty", "solo", "damaged", "backed up"
# Libraries of earlier versions: the first of all, and one with nearly everything.
_VERSIONS = (1, 9)


@dataclass(frozen=True, slots=True)
class Command:
    """A command line, whose words may hold {files}, from one of the data folders there are.

    `steps`: what it keeps, it keeps in steps, and what a killed one kept stays. `gone` is in no file of the folder
    once it is done. `listens`: plays are sent to it meanwhile.
    """

    name: str
    line: tuple[str, ...]
    start: str = _WHOLE
    steps: bool = False
    gone: str = ""
    listens: bool = False

    def work(self, data: Path, files: Path) -> Callable[[], int]:
        """What a child does: the command, over the folder `data`."""
        line = [word.format(files=files, data=data) for word in self.line]

        def work() -> int:
            from tuiapp.cli.main import run as command_line

            if self.listens:
                return _listen(data)
            return command_line(["--data-dir", str(data), *line])

        return work


def _of(*lines: str, **how: object) -> list[Command]:
    return [
        Command(name, tuple(line.split("|")), **how) for name, line in (one.split(": ", 1) for one in lines)
    ]  # type: ignore[arg-type]  # names of the fields


COMMANDS = [
    *_of("import: import|{files}/more.csv|{files}/likes", steps=True),
    *_of(
        "import, the first: import|{files}/plays.csv",
        "played, the first: played|Artist 3|New Song",
        start=_EMPTY,
        steps=True,
    ),
    *_of(
        "train: train|--factors|8|--iterations|2|--no-tune",
        "train, tracks: train|--level|tracks|--factors|8|--iterations|2|--no-tune",
        steps=True,
    ),
    *_of("train, solo: train|--factors|8|--iterations|2|--no-tune", start=_SOLO, steps=True),
    *_of(
        "features add: features|add|{files}/other tempos.csv",
        "features replace: features|add|{files}/other tempos.csv|--name|tempos",
        "features remove: features|remove|tempos",
        "community add: community|add|{files}/other",
        "community replace: community|add|{files}/other|--name|made",
        "community remove: community|remove|made",
        "playlist: playlist|running|--minutes|10|--seed|1|--save|New",
        "mix: mix|Artist 3|--minutes|10|--seed|1|--save|New",
        "playlists create: playlists|create|New",
        "playlists add: playlists|add|Mine|Artist 3",
        "playlists drop: playlists|drop|Mine|1",
        "playlists move: playlists|move|Mine|1|2",
        "playlists rename: playlists|rename|Mine|Yours",
        "playlists remove: playlists|remove|Mine",
        "like: like|Artist 5", "hide: hide|Artist 5", "block: block|Artist 5", "unblock: unblock|Artist 2",
        "exclude: taste|exclude|--artist|Artist 4",
        "include: taste|include|1",
        "compare start: compare|start|fewer hits",
        "community export: community|export|--parquet|{data}/../parquet",
        "evaluate: evaluate",
        "config set: config|set|theme|nord", "config unset: config|unset|open.service",
        "played: played|Artist 3|New Song|--seconds|200",
        "model add: model|add|{files}/model.zip|--yes",
        "model undo: model|undo",
        "model export: model|export|{data}/../out.zip",
        "library remove: library|remove|{files}/music",
        "community update: community|update|{files}/newer|--name|made",
        "playlists continue: playlists|continue|Mine|-n|3",
    ),
    *_of("doctor --repair: doctor|--repair", start=_DAMAGED),
    *_of("backup restore: backup|restore", start=_BACKED),
    *(one for version in _VERSIONS for one in _of(
        f"upgrade from {version}: stats", start=f"of version {version}", steps=True,
    )),
    *_of("library add: library|add|{files}/more music", "library scan: library|scan", steps=True),
    *_of("listen: ", listens=True, steps=True),
    *_of(
        f"forget, an artist: forget|--artist|{SECRET}|--yes",
        f"forget, with playlists: forget|--artist|{SECRET}|--playlists|--yes",
        "forget, a track: forget|--track|Song 3|--artist|Artist 3|--yes",
        "forget, before: forget|--before|2024-03|--yes",
        "forget, a source: forget|--source|plays.csv|--yes",
        "forget, all: forget|--all|--yes",
    ),
]  # fmt: skip


# -- what they start from -----------------------------------------------------------------------------------


def make(place: Path, *, models: bool = True) -> None:
    """The files commands are given, in `place`/files, and the data folders they start from, named for what they hold;
    without `models` what takes no training."""
    files = place / "files"
    _write_files(files)
    lines = [
        "import|{files}/plays.csv", "config|set|open.service|Bandcamp", "like|Artist 1", "block|Artist 2",
        "taste|exclude|--track|Song 4", "playlists|create|Mine", "playlists|add|Mine|Artist 1",
        f"playlists|add|Mine|{SECRET}", "playlists|add|Mine|Artist 6",
        "features|add|{files}/tempos.csv|--name|tempos", "library|add|{files}/music",
        "doctor",
    ]  # fmt: skip
    train = "train|--factors|8|--iterations|2|--no-tune"
    of_packs = ["community|add|{files}/made|--name|made", f"{train}|--seed|1", f"{train}|--seed|2"]
    export = ["model|export|{files}/model.zip", f"{train}|--seed|3"]
    of_tracks = ["community|add|{files}/lists.csv|--name|lists"]
    for line in lines:
        # In this process, which thereby has loaded what its children need.
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            code = Command("", tuple(line.split("|"))).work(place / _SOLO, files)()
        if code:
            raise OSError(line)
    folders = Folders(place / _SOLO)
    wanted(folders, _free_port()).keep(Door(folders))
    (place / _SOLO / "state.json").write_text(json.dumps({"version": 1, "trail": [SECRET]}))
    shutil.copytree(place / _SOLO, place / _WHOLE)
    for line in [*of_packs, *export, *of_tracks] if models else []:
        ended = run(Command("", tuple(line.split("|"))).work(place / _WHOLE, files), place)
        if ended.code:
            raise OSError(f"{line}: {ended.err}")
    shutil.copytree(place / _SOLO, place / _BACKED, symlinks=True)
    # What is backed up is the library before.
    ended = run(Command("", ("import", str(files / "more.csv"))).work(place / _BACKED, files), place)
    if ended.code or not any((place / _BACKED / "backups").iterdir()):
        raise OSError(f"no backup: {ended.err}")
    _damage(shutil.copytree(place / _WHOLE, place / _DAMAGED, symlinks=True))
    for version in _VERSIONS:
        (place / f"of version {version}").mkdir(mode=0o700)
        _earlier(
            place / _SOLO / "library.sqlite", place / f"of version {version}" / "library.sqlite", version
        )
    (place / _EMPTY).mkdir(mode=0o700)


def _damage(data: Path) -> None:
    """What `doctor --repair` mends: an index of the library and that of a model, settings, what is worked out, a
    backup."""
    with contextlib.closing(sqlite3.connect(data / "library.sqlite")) as library:
        (page,) = library.execute(
            "SELECT rootpage FROM sqlite_schema WHERE name = 'listens_by_time'"
        ).fetchone()
        (size,) = library.execute("PRAGMA page_size").fetchone()
    with (data / "library.sqlite").open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(bytes(size))
    (data / "state.json").write_text("{")
    (data / "config.toml").write_bytes(b'[open]\nservice = "Band\xff"\n')
    if (pointer := data / "models/current").exists():
        (data / "models" / pointer.read_text() / "index/norms.npy").write_bytes(b"")
    (data / "backups").mkdir(exist_ok=True)
    (data / "backups/20200101-000000-import.sqlite").write_bytes(b"SQLite")


def _earlier(library: Path, to: Path, version: int) -> None:
    """The same library as an earlier version had it."""
    with (
        contextlib.closing(sqlite3.connect(library)) as now,
        contextlib.closing(sqlite3.connect(to)) as earlier,
    ):
        steps = schema.STEPS
        try:
            schema.STEPS = steps[:version]
            schema.migrate(earlier)
        finally:
            schema.STEPS = steps
        earlier.execute("PRAGMA journal_mode = WAL")
        for (table,) in earlier.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall():
            columns = ", ".join(row[1] for row in earlier.execute(f"PRAGMA table_info({table})"))
            rows = now.execute(f"SELECT {columns} FROM {table}").fetchall()
            if rows:
                marks = ", ".join("?" * len(rows[0]))
                earlier.executemany(f"INSERT OR REPLACE INTO {table} ({columns}) VALUES ({marks})", rows)
        earlier.commit()


def _free_port() -> int:
    """A port of this machine that nobody has, for this run alone."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _write_files(files: Path) -> None:
    from tests.support.audio import wav
    from tests.support.communities import write_community
    from tests.support.importing import lastfm, write

    known = [f"Artist {number}" for number in range(40)]

    def plays(first: int, months: int) -> Iterator[tuple[int, tuple[str, str]]]:
        for month in range(first, first + months):
            heard = [SECRET, *(known[(2 * month + n) % 40] for n in range(9))]
            for number, name in enumerate(heard):
                yield _START + 30 * _DAY * month + 300 * number, (name, f"Song {(number + month) % 5}")

    write(files, "plays.csv", lastfm(*plays(0, 24)))
    write(files, "more.csv", lastfm(*plays(18, 12)))
    like = {"artist": "Artist 9", "album": "", "track": "Song 1", "uri": f"spotify:track:{9:022}"}
    write(files, "likes/YourLibrary.json", {"tracks": [like]})
    for name, tempo in (("tempos", 150), ("other tempos", 160)):
        rows = [f"{name},Song {n},{tempo + n},.8,200000" for name in known for n in range(5)]
        write(files, f"{name}.csv", "track_artist,track_name,tempo,energy,duration_ms\n" + "\n".join(rows))
    write_community(files / "made", artists=known, listeners=30)
    write_community(files / "other", artists=known, listeners=24, seed=5)
    write_community(files / "newer", artists=[*known, "New One", "New Two"], listeners=40, seed=6)
    rows = [
        f"p{number},{known[(number * 7 + n) % 20]},Song {n % 3}" for number in range(40) for n in range(6)
    ]
    write(files, "lists.csv", "playlist_id,track_artist,track_name\n" + "\n".join(rows))
    for folder, first in (("music", 0), ("more music", 6)):
        for number in range(first, first + 6):
            wav(files / folder / f"{number}.wav", tags={"TPE1": f"Artist {number}", "TIT2": "Song 1"})


def fresh(place: Path, start: str) -> Path:
    """A copy of the data folder called `start`, always by the same path, and nothing beside it."""
    trial = place / "trial"
    shutil.rmtree(trial, ignore_errors=True)
    trial.mkdir()
    _copy(f"{place / start}", f"{trial / 'data'}")
    (trial / "data").chmod(0o700)
    return trial / "data"


def _copy(folder: str, to: str) -> None:
    """Contents, permissions and times, as `shutil.copytree` copies them, in a third of the time."""
    os.mkdir(to)
    with os.scandir(folder) as inside:
        for entry in inside:
            there, as_it_is = f"{to}/{entry.name}", entry.stat(follow_symlinks=False)
            if entry.is_symlink():
                os.symlink(os.readlink(entry.path), there)
            elif entry.is_dir():
                _copy(entry.path, there)
            else:
                with open(entry.path, "rb", buffering=0) as old:
                    file = os.open(there, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                    os.write(file, old.read())
                    os.fchmod(file, stat.S_IMODE(as_it_is.st_mode))
                    os.close(file)
            os.utime(there, ns=(as_it_is.st_atime_ns, as_it_is.st_mtime_ns), follow_symlinks=False)
    os.chmod(to, stat.S_IMODE(os.stat(folder).st_mode))


# -- plays that are sent ------------------------------------------------------------------------------------


def _listen(data: Path) -> int:
    """Listen while a player tells three plays, one after the other, then stop."""
    from engine.live.__main__ import main
    from engine.live.token import access

    used = access(Folders(data))
    assert used is not None

    def tell() -> None:
        try:
            for number in range(3):
                listen = {
                    "listened_at": _START + 800 * _DAY + 400 * number,
                    "track_metadata": {"artist_name": "Artist 3", "track_name": f"Told {number}"},
                }
                body = json.dumps({"listen_type": "single", "payload": [listen]}).encode()
                asked = urllib.request.Request(
                    f"http://{used.host}/1/submit-listens", body, {"Authorization": f"Token {used.token}"}
                )
                for _ in range(100):
                    try:
                        with urllib.request.urlopen(asked, timeout=20) as answer:
                            answer.read()
                        print(f"kept {number}", flush=True)
                        break
                    except ConnectionRefusedError:
                        threading.Event().wait(0.02)
                    except urllib.error.URLError as error:
                        if not isinstance(error.reason, ConnectionRefusedError):
                            raise
                        threading.Event().wait(0.02)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=tell, daemon=True).start()
    words = {"root": str(data), "port": None, "quiet": True, "mpd": "off", "mpris": "off"}
    return main(json.dumps(words))
