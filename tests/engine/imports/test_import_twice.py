"""One play reported twice, by one service or in two of its files, is one; two plays stay two."""

from __future__ import annotations

import sqlite3
from collections import Counter
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.store.stats import stats
from tests.support.exports import account, cell, watched
from tests.support.importing import (
    OTHER,
    SONG,
    START,
    bring,
    library,
    listens,
    spotify,
    write,
    write_zip,
)

MS = 176_480
DAY = 86_400


def stream(
    end: int, begun: int | None, ms: int = MS, song: tuple[str, str] = SONG, **keys: Any
) -> dict[str, Any]:
    return spotify(START + end, ms, song, offline_timestamp=begun, **keys)


# -- Spotify delivers a play twice -------------------------------------------------------------------------


@pytest.mark.parametrize("begun", [START * 1000 + 814, START], ids=["milliseconds", "seconds"])
@pytest.mark.parametrize("late", [0, 2, 5, 40], ids=lambda late: f"{late}s late")
def test_a_spotify_play_delivered_twice_is_one(
    db: sqlite3.Connection, tmp_path: Path, begun: int, late: int
) -> None:
    first, second = stream(176 + late, begun), stream(193 + late, begun)
    one = write(tmp_path, "endsong_0.json", [first, stream(400, START + 223, song=OTHER)])
    two = write(tmp_path, "endsong_1.json", [stream(800, START + 623, song=OTHER), second])
    assert sum(file.kept for file in bring(db, one, two).files) == 3
    for again in ([one], [two], [two, one], [write(tmp_path, "newer.json", [first, second])]):
        assert sum(file.kept for file in bring(db, *again).files) == 0
    assert [row[1:3] for row in listens(db)] == [SONG, OTHER, OTHER]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_delivered_twice_in_any_order_and_beside_a_true_repeat(
    db: sqlite3.Connection, tmp_path: Path, order: tuple[int, ...]
) -> None:
    rows = [stream(176, START), stream(193, START), stream(370, START + 193)]
    bring(db, write(tmp_path, "endsong_0.json", [rows[place] for place in order]))
    assert len(listens(db)) == 2
    bring(db, write(tmp_path, "endsong_0.json", rows))
    assert len(listens(db)) == 2


@pytest.mark.parametrize(
    "rows",
    [
        [stream(176, START), stream(193, START + 17)],
        [stream(176, START), stream(193, START, ms=MS + 1)],
        [stream(176, START), stream(193, START, song=OTHER)],
        [stream(176, None), stream(193, None)],
        [stream(176, 0), stream(193, 0)],
        # A timestamp that is never reset shows nothing: a song on repeat ends one length later each time.
        [stream(176, START), stream(352, START), stream(528, START)],
        [stream(5_000, 1), stream(5_176, 1)],
        [stream(40, START, ms=40_000), stream(80, START, ms=40_000)],
    ],
    ids=[
        "another start",
        "another length",
        "another song",
        "no stamp",
        "zero",
        "repeat",
        "absurd",
        "short repeat",
    ],
)
def test_what_only_looks_delivered_twice_stays(
    db: sqlite3.Connection, tmp_path: Path, rows: list[dict[str, Any]]
) -> None:
    bring(db, write(tmp_path, "endsong_0.json", rows))
    assert len(listens(db)) == len(rows)


@pytest.mark.parametrize("extended", [None, "first", "later"])
def test_account_data_with_plays_delivered_twice_adds_none(
    db: sqlite3.Connection, tmp_path: Path, extended: str | None
) -> None:
    # The same two rows, their ends in one minute or two; then a true repeat.
    rows = [
        account("2024-03-02 19:05", SONG, MS),
        account("2024-03-02 19:06", SONG, MS),
        account("2024-03-02 19:08", SONG, MS),
        account("2024-03-02 19:08", SONG, MS),
    ]
    minutes = write(tmp_path, "StreamingHistory_music_0.json", rows)
    end = START + 4 * 60 + 50 - START % 60
    full = [spotify(end + off, MS, offline_timestamp=end - 176) for off in (0, 17)]
    full.append(spotify(end + 180, MS, offline_timestamp=end + 4))
    seconds = write(tmp_path, "endsong_0.json", full)
    for file in {None: [minutes], "first": [seconds, minutes], "later": [minutes, seconds]}[extended] * 2:
        bring(db, file)
    assert len(listens(db)) == 2


