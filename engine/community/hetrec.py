"""Reader of the HetRec 2011 Last.fm layout: tab-separated `artists.dat`, `user_artists.dat` and, where present, tags.

Takes a folder or a zip with these files in it (PACKS.md). `artists.dat` is UTF-8 and `tags.dat`
Latin-1 in the published set; both are tried. Lines that cannot be used are counted by reason, never hidden.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from engine.canonical_keys import Level, artist_key
from engine.community.pack import PackContent, by_listener
from engine.community.tables import Reading
from engine.errors import UnreadableFileError

NAME = "hetrec"
TITLE = "HetRec 2011 Last.fm layout"
LEVEL: Level = "artists"
_REQUIRED = ("artists.dat", "user_artists.dat")
_YEAR = re.compile(r"(19|20)\d\d")
_POLL = 20_000  # lines between two looks at `cancelled`


def recognises(path: Path) -> bool:
    """Whether `path` is a folder or zip that holds the two required files."""
    return all(name in _members(path) for name in _REQUIRED)


def read(
    path: Path,
    *,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> PackContent:
    """Read listeners, artists and play counts; artists whose names have the same key become one.

    Raises UnreadableFileError naming the file when a required one is missing or holds nothing usable.
    """
    members = _members(path)
    for name in _REQUIRED:
        if name not in members:
            raise UnreadableFileError(f"{path} has no {name}. Choose the folder or zip that has it.")
    dropped: Counter[str] = Counter()
    item_of, names = _read_artists(path, members["artists.dat"], dropped)
    listener, item, plays = _read_plays(
        path, members["user_artists.dat"], item_of, dropped, Reading(path, progress, cancelled)
    )
    if not len(listener):
        raise UnreadableFileError(f"{path}: user_artists.dat has no usable line (userID, artistID, weight).")
    listener, item, plays, names, renumber = _keep_played(listener, item, plays, names)
    return PackContent(
        plays=by_listener(listener, item, plays, len(names)),
        names=names,
        tags=_read_tags(path, members, item_of, renumber, dropped),
        dropped=dict(dropped),
        collected=_newest_year(path, members),
    )


def _members(path: Path) -> dict[str, str]:
    """Base name -> member path, for a folder or a zip; empty for anything else."""
    if path.is_dir():
        return {file.name: file.name for file in path.iterdir() if file.is_file()}
    if path.is_file() and zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            return {Path(name).name: name for name in archive.namelist() if not name.endswith("/")}
    return {}


def _lines(
    path: Path, member: str, encoding: str = "utf-8", reading: Reading | None = None
) -> Iterator[list[str]]:
    """Fields of every line after the header. Plain split: titles hold lone quotes (PACKS.md)."""
    with zipfile.ZipFile(path).open(member) if path.is_file() else (path / member).open("rb") as raw:
        text = io.TextIOWrapper(raw, encoding=encoding, errors="replace", newline="\n")
        for number, line in enumerate(text):
            if reading is not None:
                reading.took(line)
            fields = line.rstrip("\r\n").lstrip("\ufeff").split("\t")
            # Copies without the header line exist: a header is a first line whose first field is not a number.
            if number == 0 and not fields[0].isdigit():
                continue
            yield fields


def _read_artists(path: Path, member: str, dropped: Counter[str]) -> tuple[dict[str, int], list[str]]:
    """File id -> dense item id, and the items' names; equal keys share an item."""
    item_of: dict[str, int] = {}
    by_key: dict[str, int] = {}
    names: list[str] = []
    for fields in _lines(path, member):
        key = artist_key(fields[1]) if len(fields) >= 2 else ""
        if not key:
            dropped["artist without a name"] += 1
            continue
        if key not in by_key:
            by_key[key] = len(names)
            names.append(fields[1].strip())
        item_of[fields[0]] = by_key[key]
    return item_of, names


def _read_plays(
    path: Path,
    member: str,
    item_of: dict[str, int],
    dropped: Counter[str],
    reading: Reading,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    listeners: dict[str, int] = {}
    rows: dict[tuple[int, int], float] = {}
    for number, fields in enumerate(_lines(path, member, reading=reading)):
        if number % _POLL == 0:
            reading.look()
        plays = _number(fields[2]) if len(fields) >= 3 else None
        item = item_of.get(fields[1]) if len(fields) >= 2 else None
        if plays is None:
            dropped["line without a play count"] += 1
        elif plays <= 0:
            dropped["no plays"] += 1
        elif item is None:
            dropped["play of an unknown artist"] += 1
        else:
            listener = listeners.setdefault(fields[0], len(listeners))
            rows[listener, item] = rows.get((listener, item), 0.0) + plays
    pairs = np.array(list(rows), dtype=np.int64).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1], np.fromiter(rows.values(), dtype=np.float32, count=len(rows))


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if np.isfinite(value) else None


def _keep_played(
    listener: np.ndarray, item: np.ndarray, plays: np.ndarray, names: list[str]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[str], dict[int, int]]:
    """Renumber items so that only those somebody played remain: a model can say nothing of the others."""
    played = np.unique(item)
    renumber = {int(old): new for new, old in enumerate(played)}
    return listener, np.searchsorted(played, item), plays, [names[int(old)] for old in played], renumber


def _newest_year(path: Path, members: dict[str, str]) -> str:
    """The year of the latest tag, which is all the layout says of when it was collected; empty without tags."""
    if "user_taggedartists.dat" not in members:
        return ""
    lines = _lines(path, members["user_taggedartists.dat"])
    return max((fields[5] for fields in lines if len(fields) >= 6 and _YEAR.fullmatch(fields[5])), default="")


def _read_tags(
    path: Path,
    members: dict[str, str],
    item_of: dict[str, int],
    renumber: dict[int, int],
    dropped: Counter[str],
) -> list[tuple[int, str, float]]:
    """(item, tag, number of listeners who gave it), where the set has tags."""
    if "tags.dat" not in members or "user_taggedartists.dat" not in members:
        return []
    words = {
        f[0]: f[1].strip()
        for f in _lines(path, members["tags.dat"], "latin-1")
        if len(f) >= 2 and f[1].strip()
    }
    counts: Counter[tuple[int, str]] = Counter()
    for fields in _lines(path, members["user_taggedartists.dat"]):
        item = renumber.get(item_of.get(fields[1], -1)) if len(fields) >= 3 else None
        word = words.get(fields[2]) if len(fields) >= 3 else None
        if item is None or word is None:
            dropped["tag of an unknown artist or word"] += 1
        else:
            counts[item, word] += 1
    return [(item, word, float(n)) for (item, word), n in sorted(counts.items())]
