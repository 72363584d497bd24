"""The history's order: by every column and both ways, as sorting the rows by hand would have it."""

from __future__ import annotations

import itertools
import random
from array import array

import pytest

from engine.canonical_keys import artist_key
from engine.paths import Folders
from engine.privacy import Door
from engine.store.artists import played_artist
from engine.store.database import open_library
from engine.store.feedback import set_verdict
from engine.store.history import listen_ids, listens
from tests.support.listens import play

VALUES = {
    "when": lambda row: row.started_at,
    "artist": lambda row: artist_key(row.artist),
    "track": lambda row: row.track.casefold(),
    "played": lambda row: row.ms_played,
    "source": lambda row: row.source,
}


@pytest.fixture
def library(tmp_path):
    chance = random.Random(5)
    connection = open_library(Door(Folders(tmp_path)))
    for artist in ("burel", "Azure", "[Red]", "Ödland"):
        for track in ("two", "One", "Three"):
            times = [chance.choice([None, *range(1_700_000_000, 1_700_000_900, 60)]) for _ in range(6)]
            play(connection, artist, track, *times)
    with connection:
        for number in [row[0] for row in connection.execute("SELECT id FROM listens")]:
            length, source = chance.choice([None, 1000, 2000]), chance.choice(["a", "b"])
            connection.execute(
                "UPDATE listens SET ms_played = ?, source = ? WHERE id = ?", (length, source, number)
            )
    yield connection
    connection.close()


@pytest.mark.parametrize("by", list(VALUES))
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("text", ["", "one"])
def test_every_order_is_that_of_the_rows_sorted_by_hand(library, by, reverse, text) -> None:
    set_verdict(library, "block", artist="Azure", artist_key="azure")
    ids = listen_ids(library, text, by, reverse=reverse)
    rows = listens(library, ids)
    every = listens(library, [row[0] for row in library.execute("SELECT id FROM listens")])
    wanted = {r.id for r in every if r.artist != "Azure" and text in f"{r.artist} {r.track}".casefold()}
    assert sorted(ids) == sorted(wanted)
    values = [VALUES[by](row) for row in rows]
    there = [value for value in values if value is not None]
    assert values == there + [None] * (len(values) - len(there)), "what has no value is last either way"
    assert there == sorted(there, reverse=(by in ("when", "played")) != reverse)
    for one, other in itertools.pairwise(rows):
        if by != "when" and VALUES[by](one) == VALUES[by](other):
            assert (one.started_at or 0) >= (other.started_at or 0), "equal ones are newest first"


def test_what_was_played_of_an_artist_has_every_year_between(tmp_path) -> None:
    connection = open_library(Door(Folders(tmp_path)))
    play(connection, "Burel", "One", 1_600_000_000, 1_700_000_000)
    play(connection, "Burel", "Two", None)
    found = played_artist(connection, "burel")
    assert (found.plays, found.first, found.last) == (3, 1_600_000_000, 1_700_000_000)
    assert found.by_year == {2020: 1, 2021: 0, 2022: 0, 2023: 1}
    assert found.tracks == (("One", 2), ("Two", 1))
    assert played_artist(connection, "nobody").plays == 0
    connection.close()


def test_ids_are_no_objects_since_a_million_of_those_would_take_forty_megabytes(library) -> None:
    ids = listen_ids(library)
    assert len(ids) > 2
    assert isinstance(ids, array)
    assert ids.itemsize == 8