def test_a_skip_delivered_twice_is_one_skip(db: sqlite3.Connection, tmp_path: Path) -> None:
    rows = [stream(end, START, ms=4_000, reason_end="fwdbtn") for end in (10, 26)]
    for _ in range(2):
        bring(db, write(tmp_path, "endsong_0.json", rows))
        assert db.execute("SELECT count(*) FROM skips").fetchone() == (1,)


# -- a fuller history beside another ----------------------------------------------------------------------

ACTIVITY = (
    "Song Name,Artist Name,Event Start Timestamp,Event End Timestamp,Play Duration Milliseconds,"
    "End Reason Type\n"
)
DAILY = "Date Played,Play Count,Skip Count,Play Duration Milliseconds,Track Description\n"


def activity(*rows: tuple[str, str]) -> str:
    lines = [f"{title},Burel,{at}Z,,200000,NATURAL_END_OF_TRACK" for title, at in rows]
    return ACTIVITY + "\n".join(lines) + "\n"


def daily(*rows: tuple[str, str, int]) -> str:
    return (
        DAILY
        + "\n".join(f"{day},{plays},0,{plays * 200000},Burel - {title}" for title, day, plays in rows)
        + "\n"
    )


def apple(folder: Path, activity_rows: str, daily_rows: str, *, zipped: bool) -> Path:
    members: dict[str, str | bytes] = {
        "Apple Music Play Activity.csv": activity_rows,
        "Apple Music - Play History Daily Tracks.csv": daily_rows,
    }
    if zipped:
        return write_zip(folder, "Apple.zip", members)
    for name, text in members.items():
        write(folder, f"apple/{name}", text)
    return folder / "apple"


@pytest.mark.parametrize("zipped", [True, False])
def test_days_before_and_between_what_is_known_to_the_second_are_read(
    db: sqlite3.Connection, tmp_path: Path, zipped: bool
) -> None:
    path = apple(
        tmp_path,
        # 23:30 UTC is the next day where it was played; the second song of the last day was missed.
        activity(
            ("Tin Roof", "2022-05-12T08:00:00"),
            ("Tin Roof", "2022-05-12T23:30:00"),
            ("Lark", "2022-05-20T08:00:00"),
        ),
        daily(
            ("Tin Roof", "20160512", 3),
            ("Tin Roof", "20220512", 1),
            ("Tin Roof", "20220513", 1),
            ("Lark", "20220515", 2),
            ("Lark", "20220520", 1),
            ("Copper", "20220520", 1),
        ),
        zipped=zipped,
    )
    for _ in range(2):
        bring(db, path)
        counted = Counter((title, source) for _, _, title, _, source in listens(db))
        assert counted == {
            ("Tin Roof", "apple"): 2,
            ("Lark", "apple"): 1,
            ("Tin Roof", "apple-daily"): 3,
            ("Lark", "apple-daily"): 2,
            ("Copper", "apple-daily"): 1,
        }


def test_the_days_first_and_the_moments_later_are_the_same_plays(
    db: sqlite3.Connection, tmp_path: Path
) -> None:
    bring(db, write(tmp_path, "days.csv", daily(("Tin Roof", "20220512", 2), ("Lark", "20220512", 1))))
    moments = write(
        tmp_path,
        "moments.csv",
        activity(("Tin Roof", "2022-05-12T08:00:00"), ("Tin Roof", "2022-05-12T09:00:00")),
    )
    assert bring(db, moments).files[0].kept == 0
    assert [
        (title, precision)
        for title, precision in db.execute(
            "SELECT title, precision FROM listens JOIN tracks t ON t.id = track_id ORDER BY started_at, precision"
        )
    ] == [("Lark", DAY), ("Tin Roof", 1), ("Tin Roof", 1)]


def test_more_plays_of_a_day_in_a_newer_file_are_added(db: sqlite3.Connection, tmp_path: Path) -> None:
    for plays, kept in ((2, 2), (2, 0), (3, 1), (1, 0)):
        file = write(tmp_path, f"days-{plays}.csv", daily(("Tin Roof", "20220512", plays)))
        assert bring(db, file).files[0].kept == kept
    assert len(listens(db)) == 3


