"""A data folder one of whose files is damaged, as a disk that fails or a hand that slips does it: what then is said.

Every error is one of our own, and the doctor names what is damaged or nothing of it was read.
"""

from __future__ import annotations

import contextlib
import io
import random
import re
import shutil
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from engine.community.pack import PackContent, write_pack
from engine.errors import DiscoverError
from engine.paths import Folders
from engine.playlists.playlist import PlaylistTrack
from engine.recommend.settings import DiscoverSettings
from engine.session import Session
from engine.store.backups import IMPORT, backups, is_whole, make
from tests.support.driving import settled
from tests.support.models import names
from tests.support.places import fill, made_up_plays
from tuiapp.app.app import DiscoverApp
from tuiapp.cli.main import run
from tuiapp.settings import config, state

_BLOCK = 4096


def truncated(data: bytes, rng: random.Random) -> bytes:
    """Cut short, somewhere or at its beginning."""
    return data[: rng.choice((0, len(data) // 2, rng.randrange(len(data))))]


def zeroed(data: bytes, rng: random.Random) -> bytes:
    """A block of the disk is gone: the whole of a small file."""
    at = rng.randrange(0, len(data), _BLOCK)
    return data[:at] + bytes(min(_BLOCK, len(data) - at)) + data[at + _BLOCK :]


def flipped(data: bytes, rng: random.Random) -> bytes:
    """From one bit to a few hundred are the other way."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 4, 40, 400))):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def swapped(data: bytes, rng: random.Random) -> bytes:
    """Two blocks of the disk are in each other's place."""
    blocks = [data[at : at + _BLOCK] for at in range(0, len(data), _BLOCK)]
    one, other = rng.randrange(len(blocks)), rng.randrange(len(blocks))
    blocks[one], blocks[other] = blocks[other], blocks[one]
    return b"".join(blocks)


def redefined(data: bytes, rng: random.Random) -> bytes:
    """A bit of what a database says of its tables is the other way; one of anything else."""
    definitions = [found.end() for found in re.finditer(rb"CREATE ", data)]
    at = rng.choice(definitions) + rng.randrange(200) if definitions else rng.randrange(len(data))
    at = min(at, len(data) - 1)
    return data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]


DAMAGES: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "truncated": truncated,
    "zeroed": zeroed,
    "flipped": flipped,
    "swapped": swapped,
    "redefined": redefined,
}


def made(root: Path) -> Folders:
    """A data folder with a file of every kind."""
    folders = fill(root)
    with Session(folders) as session:
        make(session.door, session.library.connection, IMPORT)
        session.library.write_state(state.written({"view": "taste", "trail": ["Artist A0"]}))
        session.evaluation.renew()
        session.door.write_config(b'theme = "nord"\n[discover]\nknown_plays = 2\n')
        with session.door.new_folder(folders.packs / "crowd") as folder:
            plays = made_up_plays(60)[:200]
            content = PackContent(plays, names(60), tags=[(0, "rock", 1.0)], dropped={})
            write_pack(folder, content, name="crowd", source="made up", date="2026-01-01")
    return folders


def asked(session: Session) -> dict[str, Callable[[], object]]:
    """What both front ends ask of a session, by name."""
    running = next(one for one in session.playlists.contexts() if one.name == "running")
    artist, track = names(1)[0], PlaylistTrack(names(1)[0], "Song 0")
    return {
        "status": session.status,
        "discover": lambda: session.discover.list(DiscoverSettings(n=20)),
        "artist": lambda: session.artist_pages.of(artist),
        "related": lambda: session.artists.related(artist, 5),
        "search": lambda: session.artists.search("artst"),
        "listens": lambda: session.history.listens(session.history.listen_ids("art")),
        "stats": session.history.stats,
        "map": session.taste.map,
        "drift": session.taste.drift,
        "browse": session.browse.tree,
        "mix": lambda: session.mixes.mix(session.seeds.of([artist])),
        "running": lambda: session.playlists.make(running),
        "playlists": lambda: [session.playlists.show(one.name) for one in session.playlists.all()],
        "feedback": session.verdicts.all,
        "like": lambda: session.verdicts.judge("like", names(42)[41]),
        "save": lambda: session.playlists.create("New", [track]),
        "tempo": session.packs.tempo_coverage,
        "coverage": session.coverage.of,
        "hindsight": session.evaluation.last,
        "contexts": session.routines.all,
        "music": session.music.counts,
        "log": lambda: session.history.log_play(artist, "Song 0", seconds=200, at=1_720_000_000),
        "export": lambda: session.model_files.export(session.folders.root.parent / "model.zip"),
    }


@dataclass
class Damaged:
    """What came of so many damaged files."""

    tried: int = 0
    said: int = 0
    faults: Counter[str] = field(default_factory=Counter)


def tamper(base: Path, at: Path, rng: random.Random, name: str, how: str, found: Damaged) -> bool:
    """Damage one file of a copy of `base`, and ask for everything; whether anything was changed."""
    shutil.rmtree(at, ignore_errors=True)
    shutil.copytree(base, at)
    file = at / name
    before = file.read_bytes()
    after = DAMAGES[how](before, rng) if before else before
    if after == before:
        return False
    found.tried += 1
    file.write_bytes(after)
    folders = Folders(at)
    said = []

    def ask(what: str, question: Callable[[], object]) -> None:
        try:
            question()
        except DiscoverError as error:
            said.append(str(error))
        except Exception as error:  # noqa: BLE001 - what is counted
            found.faults[f"{name} {how}: {what}: {where(error)}"] += 1

    def questions() -> None:
        with Session(folders) as session:
            for what, question in asked(session).items():
                ask(what, question)

    ask("open", questions)
    ask("config", lambda: config.read(folders.config))
    ask("state", lambda: state.read_file(folders.state))
    ask("backups", lambda: [is_whole(one) for one in backups(folders)])
    found.said += bool(said)
    return True


def where(error: BaseException) -> str:
    """The error and the deepest line of ours it came from."""
    steps = traceback.extract_tb(error.__traceback__)
    ours = [step for step in steps if "/engine/" in step.filename or "/tuiapp/" in step.filename]
    last = (ours or steps)[-1]
    return f"{type(error).__name__} {Path(last.filename).name}:{last.lineno} {str(error)[:80]}"


# What a person asks of each part, and at last to mend it.
LINES = (
    "listen --status", "recommend -n 5", "doctor", "stats", "related Artist\xa0A0",
    "playlist running --minutes 10 --seed 1", "taste", "search artist", "playlists", "community list", "backup list",
    "played Artist\xa0A0 New",
    "doctor --repair", "doctor", "recommend -n 5",
)  # fmt: skip
_RAW = re.compile(r"Unexpected error|Traceback|\[Errno|Error\(")


def command_lines(at: Path, what: str, found: Damaged) -> None:
    """Ask by the command line, and mend: what is said there is of our own words, and no more is wrong after it."""
    for line in LINES:
        out = io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            run(["--data-dir", str(at), *(word.replace("\xa0", " ") for word in line.split(" "))])
        if _RAW.search(out.getvalue()):
            found.faults[f"{what}: {line}: {out.getvalue()[-200:]}"] += 1


async def in_the_app(at: Path, what: str, found: Damaged) -> None:
    """Open the app and look at every view."""
    app = DiscoverApp(Folders(at))
    try:
        async with app.run_test(size=(100, 30)) as pilot:
            await settled(pilot)
            await pilot.press("escape")
            for key in "12345678":
                await pilot.press(key)
                await settled(pilot)
    except Exception as error:  # noqa: BLE001 - what is counted
        error = getattr(error, "error", error)
        found.faults[f"{what}: the app: {where(error)}"] += 1
