"""Any other table or JSON lines of plays: by a mapping of columns, proposed from their names or given (`--map`).

A row needs an artist and a title; a time or a count makes it a play. Stamps may be ISO dates, seconds or
milliseconds since 1970, or `02 Mar 2024, 19:01`.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import IO, Any

import msgspec

from engine.errors import UsageError
from engine.imports import record as reasons
from engine.imports.encoding import OTHER_BYTES, all_of
from engine.imports.head import Head
from engine.imports.json_stream import whole_objects
from engine.imports.people import column_of_people, of_one_person
from engine.imports.record import Dropped, Ids, Options, Play, Record
from engine.imports.registry import Format
from engine.imports.stamps import DAY_COLUMNS, TIME_COLUMNS, Stamps
from engine.imports.text import Again, Table, delimiter_of, is_yes, normal, rows
from engine.imports.times import milliseconds, number
from engine.store.play import UNKNOWN

# Field -> names columns have for it, the surest first.
NAMES: dict[str, tuple[str, ...]] = {
    "artist": (
        "artist", "artist name", "artists", "track artist", "performer", "creator", "band", "interpret", "artiste",
        "artista", "künstler", "artiest", "wykonawca", "исполнитель", "виконавець", "artysta", "interpret(in)",
        "esittäjä", "artisti", "가수", "sanatçı", "アーティスト", "아티스트", "艺术家", "grandparent_title",
        "interprète", "アーティスト名", "歌手", "artist credit", "main artist", "primary artist", "album artist",
    ),
    "track": (
        "track", "track name", "title", "song", "song title", "song name", "track title", "name", "titel", "titre",
        "título", "titolo", "brano", "canción", "música", "chanson", "morceau", "nummer", "utwór", "tytuł", "название",
        "трек", "назва", "låt", "kappale", "şarkı", "曲名", "곡명", "歌曲", "タイトル", "songtitel", "lied",
    ),
    "album": ("album", "album name", "release", "release name", "album title"),
    "time": TIME_COLUMNS,
    "date": DAY_COLUMNS,
    "ms": ("ms played", "play duration milliseconds", "played ms", "play duration ms", "ms listened", "listened ms"),
    "seconds": ("seconds", "seconds played", "play duration", "listening time", "duration played",
                "played seconds", "temps d'écoute"),
    "plays": ("plays", "play count", "count", "scrobbles", "times played", "played #", "# plays",
              "number of plays", "play counts", "listens", "stream count", "wiedergaben", "lectures", "écoutes",
              "reproducciones", "ascolti", "再生回数"),
    "private": ("incognito mode", "incognito", "private session", "private", "is private", "is incognito"),
    "isrc": ("isrc",),
    "spotify": ("spotify_track_uri", "spotify uri", "spotify id", "uri"),
}  # fmt: skip

# As `normal` writes them.
PRIVATE_COLUMNS = tuple(name.replace(" ", between) for name in NAMES["private"] for between in (" ", "_", ""))

_BETWEEN_WORDS = re.compile(r"[\s_.-]+")
# Separators between groups of three digits of a count: `1,234`, `1.234`, `1 234`. `3.000` may be a fraction.
_GROUPED = re.compile(r"(?<=\d)(?:[,'\u2019\s]|\.(?!000))(?=\d{3}(?!\d))")


@lru_cache(maxsize=1 << 12)
def _squeezed(column: str) -> str:
    """A column's name without separators between its words: `track_title` is `trackTitle`."""
    return _BETWEEN_WORDS.sub("", normal(column)) or normal(column)


_FORMS = {field: tuple(map(_squeezed, names)) for field, names in NAMES.items()}
_STAMPS = frozenset(_FORMS["time"] + _FORMS["date"])
_TIMES = {name: place for place, name in reversed([*enumerate(_FORMS["time"])])}


def propose(columns: Sequence[str]) -> dict[str, str]:
    """Which column holds what, by its name.

    >>> propose(["Song", "Artist", "Played at"])
    {'artist': 'artist', 'track': 'song', 'time': 'played at'}
    """
    present: dict[str, str] = {}
    for column in columns:
        present.setdefault(_squeezed(column), normal(column))
    found: dict[str, str] = {}
    for field, names in _FORMS.items():
        for name in names:
            if name in present and present[name] not in found.values():
                found[field] = present[name]
                break
    return found


