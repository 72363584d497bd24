"""Plays that players tell of, many times a day, by a process that is there all the time."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path
from typing import Any

import pytest

from engine.store import logged_plays
from engine.store.ingest import Ingest
from engine.store.logged_plays import LoggedPlays, add_logged_plays, players
from engine.store.play import Play
from tests.support.importing import START, library


def test_what_is_held_of_the_library_is_let_go_with_each_play(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[weakref.ref[Ingest]] = []

    class Watched(Ingest):
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            made.append(weakref.ref(self))

    monkeypatch.setattr(logged_plays, "Ingest", Watched)
    connection = library(tmp_path)
    gc.disable()
    try:
        for number in range(3):
            add_logged_plays(connection, {"live:one": [Play("Ida", f"T{number}", START + 900 * number)]})
        assert [one() for one in made] == [None] * 3
    finally:
        gc.enable()
    assert [(one.name, one.reported, one.plays, one.last) for one in players(connection)] == [
        ("one", 3, 3, START + 1800)
    ]
    connection.close()


def test_what_a_play_costs_does_not_grow_with_the_history(tmp_path: Path) -> None:
    connection, asked = library(tmp_path), []
    add_logged_plays(connection, {"live:one": [Play("Ida", "T0", START)]})
    connection.set_trace_callback(asked.append)
    add_logged_plays(connection, {"live:one": [Play("Ida", "T1", START + 900)]})
    connection.set_trace_callback(None)
    plans = [
        row[3]
        for sql in asked
        if sql.startswith(("SELECT", "UPDATE", "DELETE"))
        for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}")
    ]
    assert any(plan.startswith("SEARCH listens") for plan in plans)
    assert [plan for plan in plans if plan.startswith(("SCAN listens", "SCAN skips", "SCAN artists"))] == []
    connection.close()


@pytest.mark.parametrize(
    ("stored", "heard"),
    [
        ("The Larks", "Larks"),
        ("Larks", "Larks, The"),
        ("The The Larks", "The Larks"),
        ("Larks feat. Ida", "The Larks"),
        ("Larks", "the larks ft. Ida"),
        ("The The", "The"),
    ],
)
def test_a_play_finds_its_artist_in_any_spelling(tmp_path: Path, stored: str, heard: str) -> None:
    connection = library(tmp_path)
    # One whose key begins alike is another.
    plays = [
        Play(artist, "T0", START) for artist in (stored, "Larksome", "Larks Of Ida", "The Larksome", "Ida")
    ]
    assert add_logged_plays(connection, {"live:one": plays}).kept == 5
    document = {"live:two": [Play(heard, "T0", START + 3)], "live:three": [Play(heard, "T0", START + 5)]}
    assert add_logged_plays(connection, document) == LoggedPlays(duplicates=2)
    connection.close()


def test_a_player_that_reports_a_play_again_seconds_off_reports_one(tmp_path: Path) -> None:
    connection = library(tmp_path)

    def log(title: str, at: int, seconds: int | None, *, skip: bool = False) -> LoggedPlays:
        played = None if seconds is None else seconds * 1000
        play = Play("Ida", title, START + at, played, duration_ms=played, skip=skip)
        return add_logged_plays(connection, {"live:one": [play]})

    one = LoggedPlays(kept=1)
    assert log("Long", 100, 200) == one
    for at, seconds in ((100, 201), (99, 200), (101, None), (109, 180)):
        assert log("Long", at, seconds) == LoggedPlays(duplicates=1), (at, seconds)
    # What can have been heard twice was: later, one behind the other, another song.
    assert log("Long", 301, 200) == one
    assert log("Other", 101, 200) == one
    assert [log("Jingle", at, 6) for at in (400, 406, 412)] == [one] * 3
    for at in (500, 501):
        assert log("Passed", at, 8, skip=True) == LoggedPlays(skips=1)
    assert connection.execute("SELECT count(*) FROM skips").fetchone() == (1,)
    # In one go, too, also where the library knows nothing yet.
    both = [Play("Max", "New", START + at, 200_000) for at in (0, 1)]
    assert add_logged_plays(connection, {"live:one": both}) == LoggedPlays(kept=1, duplicates=1)
    connection.close()
    (tmp_path / "empty").mkdir()
    connection = library(tmp_path / "empty")
    assert add_logged_plays(connection, {"live:one": both}) == LoggedPlays(kept=1, duplicates=1)
    connection.close()
