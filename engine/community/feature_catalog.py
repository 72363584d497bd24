"""Lookup in feature packs: reads manifests, and looks up tracks by key in all packs at once."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

from engine.canonical_keys import played_alike, relaxed_pair
from engine.community.damaged import damaged_in_words, damaged_pack, other_format
from engine.community.pack_names import MANIFEST_FILE
from engine.errors import DamagedDataError
from engine.paths import Folders, bytes_of
from engine.store.music_files import LOUD, QUIET, any_files
from engine.wording import percent

if TYPE_CHECKING:
    from engine.job_messages import TempoKnown

FORMAT = 1
KIND = "features"
TABLE_FILE = "features.sqlite"
CHUNK = 2_000  # pairs a statement: well below SQLite's 32,766 variables
_COLUMNS = (
    "artist_key, track_key, artist, track, album, bpm, energy, danceability, valence, seconds, "
    "spotify, isrc, popularity, {since}"
)
# Columns missing in packs of earlier versions.
_SINCE = ("spread", "other_bpm", "calm", "source", "energy_estimated")
# The person's own files as a pack: tempo in tags takes precedence over measured tempo, and that over any pack. Their
# energy is estimated from loudness, and any pack's takes precedence.
_OF_FILES = f"""(
    SELECT artist_key, track_key, relaxed, artist, track, album, coalesce(tag_bpm, bpm) AS bpm, seconds,
        iif(tag_bpm IS NULL, other_bpm, NULL) AS other_bpm, calm,
        min(1.0, max(0.0, (loudness - {QUIET}) / {LOUD - QUIET})) AS energy, loudness IS NOT NULL AS energy_estimated,
        iif(tag_bpm IS NULL, 'measured', 'tag') AS source,
        NULL AS danceability, NULL AS valence, NULL AS spotify, NULL AS isrc, NULL AS popularity, NULL AS spread
    FROM music_files WHERE problem IS NULL
)"""  # noqa: S608 - fixed numbers
# In the source of a tempo, where it is the one that it may be instead.
SECOND_READING = ", second reading"
_UNSURE = 0.04  # readings farther apart are shown with the tempo

_Item = TypeVar("_Item")


@dataclass(frozen=True)
class TrackFeatures:
    """What the packs know of one track. Tempo in beats a minute, the rest 0..1; None = unknown.

    `bpm_source` names where the tempo is from, in the order of trust a file's `tag`, `measured` from its sound, or the
    pack; what it may be instead (`other_bpm`), and how far its readings are apart. `energy_estimated` where it is only
    how loud a file is. `ids` are pairs such as ("spotify", "1a2B…").
    """

    artist_key: str
    track_key: str
    artist: str
    track: str
    album: str | None
    bpm: float | None
    bpm_source: str | None
    energy: float | None
    danceability: float | None
    valence: float | None
    seconds: float | None
    ids: tuple[tuple[str, str], ...] = ()
    popularity: float | None = None
    calm: float | None = None
    energy_estimated: bool = False
    other_bpm: float | None = None


@dataclass(frozen=True)
class LibraryCoverage:
    """How much of the person's own library the packs know: all tracks, found, with a tempo."""

    tracks: int
    matched: int
    with_tempo: int

    @property
    def share(self) -> float:
        """Share of the library's tracks with a known tempo, 0..1 (0 for an empty library)."""
        return self.with_tempo / self.tracks if self.tracks else 0.0

    def as_dict(self) -> TempoKnown:
        """The counts by name."""
        return {"tracks": self.tracks, "matched": self.matched, "with_tempo": self.with_tempo}