def test_a_skip_known_to_the_day_is_the_skip_known_to_the_second(
    db: sqlite3.Connection, tmp_path: Path
) -> None:
    skipped = ACTIVITY + "Tin Roof,Burel,2022-05-12T08:00:00Z,,4000,TRACK_SKIPPED_FORWARDS\n"
    days = DAILY + "20220512,0,1,4000,Burel - Tin Roof\n20220712,0,1,4000,Burel - Tin Roof\n"
    bring(db, apple(tmp_path, skipped, days, zipped=False))
    assert db.execute("SELECT count(*) FROM skips").fetchone() == (2,)


def test_a_librarys_counts_and_likes_are_read_beside_its_plays(
    db: sqlite3.Connection, tmp_path: Path
) -> None:
    def track(title: str, plays: int, last: str, **keys: Any) -> dict[str, Any]:
        return {
            "Track Identifier": 1,
            "Content Type": "Song",
            "Title": title,
            "Artist": "Burel",
            "Track Play Count": plays,
            "Last Played Date": f"{last}T08:00:00Z",
            **keys,
        }

    write(
        tmp_path,
        "apple/Apple Music Library Tracks.json",
        [
            track("Tin Roof", 40, "2022-05-12", **{"Track Like Rating": "LIKED"}),
            track("Copper", 7, "2012-01-01"),
        ],
    )
    path = apple(tmp_path, activity(("Tin Roof", "2022-05-12T08:00:00")), daily(), zipped=False)
    bring(db, path)
    assert db.execute("SELECT artist, track FROM feedback").fetchall() == [("Burel", "Tin Roof")]
    found = stats(db)
    # A count adds only the plays beyond the dated ones.
    assert (found.plays, {line.track: line.plays for line in found.top_tracks}) == (
        47,
        {"Tin Roof": 40, "Copper": 7},
    )


def page(*rows: tuple[str, str]) -> str:
    cells = "".join(
        cell(
            "YouTube Music",
            f'<a href="https://music.youtube.com/watch?v=AbCdEfGhI_1">{title}</a><br>'
            '<a href="https://www.youtube.com/channel/UCx">Burel - Topic</a>',
            date,
        )
        for title, date in rows
    )
    return f"<html><body><div>{cells}</div></body></html>"


@pytest.mark.parametrize("folders", [("2019", "2024"), ("same", "same")])
def test_of_two_takeouts_each_tells_what_the_other_has_not(
    db: sqlite3.Connection, tmp_path: Path, folders: tuple[str, str]
) -> None:
    old, new = folders
    write(
        tmp_path,
        f"all/{old}/watch-history.html",
        page(
            ("Lark", "Mar 1, 2019, 8:01:00 PM CET"),
            ("Tin Roof", "Mar 2, 2024, 8:01:00 PM CET"),
            ("Copper", "Mar 2, 2024, 8:11:00 PM CET"),
        ),
    )
    rows = [
        watched(f"Watched {title}", at, "Burel - Topic")
        for title, at in (
            ("Tin Roof", "2024-03-02T19:01:00.117Z"),
            ("Marble", "2024-03-03T19:01:00.117Z"),
            ("Lantern", "2018-03-03T19:01:00.117Z"),
        )
    ]
    write(tmp_path, f"all/{new}/watch-history.json", rows)
    for _ in range(2):
        bring(db, tmp_path / "all")
        assert sorted(row[2] for row in listens(db)) == ["Copper", "Lantern", "Lark", "Marble", "Tin Roof"]


moments = st.lists(st.tuples(st.sampled_from(["Tin Roof", "Lark"]), st.integers(0, 4)), max_size=8)


@given(plays=moments, missed=st.sets(st.integers(0, 7)), swapped=st.booleans())
@settings(max_examples=40, deadline=None)
def test_days_and_moments_of_the_same_plays_add_up_to_the_plays(
    tmp_path_factory: pytest.TempPathFactory, plays: list[tuple[str, int]], missed: set[int], swapped: bool
) -> None:
    tmp_path = tmp_path_factory.mktemp("days")
    db = library(tmp_path)
    by_second = activity(
        *(
            (title, f"2022-05-{10 + 5 * day}T{8 + number:02}:00:00")
            for number, (title, day) in enumerate(plays)
            if number not in missed
        )
    )
    by_day = daily(
        *((title, f"202205{10 + 5 * day}", times) for (title, day), times in Counter(plays).items())
    )
    files = [write(tmp_path, "activity.csv", by_second), write(tmp_path, "daily.csv", by_day)]
    for file in reversed(files) if swapped else files:
        bring(db, file)
    bring(db, *files)
    assert Counter(row[2] for row in listens(db)) == Counter(title for title, _ in plays)
