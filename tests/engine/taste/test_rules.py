"""Rules at the gate: what each kind leaves out, that it comes back exactly, and that every reader sees the same."""

from __future__ import annotations

import datetime
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.canonical_keys import key_at
from engine.errors import UnknownNameError, UsageError
from engine.paths import Folders
from engine.privacy import Door
from engine.store.database import open_library
from engine.taste.gate import Window, excluded_by_rules, read_taste
from engine.taste.rules import (
    Rule,
    add_rule,
    all_rules,
    counted_listens,
    listens_excluded,
    remove_rule,
    sources,
)
from engine.taste.sessions import read_sessions
from tests.support.listens import play

DAY = 86_400
HOUR = 3_600


@pytest.fixture
def library(tmp_path):
    connection = open_library(Door(Folders(tmp_path)))
    play(connection, "Owl", "Hoot", *(day * DAY + 2 * HOUR for day in range(10)))
    play(connection, "Lark", "Trill", *(day * DAY + 9 * HOUR for day in range(10)))
    play(connection, "Lark", "Chirp", 3 * DAY + 23 * HOUR, None)
    yield connection
    connection.close()


def counted(connection) -> dict[str, float]:
    return {item.name: item.plays for item in read_taste(connection).items}


def local(seconds: int) -> str:
    return datetime.datetime.fromtimestamp(seconds).astimezone().strftime("%H:%M")


def test_an_artist_left_out_is_in_no_taste_and_comes_back_exactly(library) -> None:
    before = read_taste(library)
    number = add_rule(library, Rule(artist="Owl", artist_key="owl"))
    taste = read_taste(library)
    assert counted(library) == {"Lark": 12}
    assert taste.left_out == {"owl"}
    assert "owl" in taste.unwanted
    assert taste.digest != before.digest
    assert [(kept.id, kept.listens) for kept in all_rules(library)] == [(number, 10)]
    assert read_sessions(library)[3] == ["Lark"]
    remove_rule(library, number)
    assert read_taste(library) == before


def test_hours_reach_over_midnight_and_spare_undated_plays(library) -> None:
    night = Rule(hours=(local(23 * HOUR), local(6 * HOUR)))
    add_rule(library, night)
    assert counted(library) == {"Lark": 11}, "the one at 23 goes, the undated one stays"
    assert listens_excluded(library) == 11
    assert read_taste(library).left_out == {"owl"}


def test_hours_spare_plays_whose_day_alone_is_known(library) -> None:
    with library:
        library.execute("UPDATE listens SET precision = 86400 WHERE started_at % 86400 = ?", (2 * HOUR,))
    add_rule(library, Rule(hours=(local(23 * HOUR), local(6 * HOUR))))
    assert counted(library) == {"Owl": 10, "Lark": 11}


def test_everything_a_rule_names_must_hold(library) -> None:
    add_rule(library, Rule(artist="Lark", artist_key="lark", since=2 * DAY, until=4 * DAY))
    assert counted(library) == {"Owl": 10, "Lark": 9}
    assert read_taste(library).left_out == frozenset()
    add_rule(library, Rule(track="Trill", track_key="trill", until=3 * DAY))
    assert counted(library) == {"Owl": 10, "Lark": 7}, "the two rules overlap in one play"
    assert [kept.listens for kept in all_rules(library)] == [3, 3]
    assert listens_excluded(library) == 5


def test_a_burst_keeps_its_first_play_and_ends_where_another_track_begins(library) -> None:
    play(library, "Owl", "On repeat", *(20 * DAY + i * 240 for i in range(5)))
    play(library, "Lark", "Between", 20 * DAY + 5 * 240)
    play(library, "Owl", "On repeat", 20 * DAY + 6 * 240, 20 * DAY + 7 * 240)
    add_rule(library, Rule(burst=4))
    assert listens_excluded(library) == 4
    assert counted(library)["Owl"] == 10 + 3