def read_manifest(folder: Path) -> dict[str, object]:
    """The manifest of the feature pack in `folder`, checked for kind and format.

    Raises DamagedDataError when it is missing, unreadable, of another kind, or of a newer format.
    """
    file = folder / MANIFEST_FILE
    try:
        manifest = json.loads(bytes_of(file).decode())
    except (OSError, ValueError, RecursionError) as error:
        raise damaged_pack(error, file) from error
    if not isinstance(manifest, dict) or manifest.get("kind") != KIND:
        raise DamagedDataError(f"{folder} is not a feature pack.")
    if manifest.get("format") != FORMAT:
        raise other_format(folder, manifest.get("format"), FORMAT)
    return manifest


def kind_of(folder: Path) -> object:
    """The kind of pack in `folder` as its manifest says, None when there is no readable manifest."""
    try:
        manifest = json.loads(bytes_of(folder / MANIFEST_FILE).decode())
    except (OSError, ValueError, RecursionError):
        return None
    return manifest.get("kind") if isinstance(manifest, dict) else None


def feature_packs(folders: Folders) -> list[Path]:
    """The folders of all feature packs by precedence: newest first, then by name."""
    found = [folder for folder in sorted(folders.packs.glob("[!.]*")) if kind_of(folder) == KIND]
    manifests = {folder: read_manifest(folder) for folder in found}
    return sorted(
        found,
        # Old measurements are not newer for being added today.
        key=lambda folder: str(manifests[folder].get("collected") or manifests[folder].get("date", "")),
        reverse=True,
    )


