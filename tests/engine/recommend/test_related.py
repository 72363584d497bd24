"""Related artists with support: what one listener plays does not fill the list, and what is known is counted."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from scipy.sparse import csr_matrix

from engine.model.similarity import ItemSimilarity, listens_of, with_support
from engine.privacy import Door
from engine.recommend import related
from engine.recommend.related import most_alike, related_artists
from engine.store.database import open_library
from engine.taste.gate import read_taste
from engine.training.artifact import open_model
from tests.support.models import names, write_model
from tests.support.places import made_up_plays

# Item 0 has two listeners. One of them alone plays items 1 to 4, whose factors are the same; both play 5 among others.
PLAYS = np.zeros((12, 7), dtype=np.float32)
PLAYS[0, :5] = 1
PLAYS[1, 0] = 1
PLAYS[:6, 5] = 1
PLAYS[6:, 6] = 1
FACTORS = np.array([[1, 0]] * 5 + [[0.8, 0.6], [-1, 0]], dtype=np.float32)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folders = write_model(tmp_path_factory.mktemp("data"), plays=made_up_plays(60))
    connection = open_library(Door(folders))
    yield open_model(folders), read_taste(connection)
    connection.close()


def test_what_only_one_listener_plays_is_after_what_several_do() -> None:
    plays = csr_matrix(PLAYS)
    similarity = ItemSimilarity(FACTORS, listens_of(plays))
    listeners = PLAYS.sum(axis=0).astype(np.int32)
    nobody = np.empty(0, dtype=np.int64)
    ids, alike = most_alike(similarity, listeners, 0, np.arange(1, 7), 6, nobody)
    assert ids.tolist() == [5, 1, 2, 3, 4, 6]
    assert alike[0] < alike[1], "how alike is said as it is; only the order knows of support"
    assert alike.tolist() == similarity.of(0, ids).tolist()


def test_support_halves_what_two_say_and_leaves_what_is_unlike() -> None:
    supported = with_support(np.array([0.8, 0.8, 0.8, -0.4]), np.array([2, 6, 10_000, 1]))
    assert supported == pytest.approx([0.4, 0.6, 0.8, -0.4], abs=1e-3)


def test_listeners_in_common_are_those_who_play_both(place) -> None:
    model, taste = place
    found = related_artists(model, taste, 30, 20)
    plays = made_up_plays(60).toarray() > 0
    for row in found.items:
        assert row.in_common == int((plays[:, 30] & plays[:, names(60).index(row.artist)]).sum())
    assert any(row.in_common for row in found.items)
    assert (found.note, found.sampled) == ("", None)


def test_a_list_is_the_beginning_of_a_longer_one(place) -> None:
    """The artist page, `related` and exports ask for different lengths of one list."""
    model, taste = place
    longest = [row.artist for row in related_artists(model, taste, 7, 40).items]
    assert [row.artist for row in related_artists(model, taste, 7, 5).items] == longest[:5]


def test_of_an_artist_of_few_listeners_it_says_that_little_is_known(place, monkeypatch) -> None:
    model, taste = place
    few = int(model.listeners[59])
    assert related_artists(model, taste, 59, 5).note == ""
    monkeypatch.setattr(related, "FEW", few)
    assert related_artists(model, taste, 59, 5).note == f"{few} listeners in the community: little is known"
    assert related_artists(model, taste, 40, 5).note == ""


def test_where_many_listeners_are_sampled_it_says_among_how_many_are_counted(place, monkeypatch) -> None:
    model, taste = place
    monkeypatch.setattr(related, "LISTENERS", 900)
    many = msgspec.structs.replace(model.manifest, listeners=85_000)
    monkeypatch.setattr(model, "manifest", many)
    assert related_artists(model, taste, 59, 5).sampled == model.similarity.listens.count
