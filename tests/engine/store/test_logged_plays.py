"""Plays that players tell of, many times a day, by a process that is there all the time."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

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
        def __init__(self, *args: object, **options: bool) -> None:
            super().__init__(*args, **options)  # type: ignore[arg-type]
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
    told = {"live:two": [Play(heard, "T0", START + 3)], "live:three": [Play(heard, "T0", START + 5)]}
    assert add_logged_plays(connection, told) == LoggedPlays(duplicates=2)
    connection.close()