class FeatureCatalog:
    """All feature packs and the person's own files combined: the first that has a value counts.

    Opens files read-only and immutable, so it may be used in a private session and from any thread that has
    it to itself.
    """

    def __init__(self, folders: Iterable[Path], library: sqlite3.Connection | None = None) -> None:
        """Open the packs in `folders` in order of precedence; what was read and measured of the files of a `library`
        comes before them.

        Raises DamagedDataError when one is missing or altered beyond opening.
        """
        self._packs: list[tuple[str, sqlite3.Connection, str, str]] = []
        self._opened: list[sqlite3.Connection] = []
        try:
            for folder in folders:
                name = str(read_manifest(folder)["name"])
                connection, columns = _open_table(folder / TABLE_FILE)
                self._opened.append(connection)
                self._packs.append((name, connection, columns, "features"))
        except BaseException:
            self.close()
            raise
        if library is not None and any_files(library):
            self._packs.insert(0, ("", library, _COLUMNS.format(since=", ".join(_SINCE)), _OF_FILES))

    def __enter__(self) -> FeatureCatalog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close every pack; the catalog is empty afterwards."""
        for connection in self._opened:
            connection.close()
        self._packs, self._opened = [], []

    def __len__(self) -> int:
        """Number of tracks, counted once a pack."""
        return sum(int(pack.execute("SELECT count(*) FROM features").fetchone()[0]) for pack in self._opened)

    @property
    def sources(self) -> tuple[str, ...]:
        """Where tempo is from, as `bpm_source` has it, most trusted first; what is estimated comes after all."""
        return tuple(one for name, *_ in self._packs for one in ([name] if name else ["tag", "measured"]))

    def lookup(
        self, pairs: Iterable[tuple[str, str]], titles: Mapping[tuple[str, str], str] | None = None
    ) -> dict[tuple[str, str], TrackFeatures]:
        """What is known of the tracks with these (artist key, track key) pairs; unknown ones are left out.

        Where a pair's tempo is unknown and its title is in `titles`, another version of the song may answer for it
        (remastered, with or without guests, but not live for studio): without ids and album, and its source
        says so. So it does for an energy that is an estimate.
        """
        found: dict[tuple[str, str], TrackFeatures] = {}
        wanted = list(dict.fromkeys(pairs))
        for name, connection, columns, table in self._packs:
            for chunk in chunks(wanted, CHUNK):
                statement = (
                    f"WITH wanted (a, t) AS (VALUES {', '.join(['(?, ?)'] * len(chunk))}) "  # noqa: S608 - marks only
                    f"SELECT {columns} FROM wanted CROSS JOIN {table} ON artist_key = a AND track_key = t"
                )
                parameters = [key for pair in chunk for key in pair]
                _gather(found, name, connection.execute(statement, parameters))
        self._fill_from_versions(
            found, {pair: titles[pair] for pair in wanted if pair in titles} if titles else {}
        )
        return found

    def _fill_from_versions(
        self, found: dict[tuple[str, str], TrackFeatures], titles: Mapping[tuple[str, str], str]
    ) -> None:
        """Add to `found` what other versions know of tracks in it that lack a tempo or a known energy."""
        asked: dict[str, list[tuple[str, str]]] = {}
        for pair, title in titles.items():
            known = found.get(pair)
            if known is None or known.bpm is None or known.energy_estimated:
                asked.setdefault(relaxed_pair(pair[0], title), []).append(pair)
        for name, connection, columns, table in self._packs:
            for chunk in chunks(asked, CHUNK):
                statement = (
                    f"WITH wanted (r) AS (VALUES {', '.join(['(?)'] * len(chunk))}) "  # noqa: S608 - marks only
                    f"SELECT r, {columns} FROM wanted CROSS JOIN {table} ON relaxed = r "
                    "WHERE bpm IS NOT NULL ORDER BY r, length(track_key), track_key, artist_key"
                )
                for relaxed, *row in connection.execute(statement, chunk):
                    version = _features(name, row)
                    for pair in asked[relaxed]:
                        if played_alike(pair[1], version.track_key):
                            other = _standing_in(version, pair)
                            found[pair] = _filled(found[pair], other) if pair in found else other

    def tracks_of(self, artist_keys: Iterable[str]) -> list[TrackFeatures]:
        """Every known track of these artists, by artist in the order given, the most popular first."""
        found: dict[tuple[str, str], TrackFeatures] = {}
        wanted = list(dict.fromkeys(artist_keys))
        for name, connection, columns, table in self._packs:
            for chunk in chunks(wanted, CHUNK):
                statement = (
                    f"WITH wanted (a) AS (VALUES {', '.join(['(?)'] * len(chunk))}) "  # noqa: S608 - marks only
                    f"SELECT {columns} FROM wanted CROSS JOIN {table} ON artist_key = a"
                )
                _gather(found, name, connection.execute(statement, chunk))
        order = {key: place for place, key in enumerate(wanted)}
        return sorted(
            found.values(),
            key=lambda track: (order[track.artist_key], -(track.popularity or 0.0), track.track_key),
        )

    def library_coverage(self, library: sqlite3.Connection) -> LibraryCoverage:
        """How many tracks of the person's library the packs know, and with a tempo."""
        rows = library.execute(
            "SELECT artists.key, tracks.key, title FROM tracks JOIN artists ON artists.id = tracks.artist_id"
        )
        titles = {(str(artist), str(track)): str(title) for artist, track, title in rows}
        found = self.lookup(titles, titles)
        with_tempo = sum(track.bpm is not None for track in found.values())
        return LibraryCoverage(tracks=len(titles), matched=len(found), with_tempo=with_tempo)


def _open_table(file: Path) -> tuple[sqlite3.Connection, str]:
    """A table, and what to select of it."""
    if not file.is_file():
        raise DamagedDataError(damaged_in_words(file.parent, f"{file.name} is missing"))
    # Immutable: without it SQLite may create files beside the table, which a private session must not.
    uri = f"{file.absolute().as_uri()}?mode=ro&immutable=1"
    connection = sqlite3.connect(uri, uri=True, check_same_thread=False)
    try:
        there = {row[1] for row in connection.execute("PRAGMA table_info(features)")}
        columns = _COLUMNS.format(since=", ".join(name if name in there else "NULL" for name in _SINCE))
        connection.execute(f"SELECT {columns}, relaxed FROM features LIMIT 1").fetchone()  # noqa: S608 - constants
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        connection.close()
        raise damaged_pack(error, file) from error
    return connection, columns