def test_what_is_left_out_otherwise_interrupts_no_burst(library) -> None:
    play(library, "Owl", "On repeat", 20 * DAY, 20 * DAY + 240, 20 * DAY + 720, 20 * DAY + 960)
    play(library, "Moire", "Between", 20 * DAY + 480)
    add_rule(library, Rule(burst=3))
    assert listens_excluded(library) == 0
    before = read_taste(library, also=(Rule(artist="Moire", artist_key="moire"),))
    add_rule(library, Rule(artist="Moire", artist_key="moire"))
    assert (counted(library)["Owl"], listens_excluded(library)) == (10 + 1, 4)
    assert read_taste(library) == before, "in a preview too"


def test_a_source_is_a_service_or_a_file_and_must_be_known(library) -> None:
    add_rule(library, Rule(source="made up"))
    assert counted(library) == {}
    with pytest.raises(UnknownNameError, match="made up"):
        add_rule(library, Rule(source="elsewhere.zip"))
    with pytest.raises(UnknownNameError, match="numbered 1"):
        remove_rule(library, 7)


@pytest.mark.parametrize(
    ("source", "gone"),
    [
        ("my_export.zip", {"Owl"}),
        ("/home/x/my_export.zip", {"Owl"}),
        ("/home/x", {"Owl", "Lark"}),
        ("/home/x/more/", {"Lark"}),
        ("more/1.jsonl", {"Lark"}),
        ("1.jsonl", {"Owl", "Lark"}),
    ],
)
def test_a_source_is_an_archive_or_a_folder_too(library, source: str, gone: set[str]) -> None:
    files = {"Owl": "/home/x/my_export.zip/listens/1.jsonl", "Lark": "/home/x/more/1.jsonl"}
    for number, (artist, file) in enumerate(files.items(), start=50):
        library.execute(
            "INSERT INTO imports SELECT ?, ?, ?, 'jsonl', 1, 1, 0, '{}', 0", (number, file, str(number))
        )
        library.execute(
            "UPDATE listens SET import_id = ? WHERE track_id IN (SELECT t.id FROM tracks AS t "
            "JOIN artists AS a ON a.id = artist_id WHERE a.name = ?)",
            (number, artist),
        )
    assert sources(library)[1] == "my_export.zip"
    add_rule(library, Rule(source=source))
    assert counted(library).keys() == {"Owl", "Lark"} - gone
    # Signs of a pattern are letters, and a folder's name alone is none of a file.
    for other in ("my-export.zip", "_.jsonl", "x", "listens", "%"):
        with pytest.raises(UnknownNameError):
            add_rule(library, Rule(source=other))


def test_a_rule_to_preview_changes_nothing(library) -> None:
    before = read_taste(library)
    previewed = read_taste(library, also=(Rule(artist="Owl", artist_key="owl"),))
    assert {item.name for item in previewed.items} == {"Lark"}
    assert read_taste(library) == before
    assert counted_listens(library) == "main.listens"


def test_a_like_brings_the_artist_back_but_not_its_plays(library) -> None:
    from engine.store.feedback import set_verdict

    add_rule(library, Rule(artist="Owl", artist_key="owl"))
    set_verdict(library, "like", artist="Owl", artist_key="owl")
    taste = read_taste(library)
    assert taste.by_key["owl"].plays == 0
    assert taste.left_out == frozenset()


