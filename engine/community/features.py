"""Feature packs: tempo, energy and the like for tracks, kept as immutable folders and looked up by key.

A pack is a folder `packs/<name>/` with `features.sqlite` (one row a track, by the keys of `engine.canonical_keys`) and
`manifest.json`. Packs contain nothing of the person, except one marked as made for their own tracks.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import IO

from engine.canonical_keys import artist_key, relaxed_pair, track_key
from engine.community import acousticbrainz
from engine.community.bad_lines import BadLines
from engine.community.feature_catalog import (
    FORMAT,
    KIND,
    TABLE_FILE,
    FeatureCatalog,
    LibraryCoverage,
    TrackFeatures,
    feature_packs,
)
from engine.community.feature_rows import FeatureRow, RowCounts, has_columns, read_feature_rows
from engine.community.known import known_recordings
from engine.community.pack_names import MANIFEST_FILE, name_for, name_of_file, pack_name
from engine.community.reading import Reading
from engine.errors import UnreadableFileError
from engine.paths import Folders, bytes_of, digest_of
from engine.privacy import Door
from engine.privacy.atomic import OWN as OWN_PARTIAL
from engine.progress import Cancelled, CountReport
from engine.store.forgetting import mark, unforgotten

__all__ = [
    "KIND",
    "FeatureCatalog",
    "FeatureReport",
    "LibraryCoverage",
    "TrackFeatures",
    "add_features",
    "add_rhythm",
    "feature_packs",
    "own_packs",
    "recognises",
]

RHYTHM = acousticbrainz.NAME
OWN = "own"  # in the manifest of a pack made for the library's own tracks
TITLE = "track features (a table with artist, track and tempo or energy)"

_TABLE = """
CREATE TABLE features (
    artist_key   TEXT NOT NULL,
    track_key    TEXT NOT NULL,
    artist       TEXT NOT NULL,
    track        TEXT NOT NULL,
    album        TEXT,
    bpm          REAL,
    energy       REAL,
    danceability REAL,
    valence      REAL,
    seconds      REAL,
    spotify      TEXT,
    isrc         TEXT,
    popularity   REAL,
    spread       REAL,
    other_bpm    REAL,
    relaxed      TEXT NOT NULL,
    PRIMARY KEY (artist_key, track_key)
) STRICT, WITHOUT ROWID
"""
# The same track again (album and single, two playlists): the first row counts, later ones fill its gaps.
_INSERT = """
INSERT INTO features VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (artist_key, track_key) DO UPDATE SET
    album = coalesce(album, excluded.album),
    spread = iif(bpm IS NULL, excluded.spread, spread),
    other_bpm = iif(bpm IS NULL, excluded.other_bpm, other_bpm),
    bpm = coalesce(bpm, excluded.bpm),
    energy = coalesce(energy, excluded.energy),
    danceability = coalesce(danceability, excluded.danceability),
    valence = coalesce(valence, excluded.valence),
    seconds = coalesce(seconds, excluded.seconds),
    spotify = coalesce(spotify, excluded.spotify),
    isrc = coalesce(isrc, excluded.isrc),
    popularity = coalesce(popularity, excluded.popularity)
