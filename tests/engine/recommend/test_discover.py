"""Discover over a model made by hand: exact reasons, dials, blocks, what-ifs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.canonical_keys import artist_key
from engine.errors import NothingYetError, UnknownNameError, UsageError
from engine.privacy import Door
from engine.recommend.discover import Recommender
from engine.recommend.explain import explain
from engine.recommend.related import related_artists
from engine.recommend.settings import DiscoverSettings
from engine.store.database import open_library
from engine.store.feedback import set_verdict
from engine.taste.gate import DatedTaste, read_dated_taste, read_taste
from engine.training.artifact import open_model
from tests.support.listens import play
from tests.support.models import ARTISTS, write_model

DAY = 86_400


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A model, and a library in which 12 of its artists were played, most of them of one block."""
    folders = write_model(tmp_path_factory.mktemp("data"))
    connection = open_library(Door(folders))
    for number in (0, 3, 6, 9, 12, 15, 18, 21, 24, 27, 1, 2):
        play(connection, ARTISTS[number], "A Song", *[number * DAY + i for i in range(1 + number % 5)])
    play(connection, "Nobody Else Knows Them", "A Song", 5)
    yield folders, connection
    connection.close()


@pytest.fixture(scope="module")
def recommender(place):
    folders, connection = place
    return Recommender.of(open_model(folders), read_dated_taste(connection))


def test_the_list_is_of_new_artists_alike_those_played(recommender) -> None:
    found = recommender.discover(DiscoverSettings(n=10))
    assert [item.rank for item in found.items] == list(range(1, 11))
    assert not any(item.known or item.plays for item in found.items)
    assert all(item.item % 3 == 0 for item in found.items[:6]), "the block that was played leads"
    scores = [item.score for item in found.items]
    assert scores == sorted(scores, reverse=True)


def test_reasons_sum_to_one_and_others_count_the_rest(recommender) -> None:
    for item in recommender.discover(DiscoverSettings(n=30, familiarity=0.5)).items:
        assert abs(sum(share.share for share in item.why) + item.others_share - 1.0) < 1e-9
        assert len(item.why) + item.others == recommender.matched == 12


@pytest.mark.parametrize("day", [None, *range(20_000, 20_008)])
def test_an_explanation_holds_every_share_and_true_what_ifs(place, recommender, day) -> None:
    folders, connection = place
    asked = DiscoverSettings(n=60, day=day)
    top = recommender.discover(asked).items[2]
    explanation = explain(recommender, top.key, asked)
    assert explanation.rank == 3
    assert abs(sum(share.share for share in explanation.shares) - 1.0) < 1e-9
    assert len(explanation.shares) == 12
    for name, rank in ((one.artist, one.rank) for one in explanation.without):
        gone = read_taste(connection).without(frozenset({artist_key(name)}))
        items = Recommender.of(open_model(folders), DatedTaste(gone)).discover(asked).items
        order = [item.key for item in items if item.key != artist_key(name)]
        assert rank == (order.index(top.key) + 1 if top.key in order else None)


def test_an_artist_outside_the_catalog_has_no_explanation(recommender) -> None:
    with pytest.raises(UnknownNameError):
        explain(recommender, "nobody else knows them")


@pytest.mark.parametrize("verdict", ["block", "hide"])
def test_blocked_and_hidden_artists_leave_discover_at_once_and_come_back_the_same(place, verdict) -> None:
    folders, connection = place
    before = Recommender.of(open_model(folders), read_dated_taste(connection)).discover()
    gone = before.items[0]
    set_verdict(connection, verdict, artist=gone.artist, artist_key=gone.key)
    after = Recommender.of(open_model(folders), read_dated_taste(connection)).discover()
    assert gone.key not in {item.key for item in after.items}
    assert [item.key for item in after.items] == [item.key for item in before.items[1:]]
    set_verdict(connection, None, artist=gone.artist, artist_key=gone.key)
    assert Recommender.of(open_model(folders), read_dated_taste(connection)).discover() == before


def test_a_blocked_artist_is_neither_a_reason_nor_a_neighbour(place) -> None:
    folders, connection = place
    name = ARTISTS[0]
    set_verdict(connection, "block", artist=name, artist_key=artist_key(name))
    taste, model = read_taste(connection), open_model(folders)
    found = Recommender.of(model, DatedTaste(taste)).discover(DiscoverSettings(n=60, familiarity=0.5))
    assert name not in {item.artist for item in found.items}
    assert name not in {share.artist for item in found.items for share in item.why}
    assert name not in {item.artist for item in related_artists(model, taste, 3, 59).items}
    set_verdict(connection, None, artist=name, artist_key=artist_key(name))