def parse(stream: IO[bytes], options: Options) -> Iterator[Record]:
    """A CSV with a header, separated by comma, semicolon, tab or bar. Raises UsageError for a mapping to no column."""
    again = Again(stream)
    head = Head(options.name, again.start)
    place = _header_line(head, options.columns)
    body = rows(again, head.delimiter if place == 0 else _delimiter(head, place))
    header = first = next(body, [])
    while not set(_mapping([normal(cell) for cell in header], options.columns)) >= {"artist", "track"}:
        header = next(body, [])
        if not header:
            header = first
            break
    table = Table(header)
    mapping = _mapping([normal(cell) for cell in header], options.columns)
    _require(mapping, header, {field: name for field, name in options.columns.items() if field != "user"})
    stamps = Stamps(options)
    times = _times(mapping, [normal(cell) for cell in header], options.columns)

    people = column_of_people([normal(cell) for cell in header])

    def records() -> Iterator[tuple[str, Record]]:
        for row, text in stamps.settle_table(body, table, times):
            cells = table.at(row)
            found = {field: cells(column) for field, column in mapping.items()}
            yield cells(people) if people else "", _record({**found, "time": text}, stamps, options)

    yield from of_one_person(records(), options) if people else (record for _, record in records())


def parse_lines(stream: IO[bytes], options: Options) -> Iterator[Record]:
    """JSON lines, or one JSON array of flat objects."""
    decoder = msgspec.json.Decoder()
    stamps = Stamps(options)
    # Line breaks are those of bytes: a title may hold others.
    data = all_of(stream).decode("utf-8", OTHER_BYTES).encode("utf-8", "replace")
    lines: Sequence[Any] = []
    cut = False
    if data.startswith(b"["):
        try:
            lines = decoder.decode(data)
        except (msgspec.DecodeError, RecursionError):
            lines = [data[start:end] for start, end in whole_objects(data)]
            cut = not data.rstrip().endswith(b"]")
    else:
        lines = [line for line in data.splitlines() if line.strip()]

    def flat(line: Any) -> dict[str, str] | None:
        with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            line = decoder.decode(line) if isinstance(line, bytes) else line
        return _flat(line) if isinstance(line, dict) else None

    def stamp(row: dict[str, str] | None) -> str:
        if row is None:
            return ""
        times = _times(_mapping(list(row), options.columns), list(row), options.columns)
        return stamps.best([row.get(column, "") for column in times])

    def records() -> Iterator[tuple[str, Record]]:
        person = ""
        for row, text in stamps.settle(map(flat, lines), stamp):
            if row is None:
                # Whose it is nobody can say.
                yield person, Dropped(reasons.BROKEN)
                continue
            person = row.get(column_of_people(list(row)) or "", "")
            mapping = _mapping(list(row), options.columns)
            cells = {field: row.get(column, "") for field, column in mapping.items()}
            yield person, _record({**cells, "time": text}, stamps, options)
        if cut:
            yield person, Dropped(reasons.BROKEN, cut=True)

    yield from of_one_person(records(), options)


def _flat(row: Mapping[str, Any]) -> dict[str, str]:
    """A row's own values by key; what a track that is an object knows, such as its artist, where the row does not."""
    found = _own_values(row)
    for key, value in row.items():
        if isinstance(value, dict) and _squeezed(key) in _FORMS["track"]:
            return {inner: text for inner, text in _own_values(value).items() if inner != "name"} | found
    return found


def _own_values(row: Mapping[str, Any]) -> dict[str, str]:
    named = (
        (key, _stamp_of(value) if isinstance(value, dict) and _squeezed(key) in _STAMPS else _name_of(value))
        for key, value in row.items()
    )
    return {normal(key): str(value) for key, value in named if isinstance(value, (str, int, float))}


def flat_of_first(head: Head) -> dict[str, str]:
    """The values of the first object of a file, where all of it is at the beginning."""
    try:
        found, _ = json.JSONDecoder().raw_decode(head.text, head.text.index("{"))
    except (ValueError, RecursionError):
        return {}
    return _flat(found)


def _stamp_of(stamp: Any) -> Any:
    """A stamp that is an object: its first value, in the zone named beside it."""
    zone = ""
    while isinstance(stamp, dict) and stamp:
        zone = str(stamp.get("timezone", ""))
        stamp = next(iter(stamp.values()))
    return f"{stamp} {zone}".strip() if isinstance(stamp, (str, int, float)) else None


def _name_of(value: Any) -> Any:
    """The name of an artist or a track that is an object, or of the first of several; anything else as it is."""
    if isinstance(value, list) and value:
        value = value[0]
    return value.get("name", value.get("title")) if isinstance(value, dict) else value


def columns_given(text: str) -> dict[str, str]:
    """The person's mapping, as field -> column. Raises UsageError if it cannot be parsed.

    >>> columns_given("artist=Performer, time=Played At")
    {'artist': 'Performer', 'time': 'Played At'}
    """
    pairs = [part.partition("=") for part in text.split(",")] if text else []
    if any(not field.strip() or not column.strip() for field, _, column in pairs):
        raise UsageError(f"“{text}” is not a valid --map. Write artist=COLUMN,track=COLUMN,time=COLUMN.")
    return {field.strip(): column.strip() for field, _, column in pairs}


