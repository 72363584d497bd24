"""Genre packs: artists' genres by MusicBrainz' editors.

Reads `artist.tar.xz` of MusicBrainz' JSON dumps, or the lines in it: one artist a line. A pack is a folder with
`genres.sqlite` (artist key, genre, votes) and `manifest.json`. It has every artist with a known genre, not only one's
own, so it reveals nothing of the person. Training adds it to the model's tags. PACKS.md has the layout.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import sqlite3
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

import msgspec
import numpy as np

from engine.canonical_keys import artist_key
from engine.community.bad_lines import UNREADABLE
from engine.community.damaged import damaged_pack
from engine.community.files import is_tar
from engine.community.genre_tree import decade_of
from engine.community.known import known_artists
from engine.community.pack_names import MANIFEST_FILE, name_for
from engine.community.streams import Member, first_bytes, opened_member
from engine.errors import CancelledError, UnreadableFileError
from engine.paths import Folders, digest_of
from engine.privacy import Door
from engine.progress import Cancelled, CountReport

KIND, FORMAT, TABLE_FILE = "genres", 1, "genres.sqlite"
TITLE = "MusicBrainz' artists, for genres (artist.tar.xz of its JSON dumps)"
SOURCE = "MusicBrainz"
LICENCE = "CC0 as MusicBrainz' JSON dump, CC BY-NC-SA 3.0 as its SQL dump"
SUFFIX = "mbdump/artist"
MAX_GENRES = 5  # of an artist, the most voted
_CHUNK = 2_000  # keys a statement
_TABLE = """
CREATE TABLE genres (
    artist_key TEXT NOT NULL,
    genre      TEXT NOT NULL,
    votes      INTEGER NOT NULL,
    PRIMARY KEY (artist_key, genre)
) STRICT, WITHOUT ROWID
"""


# A larger number of votes is not a count of people.
_MAX_VOTES = 1 << 40


class _Word(msgspec.Struct, gc=False):
    name: str
    count: int = 0


class _Artist(msgspec.Struct, gc=False):
    id: str
    name: str
    genres: list[_Word] = []
    tags: list[_Word] = []


def recognises(path: Path) -> bool:
    """Whether `path` is the archive, or its lines."""
    start = first_bytes(path, 1 << 16) if path.is_file() else b""
    return SUFFIX.encode() in start if is_tar(start) else start.startswith(b"{") and b'"sort-name"' in start


def add_genres(
    door: Door,
    file: IO[bytes],
    source: str,
    name: str = KIND,
    progress: CountReport | None = None,
    cancelled: Cancelled | None = None,
    *,
    size: int | None = None,
    said: Callable[[], Mapping[str, object]] = dict,
) -> str:
    """Read the genres of artists out of an open file into a pack called `name`; returns its name.

    `progress` gets bytes read and in all; what `said` returns when all was read goes into the manifest, what it
    raises keeps the pack from being. Raises UnreadableFileError for a damaged file and one without a genre,
    CancelledError.
    """
    dropped = Counter[str]()
    with opened_member(file, source, SUFFIX, size=size) as member:
        if member is None:
            raise UnreadableFileError(f"{source} has no {SUFFIX}.")
        genres = _genres(member, known_artists(door.folders), dropped, progress, cancelled, size)
    if not member.whole_lines:
        raise UnreadableFileError(f"{member.name} ends within a line.")
    if not genres:
        raise UnreadableFileError(f"{member.name} has no artist with a genre. Is the file complete?")
    label = name_for(door.folders, name, KIND, "artists")
    with door.new_folder(door.folders.packs / label) as folder:
        _write(folder / TABLE_FILE, genres)
        manifest = {
            "format": FORMAT,
            "kind": KIND,
            "name": label,
            "level": "artists",
            "source": SOURCE,
            "items": len(genres),
            "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
            "licence": LICENCE,
            "digest": digest_of(folder / TABLE_FILE),
            "dropped": {reason: count for reason, count in dropped.items() if count},
            **said(),
        }
        text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
        (folder / MANIFEST_FILE).write_text(text, encoding="utf-8")
    return label


def _genres(
    member: Member,
    known: Mapping[str, str],
    dropped: Counter[str],
    progress: CountReport | None,
    cancelled: Cancelled | None,
    size: int | None,
) -> dict[str, list[_Word]]:
    """By artists' keys their words: those of artists a pack knows by id, of others where no two have one name."""
    decode = msgspec.json.Decoder(_Artist).decode
    mine = set(known.values())
    found: dict[str, list[_Word]] = {}
    names = array("q")  # of all artists, those without a genre too, by 64-bit hashes
    for lines in member.blocks():
        if cancelled is not None and cancelled():
            raise CancelledError("Stopped; no pack was added.")
        for line in lines:
            try:
                artist = decode(line)
            except msgspec.ValidationError:
                dropped["line of another layout"] += 1
                continue
            except UNREADABLE:
                dropped["line that is not JSON, or cut short"] += bool(line.strip())
                continue
            words = _words(artist)
            if (key := known.get(artist.id)) is not None:
                found[key] = words
            elif (key := artist_key(artist.name)) not in mine:
                names.append(hash(key))
                if words and key:
                    found[key] = words
        if progress is not None:
            progress(member.place(), member.size or size or 0)
    values, times = np.unique(np.frombuffer(names, dtype=np.int64), return_counts=True)
    several = set(values[times > 1].tolist())
    shared = [key for key in found if key not in mine and hash(key) in several]
    for key in shared:
        del found[key]
    dropped["name that several artists have"] = len(shared)
    return {key: words for key, words in found.items() if words}


def _words(artist: _Artist) -> list[_Word]:
    """An artist's genres, most voted first; the tags of one who has no genre. Behind them the decades among the tags,
    which are not genres."""
    words = [word for word in artist.genres or artist.tags if 0 < word.count <= _MAX_VOTES and word.name]
    best = sorted(words, key=lambda word: (-word.count, word.name))[:MAX_GENRES]
    there = {word.name for word in best}
    return best + [
        word
        for word in artist.tags
        if 0 < word.count <= _MAX_VOTES and word.name not in there and decade_of(word.name)
    ]


def _write(path: Path, genres: Mapping[str, list[_Word]]) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute(_TABLE)
        connection.executemany(
            "INSERT OR IGNORE INTO genres VALUES (?, ?, ?)",
            ((key, word.name, word.count) for key in sorted(genres) for word in genres[key]),
        )
        connection.commit()


def read_genres(folders: Folders, keys: Sequence[str]) -> Iterator[tuple[str, str, int]]:
    """(artist key, genre, votes) of artists in every genre pack, of each the most voted first.

    Raises DamagedDataError naming a pack that cannot be read.
    """
    for file in sorted(folders.packs.glob(f"[!.]*/{TABLE_FILE}")):
        try:
            uri = f"{file.absolute().as_uri()}?mode=ro&immutable=1"
            with contextlib.closing(sqlite3.connect(uri, uri=True)) as connection:
                for start in range(0, len(keys), _CHUNK):
                    some = keys[start : start + _CHUNK]
                    yield from connection.execute(
                        "SELECT artist_key, genre, votes FROM genres "  # noqa: S608 - marks only
                        f"WHERE artist_key IN ({','.join('?' * len(some))}) ORDER BY artist_key, votes DESC, genre",
                        some,
                    )
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            raise damaged_pack(error, file) from error
