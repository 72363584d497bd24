"""Reads tempo, energy and the like for tracks from CSV files: one `FeatureRow` a line that says something.

Recognised by their headers: Exportify in its three shapes (also with a translated header), the public
"Spotify songs" tables, and anything with an artist, a title and a tempo or an energy column. Files may be
plain, `.gz`, or inside a `.zip`; folders are walked.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import math
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, cast

from engine.errors import UnreadableFileError

_LONGEST_FIELD = 131_072  # no name or genre list is longer; an unclosed quote is
TABLE_ENDINGS = (".csv", ".tsv", ".txt")
MOST_BYTES = 4 << 30  # a table unpacked beyond this is a broken or hostile archive

# Which normalised headers (lower case, other characters as one `_`) mean what; earlier ones are preferred.
ROLES: dict[str, tuple[str, ...]] = {
    "artist": ("track_artist", "artist_name_s", "artist_name", "artist", "artists", "performer", "creator"),
    "track": ("track_name", "track", "song_name", "song_title", "song", "title", "name"),
    "album": ("track_album_name", "album_name", "album", "release"),
    "bpm": ("tempo", "bpm", "tempo_bpm", "beats_per_minute"),
    "energy": ("energy",),
    "danceability": ("danceability",),
    "valence": ("valence",),
    "milliseconds": ("duration_ms", "track_duration_ms"),
    "seconds": ("duration_s", "seconds", "duration", "track_duration", "length"),
    "spotify": ("track_uri", "uri", "spotify_id", "spotify_track_id", "track_id"),
    "isrc": ("isrc",),
    "popularity": ("track_popularity", "popularity"),
    "artist_ids": ("artist_uri_s", "artist_ids"),
}
_MEASURES = ("bpm", "energy", "danceability", "valence")

_SPOTIFY = re.compile(r"(?:^|[:/])([0-9A-Za-z]{22})(?:\?.*)?$")
_SPOTIFY_URI = re.compile(r"^spotify:(track|episode|local):")
_ISRC = re.compile(r"^[A-Z]{2}[A-Z0-9]{3}[0-9]{7}$")
_UNKNOWN = {"", "undefined", "null", "none", "nan", "n/a", "-"}


@dataclass(frozen=True)
class FeatureRow:
    """What one line says about a track. Tempo in beats a minute, the other measures 0..1; None = unknown."""

    artist: str
    track: str
    album: str | None
    bpm: float | None
    energy: float | None
    danceability: float | None
    valence: float | None
    seconds: float | None
    spotify: str | None
    isrc: str | None
    popularity: float | None


@dataclass
class RowCounts:
    """What became of the lines read so far: `read` = rows yielded + sum of `dropped`."""

    read: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    tempo_folded: int = 0
    tempo_implausible: int = 0
    tables: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)


def fold_tempo(bpm: float) -> float | None:
    """Bring a tempo outside 40..250 beats a minute into it by halving or doubling, at most twice.

    None when that is not enough: such a number is no tempo. Source: FORMATS section 6 (some players store
    half or double time).

    >>> fold_tempo(300.0), fold_tempo(15.0), fold_tempo(128.0), fold_tempo(9999.0)
    (150.0, 60.0, 128.0, None)
    """
    for factor in (1.0, 0.5, 2.0, 0.25, 4.0):
        if 40.0 <= bpm * factor <= 250.0:
            return bpm * factor
    return None


def read_feature_rows(path: Path, counts: RowCounts) -> Iterator[FeatureRow]:
    """Every usable row of the tables at `path` (a file, an archive or a folder), counting as it goes.

    A line without artist or title, or without any feature, is dropped and counted by reason. Tables whose
    header says nothing of tracks are named in `counts.others`.

    Raises UnreadableFileError when a file is missing, damaged, or none of the tables has a known header.
    """
    for name, open_table in _tables(path):
        try:
            with open_table() as binary:
                yield from _rows_of_table(name, binary, counts)
        except (
            OSError,
            EOFError,
            zipfile.BadZipFile,
            zlib.error,
            NotImplementedError,
            RuntimeError,
        ) as error:
            raise UnreadableFileError(f"{name} cannot be read: {error}. Is the file whole?") from error
    if not counts.tables:
        found = f" Found: {', '.join(counts.others[:5])}." if counts.others else ""
        raise UnreadableFileError(
            f"{path.name} holds no table with columns for artist, track and tempo or energy.{found} "
            "Give the columns such names (for example: artist,track,bpm,energy,duration)."
        )


Opener = Callable[[], IO[bytes]]


def _tables(path: Path) -> Iterator[tuple[str, Opener]]:
    """The name and a way to open each table at `path`, in a stable order."""
    if path.is_dir():
        for file in sorted(path.rglob("*")):
            if file.is_file() and file.name.lower().removesuffix(".gz").endswith(TABLE_ENDINGS):
                yield from _tables(file)
        return
    if not path.is_file():
        raise UnreadableFileError(f"{path} does not exist. Give a CSV file, a .zip or a folder with some.")
    with path.open("rb") as opened:
        magic = opened.read(4)
    if magic[:2] == b"\x1f\x8b":
        yield path.name, lambda: cast(IO[bytes], gzip.open(path, "rb"))  # noqa: SIM115 - the reader closes it
    elif magic == b"PK\x03\x04":
        yield from _tables_in_zip(path)
    else:
        yield path.name, lambda: path.open("rb")


def _tables_in_zip(path: Path) -> Iterator[tuple[str, Opener]]:
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                hidden = member.filename.startswith("__MACOSX/") or member.is_dir()
                if not hidden and member.filename.lower().endswith(TABLE_ENDINGS):
                    yield f"{path.name}/{member.filename}", lambda entry=member: archive.open(entry)  # type: ignore[misc]
    except zipfile.BadZipFile as error:
        raise UnreadableFileError(f"{path.name} is no readable zip archive: {error}.") from error


@contextmanager
def _as_text(binary: IO[bytes]) -> Iterator[io.TextIOWrapper]:
    """Text by the byte-order mark, else UTF-8, else what Windows spreadsheets write (cp1252)."""
    buffered = io.BufferedReader(binary, 1 << 18)  # type: ignore[type-var]
    start = buffered.peek(1 << 18)
    if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encoding = "utf-16"
    else:
        try:
            # Incremental, since the peeked part may end inside a character.
            codecs.getincrementaldecoder("utf-8")().decode(start)
            encoding = "utf-8-sig"
        except UnicodeDecodeError:
            encoding = "cp1252"
    text = io.TextIOWrapper(buffered, encoding=encoding, errors="replace", newline="")
    try:
        yield text
    finally:
        text.detach()


def _rows_of_table(name: str, binary: IO[bytes], counts: RowCounts) -> Iterator[FeatureRow]:
    with _as_text(binary) as text:
        first = text.readline(1 << 16)
        delimiter = max(",;\t", key=first.count)
        header = next(csv.reader([first], delimiter=delimiter), [])
        # The limit is the whole process's: an importer may have raised it.
        csv.field_size_limit(_LONGEST_FIELD)
        reader = csv.reader(_limited(name, text), delimiter=delimiter)
        columns: dict[str, int] | None = columns_of(header)
        try:
            for cells in reader:
                if columns is None or not _says_enough(columns):
                    columns = _exportify_by_position(cells)
                    if columns is None:
                        counts.others.append(name)
                        return
                if not counts.tables or counts.tables[-1] != name:
                    counts.tables.append(name)
                counts.read += 1
                row = _row(cells, columns, counts)
                if row is not None:
                    yield row
        except csv.Error as error:
            raise UnreadableFileError(
                f"{name}, line {reader.line_num + 1}: {error}. Is it a CSV file?"
            ) from error
        if name not in counts.tables:  # a header alone
            (counts.tables if columns is not None and _says_enough(columns) else counts.others).append(name)


def _limited(name: str, lines: Sequence[str] | IO[str]) -> Iterator[str]:
    size = 0
    for line in lines:
        size += len(line)
        if size > MOST_BYTES:
            raise UnreadableFileError(
                f"{name} unpacks to more than {MOST_BYTES >> 30} GiB. Not a table of tracks?"
            )
        yield line


def columns_of(header: Sequence[str]) -> dict[str, int]:
    """Which column (from 0) plays which role, by its name.

    >>> columns_of(["Artist", "Title", " BPM "])
    {'artist': 0, 'track': 1, 'bpm': 2}
    """
    places: dict[str, int] = {}
    for index, cell in enumerate(header):
        places.setdefault(re.sub(r"[^a-z0-9]+", "_", cell.lower()).strip("_"), index)
    columns: dict[str, int] = {}
    for role, names in ROLES.items():
        for name in names:
            if name in places and places[name] not in columns.values():
                columns[role] = places[name]
                break
    return columns


def _says_enough(columns: dict[str, int]) -> bool:
    return "artist" in columns and "track" in columns and any(role in columns for role in _MEASURES)


def _exportify_by_position(cells: Sequence[str]) -> dict[str, int] | None:
    """Columns of an Exportify file whose header is translated, or None when `cells` is no row of one.

    19 columns come first, then up to two optional ones, the twelve features and three optional album columns
    (FORMATS section 3.9), so the number of cells tells where the features start.
    """
    if not cells or not _SPOTIFY_URI.match(cells[0]) or not 31 <= len(cells) <= 36:
        return None
    features = len(cells) - 12 - (3 if len(cells) >= 34 else 0)
    return {
        "spotify": 0, "track": 1, "artist_ids": 2, "artist": 3, "album": 5, "milliseconds": 12,
        "popularity": 15, "isrc": 16, "danceability": features, "energy": features + 1,
        "valence": features + 9, "bpm": features + 10,
    }  # fmt: skip


def _row(cells: Sequence[str], columns: dict[str, int], counts: RowCounts) -> FeatureRow | None:
    def cell(role: str) -> str:
        index = columns.get(role, -1)
        text = cells[index].strip() if 0 <= index < len(cells) else ""
        return "" if text.lower() in _UNKNOWN else text

    if cell("spotify").startswith(("spotify:episode:", "spotify:local:")):
        counts.dropped["not a track of the service"] += 1
        return None
    # A name may well be "None" or "Undefined" (both are bands), so names are not filtered like numbers are.
    artist = first_artist(_raw(cells, columns["artist"]), cell("artist_ids"))
    track = _raw(cells, columns["track"])
    # Tables made with R write NA for a missing name; alone it may be a name, in both places it is none.
    if not artist or not track or artist == track == "NA":
        counts.dropped["no artist or title"] += 1
        return None
    bpm = _tempo(cell("bpm"), counts)
    energy, danceability, valence = (_unit(cell(role)) for role in ("energy", "danceability", "valence"))
    if bpm is None and energy is None and danceability is None and valence is None:
        counts.dropped["no tempo or other feature"] += 1
        return None
    spotify = _SPOTIFY.search(cell("spotify"))
    isrc = cell("isrc").upper().replace("-", "")
    return FeatureRow(
        artist=artist,
        track=track,
        album=cell("album") or None,
        bpm=bpm,
        energy=energy,
        danceability=danceability,
        valence=valence,
        seconds=_seconds(cell("milliseconds"), cell("seconds")),
        spotify=spotify[1] if spotify else None,
        isrc=isrc if _ISRC.match(isrc) else None,
        popularity=_unit(cell("popularity"), whole=100.0),
    )


def _raw(cells: Sequence[str], index: int) -> str:
    return cells[index].replace("\x00", "").strip() if index < len(cells) else ""


def first_artist(names: str, ids: str = "") -> str:
    r"""The first of several credited artists, which is how listening histories name a track's artist.

    Names are joined by `;`, or by `,` with a backslash before commas that belong to a name. A plain comma is
    only taken for a joint when `ids` (a column of as many ids) says there is more than one artist.

    >>> first_artist("Café Tundra;DJ Møns")
    'Café Tundra'
    >>> first_artist("Tyler, The Creator")
    'Tyler, The Creator'
    >>> first_artist(r"Tyler\, The Creator, Kali", "spotify:artist:a, spotify:artist:b")
    'Tyler, The Creator'
    """
    first = names.split(";")[0].strip()
    count = len([part for part in re.split(r"[,;]", ids) if part.strip()])
    parts = re.split(r"(?<!\\),\s*", first)
    if count > 1 and (len(parts) == count or "\\," in first):
        first = parts[0]
    return first.replace("\\,", ",").strip()


def _number(text: str) -> float | None:
    try:
        # A lone comma is a decimal comma: a file separated by `;` or tabs.
        value = float(text.replace(",", ".") if text.count(",") == 1 and "." not in text else text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _tempo(text: str, counts: RowCounts) -> float | None:
    value = _number(text)
    if value is None or value == 0:
        return None
    folded = fold_tempo(value)
    if folded is None:
        counts.tempo_implausible += 1
    elif folded != value:
        counts.tempo_folded += 1
    return folded


def _unit(text: str, whole: float = 1.0) -> float | None:
    value = _number(text)
    return value / whole if value is not None and 0.0 <= value <= whole else None


def _seconds(milliseconds: str, other: str) -> float | None:
    """Length in seconds; `other` may be seconds, minutes and seconds (`3:48`), or milliseconds when huge."""
    value = _number(milliseconds)
    if value is not None and value > 0:
        return value / 1000
    if re.fullmatch(r"(\d+:)?\d{1,3}:\d{2}(\.\d+)?", other):
        total = 0.0
        for part in other.split(":"):
            total = total * 60 + float(part)
        return total or None
    value = _number(other)
    if value is None or value <= 0:
        return None
    return value / 1000 if value >= 20_000 else value
