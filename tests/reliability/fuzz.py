"""Every reader against files that were changed: our own errors or a truthful report, in little time and memory.

A finding is anything else: another error, a report that does not add up, a transaction left open, more than `SECONDS`
of the processor or `MEGABYTES` more memory for one file.
"""

from __future__ import annotations

import random
import resource
import shutil
import signal
import sqlite3
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from engine.errors import DiscoverError
from engine.paths import Folders
from engine.privacy import Door
from tests.reliability.mutations import mutated

SECONDS, MEGABYTES = 2.0, 300
# What hangs is left after so many seconds of the processor.
_HANGS = 10.0

Try = Callable[[Path], None]


class _HangError(BaseException):
    """No reader may catch it."""


@dataclass
class Target:
    """A reader: its name, whole files for it, and `read`, which is given a path to one that was changed."""

    name: str
    seeds: list[bytes]
    read: Try
    ending: str = ""


@dataclass
class Found:
    """What came of one reader: inputs tried, errors of our own, findings by what they are, the slowest, in seconds."""

    tried: int = 0
    refused: int = 0
    findings: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0


def fuzz(
    target: Target,
    rng: random.Random,
    others: Sequence[bytes],
    go_on: Callable[[int], bool],
    keep: Path | None = None,
) -> Found:
    """Try changed files while `go_on`, told how many were tried, says so; the first of each finding goes to `keep`."""
    found = Found()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with tempfile.TemporaryDirectory() as folder, _left_when_it_hangs():
        while go_on(found.tried):
            data = mutated(rng.choice(target.seeds), rng, others)
            path = Path(folder) / f"export{target.ending}"
            path.write_bytes(data)
            found.tried += 1
            began, finding = time.process_time(), ""
            signal.setitimer(signal.ITIMER_PROF, _HANGS)
            try:
                target.read(path)
            except DiscoverError:
                found.refused += 1
            except _HangError:
                finding = "it hangs"
            except Exception as error:  # noqa: BLE001 - these are what is looked for
                finding = _where(error)
            finally:
                signal.setitimer(signal.ITIMER_PROF, 0)
            took = time.process_time() - began
            found.slowest = max(found.slowest, took)
            if not finding and took > SECONDS:
                finding = f"over {SECONDS:g} s"
            now = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            if not finding and (now - memory) >> 10 > MEGABYTES:
                finding = f"over {MEGABYTES} MB"
            memory = max(memory, now)
            if finding:
                if finding not in found.findings and keep is not None:
                    (keep / f"{target.name}-{len(found.findings)}{target.ending}").write_bytes(data)
                found.findings[finding] += 1
    return found


def _where(error: Exception) -> str:
    frames = [one for one in traceback.extract_tb(error.__traceback__) if "/engine/" in one.filename]
    place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "the harness"
    return f"{type(error).__name__} {place}"


@contextmanager
def _left_when_it_hangs() -> Iterator[None]:
    def leave(_number: int, _frame: FrameType | None) -> None:
        raise _HangError

    before = signal.signal(signal.SIGPROF, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGPROF, before)


# -- the readers ------------------------------------------------------------------------------------------


def importers(folder: Path) -> list[Target]:
    """Every format of histories, into one library in memory each that is begun anew now and then."""
    from tests.support.samples import SAMPLES, content_of

    found = []
    for name in SAMPLES:
        place = folder / name
        place.mkdir()
        data = content_of(place, name)
        ending = ".xlsx" if data.startswith(b"PK") else ""
        found.append(Target(name, [data], _importer(name), ending))
    return found


def _importer(name: str) -> Try:
    from engine.imports.run import import_paths
    from engine.store.schema import migrate

    connection, count = sqlite3.connect(":memory:"), 0

    def read(path: Path) -> None:
        nonlocal connection, count
        if count % 50 == 0:
            connection.close()
            connection = sqlite3.connect(":memory:")
            migrate(connection)
        count += 1
        report = import_paths(
            connection,
            [path],
            format=name if count % 2 else None,
            zone="Europe/Copenhagen" if count % 5 == 0 else None,
        )
        for file in report.files:
            assert file.read == file.kept + file.duplicates + sum(file.dropped.values()), "an untrue report"
        assert not connection.in_transaction, "a transaction is open"

    return read