@pytest.mark.parametrize(
    "named",
    [
        {},
        {"hours": ("22", "06")},
        {"hours": ("22:00", "22:00")},
        {"hours": ("24:00", "01:00")},
        {"burst": 2},
        {"since": 5, "until": 5},
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(named) -> None:
    with pytest.raises(UsageError):
        Rule(**named)


@given(st.data())
@settings(deadline=None, max_examples=40, derandomize=True)
def test_rules_only_ever_take_away_and_order_does_not_matter(data) -> None:
    connection = open_library(Door(Folders(Path("/nowhere")), private=True))
    times = st.one_of(st.none(), st.integers(0, 30 * DAY))
    for artist in ("A", "B", "C"):
        for title in ("x", "y"):
            play(connection, artist, title, *data.draw(st.lists(times, max_size=6)))
    before = counted(connection)
    clock = st.sampled_from(["00:00", "06:30", "12:00", "18:45", "23:59"])
    rules = data.draw(
        st.lists(
            st.one_of(
                st.builds(lambda name: Rule(artist=name, artist_key=name.lower()), st.sampled_from("ABC")),
                st.builds(lambda a: Rule(since=a, until=a + 5 * DAY), st.integers(0, 30 * DAY)),
                st.builds(lambda n: Rule(burst=n), st.integers(3, 5)),
                st.lists(clock, min_size=2, max_size=2, unique=True).map(
                    lambda two: Rule(hours=(two[0], two[1]))
                ),
            ),
            min_size=1,
            max_size=4,
        )
    )
    there = [add_rule(connection, rule) for rule in rules]
    after = counted(connection)
    assert all(after[name] <= before[name] for name in after)
    assert sum(before.values()) - sum(after.values()) == listens_excluded(connection)
    window = {item.name: item.plays for item in read_taste(connection, Window(half_life=30.0)).items}
    assert window == after
    for number in there:
        remove_rule(connection, number)
    for rule in reversed(rules):
        add_rule(connection, rule)
    assert counted(connection) == after
    connection.close()


def excluded(connection) -> set[int]:
    counted_listens(connection)
    return {number for (number,) in connection.execute("SELECT listen_id FROM temp.left_out")}


def test_what_is_excluded_is_worked_out_once_until_something_changes(library, tmp_path) -> None:
    add_rule(library, Rule(artist="Owl", artist_key="owl"))
    statements: list[str] = []
    library.set_trace_callback(statements.append)
    before = excluded(library)
    for _ in range(3):
        assert excluded(library) == before
        read_taste(library)
    library.set_trace_callback(None)
    assert sum("INSERT OR IGNORE INTO temp.left_out" in one for one in statements) == 1

    play(library, "Owl", "Hoot", 20 * DAY)
    assert len(excluded(library)) == len(before) + 1
    other = open_library(Door(Folders(tmp_path)))
    play(other, "Owl", "Hoot", 21 * DAY)
    assert len(excluded(library)) == len(before) + 2
    add_rule(other, Rule(track="Trill", track_key="trill"))
    assert len(excluded(library)) == len(before) + 12
    other.close()
    counted_listens(library, [Rule(track="Chirp", track_key="chirp")])
    assert len(excluded(library)) == len(before) + 12


def test_hours_are_of_the_time_zone_of_now(library, monkeypatch) -> None:
    add_rule(library, Rule(hours=("01:00", "03:00")))
    for zone, out in (("UTC", 10), ("Etc/GMT-7", 0), ("UTC", 10)):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        assert len(excluded(library)) == out
    monkeypatch.undo()
    time.tzset()


PLAYS = st.lists(
    st.tuples(st.sampled_from("ab"), st.sampled_from(["X", "X (Live)", "x", "Y"]), st.integers(0, 9))
)


@given(plays=PLAYS, rules=st.lists(st.integers(0, 9), max_size=4))
@settings(max_examples=60, deadline=None)
def test_left_out_are_those_all_of_whose_plays_are_excluded(plays, rules, tmp_path_factory) -> None:
    connection = open_library(Door(Folders(tmp_path_factory.mktemp("library"))))
    for artist, title, day in plays:
        play(connection, artist, title, day * DAY)
    for day in rules:
        add_rule(connection, Rule(since=day * DAY, until=(day + 1) * DAY))
    counted_listens(connection)
    for level in ("artists", "tracks"):
        states: dict[str, set[bool]] = {}
        for artist, title, day in plays:
            for of in {level, "artists"}:
                states.setdefault(key_at(of, artist, title), set()).add(day in rules)
        assert excluded_by_rules(connection, level) == {key for key, of in states.items() if of == {True}}
    connection.close()
