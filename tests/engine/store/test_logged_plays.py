"""Plays that players tell of, many times a day, by a process that is there all the time."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

import pytest

from engine.store import logged_plays
from engine.store.ingest import Ingest
from engine.store.logged_plays import add_logged_plays, players
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
    assert [plan for plan in plans if plan.startswith(("SCAN listens", "SCAN skips"))] == []
    connection.close()