def _gather(
    found: dict[tuple[str, str], TrackFeatures], pack: str, rows: Iterable[Sequence[str | float | None]]
) -> None:
    """Add `rows` to `found`; what an earlier pack knows stays, what it does not know is filled in."""
    for row in rows:
        new = _features(pack, row)
        key = new.artist_key, new.track_key
        found[key] = _filled(found[key], new) if key in found else new


def _features(pack: str, row: Sequence[str | float | None]) -> TrackFeatures:
    (
        a_key,
        t_key,
        artist,
        track,
        album,
        bpm,
        energy,
        danceability,
        valence,
        seconds,
        spotify,
        isrc,
        popularity,
        spread,
        other_bpm,
        calm,
        source,
        energy_estimated,
    ) = row
    ids = (("spotify", spotify), ("isrc", isrc))
    return TrackFeatures(
        artist_key=str(a_key),
        track_key=str(t_key),
        artist=str(artist),
        track=str(track),
        album=None if album is None else str(album),
        bpm=_real(bpm),
        bpm_source=None if bpm is None else _source(str(source or pack), _real(spread), _real(other_bpm)),
        energy=_real(energy),
        danceability=_real(danceability),
        valence=_real(valence),
        seconds=_real(seconds),
        ids=tuple((scheme, str(value)) for scheme, value in ids if value is not None),
        popularity=_real(popularity),
        calm=_real(calm),
        energy_estimated=bool(energy_estimated),
        other_bpm=None if bpm is None else _real(other_bpm),
    )


def _source(pack: str, spread: float | None, other_bpm: float | None) -> str:
    """Where a tempo is from, and how sure it is."""
    other = _or(other_bpm) if other_bpm else ""
    return pack + other + (f", readings {percent(spread)} apart" if spread and spread > _UNSURE else "")


def _or(bpm: float) -> str:
    return f", or {bpm:.0f}"


def of_second_reading(source: str, bpm: float, other_bpm: float) -> str:
    """Where a tempo is from (`TrackFeatures.bpm_source`), of the reading that it may be instead.

    >>> of_second_reading("measured, or 170", 85, 170)
    'measured, second reading, or 85'
    """
    return source.replace(_or(other_bpm), f"{SECOND_READING}{_or(bpm)}")


def _standing_in(version: TrackFeatures, pair: tuple[str, str]) -> TrackFeatures:
    source = f"{version.bpm_source}, another version"
    return replace(version, artist_key=pair[0], track_key=pair[1], album=None, ids=(), bpm_source=source)


def _real(value: str | float | None) -> float | None:
    return None if value is None else float(value)


def _filled(first: TrackFeatures, second: TrackFeatures) -> TrackFeatures:
    schemes = {scheme for scheme, _ in first.ids}
    no_tempo = first.bpm is None
    other_energy = second.energy is not None and (first.energy is None or first.energy_estimated)
    return TrackFeatures(
        artist_key=first.artist_key,
        track_key=first.track_key,
        artist=first.artist,
        track=first.track,
        album=first.album if first.album is not None else second.album,
        bpm=second.bpm if no_tempo else first.bpm,
        bpm_source=second.bpm_source if no_tempo else first.bpm_source,
        energy=second.energy if other_energy else first.energy,
        danceability=second.danceability if first.danceability is None else first.danceability,
        valence=second.valence if first.valence is None else first.valence,
        seconds=second.seconds if first.seconds is None else first.seconds,
        ids=first.ids + tuple(pair for pair in second.ids if pair[0] not in schemes),
        popularity=second.popularity if first.popularity is None else first.popularity,
        calm=second.calm if first.calm is None else first.calm,
        energy_estimated=second.energy_estimated if other_energy else first.energy_estimated,
        other_bpm=second.other_bpm if no_tempo else first.other_bpm,
    )


def chunks(items: Iterable[_Item], size: int) -> Iterator[list[_Item]]:
    """Lists of `size` items, the last one shorter."""
    chunk: list[_Item] = []
    for item in items:
        chunk.append(item)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