def _times(mapping: Mapping[str, str], columns: Sequence[str], given: Mapping[str, str]) -> list[str]:
    """The columns a row's stamp may be in: those given, else every one named like that, and the day's."""
    if "time" in given:
        return [mapping[field] for field in ("time", "date") if field in mapping and field in given]
    named = dict.fromkeys(column for column in columns if _squeezed(column) in _TIMES)
    days = [mapping["date"]] if "date" in mapping else []
    return sorted(named, key=lambda column: _TIMES[_squeezed(column)]) + days


def _mapping(columns: Sequence[str], given: Mapping[str, str]) -> dict[str, str]:
    """What was given, and for the rest what is proposed."""
    chosen = {field: normal(column) for field, column in given.items() if field != "user"}
    return {**propose([column for column in columns if column not in chosen.values()]), **chosen}


def _require(mapping: Mapping[str, str], header: Sequence[str], given: Mapping[str, str]) -> None:
    columns = [normal(cell) for cell in header]
    for field, column in given.items():
        if field not in NAMES:
            raise UsageError(f"Unknown field “{field}” in --map. Fields: {', '.join(NAMES)}.")
        if normal(column) not in columns:
            raise UsageError(f"No column “{column}” for {field}. Columns: {', '.join(header)}.")
    if not {"artist", "track"} <= set(mapping):
        raise UsageError(
            f"No column is known to hold artist and track. Columns: {', '.join(header)}. Map them with "
            "--map artist=COLUMN,track=COLUMN,time=COLUMN."
        )


def _record(cells: Mapping[str, str], stamps: Stamps, options: Options) -> Record:
    private = is_yes(cells.get("private", ""))
    if private and not options.keep_private:
        return Dropped(reasons.PRIVATE)
    artist, title = cells.get("artist", "").strip(), cells.get("track", "").strip()
    if not artist or not title:
        return Dropped(reasons.NO_NAMES)
    text = cells.get("time", "")
    stamp = stamps.read(text)
    plays = number(_GROUPED.sub("", cells["plays"])) if cells.get("plays") else None
    if stamp is None and text.strip():
        return Dropped(stamps.why_not(text))
    if stamp is None and plays is None:
        return Dropped(reasons.NOTHING)
    if plays is not None and plays <= 0:
        return Dropped(reasons.NOTHING)
    played = milliseconds(cells.get("ms")) if cells.get("ms") else None
    if played is None and cells.get("seconds"):
        seconds = milliseconds(cells["seconds"])
        played = None if seconds is None else seconds * 1000
    spotify = cells.get("spotify", "").rpartition(":")[2].rpartition("/")[2]
    ids: Ids = tuple(pair for pair in (("isrc", cells.get("isrc", "")), ("spotify", spotify)) if pair[1])
    at, width = (stamp.at, stamp.width) if stamp else (None, 1)
    return Play(
        artist,
        title,
        at,
        played,
        cells.get("album") or None,
        None,
        ids,
        width,
        UNKNOWN,
        private=private,
        counted=plays is not None,
        plays=plays or 1,
    )


def _header_line(head: Head, given: Mapping[str, str]) -> int:
    for place in range(min(20, len(head.lines))):
        columns = head.columns_of_line(place, _delimiter(head, place))
        if set(_mapping(columns, given)) >= {"artist", "track"}:
            return place
    return 0


def _delimiter(head: Head, place: int) -> str:
    return delimiter_of(head.lines[place] if place < len(head.lines) else "")


def sniff(head: Head) -> bool:
    """A header within 20 lines that names an artist, a title, and a time or a count."""
    if head.json or head.text.lstrip().startswith("<"):
        return False
    for place in range(min(20, len(head.lines))):
        found = propose(head.columns_of_line(place, _delimiter(head, place)))
        if {"artist", "track"} <= set(found) and {"time", "date", "plays"} & set(found):
            return True
    return False


def sniff_lines(head: Head) -> bool:
    """Flat JSON objects that name an artist, a title, and a time or a count."""
    if head.json not in ("lines", "array"):
        return False
    found = propose(list(head.keys))
    if "track" in found and "artist" not in found:
        found = propose(list(flat_of_first(head)))
    # Inside documents are lists of many things with counts.
    when = {"time", "date"} if head.inside else {"time", "date", "plays"}
    return {"artist", "track"} <= set(found) and bool(when & set(found))


FORMATS = (
    Format(
        "csv",
        "table of plays",
        "csv",
        sniff,
        parse,
        marks=("artist", "track", "time"),
        order=70,
        hint="read by column names; check a few rows",
    ),
    Format(
        "jsonl",
        "JSON lines of plays",
        "jsonl",
        sniff_lines,
        parse_lines,
        order=70,
        hint="read by key names; check a few rows",
    ),
)
