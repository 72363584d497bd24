"""Genres out of tags: spellings as one, narrow words below wide ones, decades by their first year."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from engine.community.catalog import Catalog, write_catalog
from engine.community.genre_tree import decade_of, genre_tree
from engine.errors import DamagedDataError
from tests.support.tagged import TAGS

TREE = {"rock": None, "post-punk": "rock", "ambient": None, "1980s": None, "1990s": None}


def test_a_narrow_word_is_below_the_wide_one_most_of_its_artists_have() -> None:
    found = {one.name: one for one in genre_tree(TAGS)}
    assert {name: one.parent for name, one in found.items()} == TREE
    assert found["post-punk"].items.tolist() == [*range(0, 30, 3)], "both spellings, each artist once"
    assert [one.name for one in found.values() if one.decade] == ["1980s", "1990s"]


def test_words_of_few_artists_and_of_little_weight_are_no_genres() -> None:
    tags = [(item, "jazz", 20.0) for item in range(4)] + [(0, "polka", 9.0), (1, "polka", 9.0)]
    # Of one artist a listener in fifty says so, which is a joke or a slip.
    tags += [(item, "doom", 9.0) for item in (4, 5, 6)] + [(0, "doom", 1.0)]
    # But of when it is from few say anything.
    tags += [(item, "70s", 1.0) for item in range(3)]
    assert {one.name: one.items.tolist() for one in genre_tree(tags)} == {
        "jazz": [0, 1, 2, 3],
        "doom": [4, 5, 6],
        "1970s": [0, 1, 2],
    }
    assert genre_tree([]) == ()
    # What listeners say of themselves is no genre, and does not weigh beside one.
    said = [(item, word, 100.0) for item in range(4) for word in ("Seen Live", "favourites", "my music")]
    assert genre_tree(said) == ()
    assert [one.name for one in genre_tree([*said, *((item, "dub", 1.0) for item in range(4))])] == ["dub"]


def test_of_two_words_for_the_same_artists_one_is_on_top_and_none_below_itself() -> None:
    tags = [(item, word, 1.0) for item in range(5) for word in ("idm", "braindance", "electronic")]
    parents = {one.name: one.parent for one in genre_tree(tags)}
    assert sorted(map(str, parents.values())).count("None") == 1
    for name in parents:
        above, seen = parents[name], {name}
        while above is not None:
            assert above not in seen
            seen.add(above)
            above = parents[above]


@pytest.mark.parametrize(
    ("word", "decade"),
    [
        ("80s", "1980s"), ("1980s", "1980s"), ("80's", "1980s"), ("The 60s", "1960s"), ("00s", "2000s"),
        ("2010s", "2010s"), ("1890s", "1890s"), ("20s", "1920s"),
        ("80s pop", None), ("1984", None), ("180s", None), ("s", None), ("3080s", None),
    ],
)  # fmt: skip
def test_a_decade_is_known_however_it_is_written(word: str, decade: str | None) -> None:
    assert decade_of(word) == decade


def test_a_catalog_keeps_its_tree_and_an_earlier_one_works_it_out(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    write_catalog(path, ((f"Artist {n}", 60 - n, 60 - n) for n in range(60)), TAGS)
    with closing(Catalog(path)) as catalog:
        written = catalog.genres()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE genres SET items = x'ff000000' WHERE name = 'rock'")
    with closing(Catalog(path)) as catalog, pytest.raises(DamagedDataError, match=r"The pack .* is damaged"):
        catalog.genres()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DROP TABLE genres")
    with closing(Catalog(path)) as catalog:
        earlier = catalog.genres()
    assert [(one.name, one.parent) for one in earlier] == [(one.name, one.parent) for one in written]
    assert {name for name, _ in ((one.name, one.parent) for one in written)} == TREE.keys()
    for one, other in zip(earlier, written, strict=True):
        np.testing.assert_array_equal(one.items, other.items)


def test_what_listeners_say_of_themselves_is_no_tag_of_an_artist(tmp_path: Path) -> None:
    tags = [(0, word, weight) for weight, word in enumerate(("dub", "ambient", "seen live", "favourites"), 1)]
    write_catalog(tmp_path / "catalog.sqlite", [("Burel", 3, 9)], tags)
    with closing(Catalog(tmp_path / "catalog.sqlite")) as catalog:
        assert catalog.tags(0, 1) == ["ambient"]
        assert catalog.tags(0) == ["ambient", "dub"]