"""


@dataclass(frozen=True)
class FeatureReport:
    """Result for a file: `rows` = `tracks` + `duplicates` + sum of `dropped`. `also` names a second pack of it."""

    name: str
    folder: Path
    rows: int
    tracks: int
    duplicates: int
    dropped: dict[str, int]
    tracks_with_tempo: int
    tempo_folded: int
    tempo_implausible: int
    tables: tuple[str, ...]
    others: tuple[str, ...]
    bad: BadLines = field(default_factory=BadLines)
    also: tuple[str, ...] = ()


def recognises(path: Path, *, strict: bool = False) -> bool:
    """Whether features can be read at `path`. What is damaged has none, or raises UnreadableFileError if `strict`."""
    return acousticbrainz.recognises(path) or has_columns(path, strict=strict)


def add_features(
    door: Door,
    path: Path,
    name: str | None = None,
    progress: CountReport | None = None,
    cancelled: Cancelled | None = None,
    library: sqlite3.Connection | None = None,
) -> FeatureReport:
    """Read the tables at `path` into a feature pack called `name` (default: from the file's name).

    A feature pack of that name is replaced; where it is another kind's, the new one gets an ending. `progress`
    gets bytes read and in all. `library` names recordings that a table has by id alone.

    Raises UnreadableFileError for a file without usable rows, PrivateSessionError in a private session,
    CancelledError.
    """
    name = name or name_of_file(path)
    if acousticbrainz.recognises(path):
        with path.open("rb") as file:
            size = path.stat().st_size
            return add_rhythm(door, file, path.name, name, progress, cancelled, library, size=size)
    reading = Reading(path, progress, cancelled)

    def rows(counts: RowCounts) -> Iterator[FeatureRow]:
        yield from read_feature_rows(path, counts, reading)
        reading.look()

    counts = RowCounts()
    return replace(_write_pack(door, name, path.name, rows(counts), counts, {}), bad=reading.bad)


def add_rhythm(
    door: Door,
    file: IO[bytes],
    source: str,
    name: str = RHYTHM,
    progress: CountReport | None = None,
    cancelled: Cancelled | None = None,
    library: sqlite3.Connection | None = None,
    *,
    size: int | None = None,
    said: Callable[[], Mapping[str, object]] = dict,
) -> FeatureReport:
    """Read AcousticBrainz' rhythm table out of an open file, as `add_features` does; what `said` returns when all was
    read goes into the manifest, what it raises keeps the packs from being.

    Recordings known to a pack of tracks go into one pack, those known only to the library into another, marked so.
    """
    # Before any track of the library is read.
    since = mark(library) if library is not None else ""
    known, counts = known_recordings(door.folders, library), RowCounts()
    tempos = acousticbrainz.read_rhythm(
        file, source, known, counts, size=size, progress=progress, cancelled=cancelled
    )
    about: dict[str, object] = {
        "source": acousticbrainz.SOURCE,
        "collected": acousticbrainz.COLLECTED,
        "licence": acousticbrainz.LICENCE,
        "notes": acousticbrainz.NOTES,
        **said(),
    }
    found, reports = tempos.numbers, []
    if (found < known.public).any() or not len(found):
        rows = tempos.rows(known, 0, known.public)
        reports.append(_write_pack(door, name, source, rows, counts, about))
    if (found >= known.public).any():
        rows = tempos.rows(known, known.public, len(known.names))
        assert library is not None  # noqa: S101 - nothing but it knows these
        with contextlib.ExitStack() as landing:
            own = partial(landing.enter_context, unforgotten(library, since))
            about[OWN] = True
            reports.append(_write_pack(door, f"{name}-own", source, rows, counts, about, own))
    else:
        # What was made when a pack knew less.
        for folder in own_packs(door.folders):
            if folder.name == pack_name(f"{name}-own"):
                door.remove(folder)
    first, *others = reports
    tracks = sum(report.tracks for report in reports)
    return replace(
        first,
        tracks=tracks,
        tracks_with_tempo=tracks,
        duplicates=first.rows - sum(first.dropped.values()) - tracks,
        also=tuple(report.name for report in others),
    )


def own_packs(folders: Folders) -> Iterator[Path]:
    """The packs that show which tracks the library has, those set aside and unfinished ones too."""
    for folder in folders.packs.glob("*"):
        try:
            own = json.loads(bytes_of(folder / MANIFEST_FILE)).get(OWN) is True
        except (OSError, ValueError, AttributeError, RecursionError):
            own = folder.name.endswith(OWN_PARTIAL)
        if own:
            yield folder


def _write_pack(
    door: Door,
    wanted: str,
    source: str,
    rows: Iterator[FeatureRow],
    counts: RowCounts,
    about: Mapping[str, object],
    own: Callable[[], None] | None = None,
) -> FeatureReport:
    """Write a pack; one of the person's `own` tracks comes to be after that was called, if it raises nothing."""
    name = name_for(door.folders, wanted, KIND, "tracks")
    folder = door.folders.packs / name
    with door.new_folder(folder, own=own is not None) as unfinished:
        tracks, with_tempo = _write_table(unfinished / TABLE_FILE, rows, counts)
        dropped = {reason: count for reason, count in counts.dropped.items() if count}
        if not tracks:
            reasons = ", ".join(f"{count:,} {reason}" for reason, count in dropped.items()) or "it is empty"
            raise UnreadableFileError(f"{source} has no track with a tempo or other feature ({reasons}).")
        manifest = {
            "format": FORMAT,
            "kind": KIND,
            "name": name,
            "source": source,
            "rows": tracks,
            "tracks_with_tempo": with_tempo,
            "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
            "digest": digest_of(unfinished / TABLE_FILE),
            "dropped": dropped,
            **about,
        }
        text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
        (unfinished / MANIFEST_FILE).write_text(text, encoding="utf-8")
        if own is not None:
            own()
    return FeatureReport(
        name=name,
        folder=folder,
        rows=counts.read,
        tracks=tracks,
        duplicates=counts.read - sum(dropped.values()) - tracks,
        dropped=dropped,
        tracks_with_tempo=with_tempo,
        tempo_folded=counts.tempo_folded,
        tempo_implausible=counts.tempo_implausible,
        tables=tuple(counts.tables),
        others=tuple(counts.others),
    )


def _write_table(file: Path, found: Iterable[FeatureRow], counts: RowCounts) -> tuple[int, int]:
    """Fill a new table; returns the number of tracks and of those with a tempo."""
    with contextlib.closing(sqlite3.connect(file)) as connection:
        # The folder is new and thrown away on failure, so the file needs no journal of its own.
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute(_TABLE)
        connection.executemany(_INSERT, _keyed(found, counts))
        connection.execute("CREATE INDEX features_by_relaxed ON features (relaxed)")
        connection.commit()
        tracks, with_tempo = connection.execute("SELECT count(*), count(bpm) FROM features").fetchone()
        return int(tracks), int(with_tempo)


def _keyed(rows: Iterable[FeatureRow], counts: RowCounts) -> Iterator[tuple[object, ...]]:
    for row in rows:
        keys = artist_key(row.artist), track_key(row.track)
        if not all(keys):
            counts.dropped["no artist or title"] += 1
            continue
        yield (
            *keys,
            row.artist,
            row.track,
            row.album,
            row.bpm,
            row.energy,
            row.danceability,
            row.valence,
            row.seconds,
            row.spotify,
            row.isrc,
            row.popularity,
            row.spread,
            row.other_bpm,
            relaxed_pair(keys[0], row.track),
        )
