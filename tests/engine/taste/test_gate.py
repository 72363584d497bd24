"""The gate from listens to taste, and sessions from listens."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from engine.errors import UsageError
from engine.paths import Folders
from engine.privacy import Door
from engine.store.database import open_library
from engine.store.feedback import all_feedback, set_verdict
from engine.taste.gate import LIKE_PLAYS, Window, read_days, read_taste
from engine.taste.rules import Rule
from engine.taste.sessions import read_sessions
from tests.support.listens import play


@pytest.fixture
def library(tmp_path):
    connection = open_library(Door(Folders(tmp_path)))
    yield connection
    connection.close()


def test_plays_are_counted_per_artist_whatever_the_track(library) -> None:
    play(library, "Burel", "One", 100, 200)
    play(library, "Burel", "Two", 300, None)
    play(library, "Moire", "Three", 50)
    taste = read_taste(library)
    assert [(item.name, item.plays, item.last_played) for item in taste.items] == [
        ("Burel", 4.0, 300),
        ("Moire", 1.0, 50),
    ]


def test_a_blocked_artist_is_in_no_taste_and_comes_back_whole(library) -> None:
    play(library, "Burel", "One", 100)
    play(library, "Moire", "Three", 50)
    before = read_taste(library)
    set_verdict(library, "block", artist="Burel", artist_key="burel")
    taste = read_taste(library)
    assert [item.name for item in taste.items] == ["Moire"]
    assert taste.blocked == {"burel"}
    assert taste.digest != before.digest
    assert set_verdict(library, None, artist="Burel", artist_key="burel") == "block"
    assert read_taste(library) == before


def test_a_hidden_artist_still_speaks_in_taste(library) -> None:
    play(library, "Burel", "One", 100)
    set_verdict(library, "hide", artist="Burel", artist_key="burel")
    taste = read_taste(library)
    assert [item.name for item in taste.items] == ["Burel"]
    assert taste.hidden == {"burel"}


def test_a_like_adds_weight_also_to_an_artist_never_played(library) -> None:
    play(library, "Burel", "One", 100)
    set_verdict(library, "like", artist="Burel", artist_key="burel")
    set_verdict(library, "like", artist="Moire", artist_key="moire")
    taste = read_taste(library)
    assert [(item.name, item.plays, item.weight) for item in taste.items] == [
        ("Burel", 1.0, 1.0 + LIKE_PLAYS),
        ("Moire", 0.0, LIKE_PLAYS),
    ]
    assert {mark.artist for mark in all_feedback(library)} == {"Burel", "Moire"}


def test_a_window_takes_only_what_was_played_in_it(library) -> None:
    play(library, "Burel", "One", 100, 200)
    play(library, "Moire", "Three", 300, None)
    taste = read_taste(library, Window(since=150, until=300))
    assert [(item.name, item.plays) for item in taste.items] == [("Burel", 1.0)]
    assert taste.digest != read_taste(library).digest


def test_without_an_artist_equals_never_having_played_them(library) -> None:
    play(library, "Moire", "Three", 50)
    never = read_taste(library)
    play(library, "Burel", "One", 100)
    assert read_taste(library).without(frozenset({"burel"})) == never


def test_a_pause_of_more_than_half_an_hour_starts_a_session(library) -> None:
    play(library, "Burel", "One", 0, 1800, 3601, None)
    play(library, "Moire", "Three", 60)
    session, item, plays, names, _ = read_sessions(library)
    rows = {(int(s), names[i], float(p)) for s, i, p in zip(session, item, plays, strict=True)}
    assert rows == {(0, "Burel", 2.0), (0, "Moire", 1.0), (1, "Burel", 1.0)}


def test_a_blocked_artist_is_in_no_session(library) -> None:
    play(library, "Burel", "One", 0, 7200)
    play(library, "Moire", "Three", 60)
    set_verdict(library, "block", artist="Burel", artist_key="burel")
    session, _, _, names, _ = read_sessions(library)
    assert names == ["Moire"]
    assert session.tolist() == [0]


def test_no_listens_give_no_sessions(library) -> None:
    session, item, plays, names, _ = read_sessions(library)
    assert len(session) == len(item) == len(plays) == len(names) == 0


def test_plays_fade_by_half_each_half_life_before_the_last_one(library) -> None:
    day = 86_400
    play(library, "Now", "A Song", 400 * day)
    play(library, "Then", "A Song", 370 * day, 340 * day)
    play(library, "Undated", "A Song", None)
    taste = read_taste(library, Window(half_life=30.0))
    assert {item.name: (item.plays, item.remaining, item.confidence_after_decay) for item in taste.items} == {
        "Now": (1, 1.0, 1.0),
        "Then": (2, 0.375, 0.375),
        "Undated": (1, 0.25, 0.25),
    }
    assert taste.digest != read_taste(library).digest
    upto = read_taste(library, Window(until=371 * day, half_life=30.0))
    assert [(item.name, item.remaining) for item in upto.items] == [("Then", 0.75)]
    set_verdict(library, "like", artist="Then", artist_key="then")
    (liked,) = (item for item in read_taste(library, Window(half_life=30.0)).items if item.liked)
    assert liked.confidence_after_decay == pytest.approx((2 * 0.375 + LIKE_PLAYS) / (2 + LIKE_PLAYS)), (
        "a like stays"
    )


@pytest.mark.parametrize("days", [0.0, -1.0, float("nan"), float("inf")])
def test_an_invalid_half_life_is_refused(days: float) -> None:
    with pytest.raises(UsageError, match="half-life"):
        Window(half_life=days)


@pytest.mark.parametrize(
    ("counts", "dated", "plays"),
    [((19,), 15, 19), ((19,), 30, 30), ((19,), 0, 19), ((4, 6), 7, 10), ((4, 6), 3, 10), ((4, 6), 20, 20)],
)
def test_a_count_adds_the_plays_beyond_the_dated_ones(
    tmp_path: Path, counts: tuple[int, ...], dated: int, plays: int
) -> None:
    connection = open_library(Door(Folders(tmp_path)))
    with connection:
        connection.execute("INSERT INTO artists VALUES (1, 'Burel', 'burel')")
        connection.execute(
            "INSERT INTO tracks (id, artist_id, title, key) VALUES (1, 1, 'Ode', 'ode'), (2, 1, 'Low', 'low')"
        )
        connection.execute("INSERT INTO imports VALUES (1, 'f', '', 'x', 0, 0, 0, '{}', 0)")
        connection.executemany(
            "INSERT INTO listens (track_id, import_id, started_at, precision, plays, source, flags) "
            "VALUES (1, 1, ?, 1, ?, ?, ?)",
            [
                *(
                    (1_700_000_000 + number, count, f"player {number}", 8)
                    for number, count in enumerate(counts)
                ),
                *((1_600_000_000 + number, 1, "lastfm", 0) for number in range(dated)),
            ],
        )
        connection.execute(
            "INSERT INTO listens (track_id, import_id, started_at, precision, source) VALUES (2, 1, 9, 1, 'lastfm')"
        )
    assert read_taste(connection).by_key["burel"].plays == plays + 1
    days = read_days(connection)
    assert days.plays.sum() == plays + 1
    # Dated plays that a rule leaves out tell nothing of the count.
    alone = read_taste(connection, also=[Rule(source="lastfm")])
    assert alone.by_key["burel"].plays == sum(counts)


@pytest.mark.parametrize("read", [read_days, read_sessions])
def test_plays_are_read_without_an_object_of_each(library, read) -> None:
    """A million took 140 MB, which Python's heap of small objects keeps."""
    count = 20_000
    play(library, "Ida", "Tin Roof", *(86_400 * day for day in range(count)))
    read(library)
    tracemalloc.start()
    try:
        read(library)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak / count < 125
