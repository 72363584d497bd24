"""Sources that count instead of dating: the sum of a track is the library's, whatever is imported in which order."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.databases import database
from tests.support.importing import START, bring, library, write

# One entry of a player's library: title, plays, days from START to the last of them.
Entry = tuple[str, int, int]
ARTIST = "Ida & the Oaks"


def iso(days: int) -> str:
    return datetime.fromtimestamp(START + days * 86400, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def apple(folder: Path, name: str, entries: list[Entry]) -> Path:
    rows = [
        {
            "Content Type": "Song",
            "Track Identifier": number,
            "Title": title,
            "Artist": ARTIST,
            "Album": f"A{number}",
            "Track Play Count": plays,
            "Last Played Date": iso(days),
        }
        for number, (title, plays, days) in enumerate(entries)
    ]
    return write(folder, f"{name}.json", rows)


def itunes(folder: Path, name: str, entries: list[Entry]) -> Path:
    tracks = "".join(
        f"<key>{number}</key><dict><key>Track ID</key><integer>{number}</integer>"
        f"<key>Name</key><string>{title}</string>"
        f"<key>Artist</key><string>Ida &amp; the Oaks</string><key>Play Count</key><integer>{plays}</integer>"
        f"<key>Play Date UTC</key><date>{iso(days)}</date></dict>"
        for number, (title, plays, days) in enumerate(entries)
    )
    return write(folder, f"{name}.xml", f"<plist><dict><key>Tracks</key><dict>{tracks}</dict></dict></plist>")


def rhythmbox(folder: Path, name: str, entries: list[Entry]) -> Path:
    songs = "".join(
        f'<entry type="song"><title>{title}</title><artist>Ida &amp; the Oaks</artist><play-count>{plays}</play-count>'
        f"<last-played>{START + days * 86400}</last-played></entry>"
        for title, plays, days in entries
    )
    return write(folder, f"{name}.xml", f'<rhythmdb version="2.0">{songs}</rhythmdb>')


def strawberry(folder: Path, name: str, entries: list[Entry]) -> Path:
    rows = "".join(
        f"INSERT INTO songs VALUES ('{title}', '{ARTIST}', {plays}, {START + days * 86400});"
        for title, plays, days in entries
    )
    tables = "CREATE TABLE directories (path); CREATE TABLE songs (title, artist, playcount, lastplayed);"
    return database(folder, f"{name}.db", tables + rows)


def navidrome(folder: Path, name: str, entries: list[Entry]) -> Path:
    rows = "".join(
        f"INSERT INTO media_file VALUES ({number}, '{title}', '{ARTIST}');"
        f"INSERT INTO annotation VALUES ('u', {number}, 'media_file', {plays}, '{iso(days)}');"
        for number, (title, plays, days) in enumerate(entries)
    )
    tables = (
        "CREATE TABLE media_file (id, title, artist);"
        "CREATE TABLE annotation (user_id, item_id, item_type, play_count, play_date);"
    )
    return database(folder, f"{name}.db", tables + rows)


def table(folder: Path, name: str, entries: list[Entry]) -> Path:
    lines = [f"{ARTIST},{title},{plays},{iso(days)}" for title, plays, days in entries]
    return write(folder, f"{name}.csv", "\n".join(["artist,title,play count,last played", *lines]) + "\n")


PLAYERS = [apple, itunes, rhythmbox, strawberry, navidrome, table]
Player = Callable[[Path, str, list[Entry]], Path]


def sums(db: sqlite3.Connection) -> dict[str, int]:
    return dict(
        db.execute("SELECT title, sum(plays) FROM listens JOIN tracks t ON t.id = track_id GROUP BY t.id")
    )


def test_digits_of_a_count_may_be_grouped(tmp_path: Path) -> None:
    db = library(tmp_path)
    texts = ("12", "1,234", "1.234", "1 234", "12\u202f345", "1'234'567", "3.0", "3.000")
    lines = [f'{ARTIST},"Song {number}","{text}"' for number, text in enumerate(texts)]
    bring(db, write(tmp_path, "a.csv", "\n".join(("artist,track,plays", *lines))))
    plays = [row[0] for row in db.execute("SELECT plays FROM listens ORDER BY track_id")]
    assert plays == [12, 1234, 1234, 1234, 12345, 1234567, 3, 3]


@pytest.mark.parametrize("player", PLAYERS)
def test_a_title_that_occurs_twice_counts_once_for_each_however_often_it_is_imported(
    tmp_path: Path, player: Player
) -> None:
    db = library(tmp_path)
    file = player(tmp_path, "library", [("Tin Roof", 10, 0), ("Tin Roof", 3, 30), ("Lark", 1, 1)])
    first = bring(db, file).files[0]
    assert (first.kept, first.duplicates) == (3, 0)
    for _ in range(2):
        assert sums(db) == {"Tin Roof": 13, "Lark": 1}
        again = bring(db, file).files[0]
        assert (again.kept, again.duplicates) == (0, 3)
    later = player(tmp_path, "later", [("Tin Roof", 11, 31), ("Tin Roof", 3, 30)])
    assert bring(db, later).files[0].kept == 2
    assert sums(db) == {"Tin Roof": 14, "Lark": 1}
    assert db.execute("SELECT max(started_at) FROM listens").fetchone() == (START + 31 * 86400,)


def test_counts_of_an_older_library_that_are_in_two_rows_are_compared_by_their_sum(tmp_path: Path) -> None:
    db = library(tmp_path)
    bring(db, apple(tmp_path, "library", [("Tin Roof", 10, 0)]))
    db.execute(
        "INSERT INTO listens (track_id, import_id, started_at, precision, plays, source, flags) "
        "SELECT track_id, import_id, started_at, precision, 3, source, flags FROM listens"
    )
    db.commit()
    assert bring(db, apple(tmp_path, "same", [("Tin Roof", 10, 0), ("Tin Roof", 3, 0)])).files[0].kept == 0
    assert bring(db, apple(tmp_path, "later", [("Tin Roof", 10, 0), ("Tin Roof", 5, 0)])).files[0].kept == 2
    assert sums(db) == {"Tin Roof": 15}


def test_two_players_count_for_themselves_and_undated_counts_are_reported(tmp_path: Path) -> None:
    db = library(tmp_path)
    undated = write(tmp_path, "counts.csv", f"artist,track,plays\n{ARTIST},Tin Roof,4\n{ARTIST},Tin Roof,2\n")
    file = bring(db, rhythmbox(tmp_path, "rhythmdb", [("Tin Roof", 5, 0)]), undated).files[1]
    assert (file.kept, file.undated) == (2, 2)
    assert sums(db) == {"Tin Roof": 11}
    assert db.execute("SELECT source, plays, started_at FROM listens ORDER BY 1").fetchall() == [
        ("csv", 6, None),
        ("rhythmbox", 5, START),
    ]


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_what_counts_one_library_of_apples_is_no_sum_in_any_order(
    tmp_path: Path, order: tuple[int, ...]
) -> None:
    db = library(tmp_path)
    played = START * 1000
    files = [
        apple(
            tmp_path, "Apple Music Library Tracks", [("Tin Roof", 30, 0), ("Tin Roof", 10, 5), ("Lark", 2, 1)]
        ),
        itunes(tmp_path, "Library", [("Tin Roof", 38, 4), ("Copper", 4, 0)]),
        write(
            tmp_path,
            "Apple Music - Track Play History.csv",
            '"Track Name","Last Played Date","Is User Initiated"\n'
            f'"{ARTIST} - Tin Roof",{played},true\n"{ARTIST} - Tin Roof",{played + 86400000},false\n'
            f'"{ARTIST} - Marble",{played},true\n',
        ),
        write(
            tmp_path,
            "Apple Music - Recently Played Tracks.csv",
            "Track Description,Total plays,Last Event Start Timestamp,Media type\n"
            f"{ARTIST} - Lark,5,2024-03-02T19:01:00Z,AUDIO\n",
        ),
    ]
    for number in [*order, *order]:
        bring(db, files[number])
    assert sums(db) == {"Tin Roof": 40, "Lark": 5, "Copper": 4, "Marble": 1}


@pytest.mark.parametrize("time", ["time", "date", "last played", "timestamp"])
@pytest.mark.parametrize("plays", ["plays", "playcount", "Scrobbles", "count"])
def test_a_table_that_counts_is_not_a_history_whatever_its_columns_are_called(
    tmp_path: Path, time: str, plays: str
) -> None:
    db = library(tmp_path)
    text = f"artist,track,{time},{plays}\n{ARTIST},Tin Roof,2024-01-01,3\n{ARTIST},Tin Roof,2024-01-02,4\n"
    for _ in range(2):
        bring(db, write(tmp_path, "top.csv", text))
        assert sums(db) == {"Tin Roof": 7}


def test_counts_without_a_date_are_there_already_the_second_time(tmp_path: Path) -> None:
    db = library(tmp_path)
    path = write(
        tmp_path, "top.csv", f"artist,track,plays\n{ARTIST},Lark,10\n{ARTIST},Lark,3\n{ARTIST},Tin,1\n"
    )
    listed = [(file.kept, file.duplicates, file.undated) for _ in range(2) for file in bring(db, path).files]
    assert listed == [(3, 0, 3), (0, 3, 0)]
    assert sums(db) == {"Lark": 13, "Tin": 1}


def test_a_file_read_again_takes_no_counts_of_another_along(tmp_path: Path) -> None:
    db = library(tmp_path)
    bring(db, apple(tmp_path, "library", [("Lark", 40, 0)]))
    recent = write(
        tmp_path,
        "recent.csv",
        "Track Identifier,Total plays,Last Event Start Timestamp,Track Description,Media type\n"
        f"1,7,{iso(9)},{ARTIST} - Lark,AUDIO\n",
    )
    for zone in (None, "Europe/Copenhagen", None):
        bring(db, recent, zone=zone)
        assert sums(db) == {"Lark": 40}


TITLES = ["Tin Roof", "Tin Roof - Live", "TIN ROOF", "Lark"]
snapshots = st.lists(st.tuples(st.sampled_from(TITLES), st.integers(1, 9)), min_size=1, max_size=6).flatmap(
    lambda start: st.tuples(
        st.just(start),
        st.lists(st.lists(st.integers(0, 4), min_size=len(start), max_size=len(start)), max_size=3),
    )
)


@pytest.mark.parametrize("player", PLAYERS)
@given(data=st.data(), grown=snapshots)
@settings(max_examples=12, deadline=None)
def test_snapshots_of_one_library_in_any_order_end_at_the_newest_ones_sums(
    tmp_path_factory: pytest.TempPathFactory,
    player: Player,
    data: st.DataObject,
    grown: tuple[list[tuple[str, int]], list[list[int]]],
) -> None:
    tmp_path = tmp_path_factory.mktemp("counts")
    start, growth = grown
    plays = [count for _, count in start]
    libraries = [[(title, count, 0) for title, count in start]]
    for day, more in enumerate(growth, 1):
        plays = [count + new for count, new in zip(plays, more, strict=True)]
        libraries.append([(title, count, day) for (title, _), count in zip(start, plays, strict=True)])
    files = [player(tmp_path, f"at-{day}", entries) for day, entries in enumerate(libraries)]
    db = library(tmp_path)
    for number in [
        *data.draw(st.permutations(range(len(files)))),
        *data.draw(st.lists(st.sampled_from(range(len(files))), max_size=3)),
    ]:
        bring(db, files[number])
    newest: Counter[str] = Counter()
    for (title, _), count in zip(start, plays, strict=True):
        newest[title.lower()] += count
    assert {title.lower(): count for title, count in sums(db).items()} == newest
    assert db.execute("SELECT DISTINCT started_at FROM listens").fetchall() == [
        (START + len(growth) * 86400,)
    ]