_ARTISTS = "id\tname\turl\n1\tIda\tx\n2\tCafé\tx\n3\tThird\tx\n"
_PLAYS = "userID\tartistID\tweight\n1\t1\t10\n1\t2\t5\n2\t2\t7\n2\t3\t1\n3\t1\t4\n"
_TAGS = "tagID\ttagValue\n1\trock\n2\tpop\n"
_TAGGED = "userID\tartistID\ttagID\tday\tmonth\tyear\n1\t1\t1\t1\t1\t2009\n2\t2\t2\t1\t1\t2009\n"
_FEATURES = (
    "track_artist,track_name,tempo,energy,duration_ms,track_id,isrc\n"
    "Ida,Tin Roof,120.5,.5,200000,4uLU6hMCjMI75M1A2tKUQC,USRC17607839\nCafé,Waves,160,.9,180000,,\nX,Y,0,0,0,,\n"
)
_LISTS = "playlist,artist,track,genre,plays\nP1,Ida,Tin Roof,rock;pop,3\nP1,Café,Waves,,2\nP2,Ida,Tin Roof,rock,1\n"
_LINES = '{"user": "u", "artist": "Ida", "plays": 3}\n{"user": "v", "artist": "Café", "plays": 2}\n' * 4


def _zipped(members: dict[str, str]) -> bytes:
    import io
    import zipfile

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return out.getvalue()


def packs(folder: Path) -> list[Target]:
    """Community data and features, into a data folder of their own; the packs there are listed after each."""
    import gzip

    from engine.community.packs import add_packs, list_packs

    door = Door(Folders(folder / "data"))

    def read(path: Path) -> None:
        try:
            add_packs(door, path, name="p")
        finally:
            list_packs(door.folders)
            shutil.rmtree(door.folders.packs, ignore_errors=True)

    hetrec = {
        "artists.dat": _ARTISTS,
        "user_artists.dat": _PLAYS,
        "tags.dat": _TAGS,
        "user_taggedartists.dat": _TAGGED,
    }
    tables = [text.encode() for text in (_FEATURES, _LISTS, _LINES)]
    return [
        Target("pack-hetrec", [_zipped(hetrec)], read, ".zip"),
        Target("pack-table", tables, read, ".csv"),
        Target("pack-packed", [gzip.compress(table) for table in tables], read, ".csv.gz"),
    ]


def settings() -> list[Target]:
    """The person's settings and the kept state, which are read whatever is in them."""
    from tuiapp.settings import config, state

    text = (
        b'# mine\ntheme = "nord"\n[open]\nservice = "Bandcamp"\nplayer = "mpv --no-video ytdl://ytsearch:{query}"\n'
        b'[discover]\nknown_plays = 3\nhalf_life = 365\n[keys]\nundo = "U"\n"discover.like" = "L,ctrl+l"\n'
    )
    kept = state.written({"view": "taste", "discover": {"cursor": 3, "dials": {"variety": 0.3}}})

    def read_settings(path: Path) -> None:
        _ = config.read(path).keymap

    def read_state(path: Path) -> None:
        state.part(state.read_file(path), "discover", "dials")

    return [Target("settings", [text], read_settings, ".toml"), Target("state", [kept], read_state, ".json")]


def models(folder: Path) -> list[Target]:
    """A model's file."""
    from engine.session import Session
    from engine.training.read_model_file import read_model_file
    from engine.training.train import TrainingSettings
    from tests.support.communities import write_community
    from tests.support.models import names

    root = Folders(folder / "made")
    with Session(root) as session:
        session.packs.add(write_community(folder / "set", artists=names(40), listeners=30))
        session.training.train(TrainingSettings(factors=4, iterations=2, tune=False))
        session.model_files.export(folder / "model.zip", "artists")

    def read(path: Path) -> None:
        read_model_file(path)

    return [Target("model", [(folder / "model.zip").read_bytes()], read, ".zip")]


def all_targets(folder: Path) -> list[Target]:
    """Every reader."""
    return [*importers(folder), *packs(folder), *settings(), *models(folder)]