def test_a_liked_artist_becomes_a_reason_and_leaves_the_list(place) -> None:
    folders, connection = place
    liked = Recommender.of(open_model(folders), read_dated_taste(connection)).discover().items[0]
    set_verdict(connection, "like", artist=liked.artist, artist_key=liked.key)
    recommender = Recommender.of(open_model(folders), read_dated_taste(connection))
    assert liked.key not in {item.key for item in recommender.discover().items}
    assert liked.artist in {item.name for item in recommender.reasons}
    set_verdict(connection, None, artist=liked.artist, artist_key=liked.key)


@settings(deadline=None, max_examples=40, derandomize=True)
@given(low=st.floats(-1, 1), high=st.floats(-1, 1), n=st.integers(1, 40))
def test_turning_to_obscure_never_raises_the_mean_popularity(recommender, low, high, n) -> None:
    low, high = sorted((low, high))

    def mean(popularity: float) -> float:
        items = recommender.discover(DiscoverSettings(n=n, popularity=popularity)).items
        return float(np.mean(np.log1p([item.listeners for item in items])))

    assert mean(low) <= mean(high) + 1e-9


@settings(deadline=None, max_examples=40, derandomize=True)
@given(familiarity=st.floats(0, 1), n=st.integers(1, 24))
def test_the_familiarity_dial_is_the_share_of_new_artists(recommender, familiarity, n) -> None:
    items = recommender.discover(DiscoverSettings(n=n, familiarity=familiarity)).items
    new = sum(not item.known for item in items)
    known_to_show = sum(1 for item in recommender.discover(DiscoverSettings(n=60, familiarity=0)).items)
    if len(items) - new < known_to_show or familiarity == 1:
        assert abs(new - familiarity * len(items)) <= 1


def test_dials_out_of_range_are_refused() -> None:
    for wrong in ({"familiarity": 1.1}, {"popularity": -2.0}, {"n": 0}):
        with pytest.raises(UsageError):
            DiscoverSettings(**wrong)


def test_nothing_in_common_says_what_to_do(place) -> None:
    folders, connection = place
    taste = read_taste(connection)
    stranger = taste.without(frozenset(item.key for item in taste.items if item.name.startswith("Artist")))
    with pytest.raises(NothingYetError, match="knows none of your 1 artist"):
        Recommender.of(open_model(folders), DatedTaste(stranger))
    with pytest.raises(NothingYetError, match="Import your history"):
        Recommender.of(
            open_model(folders), DatedTaste(stranger.without(frozenset({"nobody else knows them"})))
        )


def test_related_artists_are_of_the_same_block_and_not_the_artist_itself(place) -> None:
    folders, connection = place
    found = related_artists(open_model(folders), read_taste(connection), 30, 10)
    assert found.artist == ARTISTS[30]
    assert ARTISTS[30] not in {item.artist for item in found.items}
    supported = [item.similarity * item.listeners / (item.listeners + 2) for item in found.items]
    assert supported == sorted(supported, reverse=True)
    assert sum(ARTISTS.index(item.artist) % 3 == 0 for item in found.items) >= 8
    assert any(item.known and item.plays for item in found.items)


@pytest.mark.filterwarnings("error")
def test_who_wants_nothing_of_what_there_is_has_weights_and_reasons_that_are_numbers(tmp_path) -> None:
    folders = write_model(tmp_path / "data", items=3)
    connection = open_library(Door(folders))
    for name in ARTISTS[:3]:
        play(connection, name, "A Song", DAY)
        set_verdict(connection, "hide", artist=name, artist_key=artist_key(name))
    found = Recommender.of(
        open_model(folders), read_dated_taste(connection), answers={artist_key(ARTISTS[0]): -1.0}
    )
    assert not len(found.ranker.candidates.usual)
    assert all(np.isfinite(weight) for weight in found.ranker.weights.values())
    assert np.isfinite(found.ranker.contributions(np.array([0, 1, 2]))).all()
    assert np.isfinite(found.ranker.groups.usual).all()
    assert not found.discover(DiscoverSettings(n=3)).items
    connection.close()
