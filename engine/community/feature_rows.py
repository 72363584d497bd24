"""Reads tempo, energy and the like for tracks from CSV files: one `FeatureRow` per usable line.

Recognised by their headers: Exportify in its three shapes (also with a translated header), the public "Spotify songs"
tables, and anything with an artist, a title and a tempo or an energy column, in any form tables have
(`engine.community.tables`).
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from engine.canonical_keys import first_artist
from engine.community.files import DataFile
from engine.community.reading import Reading
from engine.community.tables import cell_of, columns_of, read_table, tables
from engine.errors import UnreadableFileError

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
    """A track's features. Tempo in beats a minute, the other measures 0..1; None = unknown.

    `spread` is how far apart the readings of a tempo are, as a share of it; `other_bpm` what it may be instead.
    """

    artist: str
    track: str
    bpm: float | None
    album: str | None = None
    energy: float | None = None
    danceability: float | None = None
    valence: float | None = None
    seconds: float | None = None
    spotify: str | None = None
    isrc: str | None = None
    popularity: float | None = None
    spread: float | None = None
    other_bpm: float | None = None


@dataclass
class RowCounts:
    """Counts of the lines read so far: `read` = rows yielded + sum of `dropped`."""

    read: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    tempo_folded: int = 0
    tempo_implausible: int = 0
    tables: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)


def fold_tempo(bpm: float) -> float | None:
    """Bring a tempo outside 40..250 beats a minute into it by halving or doubling, at most twice.

    None when that is not enough: such a number is not a tempo. Some players store half or
    double time (PACKS.md).

    >>> fold_tempo(300.0), fold_tempo(15.0), fold_tempo(128.0), fold_tempo(9999.0)
    (150.0, 60.0, 128.0, None)
    """
    for factor in (1.0, 0.5, 2.0, 0.25, 4.0):
        if 40.0 <= bpm * factor <= 250.0:
            return bpm * factor
    return None


def has_columns(path: Path, *, strict: bool = False) -> bool:
    """Whether a table at `path` has the columns. A damaged one has not, or raises UnreadableFileError if `strict`."""
    try:
        for table in tables(path):
            with read_table(table) as (header, rows):
                if _says_enough(columns_of(header, ROLES)) or _exportify_by_position(next(rows, [])):
                    return True
    except UnreadableFileError:
        if strict:
            raise
    return False


def read_feature_rows(path: Path, counts: RowCounts, reading: Reading | None = None) -> Iterator[FeatureRow]:
    """Every usable row of the tables at `path` (a file, an archive or a folder), counting as it goes.

    A line without artist or title, or without any feature, is dropped and counted by reason. Tables without a known
    header are named in `counts.others`.

    Raises UnreadableFileError when a file is missing, damaged, or none of the tables has a known header.
    """
    for table in tables(path):
        yield from _rows_of_table(table, counts, reading)
    if not counts.tables:
        found = f" Found: {', '.join(counts.others[:5])}." if counts.others else ""
        raise UnreadableFileError(
            f"{path.name} has no table with columns for artist, track and tempo or energy.{found} "
            "Name the columns like these: artist,track,bpm,energy,duration."
        )


def _rows_of_table(table: DataFile, counts: RowCounts, reading: Reading | None) -> Iterator[FeatureRow]:
    name = table.shown
    with read_table(table, reading) as (header, rows):
        columns: dict[str, int] | None = columns_of(header, ROLES)
        for cells in rows:
            if columns is None or not _says_enough(columns):
                columns = _exportify_by_position(cells)
                if columns is None:
                    counts.others.append(name)
                    return
            if not counts.tables or counts.tables[-1] != name:
                counts.tables.append(name)
            counts.read += 1
            row = _row(cells, columns, counts)
            if isinstance(row, FeatureRow):
                yield row
                continue
            counts.dropped[row] += 1
            if reading is not None:
                reading.refuse(row)
        if name not in counts.tables:  # a header alone
            (counts.tables if columns is not None and _says_enough(columns) else counts.others).append(name)


def _says_enough(columns: dict[str, int]) -> bool:
    return "artist" in columns and "track" in columns and any(role in columns for role in _MEASURES)


def _exportify_by_position(cells: Sequence[str]) -> dict[str, int] | None:
    """Columns of an Exportify file whose header is translated, or None when `cells` is not a row of one.

    19 columns come first, then up to two optional ones, the twelve features and three optional album columns
    (PACKS.md), so the number of cells shows where the features start.
    """
    if not cells or not _SPOTIFY_URI.match(cells[0]) or not 31 <= len(cells) <= 36:
        return None
    features = len(cells) - 12 - (3 if len(cells) >= 34 else 0)
    return {
        "spotify": 0,
        "track": 1,
        "artist_ids": 2,
        "artist": 3,
        "album": 5,
        "milliseconds": 12,
        "popularity": 15,
        "isrc": 16,
        "danceability": features,
        "energy": features + 1,
        "valence": features + 9,
        "bpm": features + 10,
    }


def _row(cells: Sequence[str], columns: dict[str, int], counts: RowCounts) -> FeatureRow | str:
    """A line by its cells, or why it cannot be used."""

    def cell(role: str) -> str:
        index = columns.get(role, -1)
        text = cells[index].strip() if 0 <= index < len(cells) else ""
        return "" if text.lower() in _UNKNOWN else text

    if cell("spotify").startswith(("spotify:episode:", "spotify:local:")):
        return "not a track of the service"
    # A name may well be "None" or "Undefined" (both are bands), so names are not filtered like numbers are.
    artist = first_artist(cell_of(cells, columns["artist"]), cell("artist_ids"))
    track = cell_of(cells, columns["track"])
    # Tables made with R write NA for a missing name; alone it may be a name, in both places it is missing.
    if not artist or not track or artist == track == "NA":
        return "no artist or title"
    bpm = tempo_of(cell("bpm"), counts)
    energy, danceability, valence = (_unit(cell(role)) for role in ("energy", "danceability", "valence"))
    if bpm is None and energy is None and danceability is None and valence is None:
        return "no tempo or other feature"
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


def _number(text: str) -> float | None:
    try:
        # A lone comma is a decimal comma: a file separated by `;` or tabs.
        value = float(text.replace(",", ".") if text.count(",") == 1 and "." not in text else text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def tempo_of(text: str, counts: RowCounts) -> float | None:
    """A cell's tempo, folded; None without one. `counts` counts folded and implausible ones."""
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
