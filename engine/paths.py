"""The data folder: the path of everything this program writes, and safe file names."""

from __future__ import annotations

import contextlib
import errno
import io
import itertools
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

_MAX_NAME = 120  # bytes, which leaves room for an extension and a number on any file system
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
        """Partial downloads, to be resumed; public data, may be deleted at any time."""
        return self.root / "downloads"

    @property
    def models(self) -> Path:
        """Trained models, one immutable folder each, and the pointers to those in use."""
        return self.root / "models"

    @property
    def config(self) -> Path:
        """Settings, which the person may edit."""
        return self.root / "config.toml"

    @property
    def last_config(self) -> Path:
        """The last valid settings, to restore from."""
        return self.root / "config.last.toml"

    @property
    def damaged_config(self) -> Path:
        """Unreadable settings, moved here when they were restored."""
        return self.root / "config.damaged.toml"

    @property
    def state(self) -> Path:
        """The app's state at exit: view, cursor, dials."""
        return self.root / "state.json"

    @property
    def hindsight(self) -> Path:
        """Backtest results on the person's own history, and the half-life that did best."""
        return self.root / "hindsight.json"

    @property
    def listening(self) -> Path:
        """The token and the port for players that send plays."""
        return self.root / "listening.json"

    @property
    def servers(self) -> Path:
        """User names and passwords for the person's servers."""
        return self.root / "servers.json"

    @property
    def mixes(self) -> Path:
        """The last mixes: their tracks, to continue them, and when those of the day were begun."""
        return self.root / "mixes.json"

    @property
    def cache(self) -> Path:
        """Compiled kernels of earlier versions, unused; may be deleted at any time."""
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
        """The log of unexpected errors, to read or pass on; holds no names of music."""
        return self.root / "discover.log"


def why_not_read(path: Path) -> str:
    """Why `path` is not a readable file or folder, to be put after its name; empty if it is."""
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
    """What is wrong with an altered file of this program, to be put after its name."""
    return "is damaged" if path.is_file() else "is missing"


def bytes_of(path: Path) -> bytes:
    """A file of the data folder. Raises OSError, also for a pipe or a device in its place, which would have no end."""
    require_file(path)
    return path.read_bytes()


def require_file(path: Path) -> None:
    """Raises OSError, which is a ValueError too, for a pipe or a device."""
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        # Of both kinds that readers expect of a damaged file.
        raise io.UnsupportedOperation(errno.EINVAL, "it is no file", str(path))


def digest_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal. Raises OSError as `bytes_of` does."""
    import hashlib  # slow to load, and not needed for the first paint

    require_file(path)
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def has_digest(path: Path, digest: str | None) -> bool:
    """Whether a file has this SHA-256; false if there is no file."""
    return path.is_file() and digest_of(path) == digest


def size_of(path: Path) -> int:
    """Bytes of a file, or of everything in a folder; 0 for what does not exist or cannot be looked at."""
    total = 0
    # A folder that is removed, or fails, meanwhile counts what was seen until then.
    inside = (Path(folder, name) for folder, _, names in os.walk(path) for name in names)
    for file in itertools.chain((path,), inside):
        with contextlib.suppress(OSError):
            status = file.stat()
            total += status.st_size if stat.S_ISREG(status.st_mode) else 0
    return total


def entries(folder: Path) -> list[Path]:
    """What is in a folder, by name; empty where there is none. Raises OSError where the disk is in the way."""
    try:
        return sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []


def safe_file_name(title: str) -> str:
    """`title` as a file name without extension that is valid on every system, at most 120 bytes.

    >>> safe_file_name("AC/DC: live?")
    'AC_DC_ live_'
    """
    name = re.sub(
        r'[\x00-\x1f\x7f-\x9f/\\:*?"<>|\u202a-\u202e\u2066-\u2069\ud800-\udfff]', "_", title
    ).strip()
    name = name.encode()[:_MAX_NAME].decode(errors="ignore").rstrip(". ")
    # Hidden, or an option to a program that gets it as an argument.
    if name.startswith((".", "-")):
        name = f"_{name[1:]}"
    return f"_{name}" if _DEVICES.fullmatch(name) else name or "playlist"
