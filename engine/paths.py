"""Where everything this program writes lives: one folder, one name for each thing in it; what a file may be called."""

from __future__ import annotations

import contextlib
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

_MAX_NAME = 120  # bytes, so that an ending and a number still fit anywhere
_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)


@dataclass(frozen=True)
class Folders:
    """The data folder and what is in it. Nothing here touches the disk."""

    root: Path

    @property
    def demo(self) -> Folders:
        """The demo's own data folder."""
        return Folders(self.root / "demo")

    @property
    def database(self) -> Path:
        """The library: listens, feedback, rules, playlists."""
        return self.root / "library.sqlite"

    @property
    def backups(self) -> Path:
        """Copies of the library from before imports, forgetting and upgrades."""
        return self.root / "backups"

    @property
    def packs(self) -> Path:
        """Community and feature packs, one immutable folder each."""
        return self.root / "packs"

    @property
    def downloads(self) -> Path:
        """What came of a download that is not finished, so that it can go on; public, may be deleted at any time."""
        return self.root / "downloads"

    @property
    def models(self) -> Path:
        """Trained models, one immutable folder each, and the pointers to those in use."""
        return self.root / "models"

    @property
    def config(self) -> Path:
        """Settings, written by the person."""
        return self.root / "config.toml"

    @property
    def last_config(self) -> Path:
        """The settings as they were last whole, to restore them from."""
        return self.root / "config.last.toml"

    @property
    def damaged_config(self) -> Path:
        """Settings that could not be read, set aside where they were restored."""
        return self.root / "config.damaged.toml"

    @property
    def state(self) -> Path:
        """Where the app was when it was left: view, cursor, dials."""
        return self.root / "state.json"

    @property
    def hindsight(self) -> Path:
        """How well Discover guessed the person's own past, and the half-life that guessed it best."""
        return self.root / "hindsight.json"

    @property
    def listening(self) -> Path:
        """The token players show when they send a play, and the port they send it to."""
        return self.root / "listening.json"

    @property
    def servers(self) -> Path:
        """Who the person is to their servers: names and passwords."""
        return self.root / "servers.json"

    @property
    def mixes(self) -> Path:
        """What the last mixes were made of, so that they can go on."""
        return self.root / "mixes.json"

    @property
    def cache(self) -> Path:
        """Compiled kernels of earlier versions, which nothing reads; may be deleted at any time."""
        return self.root / "cache"

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that lie in the data folder itself."""
        return (
            *(self.database, self.config, self.last_config, self.damaged_config, self.state, self.hindsight),
            *(self.listening, self.servers, self.mixes, self.log),
        )

    @property
    def log(self) -> Path:
        """What went wrong, for the person to read or pass on; holds no names of music."""
        return self.root / "discover.log"


def why_not_read(path: Path) -> str:
    """Why `path` is not a file or folder that can be read, to stand behind its name; empty where it is one."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        if os.path.islink(path):  # noqa: PTH114 - of a name that is too long the path would raise
            return "is a link that leads nowhere"
        gone = isinstance(error, (FileNotFoundError, NotADirectoryError))
        return "does not exist" if gone else f"cannot be read: {error.strerror}"
    except ValueError:
        return "is not a path"
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
        return ""
    return (
        f"is a {'pipe' if stat.S_ISFIFO(mode) else 'socket' if stat.S_ISSOCK(mode) else 'device'}, not a file"
    )


def what_is_wrong(path: Path) -> str:
    """Of a file of this program's own that is not as it was written, to stand behind its name."""
    return "is damaged" if path.is_file() else "is missing"


def digest_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal. Raises OSError."""
    import hashlib  # takes longer than all else here, and the first paint needs none of it

    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def has_digest(path: Path, digest: str | None) -> bool:
    """Whether a file's bytes are those of this SHA-256; not where there is none, also where it just went."""
    try:
        return digest_of(path) == digest
    except (FileNotFoundError, IsADirectoryError):
        return False


def size_of(path: Path) -> int:
    """Bytes of a file, or of all in a folder; what is not there, or just went, has none."""
    total = 0
    for file in path.rglob("*") if path.is_dir() else (path,):
        with contextlib.suppress(FileNotFoundError):
            status = file.stat()
            total += status.st_size if stat.S_ISREG(status.st_mode) else 0
    return total


def safe_file_name(title: str) -> str:
    """`title` as a file name without ending that every system accepts, at most 120 bytes.

    >>> safe_file_name("AC/DC: live?")
    'AC_DC_ live_'
    """
    name = re.sub(
        r'[\x00-\x1f\x7f-\x9f/\\:*?"<>|\u202a-\u202e\u2066-\u2069\ud800-\udfff]', "_", title
    ).strip()
    name = name.encode()[:_MAX_NAME].decode(errors="ignore").rstrip(". ")
    if name.startswith("."):
        name = f"_{name[1:]}"
    return f"_{name}" if _DEVICES.fullmatch(name) else name or "playlist"
